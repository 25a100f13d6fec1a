/* SPDX-License-Identifier: MIT */
/*
 * What the tests of replays share: each rule of a model is a short log with the contents that a
 * power cut behind it may leave, and the replay itself is asked for them.
 */
#ifndef FIXTURE_RULES_H
#define FIXTURE_RULES_H

#include <stddef.h>
#include <stdio.h>

struct rule {
	const char *sentence;
	const char *records; /* of four characters each; the test says what they mean */
	/* The first bytes of two pieces of the medium: */
	const char *least; /* when nothing that needn't be there is there */
	const char *most;
};

struct replay {
	const char *program;
	const char *size;    /* of the medium, if the program is to be told, else "" */
	unsigned int second; /* offset of the second piece */
	/* Writes FOLDER/log, or files whose names begin so, and FOLDER/image. */
	void (*write_log)(const char *folder, const char *records);
};

/* More marks behind a log's records than records, so that a random moment is behind these, too. */
enum { RULE_MARKS = 100000 };

/* FOLDER/NAME, to be written. */
FILE *rule_create(const char *folder, const char *name);

/* Tries all rules and says of each if it holds. Returns the program's exit status. */
int rules_hold(const struct replay *replay, const struct rule *rules, size_t count);

#endif
