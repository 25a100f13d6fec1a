// SPDX-License-Identifier: MIT
/* Several jobs on one file, each with a ring of its own, which belongs to its thread. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/repetition.h"

#define NJOBS   3u
#define BS      4096u
#define NBLOCKS 64u

extern const struct path_ops path_uring;

static struct clock clock_;
static struct cell cell;
static struct target target;
static struct repetition result;
static struct repetition_context context;
static struct error error;

static void begin(void)
{
	struct unavailable why;

	clock_init(&clock_, RUN_CLOCK_NS);
	workload_defaults(&cell.workload);
	strcpy(cell.workload.path, "uring");
	cell.workload.bs = BS;
	cell.workload.size = (uint64_t)BS * NBLOCKS;
	cell.workload.number_ios = NBLOCKS;
	cell.workload.numjobs = NJOBS;
	cell.workload.iodepth = 4;
	cr_assert_eq(target_parse(&target, "file:.", &error), 0, "%s", error.text);
	cr_assert_eq(target_probe(&target, &error), 0, "%s", error.text);
	cr_assert_eq(target_open(&target, cell.workload.size * NJOBS, true, &error), 0, "%s",
		     error.text);
	if (path_uring.probe(&cell.workload, &target, &why) != 0)
		cr_skip_test("%s; %s", why.reason, why.remedy);
	context = (struct repetition_context){.clock = &clock_,
					      .ops = &path_uring,
					      .cell = &cell,
					      .target = &target,
					      .stride = BS,
					      .seed = 1};
}

static void end(void)
{
	free(result.pass[0].latency);
	cell_release(&cell);
	target_close(&target);
}

TestSuite(uring_jobs, .init = begin, .fini = end);

static void each_did_its_own(void)
{
	cr_assert_eq(repetition_timed(&context, &result, &error), 0, "%s", error.text);
	cr_expect_eq(result.pass[0].ios, NJOBS * NBLOCKS);
	cr_expect_eq(result.pass[0].errors, 0u);
	cr_expect_gt(cell.nevidence, 0u);
	for (size_t i = 0; i < cell.nevidence; i++)
		cr_expect_neq(cell.evidence[i].verdict, VERDICT_REFUTED, "%s: %s",
			      cell.evidence[i].claim, cell.evidence[i].observed);
}

Test(uring_jobs, read_before_the_clock_starts_and_in_the_pass)
{
	cell.workload.rw = RW_RANDREAD;
	each_did_its_own();
}

Test(uring_jobs, write_all_of_their_own_regions)
{
	const char *what = NULL;
	uint64_t where = 0;

	cell.workload.rw = RW_WRITE;
	each_did_its_own();
	cr_expect_eq(target_verify(&target, &where, &what), 0, "%s at %lu", what, where);
	cr_expect_eq(target_count_newest(&target), NJOBS * NBLOCKS * BS / 512);
}

static int next_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

/* Room for the file and the ring of one job only. */
Test(uring_jobs, one_that_fails_to_open_closes_those_that_are_open)
{
	int first = next_descriptor();
	struct rlimit limit, less;

	cell.workload.rw = RW_RANDREAD;
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	less = limit;
	less.rlim_cur = (rlim_t)first + 2;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &less), 0);
	cr_expect_eq(repetition_timed(&context, &result, &error), -EMFILE);
	cr_expect(strstr(error.text, "Too many open files"), "%s", error.text);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_eq(next_descriptor(), first);
	each_did_its_own();
}
