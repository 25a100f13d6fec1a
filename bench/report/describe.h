/* SPDX-License-Identifier: MIT */
/*
 * Sentences about a whole run that the terminal and the HTML report share.
 */
#ifndef BYPASS_REPORT_DESCRIBE_H
#define BYPASS_REPORT_DESCRIBE_H

#include <stddef.h>
#include <stdio.h>

#include "core/run.h"

/* "clock instructions, 9 runs (3 boots of 3), seed 7, 2m41s" */
void describe_how(const struct run *run, FILE *out);
/* "ns" or "instructions". */
const char *describe_clock(enum run_clock clock);
/* "41 ns/op", "0.52 instructions/op"; "- ns/op" if it wasn't measured. */
void describe_null(const struct run *run, FILE *out);
/*
 * How many claims about measured cells were unobserved, which and why, below an empty line; nothing
 * if there are none.
 */
void describe_unobserved(const struct run *run, FILE *out);
/* What a target is, in a few words; all that is known of it is in the HTML report. */
void describe_target(const json_t *target, FILE *out);
/*
 * Any JSON value on one line: strings as they are, an object's values one after the other, named
 * where the value alone says too little.
 */
void describe_json(const json_t *value, FILE *out);

#endif
