// SPDX-License-Identifier: MIT
/* LD_PRELOAD: a disk that loses writes. Every pwrite of 4 KiB succeeds and nothing is stored. */
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static ssize_t write_or_lose(int fd, const void *buffer, size_t nbytes, off_t offset)
{
	if (nbytes == 4096)
		return 4096;
	return syscall(SYS_pwrite64, fd, buffer, nbytes, offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t nbytes, off_t offset)
{
	return write_or_lose(fd, buffer, nbytes, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t nbytes, off_t offset)
{
	return write_or_lose(fd, buffer, nbytes, offset);
}
