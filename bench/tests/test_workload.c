// SPDX-License-Identifier: MIT
/* The options of a workload: names, values, defaults, and what is none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "tests/fixture_workload.h"

/* Refused, with a sentence that has @part in it, and without a trace in the workload. */
static void refuses(const char *name, const char *value, const char *part)
{
	struct workload w = workload_of("path=direct"), before = w;
	struct error e = {""};

	cr_assert_eq(workload_set(&w, name, value, &e), -EINVAL, "%s=%s", name, value);
	cr_assert(strstr(e.text, part), "%s=%s: '%s' lacks '%s'", name, value, e.text, part);
	cr_assert(workload_equal(&w, &before));
}

Test(workload, by_default_reads_4k_at_random_from_a_warm_64_mib)
{
	struct workload w = workload_of("path=direct");

	cr_assert_eq(w.rw, RW_RANDREAD);
	cr_assert_eq(w.bs, 4096);
	cr_assert_eq(w.size, 64 << 20);
	cr_assert_eq(w.numjobs, 1);
	cr_assert_eq(w.number_ios, 0);
	cr_assert_eq(w.runtime_ns, 0);
	cr_assert_eq(w.cache, CACHE_HOT);
	cr_assert_eq(w.access, ACCESS_COPY);
	cr_assert_eq(w.durability, DURABILITY_NONE);
	cr_assert_eq(workload_check(&w, NULL), 0);
}

Test(workload, takes_every_option)
{
	const struct workload w = workload_of(
		"path=mmap-dax rw=randrw bs=64k size=1t numjobs=256 number_ios=1000 runtime=2m "
		"time_based=1 ramp_time=500ms cache=cold access=touch durability=data populate=1 "
		"sync=1 hugepage=1 madvise=sequential");

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
	cr_assert_eq(workload_check(&w, NULL), 0);
}

Test(workload, names_its_values_as_they_are_written)
{
	static const char *const names[] = {"read", "write", "randread", "randwrite", "randrw"};
	struct workload w = workload_of("path=direct");
	size_t i;

	for (i = 0; i < 5; i++) {
		workload_accepts(&w, "rw", names[i]);
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
	struct workload w = workload_of("path=uring");

	cr_assert_eq(w.iodepth, 1);
	cr_assert_eq(w.iodepth_batch_complete_min, 1);
	cr_assert_eq(w.aggregation_threshold, 1);
	cr_assert_eq(w.aggregation_ns, 0);
}

Test(workload, takes_only_times_that_a_controller_can_be_told)
{
	static const char rule[] = "0 or a multiple of 100us up to 25500us";
	struct workload w = workload_of("path=userdrv-irq");

	workload_accepts(&w, "aggregation_time", "1ms");
	cr_assert_eq(w.aggregation_ns, 1000000);
	refuses("aggregation_time", "50us", rule);
	refuses("aggregation_time", "101us", rule);
	refuses("aggregation_time", "25600us", rule);
	refuses("aggregation_time", "1", rule);
	refuses("aggregation_time", "soon", "as in 500ms");
}

static void shows(struct workload *w, const char *name, const char *value, const char *shown)
{
	char text[64];

	workload_accepts(w, name, value);
	workload_option_text(w, name, text, sizeof(text));
	cr_assert_str_eq(text, shown);
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
	struct workload w = workload_of("path=uring");

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		cr_assert_str_eq(workload_number_name(shown[i][0]), shown[i][0]);
		shows(&w, shown[i][0], shown[i][1], shown[i][2]);
	}
	cr_assert_null(workload_number_name("rw"));
	cr_assert_null(workload_number_name("path"));
	cr_assert_null(workload_number_name("sync"));
	cr_assert_null(workload_number_name("blocksize"));
}

Test(workload, is_equal_whatever_longer_text_was_in_it_before)
{
	struct workload a = workload_of("path=mmap-private"), b = workload_of("path=dax");

	cr_assert_not(workload_equal(&a, &b));
	workload_accepts(&a, "path", "dax");
	cr_assert(workload_equal(&a, &b));
	workload_accepts(&a, "madvise", "random");
	cr_assert_not(workload_equal(&a, &b));
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
	struct workload w = workload_of("path=uring");

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		shows(&w, shown[i][0], shown[i][1], shown[i][1]);
}

Test(workload, differs_in_each_option)
{
	static const char *const other[][2] = {
		{"iodepth", "2"},
		{"iodepth_batch_submit", "2"},
		{"iodepth_batch_complete_min", "2"},
		{"aggregation_threshold", "2"},
		{"aggregation_time", "100us"},
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
		workload_accepts(&b, other[i][0], other[i][1]);
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

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refuses(wrong[i][0], wrong[i][1], wrong[i][0]);
}
