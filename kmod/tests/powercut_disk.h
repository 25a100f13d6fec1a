/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The log of the device-mapper target "powercut" (powercut_disk/): one record after the other, each
 * followed by `nbytes` of data if it is the begin of a write. Numbers are as the processor has
 * them.
 */
#ifndef POWERCUT_DISK_H
#define POWERCUT_DISK_H

#include <linux/types.h>

#define POWERCUT_DISK_MAGIC 0x74756372

enum powercut_disk_kind {
	POWERCUT_DISK_WRITE = 1, /* is sent to the disk */
	POWERCUT_DISK_WRITE_FUA, /* so is one that is durable when it ends */
	POWERCUT_DISK_FLUSH,     /* so is a flush */
	POWERCUT_DISK_END,       /* the disk has done request `id` */
	POWERCUT_DISK_MARK,      /* id is thread << 32 | number */
	POWERCUT_DISK_LAST,      /* the log is complete */
};

enum {
	/* Marks that are no thread's, as in vm/plugins/pmem_log.h. */
	POWERCUT_DISK_START = 0xfffe,
	POWERCUT_DISK_FINISH = 0xffff,
	POWERCUT_DISK_MAX_BYTES = 64 << 10, /* of one write */
};

struct powercut_disk_record {
	__u32 magic;
	__u32 kind;
	__u64 id;
	__u64 offset; /* in bytes, on the disk */
	__u64 nbytes;
};

#endif
