/* SPDX-License-Identifier: MIT */
/*
 * One sentence per error: what, why, what to do. Functions return 0 or a negative errno and, where
 * they take a struct error, leave the sentence there for the edge (the command line) to print.
 */
#ifndef BYPASS_ERROR_H
#define BYPASS_ERROR_H

struct error {
	char text[1024];
};

/* Writes the sentence and returns @result (a negative errno), so that callers can `return` it. */
int error_set(struct error *e, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
