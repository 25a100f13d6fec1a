// SPDX-License-Identifier: MIT
/*
 * Keeps a file's pages in memory, so that nobody can evict them: guest_hold FILE. Says "held" when
 * they are there, then waits to be killed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct stat st;
	void *map;
	int fd;

	if (argc != 2) {
		fputs("usage: guest_hold FILE\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		perror(argv[1]);
		return 1;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || mlock(map, (size_t)st.st_size) != 0) {
		perror(argv[1]);
		return 1;
	}
	puts("held");
	fflush(stdout);
	pause();
	return 0;
}
