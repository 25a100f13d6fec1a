// SPDX-License-Identifier: MIT
#include "report/markdown.h"

#include <inttypes.h>

#include "report/format.h"
#include "report/functions.h"

static void write_line(FILE *out, const char *name, const char *where, uint64_t per_1000,
		       uint64_t total)
{
	uint64_t share = total ? (per_1000 * 1000 + total / 2) / total : 0;
	char count[FORMAT_MAX];

	fputs("| ", out);
	markdown_text(out, name);
	format_exact(count, sizeof(count), (per_1000 + 500) / 1000);
	fprintf(out, " | %s | %" PRIu64 ".%" PRIu64 " %% | ", count, share / 10, share % 10);
	markdown_text(out, where);
	fputs(" |\n", out);
}

static void write_pass(FILE *out, const struct cell *cell, unsigned int pass)
{
	const struct function_counts *counts = &cell->functions[pass];
	size_t n = counts->count < FUNCTIONS_SHOWN ? counts->count : FUNCTIONS_SHOWN;
	uint64_t others = 0;
	char name[40];

	fputs("\n### ", out);
	markdown_text(out, cell->workload.path);
	if (cell->row[0]) {
		fputc(' ', out);
		markdown_text(out, cell->row);
	}
	if (cell->summary[pass].kind != PASS_ALL)
		fprintf(out, " %s", pass_kind_name(cell->summary[pass].kind));
	fputs(": instructions per I/O by function\n\n", out);
	markdown_text(out, cell->group);
	fprintf(out,
		"; %" PRIu64 " I/Os.\n\n| function | insn/IO | share | in |\n| --- | ---: | ---: "
		"| --- |\n",
		counts->ios);
	for (size_t i = 0; i < n; i++)
		write_line(out, counts->list[i].name, counts->list[i].where,
			   counts->list[i].insn_per_1000_ios, counts->insn_per_1000_ios);
	for (size_t i = n; i < counts->count; i++)
		others += counts->list[i].insn_per_1000_ios;
	snprintf(name, sizeof(name), "%zu other functions", counts->count - n);
	if (n < counts->count)
		write_line(out, name, NULL, others, counts->insn_per_1000_ios);
	write_line(out, "all", NULL, counts->insn_per_1000_ios, counts->insn_per_1000_ios);
}

void markdown_functions(FILE *out, const struct run *run)
{
	for (size_t i = 0; i < run->ncells; i++) {
		for (unsigned int pass = 0; pass < PASSES_MAX; pass++) {
			if (run->cells[i].functions[pass].ios)
				write_pass(out, &run->cells[i], pass);
		}
	}
}
