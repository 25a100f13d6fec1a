// SPDX-License-Identifier: MIT
/* Job files of fio as suites. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fio/import.h"

#define JOB "[a]\nfilename=/etc/passwd\nsize=1m\ninvalidate=0\n"

static struct suite *parsed(const char *text)
{
	struct suite *suite = NULL;
	struct error e = {""};

	cr_assert_eq(fio_import_parse(&suite, "x", text, &e), 0, "%s", e.text);
	return suite;
}

/* What one job becomes, with @options in its section. */
static struct workload job(const char *options)
{
	struct workload w;
	struct suite *suite;
	char text[1024];

	snprintf(text, sizeof(text), JOB "%s", options);
	suite = parsed(text);
	cr_assert_eq(suite->ncells, 1);
	w = suite->cells[0].workload;
	suite_free(suite);
	return w;
}

static void refuses(const char *text, const char *part)
{
	struct suite *suite = NULL;
	struct error e = {""};

	cr_assert_eq(fio_import_parse(&suite, "x", text, &e), -EINVAL, "%s", text);
	cr_assert(strstr(e.text, part), "'%s' lacks '%s'", e.text, part);
	cr_assert_null(suite);
}

static void job_refuses(const char *options, const char *part)
{
	char text[1024];

	snprintf(text, sizeof(text), JOB "%s", options);
	refuses(text, part);
}

Test(fio_import, a_job_is_a_cell_with_its_options)
{
	struct workload w = job("rw=randrw\nbs=8k\niodepth=16\nioengine=libaio\ndirect=1\n"
				"runtime=10\ntime_based\nramp_time=2\nrwmixread=70\n"
				"number_ios=5\nrandom_distribution=zipf:1.2\n");

	cr_assert_str_eq(w.path, "libaio");
	cr_assert_str_eq(w.target, "file:/etc/passwd");
	cr_assert_eq(w.rw, RW_RANDRW);
	cr_assert_eq(w.bs, 8192);
	cr_assert_eq(w.size, 1 << 20);
	cr_assert_eq(w.iodepth, 16);
	cr_assert_eq(w.iodepth_batch_submit, 1);
	cr_assert_eq(w.runtime_ns, 10000000000);
	cr_assert_eq(w.ramp_ns, 2000000000);
	cr_assert(w.time_based);
	cr_assert_eq(w.rwmixread, 70);
	cr_assert_eq(w.number_ios, 5);
	cr_assert_eq(w.zipf_thousandths, 1200);
}

Test(fio_import, submits_one_by_one_unless_told_otherwise)
{
	static const char queue[] = "ioengine=libaio\ndirect=1\niodepth=16\n";
	static const struct {
		const char *option;
		unsigned int submit;
	} expected[] = {{"", 1},
			{"iodepth_batch=4\n", 4},
			{"iodepth_batch_submit=15\n", 15},
			{"iodepth_batch_submit=16\n", 16},
			{"iodepth_batch_submit=100\n", 16},
			{"iodepth_batch_submit=0\n", 0}};
	char text[200];

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", queue, expected[i].option);
		cr_assert_eq(job(text).iodepth_batch_submit, expected[i].submit, "%s", text);
	}
	cr_assert_eq(job("rw=read\n").iodepth_batch_submit, 1);
}

Test(fio_import, engines_and_direct_choose_the_path)
{
	static const struct {
		const char *options, *path;
	} expected[] = {
		{"rw=read\n", "buffered"},
		{"ioengine=sync\n", "buffered"},
		{"ioengine=pvsync2\ndirect=1\n", "direct"},
		{"ioengine=psync\nbuffered=0\n", "direct"},
		{"ioengine=mmap\n", "mmap-shared"},
		{"ioengine=io_uring\ndirect=1\n", "uring"},
		{"ioengine=io_uring\ndirect=1\nhipri\n", "uring-iopoll"},
		{"ioengine=io_uring\ndirect=1\nsqthread_poll=1\n", "uring-sqpoll"},
		{"ioengine=null\n", "null"},
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		cr_assert_str_eq(job(expected[i].options).path, expected[i].path);
}

Test(fio_import, global_options_hold_for_the_jobs_below)
{
	struct suite *suite = parsed("; a comment\n\n[global]\nsize = 1m\n  bs=16k\ndirect=1\r\n"
				     "directory=/data\nstonewall\n"
				     "[one]\nrw=randread\n# another\n[two]\nfilename=f\nbs=4k\n");

	cr_assert_eq(suite->ncells, 2);
	cr_assert_str_eq(suite->cells[0].section, "one");
	cr_assert_str_eq(suite->cells[0].workload.target, "file:/data");
	cr_assert_eq(suite->cells[0].workload.bs, 16384);
	/* There is no such file yet. */
	cr_assert_str_eq(suite->cells[1].workload.target, "file:/data");
	cr_assert_eq(suite->cells[1].workload.bs, 4096);
	cr_assert_eq(suite->cells[1].workload.rw, RW_READ);
	cr_assert_str_eq(suite->name, "x");
	suite_free(suite);
}

Test(fio_import, a_device_is_a_disk_and_a_colon_may_be_part_of_a_name)
{
	cr_assert_str_eq(job("filename=/dev/nvme0n1\ndirect=1\n").target, "block:/dev/nvme0n1");
	cr_assert_str_eq(job("filename=/a\\:b/c\n").target, "file:/a:b");
}

Test(fio_import, a_file_that_fio_would_make_is_one_of_ours_in_its_folder)
{
	cr_assert_str_eq(job("filename=/etc/none-of-this-name\n").target, "file:/etc");
	cr_assert_str_eq(job("filename=/dev/shm/none-of-this-name\n").target, "file:/dev/shm");
	cr_assert_str_eq(job("filename=/none-of-this-name\n").target, "file:/");
	cr_assert_str_eq(job("filename=none-of-this-name\n").target, "file:.");
}

Test(fio_import, the_page_cache_is_empty_as_in_fio_unless_the_job_says_otherwise)
{
	struct suite *suite = parsed("[a]\nfilename=/tmp/x\nsize=1m\n");

	cr_assert_eq(suite->cells[0].workload.cache, CACHE_COLD);
	suite_free(suite);
	cr_assert_eq(job("").cache, CACHE_HOT);
	cr_assert_eq(job("invalidate=1\n").cache, CACHE_COLD);
	cr_assert_eq(job("invalidate=1\npre_read=1\n").cache, CACHE_HOT);
	cr_assert_eq(job("invalidate=1\ndirect=1\n").cache, CACHE_HOT);
	job_refuses("invalidate=1\ntime_based\nruntime=1\n", "add invalidate=0");
}

Test(fio_import, durability_of_every_write)
{
	cr_assert_eq(job("rw=write\nfsync=1\n").durability, DURABILITY_DATA);
	cr_assert_eq(job("rw=write\nfdatasync=1\n").durability, DURABILITY_DATA);
	cr_assert_eq(job("rw=write\nsync=dsync\n").durability, DURABILITY_DATA);
	cr_assert_eq(job("rw=write\nfsync=0\n").durability, DURABILITY_NONE);
	job_refuses("rw=write\nfsync=32\n", "only some writes");
}

Test(fio_import, a_pause_without_a_unit_is_microseconds)
{
	cr_assert_eq(job("thinktime=50\n").thinktime_ns, 50000);
	cr_assert_eq(job("thinktime=2ms\n").thinktime_ns, 2000000);
}

Test(fio_import, amounts)
{
	cr_assert_eq(job("io_size=40k\n").number_ios, 10);
	cr_assert_eq(job("io_size=40k\nnumber_ios=3\n").number_ios, 3);
	cr_assert_eq(job("rw=randrw\nrwmixwrite=30\n").rwmixread, 70);
	cr_assert_eq(job("numjobs=2\noffset_increment=1m\n").numjobs, 2);
	job_refuses("numjobs=2\n", "add offset_increment=1048576");
	job_refuses("offset_increment=4k\n", "offset_increment is not size=");
	job_refuses("io_size=5000\n", "not a multiple of bs");
	refuses("[a]\nfilename=/tmp/x\n", "add size=");
}

Test(fio_import, what_makes_no_difference_is_passed_over)
{
	job("group_reporting\nthread=1\nname=n\nnorandommap=1\nrandrepeat=0\nfallocate=none\n");
}

Test(fio_import, errors_name_the_file_and_the_line)
{
	job_refuses("verify=md5\n", "x.fio:5: bypass doesn't take 'verify'");
	job_refuses("rw=trim\n", "x.fio:5: rw: 'trim'");
	job_refuses("bs=4k,8k\n", "x.fio:5: bs:");
	job_refuses("ioengine=rbd\n", "x.fio:1: [a] no path here is ioengine=rbd");
	job_refuses("ioengine=libaio\n", "add direct=1");
	job_refuses("ioengine=mmap\ndirect=1\n", "take direct=1 out");
	job_refuses("filename=a:b\n", "several files");
	job_refuses("bs=${BS}\n", "x.fio:5: fio would put something else in");
	job_refuses("bs=\n", "nothing follows");
	job_refuses("direct=2\n", "neither 0 nor 1");
	job_refuses("iodepth=8\n", "x.fio:1: [a] path=buffered does one I/O");
	job_refuses("rw\n", "rw has no value");
	job_refuses("\001\n", "control character");
	refuses("rw=read\n", "x.fio:1: an option before the first [section]");
	refuses("[global]\nbs=4k\n", "x.fio has no job");
	refuses("", "x.fio has no job");
	refuses("[a\n", "no ] at its end");
	refuses("[]\n", "1 to 63 characters");
}

Test(fio_import, jobs_at_the_same_time_and_of_the_same_name_are_refused)
{
	refuses(JOB "[b]\nfilename=/tmp/x\nsize=1m\n", "[b] would run at the same time");
	refuses(JOB "[a]\nfilename=/tmp/x\nsize=1m\nstonewall\n", "a job of this name");
}

Test(fio_import, a_file_is_read_by_its_ending)
{
	char path[] = "/tmp/bypass-test-XXXXXX.fio";
	int fd = mkstemps(path, 4);
	struct suite *suite = NULL;
	struct error e;

	cr_assert(fio_import_matches("a.fio") && !fio_import_matches(".fio") &&
		  !fio_import_matches("a.ini"));
	cr_assert_eq(write(fd, JOB, strlen(JOB)), (ssize_t)strlen(JOB));
	close(fd);
	cr_assert_eq(fio_import_load(&suite, path, &e), 0, "%s", e.text);
	cr_assert_eq(suite->ncells, 1);
	cr_assert_eq(strncmp(suite->name, "bypass-test-", 12), 0);
	suite_free(suite);
	unlink(path);
	cr_assert_eq(fio_import_load(&suite, path, &e), -ENOENT);
	cr_assert(strstr(e.text, path));
}
