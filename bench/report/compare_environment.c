// SPDX-License-Identifier: MIT
/* What differs between the machines of two sides. */
#include "report/compare.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/describe.h"

/* Members whose difference explains nothing: names that each boot gives anew, what changes always.
 */
static bool is_idle(const char *key)
{
	static const char *const idle[] = {"memory",
					   "memory_bytes",
					   "folder",
					   "name",
					   "jansson",
					   "testbed",
					   "load_average",
					   "turbo_file",
					   "temperature_c_before",
					   "temperature_c_after"};

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		if (strcmp(key, idle[i]) == 0)
			return true;
	return false;
}

/* Follows from another member: told only where that is the same. */
static const char *told_by(const char *key)
{
	return strcmp(key, "kernel_build") == 0 ? "kernel" : NULL;
}

static char *text_of(const json_t *value)
{
	char *text = NULL;
	size_t size;
	FILE *stream = memory_stream(&text, &size);

	if (!value || json_is_null(value))
		fputs("unknown", stream);
	else
		describe_json(value, stream);
	fclose(stream);
	return text;
}

/* The member @path ("mitigations.retbleed") of a run's environment or, below "targets", targets. */
static const json_t *member(const struct run *run, const char *const *path, size_t depth)
{
	const json_t *value = strcmp(path[0], "targets") == 0 ? run->targets : run->environment;

	for (size_t i = strcmp(path[0], "targets") == 0; i < depth && value; i++)
		value = json_object_get(value, path[i]);
	return value;
}

/* What the runs of @side say, each text once. */
static char *side_text(struct compare_side side, const char *const *path, size_t depth)
{
	char *all = NULL;
	size_t size;
	FILE *stream = memory_stream(&all, &size);

	for (size_t i = 0; i < side.n; i++) {
		char *text = text_of(member(side.runs[i], path, depth));
		bool told = false;

		for (size_t k = 0; k < i && !told; k++) {
			char *earlier = text_of(member(side.runs[k], path, depth));

			told = strcmp(earlier, text) == 0;
			free(earlier);
		}
		if (!told)
			fprintf(stream, "%s%s", i ? " | " : "", text);
		free(text);
	}
	fclose(stream);
	return all;
}

#define DEPTH_MAX 8

static void compare_member(json_t *list, struct compare_side base, struct compare_side new,
			   const char *const *path, size_t depth)
{
	char *left = side_text(base, path, depth), *right = side_text(new, path, depth);
	char key[256] = "";

	if (strcmp(left, right) != 0 || strstr(left, " | ")) {
		for (size_t i = strcmp(path[0], "targets") == 0; i < depth; i++) {
			size_t used = strlen(key);

			snprintf(key + used, sizeof(key) - used, "%s%s", used ? " " : "", path[i]);
		}
		json_array_append_new(
			list, json_pack("{s:s,s:s,s:s}", "key", key, "base", left, "new", right));
	}
	free(left);
	free(right);
}

static bool differs(struct compare_side base, struct compare_side new, const char *key)
{
	char *left = side_text(base, &key, 1), *right = side_text(new, &key, 1);
	bool different = strcmp(left, right) != 0;

	free(left);
	free(right);
	return different;
}

/* @shape is one run's object; members that it lacks are found through another run's. */
static void compare_object(json_t *list, struct compare_side base, struct compare_side new,
			   const json_t *shape, const char **path, size_t depth)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)shape, key, value)
	{
		const char *teller = depth == 0 ? told_by(key) : NULL;

		path[depth] = key;
		if (is_idle(key) || (teller && differs(base, new, teller)))
			continue;
		if (json_is_object(value) && depth + 1 < DEPTH_MAX)
			compare_object(list, base, new, value, path, depth + 1);
		else
			compare_member(list, base, new, path, depth + 1);
	}
}

/* The members of all runs in one object, so that each is looked at once. */
static void merge_shape(json_t *into, const json_t *from)
{
	const char *key;
	json_t *value, *known;

	json_object_foreach((json_t *)from, key, value)
	{
		known = json_object_get(into, key);
		if (!known)
			json_object_set_new(into, key, json_deep_copy(value));
		else if (json_is_object(known) && json_is_object(value))
			merge_shape(known, value);
	}
}

json_t *compare_environments(struct compare_side base, struct compare_side new)
{
	json_t *list = json_array(), *environment = json_object(), *targets = json_object();
	const char *path[DEPTH_MAX] = {"targets"};

	for (size_t i = 0; i < base.n + new.n; i++) {
		const struct run *run = i < base.n ? base.runs[i] : new.runs[i - base.n];

		merge_shape(environment, run->environment);
		merge_shape(targets, run->targets);
	}
	compare_object(list, base, new, environment, path, 0);
	path[0] = "targets";
	compare_object(list, base, new, targets, path, 1);
	json_decref(environment);
	json_decref(targets);
	return list;
}
