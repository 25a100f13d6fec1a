// SPDX-License-Identifier: MIT
/*
 *   mapping sync FILE          exit status 0 if MAP_SYNC is accepted, 1 if it is refused
 *   mapping write FILE SIZE    stores one byte into each page; prints how many faults it took
 *   mapping read FILE SIZE     loads one
 *   mapping alone FILE SIZE    stores, where nothing else is mapped in the file's 1 GiB
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20, PAGE = 4096 };
/* At 16 TiB, far from where the kernel puts a program, its stack and what it maps. */
#define EMPTY_GIBIBYTE 0x100000000000UL

static int try_sync(int fd)
{
	void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);

	if (map == MAP_FAILED) {
		printf("refused: %s\n", strerror(errno));
		return 1;
	}
	*(volatile char *)map = 1;
	printf("accepted\n");
	return 0;
}

static long count_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* An address that is a multiple of 2 MiB, as a huge page needs. */
static void *find_place(size_t size)
{
	void *room = mmap(NULL, size + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(room, size + HUGE_PAGE);
	return (void *)(((uintptr_t)room + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
}

static int touch(int fd, size_t size, void *place, int write)
{
	volatile uint8_t *map = mmap(place, size, PROT_READ | (write ? PROT_WRITE : 0),
				     MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	unsigned int sum = 0;
	long before;

	if (map == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	before = count_faults();
	for (size_t i = 0; i < size; i += PAGE) {
		if (write)
			map[i] = (uint8_t)(i / PAGE);
		else
			sum += map[i];
	}
	printf("faults %ld sum %u\n", count_faults() - before, sum);
	return 0;
}

int main(int argc, char **argv)
{
	size_t size;
	int fd;

	if (argc < 3 || (fd = open(argv[2], O_RDWR)) < 0) {
		fprintf(stderr, "usage: mapping sync|write|read|alone FILE [SIZE]\n");
		return 2;
	}
	if (!strcmp(argv[1], "sync"))
		return try_sync(fd);
	if (argc != 4)
		return 2;
	size = strtoull(argv[3], NULL, 10);
	if (!strcmp(argv[1], "alone"))
		return touch(fd, size, (void *)EMPTY_GIBIBYTE, 1);
	return touch(fd, size, find_place(size), !strcmp(argv[1], "write"));
}
