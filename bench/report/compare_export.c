// SPDX-License-Identifier: MIT
/* The verdicts for programs. Shares are parts per million, as in run.json. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/memory.h"
#include "core/statistics.h"
#include "report/compare.h"

static int64_t ppm(double share)
{
	return share < 1e12 ? (int64_t)(share * 1e6 + 0.5) : INT64_MAX / 2;
}

static int64_t whole(double value)
{
	return value < 9e18 ? (int64_t)(value + 0.5) : INT64_MAX;
}

static void text(FILE *out, const char *value)
{
	fputc('"', out);
	for (; *value; value++) {
		if (*value == '"')
			fputc('"', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

int report_compare_csv(FILE *out, const struct comparison *c)
{
	fputs("cell_id,pass,metric,base,new,base_units,new_units,ratio_ppm,ratio_low_ppm,"
	      "ratio_high_ppm,p_ppm,p_holm_ppm,method,verdict,runs_needed\n",
	      out);
	for (size_t i = 0; i < c->nfigures; i++) {
		const struct compare_figure *figure = &c->figures[i];
		const struct compare_item *item = &figure->item;

		text(out, figure->cell->id);
		fprintf(out, ",%s,%s,%" PRId64 ",%" PRId64 ",%zu,%zu",
			pass_kind_name(figure->cell->summary[figure->pass].kind),
			compare_metric_name(figure->metric),
			whole(statistics_middle(item->base, item->nbase)),
			whole(statistics_middle(item->new, item->nnew)), item->nbase, item->nnew);
		fprintf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%s,%s,",
			ppm(item->ratio), ppm(item->low), ppm(item->high), ppm(item->p),
			ppm(item->p_holm), compare_method_name(item->method),
			compare_verdict_name(item->verdict));
		if (item->verdict == COMPARE_UNDECIDED)
			fprintf(out, "%zu", comparison_runs_needed(c, figure));
		fputc('\n', out);
	}
	for (size_t i = 0; i < c->nmissing; i++) {
		text(out, c->missing[i].cell->id);
		fprintf(out, ",,,,,,,,,,,,,%s,\n", c->missing[i].why);
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

static json_t *need(json_t *json)
{
	if (!json)
		memory_exhausted();
	return json;
}

static json_t *figure_to_json(const struct comparison *c, const struct compare_figure *figure)
{
	const struct compare_item *item = &figure->item;
	json_t *json = need(json_pack(
		"{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:s}", "cell_id",
		figure->cell->id, "pass", pass_kind_name(figure->cell->summary[figure->pass].kind),
		"metric", compare_metric_name(figure->metric), "base",
		whole(statistics_middle(item->base, item->nbase)), "new",
		whole(statistics_middle(item->new, item->nnew)), "base_units",
		(json_int_t)item->nbase, "new_units", (json_int_t)item->nnew, "ratio_ppm",
		ppm(item->ratio), "ratio_low_ppm", ppm(item->low), "ratio_high_ppm",
		ppm(item->high), "p_ppm", ppm(item->p), "p_holm_ppm", ppm(item->p_holm), "method",
		compare_method_name(item->method), "verdict", compare_verdict_name(item->verdict)));

	if (item->verdict == COMPARE_UNDECIDED)
		json_object_set_new(json, "runs_needed",
				    json_integer((json_int_t)comparison_runs_needed(c, figure)));
	return json;
}

static json_t *run_ids(struct compare_side side)
{
	json_t *list = need(json_array());

	for (size_t i = 0; i < side.n; i++)
		json_array_append_new(list, json_string(side.runs[i]->id));
	return list;
}

json_t *report_compare_json(const struct comparison *c)
{
	json_t *figures = need(json_array()), *missing = need(json_array());

	for (size_t i = 0; i < c->nfigures; i++)
		json_array_append_new(figures, figure_to_json(c, &c->figures[i]));
	for (size_t i = 0; i < c->nmissing; i++)
		json_array_append_new(missing,
				      json_pack("{s:s,s:s}", "cell_id", c->missing[i].cell->id,
						"reason", c->missing[i].why));
	return need(json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o}", "clock",
			      c->clock == RUN_CLOCK_NS ? "ns" : "instructions", "threshold_ppm",
			      ppm(c->threshold), "base", run_ids(c->base), "new", run_ids(c->new),
			      "environment", compare_environments(c->base, c->new), "figures",
			      figures, "not_compared", missing));
}
