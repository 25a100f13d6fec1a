// SPDX-License-Identifier: MIT
/* Which options of a cell go together. */
#include "core/workload.h"

#include <errno.h>
#include <string.h>

#include "core/pattern.h"
#include "paths/path.h"

#define HUGE_PAGE (2ull << 20)

/* The null path measures the harness, so it takes whatever any other path takes. */
static bool path_maps(const char *path)
{
	return strncmp(path, "mmap", 4) == 0 || strncmp(path, "null", 4) == 0;
}

static int check_mapping(const struct workload *w, struct error *e)
{
	const char *option = NULL;

	if (w->sync && strcmp(w->path, "mmap-dax") != 0)
		return error_set(e, -EINVAL,
				 "path=%s has no sync: MAP_SYNC exists on DAX mappings only; use "
				 "path=mmap-dax or leave sync out",
				 w->path);
	if (w->hugepage && w->size < HUGE_PAGE)
		return error_set(e, -EINVAL,
				 "hugepage=1 needs 2 MiB to map at once; write size=2m or more");
	if (path_maps(w->path))
		return 0;
	if (w->populate)
		option = "populate";
	else if (w->hugepage)
		option = "hugepage";
	else if (w->madvise != MADVISE_NORMAL)
		option = "madvise";
	else if (w->access == ACCESS_TOUCH)
		option = "access=touch";
	if (option)
		return error_set(e, -EINVAL,
				 "path=%s maps nothing, so it has no %s; use an mmap path or leave "
				 "%s out",
				 w->path, option, option);
	return 0;
}

bool workload_path_has(const char *path, const char *option)
{
	const struct path_ops *ops = path_find(path);

	if (!ops)
		return true;
	if (strncmp(option, "iodepth", strlen("iodepth")) == 0)
		return path_has_queue(ops);
	if (strcmp(option, "fixedbufs") == 0 || strcmp(option, "registerfiles") == 0)
		return ops->traits & PATH_RING;
	if (strncmp(option, "aggregation_", strlen("aggregation_")) == 0)
		return (ops->traits & PATH_USER_DRIVER) && !(ops->traits & PATH_POLLED);
	return true;
}

static int check_depth(const struct workload *w, struct error *e)
{
	if (w->iodepth_batch_complete_min > w->iodepth)
		return error_set(e, -EINVAL,
				 "iodepth_batch_complete_min=%u waits for more than the iodepth=%u "
				 "in flight; make it at most iodepth",
				 w->iodepth_batch_complete_min, w->iodepth);
	if (w->iodepth_batch_submit > w->iodepth)
		return error_set(e, -EINVAL,
				 "iodepth_batch_submit=%u is more than the iodepth=%u that may be "
				 "in flight; make it at most iodepth",
				 w->iodepth_batch_submit, w->iodepth);
	if (w->iodepth > 1 && !workload_path_has(w->path, "iodepth"))
		return error_set(e, -EINVAL,
				 "path=%s does one I/O after the other, so it has no iodepth=%u; "
				 "use an asynchronous path or numjobs",
				 w->path, w->iodepth);
	return 0;
}

/* The controller holds back interrupts of our driver's queue, where it has any. */
static int check_aggregation(const struct workload *w, struct error *e)
{
	const char *option =
		w->aggregation_threshold > 1 ? "aggregation_threshold" : "aggregation_time";

	if ((w->aggregation_threshold > 1 || w->aggregation_ns) &&
	    !workload_path_has(w->path, option))
		return error_set(e, -EINVAL,
				 "path=%s has no interrupts of our own driver, so it has no %s; "
				 "use path=userdrv-irq or leave %s out",
				 w->path, option, option);
	return 0;
}

static int check_mix(const struct workload *w, struct error *e)
{
	if (w->rwmixread != 50 && w->rw != RW_RANDRW)
		return error_set(e, -EINVAL,
				 "rw=%s mixes nothing, so it has no rwmixread=%u; use rw=randrw or "
				 "leave it out",
				 rw_name(w->rw), w->rwmixread);
	if (w->zipf_thousandths && !rw_random(w->rw))
		return error_set(e, -EINVAL,
				 "rw=%s goes through the blocks in order, so it has no "
				 "random_distribution; use a random rw or leave it out",
				 rw_name(w->rw));
	if (w->zipf_thousandths && (w->cache == CACHE_COLD || strncmp(w->path, "mmap", 4) == 0))
		return error_set(e, -EINVAL,
				 "random_distribution=zipf visits blocks again, and %s visits each "
				 "once; leave one out",
				 w->cache == CACHE_COLD ? "cache=cold" : w->path);
	return 0;
}

static int check_rate(const struct workload *w, struct error *e)
{
	if (w->rate_process != RATE_LINEAR && !w->rate_iops)
		return error_set(e, -EINVAL,
				 "rate_process says how the starts of rate_iops= are spread; add "
				 "rate_iops=N or leave it out");
	if (w->rate_iops && w->thinktime_ns)
		return error_set(e, -EINVAL,
				 "rate_iops says when operations start, and thinktime too; leave "
				 "one out");
	return 0;
}

static int check_ring(const struct workload *w, struct error *e)
{
	const char *option = w->fixedbufs ? "fixedbufs" : "registerfiles";

	if ((w->fixedbufs || w->registerfiles) && !workload_path_has(w->path, option))
		return error_set(e, -EINVAL,
				 "path=%s has no io_uring to register anything with, so it has no "
				 "%s; use a uring path or leave %s out",
				 w->path, option, option);
	return 0;
}

/* Where the page cache is, and of the path that leaves it alone, for comparison. */
static int check_pressed(const struct workload *w, struct error *e)
{
	const struct path_ops *ops = path_find(w->path);
	const unsigned int without = PATH_DAX | PATH_USER_DRIVER | PATH_PASSTHRU | PATH_TOOL;

	if (w->cache != CACHE_PRESSED || !ops || !(ops->traits & without))
		return 0;
	return error_set(e, -EINVAL,
			 "path=%s has no page cache of ours to fill, so it has no cache=pressed; "
			 "use buffered, direct or an mmap path of the page cache",
			 w->path);
}

int workload_check(const struct workload *w, struct error *e)
{
	int result;

	if (!w->path[0])
		return error_set(e, -EINVAL,
				 "no path is given; add path=NAME (bypass list paths shows them)");
	if (!w->target[0] && strncmp(w->path, "null", 4) != 0)
		return error_set(e, -EINVAL,
				 "path=%s has no target; add target=file:DIR or another "
				 "(bypass list targets shows them)",
				 w->path);
	if (w->bs % PATTERN_SECTOR)
		return error_set(e, -EINVAL,
				 "bs=%llu is no whole number of sectors of %u bytes; choose a "
				 "multiple, as in 4k",
				 (unsigned long long)w->bs, PATTERN_SECTOR);
	if (w->bs > w->size)
		return error_set(e, -EINVAL,
				 "bs=%llu is larger than size=%llu; make size at least one block",
				 (unsigned long long)w->bs, (unsigned long long)w->size);
	if (w->size % w->bs)
		return error_set(e, -EINVAL,
				 "size=%llu is not a multiple of bs=%llu; choose size so that "
				 "whole blocks fill it",
				 (unsigned long long)w->size, (unsigned long long)w->bs);
	if (w->time_based && !w->runtime_ns)
		return error_set(e, -EINVAL,
				 "time_based=1 has no end without runtime; add runtime=SECONDS");
	if (w->precondition && !rw_writes(w->rw))
		return error_set(e, -EINVAL,
				 "precondition=%u prepares a disk for writes and rw=%s writes "
				 "nothing; leave it out or use a writing rw",
				 w->precondition, rw_name(w->rw));
	if (w->durability == DURABILITY_DATA && !rw_writes(w->rw))
		return error_set(e, -EINVAL,
				 "durability=data is about writes and rw=%s writes nothing; leave "
				 "it out or use a writing rw",
				 rw_name(w->rw));
	result = check_mix(w, e);
	if (!result)
		result = check_pressed(w, e);
	if (!result)
		result = check_rate(w, e);
	if (!result)
		result = check_ring(w, e);
	if (!result)
		result = check_depth(w, e);
	if (!result)
		result = check_aggregation(w, e);
	return result ? result : check_mapping(w, e);
}
