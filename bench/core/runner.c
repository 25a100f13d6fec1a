// SPDX-License-Identifier: MIT
#include "core/runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/interrupted.h"
#include "core/memory.h"
#include "core/offsets.h"
#include "core/placement.h"
#include "core/progress.h"
#include "core/repetition.h"
#include "core/runner_checks.h"
#include "core/target.h"
#include "core/warnings.h"
#include "core/worker.h"
#include "paths/path.h"

#define NULL_IOS 2000000u
/* The emulated CPU is a hundred times slower, and its counts need no averaging. */
#define NULL_IOS_INSTRUCTIONS 20000u

/* Repetitions in which the emulated disk was faster than the program. */
#define RACED_TRIES 5

/* Cells on one target share its file, but for those that would spoil it for others. */
enum file_of {
	FILE_OF_ALL,
	FILE_OF_HUGE_FAULTS,
	FILE_OF_TOOL_WRITES,
	FILE_OF_PRESSURE,
};

struct planned_target {
	struct target target;
	uint64_t size; /* the largest that a cell needs */
	enum file_of file;
	bool writes, opened;
	int status; /* of probing and opening */
	struct error error;
};

struct runner {
	struct run *run;
	const struct runner_options *options;
	struct clock clock;
	struct planned_target *targets;
	size_t ntargets;
	struct progress progress;
	struct random random;
	unsigned int order;
	uint64_t start_ns;
	struct symbols *symbols; /* NULL: nothing is counted by function */
};

/*
 * 2 MiB faults get a DAX file of their own: the kernel remembers for each page of such a file that
 * a fault mapped 4 KiB of it, and never maps 2 MiB over that again (grab_mapping_entry). What
 * another program writes is not the pattern that readers check. A file that memory can't hold would
 * never be in the page cache as a whole for those who measure that.
 */
static enum file_of file_of(const struct workload *w)
{
	const struct path_ops *ops = path_find(w->path);

	if (ops && (ops->traits & PATH_TOOL) && rw_writes(w->rw))
		return FILE_OF_TOOL_WRITES;
	if (w->cache == CACHE_PRESSED)
		return FILE_OF_PRESSURE;
	return w->hugepage && strcmp(w->path, "mmap-dax") == 0 ? FILE_OF_HUGE_FAULTS : FILE_OF_ALL;
}

uint64_t runner_bytes_written(const struct run *run, unsigned int runs, uint64_t *memory)
{
	uint64_t all = 0;

	*memory = 0;
	for (size_t i = 0; i < run->ncells; i++) {
		const struct workload *w = &run->cells[i].workload;
		uint64_t ios = w->number_ios ? w->number_ios : w->size / w->bs;
		uint64_t bytes = w->precondition * w->size * w->numjobs;
		bool first = true;

		for (size_t j = 0; j < i; j++)
			first = first && (strcmp(run->cells[j].workload.target, w->target) != 0 ||
					  file_of(&run->cells[j].workload) != file_of(w));
		if (first && strcmp(w->target, "null:") != 0)
			bytes += w->size * w->numjobs;
		if (rw_writes(w->rw))
			bytes += ios * w->bs * w->numjobs * runs;
		all += bytes;
		*memory += strncmp(w->target, "soft:", 5) == 0 ? bytes : 0;
	}
	return all;
}

static struct planned_target *target_of(struct runner *r, const struct cell *cell)
{
	for (size_t i = 0; i < r->ntargets; i++) {
		if (r->targets[i].file == file_of(&cell->workload) &&
		    strcmp(r->targets[i].target.text, cell->workload.target) == 0)
			return &r->targets[i];
	}
	return NULL;
}

static void plan_targets(struct runner *r)
{
	for (size_t i = 0; i < r->run->ncells; i++) {
		struct cell *cell = &r->run->cells[i];
		const struct workload *w = &cell->workload;
		struct planned_target *t = target_of(r, cell);

		if (!t) {
			r->targets = memory_append(r->targets, r->ntargets, sizeof(*r->targets));
			t = &r->targets[r->ntargets++];
			t->file = file_of(w);
			t->status = target_parse(&t->target, w->target, &t->error);
			if (!t->status)
				t->status = target_probe(&t->target, &t->error);
		}
		if (w->size * w->numjobs > t->size)
			t->size = w->size * w->numjobs;
		t->writes = t->writes || (rw_writes(w->rw) && strcmp(w->path, "mmap-private") != 0);
	}
}

/*
 * A path that waits for a device which interrupts is ranked on the machine's count. One that polls
 * doesn't wait for it: its loop counts what it did, and the waiting apart (worker.patient).
 */
static enum clock_use clock_use_of(const struct run *run, const struct cell *cell,
				   const struct path_ops *ops, const struct target *t)
{
	const char *accelerator = getenv("BYPASS_ACCEL");
	const struct workload *w = &cell->workload;
	bool waits = (ops->traits & (PATH_NO_CACHE | PATH_SLEEPS | PATH_USER_DRIVER)) ||
		     w->cache != CACHE_HOT || w->durability == DURABILITY_DATA;
	bool interrupts = t->kind == TARGET_USERDRV || (t->device.known && !t->device.memory);

	if (run->clock == RUN_CLOCK_NS)
		return accelerator && strcmp(accelerator, "tcg") == 0 ? CLOCK_USE_FUNCTION
								      : CLOCK_USE_EXACT;
	if ((ops->traits & (PATH_POLLED | PATH_SLEEPS)) == PATH_POLLED)
		return CLOCK_USE_EXACT;
	return interrupts && waits ? CLOCK_USE_MACHINE : ops->clock_use;
}

static bool can_run(const struct cell *cell)
{
	return cell->status == CELL_PLANNED || cell->status == CELL_MEASURED ||
	       cell->status == CELL_REFUTED;
}

static const char *remedy_of(const struct planned_target *t)
{
	return strncmp(t->target.text, "testbed:", 8) == 0 ? "bypass run SUITE --testbed" : NULL;
}

static void probe_cells(struct runner *r)
{
	for (size_t i = 0; i < r->run->ncells; i++) {
		struct cell *cell = &r->run->cells[i];
		const struct path_ops *ops = path_find(cell->workload.path);
		struct planned_target *t = target_of(r, cell);
		struct unavailable why = {"", ""};

		cell->clock_use = clock_use_of(r->run, cell, ops, &t->target);
		if (t->status)
			cell_set_status(cell, CELL_UNAVAILABLE, remedy_of(t), "%s", t->error.text);
		else if (runner_probe(r->run, &cell->workload, &why) != 0 ||
			 path_probe(ops, &cell->workload, &t->target, &why) != 0 ||
			 placement_resolve(ops, &cell->workload, &t->target, &cell->placement,
					   &why) != 0)
			cell_set_status(cell, CELL_UNAVAILABLE, why.remedy, "%s", why.reason);
	}
}

/* Only those that a cell will use: nothing is laid out for cells that can't run. */
static int open_targets(struct runner *r, struct error *e)
{
	for (size_t i = 0; i < r->run->ncells; i++) {
		struct cell *cell = &r->run->cells[i];
		struct planned_target *t = target_of(r, cell);

		if (!can_run(cell))
			continue;
		if (!t->opened && !t->status) {
			t->opened = true;
			t->status = target_open(&t->target, t->size, t->writes, &t->error);
			if (t->status == -EINTR)
				return error_set(e, -EINTR, "%s", t->error.text);
			json_object_set_new(r->run->targets, t->target.text,
					    target_describe(&t->target));
		}
		if (t->status)
			cell_set_status(cell, CELL_FAILED, NULL, "%s", t->error.text);
	}
	return 0;
}

static struct repetition_context context_of(struct runner *r, struct cell *cell)
{
	struct repetition_context c = {
		.clock = &r->clock,
		.ops = path_find(cell->workload.path),
		.cell = cell,
		.target = &target_of(r, cell)->target,
		.stride = cell->workload.bs,
		.seed = r->run->seed + 0x100000001b3ull * (r->order + 1),
		.run_start_ns = r->start_ns,
	};

	return c;
}

/* -EINTR stops everything; any other failure is the cell's own. */
static int settle(struct cell *cell, int ret, const struct error *e)
{
	if (!ret || ret == -EINTR)
		return ret;
	cell_set_status(cell, CELL_FAILED, NULL, "%s", e->text);
	return 0;
}

static void forget(struct repetition *repetition)
{
	for (unsigned int p = 0; p < PASSES_MAX; p++)
		free(repetition->pass[p].latency);
	memset(repetition->pass, 0, sizeof(repetition->pass));
	repetition->npasses = 0;
}

static int measure(struct runner *r, const struct repetition_context *c, struct repetition *into,
		   struct error *e)
{
	int ret = repetition_timed(c, into, e);

	for (unsigned int again = 0; !ret && runner_raced(c->cell, c->ops, into); again++) {
		if (again == RACED_TRIES) {
			run_warn(r->run, "raced", "run again on an idle machine",
				 "%s: the emulated disk was faster than the program in %u%% of the "
				 "I/Os, which then cost less",
				 c->cell->id,
				 (unsigned int)(100 - runner_sleeps(c->ops, &into->pass[0]) * 100 /
							      into->pass[0].ios));
			break;
		}
		forget(into);
		ret = repetition_timed(c, into, e);
	}
	return ret;
}

/*
 * Before a writing cell's first repetition here: a fresh disk writes faster than one that has to
 * make room, and to write all of it in order puts every disk into the same state.
 */
static int precondition(struct runner *r, struct cell *cell, struct error *e)
{
	const struct workload *w = &cell->workload;
	int ret = 0;

	if (!can_run(cell) || (path_find(w->path)->traits & PATH_PRIVATE))
		return 0;
	for (unsigned int i = 0; i < w->precondition && !ret; i++)
		ret = target_fill(&target_of(r, cell)->target, w->size * w->numjobs, e);
	return settle(cell, ret, e);
}

static int one_repetition(struct runner *r, struct cell *cell, struct error *e)
{
	struct repetition_context c;
	struct repetition *into;
	int ret;

	if (!can_run(cell))
		return 0;
	c = context_of(r, cell);
	into = cell_add_repetition(cell, r->options->boot, r->order++);
	ret = measure(r, &c, into, e);
	if (ret) {
		/* Half a repetition is none. */
		forget(into);
		cell->nrepetitions--;
	} else if (cell->status == CELL_PLANNED) {
		cell->status = CELL_MEASURED;
	}
	if (!r->options->quiet)
		progress_step(&r->progress, cell->workload.path);
	return settle(cell, ret, e);
}

static void shuffle(struct random *random, size_t *order, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = random_below(random, i), swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
}

/*
 * Reading cells take turns, in a new random order each round, so that slow changes of the machine
 * fall on all alike. A writing cell's rounds stay together: in turns, each would measure the
 * garbage collection of the others' writes.
 */
static int all_repetitions(struct runner *r, struct error *e)
{
	size_t n = 0, *order = memory_zeroed(r->run->ncells, sizeof(*order));
	int ret = 0;

	for (size_t i = 0; i < r->run->ncells; i++) {
		if (!rw_writes(r->run->cells[i].workload.rw))
			order[n++] = i;
	}
	for (unsigned int round = 0; round < r->options->runs && !ret; round++) {
		shuffle(&r->random, order, n);
		for (size_t i = 0; i < n && !ret; i++)
			ret = one_repetition(r, &r->run->cells[order[i]], e);
	}
	for (size_t i = 0; i < r->run->ncells && !ret; i++) {
		if (!rw_writes(r->run->cells[i].workload.rw))
			continue;
		ret = precondition(r, &r->run->cells[i], e);
		for (unsigned int round = 0; round < r->options->runs && !ret; round++)
			ret = one_repetition(r, &r->run->cells[i], e);
	}
	free(order);
	return ret;
}

/* What would disturb the figures that it is to explain. */
static int witness(struct runner *r, struct cell *cell, struct error *e)
{
	struct repetition_context c = context_of(r, cell);
	uint64_t cost[PASSES_MAX] = {0};
	int ret = 0;

	if (r->run->clock == RUN_CLOCK_INSTRUCTIONS) {
		ret = repetition_half_block(&c, cost, e);
		if (!ret)
			cell_add_half_block(cell, cost);
		else if (ret != -EINTR)
			ret = 0; /* no copy column for this cell */
	}
	if (!ret)
		ret = settle(cell, repetition_witness(&c, e), e);
	if (!ret && can_run(cell))
		ret = settle(cell, repetition_counted(&c, e), e);
	if (!ret && can_run(cell) && r->symbols) {
		c = context_of(r, cell);
		c.counts = r->options->counts;
		c.symbols = r->symbols;
		ret = settle(cell, repetition_functions(&c, e), e);
	}
	return ret;
}

/* Once for each cell (and boot); in the testbed it takes longer than the repetitions. */
static int all_witnesses(struct runner *r, struct error *e)
{
	char label[64];
	size_t n = 0;
	int ret = 0;

	for (size_t i = 0; i < r->run->ncells; i++)
		n += can_run(&r->run->cells[i]);
	if (!n)
		return 0;
	snprintf(label, sizeof(label), "%.40s, proof", r->run->suite ? r->run->suite : "run");
	if (!r->options->quiet)
		progress_start(&r->progress, label, "cell", n, r->run->clock == RUN_CLOCK_NS);
	for (size_t i = 0; i < r->run->ncells && !ret; i++) {
		struct cell *cell = &r->run->cells[i];

		if (!can_run(cell))
			continue;
		ret = witness(r, cell, e);
		if (!r->options->quiet)
			progress_step(&r->progress, cell->workload.path);
	}
	if (!r->options->quiet)
		progress_end(&r->progress);
	return ret;
}

static int measure_null(struct runner *r, struct error *e)
{
	struct cell cell = {0};
	struct target target;
	struct repetition result = {0};
	struct repetition_context c = {.clock = &r->clock,
				       .ops = path_find("null"),
				       .cell = &cell,
				       .target = &target,
				       .seed = r->run->seed,
				       .run_start_ns = r->start_ns};
	bool instructions = r->run->clock == RUN_CLOCK_INSTRUCTIONS;
	int ret;

	workload_defaults(&cell.workload);
	cell.workload.number_ios = instructions ? NULL_IOS_INSTRUCTIONS : NULL_IOS;
	c.stride = cell.workload.bs;
	ret = target_parse(&target, "null:", e);
	if (!ret)
		ret = repetition_timed(&c, &result, e);
	if (!ret && result.pass[0].ios) {
		r->run->null_known = true;
		r->run->null_per_op = instructions
					      ? result.pass[0].op_median * 1000
					      : result.pass[0].duration * 1000 / result.pass[0].ios;
	}
	free(result.pass[0].latency);
	return ret;
}

static size_t count_repetitions(const struct runner *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->run->ncells; i++)
		n += can_run(&r->run->cells[i]) ? r->options->runs : 0;
	return n;
}

int runner_execute(struct run *run, const struct runner_options *options, struct error *e)
{
	struct runner r = {.run = run, .options = options, .random = {.s = run->seed}};
	size_t total;
	int ret;

	worker_catch_sigbus();
	r.start_ns = clock_raw_ns();
	clock_init(&r.clock, options->clock);
	plan_targets(&r);
	probe_cells(&r);
	ret = measure_null(&r, e);
	if (!ret)
		ret = open_targets(&r, e);
	if (!ret && options->counts)
		ret = symbols_load(&r.symbols, e);
	total = count_repetitions(&r);
	if (!ret && total) {
		if (!options->quiet)
			progress_start(&r.progress, run->suite ? run->suite : "run", "repetition",
				       total, run->clock == RUN_CLOCK_NS);
		ret = all_repetitions(&r, e);
		if (!options->quiet)
			progress_end(&r.progress);
	}
	if (!ret && total)
		ret = all_witnesses(&r, e);
	warn_about_clock(run, r.clock.tsc, clock_drift_ppm(&r.clock));
	runner_warn_saturated(run);
	for (size_t i = 0; i < r.ntargets; i++) {
		const struct target *t = &r.targets[i].target;
		json_t *json = json_object_get(json_object_get(run->targets, t->text), "device");

		if (json)
			device_describe_temperature(&t->device, json, "temperature_c_after");
		target_close(&r.targets[i].target);
	}
	free(r.targets);
	if (r.symbols)
		symbols_free(r.symbols);
	run->complete = ret == 0;
	run->duration_s = (clock_raw_ns() - r.start_ns) / 1000000000;
	run_summarize(run);
	return ret;
}
