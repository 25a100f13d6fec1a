// SPDX-License-Identifier: MIT
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_replace(const char *path, const char *data, size_t length, struct error *e)
{
	char *temporary = NULL;
	int result = 0, fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return error_set(e, -ENOMEM, "%s: not written: no memory", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		result = -errno;
		free(temporary);
		return error_set(e, result, "%s: can't be written: %s", path, strerror(-result));
	}
	while (length > 0 && result == 0) {
		ssize_t written = write(fd, data, length);

		if (written >= 0) {
			data += written;
			length -= (size_t)written;
		} else if (errno != EINTR) {
			result = -errno;
		}
	}
	/* mkostemp() makes the file private; a report is for showing. */
	if (result == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		result = -errno;
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(temporary, path) < 0)
		result = -errno;
	if (result < 0) {
		unlink(temporary);
		error_set(e, result, "%s: can't be written: %s", path, strerror(-result));
	}
	free(temporary);
	return result;
}
