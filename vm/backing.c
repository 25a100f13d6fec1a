// SPDX-License-Identifier: MIT
#include "vm/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *vm_backing_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder ? folder : "/tmp";
}

/* For file systems without O_TMPFILE: the name lives for one system call. */
static int open_and_unlink(const char *folder)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/bypass-XXXXXX", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int vm_backing_open(uint64_t nbytes)
{
	const char *folder = vm_backing_folder();
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = open_and_unlink(folder);
	if (fd >= 0 && ftruncate(fd, (off_t)nbytes)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}
