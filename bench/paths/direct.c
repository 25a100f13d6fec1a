// SPDX-License-Identifier: MIT
/* O_DIRECT: iomap_dio_rw builds a bio from the caller's pages and sends it down to the driver. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "paths/file_io.h"

static int direct_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	char path[300];
	int fd;

	if (t->device.known && w->bs % t->device.logical_block) {
		snprintf(why->reason, sizeof(why->reason),
			 "O_DIRECT moves whole logical blocks of %u bytes",
			 t->device.logical_block);
		snprintf(why->remedy, sizeof(why->remedy), "bs= a multiple of %u",
			 t->device.logical_block);
		return -EOPNOTSUPP;
	}
	/* Only the file system knows; O_TMPFILE asks it without leaving anything behind. */
	snprintf(path, sizeof(path), "%s", t->folder);
	fd = open(path, O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EINVAL) {
		snprintf(why->reason, sizeof(why->reason), "%s has no O_DIRECT", t->fs_type);
		snprintf(why->remedy, sizeof(why->remedy), "a target on ext4 or xfs");
		return -EOPNOTSUPP;
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

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
	.probe = direct_probe,
	.open = direct_open,
	.submit = file_io_submit,
	.close = file_io_close,
};
