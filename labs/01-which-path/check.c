// SPDX-License-Identifier: MIT
/*
 * Asks the student's classifier, in the guest. check.sh has made the media and says on stdin which
 * kinds there are to be, in an order of its own:
 *
 *   check descriptors   opens them, and executes itself so that nothing else is left: check answer
 * N check mappings      maps them and closes the files
 *
 * Prints a line "observe INDEX WAY" for each. verdict.sh knows what is right.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reference/classify.h"

#define FIRST_FD  100
#define KINDS_MAX 16
#define NBYTES    65536u

static const struct kind {
	const char *name, *path;
	int flags, then; /* of open, and of fcntl afterwards; -1: none */
} kinds[] = {
	{"cached", "/mnt/lab/1/1", O_RDWR, -1},
	{"direct", "/mnt/lab/1/2", O_RDWR | O_DIRECT, -1},
	{"cleared", "/mnt/lab/1/3", O_RDWR | O_DIRECT, 0},
	{"dax", "/mnt/lab/3/2/1", O_RDWR, -1},
	{"dax-direct", "/mnt/lab/3/2/2", O_RDWR | O_DIRECT, -1},
	{"off", "/mnt/lab/2/1", O_RDWR, -1},
	{"no-flag", "/mnt/lab/3/1", O_RDWR, -1},
	{"block", "/dev/nvme0n1", O_RDONLY, -1},
	{"block-direct", "/dev/nvme0n1", O_RDONLY | O_DIRECT, -1},
	{"pmem", "/dev/pmem0", O_RDONLY, -1},
	{"commands", "/dev/ng0n1", O_RDONLY, -1},
	{"zero", "/dev/zero", O_RDWR, -1},
	{"deleted", "/mnt/lab/3/2/3", O_RDWR, -1},
};

static const char *const way_names[] = {
	"none", "page-cache", "direct", "dax", "block-page-cache", "block-direct", "nvme-commands"};

static void observe(unsigned int i, enum way way)
{
	if ((unsigned int)way < sizeof(way_names) / sizeof(way_names[0]))
		printf("observe %u %s\n", i, way_names[way]);
	else
		printf("observe %u way number %d, which isn't one\n", i, (int)way);
	fflush(stdout);
}

static int broken(const char *what)
{
	perror(what);
	exit(77);
}

static int open_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *kind = &kinds[i];
		int fd;

		if (strcmp(kind->name, name) != 0)
			continue;
		fd = open(kind->path, kind->flags);
		if (fd < 0 || (kind->then >= 0 && fcntl(fd, F_SETFL, kind->then)))
			return broken(kind->path);
		if (strcmp(name, "deleted") == 0)
			unlink(kind->path);
		return fd;
	}
	return broken(name);
}

static void open_descriptors(void)
{
	char name[32], number[16];
	int n = 0;

	while (scanf("%31s", name) == 1 && n < KINDS_MAX) {
		int fd = open_kind(name);

		if (dup2(fd, FIRST_FD + n++) < 0)
			broken("dup2");
		close(fd);
	}
	snprintf(number, sizeof(number), "%d", n);
	execl("/proc/self/exe", "check", "answer", number, NULL);
	broken("/proc/self/exe");
}

static void answer(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		observe(i, classify(FIRST_FD + (int)i));
}

static void map_and_answer(void)
{
	const char *addresses[KINDS_MAX];
	unsigned int n = 0;
	char name[32];

	while (n < KINDS_MAX && scanf("%31s", name) == 1) {
		/* Shared memory without a file would be one of the kernel's own. */
		const bool anonymous = strcmp(name, "anonymous") == 0;
		const int fd = anonymous ? -1 : open_kind(name);
		void *memory = mmap(NULL, NBYTES, PROT_READ,
				    anonymous ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

		if (memory == MAP_FAILED)
			broken(name);
		if (fd >= 0)
			close(fd);
		addresses[n++] = memory;
	}
	for (unsigned int i = 0; i < n; i++)
		observe(i, classify_mapping(addresses[i] + 4096 * i + 17));
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "descriptors") == 0)
		open_descriptors();
	else if (argc == 3 && strcmp(argv[1], "answer") == 0)
		answer((unsigned int)strtoul(argv[2], NULL, 10));
	else if (argc == 2 && strcmp(argv[1], "mappings") == 0)
		map_and_answer();
	else
		return 2;
	return 0;
}
