// SPDX-License-Identifier: MIT
#include "core/run_json_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

int reader_fail(const struct reader *reader, const char *name, const char *format, ...)
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

size_t reader_enter(struct reader *reader, const char *name, size_t index)
{
	size_t length = strlen(reader->where);

	snprintf(reader->where + length, sizeof(reader->where) - length, "%s[%zu].", name, index);
	return length;
}

void reader_leave(struct reader *reader, size_t length)
{
	reader->where[length] = '\0';
}

int reader_number(const struct reader *reader, const char *name, const json_t *json, uint64_t min,
		  uint64_t max, uint64_t *value)
{
	json_int_t number = json_integer_value(json);

	if (!max)
		max = INT64_MAX;
	if (!json_is_integer(json) || number < 0 || (uint64_t)number < min ||
	    (uint64_t)number > max)
		return reader_fail(reader, name, "must be a whole number from %llu to %llu",
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
	return reader_fail(reader, field->name, "has a value that is not known here");
}

const char *reader_text(const json_t *json)
{
	const char *value = json_string_value(json);

	return value && strlen(value) == json_string_length(json) ? value : NULL;
}

static int read_string(const struct reader *reader, const struct field *field, const json_t *json,
		       void *member)
{
	const char *value = reader_text(json);

	if (!value)
		return reader_fail(reader, field->name, "must be a string");
	if (field->type == FIELD_CHARS && strlen(value) >= field->room)
		return reader_fail(reader, field->name, "is longer than %zu bytes",
				   field->room - 1);
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
	const char *value = reader_text(json);
	struct error why;

	if (!value || workload_set(w, field->name, value, &why))
		return reader_fail(reader, field->name, "has a value that is not known here");
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
		return reader_number(reader, name, json, field->min, field->max, member);
	case FIELD_UINT:
		result = reader_number(reader, name, json, field->min, field->max, &value);
		*(unsigned int *)member = (unsigned int)value;
		return result;
	case FIELD_BOOL:
		if (!json_is_boolean(json))
			return reader_fail(reader, name, "must be true or false");
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

int reader_fields(const struct reader *reader, const struct field *field, const json_t *object,
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
			return reader_fail(reader, name.text, "is missing");
		result = read_member(reader, field, name.text, value, (char *)base + field->offset);
		if (result)
			return result;
		if (field->known)
			*(bool *)((char *)base + field->known) = true;
	}
	return 0;
}

int reader_list(const struct reader *reader, const json_t *object, const char *name, size_t limit,
		bool objects, const json_t **list)
{
	size_t i;

	*list = json_object_get(object, name);
	if (!json_is_array(*list))
		return reader_fail(reader, name, "must be a list");
	if (json_array_size(*list) > limit)
		return reader_fail(reader, name, "has more than %zu entries", limit);
	for (i = 0; objects && i < json_array_size(*list); i++) {
		if (!json_is_object(json_array_get(*list, i)))
			return reader_fail(reader, name, "must hold objects only");
	}
	return 0;
}
