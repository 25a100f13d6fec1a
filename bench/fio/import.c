// SPDX-License-Identifier: MIT
#include "fio/import.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "fio/import_job.h"

#define SUFFIX       ".fio"
#define FILE_LIMIT   (1u << 20)
#define LINE_LIMIT   512
#define CELLS_LIMIT  4096
#define RUNS_DEFAULT 9

struct reader {
	struct suite *suite;
	unsigned int line;
	struct import_job global, job;
	char section[64]; /* "": before the first; "global" */
	unsigned int section_line;
	struct error *e;
};

static int fail_at(const struct reader *r, unsigned int line, const char *why)
{
	return error_set(r->e, -EINVAL, "%s" SUFFIX ":%u: %s", r->suite->name, line, why);
}

static bool in_job(const struct reader *r)
{
	return r->section[0] && strcmp(r->section, "global") != 0;
}

/* Of the section that was just read to its end. */
static int finish_section(struct reader *r)
{
	struct suite *suite = r->suite;
	struct suite_cell *cell;
	struct error why;
	char text[1200];

	if (!in_job(r))
		return 0;
	if (import_job_finish(&r->job, &why)) {
		snprintf(text, sizeof(text), "[%s] ", r->section);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", why.text);
		return fail_at(r, r->section_line, text);
	}
	if (suite->ncells && !r->job.stonewall) {
		snprintf(text, sizeof(text),
			 "[%s] would run at the same time as the job before it, and cells run one "
			 "after the other; add stonewall",
			 r->section);
		return fail_at(r, r->section_line, text);
	}
	for (size_t i = 0; i < suite->ncells; i++) {
		if (strcmp(suite->cells[i].section, r->section) == 0)
			return fail_at(r, r->section_line,
				       "a job of this name stands above; rename one");
	}
	if (suite->ncells == CELLS_LIMIT)
		return fail_at(r, r->section_line, "more than 4096 jobs; split the file");
	suite->cells = memory_append(suite->cells, suite->ncells, sizeof(*suite->cells));
	cell = &suite->cells[suite->ncells++];
	snprintf(cell->section, sizeof(cell->section), "%s", r->section);
	cell->workload = r->job.workload;
	return 0;
}

static int begin_section(struct reader *r, char *name)
{
	size_t length = strlen(name);
	int ret = finish_section(r);

	if (ret)
		return ret;
	if (!length || name[length - 1] != ']')
		return fail_at(r, r->line, "the section has no ] at its end; add it");
	name[length - 1] = '\0';
	if (!*name || length > sizeof(r->section))
		return fail_at(r, r->line, "a section's name has 1 to 63 characters; rename it");
	snprintf(r->section, sizeof(r->section), "%s", name);
	r->section_line = r->line;
	r->job = r->global;
	return 0;
}

/* @text without blanks around it; changes it. */
static char *stripped(char *text)
{
	size_t n;

	text += strspn(text, " \t\r");
	n = strlen(text);
	while (n && strchr(" \t\r", text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

static int read_option(struct reader *r, char *line)
{
	char *equals = strchr(line, '='), *value = equals ? stripped(equals + 1) : line;
	struct import_job *job = in_job(r) ? &r->job : &r->global;
	struct error why;

	if (!r->section[0])
		return fail_at(r, r->line, "an option before the first [section]; add one");
	if (strchr(line, '$') || (equals && strchr(value, '$')))
		return fail_at(r, r->line,
			       "fio would put something else in for what follows the $; write it");
	if (equals) {
		*equals = '\0';
		if (!*value)
			return fail_at(r, r->line, "nothing follows the =; give a value");
	} else {
		value = line + strlen(line);
	}
	if (import_job_set(job, stripped(line), value, &why))
		return fail_at(r, r->line, why.text);
	return 0;
}

static int read_line(struct reader *r, const char *text, size_t length)
{
	char copy[LINE_LIMIT], *line;

	if (length >= sizeof(copy))
		return fail_at(r, r->line, "the line has 512 characters or more; shorten it");
	for (size_t i = 0; i < length; i++) {
		if (iscntrl((unsigned char)text[i]) && !strchr("\t\r", text[i]))
			return fail_at(r, r->line, "the line has a control character; take it out");
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)length, text);
	line = stripped(copy);
	if (!*line || *line == ';' || *line == '#')
		return 0;
	return *line == '[' ? begin_section(r, line + 1) : read_option(r, line);
}

int fio_import_parse(struct suite **suite, const char *name, const char *text, struct error *e)
{
	struct suite *new = memory_zeroed(1, sizeof(*new));
	struct reader r = {.suite = new, .e = e};
	char question[128];
	int ret = 0;

	snprintf(new->name, sizeof(new->name), "%s", name);
	snprintf(question, sizeof(question), "What do the jobs of %s" SUFFIX " cost?", new->name);
	new->question = memory_string(question);
	new->runs = RUNS_DEFAULT;
	import_job_defaults(&r.global);
	while (*text && !ret) {
		size_t length = strcspn(text, "\n");

		r.line++;
		ret = read_line(&r, text, length);
		text += length + (text[length] == '\n');
	}
	if (!ret)
		ret = finish_section(&r);
	if (!ret && !new->ncells)
		ret = error_set(e, -EINVAL,
				"%s" SUFFIX " has no job; add a [section] with filename=, rw= and "
				"size=",
				new->name);
	if (ret) {
		suite_free(new);
		return ret;
	}
	*suite = new;
	return 0;
}

bool fio_import_matches(const char *name)
{
	size_t length = strlen(name);

	return length > strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

int fio_import_load(struct suite **suite, const char *path, struct error *e)
{
	const char *base = strrchr(path, '/');
	char *text = memory_zeroed(FILE_LIMIT + 1, 1), name[64];
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(text, 1, FILE_LIMIT + 1, file) : 0;
	int ret = 0;

	base = base ? base + 1 : path;
	if (!file || ferror(file))
		ret = error_set(e, -errno, "can't read %s: %s; check the path", path,
				strerror(errno));
	else if (length > FILE_LIMIT || memchr(text, '\0', length))
		ret = error_set(e, -EINVAL, "%s is larger than 1 MiB or no text; name a job file",
				path);
	else if (strlen(base) - strlen(SUFFIX) >= sizeof(name))
		ret = error_set(e, -EINVAL,
				"%s: the name of a job file has up to 63 characters before "
				"its " SUFFIX "; rename it",
				path);
	if (file)
		fclose(file);
	if (!ret) {
		text[length] = '\0';
		snprintf(name, sizeof(name), "%.*s", (int)(strlen(base) - strlen(SUFFIX)), base);
		ret = fio_import_parse(suite, name, text, e);
	}
	free(text);
	return ret;
}
