// SPDX-License-Identifier: MIT
/* Through the page cache: filemap_read; iomap_file_buffered_write and later writeback. */
#include "paths/file_io.h"

static int buffered_open(struct path_job *job, struct error *e)
{
	return file_io_open(job, 0, e);
}

extern const struct path_ops path_buffered;
const struct path_ops path_buffered = {
	.name = "buffered",
	.description = "pread/pwrite through the page cache",
	.api = "pread/pwrite",
	.cache = "page cache",
	.completion = "synchronous",
	.traits = PATH_PAGE_CACHE,
	.clock_use = CLOCK_USE_EXACT,
	.open = buffered_open,
	.submit = file_io_submit,
	.close = file_io_close,
};
