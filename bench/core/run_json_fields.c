// SPDX-License-Identifier: MIT
#include "core/run_json.h"
#include "core/workload_hints.h"

#define BS_MAX               (64ull << 20)
#define SIZE_LIMIT           (1ull << 40)
#define COUNT_LIMIT          1000000
#define AGGREGATION_NS_LIMIT 25500000

static const char *const clock_names[] = {"ns", "instructions", NULL};
static const char *const use_names[] = {"exact", "machine", "function", NULL};
static const char *const from_names[] = {"start", "intended start", NULL};
static const char *const pass_names[] = {"all", "first-touch", "again", NULL};
static const char *const verdict_names[] = {"held", "refuted", "unobserved", NULL};
static const char *const phase_names[] = {"timed", "witness", NULL};
static const char *const status_names[] = {"planned",     "measured", "refuted",
					   "unavailable", "failed",   NULL};
#define AT(type, member)   .offset = offsetof(struct type, member)
#define ROOM(type, member) .room = sizeof(((struct type *)0)->member)

const struct field run_fields[] = {
	{"run_id", FIELD_CHARS, AT(run, id), ROOM(run, id)},
	{"suite", FIELD_STRING, AT(run, suite), .optional = true},
	{"question", FIELD_STRING, AT(run, question), .optional = true},
	{"clock", FIELD_ENUM, AT(run, clock), .names = clock_names},
	{"started_utc", FIELD_CHARS, AT(run, started_utc), ROOM(run, started_utc)},
	{"duration_s", FIELD_U64, AT(run, duration_s)},
	{"runs", FIELD_UINT, AT(run, runs), .max = COUNT_LIMIT},
	{"boots", FIELD_UINT, AT(run, boots), .max = COUNT_LIMIT},
	{.type = FIELD_END},
};

const struct field warning_fields[] = {
	{"code", FIELD_CHARS, AT(warning, code), ROOM(warning, code)},
	{"text", FIELD_STRING, AT(warning, text)},
	{"remedy", FIELD_STRING, AT(warning, remedy), .optional = true},
	{.type = FIELD_END},
};

const struct field cell_fields[] = {
	{"id", FIELD_CHARS, AT(cell, id), ROOM(cell, id)},
	{"group", FIELD_CHARS, AT(cell, group), ROOM(cell, group)},
	{"row", FIELD_CHARS, AT(cell, row), ROOM(cell, row), .optional = true},
	{"path", FIELD_CHARS, AT(cell, workload.path), ROOM(workload, path)},
	{"target", FIELD_CHARS, AT(cell, workload.target), ROOM(workload, target)},
	{"access", FIELD_ENUM, AT(cell, workload.access), .names = workload_access_names},
	{"durability", FIELD_ENUM, AT(cell, workload.durability),
	 .names = workload_durability_names},
	{"api", FIELD_SHARED, AT(cell, api), .optional = true},
	{"cache", FIELD_SHARED, AT(cell, cache), .optional = true},
	{"completion", FIELD_SHARED, AT(cell, completion), .optional = true},
	{"clock_use", FIELD_ENUM, AT(cell, clock_use), .names = use_names},
	{"latency_from", FIELD_ENUM, AT(cell, latency_from), .names = from_names, .optional = true},
	{"status", FIELD_ENUM, AT(cell, status), .names = status_names},
	{"reason", FIELD_STRING, AT(cell, reason), .optional = true},
	{"remedy", FIELD_STRING, AT(cell, remedy), .optional = true},
	{.type = FIELD_END},
};

const struct field workload_fields[] = {
	{"rw", FIELD_ENUM, AT(workload, rw), .names = workload_rw_names},
	{"bs", FIELD_U64, AT(workload, bs), .min = 1, .max = BS_MAX},
	{"size", FIELD_U64, AT(workload, size), .min = 1, .max = SIZE_LIMIT},
	{"numjobs", FIELD_UINT, AT(workload, numjobs), .min = 1, .max = 256},
	{"iodepth", FIELD_UINT, AT(workload, iodepth), .min = 1, .max = 4096, .optional = true},
	{"iodepth_batch_submit", FIELD_UINT, AT(workload, iodepth_batch_submit), .max = 4096,
	 .optional = true},
	{"iodepth_batch_complete_min", FIELD_UINT, AT(workload, iodepth_batch_complete_min),
	 .min = 1, .max = 4096, .optional = true},
	{"number_ios", FIELD_U64, AT(workload, number_ios)},
	{"runtime_ns", FIELD_U64, AT(workload, runtime_ns)},
	{"time_based", FIELD_BOOL, AT(workload, time_based)},
	{"ramp_time_ns", FIELD_U64, AT(workload, ramp_ns)},
	{"cache", FIELD_ENUM, AT(workload, cache), .names = workload_cache_names},
	{"populate", FIELD_BOOL, AT(workload, populate)},
	{"sync", FIELD_BOOL, AT(workload, sync)},
	{"hugepage", FIELD_BOOL, AT(workload, hugepage)},
	{"madvise", FIELD_ENUM, AT(workload, madvise), .names = workload_madvise_names},
	{"rwmixread", FIELD_UINT, AT(workload, rwmixread), .max = 100, .optional = true},
	{"random_distribution", FIELD_OPTION, .optional = true},
	{"rate_iops", FIELD_U64, AT(workload, rate_iops), .optional = true},
	{"rate_process", FIELD_ENUM, AT(workload, rate_process),
	 .names = workload_rate_process_names, .optional = true},
	{"thinktime_ns", FIELD_U64, AT(workload, thinktime_ns), .optional = true},
	{"precondition", FIELD_UINT, AT(workload, precondition), .max = 10, .optional = true},
	{"fixedbufs", FIELD_BOOL, AT(workload, fixedbufs), .optional = true},
	{"registerfiles", FIELD_BOOL, AT(workload, registerfiles), .optional = true},
	{"numa_cpu_nodes", FIELD_OPTION, .optional = true},
	{"numa_mem_policy", FIELD_OPTION, .optional = true},
	{"aggregation_threshold", FIELD_UINT, AT(workload, aggregation_threshold), .min = 1,
	 .max = 256, .optional = true},
	{"aggregation_time_ns", FIELD_U64, AT(workload, aggregation_ns),
	 .max = AGGREGATION_NS_LIMIT, .optional = true},
	{.type = FIELD_END},
};

const struct field evidence_fields[] = {
	{"claim", FIELD_STRING, AT(evidence, claim)},
	{"expected", FIELD_STRING, AT(evidence, expected)},
	{"observed", FIELD_STRING, AT(evidence, observed)},
	{"source", FIELD_STRING, AT(evidence, source)},
	{"verdict", FIELD_ENUM, AT(evidence, verdict), .names = verdict_names},
	{"phase", FIELD_ENUM, AT(evidence, phase), .names = phase_names},
	{.type = FIELD_END},
};

const struct field functions_fields[] = {
	{"ios", FIELD_U64, AT(function_counts, ios)},
	{"insn_per_1000_ios", FIELD_U64, AT(function_counts, insn_per_1000_ios)},
	{"clock_insn_per_1000_ios", FIELD_U64, AT(function_counts, clock_insn_per_1000_ios)},
	{.type = FIELD_END},
};

const struct field function_fields[] = {
	{"name", FIELD_STRING, AT(function_count, name)},
	{"where", FIELD_STRING, AT(function_count, where)},
	{"insn_per_1000_ios", FIELD_U64, AT(function_count, insn_per_1000_ios)},
	{.type = FIELD_END},
};

const struct field repetition_fields[] = {
	{"boot", FIELD_UINT, AT(repetition, boot), .max = COUNT_LIMIT},
	{"order", FIELD_UINT, AT(repetition, order), .max = UINT32_MAX},
	{.type = FIELD_END},
};

#define KNOWN(member) .known = offsetof(struct pass_result, member)
#define MACHINE_COUNTER(name, index)                                                               \
	{                                                                                          \
		name, FIELD_U64, AT(pass_result, machine_counters[index].value),                   \
			KNOWN(machine_counters[index].known)                                       \
	}

const struct field pass_fields[] = {
	{"kind", FIELD_ENUM, AT(pass_result, kind), .names = pass_names},
	{"start_ns", FIELD_U64, AT(pass_result, start)},
	{"duration", FIELD_COST, AT(pass_result, duration)},
	{"ios", FIELD_U64, AT(pass_result, ios)},
	{"bytes", FIELD_U64, AT(pass_result, bytes)},
	{"errors", FIELD_U64, AT(pass_result, errors)},
	{"op_total", FIELD_COST, AT(pass_result, op_total)},
	{"op_median", FIELD_COST, AT(pass_result, op_median)},
	{"fault_median", FIELD_COST, AT(pass_result, fault_median)},
	{"thread", FIELD_COST, AT(pass_result, thread)},
	{"machine", FIELD_COST, AT(pass_result, machine), KNOWN(machine_known)},
	{"faults_minor", FIELD_U64, AT(pass_result, faults_minor)},
	{"faults_major", FIELD_U64, AT(pass_result, faults_major)},
	{"context_switches", FIELD_U64, AT(pass_result, context_switches)},
	{"interrupts", FIELD_U64, AT(pass_result, interrupts), KNOWN(interrupts_known)},
	{"backlog", FIELD_U64, AT(pass_result, backlog), KNOWN(backlog_known)},
	{"wait", FIELD_COST, AT(pass_result, wait), .optional = true},
	{"doorbells", FIELD_U64, AT(pass_result, doorbells), .optional = true},
	{"sleeps", FIELD_U64, AT(pass_result, sleeps), .optional = true},
	{"polls", FIELD_U64, AT(pass_result, empty_looks), .optional = true},
	MACHINE_COUNTER("tlb_shootdowns", MACHINE_TLB_SHOOTDOWNS),
	MACHINE_COUNTER("reclaimed_pages", MACHINE_RECLAIMED_PAGES),
	MACHINE_COUNTER("machine_context_switches", MACHINE_CONTEXT_SWITCHES),
	MACHINE_COUNTER("machine_interrupts", MACHINE_INTERRUPTS),
	{.type = FIELD_END},
};

const struct field device_fields[] = {
	{"bytes", FIELD_U64, AT(pass_result, device_bytes)},
	{"ios", FIELD_U64, AT(pass_result, device_ios)},
	{"flushes", FIELD_U64, AT(pass_result, flushes)},
	{.type = FIELD_END},
};

struct field_name field_in_clock(const char *name, enum run_clock clock)
{
	struct field_name result;

	snprintf(result.text, sizeof(result.text), "%s%s", name,
		 clock == RUN_CLOCK_NS ? "_ns" : "_insn");
	return result;
}
