// SPDX-License-Identifier: MIT
/* From a suite to the cells of a run: their targets, names and groups. Nothing is run. */
#include "core/runner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/target.h"
#include "paths/path.h"

/* At the end of a disk's name: it is our driver that has it. */
#define VFIO "/vfio"

/* "nvme:SERIAL" and "testbed:disk": the kernel's driver or ours, as the path asks. */
static bool is_either_drivers(const char *target)
{
	return strncmp(target, "nvme:", 5) == 0 || strcmp(target, "testbed:disk") == 0 ||
	       strcmp(target, "testbed:disk" VFIO) == 0;
}

static bool ends_in_vfio(const char *target)
{
	size_t length = strlen(target);

	return length > strlen(VFIO) && strcmp(target + length - strlen(VFIO), VFIO) == 0;
}

/*
 * Cells on the same medium are compared: "testbed:pmem-dax/xfs" is "testbed:pmem/xfs", and a disk
 * is the same whichever driver has it.
 */
static void medium_name(const char *target, char *name, size_t size)
{
	const char *dax = strstr(target, "-dax/");
	size_t length = strlen(target);

	if (strncmp(target, "testbed:", 8) == 0 && dax)
		snprintf(name, size, "%.*s%s", (int)(dax - target), target, dax + 4);
	else if (is_either_drivers(target) && ends_in_vfio(target))
		snprintf(name, size, "%.*s", (int)(length - strlen(VFIO)), target);
	else
		snprintf(name, size, "%s", target);
}

static void human_size(uint64_t bytes, char *text, size_t size)
{
	if (bytes % (1 << 20) == 0)
		snprintf(text, size, "%llum", (unsigned long long)(bytes >> 20));
	else if (bytes % 1024 == 0)
		snprintf(text, size, "%lluk", (unsigned long long)(bytes >> 10));
	else
		snprintf(text, size, "%llu", (unsigned long long)bytes);
}

static bool has_plain_queue(const struct workload *w)
{
	return w->iodepth == 1 && w->iodepth_batch_complete_min == 1 &&
	       w->aggregation_threshold == 1 && w->aggregation_ns == 0;
}

/* Options that came later and have not their defaults, which leave a cell's name as it was. */
static void append_later_options(const struct workload *w, char *text, size_t size)
{
	static const char *const later[] = {
		"rwmixread",      "random_distribution", "rate_iops",     "rate_process",
		"thinktime",      "fixedbufs",           "registerfiles", "precondition",
		"numa_cpu_nodes", "numa_mem_policy",
	};
	char value[32], plain[32];
	struct workload defaults;

	workload_defaults(&defaults);
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		size_t n = strlen(text);

		workload_option_text(w, later[i], value, sizeof(value));
		workload_option_text(&defaults, later[i], plain, sizeof(plain));
		if (strcmp(value, plain) != 0)
			snprintf(text + n, size - n, "|%s=%s", later[i], value);
	}
}

/* FNV-1a of everything that makes a cell another one: its readable name leaves things out. */
static uint32_t workload_hash(const struct workload *w, const char *section)
{
	char text[1024];
	uint32_t hash = 2166136261u;
	size_t n;

	snprintf(text, sizeof(text), "%s|%s|%s|%d|%llu|%llu|%u|%llu|%llu|%d|%llu|%d%d%d%d%d%d%d",
		 section, w->path, w->target, w->rw, (unsigned long long)w->bs,
		 (unsigned long long)w->size, w->numjobs, (unsigned long long)w->number_ios,
		 (unsigned long long)w->runtime_ns, w->time_based, (unsigned long long)w->ramp_ns,
		 w->cache, w->access, w->durability, w->populate, w->sync, w->hugepage, w->madvise);
	n = strlen(text);
	/* Cells keep the id that they had before there were these options. */
	if (!has_plain_queue(w))
		snprintf(text + n, sizeof(text) - n, "|%u|%u|%u|%llu", w->iodepth,
			 w->iodepth_batch_complete_min, w->aggregation_threshold,
			 (unsigned long long)w->aggregation_ns);
	n = strlen(text);
	if (w->iodepth > 1 && w->iodepth_batch_submit)
		snprintf(text + n, sizeof(text) - n, "|submit=%u", w->iodepth_batch_submit);
	append_later_options(w, text, sizeof(text));
	for (const char *at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	return hash;
}

static bool is_row_option(const struct suite *suite, const char *option)
{
	for (size_t i = 0; i < suite->nrows; i++) {
		if (strcmp(suite->rows[i], option) == 0)
			return true;
	}
	return false;
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
							 const char *format, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, size - n, format, args);
	va_end(args);
}

/* What else a cell is done under, where it isn't the default. */
static void append_conditions(char *group, size_t size, const struct workload *w,
			      const struct suite *suite)
{
	static const struct {
		const char *option, *format;
	} conditions[] = {
		{"rwmixread", ", %s%% reads"},
		{"random_distribution", ", %s"},
		{"rate_iops", ", %s/s"},
		{"rate_process", ", %s"},
		{"thinktime", ", think %s"},
		{"numa_cpu_nodes", ", CPU %s"},
		{"numa_mem_policy", ", memory %s"},
	};
	char value[32], plain[32];
	struct workload defaults;

	workload_defaults(&defaults);
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		workload_option_text(w, conditions[i].option, value, sizeof(value));
		workload_option_text(&defaults, conditions[i].option, plain, sizeof(plain));
		if (strcmp(value, plain) != 0 && !is_row_option(suite, conditions[i].option))
			append(group, size, conditions[i].format, value);
	}
}

/* What counts most comes first: a name that is too long loses its end. */
static void name_group(struct cell *cell, const char *section, const struct suite *suite)
{
	const struct workload *w = &cell->workload;
	char bs[32], medium[224];
	char *group = cell->group;
	size_t size = sizeof(cell->group);

	human_size(w->bs, bs, sizeof(bs));
	medium_name(w->target, medium, sizeof(medium));
	snprintf(group, size, "%.49s%s", section, *section ? ": " : "");
	if (!is_row_option(suite, "bs"))
		append(group, size, "%s ", bs);
	append(group, size, "%s", rw_name(w->rw));
	if (w->iodepth > 1 && !is_row_option(suite, "iodepth"))
		append(group, size, ", QD%u", w->iodepth);
	if (!w->iodepth_batch_submit && !is_row_option(suite, "iodepth_batch_submit"))
		append(group, size, " at once");
	else if (w->iodepth_batch_submit > 1 && !is_row_option(suite, "iodepth_batch_submit"))
		append(group, size, " submitted by %u", w->iodepth_batch_submit);
	if (w->iodepth_batch_complete_min > 1 &&
	    !is_row_option(suite, "iodepth_batch_complete_min"))
		append(group, size, ", batches of %u", w->iodepth_batch_complete_min);
	append(group, size, ", %s%s", cache_name(w->cache),
	       w->access == ACCESS_TOUCH ? ", touch" : "");
	if (w->numjobs > 1 && !is_row_option(suite, "numjobs"))
		append(group, size, ", %u jobs", w->numjobs);
	append_conditions(group, size, w, suite);
	append(group, size, ", durability %s, %.40s", durability_name(w->durability), medium);
}

/* "8/100us": what the suite's rows= names, as far as the path has it. */
static void name_row(struct cell *cell, const struct suite *suite)
{
	size_t size = sizeof(cell->row);
	char value[32];

	for (size_t i = 0; i < suite->nrows; i++) {
		const char *option = suite->rows[i];

		if (!workload_path_has(cell->workload.path, option))
			continue;
		workload_option_text(&cell->workload, option, value, sizeof(value));
		append(cell->row, size, "%s%s%s%s", cell->row[0] ? "/" : "",
		       strcmp(option, "iodepth") == 0 ? "QD" : "", value,
		       strcmp(option, "numjobs") == 0 ? " jobs" : "");
	}
}

static void name_cell(struct cell *cell, const char *section, const struct suite *suite)
{
	const struct workload *w = &cell->workload;
	char bs[32], depth[16] = "";

	human_size(w->bs, bs, sizeof(bs));
	if (w->iodepth > 1)
		snprintf(depth, sizeof(depth), "QD%u ", w->iodepth);
	snprintf(cell->id, sizeof(cell->id), "%.49s%s%s@%.64s %s %s %s%s %s %08x", section,
		 *section ? "/" : "", w->path, w->target, rw_name(w->rw), bs, depth,
		 cache_name(w->cache), durability_name(w->durability), workload_hash(w, section));
	name_group(cell, section, suite);
	name_row(cell, suite);
}

/* Whether the options that rows= names have their defaults in @cell. */
static bool has_plain_row(const struct cell *cell, const struct suite *suite)
{
	char value[32], plain[32];
	struct workload defaults;

	workload_defaults(&defaults);
	for (size_t i = 0; i < suite->nrows; i++) {
		workload_option_text(&cell->workload, suite->rows[i], value, sizeof(value));
		workload_option_text(&defaults, suite->rows[i], plain, sizeof(plain));
		if (strcmp(value, plain) != 0)
			return false;
	}
	return true;
}

/* Where a section sweeps none of the options, their defaults would be said for nothing. */
static void forget_plain_rows(struct run *run, const struct suite *suite)
{
	for (size_t i = 0; i < run->ncells && suite->nrows; i++) {
		struct cell *cell = &run->cells[i];
		bool swept = !has_plain_row(cell, suite);

		for (size_t j = 0; j < run->ncells && !swept; j++)
			swept = !has_plain_row(&run->cells[j], suite) &&
				strcmp(run->cells[j].workload.path, cell->workload.path) == 0 &&
				strcmp(run->cells[j].group, cell->group) == 0;
		if (!swept)
			cell->row[0] = '\0';
	}
}

/*
 * One file system of the testbed holds files with DAX and files without, in two folders: a DAX path
 * on testbed:pmem/FS takes the one with. A disk that either driver may have says which.
 */
static void name_target(struct workload *w, const struct path_ops *ops, const struct target *target)
{
	static const char pmem[] = "testbed:pmem/";

	if ((ops->traits & PATH_DAX) && strncmp(target->text, pmem, strlen(pmem)) == 0)
		snprintf(w->target, sizeof(w->target), "testbed:pmem-dax/%.200s",
			 target->text + strlen(pmem));
	else if ((ops->traits & PATH_USER_DRIVER) && is_either_drivers(target->text) &&
		 !ends_in_vfio(target->text))
		snprintf(w->target, sizeof(w->target), "%.200s" VFIO, target->text);
	else
		snprintf(w->target, sizeof(w->target), "%s", target->text);
}

int runner_plan(struct run *run, const struct suite *suite, struct error *e)
{
	run->cells = memory_zeroed(suite->ncells, sizeof(*run->cells));
	for (size_t i = 0; i < suite->ncells; i++) {
		struct cell *cell = &run->cells[run->ncells++];
		const char *section = suite->cells[i].section;
		const struct path_ops *ops;
		struct target target;
		struct error why;
		int ret;

		cell->workload = suite->cells[i].workload;
		ops = path_find(cell->workload.path);
		if (!ops)
			return error_set(e, -EINVAL, "unknown path '%s'; see `bypass list paths`",
					 cell->workload.path);
		if (ops->traits & PATH_NOTHING)
			snprintf(cell->workload.target, sizeof(cell->workload.target), "null:");
		ret = target_parse(&target, cell->workload.target, e);
		if (ret)
			return ret;
		name_target(&cell->workload, ops, &target);
		ret = workload_check(&cell->workload, &why);
		if (ret)
			return error_set(e, ret, "%s%s%s%s", *section ? "[" : "", section,
					 *section ? "] " : "", why.text);
		cell->api = ops->api;
		cell->cache = ops->cache;
		cell->completion = ops->completion;
		cell->clock_use = ops->clock_use;
		/* Another program counts its latencies by its own rule. */
		if (cell->workload.rate_iops && !(ops->traits & PATH_TOOL))
			cell->latency_from = LATENCY_FROM_INTENDED_START;
		name_cell(cell, section, suite);
	}
	forget_plain_rows(run, suite);
	return 0;
}
