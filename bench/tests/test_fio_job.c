// SPDX-License-Identifier: MIT
/* A cell as a section of an fio job file. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fio/job.h"

static struct workload w;
static struct fio_place place;
static struct unavailable why;
static char *text;

static void set_up(void)
{
	workload_defaults(&w);
	place = (struct fio_place){.directory = "/data", .filename = "file"};
}

static void tear_down(void)
{
	free(text);
}

static void use(const char *path)
{
	snprintf(w.path, sizeof(w.path), "%s", path);
}

static void set(const char *name, const char *value)
{
	struct error e;

	cr_assert_eq(workload_set(&w, name, value, &e), 0, "%s", e.text);
}

static void write_job(const char *path)
{
	size_t size;
	FILE *out = open_memstream(&text, &size);

	use(path);
	cr_assert_eq(fio_job_check(&w, fio_engine_of(path), &why), 0, "%s", why.reason);
	fio_job_write(out, "name", &w, fio_engine_of(path), &place);
	fclose(out);
}

static bool has_line(const char *line)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	return strstr(text, wanted);
}

static void says(const char *line)
{
	cr_assert(has_line(line), "no '%s' in\n%s", line, text);
}

static void says_not(const char *line)
{
	cr_assert(!has_line(line), "'%s' in\n%s", line, text);
}

static void refuses(const char *path, const char *part)
{
	use(path);
	cr_assert_eq(fio_job_check(&w, fio_engine_of(path), &why), -EOPNOTSUPP, "%s", path);
	cr_assert(strstr(why.reason, part), "'%s' lacks '%s'", why.reason, part);
	cr_assert(why.remedy[0]);
}

TestSuite(fio_job, .init = set_up, .fini = tear_down);

Test(fio_job, a_buffered_read_is_psync_on_pages_read_before)
{
	write_job("buffered");
	cr_assert_eq(strncmp(text, "[name]\nstonewall\n", 17), 0);
	says("ioengine=psync");
	says("directory=/data");
	says("filename=file");
	says("rw=randread");
	says("bs=4096");
	says("size=67108864");
	says("norandommap=1");
	says("pre_read=1");
	says("iomem_align=4k");
	says("clat_percentiles=1");
	says_not("direct=1");
	says_not("iodepth=1");
}

Test(fio_job, a_cold_cell_visits_each_block_once_and_empties_the_cache)
{
	set("cache", "cold");
	set("runtime", "2");
	set("time_based", "1");
	set("number_ios", "100000");
	write_job("buffered");
	says("invalidate=1");
	says("norandommap=0");
	says("runtime=2s");
	says_not("time_based=1");
	says("number_ios=16384");
}

Test(fio_job, a_prepared_cache_is_left_alone)
{
	place.prepared = true;
	set("cache", "cold");
	write_job("fio:psync");
	says("invalidate=0");
}

Test(fio_job, a_queue_has_depth_batches_and_latency_from_the_submission_on)
{
	set("iodepth", "32");
	set("iodepth_batch_submit", "0");
	set("iodepth_batch_complete_min", "8");
	write_job("uring");
	says("ioengine=io_uring");
	says("direct=1");
	says("iodepth=32");
	says("iodepth_batch_submit=32");
	says("iodepth_batch_complete_min=8");
	says("iodepth_batch_complete_max=32");
	says("lat_percentiles=1");
	says("clat_percentiles=0");
}

Test(fio_job, a_queue_is_given_batches_of_what_the_cell_says)
{
	set("iodepth", "32");
	set("iodepth_batch_submit", "4");
	write_job("uring");
	says("iodepth_batch_submit=4");
}

Test(fio_job, polled_rings_say_so)
{
	write_job("uring-iopoll");
	says("hipri=1");
}

Test(fio_job, several_jobs_have_regions_of_their_own)
{
	set("numjobs", "4");
	set("size", "1m");
	write_job("direct");
	says("numjobs=4");
	says("offset_increment=1048576");
}

Test(fio_job, a_number_of_operations_may_go_over_the_blocks_again)
{
	set("size", "64k");
	set("number_ios", "100");
	write_job("direct");
	says("number_ios=100");
	says("io_size=409600");
}

Test(fio_job, each_write_is_durable_by_itself)
{
	set("rw", "randrw");
	set("rwmixread", "70");
	set("durability", "data");
	write_job("direct");
	says("sync=dsync");
	says("rwmixread=70");
}

Test(fio_job, skew_pauses_and_nodes_have_the_same_names)
{
	set("random_distribution", "zipf:1.2");
	set("thinktime", "100us");
	set("numa_cpu_nodes", "1");
	set("numa_mem_policy", "bind:0");
	write_job("fio:psync+direct");
	says("random_distribution=zipf:1.2");
	says("thinktime=100us");
	says("numa_cpu_nodes=1");
	says("numa_mem_policy=bind:0");
}

Test(fio_job, a_mapping_is_touched_before_the_clock_starts)
{
	set("runtime", "1");
	set("time_based", "1");
	write_job("mmap-shared");
	says("ioengine=mmap");
	says("ramp_time=1s");
	says("time_based=1");
	says("norandommap=0");
	says("fadvise_hint=0");
}

Test(fio_job, a_cold_mapping_is_first_touches)
{
	set("cache", "cold");
	write_job("fio:mmap");
	says_not("ramp_time=1s");
	cr_assert(fio_job_first_touch(&w));
}

Test(fio_job, a_colon_in_a_file_name_gets_a_backslash)
{
	place.directory = NULL;
	place.filename = "/a:b";
	write_job("direct");
	says("filename=/a\\:b");
}

Test(fio_job, the_offsets_follow_the_seed)
{
	place.seeded = true;
	place.seed = UINT64_MAX;
	write_job("direct");
	/* fio takes 63 bits. */
	says("randseed=9223372036854775807");
}

Test(fio_job, what_fio_cannot_do_is_said)
{
	refuses("userdrv-poll", "nothing like path userdrv-poll");
	refuses("mmap-private", "nothing like");
	refuses("mmap-shared", "while it ramps");
	set("ramp_time", "1");
	refuses("buffered", "ramping");
	workload_defaults(&w);
	set("cache", "pressed");
	refuses("buffered", "fill memory");
	workload_defaults(&w);
	set("rate_iops", "1000");
	refuses("direct", "latency");
	workload_defaults(&w);
	set("numa_cpu_nodes", "far");
	refuses("direct", "NUMA");
	workload_defaults(&w);
	set("rw", "randwrite");
	set("durability", "data");
	refuses("mmap-shared", "msync");
	workload_defaults(&w);
	set("access", "touch");
	refuses("mmap-shared", "access=touch");
}

Test(fio_job, a_section_name_has_only_what_fio_reads_back)
{
	char section[12];

	fio_job_section(section, sizeof(section), "a b]:c\n/d+e-too-long");
	cr_assert_str_eq(section, "a-b--c-/d+e");
}
