// SPDX-License-Identifier: MIT
/* LD_PRELOAD: a file system that accepts O_DIRECT and goes through the page cache all the same. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	/* O_TMPFILE, too, takes a mode; where none was given it is not looked at. */
	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags & ~O_DIRECT, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
