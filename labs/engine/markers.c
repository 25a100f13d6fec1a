// SPDX-License-Identifier: MIT
#include "engine/markers.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

static const char opening[] = "/* LAB ";
static const char closing[] = "*/";
static const char end_marker[] = "/* LAB end */";

/* A text that grows. */
struct text {
	char *bytes;
	size_t length, room;
};

static void add(struct text *t, const char *bytes, size_t n)
{
	if (!t->bytes || t->length + n + 1 > t->room) {
		t->room = 2 * (t->length + n + 1);
		t->bytes = realloc(t->bytes, t->room);
		if (!t->bytes)
			memory_exhausted();
	}
	memcpy(t->bytes + t->length, bytes, n);
	t->length += n;
	t->bytes[t->length] = '\0';
}

static void add_format(struct text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void add_format(struct text *t, const char *format, ...)
{
	char *line;
	va_list args;

	va_start(args, format);
	line = memory_vformat(format, args);
	va_end(args);
	add(t, line, strlen(line));
	free(line);
}

static int bad_line(const struct marked *m, unsigned int line, const char *what, struct error *e)
{
	return error_set(e, -EINVAL, "%s:%u: %s; labs/README.md has the grammar of markers",
			 m->name, line, what);
}

static char *trimmed(const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return strndup(from, (size_t)(to - from));
}

/* "4.1" at @text; the length of it, or 0. */
static size_t read_id(const char *text, struct region *r)
{
	size_t major = strspn(text, "0123456789"), minor;

	if (!major || major > 3 || text[major] != '.')
		return 0;
	minor = strspn(text + major + 1, "0123456789");
	if (!minor || minor > 3)
		return 0;
	snprintf(r->id, sizeof(r->id), "%.*s", (int)(major + 1 + minor), text);
	r->lab = (unsigned int)strtoul(text, NULL, 10);
	return major + 1 + minor;
}

/* LAB 4.1: TEXT => STUB, between the comment's signs. @e or a region in @r. */
static int read_begin(const struct marked *m, unsigned int line, const char *at, const char *stop,
		      struct region *r, struct error *e)
{
	const char *comment_end, *arrow;
	size_t n;

	at += strlen(opening);
	n = read_id(at, r);
	if (!n || at[n] != ':')
		return bad_line(m, line, "a marker is '/* LAB 4.1: TEXT => STUB */'", e);
	at += n + 1;
	comment_end = stop - strlen(closing);
	if (comment_end < at || strncmp(comment_end, closing, strlen(closing)) != 0)
		return bad_line(m, line, "a marker is one line, a comment and nothing behind", e);
	arrow = at;
	while (arrow < comment_end && strncmp(arrow, "=>", 2) != 0)
		arrow++;
	r->text = trimmed(at, arrow);
	r->stub = arrow < comment_end ? trimmed(arrow + 2, comment_end) : strdup("");
	if (!r->text || !r->stub) {
		memory_exhausted();
	} else if (!*r->text) {
		free(r->text);
		free(r->stub);
		r->text = r->stub = NULL;
		return bad_line(m, line, "a marker says what is to be done", e);
	}
	return 0;
}

static int begin_region(struct marked *m, struct region *open, const struct region *found,
			unsigned int line, struct error *e)
{
	int ret = 0;

	if (open)
		ret = bad_line(m, line, "a region begins inside another", e);
	else if (marked_find(m, found->id))
		ret = bad_line(m, line, "two regions have the same number", e);
	if (ret) {
		free(found->text);
		free(found->stub);
		return ret;
	}
	m->regions = memory_append(m->regions, m->count, sizeof(*m->regions));
	m->regions[m->count++] = *found;
	return 0;
}

int marked_parse(struct marked *m, const char *name, const char *source, struct error *e)
{
	struct region *open = NULL;
	unsigned int line = 0;
	size_t at = 0;
	int ret = 0;

	*m = (struct marked){.name = name, .source = memory_string(source)};
	while (!ret && m->source[at]) {
		const char *start = m->source + at;
		const size_t length = strcspn(start, "\n");
		const size_t indent = strspn(start, " \t");
		const size_t next = at + length + (start[length] == '\n');
		const char *text = start + indent;
		const char *stop = start + length;
		struct region found = {.marker = at, .begin = next, .indent = indent};

		line++;
		while (stop > text && isspace((unsigned char)stop[-1]))
			stop--;
		if ((size_t)(stop - text) == strlen(end_marker) &&
		    strncmp(text, end_marker, strlen(end_marker)) == 0) {
			if (open) {
				open->end = at;
				open->after = next;
				open = NULL;
			} else {
				ret = bad_line(m, line, "a region ends that didn't begin", e);
			}
		} else if (indent < length && strncmp(text, opening, strlen(opening)) == 0) {
			ret = read_begin(m, line, text, stop, &found, e);
			found.line = line + 1;
			if (!ret)
				ret = begin_region(m, open, &found, line, e);
			if (!ret)
				open = &m->regions[m->count - 1];
		}
		at = next;
	}
	if (!ret && open)
		ret = bad_line(m, open->line - 1, "the region has no end", e);
	if (ret)
		marked_free(m);
	return ret;
}

void marked_free(struct marked *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->regions[i].text);
		free(m->regions[i].stub);
	}
	free(m->regions);
	free(m->source);
	memset(m, 0, sizeof(*m));
}

const struct region *marked_find(const struct marked *m, const char *id)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->regions[i].id, id) == 0)
			return &m->regions[i];
	}
	return NULL;
}

size_t marked_count(const struct marked *m, unsigned int lab)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += m->regions[i].lab == lab;
	return n;
}

static void add_lines(struct text *t, const struct marked *m, const struct region *r)
{
	add(t, m->source + r->begin, r->end - r->begin);
}

/* The stub is the reader's no more: the marker, or what stands for it, has the task alone. */
static void add_task(struct text *t, const struct marked *m, const struct region *r,
		     const char *word)
{
	add(t, m->source + r->marker, r->indent);
	add_format(t, "/* %s %s: %s */\n", word, r->id, r->text);
}

static void add_stub(struct text *t, const struct marked *m, const struct region *r)
{
	if (!*r->stub)
		return;
	add(t, m->source + r->marker, r->indent);
	add_format(t, "%s\n", r->stub);
}

static void add_end_marker(struct text *t, const struct marked *m, const struct region *r)
{
	add(t, m->source + r->end, r->after - r->end);
}

/* How a region looks to whoever does @lab. */
typedef void write_region(struct text *t, const struct marked *m, const struct region *r,
			  unsigned int lab);

static void write_cut(struct text *t, const struct marked *m, const struct region *r,
		      unsigned int lab)
{
	if (r->lab != lab) {
		add_lines(t, m, r);
		return;
	}
	add_task(t, m, r, "LAB");
	add_stub(t, m, r);
	add_end_marker(t, m, r);
}

static void write_solution(struct text *t, const struct marked *m, const struct region *r,
			   unsigned int lab)
{
	if (r->lab == lab)
		add_task(t, m, r, "LAB");
	add_lines(t, m, r);
	if (r->lab == lab)
		add_end_marker(t, m, r);
}

static void write_stub(struct text *t, const struct marked *m, const struct region *r,
		       unsigned int lab)
{
	(void)lab;
	add_task(t, m, r, "lab");
	add_stub(t, m, r);
}

static char *written(const struct marked *m, write_region *write, unsigned int lab)
{
	struct text t = {NULL, 0, 0};
	size_t at = 0;

	add(&t, "", 0);
	for (size_t i = 0; i < m->count; i++) {
		const struct region *r = &m->regions[i];

		add(&t, m->source + at, r->marker - at);
		write(&t, m, r, lab);
		at = r->after;
	}
	add(&t, m->source + at, strlen(m->source + at));
	return t.bytes;
}

char *marked_cut(const struct marked *m, unsigned int lab)
{
	return written(m, write_cut, lab);
}

char *marked_solution(const struct marked *m, unsigned int lab)
{
	return written(m, write_solution, lab);
}

char *marked_stubs(const struct marked *m)
{
	return written(m, write_stub, 0);
}

char *marked_with(const struct marked *m, const char *id, const char *lines)
{
	const struct region *r = marked_find(m, id);
	struct text t = {NULL, 0, 0};

	add(&t, m->source, r->begin);
	add(&t, lines, strlen(lines));
	add(&t, m->source + r->end, strlen(m->source + r->end));
	return t.bytes;
}

static unsigned int line_of(const char *source, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += source[i] == '\n';
	return line;
}

static bool has_id(const char *const *ids, size_t nids, const char *id)
{
	for (size_t i = 0; i < nids; i++) {
		if (strcmp(ids[i], id) == 0)
			return true;
	}
	return false;
}

int marked_splice(const struct marked *reference, const struct marked *student,
		  const char *const *ids, size_t nids, char **spliced, struct error *e)
{
	struct text t = {NULL, 0, 0};
	size_t at = 0;

	for (size_t i = 0; i < reference->count; i++) {
		const struct region *r = &reference->regions[i];
		const struct region *theirs;

		if (!has_id(ids, nids, r->id))
			continue;
		theirs = marked_find(student, r->id);
		if (!theirs) {
			free(t.bytes);
			return error_set(e, -EINVAL,
					 "%s has lost its line '/* LAB %s: ... */' or the '%s' "
					 "behind it; put them back around your work, or do: bypass "
					 "lab reset %u",
					 student->name, r->id, end_marker, r->lab);
		}
		add(&t, reference->source + at, r->begin - at);
		add_format(&t, "#line %u \"%s\"\n", theirs->line, student->name);
		add(&t, student->source + theirs->begin, theirs->end - theirs->begin);
		add_format(&t, "#line %u \"%s\"\n", line_of(reference->source, r->end),
			   reference->name);
		at = r->end;
	}
	add(&t, reference->source + at, strlen(reference->source + at));
	*spliced = t.bytes;
	return 0;
}
