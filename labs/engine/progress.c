// SPDX-License-Identifier: MIT
#include "engine/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines "KIND CHECK VALUE"; the last one of a kind and a check counts. */
static void add(const struct lab *lab, const char *kind, const char *check, const char *value)
{
	char path[700];
	FILE *file;

	snprintf(path, sizeof(path), "%s/.progress", lab->work);
	file = fopen(path, "a");
	if (!file)
		return;
	fprintf(file, "%s %s %s\n", kind, check, value);
	fclose(file);
}

static bool find(const struct lab *lab, const char *kind, const char *check, char *value,
		 size_t size)
{
	char path[700], line[200], prefix[64];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/.progress", lab->work);
	snprintf(prefix, sizeof(prefix), "%s %s ", kind, check);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(value, size, "%.*s", (int)strcspn(line + strlen(prefix), "\n"),
			 line + strlen(prefix));
		found = true;
	}
	fclose(file);
	return found;
}

void progress_note(const struct lab *lab, const char *check, const char *outcome)
{
	add(lab, "outcome", check, outcome);
}

bool progress_of(const struct lab *lab, const char *check, char *outcome, size_t size)
{
	return find(lab, "outcome", check, outcome, size);
}

void progress_note_hint(const struct lab *lab, const char *check, unsigned int shown)
{
	char value[16];

	snprintf(value, sizeof(value), "%u", shown);
	add(lab, "hint", check, value);
}

unsigned int progress_hints(const struct lab *lab, const char *check)
{
	char value[16];

	return find(lab, "hint", check, value, sizeof(value))
		       ? (unsigned int)strtoul(value, NULL, 10)
		       : 0;
}
