// SPDX-License-Identifier: MIT
/* Repetitions that explain the timed ones: witness, events of the processor, functions, copying. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/memory.h"
#include "core/repetition_jobs.h"
#include "core/tool.h"

static void free_passes(struct repetition *r)
{
	for (unsigned int p = 0; p < PASSES_MAX; p++)
		free(r->pass[p].latency);
}

/* Our own file system names the branch that it takes (kmod/pathfs/trace.h). */
static void open_branch(const struct repetition_context *c, struct witness_facts *witness)
{
	enum { BUFFERED, DIRECT, DAX } branch = BUFFERED;
	const char *event = rw_writes(c->cell->workload.rw) ? "pathfs_write" : "pathfs_read";
	char filter[16];

	witness->branch.fd = -1;
	/* An asynchronous operation may be another thread's, and of a mixture each is only a part.
	 */
	if (strcmp(c->target->fs_type, "pathfs") != 0 || c->ops->start ||
	    c->cell->workload.rw == RW_RANDRW)
		return;
	if (c->ops->traits & PATH_DAX)
		branch = DAX;
	else if (c->ops->traits & PATH_NO_CACHE)
		branch = DIRECT;
	if (c->ops->traits & PATH_MAPPING)
		event = "pathfs_fault";
	/* A read of a page that is in the cache is mapped without asking the file system. */
	if ((c->ops->traits & PATH_MAPPING) && branch != DAX && !rw_writes(c->cell->workload.rw))
		return;
	snprintf(witness->branch_event, sizeof(witness->branch_event), "pathfs:%s", event);
	snprintf(filter, sizeof(filter), "branch == %d", branch);
	tracepoint_open(&witness->branch, witness->branch_event, filter);
}

int repetition_witness(const struct repetition_context *c, struct error *e)
{
	struct witness_facts witness = {.nwrites = 0};
	char filter[32];
	struct repetition scratch = {0};
	const char *what = NULL;
	uint64_t where = 0;
	int ret;

	if (c->ops->traits & PATH_TOOL) {
		evidence_tool_witness(c->cell);
		return 0;
	}
	/* Without a usable TSC reading the clock is a system call: the harness's, not the path's.
	 */
	snprintf(filter, sizeof(filter), "id != %d", SYS_clock_gettime);
	tracepoint_open(&witness.syscalls, "raw_syscalls:sys_enter", filter);
	/* 0x100 is VM_FAULT_NOPAGE: installed; a fallback to 4 KiB is 0x800. */
	tracepoint_open(&witness.pmd_faults, "fs_dax:dax_pmd_fault_done", "result & 0x100");
	tracepoint_open(&witness.flushes, "block:block_bio_queue", "rwbs ~ \"*F*\"");
	open_branch(c, &witness);
	/* The tracepoints count one thread: the first job alone. */
	ret = repetition_run(c, 1, &scratch, &witness, e);
	tracepoint_close(&witness.syscalls);
	tracepoint_close(&witness.pmd_faults);
	tracepoint_close(&witness.flushes);
	tracepoint_close(&witness.branch);
	free_passes(&scratch);
	if (ret || c->target->kind == TARGET_NULL || c->target->foreign) {
		if (!ret)
			evidence_data(c->cell, c->target, PHASE_WITNESS, NULL, 0);
		return ret;
	}
	ret = target_verify(c->target, &where, &what);
	if (ret && ret != -EILSEQ)
		return error_set(e, ret,
				 "can't read %s back to check it: %s; look at the kernel's log",
				 c->target->text, strerror(-ret));
	evidence_data(c->cell, c->target, PHASE_WITNESS, what, where);
	evidence_writes(c->cell, c->ops, witness.nwrites, target_count_newest(c->target));
	return 0;
}

static void keep_counts(struct cell *cell, const struct counting *counting,
			const struct repetition *repetition)
{
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		const char *why_not = counting->counters.why_not[i];

		free(cell->cpu_counters_why_not[i]);
		cell->cpu_counters_why_not[i] = memory_string(why_not);
		for (unsigned int p = 0; p < repetition->npasses; p++) {
			const struct counted *count = &counting->counts[p][i];
			uint64_t ios = repetition->pass[p].ios;
			uint64_t value = ios ? (count->value * 1000 + ios / 2) / ios : 0;

			cell->cpu_counters[p][i] = (struct quantity){
				!why_not && count->known && ios, value, value, value};
		}
	}
	cell->cpu_counters_user_only = counting->counters.user_only;
}

int repetition_counted(const struct repetition_context *c, struct error *e)
{
	struct counting counting = {.counters = {.user_only = false}};
	struct cell cell = {.clock_use = c->cell->clock_use,
			    .workload = c->cell->workload,
			    .placement = c->cell->placement};
	struct repetition_context counted = *c;
	struct repetition scratch = {0};
	int ret = 0;

	counted.cell = &cell;
	counted.counting = &counting;
	if (c->ops->traits & PATH_TOOL) {
		for (unsigned int i = 0; i < NCPU_COUNTERS; i++)
			counting.counters.why_not[i] = "another program's threads do the I/O";
	} else {
		if (cpu_counters_open(&counting.counters, cpu_events))
			ret = repetition_run(&counted, cell.workload.numjobs, &scratch, NULL, e);
		cpu_counters_close(&counting.counters);
	}
	if (!ret)
		keep_counts(c->cell, &counting, &scratch);
	free_passes(&scratch);
	cell_release(&cell);
	return ret;
}

/* By DMA, from and to the caller's pages: the CPU touches none of the bytes. */
static bool device_copies(const struct path_ops *ops, const struct target *t)
{
	return (ops->traits & PATH_USER_DRIVER) ||
	       ((ops->traits & PATH_NO_CACHE) && t->device.known && !t->device.memory);
}

int repetition_functions(const struct repetition_context *c, struct error *e)
{
	struct repetition scratch = {0};
	int ret;

	if (c->ops->traits & PATH_TOOL)
		return 0;
	ret = repetition_run(c, 1, &scratch, NULL, e);
	free_passes(&scratch);
	return ret;
}

int repetition_half_block(const struct repetition_context *c, uint64_t cost[PASSES_MAX],
			  struct error *e)
{
	struct repetition_context half = *c;
	struct repetition scratch = {0};
	struct cell cell = {.clock_use = c->cell->clock_use, .placement = c->cell->placement};
	int ret;

	cell.workload = c->cell->workload;
	cell.workload.bs /= 2;
	/* The same pages in the same order: half of each block, so that only the bytes are fewer.
	 */
	if (cell.workload.bs < PATTERN_SECTOR || cell.workload.access == ACCESS_TOUCH ||
	    /* What memory has to take back differs each time, by more than the bytes cost. */
	    cell.workload.cache == CACHE_PRESSED || device_copies(c->ops, c->target))
		return -EOPNOTSUPP;
	if (c->ops->probe) {
		struct unavailable why;

		if (c->ops->probe(&cell.workload, c->target, &why) != 0)
			return -EOPNOTSUPP;
	}
	half.cell = &cell;
	ret = repetition_run(&half, cell.workload.numjobs, &scratch, NULL, e);
	for (unsigned int p = 0; p < scratch.npasses && !ret; p++) {
		const struct pass_result *r = &scratch.pass[p];

		cost[p] = pass_thread_cost(&cell, r);
	}
	free_passes(&scratch);
	cell_release(&cell);
	return ret;
}
