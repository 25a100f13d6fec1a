// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/environment.h"
#include "core/interrupted.h"
#include "core/memory.h"
#include "core/program.h"
#include "core/results.h"
#include "core/runner.h"
#include "core/warnings.h"
#include "report/format.h"

#define LONG_RUN_S 300

static struct run *new_run(const struct run_options *o)
{
	struct run *run = run_new();
	time_t now = time(NULL);
	struct tm tm;

	run->suite = memory_string(o->cells->name);
	run->question = memory_string(o->cells->question);
	run->seed = o->seed;
	run->runs = o->runs ? o->runs : o->cells->runs;
	run->clock = o->testbed ? o->testbed_clock : environment_clock();
	gmtime_r(&now, &tm);
	strftime(run->started_utc, sizeof(run->started_utc), "%Y-%m-%dT%H:%M:%SZ", &tm);
	run->argc = o->argc;
	run->argv = memory_zeroed((size_t)o->argc, sizeof(char *));
	for (int i = 0; i < o->argc; i++)
		run->argv[i] = memory_string(o->argv[i]);
	return run;
}

/* What is in flight and what is held back, where it isn't one I/O and nothing. */
static void print_queue(const struct workload *w)
{
	char time[32];

	if (w->iodepth > 1)
		printf(", QD%u", w->iodepth);
	if (w->iodepth > 1 && w->iodepth_batch_submit == 0)
		printf(" at once");
	else if (w->iodepth_batch_submit > 1)
		printf(" submitted by %u", w->iodepth_batch_submit);
	if (w->iodepth_batch_complete_min > 1)
		printf(" by %u", w->iodepth_batch_complete_min);
	workload_option_text(w, "aggregation_time", time, sizeof(time));
	if (w->aggregation_threshold > 1 || w->aggregation_ns)
		printf(", %u/%s", w->aggregation_threshold, time);
}

static void print_bytes_written(const struct run *run)
{
	uint64_t memory, all = runner_bytes_written(run, run->runs, &memory);

	if (all > memory || !memory)
		printf("would write at most %" PRIu64
		       " MiB to files of its own, removed at the end\n",
		       (all - memory) >> 20);
	if (memory)
		printf("would write at most %" PRIu64 " MiB to memory of its own (soft:)\n",
		       memory >> 20);
}

static int dry_run(const struct run *run)
{
	printf("%s: ", run->suite);
	format_wrap(stdout, strlen(run->suite) + 2, 2, run->question);
	printf("%zu cell%s, %u repetition%s each\n", run->ncells, run->ncells == 1 ? "" : "s",
	       run->runs, run->runs == 1 ? "" : "s");
	for (size_t i = 0; i < run->ncells; i++) {
		const struct workload *w = &run->cells[i].workload;

		if (!i || strcmp(w->target, run->cells[i - 1].workload.target) != 0)
			printf("%s\n", w->target);
		printf("  %-14s %-9s bs=%-8" PRIu64 " %-4s %-5s durability %s", w->path,
		       rw_name(w->rw), w->bs, cache_name(w->cache), access_name(w->access),
		       durability_name(w->durability));
		print_queue(w);
		putchar('\n');
	}
	print_bytes_written(run);
	return EXIT_GOOD;
}

static void say_if_long(const struct run *run)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < run->ncells; i++)
		ns += run->cells[i].workload.runtime_ns + run->cells[i].workload.ramp_ns;
	ns *= run->runs;
	if (ns / 1000000000 > LONG_RUN_S)
		fprintf(stderr,
			"bypass: this suite runs for about %" PRIu64 " minutes; Ctrl-C ends it "
			"and keeps what was measured\n",
			ns / 60000000000 + 1);
}

/* A promise of the suite's file, made of runs on two processors without KVM. */
static void check_budget(struct run *run, const struct run_options *o, time_t started)
{
	uint64_t budget_s = o->cells->budget_ns / 1000000000;
	uint64_t took_s = (uint64_t)(time(NULL) - started);

	/* It is of the suite's own repetitions. */
	if (budget_s && took_s > budget_s && !o->output && run->runs <= o->cells->runs)
		run_warn(run, "budget", "run it while the computer does nothing else",
			 "the suite took %llu s, longer than its budget of %llu s",
			 (unsigned long long)took_s, (unsigned long long)budget_s);
}

static int status_of(const struct run *run)
{
	bool refuted = false, failed = false, measured = false;

	for (size_t i = 0; i < run->ncells; i++) {
		refuted = refuted || run->cells[i].status == CELL_REFUTED;
		failed = failed || run->cells[i].status == CELL_FAILED;
		measured = measured || run->cells[i].status == CELL_MEASURED;
	}
	if (interrupted() && !run->complete)
		return EXIT_INTERRUPTED;
	if (refuted)
		return EXIT_REFUTED;
	if (failed)
		return EXIT_FAILED;
	return measured ? EXIT_GOOD : EXIT_NOTHING_RAN;
}

/* The first cell that made the run end as it did: what the table says of it, in one sentence. */
static void say_why(const struct run *run, int status)
{
	enum cell_status guilty = status == EXIT_FAILED    ? CELL_FAILED
				  : status == EXIT_REFUTED ? CELL_REFUTED
							   : CELL_UNAVAILABLE;
	const char *what = status == EXIT_FAILED    ? "failed"
			   : status == EXIT_REFUTED ? "refuted"
						    : "unavailable";
	const struct cell *first = NULL;
	struct error e;
	size_t n = 0;

	for (size_t i = run->ncells; i-- > 0;) {
		if (run->cells[i].status != guilty)
			continue;
		first = &run->cells[i];
		n++;
	}
	if (!first)
		return;
	error_set(&e, 0, "%zu of %zu cells %s; %s: %s%s%s", n, run->ncells, what,
		  first->workload.path, first->reason ? first->reason : "no reason known",
		  first->remedy ? "; do: " : "", first->remedy ? first->remedy : "");
	cli_fail(status, &e);
}

static int execute(struct run *run, const struct run_options *o, const char *folder,
		   struct error *e)
{
	struct runner_options options = {
		.clock = run->clock,
		.runs = run->runs,
		.boot = o->boot,
		.counts = o->counts,
	};

	if (o->testbed)
		return testbed_execute(run, o, folder, e);
	environment_record(run);
	run->boots = o->boot ? 1 : 0;
	return runner_execute(run, &options, e);
}

/* @last is of the folder where report looks. */
static void say_next(const struct run_options *o, const char *folder, const char *path)
{
	const char *run = o->results == o->default_results ? "@last" : folder;
	size_t column = strlen(path) + strlen("   ");
	char next[1400];

	snprintf(next, sizeof(next), "next: %s report %s", program_name(), run);
	if (column + strlen(next) > 80)
		column = 0;
	printf("%s%s", path, column ? "   " : "\n");
	format_wrap(stdout, column, 2, next);
}

/* Executes and stores; what was measured before an interruption or a failure is stored too. */
static int run_and_store(struct run *run, const struct run_options *o, const char *folder)
{
	const time_t started = time(NULL);
	char path[700];
	struct error e, e2;
	int ret, stored, status;

	interrupted_remove_if_empty(folder);
	interrupted_catch();
	say_if_long(run);
	ret = execute(run, o, folder, &e);
	check_budget(run, o, started);
	if (!o->output) /* what a boot of the testbed can't know, its host does */
		warn_about_result(run);
	snprintf(path, sizeof(path), "%s/run.json", folder);
	stored = run_write(run, path, &e2);
	interrupted_remove_if_empty(NULL);
	if (stored)
		return cli_fail(EXIT_FAILED, &e2);
	if (!o->output) {
		results_set_last(o->results, folder);
		cli_print_run(run, o->format);
		if (o->format == OUTPUT_TABLE)
			say_next(o, folder, path);
	}
	if (o->export_json && run_write(run, o->export_json, &e2))
		return cli_fail(EXIT_FAILED, &e2);
	/* In the testbed the host says it, of the file that stays. */
	if (ret == -EINTR && o->output)
		return EXIT_INTERRUPTED;
	if (ret == -EINTR) {
		fprintf(stderr, "bypass: interrupted; %s holds what was measured, marked partial\n",
			path);
		return EXIT_INTERRUPTED;
	}
	if (ret)
		return cli_fail(EXIT_FAILED, &e);
	status = status_of(run);
	/* In the testbed the host says it, once for all boots. */
	if (status != EXIT_GOOD && !o->output)
		say_why(run, status);
	return status;
}

static int open_folder(struct run *run, const struct run_options *o, char *folder, size_t size,
		       struct error *e)
{
	const char *slash;
	int ret;

	if (o->output) {
		snprintf(folder, size, "%s", o->output);
		if (mkdir(folder, 0777) != 0 && errno != EEXIST)
			return error_set(e, -errno,
					 "can't make %s: %s; give another --output=", folder,
					 strerror(errno));
	} else {
		ret = results_new(o->results, folder, size, e);
		if (ret)
			return ret;
	}
	slash = strrchr(folder, '/');
	snprintf(run->id, sizeof(run->id), "%.60s", slash ? slash + 1 : folder);
	return 0;
}

/* A suite whose targets are all the testbed's, on a machine that isn't it: said once, not by row.
 */
static bool needs_testbed(const struct run *run, const struct run_options *o)
{
	if (o->testbed || getenv("BYPASS_TESTBED"))
		return false;
	for (size_t i = 0; i < run->ncells; i++) {
		if (strncmp(run->cells[i].workload.target, "testbed:", 8) != 0)
			return false;
	}
	return true;
}

int cmd_run(int argc, char **argv)
{
	struct run_options o;
	char folder[600];
	struct error e;
	struct run *run;
	int status = run_options_parse(&o, argc, argv);

	if (status) {
		suite_free(o.cells);
		return status < 0 ? EXIT_GOOD : status;
	}
	run = new_run(&o);
	if (runner_plan(run, o.cells, &e))
		status = cli_fail(EXIT_USAGE, &e);
	else if (o.dry_run)
		status = dry_run(run);
	else if (needs_testbed(run, &o)) {
		error_set(
			&e, 0,
			"%s runs on the testbed's media, which this machine hasn't; add --testbed, "
			"or name a folder of this machine: --target=file:DIR",
			run->suite);
		status = cli_fail(EXIT_NOTHING_RAN, &e);
	} else if (open_folder(run, &o, folder, sizeof(folder), &e))
		status = cli_fail(EXIT_FAILED, &e);
	else
		status = run_and_store(run, &o, folder);
	run_free(run);
	suite_free(o.cells);
	return status;
}
