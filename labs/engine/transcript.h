/* SPDX-License-Identifier: MIT */
/*
 * What a guest said while it ran checks. It may be anything: the student's module is root there.
 * Lines of ours begin with a word that only the host and our script know:
 *
 *   NONCE begin I      check I runs; what follows is its output
 *   NONCE end I STATUS it came to its end
 *   NONCE hung I       it didn't, and its time is over
 *
 * What a check prints has a '|' before each line, so that none of it is taken for these. Of it
 * count lines "observe KEY VALUE".
 */
#ifndef LABS_TRANSCRIPT_H
#define LABS_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct section {
	bool begun, ended, hung;
	int status;
	const char *text; /* in the transcript */
	size_t length;
};

/* Fills in @sections: one for each of the @n checks. @text ends with a NUL. */
void transcript_read(const char *text, const char *nonce, struct section *sections, size_t n);

/*
 * Copies the lines of a section to @log, without control characters, and its observations to
 * @observations: 2000 at most, each a key and a value of printable characters.
 */
void section_copy(const struct section *section, FILE *log, FILE *observations);

#endif
