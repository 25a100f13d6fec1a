/* SPDX-License-Identifier: MIT */
/*
 * Does KVM work here? Only a guest that came up proves it: /dev/kvm can exist and not work. A
 * failure is remembered for this boot of the host and this QEMU, so that it costs time only once.
 */
#ifndef VM_ACCEL_H
#define VM_ACCEL_H

#include <stdbool.h>
#include <stddef.h>

struct vm_accel_verdict {
	bool hopeless;    /* KVM isn't worth a try */
	char reason[160]; /* why it fails, for people; "" when it was never tried */
};

/* vm_accel_recall() - what is known before trying. @folder is where the memory is kept. */
void vm_accel_recall(const char *folder, const char *qemu_version,
		     struct vm_accel_verdict *verdict);

/* vm_accel_remember() - a guest without KVM came up where one with it hadn't, for @reason. */
void vm_accel_remember(const char *folder, const char *qemu_version, const char *reason);

#endif
