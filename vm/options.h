/* SPDX-License-Identifier: MIT */
/* What the user asked `vm/run` and `vm/shell` for. */
#ifndef VM_OPTIONS_H
#define VM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_DISKS_MAX  8
#define VM_SHARES_MAX 16
#define VM_CPUS_MAX   64
#define VM_NUMA_MAX   8

enum vm_clock { VM_CLOCK_NS, VM_CLOCK_INSTRUCTIONS };

enum vm_accel { VM_ACCEL_AUTO, VM_ACCEL_KVM, VM_ACCEL_TCG };

struct vm_sizes {
	unsigned int count;
	uint64_t nbytes[VM_DISKS_MAX];
};

struct vm_options {
	enum vm_clock clock;
	enum vm_accel accel;
	unsigned int cpus;
	unsigned int numa;
	uint64_t memory_bytes;
	struct vm_sizes pmem;
	struct vm_sizes nvme;
	const char *kernel;
	const char *plugin;     /* FILE[,NAME=VALUE...] for QEMU, or NULL */
	unsigned int timeout_s; /* for the command; 0: none */
	unsigned int share_count;
	char *shares[VM_SHARES_MAX]; /* absolute, resolved; owned by the process */
	bool tty;
	bool help;
	char **command; /* NULL-terminated tail of argv */
};

/*
 * vm_options_parse() - returns 0 with *options filled in, or -EINVAL with one sentence in
 * @sentence: what is wrong and what would be right. With --help nothing after it is looked at.
 */
int vm_options_parse(int argc, char **argv, struct vm_options *options, char *sentence,
		     size_t nbytes);

/* vm_options_share() - adds a folder: 0, -EINVAL with a sentence. */
int vm_options_share(struct vm_options *options, const char *folder, char *sentence, size_t nbytes);

extern const char vm_options_help[];

#endif
