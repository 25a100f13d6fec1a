/* SPDX-License-Identifier: MIT */
/* What a student has reached: a file in the lab's work folder. Losing it loses nothing else. */
#ifndef LABS_PROGRESS_H
#define LABS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/lab.h"

/* The check's newest outcome. */
void progress_note(const struct lab *lab, const char *check, const char *outcome);
bool progress_of(const struct lab *lab, const char *check, char *outcome, size_t size);
/* How many hints were shown. */
void progress_note_hint(const struct lab *lab, const char *check, unsigned int shown);
unsigned int progress_hints(const struct lab *lab, const char *check);

#endif
