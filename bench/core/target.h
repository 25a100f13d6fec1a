/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes are. A target's text names it; opening it gives a file that can be measured.
 *
 *   file:DIR            a file of our own in that folder, unlinked at once: nothing is left behind,
 *                       whatever happens
 *   file:PATH           a file that exists, which is only ever read
 *   testbed:MEDIUM/FS   the folder /testbed/MEDIUM/FS of the testbed (see vm/guest/with-media)
 *   block:/dev/NAME     a whole disk or partition, by the kernel's driver
 *   pci:ADDRESS         an NVMe disk bound to vfio-pci, by our driver: pci:0000:00:04.0
 *   soft:OPTIONS        a controller model in this process: soft:latency=10us,size=64m
 *   nvme:SERIAL         one disk, by whichever driver the path uses
 *   testbed:disk        the testbed's disk without a file system; of two that are alike one is
 *                       the kernel driver's and one is ours
 *
 * A path that uses our driver names the last two with "/vfio" at the end (runner_plan.c).
 *   null:               nothing; the null path measures the harness itself on it
 */
#ifndef BYPASS_TARGET_H
#define BYPASS_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "core/device.h"
#include "core/error.h"

enum target_kind {
	TARGET_NULL,
	TARGET_FILE,
	TARGET_BLOCK,   /* core/target_block.c */
	TARGET_USERDRV, /* core/target_userdrv.c */
};

struct userdrv_target; /* controller, namespace, memory: core/target_userdrv.h */

struct target {
	char text[224]; /* as it was asked for, kind included: "file:/tmp" */
	enum target_kind kind;
	char folder[256]; /* where the file is or is to be */
	char name[256];   /* of a file that exists; empty where one is to be made */
	int fd; /* buffered, read-write (read-only where it exists); -1 before target_open */
	char proc_path[32]; /* /proc/self/fd/N: the way to open the same file with other flags */
	bool foreign;       /* not ours: never written, its bytes can't be checked */
	uint64_t size;
	uint64_t generation; /* newest generation that was written to it */
	bool dax;            /* STATX_ATTR_DAX */
	char fs_type[32];
	char mount_options[256];
	bool page_cache_file; /* false on tmpfs: page cache is all there is */
	struct device device;
	struct userdrv_target *userdrv; /* TARGET_USERDRV, once it is open; owned */
};

/* Adds the kind that the text leaves out and checks its form; touches nothing. */
int target_parse(struct target *t, const char *text, struct error *e);
/* Is it there, and what is it? Fills fs_type and device. -ENOENT, -EACCES... with a sentence. */
int target_probe(struct target *t, struct error *e);
/*
 * Makes (or opens) the file and lays out @size bytes with the pattern of generation 1. Checks the
 * free space first. @writes: some cell will write. A disk outside the testbed is foreign unless its
 * serial number was given with --allow-writes and nothing is on it (core/holds.h).
 */
int target_open(struct target *t, uint64_t size, bool writes, struct error *e);
/*
 * Writes the first @size bytes once more, in order, with the newest generation. -EPERM: the target
 * isn't ours.
 */
int target_fill(struct target *t, uint64_t size, struct error *e);
void target_close(struct target *t);
/* For run.json; a new reference. */
json_t *target_describe(const struct target *t);

/* Writes dirty pages back and evicts the whole file from the page cache (this file only). */
int target_evict(struct target *t);
/* Brings the whole file into the page cache. */
int target_warm(struct target *t);
/*
 * After target_warm of a file that memory can't hold: reads on until memory is short. Having taken
 * pages back the kernel stops with some megabytes free, and the next that come in would find room.
 */
int target_press(struct target *t);
/*
 * Pages of the file that are in the page cache, through a fresh mapping (a touched DAX mapping
 * would say "resident" of the medium). Negative errno if it can't be told.
 */
int64_t target_resident_pages(const struct target *t, uint64_t *total);
/* Reads the whole file and checks every sector. -EILSEQ: *where and *what name the first wrong. */
int target_verify(struct target *t, uint64_t *where, const char **what);

/* Sectors of the file that carry the newest generation; negative errno if it can't be read. */
int64_t target_count_newest(const struct target *t);

#endif
