/* SPDX-License-Identifier: MIT */
/* What `bypass probe` is made of; nothing of it touches a device. */
#ifndef BYPASS_PROBE_H
#define BYPASS_PROBE_H

#include <stdbool.h>
#include <sys/utsname.h>

#include "core/readiness.h"
#include "paths/path.h"

/* Of path_table. */
#define PROBE_PATHS_MAX 32

/* The best that was seen of NVMe disks. */
enum nvme_found {
	NVME_NONE,
	NVME_OURS,       /* bound to vfio-pci */
	NVME_UNREADABLE, /* the kernel's, but not this user's to read */
	NVME_READABLE,
};

/* What was found so far: the rows of targets fill it, and what comes after them is made of it. */
struct probe {
	struct utsname kernel;
	struct readiness machine;
	struct {
		bool ready;
		unsigned int likeness; /* of the target that @why is about; 0: none yet */
		struct unavailable why;
	} path[PROBE_PATHS_MAX]; /* in the order of path_table */
	enum nvme_found nvme;
	bool pmem;            /* there is persistent memory; its row says what to do */
	char unwritable[200]; /* where a device with DAX is mounted and this user may not write */
	const char *untraced; /* why system calls can't be counted; NULL: they can */
};

/* A row: what, in which state, and more words. */
void probe_row(const char *what, const char *state, const char *text);
/* The line below it: a command, with this program as it was called, or paths. */
void probe_below(const char *text);
/* How much memory this user may lock; UINT64_MAX: without limit. */
uint64_t probe_locked_mib(void);
/* Whether @program is in one of the folders of $PATH. */
bool probe_has_program(const char *program);

/*
 * A row: is @text ready, what does it hold, for which paths? False: it isn't. @holds: what a disk
 * holds; NULL: the target says it itself.
 */
bool probe_show_target(struct probe *p, const char *text, const char *holds);
/* Rows for file systems with DAX, the testbed's media, and persistent memory that isn't mounted. */
void probe_show_memory(struct probe *p);
/* Rows for NVMe disks, by either driver, and the controller model. */
void probe_show_nvme(struct probe *p);
/* What no target above is ready for, why, and the one command that changes it. */
void probe_show_needs(const struct probe *p);
/* The state of all that paths need beside a target, in a few lines. */
void probe_show_machine(const struct probe *p);

#endif
