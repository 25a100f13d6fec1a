/* SPDX-License-Identifier: MIT */
/* The virtual machine as QEMU's command line: processors, memory, devices, kernel parameters. */
#ifndef VM_MACHINE_H
#define VM_MACHINE_H

#include "vm/options.h"
#include "vm/vector.h"

/* QEMU's ends of the socket pairs. */
struct vm_machine_fds {
	int control;
	int in, out, err;
	int console;
	int pmem[VM_DISKS_MAX];
	int nvme[VM_DISKS_MAX];
};

struct vm_machine {
	const struct vm_options *options;
	bool kvm;
	const char *kernel; /* files on the host */
	const char *initramfs;
	struct vm_machine_fds fds;
};

#define VM_QEMU "qemu-system-x86_64"

/* vm_machine_arguments() - adds the whole command line, VM_QEMU first. */
void vm_machine_arguments(const struct vm_machine *machine, struct vm_vector *arguments);

/* vm_machine_cpu() - what goes after -cpu. */
const char *vm_machine_cpu(bool kvm);

#endif
