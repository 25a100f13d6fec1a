// SPDX-License-Identifier: MIT
/*
 * inih as Debian packages it has fixed limits and, by its options, reads more than key=value: lines
 * of 200 characters are split, names of sections are cut at 49, an indented line is joined to the
 * key before it, what follows a section's bracket is passed over, " ;" starts a comment inside a
 * value and " #" doesn't. Each would change what is measured without a word.
 */
#include "core/suite_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define LINE_LIMIT    200
#define SECTION_LIMIT 50
#define NAME_LIMIT    50
#define BOM           "\xef\xbb\xbf"

struct section {
	char name[SECTION_LIMIT];
	unsigned int line;
	size_t first_key;
};

struct key {
	char name[NAME_LIMIT];
};

struct scanner {
	struct suite_lines *lines;
	struct section *sections;
	size_t nsections;
	struct key *keys; /* as many as lines->nkeys */
	const char *file;
	unsigned int line;
	struct error *e;
};

static int fail(const struct scanner *scanner, const char *why)
{
	return error_set(scanner->e, -EINVAL, "%s.ini:%u: %s", scanner->file, scanner->line, why);
}

static int check_characters(const struct scanner *scanner, const char *line, size_t length)
{
	size_t i;

	if (length >= LINE_LIMIT)
		return fail(scanner, "the line has 200 characters or more; shorten it");
	for (i = 0; i < length; i++) {
		if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
			return fail(scanner, "the line has a control character; take it out");
	}
	return 0;
}

/* The section before must not be empty: inih would not even mention it. */
static int close_section(const struct scanner *scanner)
{
	const struct section *last;

	if (!scanner->nsections)
		return 0;
	last = &scanner->sections[scanner->nsections - 1];
	if (last->first_key < scanner->lines->nkeys)
		return 0;
	return error_set(scanner->e, -EINVAL,
			 "%s.ini:%u: section [%s] is empty; give it options or take it out",
			 scanner->file, last->line, last->name);
}

static int check_section_order(const struct scanner *scanner, const char *name)
{
	size_t i;

	for (i = 0; i < scanner->nsections; i++) {
		if (strcmp(scanner->sections[i].name, name) == 0)
			return error_set(
				scanner->e, -EINVAL,
				"%s.ini:%u: section [%s] is there twice (first on line %u); "
				"merge or rename them",
				scanner->file, scanner->line, name, scanner->sections[i].line);
	}
	for (i = 0; i < scanner->nsections && strcmp(name, "global") == 0; i++) {
		if (strcmp(scanner->sections[i].name, "suite") != 0)
			return fail(scanner, "[global] must stand before the sections that it is "
					     "about; move it up");
	}
	return 0;
}

static int scan_section(struct scanner *scanner, const char *line, size_t length)
{
	struct section *section;
	char name[SECTION_LIMIT] = "";
	const char *end = memchr(line, ']', length);
	size_t size = end ? (size_t)(end - line) - 1 : 0;
	int result;

	if (!end)
		return fail(scanner, "the section's closing ] is missing");
	if (end + 1 != line + length)
		return fail(scanner, "nothing may follow the section's ]");
	if (size == 0 || isblank((unsigned char)line[1]) || isblank((unsigned char)end[-1]))
		return fail(scanner, "a section's name is not empty and has no blanks around it");
	if (size >= SECTION_LIMIT)
		return fail(scanner, "the section's name has 50 characters or more; shorten it");
	memcpy(name, line + 1, size);
	if (strstr(name, " ;") || strstr(name, "\t;"))
		return fail(scanner, "' ;' in a section's name starts a comment; take it out");
	result = close_section(scanner);
	if (!result)
		result = check_section_order(scanner, name);
	if (result)
		return result;
	scanner->sections = memory_append(scanner->sections, scanner->nsections, sizeof(*section));
	section = &scanner->sections[scanner->nsections++];
	memcpy(section->name, name, sizeof(name));
	section->line = scanner->line;
	section->first_key = scanner->lines->nkeys;
	return 0;
}

/* "each.bs" and "bs" are both about bs. */
static const char *subject(const char *name)
{
	return strncmp(name, "each.", 5) == 0 ? name + 5 : name;
}

static int add_key(struct scanner *scanner, const char *name)
{
	struct suite_lines *lines = scanner->lines;
	size_t i = scanner->sections[scanner->nsections - 1].first_key;

	for (; i < lines->nkeys; i++) {
		if (strcmp(subject(scanner->keys[i].name), subject(name)) == 0)
			return error_set(scanner->e, -EINVAL,
					 "%s.ini:%u: %s is set twice in one section (first on line "
					 "%u); take one out",
					 scanner->file, scanner->line, subject(name),
					 lines->key_line[i]);
	}
	scanner->keys = memory_append(scanner->keys, lines->nkeys, sizeof(*scanner->keys));
	memcpy(scanner->keys[lines->nkeys].name, name, strlen(name) + 1);
	lines->key_line = memory_append(lines->key_line, lines->nkeys, sizeof(*lines->key_line));
	lines->key_line[lines->nkeys++] = scanner->line;
	return 0;
}

/* @line has no blank at its ends and holds no section. */
static int scan_key(struct scanner *scanner, const char *line, size_t length)
{
	char name[NAME_LIMIT] = "";
	size_t size = 0, i;

	if (!scanner->nsections)
		return fail(scanner, "an option stands before the first [section]; move it down");
	while (size < length && line[size] != '=' && line[size] != ':')
		size++;
	if (size == length)
		return fail(scanner, "a key needs a value; write name=value");
	if (line[size] == ':')
		return fail(scanner, "':' before '='; write name=value");
	if (size + 1 == length)
		return fail(scanner, "the value is empty; write one or take the line out");
	for (i = 1; i < length; i++) {
		if ((line[i] == ';' || line[i] == '#') && isblank((unsigned char)line[i - 1]))
			return fail(scanner, "a comment needs a line of its own: ';' and '#' after "
					     "a blank are not read alike");
	}
	while (size && isblank((unsigned char)line[size - 1]))
		size--;
	if (size == 0)
		return fail(scanner, "the name before '=' is missing; write name=value");
	if (size >= NAME_LIMIT)
		return fail(scanner, "no option has a name of 50 characters or more");
	memcpy(name, line, size);
	return add_key(scanner, name);
}

static int scan_line(struct scanner *scanner, const char *line, size_t length)
{
	bool indented = length && isblank((unsigned char)*line);

	if (length && line[length - 1] == '\r')
		length--;
	if (check_characters(scanner, line, length))
		return -EINVAL;
	while (length && isblank((unsigned char)line[length - 1]))
		length--;
	while (length && isblank((unsigned char)*line)) {
		line++;
		length--;
	}
	if (length == 0 || *line == ';' || *line == '#')
		return 0;
	if (indented)
		return fail(scanner, "the line begins with a blank, which would join it to the "
				     "line before; begin it in the first column");
	if (*line == '[')
		return scan_section(scanner, line, length);
	return scan_key(scanner, line, length);
}

int suite_scan(struct suite_lines *lines, const char *name, const char *text, struct error *e)
{
	struct scanner scanner = {.lines = lines, .file = name, .e = e};
	const char *end;
	int result = 0;

	if (strncmp(text, BOM, strlen(BOM)) == 0)
		text += strlen(BOM);
	for (; !result && *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		scanner.line++;
		result = scan_line(&scanner, text, (size_t)(end - text));
	}
	if (!result)
		result = close_section(&scanner);
	free(scanner.sections);
	free(scanner.keys);
	return result;
}
