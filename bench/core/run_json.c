// SPDX-License-Identifier: MIT
/* From a run to the JSON of docs/results-format.md. */
#include "core/run_json.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

/* Adds @value, which it takes over; a value that could not be made means no memory. */
static void put(json_t *object, const char *name, json_t *value)
{
	if (!value || json_object_set_new(object, name, value))
		memory_exhausted();
}

static void append(json_t *array, json_t *value)
{
	if (!value || json_array_append_new(array, value))
		memory_exhausted();
}

/* jansson's integers are signed; what exceeds 2^63 - 1 was never counted but went wrong. */
static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/*
 * JSON is UTF-8, but arguments, file names and the kernel's strings may be anything: such a text
 * keeps its ASCII, and each other byte becomes '?'.
 */
static json_t *text(const char *bytes)
{
	json_t *json = json_string(bytes);
	char *ascii, *c;

	if (json)
		return json;
	ascii = memory_string(bytes);
	for (c = ascii; *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	json = json_string(ascii);
	free(ascii);
	return json;
}

static json_t *enum_text(const struct field *field, const void *member)
{
	unsigned int value, i;

	memcpy(&value, member, sizeof(value));
	for (i = 0; i < value && field->names[i]; i++)
		;
	return json_string(field->names[i] ? field->names[i] : field->names[0]);
}

/* NULL where there is nothing to write. */
static json_t *member_to_json(const struct field *field, const void *member)
{
	char option[64];
	const char *string;

	switch (field->type) {
	case FIELD_U64:
	case FIELD_COST:
		return number(*(const uint64_t *)member);
	case FIELD_UINT:
		return number(*(const unsigned int *)member);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)member);
	case FIELD_ENUM:
		return enum_text(field, member);
	case FIELD_CHARS:
		if (*(const char *)member || !field->optional)
			return text(member);
		break;
	case FIELD_STRING:
	case FIELD_SHARED:
		string = *(const char *const *)member;
		if (string || !field->optional)
			return text(string ? string : "");
		break;
	case FIELD_OPTION:
		workload_option_text(member, field->name, option, sizeof(option));
		return json_string(option);
	case FIELD_END:
		break;
	}
	return NULL;
}

static void put_fields(json_t *object, const struct field *field, const void *base,
		       enum run_clock clock)
{
	const char *start = base;
	json_t *value;

	for (; field->type != FIELD_END; field++) {
		if (field->known && !*(const bool *)(start + field->known))
			continue;
		value = member_to_json(field, start + field->offset);
		if (!value && field->optional)
			continue;
		if (field->type == FIELD_COST)
			put(object, field_in_clock(field->name, clock).text, value);
		else
			put(object, field->name, value);
	}
}

static json_t *histogram_to_json(const struct histogram *h)
{
	json_t *buckets = json_array();
	json_t *bucket;
	unsigned int i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		bucket = json_array();
		append(bucket, number(histogram_bucket_low(i)));
		append(bucket, number(h->count[i]));
		append(buckets, bucket);
	}
	return buckets;
}

static json_t *pass_to_json(const struct pass_result *pass, enum run_clock clock)
{
	json_t *object = json_object();
	json_t *device;

	put_fields(object, pass_fields, pass, clock);
	if (pass->device_known) {
		device = json_object();
		put_fields(device, device_fields, pass, clock);
		put(object, "device", device);
	}
	if (pass->latency)
		put(object, field_in_clock("histogram", clock).text,
		    histogram_to_json(pass->latency));
	return object;
}

static json_t *repetitions_to_json(const struct cell *cell, enum run_clock clock)
{
	json_t *array = json_array();
	json_t *object, *passes;
	size_t i;
	unsigned int p;

	for (i = 0; i < cell->nrepetitions; i++) {
		object = json_object();
		put_fields(object, repetition_fields, &cell->repetitions[i], clock);
		passes = json_array();
		for (p = 0; p < cell->repetitions[i].npasses; p++)
			append(passes, pass_to_json(&cell->repetitions[i].pass[p], clock));
		put(object, "passes", passes);
		append(array, object);
	}
	return array;
}

/* One list per pass; trailing passes that were never measured at half the block are left out. */
static void put_half_blocks(json_t *object, const struct cell *cell, enum run_clock clock)
{
	json_t *lists, *list;
	unsigned int p, npasses = 0;
	size_t i;

	for (p = 0; p < PASSES_MAX; p++) {
		for (i = 0; cell->half_block[p] && i < cell->nhalf_block; i++) {
			if (cell->half_block[p][i])
				npasses = p + 1;
		}
	}
	if (!npasses)
		return;
	lists = json_array();
	for (p = 0; p < npasses; p++) {
		list = json_array();
		for (i = 0; i < cell->nhalf_block; i++)
			append(list, number(cell->half_block[p] ? cell->half_block[p][i] : 0));
		append(lists, list);
	}
	put(object, field_in_clock("half_block", clock).text, lists);
}

/* One number for each pass; null for one that was not counted. */
static void put_witness(json_t *object, const char *name, const struct quantity counts[PASSES_MAX])
{
	json_t *list = json_array();
	bool any = false;

	for (unsigned int p = 0; p < PASSES_MAX; p++) {
		any = any || counts[p].known;
		append(list, counts[p].known ? number(counts[p].median) : json_null());
	}
	if (any)
		put(object, name, list);
	else
		json_decref(list);
}

/* What the processor counted in a repetition of its own, and why it didn't. */
static void put_cpu_counters(json_t *object, const struct cell *cell)
{
	json_t *counters = json_object(), *unavailable = json_object();

	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		const char *name = cpu_counter_name((enum cpu_counter)i);
		struct quantity counts[PASSES_MAX];

		for (unsigned int p = 0; p < PASSES_MAX; p++)
			counts[p] = cell->cpu_counters[p][i];
		put_witness(counters, name, counts);
		if (cell->cpu_counters_why_not[i])
			put(unavailable, name, text(cell->cpu_counters_why_not[i]));
	}
	if (json_object_size(counters))
		put(counters, "user_only", json_boolean(cell->cpu_counters_user_only));
	if (json_object_size(unavailable))
		put(counters, "unavailable", unavailable);
	else
		json_decref(unavailable);
	if (json_object_size(counters))
		put(object, "cpu_counters_per_1000_ios", counters);
	else
		json_decref(counters);
}

static void put_quantity(json_t *object, const char *name, const struct quantity *q,
			 const char *reason)
{
	json_t *value = json_object();

	if (q->known) {
		put(value, "median", number(q->median));
		put(value, "ci_low", number(q->low));
		put(value, "ci_high", number(q->high));
	} else {
		put(value, "median", json_null());
		put(value, "reason", json_string(reason));
	}
	put(object, name, value);
}

static void put_latency(json_t *object, const struct pass_summary *summary, enum run_clock clock)
{
	static const char *const names[NPERCENTILES] = {"p50",   "p90",    "p99",
							"p99_9", "p99_99", "max"};
	json_t *latency = json_object();
	unsigned int p;

	for (p = 0; p < NPERCENTILES; p++)
		put_quantity(latency, names[p], &summary->latency[p],
			     "no operation was timed alone");
	put(object, field_in_clock("latency", clock).text, latency);
}

/* The parts that fio tells a latency apart into. */
static void put_latency_parts(json_t *object)
{
	static const struct quantity unknown = {.known = false};
	const char *reason = "submission isn't timed apart from completion: that would be another "
			     "look at the clock for each operation";

	put_quantity(object, "slat_ns", &unknown, reason);
	put_quantity(object, "clat_ns", &unknown, reason);
}

static void put_per_io(json_t *object, const struct run *run, const struct cell *cell,
		       const struct pass_summary *summary)
{
	json_t *per_io = json_object();
	bool insn = run->clock == RUN_CLOCK_INSTRUCTIONS;
	bool ranked = insn && cell->clock_use != CLOCK_USE_FUNCTION;
	const char *idle = "no I/O completed";
	const char *why = "the clock counts nanoseconds";

	if (insn)
		why = "on this clock the path is run for its function only";
	put_quantity(per_io, "work_insn", &summary->work, ranked ? idle : why);
	put_quantity(per_io, "irq_insn", &summary->irq,
		     ranked ? "the machine's idle time was not observed" : why);
	put_quantity(per_io, "wait_insn", &summary->wait, ranked ? idle : why);
	put_quantity(per_io, "copy_insn", &summary->copy,
		     ranked ? "half the block size was not measured" : why);
	put_quantity(per_io, "rank_insn", &summary->rank, ranked ? idle : why);
	put_quantity(per_io, "fault_insn", &summary->fault, ranked ? "no access faulted" : why);
	put_quantity(per_io, field_in_clock("cpu", run->clock).text, &summary->cpu,
		     ranked || !insn ? idle : why);
	put(object, "per_io", per_io);
}

static void put_counters(json_t *events, const struct cell *cell,
			 const struct pass_summary *summary)
{
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		const char *reason = cell->cpu_counters_why_not[i];

		put_quantity(events, cpu_counter_name((enum cpu_counter)i),
			     &summary->cpu_counters[i], reason ? reason : "it was not counted");
	}
	for (unsigned int i = 0; i < NMACHINE_COUNTERS; i++)
		put_quantity(events, machine_counter_name((enum machine_counter)i),
			     &summary->machine_counters[i],
			     machine_counter_why_not((enum machine_counter)i));
}

static void put_per_1000(json_t *object, const struct cell *cell,
			 const struct pass_summary *summary)
{
	json_t *events = json_object();
	const char *device = "the device's counters were not observed";

	put_quantity(events, "faults_minor", &summary->faults_minor, "no I/O completed");
	put_quantity(events, "faults_major", &summary->faults_major, "no I/O completed");
	put_quantity(events, "interrupts", &summary->interrupts,
		     "the device's interrupts were not observed");
	put_quantity(events, "context_switches", &summary->context_switches, "no I/O completed");
	put_quantity(events, "syscalls", &summary->syscalls, "system calls were not counted");
	put_quantity(events, "pmd_faults", &summary->pmd_faults, "2 MiB faults were not counted");
	put_quantity(events, "device_bytes", &summary->device_bytes, device);
	put_quantity(events, "flushes", &summary->flushes, device);
	put_quantity(events, "doorbells", &summary->doorbells,
		     "the path rings no doorbells itself");
	put_quantity(events, "sleeps", &summary->sleeps, "the path counts no sleeps");
	put_quantity(events, "polls", &summary->empty_looks, "no look in vain was counted");
	put_counters(events, cell, summary);
	put(object, "per_1000_ios", events);
}

static json_t *summary_to_json(const struct run *run, const struct cell *cell)
{
	json_t *array = json_array();
	const struct pass_summary *summary;
	const char *rate = "no I/O completed";
	json_t *object;
	unsigned int p;

	if (run->clock != RUN_CLOCK_NS)
		rate = "the clock counts instructions";
	for (p = 0; p < cell->npasses; p++) {
		summary = &cell->summary[p];
		object = json_object();
		put(object, "pass", json_string(pass_kind_name(summary->kind)));
		put_quantity(object, "iops", &summary->iops, rate);
		put_quantity(object, "bytes_per_s", &summary->bytes_per_s, rate);
		put_latency(object, summary, run->clock);
		if (run->clock == RUN_CLOCK_NS)
			put_latency_parts(object);
		put_per_io(object, run, cell, summary);
		put_per_1000(object, cell, summary);
		put(object, "spread_ppm", number(summary->spread_ppm));
		put(object, "outliers", number(summary->outliers));
		append(array, object);
	}
	return array;
}

static json_t *functions_to_json(const struct run *run, const struct function_counts *counts)
{
	json_t *object = json_object(), *list = json_array();

	put_fields(object, functions_fields, counts, run->clock);
	for (size_t i = 0; i < counts->count; i++) {
		json_t *one = json_object();

		put_fields(one, function_fields, &counts->list[i], run->clock);
		append(list, one);
	}
	put(object, "list", list);
	return object;
}

/* One entry for each pass, as far as they were counted. */
static void put_functions(json_t *object, const struct run *run, const struct cell *cell)
{
	json_t *passes = json_array();

	for (unsigned int p = 0; p < PASSES_MAX && cell->functions[p].ios; p++)
		append(passes, functions_to_json(run, &cell->functions[p]));
	if (json_array_size(passes))
		put(object, "functions", passes);
	else
		json_decref(passes);
}

static void put_steady_state(json_t *object, const struct steady_state *steady)
{
	static const char *const names[] = {
		[STEADY_NOT_JUDGED] = "not judged",
		[STEADY_REACHED] = "steady",
		[STEADY_NOT_REACHED] = "not steady",
	};
	json_t *value = json_object();

	put(value, "verdict", json_string(names[steady->verdict]));
	if (steady->verdict == STEADY_NOT_JUDGED) {
		put(value, "reason", json_string(steady->reason ? steady->reason : "not measured"));
	} else {
		put(value, "range_ppm", number(steady->range_ppm));
		put(value, "slope_ppm", number(steady->slope_ppm));
	}
	put(object, "steady_state", value);
}

/* Of a cell whose workload says where its threads or memory are to be. */
static void put_placement(json_t *object, const struct placement *p)
{
	json_t *numa;

	if (!p->asked)
		return;
	numa = json_object();
	if (p->cpu_node >= 0)
		put(numa, "cpu_node", json_integer(p->cpu_node));
	if (p->memory_node >= 0)
		put(numa, "memory_node", json_integer(p->memory_node));
	if (p->device_node >= 0)
		put(numa, "device_node", json_integer(p->device_node));
	if (p->distance)
		put(numa, "distance", json_integer(p->distance));
	put(object, "numa", numa);
}

static json_t *cell_to_json(const struct run *run, const struct cell *cell)
{
	json_t *object = json_object();
	json_t *workload = json_object();
	json_t *evidence = json_array();
	json_t *piece;
	size_t i;

	put_fields(object, cell_fields, cell, run->clock);
	put_fields(workload, workload_fields, &cell->workload, run->clock);
	put(object, "workload", workload);
	put_placement(object, &cell->placement);
	for (i = 0; i < cell->nevidence; i++) {
		piece = json_object();
		put_fields(piece, evidence_fields, &cell->evidence[i], run->clock);
		append(evidence, piece);
	}
	put(object, "evidence", evidence);
	put(object, "summary", summary_to_json(run, cell));
	put_steady_state(object, &cell->steady_state);
	put_half_blocks(object, cell, run->clock);
	put_witness(object, "witness_syscalls_per_1000_ios", cell->syscalls);
	put_witness(object, "witness_pmd_faults_per_1000_ios", cell->pmd_faults);
	put_cpu_counters(object, cell);
	put_functions(object, run, cell);
	put(object, "repetitions", repetitions_to_json(cell, run->clock));
	return object;
}

static void put_null_path(json_t *object, const struct run *run)
{
	json_t *value = json_object();
	struct field_name name = field_in_clock("per_1000_ops", run->clock);

	if (run->null_known) {
		put(value, name.text, number(run->null_per_op));
	} else {
		put(value, name.text, json_null());
		put(value, "reason", json_string("the null path was not measured"));
	}
	put(object, "null_path", value);
}

static void put_argv(json_t *object, const struct run *run)
{
	json_t *argv = json_array();
	int i;

	for (i = 0; i < run->argc; i++)
		append(argv, text(run->argv[i]));
	put(object, "argv", argv);
}

static void put_warnings(json_t *object, const struct run *run)
{
	json_t *warnings = json_array();
	json_t *warning;
	size_t i;

	for (i = 0; i < run->nwarnings; i++) {
		warning = json_object();
		put_fields(warning, warning_fields, &run->warnings[i], run->clock);
		append(warnings, warning);
	}
	put(object, "warnings", warnings);
}

json_t *run_to_json(const struct run *run)
{
	json_t *object = json_object();
	json_t *cells = json_array();
	char seed[24];
	size_t i;

	put(object, "schema_version", json_integer(RUN_SCHEMA_VERSION));
	put(object, "status", json_string(run->complete ? "complete" : "partial"));
	put_fields(object, run_fields, run, run->clock);
	/* A seed has 64 bits; JSON readers that use doubles keep 53 of a number. */
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)run->seed);
	put(object, "seed", json_string(seed));
	put_argv(object, run);
	put_null_path(object, run);
	put_warnings(object, run);
	put(object, "environment", json_deep_copy(run->environment));
	put(object, "targets", json_deep_copy(run->targets));
	for (i = 0; i < run->ncells; i++)
		append(cells, cell_to_json(run, &run->cells[i]));
	put(object, "cells", cells);
	return object;
}
