// SPDX-License-Identifier: MIT
/* O_DIRECT: iomap_dio_rw builds a bio from the caller's pages and sends it down to the driver. */
#include <fcntl.h>

#include "paths/file_io.h"

static int direct_open(struct path_job *job, struct error *e)
{
	return file_io_open(job, O_DIRECT, e);
}

extern const struct path_ops path_direct;
const struct path_ops path_direct = {
	.name = "direct",
	.description = "pread/pwrite with O_DIRECT: no page cache, block layer and driver",
	.api = "pread/pwrite",
	.cache = "bypassed",
	.completion = "interrupt",
	.traits = PATH_NO_CACHE,
	.clock_use = CLOCK_USE_EXACT,
	.probe = file_io_probe_direct,
	.open = direct_open,
	.submit = file_io_submit,
	.close = file_io_close,
};
