// SPDX-License-Identifier: MIT
#include "paths/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int file_io_open(struct path_job *job, int flags, struct error *e)
{
	const struct workload *w = job->workload;

	flags |= O_CLOEXEC | (rw_writes(w->rw) ? O_RDWR : O_RDONLY);
	if (w->durability == DURABILITY_DATA)
		flags |= O_DSYNC;
	job->fd = open(job->target->proc_path, flags);
	if (job->fd < 0)
		return error_set(e, -errno,
				 "can't open the file of %s for %s: %s; try another path "
				 "or target",
				 job->target->text, w->path, strerror(errno));
	/* As fio does: no readahead for random reads, more of it for sequential ones. */
	posix_fadvise(job->fd, 0, 0, rw_random(w->rw) ? POSIX_FADV_RANDOM : POSIX_FADV_SEQUENTIAL);
	return 0;
}

int file_io_submit(struct path_job *job, uint64_t offset, bool write)
{
	size_t nbytes = job->workload->bs;
	ssize_t n;

	if (write)
		n = pwrite(job->fd, job->buffer, nbytes, (off_t)offset);
	else
		n = pread(job->fd, job->buffer, nbytes, (off_t)offset);
	if (n == (ssize_t)nbytes)
		return 0;
	return n < 0 ? -errno : -EIO;
}

void file_io_close(struct path_job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	job->fd = -1;
}
