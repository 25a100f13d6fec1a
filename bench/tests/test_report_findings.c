// SPDX-License-Identifier: MIT
/* What a report says in words, and that it says no more than the figures carry. */
#include <criterion/criterion.h>

#include <string.h>

#include "report/findings.h"
#include "report/rows.h"
#include "tests/fixture_run.h"

static void check_finding(struct run *run, size_t index, const char *expected)
{
	struct group *groups;
	size_t n;
	char text[FINDING_MAX];

	cr_assert_eq(groups_make(run, &groups, &n), 0);
	finding_sentence(run->clock, &groups[index], text, sizeof(text));
	cr_expect_str_eq(text, expected);
	groups_free(groups, n);
}

struct ranked {
	const char *path;
	uint64_t median, noise;
};

/* A run with these cells in one group; the last has no path. */
static struct run *ranked(enum run_clock clock, const struct ranked *cells)
{
	struct run *run = run_new();

	run->clock = clock;
	for (; cells->path; cells++) {
		struct cell *cell = fixture_cell(run, cells->path, "a group", 1);

		cell->summary[0].rank = cell->summary[0].iops = fixture_quantity(
			cells->median, cells->median - cells->noise, cells->median + cells->noise);
	}
	return run;
}

static void check_ranked(enum run_clock clock, const struct ranked *cells, const char *expected)
{
	struct run *run = ranked(clock, cells);

	check_finding(run, 0, expected);
	run_free(run);
}

Test(report_findings, paths_whose_intervals_are_apart_are_compared)
{
	struct run *run =
		ranked(RUN_CLOCK_INSTRUCTIONS,
		       (const struct ranked[]){{"direct", 6530, 10}, {"dax", 2100, 0}, {0}});

	check_finding(
		run, 0,
		"dax executes 2,100 instructions of work per I/O; direct takes 3.1 times that "
		"(6,530)");
	run->clock = RUN_CLOCK_NS;
	check_finding(run, 0,
		      "direct does 6,530 I/Os per second, 3.1 times as many as dax (2,100)");
	run_free(run);
}

Test(report_findings, an_access_to_what_is_mapped_already_is_said_last)
{
	struct run *run = fixture_run_instructions();
	struct group *groups;
	char text[FINDING_MAX];
	size_t n;

	cr_assert_eq(groups_make(run, &groups, &n), 0);
	for (size_t i = 0; i < n; i++) {
		const char *again;

		finding_sentence(run->clock, &groups[i], text, sizeof(text));
		again = strstr(text, " again");
		cr_assert(!again || strstr(text, "; once mapped, an access takes "), "%s", text);
	}
	groups_free(groups, n);
	run_free(run);
}

static void check_durable_writes(uint64_t again, uint64_t faults, uint64_t syscalls,
				 const char *expected)
{
	struct run *run =
		ranked(RUN_CLOCK_INSTRUCTIONS, (const struct ranked[]){{"dax", 4035, 0}, {0}});
	struct cell *cell = fixture_cell(run, "mmap-dax", "a group", 2);

	cell->summary[0].rank = fixture_quantity(9169, 9169, 9169);
	cell->summary[1].rank = fixture_quantity(again, again, again);
	cell->summary[1].faults_minor = fixture_quantity(faults, faults, faults);
	cell->summary[1].syscalls = fixture_quantity(syscalls, syscalls, syscalls);
	check_finding(run, 0, expected);
	run_free(run);
}

Test(report_findings, a_second_pass_that_faults_or_is_not_cheaper_is_not_said_to_be_mapped)
{
	static const char without[] = "dax executes 4,035 instructions of work per I/O; mmap-dax "
				      "first takes 2.3 times that (9,169)";

	check_durable_writes(9232, 1000, 1000, without);
	check_durable_writes(9232, 0, 0, without);
	check_durable_writes(100, 1000, 0, without);
	check_durable_writes(
		100, 0, 0,
		"dax executes 4,035 instructions of work per I/O; mmap-dax first takes 2.3 "
		"times that (9,169); once mapped, an access takes 100 (mmap-dax again)");
}

Test(report_findings, what_the_best_needs_none_of_has_no_ratio)
{
	check_ranked(RUN_CLOCK_INSTRUCTIONS,
		     (const struct ranked[]){
			     {"userdrv-poll", 0, 0}, {"uring", 40, 0}, {"direct", 50, 0}, {0}},
		     "userdrv-poll executes 0 instructions of work per I/O; uring takes 40, direct "
		     "50");
}

Test(report_findings, several_that_do_less_are_all_said_as_times)
{
	check_ranked(RUN_CLOCK_NS,
		     (const struct ranked[]){{"userdrv-poll", 30000, 10},
					     {"uring", 15100, 10},
					     {"direct", 3000, 10},
					     {0}},
		     "userdrv-poll does 30,000 I/Os per second, 1.99 times as many as uring "
		     "(15,100) and 10 times as many as direct (3,000)");
}

Test(report_findings, paths_whose_intervals_overlap_are_not)
{
	check_ranked(RUN_CLOCK_INSTRUCTIONS,
		     (const struct ranked[]){{"direct", 2150, 60}, {"dax", 2100, 20}, {0}},
		     "dax and direct can't be told apart here: 2,100 and 2,150 instructions of "
		     "work per I/O");
}

Test(report_findings, paths_are_compared_at_one_depth)
{
	struct run *run = fixture_run_queues();

	check_finding(run, 0,
		      "userdrv-poll executes 212 instructions of work and interrupts per I/O; "
		      "userdrv-hybrid takes 12 times that (2,524), uring 47 times (9,990)");
	check_finding(run, 1,
		      "userdrv-poll executes 160 instructions of work and interrupts per I/O; "
		      "uring takes 32 times that (5,040)");
	run_free(run);
	/* Even where the suite puts depths side by side. */
	run = ranked(RUN_CLOCK_INSTRUCTIONS,
		     (const struct ranked[]){
			     {"uring", 4000, 10}, {"uring", 7000, 10}, {"libaio", 5000, 10}, {0}});
	run->cells[0].workload.iodepth = run->cells[2].workload.iodepth = 32;
	check_finding(run, 0,
		      "uring executes 4,000 instructions of work per I/O; libaio takes 1.25 times "
		      "that (5,000)");
	run_free(run);
}

Test(report_findings, what_boots_differ_by_is_no_finding)
{
	struct run *run =
		ranked(RUN_CLOCK_INSTRUCTIONS,
		       (const struct ranked[]){{"uring", 14300, 0}, {"libaio", 14000, 0}, {0}});

	check_finding(run, 0,
		      "libaio executes 14,000 instructions of work per I/O; uring takes 1.02 "
		      "times that (14,300)");
	/* It sleeps: its boots may differ by 3 %. */
	run->cells[0].clock_use = CLOCK_USE_MACHINE;
	check_finding(run, 0,
		      "libaio and uring differ by less than 3%: 14,000 and 14,300 instructions of "
		      "work per I/O");
	run_free(run);
}

Test(report_findings, after_a_tie_the_last_one_is_said_if_it_differs)
{
	struct run *run = ranked(
		RUN_CLOCK_INSTRUCTIONS,
		(const struct ranked[]){
			{"dax", 2100, 10}, {"buffered", 2105, 10}, {"direct", 6300, 10}, {0}});

	check_finding(run, 0,
		      "dax and buffered can't be told apart here: 2,100 and 2,105 instructions of "
		      "work per I/O; direct takes 3.0 times as many (6,300)");
	run->clock = RUN_CLOCK_NS;
	run->cells[0].summary[0].iops = fixture_quantity(6310, 6300, 6320);
	check_finding(run, 0,
		      "dax and direct can't be told apart here: 6,310 and 6,300 I/Os per second, "
		      "the first 3.0 times as many as buffered (2,105)");
	run_free(run);
}

Test(report_findings, a_reason_for_no_finding_is_not_one)
{
	struct run *run =
		ranked(RUN_CLOCK_NS,
		       (const struct ranked[]){{"dax", 2100, 10}, {"direct", 6300, 10}, {0}});
	struct group *groups;
	char text[FINDING_MAX];
	size_t n;

	cr_assert_eq(groups_make(run, &groups, &n), 0);
	cr_expect(finding_sentence(run->clock, &groups[0], text, sizeof(text)));
	run->cells[0].nrepetitions = 5;
	cr_expect_not(finding_sentence(run->clock, &groups[0], text, sizeof(text)));
	cr_expect_str_eq(text, "5 repetitions are too few to tell these paths apart");
	run->cells[0].nrepetitions = 9;
	groups_free(groups, n);
	run_free(run);
}

Test(report_findings, one_instruction_is_no_finding)
{
	check_ranked(RUN_CLOCK_INSTRUCTIONS,
		     (const struct ranked[]){{"direct", 2101, 0}, {"dax", 2100, 0}, {0}},
		     "dax and direct differ by less than 1%: 2,100 and 2,101 instructions of work "
		     "per I/O");
}

Test(report_findings, three_repetitions_of_time_tell_nothing_apart)
{
	struct run *run = ranked(
		RUN_CLOCK_NS, (const struct ranked[]){{"direct", 9000, 1}, {"dax", 2100, 1}, {0}});

	run->cells[0].nrepetitions = 3;
	check_finding(run, 0, "3 repetitions are too few to tell these paths apart");
	run_free(run);
}
