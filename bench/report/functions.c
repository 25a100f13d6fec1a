// SPDX-License-Identifier: MIT
#include "report/functions.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "report/format.h"

/* Shares in tenths of a per cent, as the columns have room for them. */
static void print_line(FILE *out, uint64_t per_1000, uint64_t total, const char *name,
		       const char *where)
{
	char count[FORMAT_MAX];
	uint64_t share = total ? (per_1000 * 1000 + total / 2) / total : 0;

	format_exact(count, sizeof(count), (per_1000 + 500) / 1000);
	fprintf(out, "%10s %4" PRIu64 ".%" PRIu64 " %%  ", count, share / 10, share % 10);
	/* Names have no spaces, and the longest one of the kernel would not fit. */
	fprintf(out, "%-40.40s %.20s\n", name, where);
}

static void print_pass(FILE *out, const struct cell *cell, unsigned int p, size_t most)
{
	const struct function_counts *counts = &cell->functions[p];
	char sum[FORMAT_MAX], clock[FORMAT_MAX];
	uint64_t others = 0;
	size_t n = counts->count < most ? counts->count : most;

	fprintf(out, "\n%s%s%s%s%s: instructions per I/O by function, %" PRIu64 " I/Os\n",
		cell->workload.path, cell->row[0] ? " " : "", cell->row,
		cell->summary[p].kind == PASS_ALL ? "" : " ",
		cell->summary[p].kind == PASS_ALL ? "" : pass_kind_name(cell->summary[p].kind),
		counts->ios);
	fprintf(out, "  %s\n", cell->group);
	for (size_t i = 0; i < n; i++)
		print_line(out, counts->list[i].insn_per_1000_ios, counts->insn_per_1000_ios,
			   counts->list[i].name, counts->list[i].where);
	for (size_t i = n; i < counts->count; i++)
		others += counts->list[i].insn_per_1000_ios;
	if (n < counts->count) {
		char name[40];

		snprintf(name, sizeof(name), "%zu other functions", counts->count - n);
		print_line(out, others, counts->insn_per_1000_ios, name, "");
	}
	format_exact(sum, sizeof(sum), (counts->insn_per_1000_ios + 500) / 1000);
	format_exact(clock, sizeof(clock), (counts->clock_insn_per_1000_ios + 500) / 1000);
	fprintf(out, "%10s 100.0 %%  all; the clock says %s of the same I/Os\n", sum, clock);
}

void report_functions(FILE *out, const struct run *run, size_t most)
{
	for (size_t i = 0; i < run->ncells; i++) {
		for (unsigned int p = 0; p < PASSES_MAX; p++) {
			if (run->cells[i].functions[p].ios)
				print_pass(out, &run->cells[i], p, most);
		}
	}
}
