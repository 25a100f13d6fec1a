// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/workload.h"

static struct workload on_path(const char *path)
{
	struct workload w;

	workload_defaults(&w);
	cr_assert_eq(workload_set(&w, "path", path, NULL), 0);
	cr_assert_eq(workload_set(&w, "target", "file:/tmp/x", NULL), 0);
	return w;
}

static void accepts(struct workload *w, const char *name, const char *value)
{
	struct error e = {""};

	cr_assert_eq(workload_set(w, name, value, &e), 0, "%s=%s: %s", name, value, e.text);
}

/* Refused, with a sentence that has @part in it, and without a trace in the workload. */
static void refuses(const char *name, const char *value, const char *part)
{
	struct workload w = on_path("direct"), before = w;
	struct error e = {""};

	cr_assert_eq(workload_set(&w, name, value, &e), -EINVAL, "%s=%s", name, value);
	cr_assert(strstr(e.text, part), "%s=%s: '%s' lacks '%s'", name, value, e.text, part);
	cr_assert(workload_equal(&w, &before));
}

static void fits(const struct workload *w)
{
	struct error e = {""};

	cr_assert_eq(workload_check(w, &e), 0, "%s", e.text);
}

static void does_not_fit(const struct workload *w, const char *part)
{
	struct error e = {""};

	cr_assert_eq(workload_check(w, &e), -EINVAL);
	cr_assert(strstr(e.text, part), "'%s' lacks '%s'", e.text, part);
}

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
	uint64_t ns;

	cr_assert_eq(parse_time("10", &ns, NULL), 0);
	cr_assert_eq(ns, 10000000000);
	cr_assert_eq(parse_time("10s", &ns, NULL), 0);
	cr_assert_eq(ns, 10000000000);
	cr_assert_eq(parse_time("5us", &ns, NULL), 0);
	cr_assert_eq(ns, 5000);
	cr_assert_eq(parse_time("500ms", &ns, NULL), 0);
	cr_assert_eq(ns, 500000000);
	cr_assert_eq(parse_time("2m", &ns, NULL), 0);
	cr_assert_eq(ns, 120000000000);
	cr_assert_eq(parse_time("1h", &ns, NULL), 0);
	cr_assert_eq(ns, 3600000000000);
	cr_assert_eq(parse_time("0", &ns, NULL), 0);
	cr_assert_eq(ns, 0);
}

Test(parse_time, refuses_what_is_no_time)
{
	static const char *const bad[] = {"", "-1", "1x", "1.5", "s", " 1", "1 ", "9223372037"};
	uint64_t ns;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(parse_time(bad[i], &ns, NULL), -EINVAL, "'%s'", bad[i]);
}

Test(workload, by_default_reads_4k_at_random_from_a_warm_64_mib)
{
	struct workload w = on_path("direct");

	cr_assert_eq(w.rw, RW_RANDREAD);
	cr_assert_eq(w.bs, 4096);
	cr_assert_eq(w.size, 64 << 20);
	cr_assert_eq(w.numjobs, 1);
	cr_assert_eq(w.number_ios, 0);
	cr_assert_eq(w.runtime_ns, 0);
	cr_assert_eq(w.cache, CACHE_HOT);
	cr_assert_eq(w.access, ACCESS_COPY);
	cr_assert_eq(w.durability, DURABILITY_NONE);
	fits(&w);
}

Test(workload, takes_every_option)
{
	struct workload w = on_path("mmap-dax");

	accepts(&w, "rw", "randrw");
	accepts(&w, "bs", "64k");
	accepts(&w, "size", "1t");
	accepts(&w, "numjobs", "256");
	accepts(&w, "number_ios", "1000");
	accepts(&w, "runtime", "2m");
	accepts(&w, "time_based", "1");
	accepts(&w, "ramp_time", "500ms");
	accepts(&w, "cache", "cold");
	accepts(&w, "access", "touch");
	accepts(&w, "durability", "data");
	accepts(&w, "populate", "1");
	accepts(&w, "sync", "1");
	accepts(&w, "hugepage", "1");
	accepts(&w, "madvise", "sequential");
	cr_assert_str_eq(w.path, "mmap-dax");
	cr_assert_str_eq(w.target, "file:/tmp/x");
	cr_assert_eq(w.rw, RW_RANDRW);
	cr_assert_eq(w.bs, 65536);
	cr_assert_eq(w.size, 1ull << 40);
	cr_assert_eq(w.numjobs, 256);
	cr_assert_eq(w.number_ios, 1000);
	cr_assert_eq(w.runtime_ns, 120000000000);
	cr_assert(w.time_based);
	cr_assert_eq(w.ramp_ns, 500000000);
	cr_assert_eq(w.cache, CACHE_COLD);
	cr_assert_eq(w.access, ACCESS_TOUCH);
	cr_assert_eq(w.durability, DURABILITY_DATA);
	cr_assert(w.populate && w.sync && w.hugepage);
	cr_assert_eq(w.madvise, MADVISE_SEQUENTIAL);
	fits(&w);
}

Test(workload, names_its_values_as_they_are_written)
{
	static const char *const names[] = {"read", "write", "randread", "randwrite", "randrw"};
	struct workload w = on_path("direct");
	size_t i;

	for (i = 0; i < 5; i++) {
		accepts(&w, "rw", names[i]);
		cr_assert_str_eq(rw_name(w.rw), names[i]);
	}
	cr_assert_str_eq(cache_name(CACHE_COLD), "cold");
	cr_assert_str_eq(access_name(ACCESS_TOUCH), "touch");
	cr_assert_str_eq(durability_name(DURABILITY_DATA), "data");
	cr_assert_str_eq(madvise_name(MADVISE_RANDOM), "random");
}

Test(workload, refuses_values_out_of_range_and_says_the_range)
{
	refuses("bs", "511", "512 to 64m");
	refuses("bs", "65m", "512 to 64m");
	refuses("size", "2t", "512 to 1t");
	refuses("numjobs", "0", "1 to 256");
	refuses("numjobs", "257", "1 to 256");
	refuses("numjobs", "-1", "1 to 256");
	refuses("numjobs", "2k", "1 to 256");
	refuses("number_ios", "1000000000001", "number_ios");
	refuses("iodepth", "0", "1 to 4096");
	refuses("iodepth", "4097", "1 to 4096");
	refuses("iodepth_batch_complete_min", "0", "1 to 4096");
	refuses("aggregation_threshold", "0", "1 to 256");
	refuses("aggregation_threshold", "257", "1 to 256");
	refuses("runtime", "soon", "as in 500ms");
	refuses("time_based", "yes", "time_based=0 or time_based=1");
	refuses("rw", "trim", "read, write, randread, randwrite, randrw");
	refuses("cache", "warm", "hot, cold");
	refuses("path", "a-path-name-that-is-longer-than-31", "at most 31");
	refuses("path", "x\ny", "control");
}

Test(workload, refuses_an_option_without_a_value)
{
	refuses("bs", "", "bs=");
	refuses("path", "", "path=");
	refuses("time_based", NULL, "time_based=");
}

Test(workload, suggests_the_nearest_name_for_an_unknown_option)
{
	refuses("blocksize", "4k", "did you mean bs?");
	refuses("readwrite", "read", "did you mean rw?");
	refuses("filename", "/tmp/x", "did you mean target?");
	refuses("queue_depth", "32", "did you mean iodepth?");
	refuses("qd", "32", "did you mean iodepth?");
	refuses("depth", "32", "did you mean iodepth?");
	refuses("coalescing_time", "1ms", "did you mean aggregation_time?");
	refuses("numjob", "1", "did you mean numjobs?");
	refuses("run_time", "1", "did you mean runtime?");
	refuses("durabilty", "data", "did you mean durability?");
	refuses("xyzzy", "1", "there are path, target, rw");
	refuses("xyzzy", "1", "aggregation_time");
	refuses("an-option-name-of-more-than-thirty-two-characters", "1", "there are path");
	refuses("", "1", "there are path");
}

Test(workload, says_what_replaces_an_option_of_fio)
{
	refuses("ioengine", "libaio", "path=");
	refuses("direct", "1", "path=direct");
	refuses("fsync", "1", "durability=data");
	refuses("iodepth_batch", "8", "iodepth_batch_submit");
	refuses("iodepth_low", "8", "iodepth_batch_complete_min=");
	refuses("runs", "3", "[suite]");
}

Test(workload, has_nothing_in_flight_beside_one_io_and_holds_no_interrupt_back_by_default)
{
	struct workload w = on_path("uring");

	cr_assert_eq(w.iodepth, 1);
	cr_assert_eq(w.iodepth_batch_complete_min, 1);
	cr_assert_eq(w.aggregation_threshold, 1);
	cr_assert_eq(w.aggregation_ns, 0);
}

Test(workload, takes_more_in_flight_on_an_asynchronous_path_only)
{
	struct workload w = on_path("uring");

	accepts(&w, "iodepth", "4096");
	cr_assert_eq(w.iodepth, 4096);
	fits(&w);
	accepts(&w, "path", "direct");
	does_not_fit(&w, "path=direct does one I/O after the other");
	accepts(&w, "iodepth", "1");
	fits(&w);
}

Test(workload, awaits_at_most_what_is_in_flight)
{
	struct workload w = on_path("uring");

	accepts(&w, "iodepth", "8");
	accepts(&w, "iodepth_batch_complete_min", "8");
	fits(&w);
	accepts(&w, "iodepth_batch_complete_min", "9");
	does_not_fit(&w, "iodepth_batch_complete_min=9 waits for more than the iodepth=8");
}

Test(workload, submits_at_most_what_may_be_in_flight_at_once)
{
	struct workload w = on_path("uring");

	accepts(&w, "iodepth", "8");
	accepts(&w, "iodepth_batch_submit", "8");
	fits(&w);
	accepts(&w, "iodepth_batch_submit", "9");
	does_not_fit(&w, "iodepth_batch_submit=9 is more than the iodepth=8");
}

Test(workload, holds_back_interrupts_of_our_driver_only)
{
	static const char *const options[][2] = {{"aggregation_threshold", "256"},
						 {"aggregation_time", "25500us"}};
	struct workload w;

	for (size_t i = 0; i < 2; i++) {
		w = on_path("userdrv-irq");
		accepts(&w, options[i][0], options[i][1]);
		fits(&w);
		accepts(&w, "path", "userdrv-poll");
		does_not_fit(&w, options[i][0]);
		accepts(&w, "path", "uring");
		does_not_fit(&w, "path=uring has no interrupts of our own driver");
	}
	accepts(&w, "aggregation_time", "0");
	fits(&w);
}

Test(workload, takes_only_times_that_a_controller_can_be_told)
{
	static const char rule[] = "0 or a multiple of 100us up to 25500us";
	struct workload w = on_path("userdrv-irq");

	accepts(&w, "aggregation_time", "1ms");
	cr_assert_eq(w.aggregation_ns, 1000000);
	refuses("aggregation_time", "50us", rule);
	refuses("aggregation_time", "101us", rule);
	refuses("aggregation_time", "25600us", rule);
	refuses("aggregation_time", "1", rule);
	refuses("aggregation_time", "soon", "as in 500ms");
}

Test(workload, differs_in_each_option_of_the_queue)
{
	static const char *const options[][2] = {{"iodepth", "2"},
						 {"iodepth_batch_submit", "2"},
						 {"iodepth_batch_complete_min", "2"},
						 {"aggregation_threshold", "2"},
						 {"aggregation_time", "100us"}};
	struct workload plain = on_path("userdrv-irq"), w;

	for (size_t i = 0; i < 5; i++) {
		w = plain;
		accepts(&w, options[i][0], options[i][1]);
		cr_assert_not(workload_equal(&w, &plain), "%s", options[i][0]);
	}
}

Test(workload, shows_a_number_as_it_is_written)
{
	static const char *const shown[][3] = {
		{"bs", "65536", "64k"},
		{"size", "3m", "3m"},
		{"numjobs", "4", "4"},
		{"iodepth", "32", "32"},
		{"number_ios", "100000", "100000"},
		{"aggregation_time", "100us", "100us"},
		{"aggregation_time", "0", "0"},
		{"runtime", "1500ms", "1500ms"},
		{"aggregation_threshold", "256", "256"},
		{"ramp_time", "2m", "120s"},
	};
	struct workload w = on_path("uring");
	char text[32];

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		accepts(&w, shown[i][0], shown[i][1]);
		cr_assert_str_eq(workload_number_name(shown[i][0]), shown[i][0]);
		workload_option_text(&w, shown[i][0], text, sizeof(text));
		cr_assert_str_eq(text, shown[i][2]);
	}
	cr_assert_null(workload_number_name("rw"));
	cr_assert_null(workload_number_name("path"));
	cr_assert_null(workload_number_name("sync"));
	cr_assert_null(workload_number_name("blocksize"));
}

Test(workload, needs_a_path_and_a_target)
{
	struct workload w;

	workload_defaults(&w);
	does_not_fit(&w, "no path");
	accepts(&w, "path", "direct");
	does_not_fit(&w, "no target");
	accepts(&w, "path", "null");
	fits(&w);
}

Test(workload, fits_only_if_whole_blocks_fill_the_size)
{
	struct workload w = on_path("direct");

	accepts(&w, "bs", "1m");
	accepts(&w, "size", "64k");
	does_not_fit(&w, "larger than size");
	accepts(&w, "size", "1536k");
	does_not_fit(&w, "not a multiple");
	accepts(&w, "size", "1m");
	fits(&w);
}

Test(workload, takes_mapping_options_only_on_a_path_that_maps)
{
	static const char *const options[][2] = {
		{"populate", "1"}, {"hugepage", "1"}, {"madvise", "random"}, {"access", "touch"}};
	struct workload w;
	size_t i;

	for (i = 0; i < 4; i++) {
		w = on_path("direct");
		accepts(&w, options[i][0], options[i][1]);
		does_not_fit(&w, options[i][0]);
		accepts(&w, "path", "mmap-shared");
		fits(&w);
		accepts(&w, "path", "null");
		fits(&w);
	}
}

Test(workload, takes_sync_only_on_a_dax_mapping)
{
	struct workload w = on_path("mmap-shared");

	accepts(&w, "sync", "1");
	does_not_fit(&w, "path=mmap-dax");
	accepts(&w, "path", "mmap-dax");
	fits(&w);
}

Test(workload, needs_a_huge_page_to_map_one)
{
	struct workload w = on_path("mmap-dax");

	accepts(&w, "hugepage", "1");
	accepts(&w, "size", "1m");
	does_not_fit(&w, "2m");
}

Test(workload, that_is_time_based_needs_a_runtime)
{
	struct workload w = on_path("direct");

	accepts(&w, "time_based", "1");
	does_not_fit(&w, "runtime");
	accepts(&w, "runtime", "1");
	fits(&w);
}

Test(workload, is_durable_only_if_it_writes)
{
	struct workload w = on_path("direct");

	accepts(&w, "durability", "data");
	does_not_fit(&w, "rw=randread");
	accepts(&w, "rw", "write");
	fits(&w);
}

Test(workload, is_equal_whatever_longer_text_was_in_it_before)
{
	struct workload a = on_path("mmap-private"), b = on_path("dax");

	cr_assert_not(workload_equal(&a, &b));
	accepts(&a, "path", "dax");
	cr_assert(workload_equal(&a, &b));
	accepts(&a, "madvise", "random");
	cr_assert_not(workload_equal(&a, &b));
}

static void set(struct workload *w, const char *name, const char *value)
{
	struct error e;

	cr_assert_eq(workload_set(w, name, value, &e), 0, "%s", e.text);
}

static void cell_of(struct workload *w, const char *path)
{
	workload_defaults(w);
	set(w, "path", path);
	set(w, "target", "file:/tmp");
}

Test(workload, gives_back_each_option_as_it_is_written)
{
	static const char *const shown[][2] = {
		{"random_distribution", "random"},
		{"random_distribution", "zipf:1.2"},
		{"random_distribution", "zipf:0.99"},
		{"random_distribution", "zipf:2.0"},
		{"numa_cpu_nodes", "near"},
		{"numa_cpu_nodes", "17"},
		{"numa_mem_policy", "bind:far"},
		{"numa_mem_policy", "bind:0"},
		{"numa_mem_policy", "default"},
		{"rate_iops", "1000"},
		{"rate_process", "poisson"},
		{"thinktime", "50us"},
		{"rwmixread", "70"},
		{"fixedbufs", "1"},
		{"rw", "randrw"},
		{"path", "uring"},
	};
	struct workload w;
	char text[64];

	workload_defaults(&w);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		set(&w, shown[i][0], shown[i][1]);
		workload_option_text(&w, shown[i][0], text, sizeof(text));
		cr_assert_str_eq(text, shown[i][1]);
	}
}

Test(workload, differs_in_each_option)
{
	static const char *const other[][2] = {
		{"random_distribution", "zipf:1.2"},
		{"numa_cpu_nodes", "near"},
		{"numa_mem_policy", "bind:far"},
		{"rate_iops", "1000"},
		{"rate_process", "poisson"},
		{"thinktime", "50us"},
		{"rwmixread", "70"},
		{"fixedbufs", "1"},
		{"registerfiles", "1"},
		{"precondition", "2"},
	};
	struct workload a, b;

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		workload_defaults(&a);
		b = a;
		cr_assert(workload_equal(&a, &b));
		set(&b, other[i][0], other[i][1]);
		cr_assert_not(workload_equal(&a, &b), "%s", other[i][0]);
	}
}

Test(workload, refuses_what_is_no_distribution_and_no_node)
{
	static const char *const wrong[][2] = {
		{"random_distribution", "zipf"},
		{"random_distribution", "zipf:"},
		{"random_distribution", "zipf:1"},
		{"random_distribution", "zipf:1.000"},
		{"random_distribution", "zipf:0"},
		{"random_distribution", "zipf:1.2345"},
		{"random_distribution", "zipf:-1"},
		{"random_distribution", "zipf:1.2.3"},
		{"random_distribution", "zipf:11"},
		{"random_distribution", "zipf:.5"},
		{"random_distribution", "pareto:1"},
		{"numa_cpu_nodes", "nearby"},
		{"numa_cpu_nodes", "bind:0"},
		{"numa_cpu_nodes", "1024"},
		{"numa_mem_policy", "0"},
		{"numa_mem_policy", "bind:"},
		{"numa_mem_policy", "bind:-1"},
		{"rwmixread", "101"},
	};
	struct workload w;
	struct error e;

	workload_defaults(&w);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_assert_eq(workload_set(&w, wrong[i][0], wrong[i][1], &e), -EINVAL, "%s=%s",
			     wrong[i][0], wrong[i][1]);
}

Test(workload, takes_options_only_where_they_do_something)
{
	static const char *const wrong[][3] = {
		{"uring", "rwmixread", "70"},
		{"direct", "fixedbufs", "1"},
		{"direct", "registerfiles", "1"},
		{"direct", "rate_process", "poisson"},
		{"mmap-shared", "random_distribution", "zipf:1.2"},
	};
	struct workload w;
	struct error e;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cell_of(&w, wrong[i][0]);
		cr_assert_eq(workload_check(&w, &e), 0, "%s", e.text);
		set(&w, wrong[i][1], wrong[i][2]);
		cr_assert_eq(workload_check(&w, &e), -EINVAL, "%s", wrong[i][1]);
	}
	cell_of(&w, "direct");
	set(&w, "rw", "read");
	set(&w, "random_distribution", "zipf:1.2");
	cr_assert_eq(workload_check(&w, &e), -EINVAL);
	cell_of(&w, "direct");
	set(&w, "rate_iops", "1000");
	set(&w, "thinktime", "1ms");
	cr_assert_eq(workload_check(&w, &e), -EINVAL);
}
