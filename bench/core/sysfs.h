/* SPDX-License-Identifier: MIT */
/*
 * Small files of /sys, /proc and /dev. Each function takes the path as a format; it begins with
 * "/sys", "/proc" or "/dev".
 */
#ifndef BYPASS_SYSFS_H
#define BYPASS_SYSFS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

/* What stands before every path: "", or in a unit test the folder of a tree made for it. */
extern const char *sysfs_root;

void sysfs_path(char *path, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool sysfs_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* First line without newline and trailing spaces; "" and false where it can't be read. */
bool sysfs_read(char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Last part of what a link points to; "" and false where there is no such link. */
bool sysfs_read_link(char *name, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* 0 or a negative errno: the driver's answer. */
int sysfs_write(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * Entries that @wanted accepts (all but "." and ".." where NULL), in the order of versionsort(3);
 * the caller frees them with sysfs_free_entries. 0 where there is no such folder, else their count
 * or a negative errno.
 */
int sysfs_entries(struct dirent ***entries, int (*wanted)(const struct dirent *entry),
		  const char *format, ...) __attribute__((format(printf, 3, 4)));
void sysfs_free_entries(struct dirent **entries, int count);

#endif
