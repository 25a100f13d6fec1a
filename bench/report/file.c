// SPDX-License-Identifier: MIT
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each report lies beside its run.json. */
#define REMEDY "copy run.json to a folder with room that you may write to, and report that one"

int file_write(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		data += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Makes @temporary of a name that ends in XXXXXX, and it becomes @path. */
static int replace(char *temporary, const char *path, const char *data, size_t length)
{
	int fd = mkostemp(temporary, O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = file_write(fd, data, length);
	/* mkostemp() makes the file private; a report is for showing. */
	if (result == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(temporary, path) < 0)
		result = -errno;
	if (result < 0)
		unlink(temporary);
	return result;
}

int file_replace(const char *path, const char *data, size_t length, struct error *e)
{
	char temporary[PATH_MAX];
	int result = -ENAMETOOLONG;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) < (int)sizeof(temporary))
		result = replace(temporary, path, data, length);
	if (result < 0)
		error_set(e, result, "can't write %s: %s; " REMEDY, path, strerror(-result));
	return result;
}
