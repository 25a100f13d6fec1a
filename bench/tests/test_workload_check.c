// SPDX-License-Identifier: MIT
/* Which options of a workload go together. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/fixture_workload.h"

static void fits(const char *options)
{
	const struct workload w = workload_of(options);
	struct error e = {""};

	cr_assert_eq(workload_check(&w, &e), 0, "%s: %s", options, e.text);
}

static void does_not_fit(const char *options, const char *part)
{
	const struct workload w = workload_of(options);
	struct error e = {""};

	cr_assert_eq(workload_check(&w, &e), -EINVAL, "%s", options);
	cr_assert(strstr(e.text, part), "%s: '%s' lacks '%s'", options, e.text, part);
}

Test(workload_check, takes_more_in_flight_on_an_asynchronous_path_only)
{
	fits("path=uring iodepth=4096");
	does_not_fit("path=direct iodepth=4096", "path=direct does one I/O after the other");
	fits("path=direct iodepth=1");
}

Test(workload_check, awaits_at_most_what_is_in_flight)
{
	fits("path=uring iodepth=8 iodepth_batch_complete_min=8");
	does_not_fit("path=uring iodepth=8 iodepth_batch_complete_min=9",
		     "iodepth_batch_complete_min=9 waits for more than the iodepth=8");
}

Test(workload_check, submits_at_most_what_may_be_in_flight_at_once)
{
	fits("path=uring iodepth=8 iodepth_batch_submit=8");
	does_not_fit("path=uring iodepth=8 iodepth_batch_submit=9",
		     "iodepth_batch_submit=9 is more than the iodepth=8");
}

Test(workload_check, holds_back_interrupts_of_our_driver_only)
{
	static const char not_ours[] = "path=uring has no interrupts of our own driver";

	fits("path=userdrv-irq aggregation_threshold=256");
	does_not_fit("path=userdrv-poll aggregation_threshold=256", "aggregation_threshold");
	does_not_fit("path=uring aggregation_threshold=256", not_ours);
	fits("path=userdrv-irq aggregation_time=25500us");
	does_not_fit("path=userdrv-poll aggregation_time=25500us", "aggregation_time");
	does_not_fit("path=uring aggregation_time=25500us", not_ours);
	fits("path=uring aggregation_time=0");
}

Test(workload_check, needs_a_path_and_a_target)
{
	struct workload w;
	struct error e = {""};

	does_not_fit("", "no path");
	workload_defaults(&w);
	workload_accepts(&w, "path", "direct");
	cr_assert_eq(workload_check(&w, &e), -EINVAL);
	cr_assert(strstr(e.text, "no target"), "%s", e.text);
	workload_accepts(&w, "path", "null");
	cr_assert_eq(workload_check(&w, &e), 0, "%s", e.text);
}

Test(workload_check, fits_only_if_whole_blocks_fill_the_size)
{
	does_not_fit("path=direct bs=1m size=64k", "larger than size");
	does_not_fit("path=direct bs=1m size=1536k", "not a multiple");
	fits("path=direct bs=1m size=1m");
}

Test(workload_check, takes_mapping_options_only_on_a_path_that_maps)
{
	static const char *const options[] = {"populate=1", "hugepage=1", "madvise=random",
					      "access=touch"};
	char text[64], name[16];

	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(options[i], "="), options[i]);
		snprintf(text, sizeof(text), "path=direct %s", options[i]);
		does_not_fit(text, name);
		snprintf(text, sizeof(text), "path=mmap-shared %s", options[i]);
		fits(text);
		snprintf(text, sizeof(text), "path=null %s", options[i]);
		fits(text);
	}
}

Test(workload_check, takes_sync_only_on_a_dax_mapping)
{
	does_not_fit("path=mmap-shared sync=1", "path=mmap-dax");
	fits("path=mmap-dax sync=1");
}

Test(workload_check, needs_a_huge_page_to_map_one)
{
	does_not_fit("path=mmap-dax hugepage=1 size=1m", "2m");
}

Test(workload_check, that_is_time_based_needs_a_runtime)
{
	does_not_fit("path=direct time_based=1", "runtime");
	fits("path=direct time_based=1 runtime=1");
}

Test(workload_check, is_durable_only_if_it_writes)
{
	does_not_fit("path=direct durability=data", "rw=randread");
	fits("path=direct durability=data rw=write");
}

Test(workload_check, takes_options_only_where_they_do_something)
{
	fits("path=uring");
	does_not_fit("path=uring rwmixread=70", "rw=randread mixes nothing");
	fits("path=direct");
	does_not_fit("path=direct fixedbufs=1", "it has no fixedbufs");
	does_not_fit("path=direct registerfiles=1", "it has no registerfiles");
	does_not_fit("path=direct rate_process=poisson", "add rate_iops=N");
	does_not_fit("path=direct rw=read random_distribution=zipf:1.2", "in order");
	does_not_fit("path=direct rate_iops=1000 thinktime=1ms", "thinktime too");
	fits("path=mmap-shared");
	does_not_fit("path=mmap-shared random_distribution=zipf:1.2", "visits each once");
}
