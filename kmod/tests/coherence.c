// SPDX-License-Identifier: MIT
/*
 * One file, two processes: what one has written the other sees at once, however each does it.
 *
 *   coherence seen FILE
 *   coherence at-once FILE SEED COUNT
 *
 * seen: each way to change bytes with each way to look at them, whatever was there before, and
 * whether or not it was looked at before. at-once: both change the file at the same time, COUNT
 * times each. FILE is made anew. Direct I/O beside loads and stores of the same page at the same
 * time is undefined on every file system, so that isn't tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BLOCK = 4096,
	AREA = 2 << 20, /* no piece of the page cache is larger, nor crosses a multiple of it */
	AREAS = 5,      /* two of each process, and the last belongs to both */
	SLICE = 64,     /* of the last: the processes take turns */
	MAX_IO = 64 << 10,
};

static const char *const changes[] = {"a write", "a direct write", "a store"};
enum { WRITE, DIRECT_WRITE, STORE, CHANGES };

static const char *const looks[] = {"read", "read directly", "loaded", "loaded as mapped before"};
enum { READ, DIRECT_READ, LOAD, LOAD_BEFORE, LOOKS };

static const char *const states[] = {"a hole", "allocated blocks", "data"};
enum { HOLE, ALLOCATED, DATA, STATES };

static const char *path;

static void fail(const char *what) __attribute__((noreturn));

static void fail(const char *what)
{
	fprintf(stderr, "coherence: %s: %s\n", what, errno ? strerror(errno) : "short");
	exit(1);
}

static uint8_t *allocate(size_t size)
{
	void *bytes;

	if (posix_memalign(&bytes, BLOCK, size))
		exit(2);
	memset(bytes, 0, size);
	return bytes;
}

static int open_file(int flags)
{
	int fd = open(path, O_RDWR | flags, 0644);

	if (fd < 0)
		fail(path);
	return fd;
}

static uint8_t *map_file(size_t size)
{
	int fd = open_file(0);
	uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		fail("mmap");
	close(fd);
	return map;
}

static void change(int how, const uint8_t *bytes, size_t size, size_t offset, uint8_t *map)
{
	int fd;

	if (how == STORE) {
		memcpy(map + offset, bytes, size);
		return;
	}
	fd = open_file(how == DIRECT_WRITE ? O_DIRECT : 0);
	errno = 0;
	if (pwrite(fd, bytes, size, (off_t)offset) != (ssize_t)size)
		fail(changes[how]);
	close(fd);
}

static void look(int how, uint8_t *bytes, size_t size, size_t offset, const uint8_t *map)
{
	int fd;

	if (how >= LOAD) {
		memcpy(bytes, map + offset, size);
		return;
	}
	fd = open_file(how == DIRECT_READ ? O_DIRECT : 0);
	errno = 0;
	if (pread(fd, bytes, size, (off_t)offset) != (ssize_t)size)
		fail(looks[how]);
	close(fd);
}

/* Waits for the other process; false: it failed. */
static bool ended(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

/* A new file of some blocks, of which the first half has been changed, by a process of the past. */
static void make_file(int before, uint8_t *bytes, size_t size)
{
	int fd;

	unlink(path);
	fd = open_file(O_CREAT | O_EXCL);
	memset(bytes, 0, size);
	if (before == DATA)
		memset(bytes, 0x11, size);
	if (before == DATA && pwrite(fd, bytes, size, 0) != (ssize_t)size)
		fail("write");
	if (ftruncate(fd, (off_t)size) ||
	    (before == ALLOCATED && fallocate(fd, 0, 0, (off_t)size)) || fsync(fd))
		fail("making the file");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

/* Another process changes two blocks of four; this one looks. Returns whether it sees that. */
static bool is_seen(int how_changed, int how_seen, int before, bool looked_before)
{
	size_t size = 4 * BLOCK;
	uint8_t *expected = allocate(size);
	uint8_t *got = allocate(size);
	const uint8_t *map;
	bool same;
	pid_t pid;

	make_file(before, expected, size);
	map = map_file(size);
	if (looked_before)
		look(how_seen, got, size, 0, map);
	memset(expected + BLOCK, 0x77, 2 * BLOCK);
	pid = fork();
	if (pid == 0) {
		change(how_changed, expected + BLOCK, 2 * BLOCK, BLOCK,
		       how_changed == STORE ? map_file(size) : NULL);
		_exit(0);
	}
	if (!ended(pid))
		fail("the other process");
	look(how_seen, got, size, 0, how_seen == LOAD ? map_file(size) : map);
	same = !memcmp(got, expected, size);
	if (!same)
		printf("%s over %s isn't seen when %s%s\n", changes[how_changed], states[before],
		       looks[how_seen], looked_before ? ", as it was before" : "");
	munmap((void *)(uintptr_t)map, size);
	free(expected);
	free(got);
	return same;
}

static int all_seen(void)
{
	int missed = 0;

	for (int changed = 0; changed < CHANGES; changed++)
		for (int seen = 0; seen < LOOKS; seen++)
			for (int before = 0; before < STATES; before++)
				for (int twice = 0; twice < 2; twice++)
					missed += !is_seen(changed, seen, before, twice);
	printf("%d combinations, %d not seen\n", CHANGES * LOOKS * STATES * 2, missed);
	return missed > 0;
}

/* One of the two processes that change the file at the same time. */
struct worker {
	int number;
	uint64_t random;
	uint8_t *map;
	uint8_t *model; /* of the whole file; shared memory, each process with its own bytes */
	uint8_t *bytes;
};

static uint32_t draw(struct worker *worker, uint32_t limit)
{
	/* splitmix64 */
	uint64_t z = worker->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % limit);
}

static void compare(struct worker *worker, int how, size_t offset, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (worker->bytes[i] == worker->model[offset + i])
			continue;
		fprintf(stderr, "process %d, %s: byte %zu is %02x, expected %02x\n", worker->number,
			looks[how], offset + i, worker->bytes[i], worker->model[offset + i]);
		exit(1);
	}
}

/* Its slices of a page that the other process writes to, too: not directly, which is whole blocks.
 */
static void change_slice(struct worker *worker)
{
	size_t offset = (size_t)(AREAS - 1) * AREA;
	int how = draw(worker, 2) ? STORE : WRITE;
	int seen = draw(worker, 2) ? LOAD : READ;

	offset += (size_t)(2 * draw(worker, 16 * BLOCK / (2 * SLICE)) + (uint32_t)worker->number) *
		  SLICE;
	memset(worker->model + offset, (int)(1 + draw(worker, 255)), SLICE);
	change(how, worker->model + offset, SLICE, offset, worker->map);
	look(seen, worker->bytes, SLICE, offset, worker->map);
	compare(worker, seen, offset, SLICE);
}

static void change_area(struct worker *worker)
{
	size_t offset = (size_t)(2 * draw(worker, 2) + (uint32_t)worker->number) * AREA;
	size_t size = BLOCK * (1 + draw(worker, MAX_IO / BLOCK));
	int how = (int)draw(worker, CHANGES + 1);
	int seen = (int)draw(worker, LOAD_BEFORE);
	int fd;

	offset += BLOCK * draw(worker, (AREA - MAX_IO) / BLOCK);
	memset(worker->model + offset, how == CHANGES ? 0 : (int)(1 + draw(worker, 255)), size);
	if (how == CHANGES) {
		fd = open_file(0);
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			      (off_t)size))
			fail("punching a hole");
		close(fd);
	} else {
		memcpy(worker->bytes, worker->model + offset, size);
		change(how, worker->bytes, size, offset, worker->map);
	}
	look(seen, worker->bytes, size, offset, worker->map);
	compare(worker, seen, offset, size);
}

/* Pages of both processes are written to the medium, while the other one goes on. */
static void make_durable(void)
{
	int fd = open_file(0);

	if (fsync(fd))
		fail("fsync");
	close(fd);
}

static void work(struct worker *worker, long count)
{
	worker->map = map_file((size_t)AREAS * AREA);
	for (long i = 0; i < count; i++) {
		if (draw(worker, 16) == 0)
			make_durable();
		if (draw(worker, 3) == 0)
			change_slice(worker);
		else
			change_area(worker);
	}
}

static int at_once(uint64_t seed, long count)
{
	size_t size = (size_t)AREAS * AREA;
	struct worker worker = {.bytes = allocate(size)};
	pid_t pids[2];
	bool good;

	worker.model = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (worker.model == MAP_FAILED)
		return 2;
	make_file(HOLE, worker.bytes, size);
	for (int i = 0; i < 2; i++) {
		worker.number = i;
		worker.random = seed + (uint64_t)i;
		pids[i] = fork();
		if (pids[i] == 0) {
			work(&worker, count);
			_exit(0);
		}
	}
	/* Both are waited for, whatever the first one did. */
	good = ended(pids[0]);
	good = ended(pids[1]) && good;
	if (!good)
		return 1;
	worker.map = map_file(size);
	for (int seen = 0; seen < LOAD_BEFORE; seen++) {
		look(seen, worker.bytes, size, 0, worker.map);
		compare(&worker, seen, 0, size);
	}
	printf("%ld changes by each of two processes: no difference\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3)
		path = argv[2];
	if (argc == 3 && !strcmp(argv[1], "seen"))
		return all_seen();
	if (argc == 5 && !strcmp(argv[1], "at-once"))
		return at_once(strtoull(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
	fprintf(stderr, "usage: coherence seen FILE | coherence at-once FILE SEED COUNT\n");
	return 2;
}
