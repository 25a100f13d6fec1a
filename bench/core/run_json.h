/* SPDX-License-Identifier: MIT */
/*
 * Private to run_json*.c: which member of a JSON object holds which member of a structure. Writer
 * and reader go through the same tables, so they can't disagree. docs/results-format.md says what
 * each means.
 */
#ifndef BYPASS_RUN_JSON_H
#define BYPASS_RUN_JSON_H

#include <stdio.h>

#include "core/run.h"

enum field_type {
	FIELD_END,
	FIELD_U64,
	FIELD_COST, /* uint64_t in the run's clock: the name gets _ns or _insn */
	FIELD_UINT,
	FIELD_BOOL,
	FIELD_ENUM,
	FIELD_CHARS,  /* char[] */
	FIELD_STRING, /* char *, owned */
	FIELD_SHARED, /* const char *, see run_share_string */
	FIELD_OPTION, /* of a struct workload (offset 0), as workload_set takes its text */
};

struct field {
	const char *name;
	enum field_type type;
	bool optional;     /* may be absent: a string that is NULL, what older files don't have */
	size_t offset;     /* in the structure that the table is about */
	size_t known;      /* offset of the bool that says whether there is a value; 0: always */
	size_t room;       /* of FIELD_CHARS */
	uint64_t min, max; /* of a number; max 0: 2^63 - 1 */
	const char *const *names; /* of FIELD_ENUM, by value, ending with NULL */
};

extern const struct field run_fields[];
extern const struct field warning_fields[];
extern const struct field cell_fields[];
extern const struct field workload_fields[];
extern const struct field evidence_fields[];
extern const struct field functions_fields[]; /* of struct function_counts, but for the list */
extern const struct field function_fields[];
extern const struct field repetition_fields[];
extern const struct field pass_fields[];
extern const struct field device_fields[]; /* of struct pass_result, where device_known */

/* "duration" becomes "duration_ns" or "duration_insn". */
struct field_name {
	char text[64];
};
struct field_name field_in_clock(const char *name, enum run_clock clock);

/* Text of @json as people can read and compare it: an object on a line of its own if it fits. */
int run_json_dump(const json_t *json, FILE *file);

#endif
