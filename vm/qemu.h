/* SPDX-License-Identifier: MIT */
/* QEMU as a process that can't outlive this one. */
#ifndef VM_QEMU_H
#define VM_QEMU_H

#include "vm/machine.h"

#include <sys/types.h>

struct vm_qemu {
	pid_t pid;   /* 0: not running */
	int control; /* our ends, non-blocking */
	int in, out, err;
	int console;
	int log; /* what QEMU itself says */
};

/* vm_qemu_start() - returns 0, or a negative errno (-ENOENT: QEMU isn't installed). */
int vm_qemu_start(struct vm_machine *machine, struct vm_qemu *qemu);

/* vm_qemu_stop() - kills it if it runs, waits for it and closes the descriptors. */
void vm_qemu_stop(struct vm_qemu *qemu);

/* vm_qemu_version() - "7.2.22", or "" when QEMU can't be run. */
void vm_qemu_version(char *version, size_t nbytes);

#endif
