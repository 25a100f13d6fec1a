// SPDX-License-Identifier: MIT
/* Finds a suite's file and reads it. */
#include "core/suite.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define SUFFIX     ".ini"
#define FILE_LIMIT (1u << 20)

static bool has_suffix(const char *name)
{
	size_t length = strlen(name);

	return length > strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int is_suite(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && has_suffix(entry->d_name);
}

/* "no suite 'x'; there are a, b" */
static int unknown_suite(const char *folder, const char *name, struct error *e)
{
	char known[512] = "";
	struct dirent **entries;
	int i, n = scandir(folder, &entries, is_suite, alphasort);
	int length;

	for (i = 0; i < n; i++) {
		length = (int)(strlen(entries[i]->d_name) - strlen(SUFFIX));
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%.*s",
			 i ? ", " : "", length, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (!known[0])
		return error_set(e, -ENOENT,
				 "no suite '%.60s', and %s has none; name a file that ends in .ini",
				 name, folder);
	return error_set(e, -ENOENT, "no suite '%.60s'; give one of %s", name, known);
}

static int read_text(FILE *file, const char *path, char **text, struct error *e)
{
	char *buffer = memory_zeroed(FILE_LIMIT + 1, 1);
	size_t length = fread(buffer, 1, FILE_LIMIT + 1, file);
	const char *why = NULL;

	if (ferror(file))
		why = "can't be read; name a file that ends in .ini";
	else if (length > FILE_LIMIT)
		why = "is larger than 1 MiB, so it is no suite";
	/* The rest would be passed over. */
	else if (memchr(buffer, '\0', length))
		why = "has a zero byte in it, so it is no text; write it again";
	if (why) {
		free(buffer);
		return error_set(e, -EINVAL, "%s %s", path, why);
	}
	buffer[length] = '\0';
	*text = buffer;
	return 0;
}

/* "bench/suites/ladder.ini" becomes "ladder". */
static int suite_name(const char *path, char *name, size_t room, struct error *e)
{
	const char *base = strrchr(path, '/');
	size_t length;

	base = base ? base + 1 : path;
	length = strlen(base) - (has_suffix(base) ? strlen(SUFFIX) : 0);
	if (length == 0 || length >= room)
		return error_set(e, -EINVAL,
				 "%s: a suite's name has 1 to %zu characters; rename the file",
				 path, room - 1);
	memcpy(name, base, length);
	name[length] = '\0';
	return 0;
}

static int load_file(struct suite **suite, const char *path, struct error *e)
{
	char name[sizeof((*suite)->name)];
	char *text = NULL;
	FILE *file;
	int result = suite_name(path, name, sizeof(name), e);

	if (result)
		return result;
	file = fopen(path, "re");
	if (!file) {
		result = -errno;
		return error_set(e, result, "can't read %s: %s; check the path", path,
				 strerror(-result));
	}
	result = read_text(file, path, &text, e);
	fclose(file);
	if (!result)
		result = suite_parse(suite, name, text, e);
	free(text);
	return result;
}

int suite_load(struct suite **suite, const char *folder, const char *name, struct error *e)
{
	char path[PATH_MAX];
	struct error why;
	int result;

	if (strchr(name, '/') || has_suffix(name))
		return load_file(suite, name, e);
	if (snprintf(path, sizeof(path), "%s/%s" SUFFIX, folder, name) >= (int)sizeof(path))
		return unknown_suite(folder, name, e);
	result = load_file(suite, path, &why);
	if (result == -ENOENT)
		return unknown_suite(folder, name, e);
	if (result)
		return error_set(e, result, "%s", why.text);
	return 0;
}
