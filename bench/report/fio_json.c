// SPDX-License-Identifier: MIT
/*
 * A run in the form of fio's JSON. fio knows no repetitions: those of a cell are put together, as
 * if one long job had done them. Our latency is fio's lat_ns where operations are queued and its
 * clat_ns where they are not; since nothing is counted as slat_ns, both are the same here.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "report/report.h"
#include "report/rows.h"
#include "version.h"

#define NS_PER_MS 1000000u

/* Of all repetitions of one pass. */
struct total {
	uint64_t ios, bytes, errors, duration_ns, context_switches, faults_minor, faults_major;
};

static struct total total_of(const struct cell *cell, unsigned int pass)
{
	struct total sum = {.ios = 0};

	for (size_t i = 0; i < cell->nrepetitions; i++) {
		const struct pass_result *one = &cell->repetitions[i].pass[pass];

		if (pass >= cell->repetitions[i].npasses)
			continue;
		sum.ios += one->ios;
		sum.bytes += one->bytes;
		sum.errors += one->errors;
		sum.duration_ns += one->duration;
		sum.context_switches += one->context_switches;
		sum.faults_minor += one->faults_minor;
		sum.faults_major += one->faults_major;
	}
	return sum;
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void set_real(json_t *object, const char *name, double value)
{
	json_object_set_new(object, name, json_real(value));
}

static json_t *percentiles(const struct histogram *h)
{
	/* fio's own list, in parts of a million. */
	static const uint32_t ppm[] = {10000,  50000,  100000, 200000, 300000, 400000,
				       500000, 600000, 700000, 800000, 900000, 950000,
				       990000, 995000, 999000, 999500, 999900};
	json_t *json = json_object();

	for (size_t i = 0; i < sizeof(ppm) / sizeof(ppm[0]); i++) {
		char key[16];

		snprintf(key, sizeof(key), "%u.%06u", ppm[i] / 10000, ppm[i] % 10000 * 100);
		set_count(json, key, histogram_percentile(h, ppm[i]));
	}
	return json;
}

/* @h NULL or empty: what fio writes where nothing was measured. */
static json_t *latency(const struct histogram *h)
{
	uint64_t n = h ? histogram_total(h) : 0, min = 0, max = 0;
	json_t *json = json_object(), *bins = json_object();
	double mean = 0, square = 0;

	for (unsigned int i = 0; n && i < HISTOGRAM_BUCKETS; i++) {
		uint64_t value = histogram_bucket_value(i);
		char key[24];

		if (!h->count[i])
			continue;
		snprintf(key, sizeof(key), "%llu", (unsigned long long)value);
		set_count(bins, key, h->count[i]);
		min = mean > 0 ? min : value;
		max = value;
		mean += (double)value * (double)h->count[i] / (double)n;
		square += (double)value * (double)value * (double)h->count[i] / (double)n;
	}
	set_count(json, "min", min);
	set_count(json, "max", max);
	set_real(json, "mean", mean);
	set_real(json, "stddev", square > mean * mean ? sqrt(square - mean * mean) : 0);
	set_count(json, "N", n);
	if (n) {
		json_object_set_new(json, "percentile", percentiles(h));
		json_object_set(json, "bins", bins);
	}
	json_decref(bins);
	return json;
}

/* Smallest, largest, mean and standard deviation of the repetitions, as fio's of its samples. */
static void set_iops_samples(json_t *json, const struct cell *cell, unsigned int pass)
{
	double min = INFINITY, max = 0, sum = 0, square = 0, n = 0;

	for (size_t i = 0; i < cell->nrepetitions; i++) {
		const struct pass_result *one = &cell->repetitions[i].pass[pass];
		double iops;

		if (pass >= cell->repetitions[i].npasses || !one->duration)
			continue;
		iops = (double)one->ios * 1e9 / (double)one->duration;
		min = iops < min ? iops : min;
		max = iops > max ? iops : max;
		sum += iops;
		square += iops * iops;
		n++;
	}
	set_real(json, "iops_min", n > 0 ? min : 0);
	set_real(json, "iops_max", max);
	set_real(json, "iops_mean", n > 0 ? sum / n : 0);
	set_real(json, "iops_stddev",
		 n > 0 && square / n > sum / n * (sum / n) ? sqrt(square / n - sum / n * (sum / n))
							   : 0);
	set_count(json, "iops_samples", (uint64_t)n);
}

/* "read", "write", "trim" or "mixed"; @cell NULL: nothing of that kind was done. */
static json_t *direction(const struct cell *cell, unsigned int pass)
{
	struct total sum = cell ? total_of(cell, pass) : (struct total){.ios = 0};
	const struct histogram *h = cell ? cell->summary[pass].merged : NULL;
	double seconds = (double)sum.duration_ns / 1e9;
	json_t *json = json_object();

	set_count(json, "io_bytes", sum.bytes);
	set_count(json, "io_kbytes", sum.bytes >> 10);
	set_count(json, "bw_bytes", seconds > 0 ? (uint64_t)((double)sum.bytes / seconds) : 0);
	set_count(json, "bw", seconds > 0 ? (uint64_t)((double)sum.bytes / 1024 / seconds) : 0);
	set_real(json, "iops", seconds > 0 ? (double)sum.ios / seconds : 0);
	set_count(json, "runtime", (sum.duration_ns + NS_PER_MS / 2) / NS_PER_MS);
	set_count(json, "total_ios", sum.ios);
	set_count(json, "short_ios", 0);
	set_count(json, "drop_ios", 0);
	json_object_set_new(json, "slat_ns", latency(NULL));
	json_object_set_new(json, "clat_ns", latency(h));
	json_object_set_new(json, "lat_ns", latency(h));
	if (cell)
		set_iops_samples(json, cell, pass);
	return json;
}

/* All of the workload that hasn't its default, and what those who plot fio's files look for. */
static json_t *job_options(const struct cell *cell)
{
	static const char *const always[] = {"rw", "bs", "size", "iodepth", "numjobs"};
	json_t *json = json_object();
	struct workload defaults;
	const char *name;
	char text[256], plain[256];

	workload_defaults(&defaults);
	for (size_t i = 0; (name = workload_option_name(i)); i++) {
		bool shown = false;

		workload_option_text(&cell->workload, name, text, sizeof(text));
		workload_option_text(&defaults, name, plain, sizeof(plain));
		for (size_t j = 0; j < sizeof(always) / sizeof(always[0]); j++)
			shown = shown || strcmp(name, always[j]) == 0;
		if (shown || strcmp(text, plain) != 0)
			json_object_set_new(json, name, json_string(text));
	}
	return json;
}

static json_t *job(const struct cell *cell, unsigned int pass, size_t group)
{
	enum rw rw = cell->workload.rw;
	bool mixed = rw_reads(rw) && rw_writes(rw);
	struct total sum = total_of(cell, pass);
	json_t *json = json_object(), *sync = json_object();
	char name[256];

	snprintf(name, sizeof(name), "%s%s%s", cell->id, cell->npasses > 1 ? " " : "",
		 cell->npasses > 1 ? pass_kind_name(cell->summary[pass].kind) : "");
	json_object_set_new(json, "jobname", json_string(name));
	set_count(json, "groupid", group);
	set_count(json, "error", sum.errors ? EIO : 0);
	set_count(json, "eta", 0);
	set_count(json, "elapsed", sum.duration_ns / 1000 / NS_PER_MS);
	json_object_set_new(json, "job options", job_options(cell));
	/* Reads and writes of a mixture share one histogram: fio's unified_rw_reporting. */
	if (mixed)
		json_object_set_new(json, "mixed", direction(cell, pass));
	json_object_set_new(json, "read", direction(!mixed && rw_reads(rw) ? cell : NULL, pass));
	json_object_set_new(json, "write", direction(!mixed && rw_writes(rw) ? cell : NULL, pass));
	json_object_set_new(json, "trim", direction(NULL, pass));
	set_count(sync, "total_ios", 0);
	json_object_set_new(sync, "lat_ns", latency(NULL));
	json_object_set_new(json, "sync", sync);
	set_count(json, "job_runtime", (sum.duration_ns + NS_PER_MS / 2) / NS_PER_MS);
	set_count(json, "ctx", sum.context_switches);
	set_count(json, "majf", sum.faults_major);
	set_count(json, "minf", sum.faults_minor);
	return json;
}

static void set_time(json_t *json, const struct run *run)
{
	struct tm tm = {.tm_year = 0};
	char text[64];
	time_t at;

	if (!strptime(run->started_utc, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return;
	at = timegm(&tm);
	set_count(json, "timestamp", (uint64_t)at);
	set_count(json, "timestamp_ms", (uint64_t)at * 1000);
	strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm);
	json_object_set_new(json, "time", json_string(text));
}

int report_fio_json(FILE *out, const struct run *run)
{
	json_t *json = json_object(), *jobs = json_array();

	json_object_set_new(json, "fio version",
			    json_string("bypass-" BYPASS_VERSION ", in the form of fio-3.33"));
	set_time(json, run);
	for (size_t i = 0; i < run->ncells; i++) {
		const struct cell *cell = &run->cells[i];

		/* Refuted figures and emulated time are no measurement to plot. */
		if (run->clock != RUN_CLOCK_NS || cell->status != CELL_MEASURED ||
		    cell_time_is_emulated(run, cell))
			continue;
		for (unsigned int pass = 0; pass < cell->npasses; pass++)
			json_array_append_new(jobs, job(cell, pass, i));
	}
	json_object_set_new(json, "jobs", jobs);
	json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	fputc('\n', out);
	json_decref(json);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
