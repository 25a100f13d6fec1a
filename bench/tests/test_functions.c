// SPDX-License-Identifier: MIT
/* Names for addresses, and the plugin's counts by function. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/functions.h"
#include "core/symbols.h"

static const char kallsyms[] = "0000000000000000 A fixed_percpu_data\n"
			       "ffffffff81000100 t first.isra.0\n"
			       "ffffffff81000000 T _text\n"
			       "ffffffff81000200 t second_alias\n"
			       "ffffffff81000200 T second\n"
			       "ffffffff81000280 D data\n"
			       "nonsense\n"
			       "ffffffffc0000000 t xfs_begin\t[xfs]\n"
			       "ffffffffc0000040 t xfs_end.cold\t[xfs]";

static void expect(const struct symbols *s, uint64_t address, const char *name, const char *where)
{
	struct symbol symbol = symbols_find(s, address);

	cr_assert_str_eq(symbol.name, name);
	cr_assert_str_eq(symbol.where, where);
}

Test(symbols, of_the_kernel_are_found_by_any_address_in_them)
{
	struct symbols *s = symbols_of_kernel(kallsyms);

	expect(s, 0xffffffff81000000, "_text", "kernel");
	expect(s, 0xffffffff810000ff, "_text", "kernel");
	expect(s, 0xffffffff81000100, "first", "kernel");
	expect(s, 0xffffffff81000200, "second", "kernel");
	expect(s, 0xffffffff81000290, "second", "kernel");
	expect(s, 0xffffffffc000003f, "xfs_begin", "xfs");
	expect(s, 0xffffffffc0000040, "xfs_end", "xfs");
	expect(s, 0xffffffff80ffffff, "?", "?");
	expect(s, 0, "?", "?");
	symbols_free(s);
}

Test(symbols, of_nothing_find_nothing)
{
	struct symbols *s = symbols_of_kernel("");

	expect(s, 0xffffffff81000000, "?", "?");
	symbols_free(s);
}

__attribute__((noinline)) static int a_static_function(int n)
{
	return n * 3 + (int)getpid();
}

/* In a container the kernel may hide its addresses: then that is what is said. */
Test(symbols, of_this_process_have_their_files)
{
	struct symbols *s;
	struct error e = {""};
	int ret = symbols_load(&s, &e);

	if (ret) {
		cr_assert_eq(ret, -EPERM, "%s", e.text);
		cr_assert(strstr(e.text, "kptr_restrict"));
		return;
	}
	cr_assert(a_static_function(1));
	expect(s, (uint64_t)(uintptr_t)a_static_function, "a_static_function", "test_functions");
	cr_assert_str_eq(symbols_find(s, (uint64_t)(uintptr_t)getpid).where, "libc.so.6");
	symbols_free(s);
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

Test(functions, are_counted_by_name_the_costliest_first)
{
	char path[] = "/tmp/bypass-functions-XXXXXX";
	struct symbols *s = symbols_of_kernel(kallsyms);
	struct function_counts counts = {.count = 0};
	struct error e;

	write_file(path, "ffffffff81000104 10 7\nffffffff81000000 4 0\nffffffff81000108 20 0\n"
			 "ffffffff81000200 0 9\nffffffffc0000001 6 0\n");
	cr_assert_eq(functions_read(&counts, path, s, 10, &e), 0);
	unlink(path);
	cr_assert_eq(counts.count, 3);
	cr_assert_eq(counts.ios, 10);
	cr_assert_eq(counts.insn_per_1000_ios, 4000);
	cr_assert_str_eq(counts.list[0].name, "first");
	cr_assert_eq(counts.list[0].insn_per_1000_ios, 3000);
	cr_assert_str_eq(counts.list[1].where, "xfs");
	cr_assert_eq(counts.list[2].insn_per_1000_ios, 400);
	functions_free(&counts);
	symbols_free(s);
}

Test(functions, come_from_a_sound_file_only)
{
	static const char *const wrong[] = {
		"x 1 2\n",
		"ffffffff81000000 1\n",
		"ffffffff81000000 1 2 3\n",
		"ffffffff81000000 18446744073709551615 0\n",
		"ffffffff81000000 -1 0\n",
	};
	struct symbols *s = symbols_of_kernel(kallsyms);
	struct error e;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char path[] = "/tmp/bypass-functions-XXXXXX";
		struct function_counts counts = {.count = 0};

		write_file(path, wrong[i]);
		cr_assert_eq(functions_read(&counts, path, s, 1, &e), -EINVAL, "%s", wrong[i]);
		cr_assert_eq(counts.count, 0);
		unlink(path);
	}
	symbols_free(s);
}

Test(functions, say_how_a_missing_file_is_made)
{
	struct symbols *s = symbols_of_kernel(kallsyms);
	struct function_counts counts = {.count = 0};
	struct error e;

	cr_assert_eq(functions_read(&counts, "/nowhere", s, 1, &e), -ENOENT);
	cr_assert(strstr(e.text, "--functions"));
	symbols_free(s);
}
