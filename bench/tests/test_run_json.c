// SPDX-License-Identifier: MIT
/* run.json: what is written can be read, whole. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_run_json.h"

#ifndef TEST_DATA
#define TEST_DATA "bench/tests/data"
#endif

static struct run *read_text(const char *text)
{
	struct error e = {""};
	struct run *run = NULL;
	json_t *json = json_loads(text, 0, NULL);

	cr_assert_eq(run_from_json(&run, json, &e), 0, "%s", e.text);
	json_decref(json);
	return run;
}

static void survives(struct run *run)
{
	char *first = fixture_run_text(run), *second;
	struct run *copy = read_text(first);

	second = fixture_run_text(copy);
	cr_assert_str_eq(second, first);
	free(first);
	free(second);
	run_free(copy);
	run_free(run);
}

Test(run_json, of_what_was_read_is_what_was_written)
{
	struct run *run;

	survives(fixture_run_full(RUN_CLOCK_INSTRUCTIONS));
	survives(fixture_run_full(RUN_CLOCK_NS));
	survives(run_new());
	run = fixture_run_full(RUN_CLOCK_INSTRUCTIONS);
	run->cells[0].clock_use = CLOCK_USE_FUNCTION;
	run->cells[1].clock_use = CLOCK_USE_MACHINE;
	cell_set_status(&run->cells[1], CELL_REFUTED, NULL, "no");
	run->complete = false;
	run->null_known = false;
	run_summarize(run);
	survives(run);
}

Test(run_json, keeps_every_member)
{
	struct run *run = fixture_run_full(RUN_CLOCK_INSTRUCTIONS), *copy;
	char *text = fixture_run_text(run);
	const struct pass_result *a = &run->cells[0].repetitions[2].pass[1], *b;

	copy = read_text(text);
	b = &copy->cells[0].repetitions[2].pass[1];
	cr_assert_eq(copy->seed, UINT64_MAX);
	cr_assert_eq(copy->argc, 3);
	cr_assert_str_eq(copy->started_utc, run->started_utc);
	cr_assert_str_eq(copy->warnings[0].remedy, run->warnings[0].remedy);
	cr_assert_null(copy->warnings[1].remedy);
	cr_assert(workload_equal(&copy->cells[0].workload, &run->cells[0].workload));
	cr_assert_str_eq(copy->cells[0].row, "8/100us");
	cr_assert_str_eq(copy->cells[0].completion, "synchronous");
	cr_assert_str_eq(copy->cells[1].remedy, "mkfs.xfs");
	cr_assert_eq(copy->cells[0].evidence[1].verdict, VERDICT_UNOBSERVED);
	cr_assert_eq(copy->cells[0].nhalf_block, 3);
	cr_assert_eq(copy->cells[0].half_block[1][2], 2000);
	cr_assert_eq(copy->cells[0].repetitions[2].boot, 3);
	cr_assert_eq(b->kind, a->kind);
	cr_assert_eq(b->start, a->start);
	cr_assert_eq(b->duration, a->duration);
	cr_assert_eq(b->op_median, a->op_median);
	cr_assert_eq(b->thread, a->thread);
	cr_assert(b->machine_known && b->interrupts_known && b->device_known);
	cr_assert_eq(b->machine, a->machine);
	cr_assert_eq(b->interrupts, a->interrupts);
	cr_assert_eq(b->device_bytes, a->device_bytes);
	cr_assert_eq(b->device_ios, a->device_ios);
	cr_assert_eq(b->flushes, a->flushes);
	cr_assert_eq(b->wait, a->wait);
	cr_assert_eq(b->doorbells, a->doorbells);
	cr_assert_eq(b->sleeps, a->sleeps);
	cr_assert_eq(b->empty_looks, a->empty_looks);
	cr_assert_eq(memcmp(b->latency, a->latency, sizeof(*a->latency)), 0);
	cr_assert_not(copy->cells[0].repetitions[2].pass[0].machine_known);
	cr_assert_eq(copy->cells[0].summary[1].rank.median, run->cells[0].summary[1].rank.median);
	cr_assert_eq(copy->cells[0].latency_from, LATENCY_FROM_INTENDED_START);
	for (unsigned int p = 0; p < PASSES_MAX; p++) {
		a = &run->cells[0].repetitions[1].pass[p];
		b = &copy->cells[0].repetitions[1].pass[p];
		cr_assert_eq(b->backlog_known, a->backlog_known);
		cr_assert_eq(b->backlog, a->backlog_known ? a->backlog : 0);
	}
	free(text);
	run_free(run);
	run_free(copy);
}

Test(run_json, keeps_counters_and_nodes_and_what_is_not_known_of_them)
{
	struct run *run = fixture_run_full(RUN_CLOCK_NS), *copy;
	char *text = fixture_run_text(run);
	const struct pass_result *pass;
	const struct cell *cell;

	copy = read_text(text);
	cell = &copy->cells[0];
	pass = &cell->repetitions[2].pass[1];
	cr_assert(pass->machine_counters[MACHINE_TLB_SHOOTDOWNS].known);
	cr_assert_eq(pass->machine_counters[MACHINE_TLB_SHOOTDOWNS].value, 64);
	cr_assert_not(pass->machine_counters[MACHINE_RECLAIMED_PAGES].known);
	cr_assert(cell->summary[1].machine_counters[MACHINE_INTERRUPTS].known);
	cr_assert_not(cell->summary[1].machine_counters[MACHINE_RECLAIMED_PAGES].known);
	cr_assert_eq(cell->summary[0].cpu_counters[CPU_CYCLES].median, 812000);
	cr_assert(cell->summary[1].cpu_counters[CPU_CYCLES].known);
	cr_assert_not(cell->summary[0].cpu_counters[CPU_DTLB_MISSES].known);
	cr_assert_str_eq(cell->cpu_counters_why_not[CPU_DTLB_MISSES], "no such counter");
	cr_assert_null(cell->cpu_counters_why_not[CPU_CYCLES]);
	cr_assert(cell->cpu_counters_user_only);
	cr_assert(cell->placement.asked);
	cr_assert_eq(cell->placement.cpu_node, 1);
	cr_assert_eq(cell->placement.memory_node, -1);
	cr_assert_eq(cell->placement.device_node, 0);
	cr_assert_eq(cell->placement.distance, 21);
	free(text);
	run_free(run);
	run_free(copy);
}

Test(run_json, says_in_which_clock_a_duration_is_counted)
{
	struct run *run = fixture_run_full(RUN_CLOCK_INSTRUCTIONS);
	char *text = fixture_run_text(run);

	cr_assert(strstr(text, "\"duration_insn\""));
	cr_assert_not(strstr(text, "\"duration_ns\""));
	free(text);
	run->clock = RUN_CLOCK_NS;
	text = fixture_run_text(run);
	cr_assert(strstr(text, "\"duration_ns\""));
	cr_assert_not(strstr(text, "\"duration_insn\""));
	free(text);
	run_free(run);
}

Test(run_json, has_no_row_where_the_suite_names_none)
{
	struct run *run = fixture_run_full(RUN_CLOCK_NS);
	char *text;

	run->cells[0].row[0] = run->cells[1].row[0] = '\0';
	text = fixture_run_text(run);
	cr_assert_not(strstr(text, "\"row\""));
	free(text);
	run_free(run);
}

static void has_reasons(enum run_clock clock)
{
	struct run *run = fixture_run_full(clock);
	char *text, *at;

	run->null_known = false;
	text = fixture_run_text(run);
	for (at = strstr(text, "null,"); at; at = strstr(at + 1, "null,")) {
		at += strcspn(at, "\"");
		cr_assert_eq(strncmp(at, "\"reason\": \"", 11), 0, "%.40s", at);
	}
	cr_assert_not(strstr(text, "null\n"));
	free(text);
	run_free(run);
}

Test(run_json, gives_a_reason_with_every_null)
{
	has_reasons(RUN_CLOCK_INSTRUCTIONS);
	has_reasons(RUN_CLOCK_NS);
}

Test(run_json, says_why_submission_and_completion_are_not_told_apart)
{
	static const char null[] = "\"slat_ns\": {";
	struct run *run = fixture_run_full(RUN_CLOCK_NS);
	char *text = fixture_run_text(run);

	cr_assert_not_null(strstr(text, null));
	cr_assert_not_null(strstr(text, "\"clat_ns\": {"));
	free(text);
	run_free(run);
	run = fixture_run_full(RUN_CLOCK_INSTRUCTIONS);
	text = fixture_run_text(run);
	cr_assert_null(strstr(text, null));
	free(text);
	run_free(run);
}

Test(run_json, holds_any_argument_as_utf8)
{
	struct run *run = run_new();
	char *text;

	run->argv = calloc(2, sizeof(*run->argv));
	run->argv[run->argc++] = strdup("caf\xe9");
	run->argv[run->argc++] = strdup("caf\xc3\xa9");
	text = fixture_run_text(run);
	cr_assert(strstr(text, "\"caf?\""), "%s", text);
	cr_assert(strstr(text, "\"caf\xc3\xa9\""), "%s", text);
	free(text);
	run_free(run);
}

Test(run_json, holds_counts_up_to_two_to_the_63)
{
	struct run *run = run_new();
	char *text;

	run->duration_s = UINT64_MAX;
	text = fixture_run_text(run);
	cr_assert(strstr(text, "\"duration_s\": 9223372036854775807"));
	free(text);
	run_free(run);
}

/* data/run-v1.json never changes: whoever breaks this breaks everybody's stored results. */
Test(run_json, of_version_1_can_be_read_for_ever)
{
	struct error e = {""};
	struct run *run = NULL;
	const struct cell *cell;

	cr_assert_eq(run_read(&run, TEST_DATA "/run-v1.json", &e), 0, "%s", e.text);
	cr_assert_str_eq(run->id, "0142");
	cr_assert_eq(run->clock, RUN_CLOCK_INSTRUCTIONS);
	cr_assert_eq(run->seed, UINT64_MAX);
	cr_assert_eq(run->null_per_op, 41000);
	cr_assert_eq(run->ncells, 2);
	cell = &run->cells[0];
	cr_assert_str_eq(cell->workload.path, "mmap-dax");
	cr_assert_eq(cell->status, CELL_MEASURED);
	cr_assert_eq(cell->nevidence, 2);
	cr_assert_eq(cell->nrepetitions, 3);
	cr_assert_eq(cell->repetitions[0].pass[1].op_median, 2660);
	cr_assert_eq(histogram_total(cell->summary[1].merged), 3000);
	cr_assert_eq(cell->summary[0].fault.median, 4928);
	cr_assert_eq(cell->summary[1].rank.median, 1339);
	cr_assert_eq(run->cells[1].status, CELL_UNAVAILABLE);
	/* What there was no word for yet: one I/O at a time, nothing held back, nothing awaited. */
	cr_assert_eq(cell->workload.iodepth, 1);
	cr_assert_eq(cell->workload.iodepth_batch_complete_min, 1);
	cr_assert_eq(cell->workload.aggregation_threshold, 1);
	cr_assert_eq(cell->workload.aggregation_ns, 0);
	cr_assert_eq(cell->summary[1].wait.median, 0);
	cr_assert_not(cell->summary[1].doorbells.known);
	cr_assert_str_eq(cell->row, "");
	survives(run);
}
