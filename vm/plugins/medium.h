/* SPDX-License-Identifier: MIT */
/*
 * The contents of a medium at one moment, and those that a power cut could have left instead. Each
 * can be written to a file and shown to a command that says if it is as it must be.
 */
#ifndef MEDIUM_H
#define MEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct medium_change {
	uint64_t offset;
	size_t nbytes;
	uint8_t before[512];
};

struct medium {
	uint8_t *bytes;
	uint64_t nbytes;
	bool *used; /* blocks of 4096 that are not all zeros */
	struct medium_change *changes;
	size_t change_count;
	size_t change_room;
	int file;
};

enum { MEDIUM_THREADS = 16 };

/* How many operations of each thread had been acknowledged. */
struct medium_marks {
	uint32_t thread[MEDIUM_THREADS];
};

/* Zeros. `path` is the file that contents are written to. Returns 0 or a negative errno. */
int medium_init(struct medium *medium, uint64_t nbytes, const char *path);
void medium_free(struct medium *medium);

/* For good. Returns 0, or -ERANGE if the bytes are not all inside the medium. */
int medium_write(struct medium *medium, uint64_t offset, const void *bytes, size_t nbytes);

/* At most 512 bytes, until medium_undo. */
int medium_try(struct medium *medium, uint64_t offset, const void *bytes, size_t nbytes);
void medium_undo(struct medium *medium);

/*
 * Writes the contents to the file and runs `command` with the numbers of the first `threads` marks
 * behind its arguments. Returns its exit status, or 127.
 */
int medium_ask(const struct medium *medium, char *const *command, const struct medium_marks *marks,
	       unsigned int threads);

uint64_t medium_random(uint64_t *state);

#endif
