// SPDX-License-Identifier: MIT
/* From a suite to the cells of a run: their targets, names and groups. Nothing is run. */
#include "core/runner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/target.h"
#include "paths/path.h"

/* "testbed:pmem-dax/xfs" and "testbed:pmem/xfs" are the same medium: their cells are compared. */
static void medium_name(const char *target, char *name, size_t size)
{
	const char *dax = strstr(target, "-dax/");

	if (strncmp(target, "testbed:", 8) == 0 && dax)
		snprintf(name, size, "%.*s%s", (int)(dax - target), target, dax + 4);
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

/* FNV-1a of everything that makes a cell another one: its readable name leaves things out. */
static uint32_t workload_hash(const struct workload *w, const char *section)
{
	char text[768];
	uint32_t hash = 2166136261u;

	snprintf(text, sizeof(text), "%s|%s|%s|%d|%llu|%llu|%u|%llu|%llu|%d|%llu|%d%d%d%d%d%d%d",
		 section, w->path, w->target, w->rw, (unsigned long long)w->bs,
		 (unsigned long long)w->size, w->numjobs, (unsigned long long)w->number_ios,
		 (unsigned long long)w->runtime_ns, w->time_based, (unsigned long long)w->ramp_ns,
		 w->cache, w->access, w->durability, w->populate, w->sync, w->hugepage, w->madvise);
	for (const char *at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	return hash;
}

static void name_cell(struct cell *cell, const char *section)
{
	const struct workload *w = &cell->workload;
	char bs[32], medium[224], jobs[32] = "";

	human_size(w->bs, bs, sizeof(bs));
	medium_name(w->target, medium, sizeof(medium));
	if (w->numjobs > 1)
		snprintf(jobs, sizeof(jobs), ", %u jobs", w->numjobs);
	snprintf(cell->group, sizeof(cell->group), "%.49s%s%s %s, %s%s%s, durability %s, %.40s",
		 section, *section ? ": " : "", bs, rw_name(w->rw), cache_name(w->cache),
		 w->access == ACCESS_TOUCH ? ", touch" : "", jobs, durability_name(w->durability),
		 medium);
	snprintf(cell->id, sizeof(cell->id), "%.49s%s%s@%.64s %s %s %s %s %08x", section,
		 *section ? "/" : "", w->path, w->target, rw_name(w->rw), bs, cache_name(w->cache),
		 durability_name(w->durability), workload_hash(w, section));
}

/*
 * One file system of the testbed holds files with DAX and files without, in two folders: a DAX path
 * on testbed:pmem/FS takes the one with.
 */
static void name_target(struct workload *w, const struct path_ops *ops, const struct target *target)
{
	static const char pmem[] = "testbed:pmem/";

	if ((ops->traits & PATH_DAX) && strncmp(target->text, pmem, strlen(pmem)) == 0)
		snprintf(w->target, sizeof(w->target), "testbed:pmem-dax/%.200s",
			 target->text + strlen(pmem));
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
		name_cell(cell, suite->cells[i].section);
	}
	return 0;
}
