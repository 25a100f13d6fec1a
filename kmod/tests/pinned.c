// SPDX-License-Identifier: MIT
/*
 *   pinned unlink|truncate FILE OTHER
 *
 * Does a DAX file keep its blocks while somebody else has its pages? A pipe gets the first pages of
 * FILE by reference, as a device would for DMA. Then FILE is no longer mapped, loses its blocks,
 * and OTHER takes all the blocks that it can get. What the pipe has must still be FILE's bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_SIZE = 16 << 20, PINNED = 4 * 4096, WAIT_MS = 2000 };

static char bytes[1 << 20];

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void fill(int fd, char byte, size_t size)
{
	memset(bytes, byte, sizeof(bytes));
	for (size_t done = 0; done < size; done += sizeof(bytes))
		if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
			break;
}

static void pin(int fd, int pipe_end)
{
	void *map = mmap(NULL, PINNED, PROT_READ, MAP_SHARED, fd, 0);
	struct iovec pages = {.iov_base = map, .iov_len = PINNED};

	if (map == MAP_FAILED)
		fail("mmap");
	if (vmsplice(pipe_end, &pages, 1, 0) != PINNED)
		fail("vmsplice");
	munmap(map, PINNED);
}

/* In a process of its own, which may have to wait; and which has the last descriptor of FILE. */
static pid_t give_up_blocks(int fd, int cut)
{
	int start[2];
	pid_t pid = -1;

	if (pipe(start) || (pid = fork()) < 0)
		fail("fork");
	if (pid == 0) {
		close(start[1]);
		read(start[0], bytes, 1); /* ends when the other end is closed */
		_exit(cut ? ftruncate(fd, 0) != 0 : close(fd) != 0);
	}
	close(fd);
	close(start[1]);
	/* If it doesn't wait, it is to be done before OTHER looks for blocks. */
	for (int ms = 0; ms < WAIT_MS; ms += 10) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return 0;
		usleep(10000);
	}
	return pid;
}

int main(int argc, char **argv)
{
	int ends[2], fd, other, status = 0;
	size_t wrong = 0;
	pid_t pid;

	if (argc != 4) {
		fprintf(stderr, "usage: pinned unlink|truncate FILE OTHER\n");
		return 2;
	}
	fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
	other = open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || other < 0 || pipe(ends))
		fail(argv[2]);
	fill(fd, 'A', FILE_SIZE);
	pin(fd, ends[1]);
	if (!strcmp(argv[1], "unlink") && unlink(argv[2]))
		fail("unlink");
	pid = give_up_blocks(fd, !strcmp(argv[1], "truncate"));
	fill(other, 'B', (size_t)-1);
	if (read(ends[0], bytes, PINNED) != PINNED)
		fail("read");
	for (size_t i = 0; i < PINNED; i++)
		wrong += bytes[i] != 'A';
	if (pid && waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	printf("%s, %zu bytes of the pages are another file's\n",
	       pid ? "it waited" : "it didn't wait", wrong);
	return wrong || !pid || status;
}
