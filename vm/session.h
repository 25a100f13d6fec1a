/* SPDX-License-Identifier: MIT */
/* One guest from its first sign of life to its command's exit status. */
#ifndef VM_SESSION_H
#define VM_SESSION_H

#include "vm/console.h"
#include "vm/options.h"
#include "vm/protocol.h"
#include "vm/qemu.h"
#include "vm/relay.h"

#include <stdbool.h>
#include <stdint.h>

struct vm_session {
	const struct vm_options *options;
	struct vm_qemu *qemu;
	int signals; /* signalfd */
	struct vm_reader reader;
	struct vm_relay in, out, err;
	struct vm_console console; /* the guest kernel's */
	struct vm_console log;     /* QEMU's own messages */
	char release[96];          /* of the guest's kernel, from its hello */
	char failure[512];         /* why the agent gave up, in its words */
	bool hello;
	bool ended;  /* QEMU did */
	bool exited; /* the command did, as `end` says */
	struct vm_exit end;
	bool stdout_closed, stderr_closed; /* nobody reads ours any more */
	int signal;                        /* the first that asked us to end */
	bool second_signal;
	bool timed_out;
	int64_t kill_at_ms; /* when patience ends; INT64_MAX: not set */
};

/* vm_session_init() - for a QEMU that was just started. */
void vm_session_init(struct vm_session *session, const struct vm_options *options,
		     struct vm_qemu *qemu, int signals);

/*
 * vm_session_boot() - waits for the agent's hello: 0; -ETIMEDOUT; -EPIPE when QEMU ended; -EINTR
 * when a signal asked us to end (session->signal).
 */
int vm_session_boot(struct vm_session *session, int limit_s);

/* vm_session_run() - runs the command; returns the launcher's exit status, failures explained. */
int vm_session_run(struct vm_session *session, const struct vm_request *request);

/* vm_session_explain() - one sentence and the last console lines of a guest that failed. */
void vm_session_explain(const struct vm_session *session, const char *sentence);

void vm_session_free(struct vm_session *session);

#endif
