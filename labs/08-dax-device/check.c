// SPDX-License-Identifier: MIT
/*
 * What the checks do to a file that a shell can't. Run by hand, or by check.sh, in the guest:
 *
 *   check get FILE                 its bytes to stdout, loaded from a mapping
 *   check put FILE                 stores stdin into it by a mapping
 *   check read FILE OFFSET LENGTH  one read(): prints how many bytes came, or the error
 *   check load FILE OFFSET         loads a byte from a mapping: prints it, or SIGBUS
 *   check turn-bad FILE OFFSET BADBLOCKS SECTOR
 *                                  maps it, loads a byte, lets its page turn bad, loads again,
 *                                  and the byte in the page behind; writes the page, loads again
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static sigjmp_buf out;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

static uint8_t *map(int fd, size_t *size)
{
	struct stat status;

	*size = fstat(fd, &status) ? 0 : (size_t)status.st_size;
	return mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void load(const char *what, const volatile uint8_t *byte)
{
	if (sigsetjmp(out, 1))
		printf("%s SIGBUS\n", what);
	else
		printf("%s 0x%02x\n", what, *byte);
}

static int get(const uint8_t *memory, size_t size)
{
	uint8_t page[PAGE];

	if (sigsetjmp(out, 1))
		return 1;
	for (size_t at = 0; at < size; at += PAGE) {
		size_t n = size - at < PAGE ? size - at : PAGE;

		/* Loaded here: write() would report a bad page as an error of its own. */
		memcpy(page, memory + at, n);
		if (fwrite(page, 1, n, stdout) != n)
			return 1;
	}
	return 0;
}

static int put(uint8_t *memory, size_t size)
{
	/* Not in a register, which a jump out of a fault wouldn't keep. */
	volatile size_t at = 0;
	size_t n;

	if (sigsetjmp(out, 1))
		return 1;
	while (at < size && (n = fread(memory + at, 1, size - at, stdin)) > 0)
		at += n;
	return at != size || msync(memory, size, MS_SYNC);
}

static int read_some(int fd, off_t offset, size_t length)
{
	uint8_t *bytes = malloc(length);
	ssize_t n = bytes ? pread(fd, bytes, length, offset) : -1;

	if (n < 0)
		printf("%s\n", errno == EIO ? "EIO" : strerror(errno));
	else
		printf("%zd\n", n);
	free(bytes);
	return 0;
}

/* As whatever finds an error in memory does: not the process that has it mapped. */
static int make_bad(const char *badblocks, const char *sector)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		FILE *file = fopen(badblocks, "w");

		if (!file || fprintf(file, "%s 8\n", sector) < 0 || fclose(file))
			_exit(1);
		_exit(0);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

static int turn_bad(int fd, uint8_t *memory, off_t offset, char **argv)
{
	uint8_t block[PAGE];

	load("before", memory + offset);
	if (make_bad(argv[0], argv[1]))
		return 1;
	load("bad", memory + offset);
	load("beside", memory + offset + PAGE);
	memset(block, 0x77, PAGE);
	printf("written %zd\n", pwrite(fd, block, PAGE, offset));
	load("after", memory + offset);
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_sigbus};
	int fd = argc >= 3 ? open(argv[2], O_RDWR) : -1;
	uint8_t *memory;
	size_t size;

	if (fd < 0 || (memory = map(fd, &size)) == MAP_FAILED) {
		perror("check: see the head of check.c for how to call it");
		return 1;
	}
	setvbuf(stdout, NULL, strcmp(argv[1], "get") ? _IOLBF : _IOFBF, 1 << 16);
	sigaction(SIGBUS, &action, NULL);
	if (!strcmp(argv[1], "get"))
		return get(memory, size);
	if (!strcmp(argv[1], "put"))
		return put(memory, size);
	if (!strcmp(argv[1], "read") && argc == 5)
		return read_some(fd, strtol(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	if (!strcmp(argv[1], "load") && argc == 4) {
		load("byte", memory + strtol(argv[3], NULL, 10));
		return 0;
	}
	if (!strcmp(argv[1], "turn-bad") && argc == 6)
		return turn_bad(fd, memory, strtol(argv[3], NULL, 10), argv + 4);
	return 1;
}
