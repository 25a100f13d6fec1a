// SPDX-License-Identifier: MIT
/* MAP_SHARED through the page cache: filemap_fault, page_mkwrite on the first store, writeback. */
#include <sys/mman.h>

#include "paths/mapping.h"

static int mmap_shared_open(struct path_job *job, struct error *e)
{
	return mapping_open(job, MAP_SHARED, e);
}

extern const struct path_ops path_mmap_shared;
const struct path_ops path_mmap_shared = {
	.name = "mmap-shared",
	.description = "loads and stores in a MAP_SHARED mapping of the page cache",
	.api = "load/store",
	.cache = "page cache",
	.completion = "synchronous",
	.traits = PATH_PAGE_CACHE | PATH_MAPPING,
	.clock_use = CLOCK_USE_EXACT,
	.open = mmap_shared_open,
	.submit = mapping_copy,
	.close = mapping_close,
};
