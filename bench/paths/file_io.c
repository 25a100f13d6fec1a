// SPDX-License-Identifier: MIT
#include "paths/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int file_io_probe_direct(const struct workload *w, const struct target *t, struct unavailable *why)
{
	int fd;

	if (t->device.known && w->bs % t->device.logical_block) {
		snprintf(why->reason, sizeof(why->reason),
			 "O_DIRECT moves whole logical blocks of %u bytes",
			 t->device.logical_block);
		snprintf(why->remedy, sizeof(why->remedy), "bs= a multiple of %u",
			 t->device.logical_block);
		return -EOPNOTSUPP;
	}
	if (t->kind != TARGET_FILE)
		return 0; /* every block device has O_DIRECT */
	/* Only the file system knows; O_TMPFILE asks it without leaving anything behind. */
	fd = open(t->folder, O_TMPFILE | O_RDWR | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EINVAL) {
		snprintf(why->reason, sizeof(why->reason), "%s has no O_DIRECT", t->fs_type);
		snprintf(why->remedy, sizeof(why->remedy), "a target on ext4 or xfs");
		return -EOPNOTSUPP;
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

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
