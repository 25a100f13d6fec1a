// SPDX-License-Identifier: MIT
/*
 * What the checks of lab 9 do to a mapped file, in the guest:
 *
 *   check FILE SIZE shared|private|sync ACTION...
 *
 * Maps SIZE bytes of FILE, 2 MiB-aligned, and does one action after another:
 *
 *   store-each BYTE WHERE STEP   stores BYTE at WHERE and every STEP bytes from there on
 *   load-each WHERE STEP         loads there
 *   print WHERE                  prints the byte
 *
 * Prints what came of it: "done", a signal, or that it never ended: a fault that returns without an
 * entry in the page table comes again at once, for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20, GIBIBYTE = 1 << 30, CPU_LIMIT_S = 4 };

struct mapping {
	volatile uint8_t *bytes;
	size_t size;
};

static _Noreturn void end(const char *how)
{
	if (write(STDOUT_FILENO, how, strlen(how)) < 0)
		_exit(2);
	_exit(1);
}

static void on_signal(int number)
{
	end(number == SIGXCPU ? "never ended\n" : "SIGBUS\n");
}

static struct mapping map_file(const char *path, size_t size, const char *mode)
{
	const int flags = !strcmp(mode, "sync")      ? MAP_SHARED_VALIDATE | MAP_SYNC
			  : !strcmp(mode, "private") ? MAP_PRIVATE
						     : MAP_SHARED;
	/*
	 * Nothing else is in its 2 MiB, so that a first fault finds no page table there; but a page
	 * is in its 1 GiB, for else the kernel would ask for all that first.
	 */
	uint8_t *room = mmap(NULL, (size_t)GIBIBYTE + HUGE_PAGE + size + HUGE_PAGE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *beside = (uint8_t *)(((uintptr_t)room + GIBIBYTE - 1) / GIBIBYTE * GIBIBYTE);
	const int fd = open(path, O_RDWR);
	void *bytes;

	if (fd < 0 || room == MAP_FAILED || mprotect(beside, 1, PROT_READ | PROT_WRITE)) {
		printf("%s: %s\n", path, strerror(errno));
		exit(2);
	}
	*(volatile uint8_t *)beside = 1;
	bytes = mmap(beside + HUGE_PAGE, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	if (bytes == MAP_FAILED) {
		printf("mmap: %s\n", strerror(errno));
		exit(1);
	}
	return (struct mapping){bytes, size};
}

/* Does the action at @words; returns how many words it has. */
static int act(const struct mapping *map, char **words, int count)
{
	size_t numbers[3] = {0, 0, 0};

	for (int i = 0; i < 3 && i + 1 < count; i++)
		numbers[i] = strtoull(words[i + 1], NULL, 10);
	if (!strcmp(words[0], "store-each") && count >= 4 && numbers[2]) {
		for (size_t at = numbers[1]; at < map->size; at += numbers[2])
			map->bytes[at] = (uint8_t)numbers[0];
		return 4;
	}
	if (!strcmp(words[0], "load-each") && count >= 3 && numbers[1]) {
		for (size_t at = numbers[0]; at < map->size; at += numbers[1])
			(void)map->bytes[at];
		return 3;
	}
	if (!strcmp(words[0], "print") && count >= 2 && numbers[0] < map->size) {
		printf("byte %d, ", map->bytes[numbers[0]]);
		return 2;
	}
	printf("%s isn't an action\n", words[0]);
	exit(2);
}

int main(int argc, char **argv)
{
	const struct rlimit limit = {CPU_LIMIT_S, CPU_LIMIT_S + 1};
	const struct sigaction action = {.sa_handler = on_signal};
	struct mapping map;

	if (argc < 5)
		return 2;
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGXCPU, &action, NULL);
	setrlimit(RLIMIT_CPU, &limit);
	map = map_file(argv[1], strtoull(argv[2], NULL, 10), argv[3]);
	for (int i = 4; i < argc;)
		i += act(&map, argv + i, argc - i);
	printf("done\n");
	return 0;
}
