// SPDX-License-Identifier: MIT
#include "engine/transcript.h"

#include <stdlib.h>
#include <string.h>

enum { OBSERVATIONS_MAX = 2000, LINE_MAX_SHOWN = 1000, VALUE_MAX = 400 };

static const char key_characters[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_.-";

/* The unsigned number at *@at, which goes behind it; -1: none, or more than a million. */
static long number(const char **at)
{
	const char *digits = *at + (**at == ' ');
	size_t length = strspn(digits, "0123456789");

	if (*at == digits || !length || length > 6)
		return -1;
	*at = digits + length;
	return strtol(digits, NULL, 10);
}

static bool takes(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

/* Only what follows from what was said before counts: one check at a time, each once. */
static void read_mark(const char *mark, const char *line, const char *next,
		      struct section *sections, size_t n, struct section **open)
{
	const bool begins = takes(&mark, " begin"), ends = !begins && takes(&mark, " end");
	struct section *section;
	long index, status = 0;

	if (!begins && !ends && !takes(&mark, " hung"))
		return;
	index = number(&mark);
	if (ends)
		status = number(&mark);
	if (index < 0 || (size_t)index >= n || status < 0 || *mark != '\n')
		return;
	section = &sections[index];
	if (begins && !*open && !section->begun) {
		section->begun = true;
		section->text = next;
		*open = section;
	} else if (!begins && *open == section) {
		section->length = (size_t)(line - section->text);
		section->ended = ends;
		section->hung = !ends;
		section->status = (int)status;
		*open = NULL;
	}
}

void transcript_read(const char *text, const char *nonce, struct section *sections, size_t n)
{
	struct section *open = NULL;
	const char *line = text;

	memset(sections, 0, n * sizeof(*sections));
	while (*line) {
		const char *end = line + strcspn(line, "\n"), *next = end + (*end == '\n');
		const char *mark = line;

		/* A line that was cut off has no end, and says nothing. */
		if (*end && takes(&mark, nonce))
			read_mark(mark, line, next, sections, n, &open);
		line = next;
	}
	/* The guest is gone: what it said until then is all of it. */
	if (open)
		open->length = (size_t)(line - open->text);
}

static size_t printable(char *to, size_t size, const char *from, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length && n < size - 1; i++) {
		unsigned char c = (unsigned char)from[i];

		if (c == '\t')
			to[n++] = ' ';
		else if (c >= ' ' && c < 0x7f)
			to[n++] = (char)c;
		else if (c != '\r')
			to[n++] = '?';
	}
	to[n] = '\0';
	return n;
}

static bool is_observation(const char *line)
{
	size_t key;

	if (!takes(&line, "observe "))
		return false;
	key = strspn(line, key_characters);
	return key && key < 64 && line[key] == ' ' && strlen(line + key + 1) <= VALUE_MAX;
}

void section_copy(const struct section *section, FILE *log, FILE *observations)
{
	const char *line = section->begun ? section->text : "", *end = line + section->length;
	unsigned int observed = 0;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length;
		const char *text = line + (*line == '|');
		char shown[LINE_MAX_SHOWN];

		length = (size_t)((newline ? newline : end) - text);
		line = newline ? newline + 1 : end;
		if (!printable(shown, sizeof(shown), text, length))
			continue;
		fprintf(log, "%s\n", shown);
		if (is_observation(shown) && observed++ < OBSERVATIONS_MAX)
			fprintf(observations, "%s\n", shown);
	}
}
