/* SPDX-License-Identifier: MIT */
/*
 * Numbers and text as people read them. Integers in, text out; nothing here depends on the locale.
 */
#ifndef BYPASS_REPORT_FORMAT_H
#define BYPASS_REPORT_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Room for any one formatted number. */
#define FORMAT_MAX 48

struct time_unit {
	const char *name;
	uint64_t ns;
};

/* "12,345", and "12.3M" from a million on: at most seven characters. */
void format_count(char *out, size_t size, uint64_t value);
/* "12,345,678", every digit. */
void format_exact(char *out, size_t size, uint64_t value);
/* @value / @divisor with three significant digits: "70.8", "1.23", "112". */
void format_scaled(char *out, size_t size, uint64_t value, uint64_t divisor);
/* Events per 1000 I/Os as events per I/O: "0.06", "1", "2.5". */
void format_per_io(char *out, size_t size, uint64_t per_thousand);
/* Parts per million as a percentage: "0", "<0.01%", "0.3%", "12%". */
void format_spread(char *out, size_t size, uint32_t ppm);
/* "41s", "2m41s", "1h02m". */
void format_duration(char *out, size_t size, uint64_t seconds);
/* The unit in which values up to @largest_ns read best: ns, us, ms or s. */
const struct time_unit *format_time_unit(uint64_t largest_ns);

/*
 * Bytes of the UTF-8 character at @text; 0 at the end of the text, and for a byte that begins no
 * valid character or a control character, which no output of ours may pass on.
 */
size_t format_character(const char *text);
/* Characters in @text, an invalid byte counted as one. */
size_t format_width(const char *text);
/* @text with everything that isn't a printable character shown as '?'. */
void format_plain(FILE *out, const char *text);
/*
 * Writes @text in words up to column 80, from @column on; further lines are indented by @indent.
 * Ends the line.
 */
void format_wrap(FILE *out, size_t column, size_t indent, const char *text);

#endif
