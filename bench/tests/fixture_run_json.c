// SPDX-License-Identifier: MIT
#include "tests/fixture_run_json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_pass(struct pass_result *pass, uint64_t n)
{
	uint64_t value;

	pass->start = n * 1000000;
	pass->duration = 2000000 + n;
	pass->ios = 1000;
	pass->bytes = 4096000;
	pass->op_median = 2658 + n;
	pass->thread = 2668000 + n;
	pass->faults_minor = n;
	pass->context_switches = 2;
	pass->backlog = 7 + n;
	pass->backlog_known = n % 2;
	pass->wait = 5000 + n;
	pass->doorbells = 2000 + n;
	pass->sleeps = 900 + n;
	pass->empty_looks = 30 + n;
	for (unsigned int i = 0; i < NMACHINE_COUNTERS; i++)
		pass->machine_counters[i] = (struct counted){i != 1, i == 1 ? 0 : 60 + i + n};
	pass->latency = calloc(1, sizeof(*pass->latency));
	for (value = 1; value <= 1000; value++)
		histogram_record(pass->latency, 2000 + value * n);
}

static void fill_cell(struct cell *cell, const char *path)
{
	const uint64_t half[PASSES_MAX] = {2402, 2000};
	struct repetition *repetition;
	unsigned int boot;

	snprintf(cell->id, sizeof(cell->id), "ladder/%s", path);
	snprintf(cell->group, sizeof(cell->group), "4k randread hot");
	snprintf(cell->row, sizeof(cell->row), "8/100us");
	workload_defaults(&cell->workload);
	workload_set(&cell->workload, "path", path, NULL);
	workload_set(&cell->workload, "target", "testbed:pmem/xfs", NULL);
	workload_set(&cell->workload, "madvise", "random", NULL);
	workload_set(&cell->workload, "iodepth", "32", NULL);
	workload_set(&cell->workload, "iodepth_batch_complete_min", "4", NULL);
	workload_set(&cell->workload, "aggregation_threshold", "8", NULL);
	workload_set(&cell->workload, "aggregation_time", "100us", NULL);
	cell->latency_from = LATENCY_FROM_INTENDED_START;
	cell->api = "pread";
	cell->cache = "page cache";
	cell->completion = "synchronous";
	cell->placement = (struct placement){true, 1, -1, 0, 21};
	cell->cpu_counters[0][CPU_CYCLES] = (struct quantity){true, 812000, 812000, 812000};
	cell->cpu_counters[1][CPU_CYCLES] = (struct quantity){true, 0, 0, 0};
	cell->cpu_counters_user_only = true;
	cell->cpu_counters_why_not[CPU_DTLB_MISSES] = strdup("no such counter");
	cell_set_status(cell, CELL_MEASURED, NULL, NULL);
	cell_add_evidence(cell, "the inode is DAX", "set", "statx", PHASE_TIMED, VERDICT_HELD,
			  "set");
	cell_add_evidence(cell, "no system call", "0", "raw_syscalls", PHASE_WITNESS,
			  VERDICT_UNOBSERVED, "tracing needs root");
	for (boot = 1; boot <= 3; boot++) {
		repetition = cell_add_repetition(cell, boot, boot + 4);
		repetition->npasses = 2;
		fill_pass(&repetition->pass[0], boot);
		fill_pass(&repetition->pass[1], boot + 1);
		repetition->pass[0].kind = PASS_FIRST_TOUCH;
		repetition->pass[0].fault_median = 4928;
		repetition->pass[1].kind = PASS_AGAIN;
		repetition->pass[1].machine = 2700000;
		repetition->pass[1].machine_known = true;
		repetition->pass[1].interrupts = 3;
		repetition->pass[1].interrupts_known = true;
		repetition->pass[1].device_bytes = 4096;
		repetition->pass[1].device_ios = 1;
		repetition->pass[1].flushes = 1;
		repetition->pass[1].device_known = true;
		cell_add_half_block(cell, half);
	}
}

struct run *fixture_run_full(enum run_clock clock)
{
	struct run *run = run_new();

	snprintf(run->id, sizeof(run->id), "0142");
	run->suite = strdup("ladder");
	run->question = strdup("What does each API cost?");
	run->argv = calloc(3, sizeof(*run->argv));
	run->argv[run->argc++] = strdup("bypass");
	run->argv[run->argc++] = strdup("run");
	run->argv[run->argc++] = strdup("ladder");
	run->seed = UINT64_MAX;
	run->clock = clock;
	run->complete = true;
	snprintf(run->started_utc, sizeof(run->started_utc), "2026-11-23T01:16:00Z");
	run->duration_s = 544;
	run->runs = 3;
	run->boots = 3;
	run->null_known = true;
	run->null_per_op = 41000;
	json_object_set_new(run->environment, "kernel", json_string("6.1.0-56-amd64"));
	json_object_set_new(run->targets, "testbed:pmem/xfs",
			    json_pack("{s:s,s:i}", "fs", "xfs", "bytes", 1 << 30));
	run_warn(run, "governor", "cpupower frequency-set -g performance", "governor=powersave");
	run_warn(run, "virtual-clock", NULL, "instructions are not time");
	run->cells = calloc(2, sizeof(*run->cells));
	run->ncells = 2;
	fill_cell(&run->cells[0], "mmap-dax");
	fill_cell(&run->cells[1], "mmap-shared");
	cell_set_status(&run->cells[1], CELL_UNAVAILABLE, "mkfs.xfs", "there is no file system");
	run_summarize(run);
	return run;
}

char *fixture_run_text(const struct run *run)
{
	json_t *json = run_to_json(run);
	char *text = json_dumps(json, JSON_INDENT(1));

	json_decref(json);
	cr_assert_not_null(text);
	return text;
}
