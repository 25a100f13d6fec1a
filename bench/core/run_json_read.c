// SPDX-License-Identifier: MIT
/*
 * From JSON to a run. The file may come from anywhere: every type, range and length is checked, and
 * nothing is believed that could be wrong. Members that we don't know are passed over, so that
 * files of a later bypass with the same schema version can be read. Summaries are computed anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/run_json_reader.h"

/* Far above what a run has, low enough for a damaged file to be refused early. */
#define CELLS_LIMIT 65536

static int read_cells(struct reader *reader, const json_t *json)
{
	struct run *run = reader->run;
	const json_t *list;
	size_t i, back;
	int result = reader_list(reader, json, "cells", CELLS_LIMIT, true, &list);

	if (result)
		return result;
	run->cells = memory_zeroed(json_array_size(list), sizeof(*run->cells));
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = reader_enter(reader, "cells", i);
		run->ncells = i + 1;
		result = read_cell(reader, json_array_get(list, i), &run->cells[i]);
		reader_leave(reader, back);
	}
	return result;
}

static int read_warnings(struct reader *reader, const json_t *json)
{
	struct run *run = reader->run;
	const json_t *list;
	size_t i, back;
	int result = reader_list(reader, json, "warnings", LIST_LIMIT, true, &list);

	if (result)
		return result;
	run->warnings = memory_zeroed(json_array_size(list), sizeof(*run->warnings));
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = reader_enter(reader, "warnings", i);
		run->nwarnings = i + 1;
		result = reader_fields(reader, warning_fields, json_array_get(list, i),
				       &run->warnings[i]);
		reader_leave(reader, back);
	}
	return result;
}

static int read_argv(const struct reader *reader, const json_t *json)
{
	struct run *run = reader->run;
	const json_t *list;
	const char *value;
	size_t i;
	int result = reader_list(reader, json, "argv", LIST_LIMIT, false, &list);

	if (result)
		return result;
	run->argv = memory_zeroed(json_array_size(list) + 1, sizeof(*run->argv));
	for (i = 0; i < json_array_size(list); i++) {
		value = reader_text(json_array_get(list, i));
		if (!value)
			return reader_fail(reader, "argv", "must hold strings only");
		run->argv[run->argc++] = memory_string(value);
	}
	return 0;
}

/* status, seed and null_path: what has no table. */
static int read_irregular(const struct reader *reader, const json_t *json)
{
	struct run *run = reader->run;
	const char *status = json_string_value(json_object_get(json, "status"));
	const char *seed = json_string_value(json_object_get(json, "seed"));
	struct field_name name = field_in_clock("per_1000_ops", run->clock);
	const json_t *null_path = json_object_get(json, "null_path");
	const json_t *cost = json_object_get(null_path, name.text);
	char *end;

	if (!status || (strcmp(status, "complete") != 0 && strcmp(status, "partial") != 0))
		return reader_fail(reader, "status", "must be complete or partial");
	run->complete = strcmp(status, "complete") == 0;
	errno = 0;
	if (seed)
		run->seed = strtoull(seed, &end, 10);
	/* strtoull takes blanks and signs, and we don't. */
	if (!seed || !*seed || strspn(seed, "0123456789") != strlen(seed) || errno)
		return reader_fail(reader, "seed",
				   "must be a string of decimal digits, below 2^64");
	if (!cost)
		return reader_fail(reader, "null_path", "must be an object with %s", name.text);
	run->null_known = !json_is_null(cost);
	if (!run->null_known)
		return 0;
	return reader_number(reader, "null_path", cost, 0, 0, &run->null_per_op);
}

static int read_object(const struct reader *reader, const json_t *json, const char *name,
		       json_t **object)
{
	json_t *value = json_object_get(json, name);

	if (!json_is_object(value))
		return reader_fail(reader, name, "must be an object");
	json_decref(*object);
	*object = json_deep_copy(value);
	if (!*object)
		memory_exhausted();
	return 0;
}

static int check_version(const struct reader *reader, const json_t *json)
{
	const json_t *version = json_object_get(json, "schema_version");

	if (!json_is_integer(version) || json_integer_value(version) < 1)
		return reader_fail(reader, "schema_version", "must be a whole number from 1");
	if (json_integer_value(version) > RUN_SCHEMA_VERSION)
		return error_set(reader->e, -EINVAL,
				 "schema_version is %lld and this bypass reads up to %d; read the "
				 "file with the bypass that wrote it or a later one",
				 (long long)json_integer_value(version), RUN_SCHEMA_VERSION);
	return 0;
}

static int read_run(struct reader *reader, const json_t *json)
{
	int result = check_version(reader, json);

	if (!result)
		result = reader_fields(reader, run_fields, json, reader->run);
	if (!result)
		result = read_irregular(reader, json);
	if (!result)
		result = read_argv(reader, json);
	if (!result)
		result = read_warnings(reader, json);
	if (!result)
		result = read_object(reader, json, "environment", &reader->run->environment);
	if (!result)
		result = read_object(reader, json, "targets", &reader->run->targets);
	if (!result)
		result = read_cells(reader, json);
	return result;
}

int run_from_json(struct run **run, const json_t *json, struct error *e)
{
	struct reader reader = {.run = run_new(), .e = e, .where = ""};
	int result = read_run(&reader, json);

	if (result) {
		run_free(reader.run);
		return result;
	}
	run_summarize(reader.run);
	*run = reader.run;
	return 0;
}
