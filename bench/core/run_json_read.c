// SPDX-License-Identifier: MIT
/*
 * From JSON to a run. The file may come from anywhere: every type, range and length is checked, and
 * nothing is believed that could be wrong. Members that we don't know are passed over, so that
 * files of a later bypass with the same schema version can be read. Summaries are computed anew.
 */
#include "core/run_json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

/* Far above what a run has, low enough for a damaged file to be refused early. */
#define CELLS_LIMIT       65536
#define REPETITIONS_LIMIT 10000
#define LIST_LIMIT        10000
#define FUNCTIONS_LIMIT   100000
#define NODE_LIMIT        1023
/* So that no sum of counts over repetitions can wrap. */
#define HISTOGRAM_LIMIT (1ull << 48)

struct reader {
	struct run *run;
	struct error *e;
	char where[128]; /* "cells[3].repetitions[1].", for the sentence */
};

static int fail(const struct reader *reader, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(const struct reader *reader, const char *name, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return error_set(reader->e, -EINVAL,
			 "%s%s %s; this is no run.json or it is damaged: run the suite again",
			 reader->where, name, what);
}

/* Goes down to @name (number @index of a list), and returns how to come back. */
static size_t enter(struct reader *reader, const char *name, size_t index)
{
	size_t length = strlen(reader->where);

	snprintf(reader->where + length, sizeof(reader->where) - length, "%s[%zu].", name, index);
	return length;
}

static void leave(struct reader *reader, size_t length)
{
	reader->where[length] = '\0';
}

static int read_number(const struct reader *reader, const char *name, const json_t *json,
		       uint64_t min, uint64_t max, uint64_t *value)
{
	json_int_t number = json_integer_value(json);

	if (!max)
		max = INT64_MAX;
	if (!json_is_integer(json) || number < 0 || (uint64_t)number < min ||
	    (uint64_t)number > max)
		return fail(reader, name, "must be a whole number from %llu to %llu",
			    (unsigned long long)min, (unsigned long long)max);
	*value = (uint64_t)number;
	return 0;
}

static int read_enum(const struct reader *reader, const struct field *field, const json_t *json,
		     void *member)
{
	const char *value = json_string_value(json);
	unsigned int i;

	for (i = 0; value && field->names[i]; i++) {
		if (strcmp(value, field->names[i]) == 0) {
			memcpy(member, &i, sizeof(i));
			return 0;
		}
	}
	return fail(reader, field->name, "has a value that is not known here");
}

/* A string that C can hold: JSON's may contain NUL. */
static const char *string_of(const json_t *json)
{
	const char *value = json_string_value(json);

	return value && strlen(value) == json_string_length(json) ? value : NULL;
}

static int read_string(const struct reader *reader, const struct field *field, const json_t *json,
		       void *member)
{
	const char *value = string_of(json);

	if (!value)
		return fail(reader, field->name, "must be a string");
	if (field->type == FIELD_CHARS && strlen(value) >= field->room)
		return fail(reader, field->name, "is longer than %zu bytes", field->room - 1);
	if (field->type == FIELD_CHARS)
		memcpy(member, value, strlen(value) + 1);
	else if (field->type == FIELD_SHARED)
		*(const char **)member = run_share_string(reader->run, value);
	else
		*(char **)member = memory_string(value);
	return 0;
}

static int read_option(const struct reader *reader, const struct field *field, const json_t *json,
		       struct workload *w)
{
	const char *value = string_of(json);
	struct error why;

	if (!value || workload_set(w, field->name, value, &why))
		return fail(reader, field->name, "has a value that is not known here");
	return 0;
}

static int read_member(const struct reader *reader, const struct field *field, const char *name,
		       const json_t *json, void *member)
{
	uint64_t value = 0;
	int result;

	switch (field->type) {
	case FIELD_U64:
	case FIELD_COST:
		return read_number(reader, name, json, field->min, field->max, member);
	case FIELD_UINT:
		result = read_number(reader, name, json, field->min, field->max, &value);
		*(unsigned int *)member = (unsigned int)value;
		return result;
	case FIELD_BOOL:
		if (!json_is_boolean(json))
			return fail(reader, name, "must be true or false");
		*(bool *)member = json_is_true(json);
		return 0;
	case FIELD_ENUM:
		return read_enum(reader, field, json, member);
	case FIELD_CHARS:
	case FIELD_STRING:
	case FIELD_SHARED:
		return read_string(reader, field, json, member);
	case FIELD_OPTION:
		return read_option(reader, field, json, member);
	case FIELD_END:
		break;
	}
	return 0;
}

static int read_fields(const struct reader *reader, const struct field *field, const json_t *object,
		       void *base)
{
	struct field_name name;
	const json_t *value;
	int result;

	for (; field->type != FIELD_END; field++) {
		snprintf(name.text, sizeof(name.text), "%s", field->name);
		if (field->type == FIELD_COST)
			name = field_in_clock(field->name, reader->run->clock);
		value = json_object_get(object, name.text);
		if (!value && (field->optional || field->known))
			continue;
		if (!value)
			return fail(reader, name.text, "is missing");
		result = read_member(reader, field, name.text, value, (char *)base + field->offset);
		if (result)
			return result;
		if (field->known)
			*(bool *)((char *)base + field->known) = true;
	}
	return 0;
}

/* The list @name of @object, of at most @limit entries; entries are objects if @objects. */
static int get_list(const struct reader *reader, const json_t *object, const char *name,
		    size_t limit, bool objects, const json_t **list)
{
	size_t i;

	*list = json_object_get(object, name);
	if (!json_is_array(*list))
		return fail(reader, name, "must be a list");
	if (json_array_size(*list) > limit)
		return fail(reader, name, "has more than %zu entries", limit);
	for (i = 0; objects && i < json_array_size(*list); i++) {
		if (!json_is_object(json_array_get(*list, i)))
			return fail(reader, name, "must hold objects only");
	}
	return 0;
}

static int read_bucket(const struct reader *reader, const char *name, const json_t *bucket,
		       struct histogram *h, unsigned int *next)
{
	uint64_t low = 0, count = 0;
	unsigned int index;
	int result;

	if (!json_is_array(bucket) || json_array_size(bucket) != 2)
		return fail(reader, name, "must hold pairs of value and count");
	result = read_number(reader, name, json_array_get(bucket, 0), 0, 0, &low);
	if (!result)
		result = read_number(reader, name, json_array_get(bucket, 1), 1, HISTOGRAM_LIMIT,
				     &count);
	if (result)
		return result;
	index = histogram_index(low);
	if (histogram_bucket_low(index) != low || index < *next)
		return fail(reader, name, "must hold bucket limits, each once and ascending");
	h->count[index] = count;
	*next = index + 1;
	return 0;
}

static int read_histogram(const struct reader *reader, const json_t *object,
			  struct pass_result *pass)
{
	struct field_name name = field_in_clock("histogram", reader->run->clock);
	const json_t *list;
	unsigned int next = 0;
	size_t i;
	int result;

	if (!json_object_get(object, name.text))
		return 0;
	result = get_list(reader, object, name.text, HISTOGRAM_BUCKETS, false, &list);
	if (result)
		return result;
	pass->latency = memory_zeroed(1, sizeof(*pass->latency));
	for (i = 0; i < json_array_size(list); i++) {
		result = read_bucket(reader, name.text, json_array_get(list, i), pass->latency,
				     &next);
		if (result)
			return result;
	}
	if (histogram_total(pass->latency) > HISTOGRAM_LIMIT)
		return fail(reader, name.text, "counts more than 2^48 operations");
	return 0;
}

static int read_pass(const struct reader *reader, const json_t *object, struct pass_result *pass)
{
	const json_t *device = json_object_get(object, "device");
	int result = read_fields(reader, pass_fields, object, pass);

	if (result)
		return result;
	if (device) {
		result = read_fields(reader, device_fields, device, pass);
		if (result)
			return result;
		pass->device_known = true;
	}
	return read_histogram(reader, object, pass);
}

static int read_repetition(struct reader *reader, const json_t *object, struct cell *cell)
{
	struct repetition *repetition = cell_add_repetition(cell, 0, 0);
	const json_t *passes;
	size_t back, p;
	int result = read_fields(reader, repetition_fields, object, repetition);

	if (!result)
		result = get_list(reader, object, "passes", PASSES_MAX, true, &passes);
	for (p = 0; !result && p < json_array_size(passes); p++) {
		back = enter(reader, "passes", p);
		repetition->npasses = (unsigned int)p + 1;
		result = read_pass(reader, json_array_get(passes, p), &repetition->pass[p]);
		leave(reader, back);
	}
	return result;
}

static int read_half_block(const struct reader *reader, const char *name, const json_t *list,
			   struct cell *cell, size_t p)
{
	size_t i;
	int result = 0;

	if (!json_is_array(list) || json_array_size(list) != cell->nhalf_block)
		return fail(reader, name, "must hold lists of one length");
	cell->half_block[p] = memory_zeroed(cell->nhalf_block, sizeof(*cell->half_block[p]));
	for (i = 0; !result && i < cell->nhalf_block; i++)
		result = read_number(reader, name, json_array_get(list, i), 0, 0,
				     &cell->half_block[p][i]);
	return result;
}

static int read_half_blocks(const struct reader *reader, const json_t *object, struct cell *cell)
{
	struct field_name name = field_in_clock("half_block", reader->run->clock);
	const json_t *lists;
	size_t p;
	int result;

	if (!json_object_get(object, name.text))
		return 0;
	result = get_list(reader, object, name.text, PASSES_MAX, false, &lists);
	if (result)
		return result;
	cell->nhalf_block = json_array_size(json_array_get(lists, 0));
	if (cell->nhalf_block > LIST_LIMIT)
		return fail(reader, name.text, "has more than %d entries", LIST_LIMIT);
	for (p = 0; !result && p < json_array_size(lists); p++)
		result = read_half_block(reader, name.text, json_array_get(lists, p), cell, p);
	return result;
}

static int read_witness(const struct reader *reader, const json_t *object, const char *name,
			struct quantity counts[PASSES_MAX])
{
	const json_t *list;
	int result;

	if (!json_object_get(object, name))
		return 0;
	result = get_list(reader, object, name, PASSES_MAX, false, &list);
	for (size_t p = 0; !result && p < json_array_size(list); p++) {
		struct quantity *q = &counts[p];

		if (json_is_null(json_array_get(list, p)))
			continue;
		result = read_number(reader, name, json_array_get(list, p), 0, 0, &q->median);
		q->known = !result;
		q->low = q->high = q->median;
	}
	return result;
}

static int read_cpu_counters(const struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *counters = json_object_get(object, "cpu_counters_per_1000_ios");
	const json_t *unavailable = json_object_get(counters, "unavailable");
	int result = 0;

	for (unsigned int i = 0; i < NCPU_COUNTERS && !result; i++) {
		const char *name = cpu_counter_name((enum cpu_counter)i);
		struct quantity counts[PASSES_MAX] = {{.known = false}};
		const json_t *reason = json_object_get(unavailable, name);

		result = read_witness(reader, counters, name, counts);
		for (unsigned int p = 0; p < PASSES_MAX; p++)
			cell->cpu_counters[p][i] = counts[p];
		if (reason && !string_of(reason))
			return fail(reader, name, "must say why in a string");
		cell->cpu_counters_why_not[i] = memory_string(string_of(reason));
	}
	cell->cpu_counters_user_only = json_is_true(json_object_get(counters, "user_only"));
	return result;
}

static int read_evidence(struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *list;
	size_t i, back;
	int result = get_list(reader, object, "evidence", LIST_LIMIT, true, &list);

	if (result)
		return result;
	cell->evidence = memory_zeroed(json_array_size(list), sizeof(*cell->evidence));
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = enter(reader, "evidence", i);
		cell->nevidence = i + 1;
		result = read_fields(reader, evidence_fields, json_array_get(list, i),
				     &cell->evidence[i]);
		leave(reader, back);
	}
	return result;
}

static int read_function_counts(struct reader *reader, const json_t *object,
				struct function_counts *counts)
{
	const json_t *list;
	int result = read_fields(reader, functions_fields, object, counts);

	if (!result)
		result = get_list(reader, object, "list", FUNCTIONS_LIMIT, true, &list);
	if (result)
		return result;
	counts->list = memory_zeroed(json_array_size(list), sizeof(*counts->list));
	for (size_t i = 0; !result && i < json_array_size(list); i++) {
		size_t back = enter(reader, "list", i);

		counts->count = i + 1;
		result = read_fields(reader, function_fields, json_array_get(list, i),
				     &counts->list[i]);
		leave(reader, back);
	}
	return result;
}

static int read_functions(struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *passes;
	int result;

	if (!json_object_get(object, "functions"))
		return 0;
	result = get_list(reader, object, "functions", PASSES_MAX, true, &passes);
	for (size_t p = 0; !result && p < json_array_size(passes); p++) {
		size_t back = enter(reader, "functions", p);

		result = read_function_counts(reader, json_array_get(passes, p),
					      &cell->functions[p]);
		leave(reader, back);
	}
	return result;
}

static int read_node(const struct reader *reader, const json_t *numa, const char *name, int *node)
{
	const json_t *json = json_object_get(numa, name);
	uint64_t value = 0;
	int result = json ? read_number(reader, name, json, 0, NODE_LIMIT, &value) : 0;

	*node = json ? (int)value : -1;
	return result;
}

static int read_placement(const struct reader *reader, const json_t *object, struct placement *p)
{
	const json_t *numa = json_object_get(object, "numa");
	int distance = -1, result;

	if (!numa)
		return 0;
	if (!json_is_object(numa))
		return fail(reader, "numa", "must be an object");
	p->asked = true;
	result = read_node(reader, numa, "cpu_node", &p->cpu_node);
	if (!result)
		result = read_node(reader, numa, "memory_node", &p->memory_node);
	if (!result)
		result = read_node(reader, numa, "device_node", &p->device_node);
	if (!result)
		result = read_node(reader, numa, "distance", &distance);
	p->distance = distance > 0 ? (unsigned int)distance : 0;
	return result;
}

static int read_cell(struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *workload = json_object_get(object, "workload");
	const json_t *list;
	size_t i, back;
	int result;

	/* Of what an older file doesn't say. */
	workload_defaults(&cell->workload);
	result = read_fields(reader, cell_fields, object, cell);
	if (!result && !json_is_object(workload))
		result = fail(reader, "workload", "must be an object");
	if (!result)
		result = read_fields(reader, workload_fields, workload, &cell->workload);
	if (!result)
		result = read_placement(reader, object, &cell->placement);
	if (!result)
		result = read_evidence(reader, object, cell);
	if (!result)
		result = read_half_blocks(reader, object, cell);
	if (!result)
		result = read_witness(reader, object, "witness_syscalls_per_1000_ios",
				      cell->syscalls);
	if (!result)
		result = read_witness(reader, object, "witness_pmd_faults_per_1000_ios",
				      cell->pmd_faults);
	if (!result)
		result = read_cpu_counters(reader, object, cell);
	if (!result)
		result = read_functions(reader, object, cell);
	if (!result)
		result = get_list(reader, object, "repetitions", REPETITIONS_LIMIT, true, &list);
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = enter(reader, "repetitions", i);
		result = read_repetition(reader, json_array_get(list, i), cell);
		leave(reader, back);
	}
	return result;
}

static int read_cells(struct reader *reader, const json_t *json)
{
	struct run *run = reader->run;
	const json_t *list;
	size_t i, back;
	int result = get_list(reader, json, "cells", CELLS_LIMIT, true, &list);

	if (result)
		return result;
	run->cells = memory_zeroed(json_array_size(list), sizeof(*run->cells));
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = enter(reader, "cells", i);
		run->ncells = i + 1;
		result = read_cell(reader, json_array_get(list, i), &run->cells[i]);
		leave(reader, back);
	}
	return result;
}

static int read_warnings(struct reader *reader, const json_t *json)
{
	struct run *run = reader->run;
	const json_t *list;
	size_t i, back;
	int result = get_list(reader, json, "warnings", LIST_LIMIT, true, &list);

	if (result)
		return result;
	run->warnings = memory_zeroed(json_array_size(list), sizeof(*run->warnings));
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = enter(reader, "warnings", i);
		run->nwarnings = i + 1;
		result = read_fields(reader, warning_fields, json_array_get(list, i),
				     &run->warnings[i]);
		leave(reader, back);
	}
	return result;
}

static int read_argv(const struct reader *reader, const json_t *json)
{
	struct run *run = reader->run;
	const json_t *list;
	const char *value;
	size_t i;
	int result = get_list(reader, json, "argv", LIST_LIMIT, false, &list);

	if (result)
		return result;
	run->argv = memory_zeroed(json_array_size(list) + 1, sizeof(*run->argv));
	for (i = 0; i < json_array_size(list); i++) {
		value = string_of(json_array_get(list, i));
		if (!value)
			return fail(reader, "argv", "must hold strings only");
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
		return fail(reader, "status", "must be complete or partial");
	run->complete = strcmp(status, "complete") == 0;
	errno = 0;
	if (seed)
		run->seed = strtoull(seed, &end, 10);
	/* strtoull takes blanks and signs, and we don't. */
	if (!seed || !*seed || strspn(seed, "0123456789") != strlen(seed) || errno)
		return fail(reader, "seed", "must be a string of decimal digits, below 2^64");
	if (!cost)
		return fail(reader, "null_path", "must be an object with %s", name.text);
	run->null_known = !json_is_null(cost);
	if (!run->null_known)
		return 0;
	return read_number(reader, "null_path", cost, 0, 0, &run->null_per_op);
}

static int read_object(const struct reader *reader, const json_t *json, const char *name,
		       json_t **object)
{
	json_t *value = json_object_get(json, name);

	if (!json_is_object(value))
		return fail(reader, name, "must be an object");
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
		return fail(reader, "schema_version", "must be a whole number from 1");
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
		result = read_fields(reader, run_fields, json, reader->run);
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
