// SPDX-License-Identifier: MIT
/* LD_PRELOAD: a disk that damages data. One byte of every pread of 4 KiB comes back flipped. */
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static ssize_t read_damaged(int fd, void *buffer, size_t nbytes, off_t offset)
{
	ssize_t n = syscall(SYS_pread64, fd, buffer, nbytes, offset);

	if (n == 4096)
		((unsigned char *)buffer)[1000] ^= 0x01;
	return n;
}

ssize_t pread(int fd, void *buffer, size_t nbytes, off_t offset)
{
	return read_damaged(fd, buffer, nbytes, offset);
}

ssize_t pread64(int fd, void *buffer, size_t nbytes, off_t offset)
{
	return read_damaged(fd, buffer, nbytes, offset);
}
