/* SPDX-License-Identifier: MIT */
/* The one command that a guest runs, and what has to be in place before it. */
#ifndef VM_GUEST_COMMAND_H
#define VM_GUEST_COMMAND_H

#include "vm/protocol.h"

#include <stddef.h>
#include <sys/types.h>

struct command {
	pid_t pid; /* also its process group and session */
	int in;    /* our ends of its stdin, stdout and stderr */
	int out;   /* with a terminal: the same descriptor as in, */
	int err;   /* and -1 */
};

/* command_setup() - runs the set-up script; 0, or -1 and one sentence that says what failed. */
int command_setup(const struct vm_request *request, char *sentence, size_t nbytes);

/* command_start() - returns 0, or -1 with errno. That it can't be executed shows in its status. */
int command_start(const struct vm_request *request, struct command *command);

/* command_sync_shares() - what was written to shared folders is on the host after this. */
void command_sync_shares(const struct vm_request *request);

#endif
