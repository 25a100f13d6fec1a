// SPDX-License-Identifier: MIT
#include "fio/result.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#define NS_PER_MS 1000000u
/* Of anything that is counted here: far from where sums of them would overflow. */
#define COUNT_LIMIT (1ll << 53)

/* A number that isn't there, isn't one or can't be true counts as none. */
static uint64_t count_of(const json_t *object, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(object, name));

	return value > 0 && value < COUNT_LIMIT ? (uint64_t)value : 0;
}

static double real_of(const json_t *object, const char *name)
{
	double value = json_number_value(json_object_get(object, name));

	return value > 0 && value < (double)COUNT_LIMIT ? value : 0;
}

/* What no count can be is none, or the largest. */
static uint64_t whole(double number)
{
	if (!(number > 0))
		return 0;
	return number < (double)UINT64_MAX ? (uint64_t)number : UINT64_MAX;
}

/* fio's keys are the middle of each of its bins: 64 to a power of two, half as many as ours. */
static uint64_t take_bins(const json_t *bins, struct histogram *latency)
{
	const char *key;
	const json_t *value;
	uint64_t total = 0;

	json_object_foreach((json_t *)bins, key, value)
	{
		json_int_t n = json_integer_value(value);

		if (n <= 0 || n >= COUNT_LIMIT)
			continue;
		latency->count[histogram_index(strtoull(key, NULL, 10))] += (uint64_t)n;
		total += (uint64_t)n;
	}
	return total;
}

/* One of "read" and "write". Which latency has bins was asked for in the job. */
static void take_direction(const json_t *direction, struct pass_result *result,
			   struct tool_report *report)
{
	static const char *const latencies[] = {"clat_ns", "lat_ns"};
	uint64_t runtime = count_of(direction, "runtime") * NS_PER_MS;

	result->ios += count_of(direction, "total_ios");
	result->bytes += count_of(direction, "io_bytes");
	result->errors += count_of(direction, "short_ios") + count_of(direction, "drop_ios");
	if (runtime > result->duration)
		result->duration = runtime;
	for (size_t i = 0; i < sizeof(latencies) / sizeof(latencies[0]); i++) {
		const json_t *latency = json_object_get(direction, latencies[i]);
		const json_t *bins = json_object_get(latency, "bins");

		if (!bins)
			continue;
		report->latencies += take_bins(bins, result->latency);
		result->op_total +=
			whole(real_of(latency, "mean") * (double)count_of(latency, "N"));
	}
}

static void take_job(const json_t *job, struct pass_result *result, struct tool_report *report)
{
	const json_t *write = json_object_get(job, "write");
	double cpu_percent = real_of(job, "usr_cpu") + real_of(job, "sys_cpu");

	result->latency = memory_zeroed(1, sizeof(*result->latency));
	take_direction(json_object_get(job, "read"), result, report);
	take_direction(write, result, report);
	report->writes = count_of(write, "total_ios");
	/* Of all threads together, as the percentages are. */
	result->thread =
		whole(cpu_percent / 100 * (double)count_of(job, "job_runtime") * NS_PER_MS);
	result->faults_minor = count_of(job, "minf");
	result->faults_major = count_of(job, "majf");
	result->context_switches = count_of(job, "ctx");
}

/* Warnings come first, without braces at the beginning of a line. */
static const char *find_object(const char *text)
{
	const char *at = text[0] == '{' ? text : strstr(text, "\n{");

	return at && *at == '\n' ? at + 1 : at;
}

int fio_result_parse(const char *text, struct pass_result *result, struct tool_report *report,
		     struct error *e)
{
	const char *object = find_object(text);
	json_t *root = object ? json_loads(object, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	const json_t *jobs = json_object_get(root, "jobs"), *job = json_array_get(jobs, 0);
	const char *version = json_string_value(json_object_get(root, "fio version"));
	json_int_t error = json_integer_value(json_object_get(job, "error"));
	int ret = 0;

	if (!version || json_array_size(jobs) != 1 || !json_is_object(job)) {
		ret = error_set(e, -EPROTO,
				"fio printed something else than the result of one job: %.60s; "
				"see what `fio --version` says (3.33 is known)",
				text);
	} else if (error) {
		ret = error_set(e, -EIO, "fio met an error: %s; look at the kernel's log",
				strerror((int)error));
	} else {
		snprintf(report->version, sizeof(report->version), "%s", version);
		take_job(job, result, report);
	}
	json_decref(root);
	return ret;
}
