/* SPDX-License-Identifier: MIT */
/*
 * A path: one way that an I/O takes. To add one, write one file that defines a struct path_ops and
 * name it in the table of path_table.c. Everything that is not the path itself (offsets, timing,
 * histogram, threads, cache state, evidence common to all) is in bench/core and the same for all.
 */
#ifndef BYPASS_PATH_H
#define BYPASS_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/run.h"
#include "core/target.h"
#include "core/workload.h"

struct path_io;

/* What one thread needs to do I/O: it opens the path, uses it and closes it, and no other does. */
struct path_job {
	const struct workload *workload;
	const struct target *target;
	uint64_t base; /* first byte of this job's region in the target; size: workload->size */
	/* workload->iodepth blocks of workload->bs bytes, aligned to 2 MiB; filled with noise */
	void *buffer;
	size_t buffer_nbytes; /* a multiple of 2 MiB */
	uint64_t generation;  /* what a touching store writes */
	int fd;
	/*
	 * What one operation is. The loop sets it to the path's own; open may choose another for
	 * what the workload asks, so that nothing is decided anew in each operation.
	 */
	int (*submit)(struct path_job *job, uint64_t offset, bool write);
	char *map; /* the region, for mappings; map[0] is byte `base` */
	/* Asynchronous paths: */
	struct path_io *ios; /* workload->iodepth of them; their buffers lie in @buffer, a block
				each */
	/* Called by reap, once for each operation that ended; @error 0 or a negative errno. */
	void (*done)(struct path_job *job, struct path_io *io, int error);
	/* How long reap may wait at most: the loop's. */
	uint64_t patience_ns;
	/* Clock ticks that reap spent looking in vain before it slept or found something; hybrid.
	 */
	uint64_t spun;
	/* The cell's; of memory that the path itself takes. NULL: anywhere. */
	const struct placement *placement;
	const struct clock *clock; /* for @spun */
	void *own;                 /* the path's own: a ring, a queue pair */
};

/* Of reap, where no operation has to be started before that. */
#define PATH_PATIENCE_NS 1000000000ull

/* One operation in flight on an asynchronous path. */
struct path_io {
	void *buffer; /* workload->bs bytes */
	uint64_t offset;
	uint64_t start; /* ticks; the loop's */
	bool write;
};

/* Running totals of a job that only the path can count; zero where it has none of the kind. */
struct path_counters {
	uint64_t doorbells;  /* stores to doorbell registers */
	uint64_t sleeps;     /* waits that slept */
	uint64_t interrupts; /* that the path itself counted: signals of its eventfd */
	uint64_t resets;     /* of the controller */
};

/* What a path promises about the kernel's ways, so that it can be proved (core/evidence.c). */
enum path_trait {
	PATH_PAGE_CACHE = 1 << 0, /* bytes go through the page cache */
	PATH_NO_CACHE = 1 << 1, /* leaves no page in the page cache; each byte from/to the device */
	PATH_DAX = 1 << 2,      /* the inode is DAX, the block layer sees nothing */
	PATH_MAPPING = 1 << 3,  /* loads and stores; faults; two passes */
	PATH_PRIVATE = 1 << 4,  /* what is written never reaches the file */
	PATH_NOTHING = 1 << 5,  /* no I/O at all */
	PATH_POLLED = 1 << 6,   /* completions are looked for: no interrupt */
	PATH_USER_DRIVER = 1 << 7, /* our driver: no kernel driver, no system call for an I/O */
	PATH_SLEEPS = 1 << 8,      /* waits for the device's interrupt, asleep */
	PATH_RING = 1 << 9,        /* an io_uring, with which buffers and files can be registered */
	PATH_PASSTHRU = 1 << 10,   /* NVMe commands that the block layer doesn't account */
	PATH_KERNEL_THREAD = 1 << 11, /* a thread of the kernel works for it: two CPUs or more */
	PATH_TOOL = 1 << 12,          /* another program does all of it and reports: core/tool.h */
};

/* Why a cell can't run here and what would make it. */
struct unavailable {
	char reason[256];
	char remedy[256];
};

struct path_ops {
	const char *name;
	const char *description; /* one line, for `bypass list paths` */
	const char *api;         /* pread/pwrite, load/store, ... */
	const char *cache;       /* page cache, bypassed, none */
	const char *completion;  /* synchronous, interrupt, polling */
	unsigned int traits;     /* enum path_trait */
	/*
	 * Which instruction count the path is ranked on when its device is memory; on a device
	 * that interrupts, whatever may wait for it is CLOCK_USE_MACHINE.
	 */
	enum clock_use clock_use;
	/*
	 * Can this workload run on this (probed, not yet opened) target? 0, or -EOPNOTSUPP with
	 * the why; NULL = always.
	 */
	int (*probe)(const struct workload *w, const struct target *t, struct unavailable *why);
	int (*open)(struct path_job *job, struct error *e);
	/*
	 * One whole operation on workload->bs bytes at @offset of the target, from or to
	 * job->buffer. 0 or a negative errno; a short transfer is -EIO.
	 */
	int (*submit)(struct path_job *job, uint64_t offset, bool write);
	/*
	 * Asynchronous paths have these three instead of submit. start puts @io into the queue
	 * (from or to io->buffer); it may be given to the device only in give or reap. 0 or a
	 * negative errno; there is always room for iodepth of them.
	 */
	int (*start)(struct path_job *job, struct path_io *io);
	/* Gives the device all that was started, and takes nothing. 0 or a negative errno. */
	int (*give)(struct path_job *job);
	/*
	 * Gives the device all that was started, at once, and calls job->done for each operation
	 * that ended. Returns how many did: at least @min (fewer only after interrupted(), or when
	 * job->patience_ns have passed), waiting by the path's own way; with @min 0 it looks once
	 * and never waits. Negative errno: the queue itself is broken, nothing more will end.
	 */
	int (*reap)(struct path_job *job, unsigned int min);
	/*
	 * Called now and then by the thread that opened @t, while several jobs run in others; NULL:
	 * there is nothing to tend.
	 */
	void (*tend)(const struct target *t);
	/* NULL: nothing to count. */
	void (*count)(const struct path_job *job, struct path_counters *counters);
	void (*close)(struct path_job *job);
};

/* All paths, NULL-terminated, in the order of the matrix. */
extern const struct path_ops *const path_table[];
/* One of them, or one of those that run fio (fio/engine.h). */
const struct path_ops *path_find(const char *name);
/* Can it have several operations in flight? */
static inline bool path_has_queue(const struct path_ops *ops)
{
	return ops->start ||
	       ((ops->traits & PATH_TOOL) && (ops->traits & (PATH_SLEEPS | PATH_POLLED)));
}
/* Can @ops do @w on @t? The path's own probe, after what holds for all of them; as that one. */
int path_probe(const struct path_ops *ops, const struct workload *w, const struct target *t,
	       struct unavailable *why);

#endif
