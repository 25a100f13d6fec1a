/* SPDX-License-Identifier: MIT */
/*
 * What the paths need of a machine beside a target: read from small files, of which a container, an
 * older kernel or another processor may lack any. Nothing is opened but those files.
 */
#ifndef BYPASS_READINESS_H
#define BYPASS_READINESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum answer {
	ANSWER_UNKNOWN,
	ANSWER_NO,
	ANSWER_YES,
};

struct readiness {
	unsigned int numa_nodes; /* 0: not known */
	unsigned int iommus;
	bool amd; /* the processor: how an IOMMU is turned on differs */
	bool huge_known;
	uint64_t huge_free, huge_total; /* pages of 2 MiB */
	/*
	 * kernel.io_uring_disabled: 1 for all but the privileged and a group, 2 for all. 0 where
	 * the kernel has no such switch (before 6.6).
	 */
	unsigned int uring_disabled;
	int poll_queues; /* of the NVMe driver; -1: it isn't there */
	enum answer fs_dax, vfio_pci;
};

/* @release: the running kernel's, as uname(2) has it. */
void readiness_read(struct readiness *r, const char *release);

/* Numbers in a list such as "0-1,4"; 0 for what is no list. */
unsigned int readiness_count(const char *list);
/* Whether the kernel was built with @option=y or =m ("CONFIG_FS_DAX"), where its configuration can
 * be read. */
enum answer readiness_kernel_option(const char *release, const char *option);
/* Whether there is a module "vfio-pci", built in or to be loaded. */
enum answer readiness_module(const char *release, const char *name);

/* The group of a device file, and whether this process may use what it may. */
struct device_group {
	char name[32]; /* or its number */
	bool member;
};

/* False where there is no such file, or its group may neither read nor write. */
bool readiness_group(const char *path, struct device_group *group);

#endif
