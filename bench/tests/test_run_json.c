// SPDX-License-Identifier: MIT
/* run.json: what is written can be read, whole, and what is damaged is refused. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/run.h"

#ifndef TEST_DATA
#define TEST_DATA "bench/tests/data"
#endif

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

/* A run with something in every member. */
static struct run *new_run(enum run_clock clock)
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

static char *text_of(const struct run *run)
{
	json_t *json = run_to_json(run);
	char *text = json_dumps(json, JSON_INDENT(1));

	json_decref(json);
	cr_assert_not_null(text);
	return text;
}

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
	char *first = text_of(run), *second;
	struct run *copy = read_text(first);

	second = text_of(copy);
	cr_assert_str_eq(second, first);
	free(first);
	free(second);
	run_free(copy);
	run_free(run);
}

Test(run_json, of_what_was_read_is_what_was_written)
{
	struct run *run;

	survives(new_run(RUN_CLOCK_INSTRUCTIONS));
	survives(new_run(RUN_CLOCK_NS));
	survives(run_new());
	run = new_run(RUN_CLOCK_INSTRUCTIONS);
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
	struct run *run = new_run(RUN_CLOCK_INSTRUCTIONS), *copy;
	char *text = text_of(run);
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
	struct run *run = new_run(RUN_CLOCK_NS), *copy;
	char *text = text_of(run);
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
	struct run *run = new_run(RUN_CLOCK_INSTRUCTIONS);
	char *text = text_of(run);

	cr_assert(strstr(text, "\"duration_insn\""));
	cr_assert_not(strstr(text, "\"duration_ns\""));
	free(text);
	run->clock = RUN_CLOCK_NS;
	text = text_of(run);
	cr_assert(strstr(text, "\"duration_ns\""));
	cr_assert_not(strstr(text, "\"duration_insn\""));
	free(text);
	run_free(run);
}

Test(run_json, has_no_row_where_the_suite_names_none)
{
	struct run *run = new_run(RUN_CLOCK_NS);
	char *text;

	run->cells[0].row[0] = run->cells[1].row[0] = '\0';
	text = text_of(run);
	cr_assert_not(strstr(text, "\"row\""));
	free(text);
	run_free(run);
}

static void has_reasons(enum run_clock clock)
{
	struct run *run = new_run(clock);
	char *text, *at;

	run->null_known = false;
	text = text_of(run);
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
	struct run *run = new_run(RUN_CLOCK_NS);
	char *text = text_of(run);

	cr_assert_not_null(strstr(text, null));
	cr_assert_not_null(strstr(text, "\"clat_ns\": {"));
	free(text);
	run_free(run);
	run = new_run(RUN_CLOCK_INSTRUCTIONS);
	text = text_of(run);
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
	text = text_of(run);
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
	text = text_of(run);
	cr_assert(strstr(text, "\"duration_s\": 9223372036854775807"));
	free(text);
	run_free(run);
}

/* Puts @value at @path ("cells/0/id") of a good file, or takes it out for NULL. */
static json_t *damaged(const char *path, const char *value)
{
	struct run *run = new_run(RUN_CLOCK_INSTRUCTIONS);
	json_t *json = run_to_json(run), *at = json, *new = NULL;
	char *copy = strdup(path), *save = NULL;
	char *name = strtok_r(copy, "/", &save), *next;

	run_free(run);
	for (; (next = strtok_r(NULL, "/", &save)); name = next) {
		at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
				       : json_object_get(at, name);
		cr_assert_not_null(at, "%s in %s", name, path);
	}
	if (value) {
		new = json_loads(value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		cr_assert_not_null(new, "%s", value);
	}
	if (!value)
		json_object_del(at, name);
	else if (json_is_array(at))
		json_array_set_new(at, strtoul(name, NULL, 10), new);
	else
		json_object_set_new(at, name, new);
	free(copy);
	return json;
}

static void refuses(const char *path, const char *value, const char *part)
{
	json_t *json = damaged(path, value);
	struct run *run = NULL;
	struct error e = {""};

	cr_assert_eq(run_from_json(&run, json, &e), -EINVAL, "%s=%s", path, value);
	cr_assert(strstr(e.text, part), "%s=%s: '%s' lacks '%s'", path, value, e.text, part);
	cr_assert_null(run);
	json_decref(json);
}

Test(run_json, refuses_wrong_types_and_ranges_and_says_where)
{
	refuses("schema_version", NULL, "schema_version must");
	refuses("status", "\"done\"", "status must be complete or partial");
	refuses("seed", "7", "seed must");
	refuses("seed", "\"-7\"", "seed must");
	refuses("seed", "\"18446744073709551616\"", "seed must");
	refuses("run_id", "7", "run_id must be a string");
	refuses("run_id", "\"a\\u0000b\"", "run_id must be a string");
	refuses("run_id", "\"0123456789012345678901234567890123456789012345678901234567890123\"",
		"run_id is longer than 63");
	refuses("clock", "\"cycles\"", "clock has a value");
	refuses("runs", "-1", "runs must be a whole number");
	refuses("runs", "1.0", "runs must be a whole number");
	refuses("runs", "5000000000", "runs must be a whole number");
	refuses("argv/1", "null", "argv must hold strings");
	refuses("null_path", NULL, "null_path must");
	refuses("null_path/per_1000_ops_insn", "\"x\"", "null_path must");
	refuses("warnings/0/text", NULL, "warnings[0].text is missing");
	refuses("environment", "[]", "environment must be an object");
	refuses("cells", "{}", "cells must be a list");
	refuses("cells/1", "7", "cells must hold objects");
	refuses("cells/1/workload", "7", "cells[1].workload must be an object");
	refuses("cells/1/workload/bs", "0", "cells[1].bs must");
	refuses("cells/1/workload/numjobs", "257", "cells[1].numjobs must");
	refuses("cells/1/workload/iodepth", "0", "cells[1].iodepth must");
	refuses("cells/1/workload/iodepth", "4097", "cells[1].iodepth must");
	refuses("cells/1/workload/aggregation_threshold", "257", "aggregation_threshold must");
	refuses("cells/1/workload/aggregation_time_ns", "25500001", "aggregation_time_ns must");
	refuses("cells/1/row", "7", "cells[1].row must be a string");
	refuses("cells/1/workload/populate", "1", "cells[1].populate must be true or false");
	refuses("cells/0/evidence/1/verdict", "\"maybe\"", "cells[0].evidence[1].verdict has");
}

Test(run_json, refuses_repetitions_that_can_not_be)
{
	refuses("cells/0/repetitions/1/passes", "[{},{},{}]", "passes has more than 2");
	refuses("cells/0/repetitions/1/passes/1/ios", NULL,
		"cells[0].repetitions[1].passes[1].ios is missing");
	refuses("cells/0/repetitions/1/passes/1/duration_insn", NULL, "duration_insn is missing");
	refuses("cells/0/repetitions/1/passes/1/device", "{}", "bytes is missing");
	refuses("cells/0/repetitions/1/passes/1/device", "7", "bytes is missing");
	refuses("cells/0/repetitions/1/passes/1/machine_insn", "null", "machine_insn must");
	refuses("cells/0/repetitions/1/passes/1/wait_insn", "-1", "wait_insn must");
	refuses("cells/0/repetitions/1/passes/1/polls", "1.5", "polls must");
	refuses("cells/0/half_block_insn", "[[1,2],[3]]", "half_block_insn must hold lists");
	refuses("cells/0/half_block_insn", "[1]", "half_block_insn must hold lists");
	refuses("cells/0/half_block_insn", "[[-1]]", "half_block_insn must be a whole number");
}

Test(run_json, refuses_histograms_that_can_not_be)
{
	static const char histogram[] = "cells/0/repetitions/1/passes/1/histogram_insn";

	refuses(histogram, "[1]", "pairs");
	refuses(histogram, "[[1]]", "pairs");
	refuses(histogram, "[[1,0]]", "from 1");
	refuses(histogram, "[[257,1]]", "bucket limits");
	refuses(histogram, "[[5,1],[5,1]]", "ascending");
	refuses(histogram, "[[5,1],[4,1]]", "ascending");
	refuses(histogram, "[[9223372036854775807,1]]", "bucket limits");
	refuses(histogram, "[[4,281474976710656],[5,1]]", "2^48");
}

Test(run_json, of_a_later_bypass_is_read_if_its_version_is_ours)
{
	json_t *json = damaged("cells/0/colour", "\"blue\"");
	struct run *run = NULL;
	struct error e = {""};

	json_object_set_new(json, "mood", json_integer(7));
	cr_assert_eq(run_from_json(&run, json, &e), 0, "%s", e.text);
	run_free(run);
	json_decref(json);
	refuses("schema_version", "2", "reads up to 1");
	refuses("schema_version", "0", "schema_version must");
}

static unsigned int count_files(const char *folder)
{
	const struct dirent *entry;
	unsigned int count = 0;
	DIR *dir = opendir(folder);

	cr_assert_not_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

Test(run_json, is_written_whole_and_read_back)
{
	char folder[] = "/tmp/test_run_json.XXXXXX", path[64], again[64];
	struct run *run = new_run(RUN_CLOCK_INSTRUCTIONS), *copy = NULL;
	char *first = text_of(run), *second;
	struct error e = {""};
	struct stat status;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/run.json", folder);
	snprintf(again, sizeof(again), "%s/again.json", folder);
	cr_assert_eq(run_write(run, path, &e), 0, "%s", e.text);
	cr_assert_eq(run_read(&copy, path, &e), 0, "%s", e.text);
	second = text_of(copy);
	cr_assert_str_eq(second, first);
	/* Over an old file, and through a link, which stays one. */
	cr_assert_eq(symlink("run.json", again), 0);
	cr_assert_eq(run_write(run, again, &e), 0, "%s", e.text);
	cr_assert_eq(count_files(folder), 2);
	cr_assert_eq(lstat(again, &status), 0);
	cr_assert(S_ISLNK(status.st_mode));
	run_free(run);
	run_free(copy);
	free(first);
	free(second);
	unlink(path);
	unlink(again);
	rmdir(folder);
}

Test(run_json, that_can_not_be_written_leaves_the_old_file_and_no_other)
{
	const struct rlimit small = {1000, RLIM_INFINITY};
	char folder[] = "/tmp/test_run_json.XXXXXX", path[64];
	struct run *run = new_run(RUN_CLOCK_NS);
	struct error e = {""};
	struct stat status;
	FILE *file;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/run.json", folder);
	file = fopen(path, "w");
	fputs("old", file);
	fclose(file);
	/* A limit on the size of files stands for a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	cr_assert_eq(run_write(run, path, &e), -EFBIG);
	cr_assert(strstr(e.text, "File too large; free some space"), "%s", e.text);
	cr_assert_eq(count_files(folder), 1);
	cr_assert_eq(stat(path, &status), 0);
	cr_assert_eq(status.st_size, 3);
	unlink(path);
	rmdir(folder);
	cr_assert_eq(run_write(run, path, &e), -ENOENT);
	cr_assert(strstr(e.text, "create the folder first"), "%s", e.text);
	run_free(run);
}

Test(run_json, can_be_written_to_what_is_no_file)
{
	struct run *run = run_new();
	struct error e = {""};
	struct stat status;

	cr_assert_eq(run_write(run, "/dev/null", &e), 0, "%s", e.text);
	cr_assert_eq(stat("/dev/null", &status), 0);
	cr_assert(S_ISCHR(status.st_mode));
	cr_assert_eq(run_write(run, "/dev/full", &e), -ENOSPC);
	cr_assert_eq(run_write(run, "/tmp", &e), -EISDIR);
	run_free(run);
}

Test(run_json, that_is_no_json_is_refused_with_its_line)
{
	char path[] = "/tmp/test_run_json.XXXXXX";
	int fd = mkstemp(path);
	struct error e = {""};
	struct run *run = NULL;

	cr_assert_eq(write(fd, "{\n\"a\": 1,\n\"a\"", 13), 13);
	close(fd);
	cr_assert_eq(run_read(&run, path, &e), -EINVAL);
	cr_assert(strstr(e.text, ":3 is not JSON"), "%s", e.text);
	unlink(path);
	cr_assert_eq(run_read(&run, path, &e), -ENOENT);
	cr_assert_eq(run_read(&run, "/tmp", &e), -EINVAL);
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
