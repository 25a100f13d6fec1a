/* SPDX-License-Identifier: MIT */
/*
 * What a power cut may leave of a load on a file system.
 *
 * The load is a sequence of operations that a seed determines, so whoever knows the seed and how
 * many operations had been acknowledged knows what must be there. Each thread has a sequence and
 * names of its own; the folders are shared.
 *
 * A file is made of lines of 64 bytes, as the processor's cache is. Each says by which operation it
 * was written, to which file and where, so that one which is lost or somebody else's is told from
 * one that may be there.
 */
#ifndef POWERCUT_MODEL_H
#define POWERCUT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	POWERCUT_THREADS = 3,
	POWERCUT_FOLDERS = 2,
	POWERCUT_NAMES = 5,
	POWERCUT_LINE = 64,
	POWERCUT_LINES = 2048,
	POWERCUT_PENDING = 7,
};

enum powercut_kind {
	POWERCUT_CREATE,
	POWERCUT_UNLINK,
	POWERCUT_RENAME,
	POWERCUT_WRITE,
	POWERCUT_WRITE_DIRECT,
	POWERCUT_WRITE_DSYNC, /* from here to FDATASYNC: when it returns, what it wrote is durable
			       */
	POWERCUT_STORE_MSYNC,
	POWERCUT_STORE_FLUSH, /* MAP_SYNC, the lines flushed from the cache by the program */
	POWERCUT_FSYNC,
	POWERCUT_FDATASYNC,
	POWERCUT_STORE, /* to a shared mapping, nothing else */
	POWERCUT_TRUNCATE,
	POWERCUT_PUNCH,
};

struct powercut_operation {
	uint32_t number; /* of this thread, from 1 */
	enum powercut_kind kind;
	int name;
	int other;      /* RENAME: the new name */
	uint32_t first; /* lines; for TRUNCATE `first` is the size */
	uint32_t count;
};

/* A line's value is the number of the operation that wrote it, or 0 for zeros. */
struct powercut_line {
	uint32_t durable;
	uint32_t pending[POWERCUT_PENDING]; /* written since, the last one last */
	uint32_t pending_count;
};

struct powercut_file {
	uint32_t id;
	uint32_t size; /* in lines; after a power cut anything from least to most */
	uint32_t least;
	uint32_t most;
	struct powercut_line lines[POWERCUT_LINES];
};

struct powercut_model {
	uint64_t random;
	uint32_t thread;
	uint32_t number;
	uint32_t ids;
	bool dax; /* there is MAP_SYNC */
	struct powercut_file *names[POWERCUT_NAMES];
};

void powercut_model_init(struct powercut_model *model, uint64_t seed, uint32_t thread, bool dax);
void powercut_model_free(struct powercut_model *model);

/* The next operation; the model is as it was. */
struct powercut_operation powercut_next(struct powercut_model *model);

/* It has begun: what it changes may be on the medium or not. Not for operations on names. */
void powercut_begin(struct powercut_model *model, const struct powercut_operation *operation);

/* It has returned. */
void powercut_acknowledge(struct powercut_model *model, const struct powercut_operation *operation);

bool powercut_changes_names(const struct powercut_operation *operation);

/* `path` has room for 4096 bytes. */
const char *powercut_path(const char *folder, uint32_t thread, int name, char *path);

void powercut_fill_line(uint8_t *line, uint32_t thread, uint32_t file, uint32_t index,
			uint32_t value);

/* The value of a line, or -1 if these are not the bytes of a line that belongs here. */
int64_t powercut_read_line(const uint8_t *line, uint32_t thread, uint32_t file, uint32_t index);

#endif
