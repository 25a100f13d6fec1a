// SPDX-License-Identifier: MIT
/*
 * One card for each cell of a group: its numbers, where its instructions go, what the kernel calls
 * for it, and the proof that the path was taken.
 */
#include "report/html_parts.h"

#include <stdlib.h>
#include <string.h>

#include "report/call_graph.h"
#include "report/colour.h"
#include "report/columns.h"

static void write_claim(FILE *out, const struct evidence *evidence)
{
	static const char *const verdicts[] = {[VERDICT_HELD] = "HELD",
					       [VERDICT_REFUTED] = "REFUTED",
					       [VERDICT_UNOBSERVED] = "UNOBSERVED"};
	const char *verdict = verdicts[evidence->verdict];

	fputs("<tr><td>", out);
	html_text(out, evidence->claim);
	fputs("</td><td>", out);
	html_text(out, evidence->expected);
	fputs("</td><td>", out);
	html_text(out, evidence->observed);
	fputs("</td><td>", out);
	html_text(out, evidence->source);
	fprintf(out, "</td><td class=\"state %s\">%s</td><td>%s</td></tr>\n", verdict, verdict,
		evidence->phase == PHASE_TIMED ? "timed" : "witness");
}

static void write_evidence(FILE *out, const struct cell *cell)
{
	if (cell->nevidence == 0)
		return;
	fputs("<h4>Proof that this path was taken</h4>\n<div class=\"scroll\" tabindex=\"0\" "
	      "role=\"group\" aria-label=\"Evidence\"><table class=\"evidence\"><thead><tr>"
	      "<th>claim</th><th>expected</th><th>observed</th><th>source</th><th>verdict</th>"
	      "<th>phase</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < cell->nevidence; i++)
		write_claim(out, &cell->evidence[i]);
	fputs("</tbody></table></div>\n", out);
}

static void write_fact(FILE *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	fprintf(out, "<div><dt>%s</dt><dd>", name);
	html_text(out, value);
	fputs("</dd></div>\n", out);
}

static void write_facts(FILE *out, const struct cell *cell)
{
	fputs("<dl class=\"figures\">\n", out);
	write_fact(out, "target", cell->workload.target);
	write_fact(out, "interface", cell->api);
	write_fact(out, "page cache",
		   cell->cache && strcmp(cell->cache, "page cache") == 0 ? "used" : cell->cache);
	write_fact(out, "completion", cell->completion);
	fputs("</dl>\n", out);
}

static void write_numbers(FILE *out, enum run_clock clock, const struct group *group,
			  const struct row *row)
{
	const struct table_units units = columns_units(group);
	char heading[FORMAT_MAX], text[FORMAT_MAX];
	size_t n;
	const struct column *columns = columns_for(clock, &n);

	if (row->pass->kind != PASS_ALL) {
		fputs("<h4>", out);
		html_text(out, row->name);
		fputs("</h4>\n", out);
	}
	fputs("<dl class=\"figures\">\n", out);
	for (size_t i = 0; i < n; i++) {
		if (!column_shown(&columns[i], group, true))
			continue;
		column_text(&columns[i], row, &units, text, sizeof(text));
		if (strcmp(text, "-") == 0)
			continue;
		column_heading(&columns[i], &units, heading, sizeof(heading));
		fprintf(out, "<div><dt>%s%s%s%s</dt><dd>", heading,
			columns[i].form == COLUMN_LATENCY ? " (" : "",
			columns[i].form == COLUMN_LATENCY ? units.latency->name : "",
			columns[i].form == COLUMN_LATENCY ? ")" : "");
		html_text(out, text);
		fputs("</dd></div>\n", out);
	}
	fputs("</dl>\n", out);
}

static void write_graph(FILE *out, const struct run *run, const struct cell *cell)
{
	char name[CALL_GRAPH_NAME_MAX], *graph = NULL;

	if (call_graph_name(run, cell, name))
		graph = call_graph_read(name);
	if (!graph)
		return;
	fputs("<h4>What the kernel calls</h4>\n<p class=\"note\">Recorded for one operation of 4 "
	      "KiB (docs/call-graphs/",
	      out);
	html_text(out, name);
	fputs(".txt); locks, RCU, accounting and interrupts are left out.</p>\n<pre "
	      "class=\"scroll\" "
	      "tabindex=\"0\" role=\"group\" aria-label=\"Call graph\">",
	      out);
	html_lines(out, graph);
	fputs("</pre>\n", out);
	free(graph);
}

static void write_summary(FILE *out, const struct group *group, const struct cell *cell)
{
	char name[CELL_NAME_MAX];

	group_cell_name(group, cell, name);
	fprintf(out, "<summary><span class=\"swatch\" style=\"background:%s\"></span><strong>",
		colour_of_path(cell->workload.path));
	html_text(out, name);
	fputs("</strong>", out);
	if (cell->nevidence)
		fprintf(out, ": %zu of %zu claims held", cell_claims_held(cell), cell->nevidence);
	if (cell->status != CELL_MEASURED)
		fprintf(out, "<span class=\"state %s\">%s</span>",
			cell->status == CELL_PLANNED ? "NOTRUN" : cell_state_word(cell),
			cell_state_word(cell));
	fputs("</summary>\n", out);
}

static void write_card(FILE *out, const struct run *run, const struct group *group,
		       const struct cell *cell)
{
	if (cell->status != CELL_MEASURED) {
		char *why = cell_why(cell);

		fputs("<p>", out);
		html_text(out, why);
		fputs("</p>\n", out);
		free(why);
	}
	write_facts(out, cell);
	for (size_t i = 0; i < group->nrows; i++)
		if (group->rows[i].cell == cell)
			write_numbers(out, run->clock, group, &group->rows[i]);
	for (size_t i = 0; i < group->nrows; i++)
		if (group->rows[i].cell == cell)
			html_functions(out, cell,
				       (unsigned int)(group->rows[i].pass - cell->summary),
				       group->rows[i].name);
	write_graph(out, run, cell);
	write_evidence(out, cell);
}

void html_cells(FILE *out, const struct run *run, const struct group *group, size_t index)
{
	fputs("<h3>Each path: numbers, calls and proof</h3>\n", out);
	for (size_t i = 0; i < group->ncells; i++) {
		fputs("<details class=\"cell\">", out);
		write_summary(out, group, group->cells[i]);
		/* The id is inside: a browser opens what a link into it points to. */
		fprintf(out, "<div id=\"g%zu-cell-%zu\">\n", index + 1, i + 1);
		write_card(out, run, group, group->cells[i]);
		fputs("</div></details>\n", out);
	}
}

void html_cell_link(FILE *out, const struct group *group, size_t index, const struct cell *cell,
		    const char *name)
{
	for (size_t i = 0; i < group->ncells; i++)
		if (group->cells[i] == cell)
			fprintf(out, "<a href=\"#g%zu-cell-%zu\">", index + 1, i + 1);
	html_text(out, name);
	fputs("</a>", out);
}
