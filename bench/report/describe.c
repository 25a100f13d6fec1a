// SPDX-License-Identifier: MIT
#include "report/describe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/format.h"

const char *describe_clock(enum run_clock clock)
{
	return clock == RUN_CLOCK_INSTRUCTIONS ? "instructions" : "ns";
}

void describe_how(const struct run *run, FILE *out)
{
	char duration[FORMAT_MAX];

	format_duration(duration, sizeof(duration), run->duration_s);
	fprintf(out, "clock %s, %u %s", describe_clock(run->clock), run->runs,
		run->runs == 1 ? "run" : "runs");
	if (run->boots == 1)
		fprintf(out, " (1 boot)");
	else if (run->boots > 1 && run->runs % run->boots == 0)
		fprintf(out, " (%u boots of %u)", run->boots, run->runs / run->boots);
	else if (run->boots > 1)
		fprintf(out, " (%u boots)", run->boots);
	fprintf(out, ", seed %" PRIu64 ", %s%s", run->seed, duration,
		run->complete ? "" : ", PARTIAL");
}

void describe_null(const struct run *run, FILE *out)
{
	char number[FORMAT_MAX] = "-";

	if (run->null_known && run->null_per_op >= 100000)
		format_exact(number, sizeof(number), (run->null_per_op + 500) / 1000);
	else if (run->null_known)
		format_per_io(number, sizeof(number), run->null_per_op);
	fprintf(out, "%s %s/op", number, describe_clock(run->clock));
}

struct unobserved {
	const struct evidence *evidence;
	size_t n; /* cells that lack the same for the same reason */
};

static const char *reason_of(const struct evidence *evidence)
{
	return evidence->observed ? evidence->observed : "-";
}

static size_t add_unobserved(struct unobserved *list, size_t n, const struct evidence *evidence)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].evidence->claim, evidence->claim) == 0 &&
		    strcmp(reason_of(list[i].evidence), reason_of(evidence)) == 0) {
			list[i].n++;
			return n;
		}
	}
	list[n] = (struct unobserved){evidence, 1};
	return n + 1;
}

static void write_unobserved(const struct unobserved *list, size_t n, FILE *out)
{
	size_t claims = 0;

	for (size_t i = 0; i < n; i++)
		claims += list[i].n;
	fprintf(out, "\nproof: %zu claim%s unobserved:\n", claims, claims == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++) {
		char *text;

		if (asprintf(&text, "%zu of \"%s\": %s", list[i].n, list[i].evidence->claim,
			     reason_of(list[i].evidence)) < 0)
			return;
		fputs("  ", out);
		format_wrap(out, 2, 4, text);
		free(text);
	}
}

void describe_unobserved(const struct run *run, FILE *out)
{
	struct unobserved *list;
	size_t n = 0, most = 1;

	for (size_t i = 0; i < run->ncells; i++)
		most += run->cells[i].nevidence;
	list = memory_zeroed(most, sizeof(*list));
	for (size_t i = 0; i < run->ncells; i++) {
		const struct cell *cell = &run->cells[i];

		for (size_t j = 0; cell->status == CELL_MEASURED && j < cell->nevidence; j++)
			if (cell->evidence[j].verdict == VERDICT_UNOBSERVED)
				n = add_unobserved(list, n, &cell->evidence[j]);
	}
	if (n)
		write_unobserved(list, n, out);
	free(list);
}

/* A model or a version explains itself; a number or a yes needs its name. */
static bool needs_name(const char *key, const json_t *value)
{
	return !json_is_string(value) || (strcmp(key, "model") && strcmp(key, "description") &&
					  strcmp(key, "kind") && strcmp(key, "fs"));
}

static bool says_something(const json_t *value)
{
	if (json_is_object(value))
		return json_object_size(value) > 0;
	if (json_is_array(value))
		return json_array_size(value) > 0;
	return value && !json_is_null(value) &&
	       !(json_is_string(value) && json_string_length(value) == 0);
}

static void describe_object(const json_t *object, FILE *out)
{
	const char *join = "", *key;
	json_t *member;

	json_object_foreach((json_t *)object, key, member)
	{
		if (!says_something(member))
			continue;
		fputs(join, out);
		if (needs_name(key, member))
			for (const char *c = key; *c; c++)
				fputc(*c == '_' ? ' ' : *c, out);
		if (needs_name(key, member))
			fputc(' ', out);
		describe_json(member, out);
		join = ", ";
	}
}

void describe_json(const json_t *value, FILE *out)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		describe_object(value, out);
		break;
	case JSON_ARRAY:
		for (size_t i = 0; i < json_array_size(value); i++) {
			fputs(i ? ", " : "", out);
			describe_json(json_array_get(value, i), out);
		}
		break;
	case JSON_STRING:
		fputs(json_string_length(value) ? json_string_value(value) : "-", out);
		break;
	case JSON_INTEGER:
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		fprintf(out, "%g", json_real_value(value));
		break;
	case JSON_TRUE:
		fputs("yes", out);
		break;
	case JSON_FALSE:
		fputs("no", out);
		break;
	case JSON_NULL:
		fputc('-', out);
		break;
	}
}

/* What tells one device from another, in the order in which people say it. */
static const struct {
	const char *key, *before;
} telling[] = {
	{"description", ""}, {"model", ""},  {"firmware", "fw "}, {"pcie_link", ""},
	{"fs", ""},          {"reason", ""}, {"name", ""},        {"write_cache", "cache "},
};

static const char *describe_known(const json_t *target, const char *join, FILE *out)
{
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		const char *text = json_string_value(json_object_get(target, telling[i].key));

		/* A disk without a file system: nothing to say of it. */
		if (!text || !*text || strcmp(text, "none") == 0)
			continue;
		fprintf(out, "%s%s%s", join, telling[i].before, text);
		join = ", ";
	}
	if (json_is_true(json_object_get(target, "dax"))) {
		fprintf(out, "%sdax", join);
		join = ", ";
	}
	return join;
}

void describe_target(const json_t *target, FILE *out)
{
	const char *join = "";

	if (json_is_object(target)) {
		join = describe_known(target, join, out);
		join = describe_known(json_object_get(target, "device"), *join ? " on " : "", out);
	}
	if (!*join)
		describe_json(target, out);
}
