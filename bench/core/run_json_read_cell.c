// SPDX-License-Identifier: MIT
/* From JSON to one cell of a run; see run_json_read.c. */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/run_json_reader.h"

#define REPETITIONS_LIMIT 10000
#define FUNCTIONS_LIMIT   100000
#define NODE_LIMIT        1023
/* So that no sum of counts over repetitions can wrap. */
#define HISTOGRAM_LIMIT (1ull << 48)

static int read_bucket(const struct reader *reader, const char *name, const json_t *bucket,
		       struct histogram *h, unsigned int *next)
{
	uint64_t low = 0, count = 0;
	unsigned int index;
	int result;

	if (!json_is_array(bucket) || json_array_size(bucket) != 2)
		return reader_fail(reader, name, "must hold pairs of value and count");
	result = reader_number(reader, name, json_array_get(bucket, 0), 0, 0, &low);
	if (!result)
		result = reader_number(reader, name, json_array_get(bucket, 1), 1, HISTOGRAM_LIMIT,
				       &count);
	if (result)
		return result;
	index = histogram_index(low);
	if (histogram_bucket_low(index) != low || index < *next)
		return reader_fail(reader, name,
				   "must hold bucket limits, each once and ascending");
	h->count[index] = count;
	*next = index + 1;
	return 0;
}

static int read_histogram(const struct reader *reader, const json_t *object,
			  struct pass_result *pass)
{
	struct field_name name = field_in_clock("histogram", reader->run->clock);
	const json_t *list;
	unsigned int next = 0;
	size_t i;
	int result;

	if (!json_object_get(object, name.text))
		return 0;
	result = reader_list(reader, object, name.text, HISTOGRAM_BUCKETS, false, &list);
	if (result)
		return result;
	pass->latency = memory_zeroed(1, sizeof(*pass->latency));
	for (i = 0; i < json_array_size(list); i++) {
		result = read_bucket(reader, name.text, json_array_get(list, i), pass->latency,
				     &next);
		if (result)
			return result;
	}
	if (histogram_total(pass->latency) > HISTOGRAM_LIMIT)
		return reader_fail(reader, name.text, "counts more than 2^48 operations");
	return 0;
}

static int read_pass(const struct reader *reader, const json_t *object, struct pass_result *pass)
{
	const json_t *device = json_object_get(object, "device");
	int result = reader_fields(reader, pass_fields, object, pass);

	if (result)
		return result;
	if (device) {
		result = reader_fields(reader, device_fields, device, pass);
		if (result)
			return result;
		pass->device_known = true;
	}
	return read_histogram(reader, object, pass);
}

static int read_repetition(struct reader *reader, const json_t *object, struct cell *cell)
{
	struct repetition *repetition = cell_add_repetition(cell, 0, 0);
	const json_t *passes;
	size_t back, p;
	int result = reader_fields(reader, repetition_fields, object, repetition);

	if (!result)
		result = reader_list(reader, object, "passes", PASSES_MAX, true, &passes);
	for (p = 0; !result && p < json_array_size(passes); p++) {
		back = reader_enter(reader, "passes", p);
		repetition->npasses = (unsigned int)p + 1;
		result = read_pass(reader, json_array_get(passes, p), &repetition->pass[p]);
		reader_leave(reader, back);
	}
	return result;
}

static int read_half_block(const struct reader *reader, const char *name, const json_t *list,
			   struct cell *cell, size_t p)
{
	size_t i;
	int result = 0;

	if (!json_is_array(list) || json_array_size(list) != cell->nhalf_block)
		return reader_fail(reader, name, "must hold lists of one length");
	cell->half_block[p] = memory_zeroed(cell->nhalf_block, sizeof(*cell->half_block[p]));
	for (i = 0; !result && i < cell->nhalf_block; i++)
		result = reader_number(reader, name, json_array_get(list, i), 0, 0,
				       &cell->half_block[p][i]);
	return result;
}

static int read_half_blocks(const struct reader *reader, const json_t *object, struct cell *cell)
{
	struct field_name name = field_in_clock("half_block", reader->run->clock);
	const json_t *lists;
	size_t p;
	int result;

	if (!json_object_get(object, name.text))
		return 0;
	result = reader_list(reader, object, name.text, PASSES_MAX, false, &lists);
	if (result)
		return result;
	cell->nhalf_block = json_array_size(json_array_get(lists, 0));
	if (cell->nhalf_block > LIST_LIMIT)
		return reader_fail(reader, name.text, "has more than %d entries", LIST_LIMIT);
	for (p = 0; !result && p < json_array_size(lists); p++)
		result = read_half_block(reader, name.text, json_array_get(lists, p), cell, p);
	return result;
}

static int read_witness(const struct reader *reader, const json_t *object, const char *name,
			struct quantity counts[PASSES_MAX])
{
	const json_t *list;
	int result;

	if (!json_object_get(object, name))
		return 0;
	result = reader_list(reader, object, name, PASSES_MAX, false, &list);
	for (size_t p = 0; !result && p < json_array_size(list); p++) {
		struct quantity *q = &counts[p];

		if (json_is_null(json_array_get(list, p)))
			continue;
		result = reader_number(reader, name, json_array_get(list, p), 0, 0, &q->median);
		q->known = !result;
		q->low = q->high = q->median;
	}
	return result;
}

static int read_cpu_counters(const struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *counters = json_object_get(object, "cpu_counters_per_1000_ios");
	const json_t *unavailable = json_object_get(counters, "unavailable");
	int result = 0;

	for (unsigned int i = 0; i < NCPU_COUNTERS && !result; i++) {
		const char *name = cpu_counter_name((enum cpu_counter)i);
		struct quantity counts[PASSES_MAX] = {{.known = false}};
		const json_t *reason = json_object_get(unavailable, name);

		result = read_witness(reader, counters, name, counts);
		for (unsigned int p = 0; p < PASSES_MAX; p++)
			cell->cpu_counters[p][i] = counts[p];
		if (reason && !reader_text(reason))
			return reader_fail(reader, name, "must say why in a string");
		cell->cpu_counters_why_not[i] = memory_string(reader_text(reason));
	}
	cell->cpu_counters_user_only = json_is_true(json_object_get(counters, "user_only"));
	return result;
}

static int read_evidence(struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *list;
	size_t i, back;
	int result = reader_list(reader, object, "evidence", LIST_LIMIT, true, &list);

	if (result)
		return result;
	cell->evidence = memory_zeroed(json_array_size(list), sizeof(*cell->evidence));
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = reader_enter(reader, "evidence", i);
		cell->nevidence = i + 1;
		result = reader_fields(reader, evidence_fields, json_array_get(list, i),
				       &cell->evidence[i]);
		reader_leave(reader, back);
	}
	return result;
}

static int read_function_counts(struct reader *reader, const json_t *object,
				struct function_counts *counts)
{
	const json_t *list;
	int result = reader_fields(reader, functions_fields, object, counts);

	if (!result)
		result = reader_list(reader, object, "list", FUNCTIONS_LIMIT, true, &list);
	if (result)
		return result;
	counts->list = memory_zeroed(json_array_size(list), sizeof(*counts->list));
	for (size_t i = 0; !result && i < json_array_size(list); i++) {
		size_t back = reader_enter(reader, "list", i);

		counts->count = i + 1;
		result = reader_fields(reader, function_fields, json_array_get(list, i),
				       &counts->list[i]);
		reader_leave(reader, back);
	}
	return result;
}

static int read_functions(struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *passes;
	int result;

	if (!json_object_get(object, "functions"))
		return 0;
	result = reader_list(reader, object, "functions", PASSES_MAX, true, &passes);
	for (size_t p = 0; !result && p < json_array_size(passes); p++) {
		size_t back = reader_enter(reader, "functions", p);

		result = read_function_counts(reader, json_array_get(passes, p),
					      &cell->functions[p]);
		reader_leave(reader, back);
	}
	return result;
}

static int read_node(const struct reader *reader, const json_t *numa, const char *name, int *node)
{
	const json_t *json = json_object_get(numa, name);
	uint64_t value = 0;
	int result = json ? reader_number(reader, name, json, 0, NODE_LIMIT, &value) : 0;

	*node = json ? (int)value : -1;
	return result;
}

static int read_placement(const struct reader *reader, const json_t *object, struct placement *p)
{
	const json_t *numa = json_object_get(object, "numa");
	int distance = -1, result;

	if (!numa)
		return 0;
	if (!json_is_object(numa))
		return reader_fail(reader, "numa", "must be an object");
	p->asked = true;
	result = read_node(reader, numa, "cpu_node", &p->cpu_node);
	if (!result)
		result = read_node(reader, numa, "memory_node", &p->memory_node);
	if (!result)
		result = read_node(reader, numa, "device_node", &p->device_node);
	if (!result)
		result = read_node(reader, numa, "distance", &distance);
	p->distance = distance > 0 ? (unsigned int)distance : 0;
	return result;
}

int read_cell(struct reader *reader, const json_t *object, struct cell *cell)
{
	const json_t *workload = json_object_get(object, "workload");
	const json_t *list;
	size_t i, back;
	int result;

	/* Of what an older file doesn't say. */
	workload_defaults(&cell->workload);
	/* A file that doesn't say is from before there was a choice. */
	cell->workload.iodepth_batch_submit = 0;
	result = reader_fields(reader, cell_fields, object, cell);
	if (!result && !json_is_object(workload))
		result = reader_fail(reader, "workload", "must be an object");
	if (!result)
		result = reader_fields(reader, workload_fields, workload, &cell->workload);
	if (!result)
		result = read_placement(reader, object, &cell->placement);
	if (!result)
		result = read_evidence(reader, object, cell);
	if (!result)
		result = read_half_blocks(reader, object, cell);
	if (!result)
		result = read_witness(reader, object, "witness_syscalls_per_1000_ios",
				      cell->syscalls);
	if (!result)
		result = read_witness(reader, object, "witness_pmd_faults_per_1000_ios",
				      cell->pmd_faults);
	if (!result)
		result = read_cpu_counters(reader, object, cell);
	if (!result)
		result = read_functions(reader, object, cell);
	if (!result)
		result = reader_list(reader, object, "repetitions", REPETITIONS_LIMIT, true, &list);
	for (i = 0; !result && i < json_array_size(list); i++) {
		back = reader_enter(reader, "repetitions", i);
		result = read_repetition(reader, json_array_get(list, i), cell);
		reader_leave(reader, back);
	}
	return result;
}
