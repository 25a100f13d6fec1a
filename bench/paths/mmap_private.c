// SPDX-License-Identifier: MIT
/* MAP_PRIVATE: filemap_fault; the first store to a page copies it (do_cow_fault), file untouched.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "paths/mapping.h"

static int mmap_private_probe(const struct workload *w, const struct target *t,
			      struct unavailable *why)
{
	(void)t;
	if (w->durability == DURABILITY_NONE)
		return 0;
	snprintf(why->reason, sizeof(why->reason),
		 "what is written to a private mapping is never "
		 "stored");
	snprintf(why->remedy, sizeof(why->remedy), "durability=none, or path=mmap-shared");
	return -EOPNOTSUPP;
}

static int mmap_private_open(struct path_job *job, struct error *e)
{
	return mapping_open(job, MAP_PRIVATE, e);
}

extern const struct path_ops path_mmap_private;
const struct path_ops path_mmap_private = {
	.name = "mmap-private",
	.description = "loads and stores in a MAP_PRIVATE mapping: copy on first store",
	.api = "load/store",
	.cache = "page cache",
	.completion = "synchronous",
	.traits = PATH_PAGE_CACHE | PATH_MAPPING | PATH_PRIVATE,
	.clock_use = CLOCK_USE_EXACT,
	.probe = mmap_private_probe,
	.open = mmap_private_open,
	.submit = mapping_copy,
	.close = mapping_close,
};
