// SPDX-License-Identifier: MIT
#include "powercut_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_LINES = 4096 / POWERCUT_LINE,
	MAX_LINES = 3 * BLOCK_LINES, /* of one operation */
};

static uint64_t mix(uint64_t z)
{
	/* splitmix64 */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t draw(struct powercut_model *model, uint32_t limit)
{
	return (uint32_t)(mix(model->random += 0x9e3779b97f4a7c15) % limit);
}

void powercut_model_init(struct powercut_model *model, uint64_t seed, uint32_t thread, bool dax)
{
	*model = (struct powercut_model){
		.random = mix(seed * POWERCUT_THREADS + thread), .thread = thread, .dax = dax};
}

void powercut_model_free(struct powercut_model *model)
{
	for (int name = 0; name < POWERCUT_NAMES; name++)
		free(model->names[name]);
}

bool powercut_changes_names(const struct powercut_operation *operation)
{
	return operation->kind <= POWERCUT_RENAME;
}

static bool any_line_is_full(const struct powercut_file *file)
{
	for (uint32_t i = 0; i < POWERCUT_LINES; i++)
		if (file->lines[i].pending_count >= POWERCUT_PENDING - 1)
			return true;
	return false;
}

/* What the kind can't do with this file becomes a kind that it can. */
static void fit_to_file(const struct powercut_model *model, struct powercut_operation *operation)
{
	const struct powercut_file *file = model->names[operation->name];
	const bool store = operation->kind == POWERCUT_STORE ||
			   operation->kind == POWERCUT_STORE_MSYNC ||
			   operation->kind == POWERCUT_STORE_FLUSH;

	if (store && !file->size)
		operation->kind = POWERCUT_WRITE;
	else if (operation->kind == POWERCUT_STORE_FLUSH && !model->dax)
		operation->kind = POWERCUT_STORE_MSYNC;
	if (store && file->size) {
		operation->first %= file->size;
		if (operation->count > file->size - operation->first)
			operation->count = file->size - operation->first;
	}
	if (operation->kind == POWERCUT_WRITE_DIRECT) {
		operation->first = operation->first / BLOCK_LINES * BLOCK_LINES;
		operation->count = (operation->count / BLOCK_LINES + 1) * BLOCK_LINES;
	}
	if (operation->kind == POWERCUT_TRUNCATE && file->size && operation->count % 4)
		operation->first %= file->size + 1;
}

/* How many in a hundred. Where the file is to grow, it is written at its end. */
static enum powercut_kind draw_kind(struct powercut_model *model)
{
	static const struct {
		enum powercut_kind kind;
		uint32_t percent;
	} shares[] = {
		{POWERCUT_WRITE, 14},       {POWERCUT_WRITE_DIRECT, 8}, {POWERCUT_WRITE_DSYNC, 12},
		{POWERCUT_STORE_MSYNC, 10}, {POWERCUT_STORE_FLUSH, 12}, {POWERCUT_FSYNC, 9},
		{POWERCUT_FDATASYNC, 8},    {POWERCUT_STORE, 12},       {POWERCUT_TRUNCATE, 4},
		{POWERCUT_PUNCH, 3},        {POWERCUT_UNLINK, 3},       {POWERCUT_RENAME, 5},
	};
	uint32_t at = draw(model, 100);
	size_t i = 0;

	while (at >= shares[i].percent)
		at -= shares[i++].percent;
	return shares[i].kind;
}

struct powercut_operation powercut_next(struct powercut_model *model)
{
	struct powercut_operation operation = {.number = ++model->number};
	const struct powercut_file *file;

	operation.kind = draw_kind(model);
	operation.name = (int)draw(model, POWERCUT_NAMES);
	operation.other =
		(operation.name + 1 + (int)draw(model, POWERCUT_NAMES - 1)) % POWERCUT_NAMES;
	operation.first = draw(model, POWERCUT_LINES - MAX_LINES);
	operation.count = 1 + draw(model, draw(model, 2) ? MAX_LINES - BLOCK_LINES : 8);
	file = model->names[operation.name];
	if (!file) {
		operation.kind = POWERCUT_CREATE;
	} else if (any_line_is_full(file) && !powercut_changes_names(&operation)) {
		operation.kind = POWERCUT_FSYNC;
	} else {
		if (draw(model, 3) == 0 && file->size < POWERCUT_LINES - MAX_LINES)
			operation.first = file->size;
		fit_to_file(model, &operation);
	}
	return operation;
}

static void change_line(struct powercut_line *line, uint32_t value)
{
	if (line->pending_count ? line->pending[line->pending_count - 1] == value
				: line->durable == value)
		return;
	/* The generator syncs a file before it comes to that. */
	if (line->pending_count == POWERCUT_PENDING)
		abort();
	line->pending[line->pending_count++] = value;
}

static void change_lines(struct powercut_file *file, uint32_t first, uint32_t end, uint32_t value)
{
	for (uint32_t i = first; i < end; i++)
		change_line(&file->lines[i], value);
}

static void set_durable(struct powercut_file *file, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		struct powercut_line *line = &file->lines[i];

		if (line->pending_count)
			line->durable = line->pending[line->pending_count - 1];
		line->pending_count = 0;
	}
}

void powercut_begin(struct powercut_model *model, const struct powercut_operation *operation)
{
	struct powercut_file *file = model->names[operation->name];
	const uint32_t first = operation->first;
	const uint32_t end = first + operation->count;

	switch (operation->kind) {
	case POWERCUT_FSYNC:
	case POWERCUT_FDATASYNC:
		break;
	case POWERCUT_TRUNCATE:
		if (first < file->size)
			change_lines(file, first, file->size, 0);
		file->size = first;
		break;
	case POWERCUT_PUNCH:
		change_lines(file, first, end < file->size ? end : file->size, 0);
		break;
	default:
		change_lines(file, first, end, operation->number);
		if (end > file->size)
			file->size = end;
	}
	if (file->size > file->most)
		file->most = file->size;
	if (file->size < file->least)
		file->least = file->size;
}

static void make_durable(struct powercut_file *file, const struct powercut_operation *operation)
{
	const uint32_t end = operation->first + operation->count;

	if (operation->kind == POWERCUT_FSYNC || operation->kind == POWERCUT_FDATASYNC) {
		set_durable(file, 0, POWERCUT_LINES);
		file->least = file->most = file->size;
	} else {
		set_durable(file, operation->first, end);
		if (file->least < end)
			file->least = end;
	}
}

static void change_names(struct powercut_model *model, const struct powercut_operation *operation)
{
	struct powercut_file **name = &model->names[operation->name];

	if (operation->kind == POWERCUT_CREATE) {
		*name = calloc(1, sizeof(**name));
		if (!*name)
			abort();
		(*name)->id = ++model->ids;
		return;
	}
	if (operation->kind == POWERCUT_UNLINK) {
		free(*name);
	} else {
		free(model->names[operation->other]);
		model->names[operation->other] = *name;
	}
	*name = NULL;
}

void powercut_acknowledge(struct powercut_model *model, const struct powercut_operation *operation)
{
	if (powercut_changes_names(operation))
		change_names(model, operation);
	else if (operation->kind >= POWERCUT_WRITE_DSYNC && operation->kind <= POWERCUT_FDATASYNC)
		make_durable(model->names[operation->name], operation);
}

const char *powercut_path(const char *folder, uint32_t thread, int name, char *path)
{
	snprintf(path, 4096, "%s/folder%d/thread%u-file%d", folder, name % POWERCUT_FOLDERS, thread,
		 name);
	return path;
}

/* The rest of the line follows from its first words, so that a torn one is seen. */
void powercut_fill_line(uint8_t *line, uint32_t thread, uint32_t file, uint32_t index,
			uint32_t value)
{
	uint64_t words[POWERCUT_LINE / 8] = {(uint64_t)thread << 32 | file,
					     (uint64_t)index << 32 | value};

	for (size_t i = 2; i < POWERCUT_LINE / 8; i++)
		words[i] = mix(words[i - 1] ^ words[0] ^ words[1] << 7);
	memcpy(line, words, sizeof(words));
}

int64_t powercut_read_line(const uint8_t *line, uint32_t thread, uint32_t file, uint32_t index)
{
	static const uint8_t zeros[POWERCUT_LINE];
	uint8_t expected[POWERCUT_LINE];
	uint64_t word;
	uint32_t value;

	if (!memcmp(line, zeros, sizeof(zeros)))
		return 0;
	memcpy(&word, line + 8, sizeof(word));
	value = (uint32_t)word;
	powercut_fill_line(expected, thread, file, index, value);
	return memcmp(line, expected, sizeof(expected)) ? -1 : (int64_t)value;
}
