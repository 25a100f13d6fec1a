// SPDX-License-Identifier: MIT
/* Sizes and times as fio writes them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/workload.h"

Test(parse_size, reads_fios_units)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{"1", 1},
		{"4096", 4096},
		{"4k", 4096},
		{"4K", 4096},
		{"4ki", 4096},
		{"4kb", 4096},
		{"4KiB", 4096},
		{"2m", 2097152},
		{"1g", 1073741824},
		{"1t", 1ull << 40},
		{"512b", 512},
		{"0004k", 4096},
		{"9223372036854775807", INT64_MAX},
	};
	uint64_t bytes;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cr_assert_eq(parse_size(sizes[i].text, &bytes, NULL), 0, "%s", sizes[i].text);
		cr_assert_eq(bytes, sizes[i].bytes, "%s", sizes[i].text);
	}
}

Test(parse_size, refuses_what_is_no_size_with_a_sentence)
{
	static const char *const bad[] = {
		"",
		" 4k",
		"4k ",
		"-4k",
		"+4k",
		"0",
		"0k",
		"k",
		"4q",
		"4kk",
		"4 k",
		"1.5g",
		"0x10",
		"1e3",
		"9223372036854775808",
		"18446744073709551616",
		"8388608t",
		"99999999999999999999999999t",
	};
	struct error e;
	uint64_t bytes;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e.text[0] = '\0';
		cr_assert_eq(parse_size(bad[i], &bytes, &e), -EINVAL, "'%s'", bad[i]);
		cr_assert_gt(strlen(e.text), 20, "'%s'", bad[i]);
	}
}

Test(parse_time, reads_fios_units)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} times[] = {
		{"10", 10000000000},  {"10s", 10000000000},  {"5us", 5000}, {"500ms", 500000000},
		{"2m", 120000000000}, {"1h", 3600000000000}, {"0", 0},
	};
	uint64_t ns;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		cr_assert_eq(parse_time(times[i].text, &ns, NULL), 0, "%s", times[i].text);
		cr_assert_eq(ns, times[i].ns, "%s", times[i].text);
	}
}

Test(parse_time, refuses_what_is_no_time)
{
	static const char *const bad[] = {"", "-1", "1x", "1.5", "s", " 1", "1 ", "9223372037"};
	uint64_t ns;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(parse_time(bad[i], &ns, NULL), -EINVAL, "'%s'", bad[i]);
}
