// SPDX-License-Identifier: MIT
/* A run in the form of fio's JSON. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "tests/fixture_report.h"
#include "tests/fixture_run.h"

static struct run *run;
static json_t *json;

static void tear_down(void)
{
	json_decref(json);
	run_free(run);
}

static void print(void)
{
	char *text = fixture_report(report_fio_json, run);

	json = json_loads(text, 0, NULL);
	cr_assert(json, "%s", text);
	free(text);
}

/* One cell that was measured twice: 1000 operations of 4 KiB in 1 s, then in 3 s. */
static struct cell *twice(enum rw rw)
{
	struct cell *cell;

	run = run_new();
	run->clock = RUN_CLOCK_NS;
	snprintf(run->started_utc, sizeof(run->started_utc), "2026-11-23T01:16:00Z");
	run->cells = calloc(1, sizeof(*run->cells));
	run->ncells = 1;
	cell = &run->cells[0];
	workload_defaults(&cell->workload);
	snprintf(cell->workload.path, sizeof(cell->workload.path), "buffered");
	snprintf(cell->id, sizeof(cell->id), "the cell");
	cell->workload.rw = rw;
	cell->status = CELL_MEASURED;
	for (unsigned int i = 0; i < 2; i++) {
		struct repetition *r = cell_add_repetition(cell, 0, i);
		struct pass_result *pass = &r->pass[0];

		r->npasses = 1;
		pass->ios = 1000;
		pass->bytes = 4096000;
		pass->duration = i ? 3000000000 : 1000000000;
		pass->context_switches = 5;
		pass->latency = calloc(1, sizeof(*pass->latency));
		pass->latency->count[histogram_index(100)] = 900;
		pass->latency->count[histogram_index(200)] = 100;
	}
	run_summarize(run);
	return cell;
}

static const json_t *job(size_t i)
{
	return json_array_get(json_object_get(json, "jobs"), i);
}

static const json_t *of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	cr_assert(value, "no '%s'", name);
	return value;
}

static json_int_t count(const json_t *object, const char *name)
{
	return json_integer_value(of(object, name));
}

static double real(const json_t *object, const char *name)
{
	return json_real_value(of(object, name));
}

TestSuite(fio_json, .fini = tear_down);

Test(fio_json, repetitions_are_put_together)
{
	const json_t *read, *latency;

	twice(RW_RANDREAD);
	print();
	cr_assert_eq(json_array_size(of(json, "jobs")), 1);
	cr_assert_eq(count(json, "timestamp"), 1795396560);
	cr_assert_str_eq(json_string_value(of(job(0), "jobname")), "the cell");
	cr_assert_eq(count(job(0), "ctx"), 10);
	read = of(job(0), "read");
	cr_assert_eq(count(read, "total_ios"), 2000);
	cr_assert_eq(count(read, "io_bytes"), 8192000);
	cr_assert_eq(count(read, "runtime"), 4000);
	cr_assert_eq(count(read, "bw_bytes"), 2048000);
	cr_assert_eq(count(read, "bw"), 2000);
	cr_assert_float_eq(real(read, "iops"), 500, 1e-9);
	cr_assert_float_eq(real(read, "iops_max"), 1000, 1e-9);
	cr_assert_eq(count(read, "iops_samples"), 2);
	latency = of(read, "clat_ns");
	cr_assert_eq(count(latency, "min"), 100);
	cr_assert_eq(count(latency, "max"), 200);
	cr_assert_eq(count(latency, "N"), 2000);
	cr_assert_float_eq(real(latency, "mean"), 110, 1e-6);
	cr_assert_float_eq(real(latency, "stddev"), 30, 1e-6);
	cr_assert_eq(count(of(latency, "percentile"), "90.000000"), 100);
	cr_assert_eq(count(of(latency, "percentile"), "95.000000"), 200);
	cr_assert_eq(count(of(latency, "percentile"), "99.990000"), 200);
	cr_assert_eq(count(of(latency, "bins"), "100"), 1800);
	cr_assert(json_equal((json_t *)latency, (json_t *)of(read, "lat_ns")));
	cr_assert_eq(count(of(job(0), "write"), "total_ios"), 0);
	cr_assert_eq(count(of(job(0), "trim"), "total_ios"), 0);
	cr_assert_str_eq(json_string_value(of(of(job(0), "job options"), "bs")), "4k");
}

Test(fio_json, writes_are_writes_and_a_mixture_is_mixed)
{
	twice(RW_WRITE);
	print();
	cr_assert_eq(count(of(job(0), "write"), "total_ios"), 2000);
	cr_assert_eq(count(of(job(0), "read"), "total_ios"), 0);
	tear_down();
	twice(RW_RANDRW);
	print();
	cr_assert_eq(count(of(job(0), "mixed"), "total_ios"), 2000);
	cr_assert_eq(count(of(job(0), "read"), "total_ios"), 0);
	cr_assert_eq(count(of(job(0), "write"), "total_ios"), 0);
}

Test(fio_json, only_what_was_measured_is_there)
{
	struct cell *cell = twice(RW_RANDREAD);

	cell->status = CELL_REFUTED;
	print();
	cr_assert_eq(json_array_size(of(json, "jobs")), 0);
	json_decref(json);
	cell->status = CELL_MEASURED;
	cell->clock_use = CLOCK_USE_FUNCTION;
	print();
	cr_assert_eq(json_array_size(of(json, "jobs")), 0);
	json_decref(json);
	cell->clock_use = CLOCK_USE_EXACT;
	run->clock = RUN_CLOCK_INSTRUCTIONS;
	print();
	cr_assert_eq(json_array_size(of(json, "jobs")), 0);
}
