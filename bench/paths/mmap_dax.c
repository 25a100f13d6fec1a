// SPDX-License-Identifier: MIT
/*
 * A shared mapping of a DAX file: dax_iomap_fault maps the medium itself, 4 KiB or 2 MiB at once.
 * With sync=1 (MAP_SYNC) the file system has made its metadata durable before a store can happen,
 * so flushing the cache lines of what was stored is all that durability takes; without it, msync.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "paths/dax.h"
#include "paths/mapping.h"

#ifndef MAP_SYNC
#define MAP_SYNC 0x080000
#endif
#define CACHE_LINE 64u

#ifdef __x86_64__
static bool have_clwb(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 24));
}

/* Write back each line that was stored to, then wait until all of them have left the caches. */
__attribute__((target("clwb"))) static void flush_lines(const char *at, size_t nbytes)
{
	const char *line = (const char *)((uintptr_t)at & ~(uintptr_t)(CACHE_LINE - 1));

	for (; line < at + nbytes; line += CACHE_LINE)
		__builtin_ia32_clwb((void *)(uintptr_t)line);
	__builtin_ia32_sfence();
}
#else
/* Arm's would be `dc cvap`, which hasn't been tried on such memory: the probe refuses. */
static bool have_clwb(void)
{
	return false;
}

static void flush_lines(const char *at, size_t nbytes)
{
	(void)at;
	(void)nbytes;
}
#endif

static int mmap_dax_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	if (w->sync && w->durability == DURABILITY_DATA && !have_clwb()) {
		snprintf(why->reason, sizeof(why->reason),
			 "this CPU has no clwb to flush a store with");
		snprintf(why->remedy, sizeof(why->remedy), "sync=0: made durable by msync");
		return -EOPNOTSUPP;
	}
	return dax_probe(w, t, why);
}

static void flush_block(const struct path_job *job, uint64_t offset)
{
	const struct workload *w = job->workload;
	const char *at = job->map + (offset - job->base);

	if (w->access == ACCESS_COPY) {
		flush_lines(at, w->bs);
		return;
	}
	for (size_t page = 0; page < w->bs; page += 4096)
		flush_lines(at + page, CACHE_LINE);
}

static int mmap_dax_store_and_flush(struct path_job *job, uint64_t offset, bool write)
{
	mapping_access(job, offset, write);
	if (write)
		flush_block(job, offset);
	return 0;
}

static int mmap_dax_open(struct path_job *job, struct error *e)
{
	const struct workload *w = job->workload;
	int ret = mapping_open(job, w->sync ? MAP_SHARED_VALIDATE | MAP_SYNC : MAP_SHARED, e);

	if (!ret && w->sync && w->durability == DURABILITY_DATA)
		job->submit = mmap_dax_store_and_flush;
	return ret;
}

extern const struct path_ops path_mmap_dax;
const struct path_ops path_mmap_dax = {
	.name = "mmap-dax",
	.description = "loads and stores on the medium itself, mapped by a fault",
	.api = "load/store",
	.cache = "bypassed",
	.completion = "synchronous",
	.traits = PATH_DAX | PATH_MAPPING,
	.clock_use = CLOCK_USE_EXACT,
	.probe = mmap_dax_probe,
	.open = mmap_dax_open,
	.submit = mapping_copy,
	.close = mapping_close,
};
