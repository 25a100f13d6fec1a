// SPDX-License-Identifier: MIT
#include "report/markdown.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "report/format.h"

/*
 * What may mean something inside a line or a table's field: in front of these a backslash is a
 * backslash no more [CommonMark 0.30, 2.4]. '<', '>' and '&' have a backslash too, but a reader
 * that knows only HTML would take them for a tag.
 */
static const char special[] = "\\`*[]|~#$!";

static bool is_word(char c)
{
	return isalnum((unsigned char)c);
}

/* Whether @text, behind the character @before, begins with one that needs a backslash. */
static bool is_special(const char *text, char before)
{
	/* Inside a word an underscore emphasizes nothing, and names are full of them. */
	if (*text == '_')
		return !is_word(before) || !is_word(text[1]);
	return strchr(special, *text);
}

void markdown_text(FILE *out, const char *text)
{
	char before = ' ';

	if (!text || !*text) {
		fputc('-', out);
		return;
	}
	while (*text) {
		size_t length = format_character(text);

		if (length == 0)
			fputc(*text == '\n' || *text == '\t' ? ' ' : '?', out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (strncmp(text, "://", 3) == 0 || strncasecmp(text, "www.", 4) == 0)
			/* GitHub makes links of these. A character by its number begins none. */
			fprintf(out, "&#%d;", *text);
		else if (is_special(text, before))
			fprintf(out, "\\%c", *text);
		else
			fwrite(text, 1, length, out);
		before = *text;
		text += length ? length : 1;
	}
}
