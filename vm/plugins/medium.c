// SPDX-License-Identifier: MIT
#include "vm/plugins/medium.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 4096 };

int medium_init(struct medium *medium, uint64_t nbytes, const char *path)
{
	*medium = (struct medium){.nbytes = nbytes, .file = open(path, O_RDWR | O_CLOEXEC)};
	if (medium->file < 0)
		return -errno;
	medium->bytes = calloc(1, nbytes);
	medium->used = calloc(nbytes / BLOCK + 1, sizeof(*medium->used));
	if (medium->bytes && medium->used)
		return 0;
	medium_free(medium);
	return -ENOMEM;
}

void medium_free(struct medium *medium)
{
	free(medium->bytes);
	free(medium->used);
	free(medium->changes);
	close(medium->file);
}

int medium_write(struct medium *medium, uint64_t offset, const void *bytes, size_t nbytes)
{
	if (offset > medium->nbytes || nbytes > medium->nbytes - offset)
		return -ERANGE;
	memcpy(medium->bytes + offset, bytes, nbytes);
	for (uint64_t block = offset / BLOCK; block * BLOCK < offset + nbytes; block++)
		medium->used[block] = true;
	return 0;
}

int medium_try(struct medium *medium, uint64_t offset, const void *bytes, size_t nbytes)
{
	struct medium_change *change;

	if (offset > medium->nbytes || nbytes > medium->nbytes - offset ||
	    nbytes > sizeof(change->before))
		return -ERANGE;
	if (medium->change_count == medium->change_room) {
		const size_t room = medium->change_room * 2 + 64;

		change = reallocarray(medium->changes, room, sizeof(*change));
		if (!change)
			return -ENOMEM;
		medium->changes = change;
		medium->change_room = room;
	}
	change = &medium->changes[medium->change_count++];
	change->offset = offset;
	change->nbytes = nbytes;
	memcpy(change->before, medium->bytes + offset, nbytes);
	return medium_write(medium, offset, bytes, nbytes);
}

void medium_undo(struct medium *medium)
{
	while (medium->change_count) {
		const struct medium_change *change = &medium->changes[--medium->change_count];

		memcpy(medium->bytes + change->offset, change->before, change->nbytes);
	}
}

/* One call for all blocks in a row that are used, or aren't: a new content costs little time. */
static int store(const struct medium *medium)
{
	const uint64_t nblocks = (medium->nbytes + BLOCK - 1) / BLOCK;
	uint64_t end;

	for (uint64_t block = 0; block < nblocks; block = end) {
		const uint64_t offset = block * BLOCK;
		uint64_t nbytes;

		end = block + 1;
		while (end < nblocks && medium->used[end] == medium->used[block])
			end++;
		nbytes = (end < nblocks ? end * BLOCK : medium->nbytes) - offset;
		if (!medium->used[block]) {
			if (fallocate(medium->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				      (off_t)offset, (off_t)nbytes))
				return -errno;
		} else if (pwrite(medium->file, medium->bytes + offset, nbytes, (off_t)offset) !=
			   (ssize_t)nbytes) {
			return -EIO;
		}
	}
	return 0;
}

static int run(char *const *argv)
{
	int status;
	pid_t child = vfork();

	if (child == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return 127;
	return WEXITSTATUS(status);
}

int medium_ask(const struct medium *medium, char *const *command, const struct medium_marks *marks,
	       unsigned int threads)
{
	char numbers[MEDIUM_THREADS][16];
	char *argv[32];
	size_t count = 0;

	if (!command[0] || store(medium))
		return 127;
	while (count < 32 - MEDIUM_THREADS - 1 && command[count]) {
		argv[count] = command[count];
		count++;
	}
	for (unsigned int i = 0; i < threads; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%u", marks->thread[i]);
		argv[count++] = numbers[i];
	}
	argv[count] = NULL;
	return run(argv);
}

uint64_t medium_random(uint64_t *state)
{
	/* splitmix64 */
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}
