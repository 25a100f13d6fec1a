// SPDX-License-Identifier: MIT
#include "report/format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define COLUMNS 80

void format_exact(char *out, size_t size, uint64_t value)
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value);
	size_t used = 0;

	for (size_t i = 0; i < length && used + 2 < size; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
}

void format_count(char *out, size_t size, uint64_t value)
{
	static const char suffix[] = "MGTPE";
	uint64_t unit = 1000000;
	size_t i = 0;

	if (value < unit) {
		format_exact(out, size, value);
		return;
	}
	/* The last suffix is enough for 2^64, so the comparison can't run past the table. */
	while (i + 2 < sizeof(suffix) && value / 1000 >= unit) {
		unit *= 1000;
		i++;
	}
	format_scaled(out, size, value, unit);
	snprintf(out + strlen(out), size - strlen(out), "%c", suffix[i]);
}

/* @value / @divisor with @decimals digits after the point, rounded half up. */
static void format_fixed(char *out, size_t size, uint64_t value, uint64_t divisor,
			 unsigned int decimals)
{
	static const unsigned int power[] = {1, 10, 100, 1000};
	unsigned __int128 scaled = (unsigned __int128)value * power[decimals] + divisor / 2;
	uint64_t rounded = (uint64_t)(scaled / divisor);
	uint64_t fraction = rounded % power[decimals];

	format_exact(out, size, rounded / power[decimals]);
	if (decimals > 0)
		snprintf(out + strlen(out), size - strlen(out), ".%0*" PRIu64, (int)decimals,
			 fraction);
}

void format_scaled(char *out, size_t size, uint64_t value, uint64_t divisor)
{
	unsigned int decimals = 0;

	if (value / divisor >= 1000000) {
		format_count(out, size, value / divisor);
		return;
	}
	/* Limits lie where rounding gains a digit: 9.995 is "10.0" and 99.95 is "100". */
	if (divisor > 1 && value > 0) {
		unsigned __int128 milli = (unsigned __int128)value * 1000 / divisor;

		decimals = milli < 9995 ? 2 : milli < 99950 ? 1 : 0;
	}
	format_fixed(out, size, value, divisor, decimals);
}

void format_per_io(char *out, size_t size, uint64_t per_thousand)
{
	if (per_thousand % 1000 == 0)
		format_count(out, size, per_thousand / 1000);
	else if (per_thousand >= 1000 * 1000)
		format_count(out, size, (per_thousand + 500) / 1000);
	else if (per_thousand < 10)
		format_fixed(out, size, per_thousand, 1000, 3);
	else
		format_fixed(out, size, per_thousand, 1000, per_thousand < 100000 ? 2 : 0);
}

void format_spread(char *out, size_t size, uint32_t ppm)
{
	if (ppm == 0)
		snprintf(out, size, "0");
	else if (ppm < 100)
		snprintf(out, size, "<0.01%%");
	else {
		format_fixed(out, size, ppm, 10000, ppm < 1000 ? 2 : ppm < 100000 ? 1 : 0);
		snprintf(out + strlen(out), size - strlen(out), "%%");
	}
}

void format_duration(char *out, size_t size, uint64_t seconds)
{
	if (seconds < 60)
		snprintf(out, size, "%" PRIu64 "s", seconds);
	else if (seconds < 3600)
		snprintf(out, size, "%" PRIu64 "m%02us", seconds / 60,
			 (unsigned int)(seconds % 60));
	else
		snprintf(out, size, "%" PRIu64 "h%02um", seconds / 3600,
			 (unsigned int)(seconds / 60 % 60));
}

const struct time_unit *format_time_unit(uint64_t largest_ns)
{
	static const struct time_unit ns = {"ns", 1}, us = {"us", 1000}, ms = {"ms", 1000000},
				      s = {"s", 1000000000};

	if (largest_ns < 10000)
		return &ns;
	if (largest_ns < 10000000)
		return &us;
	return largest_ns < 10000000000 ? &ms : &s;
}

size_t format_character(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length;
	uint32_t code;

	if (byte[0] < 0x80)
		return byte[0] >= 0x20 && byte[0] != 0x7f;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	length = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	code = byte[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3f);
	}
	/* Overlong forms, surrogates and the C1 controls, which some terminals obey. */
	if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) || code > 0x10ffff)
		return 0;
	if ((code >= 0xd800 && code < 0xe000) || code < 0xa0)
		return 0;
	return length;
}

size_t format_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		size_t length = format_character(text);

		text += length ? length : 1;
		width++;
	}
	return width;
}

/* Writes characters from @text up to @end; anything unprintable as '?'. */
static void write_span(FILE *out, const char *text, const char *end)
{
	while (text < end) {
		size_t length = format_character(text);

		if (length)
			fwrite(text, 1, length, out);
		else
			fputc('?', out);
		text += length ? length : 1;
	}
}

void format_plain(FILE *out, const char *text)
{
	write_span(out, text, text + strlen(text));
}

static size_t span_width(const char *text, const char *end)
{
	size_t width = 0;

	while (text < end) {
		size_t length = format_character(text);

		text += length ? length : 1;
		width++;
	}
	return width;
}

/* The end of the part of @word that fits into @room characters. */
static const char *cut(const char *word, const char *end, size_t room)
{
	while (word < end && room > 0) {
		size_t length = format_character(word);

		word += length ? length : 1;
		room--;
	}
	return word;
}

void format_wrap(FILE *out, size_t column, size_t indent, const char *text)
{
	bool line_is_empty = true;

	while (*text) {
		const char *end = text + strcspn(text, " \n\t");
		size_t width = span_width(text, end);

		if (end == text) {
			text++;
			continue;
		}
		if (!line_is_empty && column + 1 + width > COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
			line_is_empty = true;
		}
		if (!line_is_empty) {
			fputc(' ', out);
			column++;
		}
		if (line_is_empty && column > indent && column + width > COLUMNS &&
		    indent + width <= COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		/* A word longer than a line, such as a file name, is cut: 80 columns hold. */
		while (column + width > COLUMNS) {
			const char *fits = cut(text, end, COLUMNS - column);

			write_span(out, text, fits);
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
			text = fits;
			width = span_width(text, end);
		}
		write_span(out, text, end);
		column += width;
		line_is_empty = false;
		text = end;
	}
	fputc('\n', out);
}
