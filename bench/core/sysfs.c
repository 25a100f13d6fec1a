// SPDX-License-Identifier: MIT
#include "core/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/device.h"

const char *sysfs_root = "";

__attribute__((format(printf, 3, 0))) static void make_path(char *path, size_t size,
							    const char *format, va_list args)
{
	size_t n = (size_t)snprintf(path, size, "%s", sysfs_root);

	if (n < size)
		vsnprintf(path + n, size - n, format, args);
}

/* The path that the caller's format and arguments make, in @path. */
#define MAKE_PATH(path, format)                                                                    \
	do {                                                                                       \
		va_list args;                                                                      \
		va_start(args, format);                                                            \
		make_path(path, sizeof(path), format, args);                                       \
		va_end(args);                                                                      \
	} while (0)

void sysfs_path(char *path, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	make_path(path, size, format, args);
	va_end(args);
}

bool sysfs_exists(const char *format, ...)
{
	char path[PATH_MAX];

	MAKE_PATH(path, format);
	return access(path, F_OK) == 0;
}

bool sysfs_read(char *line, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	size_t n;

	MAKE_PATH(path, format);
	if (!read_line(path, line, size)) {
		line[0] = '\0';
		return false;
	}
	n = strlen(line);
	while (n && line[n - 1] == ' ')
		line[--n] = '\0';
	return true;
}

bool sysfs_read_link(char *name, size_t size, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	MAKE_PATH(path, format);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%s", slash ? slash + 1 : target);
	return n >= 0;
}

int sysfs_write(const char *text, const char *format, ...)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	MAKE_PATH(path, format);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int sysfs_entries(struct dirent ***entries, int (*wanted)(const struct dirent *entry),
		  const char *format, ...)
{
	char path[PATH_MAX];
	int count;

	MAKE_PATH(path, format);
	*entries = NULL;
	count = scandir(path, entries, wanted ? wanted : not_dots, versionsort);
	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	return count;
}

void sysfs_free_entries(struct dirent **entries, int count)
{
	while (count > 0)
		free(entries[--count]);
	free(entries);
}
