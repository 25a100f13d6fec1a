// SPDX-License-Identifier: MIT
/*
 * Stands between bypass and the kernel (LD_PRELOAD) and does one thing wrong, for tests of those
 * who must notice. BYPASS_LIE says which:
 *
 *   damage     each read of a block hands over one byte that isn't the file's
 *   chatty     each read of a block makes a second system call
 *   misdirect  one write in sixteen goes to the block beside its own
 *   lose       one write in sixteen is reported as done and isn't
 *   linger     each read executes BYPASS_LINGER instructions more
 *   forget     the file is opened without O_DSYNC: a write that returned isn't stored
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define BLOCK 4096u

static int told_to(const char *lie)
{
	const char *told = getenv("BYPASS_LIE");

	return told && strcmp(told, lie) == 0;
}

/* BYPASS_LINGER, if that is the lie, else -1: looked up once, so that any number costs the same. */
static int told_to_linger(void)
{
	static int instructions = -2;
	const char *number;

	if (instructions == -2) {
		number = getenv("BYPASS_LINGER");
		instructions = told_to("linger") && number ? atoi(number) : -1;
	}
	return instructions;
}

static void linger(int instructions)
{
	/* An empty loop of two. */
	__asm__ volatile("1: sub $2, %0\n\tjg 1b" : "+r"(instructions));
}

/* Of 4 KiB each, as the measured operations are: laying a file out and checking it are let alone.
 */
ssize_t pread(int fd, void *buffer, size_t nbytes, off_t offset)
{
	ssize_t n = syscall(SYS_pread64, fd, buffer, nbytes, offset);
	int instructions = told_to_linger();

	if (instructions >= 0) {
		linger(instructions);
		return n;
	}
	if (nbytes == BLOCK && n == BLOCK) {
		if (told_to("damage"))
			((char *)buffer)[BLOCK / 2 + 100] ^= 1;
		if (told_to("chatty"))
			syscall(SYS_getppid);
	}
	return n;
}

ssize_t pwrite(int fd, const void *buffer, size_t nbytes, off_t offset)
{
	static unsigned int count;

	if (nbytes == BLOCK && ++count % 16 == 0) {
		if (told_to("lose"))
			return BLOCK;
		if (told_to("misdirect"))
			offset = offset ? offset - BLOCK : BLOCK;
	}
	return syscall(SYS_pwrite64, fd, buffer, nbytes, offset);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (told_to("forget"))
		flags &= ~O_DSYNC;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
