// SPDX-License-Identifier: MIT
#include "report/html_parts.h"

#include <stdlib.h>
#include <string.h>

#include "report/describe.h"
#include "report/format.h"

void html_text(FILE *out, const char *text)
{
	if (!text || !*text) {
		fputs("\xe2\x80\x93", out);
		return;
	}
	/* format_character never steps past the end, which the analyzer can't see. */
	while (*text) { // NOLINT(clang-analyzer-core.uninitialized.Branch)
		size_t length = format_character(text);

		switch (length == 1 ? *text : '\0') {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			if (length)
				fwrite(text, 1, length, out);
			else
				/* Line breaks are spaces here; what isn't text is shown as such. */
				fputs(*text == '\n' || *text == '\t' ? " " : "\xef\xbf\xbd", out);
		}
		text += length ? length : 1;
	}
}

void html_lines(FILE *out, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		if (line && length)
			html_text(out, line);
		free(line);
		text += length;
		if (*text)
			fputc(*text++, out);
	}
}

static void json_key(FILE *out, const char *key)
{
	for (; *key; key++) {
		char letter[] = {*key == '_' ? ' ' : *key, '\0'};

		/* Keys are our own words and ASCII, or targets, whose bytes must stay together. */
		if (*key & 0x80)
			break;
		html_text(out, letter);
	}
	if (*key)
		html_text(out, key);
}

static void json_scalar(FILE *out, const json_t *value)
{
	char text[64] = "";
	FILE *stream;

	if (json_is_string(value)) {
		html_text(out, json_string_value(value));
		return;
	}
	stream = fmemopen(text, sizeof(text), "w");
	if (!stream)
		return;
	describe_json(value, stream);
	fclose(stream);
	html_text(out, text);
}

void html_json(FILE *out, const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_object(value) && json_object_size(value) > 0) {
		fputs("<table class=\"facts\">\n", out);
		json_object_foreach((json_t *)value, key, member)
		{
			fputs("<tr><th scope=\"row\">", out);
			json_key(out, key);
			fputs("</th><td>", out);
			html_json(out, member);
			fputs("</td></tr>\n", out);
		}
		fputs("</table>\n", out);
	} else if (json_is_array(value) && json_array_size(value) > 0) {
		json_array_foreach(value, i, member)
		{
			if (i > 0)
				fputs(json_is_object(member) ? "" : ", ", out);
			html_json(out, member);
		}
	} else if (json_is_object(value) || json_is_array(value)) {
		html_text(out, NULL);
	} else {
		json_scalar(out, value);
	}
}
