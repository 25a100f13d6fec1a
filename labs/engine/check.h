/* SPDX-License-Identifier: MIT */
/*
 * What a check of a lab is written with: a C program that is linked with the student's code. It
 * says what it does, step by step, and what it expected and saw where that went wrong.
 */
#ifndef LABS_CHECK_H
#define LABS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lab_check {
	const char *name; /* as in lab.ini */
	void (*run)(void);
};

/* Remembered, and shown if something later goes wrong. */
void lab_step(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line that is shown though the check passes: what it measured. */
void lab_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the check: the answer is wrong. @expected is a whole sentence, and so is what was seen. */
_Noreturn void lab_wrong(const char *expected, const char *seen_format, ...)
	__attribute__((format(printf, 2, 3)));
/* Ends the check: not the student's fault. */
_Noreturn void lab_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* lab_wrong unless @condition. */
#define LAB_EXPECT(condition, expected, ...)                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			lab_wrong(expected, __VA_ARGS__);                                          \
	} while (0)

/*
 * @folder: where this program is, to work in. @root: the project's, of which @source, the check's
 * own __FILE__, is labs/NN-name/check.c. Both have room for @size bytes.
 */
void lab_find_folders(const char *source, char *folder, char *root, size_t size);

/*
 * Runs the check that argv[1] names, of a table that ends with a NULL name, and tells `bypass lab`
 * that it came to its end. Returns main's result.
 */
int lab_main(int argc, char **argv, const struct lab_check *checks);

#endif
