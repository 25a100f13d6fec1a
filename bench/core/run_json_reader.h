/* SPDX-License-Identifier: MIT */
/*
 * Private to run_json_read*.c: members of JSON objects, checked one by one. All return 0 or -EINVAL
 * with a sentence that says where in the file it went wrong.
 */
#ifndef BYPASS_RUN_JSON_READER_H
#define BYPASS_RUN_JSON_READER_H

#include "core/run_json.h"

/* Entries of a list: far above what a run has, low enough for a damaged file to be refused early.
 */
#define LIST_LIMIT 10000

struct reader {
	struct run *run;
	struct error *e;
	char where[128]; /* "cells[3].repetitions[1].", for the sentence */
};

/* -EINVAL and what is wrong with member @name, as in "must be a list". */
int reader_fail(const struct reader *reader, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Goes down to @name (number @index of a list), and returns how to come back. */
size_t reader_enter(struct reader *reader, const char *name, size_t index);
void reader_leave(struct reader *reader, size_t length);
/* @max 0: 2^63 - 1. */
int reader_number(const struct reader *reader, const char *name, const json_t *json, uint64_t min,
		  uint64_t max, uint64_t *value);
/* A string that C can hold: JSON's may contain NUL. NULL where it is none. */
const char *reader_text(const json_t *json);
/* The members of table @field, into the structure at @base. */
int reader_fields(const struct reader *reader, const struct field *field, const json_t *object,
		  void *base);
/* The list @name of @object, of at most @limit entries; entries are objects if @objects. */
int reader_list(const struct reader *reader, const json_t *object, const char *name, size_t limit,
		bool objects, const json_t **list);

/* run_json_read_cell.c: one entry of "cells". */
int read_cell(struct reader *reader, const json_t *object, struct cell *cell);

#endif
