// SPDX-License-Identifier: MIT
#include "report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/rows.h"

static void csv_text(FILE *out, const char *text)
{
	fputc(',', out);
	if (!text)
		return;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void csv_number(FILE *out, bool known, uint64_t value)
{
	fputc(',', out);
	if (known)
		fprintf(out, "%" PRIu64, value);
}

static void csv_quantity(FILE *out, const struct quantity *quantity)
{
	csv_number(out, quantity->known, quantity->median);
	csv_number(out, quantity->known, quantity->low);
	csv_number(out, quantity->known, quantity->high);
}

/* The quantities of a pass, in the order of the columns. %s is the clock's unit. */
static const struct {
	const char *name;
	size_t offset;
} quantities[] = {
#define QUANTITY(name, member)                                                                     \
	{                                                                                          \
		name, offsetof(struct pass_summary, member)                                        \
	}
	QUANTITY("iops", iops),
	QUANTITY("throughput_bytes_per_s", bytes_per_s),
	QUANTITY("latency_p50_%s", latency[P50]),
	QUANTITY("latency_p90_%s", latency[P90]),
	QUANTITY("latency_p99_%s", latency[P99]),
	QUANTITY("latency_p99_9_%s", latency[P99_9]),
	QUANTITY("latency_p99_99_%s", latency[P99_99]),
	QUANTITY("latency_max_%s", latency[PMAX]),
	QUANTITY("rank_insn_per_io", rank),
	QUANTITY("work_insn_per_io", work),
	QUANTITY("irq_insn_per_io", irq),
	QUANTITY("wait_insn_per_io", wait),
	QUANTITY("copy_insn_per_io", copy),
	QUANTITY("fault_%s_per_fault", fault),
	QUANTITY("cpu_%s_per_io", cpu),
	QUANTITY("faults_minor_per_1000_ios", faults_minor),
	QUANTITY("faults_major_per_1000_ios", faults_major),
	QUANTITY("interrupts_per_1000_ios", interrupts),
	QUANTITY("context_switches_per_1000_ios", context_switches),
	QUANTITY("syscalls_per_1000_ios", syscalls),
	QUANTITY("pmd_faults_per_1000_ios", pmd_faults),
	QUANTITY("device_bytes_per_1000_ios", device_bytes),
	QUANTITY("flushes_per_1000_ios", flushes),
	QUANTITY("doorbells_per_1000_ios", doorbells),
	QUANTITY("sleeps_per_1000_ios", sleeps),
	QUANTITY("polls_per_1000_ios", empty_looks),
	QUANTITY("cycles_per_1000_ios", cpu_counters[CPU_CYCLES]),
	QUANTITY("instructions_per_1000_ios", cpu_counters[CPU_INSTRUCTIONS]),
	QUANTITY("cache_misses_per_1000_ios", cpu_counters[CPU_CACHE_MISSES]),
	QUANTITY("dtlb_misses_per_1000_ios", cpu_counters[CPU_DTLB_MISSES]),
	QUANTITY("tlb_shootdowns_per_1000_ios", machine_counters[MACHINE_TLB_SHOOTDOWNS]),
	QUANTITY("reclaimed_pages_per_1000_ios", machine_counters[MACHINE_RECLAIMED_PAGES]),
	QUANTITY("machine_context_switches_per_1000_ios",
		 machine_counters[MACHINE_CONTEXT_SWITCHES]),
	QUANTITY("machine_interrupts_per_1000_ios", machine_counters[MACHINE_INTERRUPTS]),
#undef QUANTITY
};
#define NQUANTITIES (sizeof(quantities) / sizeof(quantities[0]))

/* Fills the one place for the unit that a column's name may have. */
static void csv_heading(FILE *out, const char *name, const char *unit, const char *suffix)
{
	const char *place = strstr(name, "%s");

	fputc(',', out);
	if (place)
		fprintf(out, "%.*s%s%s%s", (int)(place - name), name, unit, place + 2, suffix);
	else
		fprintf(out, "%s%s", name, suffix);
}

static void csv_header(FILE *out, const struct run *run)
{
	const char *unit = run->clock == RUN_CLOCK_INSTRUCTIONS ? "insn" : "ns";

	fputs("run_id,cell_id,group,row,path,target,rw,bs_bytes,size_bytes,numjobs,iodepth,"
	      "iodepth_batch_submit,iodepth_batch_complete_min,aggregation_threshold,"
	      "aggregation_time_ns,cache,access,durability,clock,status,pass,repetitions",
	      out);
	for (size_t i = 0; i < NQUANTITIES; i++) {
		csv_heading(out, quantities[i].name, unit, "");
		csv_heading(out, quantities[i].name, unit, "_low");
		csv_heading(out, quantities[i].name, unit, "_high");
	}
	fputs(",spread_ppm,outliers,claims,claims_held,claims_refuted,reason,remedy\n", out);
}

static void csv_cell(FILE *out, const struct run *run, const struct cell *cell)
{
	static const char *const status[] = {
		[CELL_PLANNED] = "planned", [CELL_MEASURED] = "measured",
		[CELL_REFUTED] = "refuted", [CELL_UNAVAILABLE] = "unavailable",
		[CELL_FAILED] = "failed",
	};
	const struct workload *w = &cell->workload;

	/* The first field has no comma before it; a run's id is a folder's name of ours. */
	fputs(run->id, out);
	csv_text(out, cell->id);
	csv_text(out, cell->group);
	csv_text(out, cell->row);
	csv_text(out, w->path);
	csv_text(out, w->target);
	csv_text(out, rw_name(w->rw));
	csv_number(out, true, w->bs);
	csv_number(out, true, w->size);
	csv_number(out, true, w->numjobs);
	csv_number(out, true, w->iodepth);
	csv_number(out, true, w->iodepth_batch_submit);
	csv_number(out, true, w->iodepth_batch_complete_min);
	csv_number(out, true, w->aggregation_threshold);
	csv_number(out, true, w->aggregation_ns);
	csv_text(out, cache_name(w->cache));
	csv_text(out, access_name(w->access));
	csv_text(out, durability_name(w->durability));
	/* A number made of emulated time must not pass for nanoseconds in a spreadsheet. */
	csv_text(out, cell_time_is_emulated(run, cell)       ? "emulated"
		      : run->clock == RUN_CLOCK_INSTRUCTIONS ? "instructions"
							     : "ns");
	csv_text(out, status[cell->status]);
}

static void csv_line(FILE *out, const struct run *run, const struct cell *cell,
		     const struct pass_summary *pass)
{
	static const struct pass_summary nothing;
	size_t refuted = 0;

	csv_cell(out, run, cell);
	csv_text(out, pass ? pass_kind_name(pass->kind) : NULL);
	csv_number(out, true, cell->nrepetitions);
	for (size_t i = 0; i < NQUANTITIES; i++)
		csv_quantity(out, (const struct quantity *)((const char *)(pass ? pass : &nothing) +
							    quantities[i].offset));
	csv_number(out, pass, pass ? pass->spread_ppm : 0);
	csv_number(out, pass, pass ? pass->outliers : 0);
	for (size_t i = 0; i < cell->nevidence; i++)
		refuted += cell->evidence[i].verdict == VERDICT_REFUTED;
	csv_number(out, true, cell->nevidence);
	csv_number(out, true, cell_claims_held(cell));
	csv_number(out, true, refuted);
	csv_text(out, cell->reason);
	csv_text(out, cell->remedy);
	fputc('\n', out);
}

int report_csv(FILE *out, const struct run *run)
{
	csv_header(out, run);
	for (size_t i = 0; i < run->ncells; i++) {
		const struct cell *cell = &run->cells[i];

		for (unsigned int pass = 0; pass < cell->npasses; pass++)
			csv_line(out, run, cell, &cell->summary[pass]);
		/* A cell without numbers has a line too: what is missing is part of the answer. */
		if (cell->npasses == 0)
			csv_line(out, run, cell, NULL);
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
