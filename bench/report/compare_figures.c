// SPDX-License-Identifier: MIT
/* From runs to the figures that are compared. */
#include "report/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/statistics.h"
#include "report/rows.h"

/*
 * Standard deviations that runs are assumed to differ by if their repetitions don't show more: on a
 * quiet machine, and where there are too few repetitions to show anything (docs/method.md).
 */
#define NOISE_LEAST       0.02
#define NOISE_BLIND       0.20
#define REPETITIONS_LEAST 6

/* Boots of one thing stay within their tolerance, which is taken for three standard deviations. */
#define DEVIATIONS_WITHIN 3

/* The values of one figure on one side. */
struct values {
	double *list;
	size_t n;
	double spread; /* sum over the runs */
};

static const struct cell *find_cell(const struct run *run, const char *id)
{
	for (size_t i = 0; i < run->ncells; i++)
		if (strcmp(run->cells[i].id, id) == 0)
			return &run->cells[i];
	return NULL;
}

static bool is_usable(const struct run *run, const struct cell *cell)
{
	return cell && cell->status == CELL_MEASURED && !cell_time_is_emulated(run, cell);
}

/* A ratio needs something to divide by: a figure of 0 counts as 1. */
static void add_value(struct values *values, double value)
{
	values->list = memory_append(values->list, values->n, sizeof(*values->list));
	values->list[values->n++] = fmax(value, 1);
}

static const struct quantity *figure_of(const struct pass_summary *summary,
					enum compare_metric metric)
{
	switch (metric) {
	case METRIC_IOPS:
		return &summary->iops;
	case METRIC_P50:
		return &summary->latency[P50];
	case METRIC_P99:
		return &summary->latency[P99];
	default:
		return &summary->rank;
	}
}

/* By the clock of nanoseconds a run is one value, however many repetitions it is made of. */
static void add_run(struct values *values, const struct cell *cell, const struct quantity *quantity)
{
	double low = fmax((double)quantity->low, 1), high = fmax((double)quantity->high, 1);

	if (!quantity->known)
		return;
	add_value(values, (double)quantity->median);
	values->spread +=
		cell->nrepetitions < REPETITIONS_LEAST ? NOISE_BLIND : log(high / low) / 2;
}

/* By the clock of instructions each boot is one: the median of its repetitions. */
static void add_boots(struct values *values, const struct run *run, const struct cell *cell,
		      unsigned int pass)
{
	uint64_t *ranked = memory_zeroed(cell->nrepetitions, sizeof(*ranked));
	uint64_t *of_boot = memory_zeroed(cell->nrepetitions, sizeof(*of_boot));
	unsigned int *boot = memory_zeroed(cell->nrepetitions, sizeof(*boot));
	unsigned int *boots = memory_zeroed(cell->nrepetitions, sizeof(*boots));
	size_t n = cell_ranked_values(run, cell, pass, ranked, boot);
	size_t nboots = cell_boots(cell, boots);

	for (size_t i = 0; i < nboots; i++) {
		size_t found = 0;

		for (size_t k = 0; k < n; k++)
			if (boot[k] == boots[i])
				of_boot[found++] = ranked[k];
		if (found)
			add_value(values, (double)statistics_median(of_boot, found));
	}
	free(ranked);
	free(of_boot);
	free(boot);
	free(boots);
}

static struct values collect(struct compare_side side, const struct compare_figure *figure)
{
	enum pass_kind kind = figure->cell->summary[figure->pass].kind;
	struct values values = {NULL, 0, 0};

	for (size_t i = 0; i < side.n; i++) {
		const struct run *run = side.runs[i];
		const struct cell *cell = find_cell(run, figure->cell->id);

		if (!is_usable(run, cell) || figure->pass >= cell->npasses ||
		    cell->summary[figure->pass].kind != kind)
			continue;
		if (figure->metric == METRIC_COST)
			add_boots(&values, run, cell, figure->pass);
		else
			add_run(&values, cell,
				figure_of(&cell->summary[figure->pass], figure->metric));
	}
	return values;
}

/* docs/method.md, "Comparing two runs", has this table and what it was seen in. */
unsigned int compare_tolerance_percent(const struct cell *cell, enum pass_kind kind)
{
	if (cell->clock_use == CLOCK_USE_MACHINE || kind == PASS_FIRST_TOUCH ||
	    cell->workload.durability == DURABILITY_DATA)
		return 3;
	return cell->cache && strcmp(cell->cache, "page cache") == 0 ? 2 : 1;
}

static double tolerance(const struct compare_figure *figure)
{
	const struct cell *cell = figure->cell;

	if (figure->metric != METRIC_COST)
		return 0;
	return compare_tolerance_percent(cell, cell->summary[figure->pass].kind) / 100.0;
}

/* Of boots. When an interrupt comes, there may be one completion or many: our driver feels that. */
static double noise_of_boots(const struct compare_figure *figure)
{
	const struct workload *w = &figure->cell->workload;

	if (figure->cell->clock_use == CLOCK_USE_MACHINE && w->iodepth > 1 &&
	    strncmp(w->path, "userdrv-", 8) == 0)
		return 0.05;
	return tolerance(figure) / DEVIATIONS_WITHIN;
}

static bool add_figure(struct comparison *c, const struct cell *cell, unsigned int pass,
		       enum compare_metric metric)
{
	struct compare_figure figure = {.cell = cell, .pass = pass, .metric = metric};
	struct values base = collect(c->base, &figure), new = collect(c->new, &figure);

	if (!base.n || !new.n) {
		free(base.list);
		free(new.list);
		return false;
	}
	figure.spread = (base.spread + new.spread) / (double)(base.n + new.n);
	figure.item = (struct compare_item){
		.base = base.list,
		.nbase = base.n,
		.new = new.list,
		.nnew = new.n,
		.tolerance = tolerance(&figure),
		.noise = noise_of_boots(&figure),
		.quantum = metric == METRIC_COST ? 1 : 0,
		.higher_is_better = metric == METRIC_IOPS,
	};
	c->figures = memory_append(c->figures, c->nfigures, sizeof(*c->figures));
	c->figures[c->nfigures++] = figure;
	return true;
}

static void add_missing(struct comparison *c, const struct cell *cell, const char *why)
{
	c->missing = memory_append(c->missing, c->nmissing, sizeof(*c->missing));
	c->missing[c->nmissing++] = (struct compare_missing){cell, why};
}

static const struct cell *usable_in(struct compare_side side, const char *id, bool *there)
{
	*there = false;
	for (size_t i = 0; i < side.n; i++) {
		const struct cell *cell = find_cell(side.runs[i], id);

		*there = *there || cell;
		if (is_usable(side.runs[i], cell))
			return cell;
	}
	return NULL;
}

static void add_cell(struct comparison *c, const struct cell *cell)
{
	enum compare_metric first = c->clock == RUN_CLOCK_NS ? METRIC_IOPS : METRIC_COST;
	enum compare_metric last = c->clock == RUN_CLOCK_NS ? METRIC_P99 : METRIC_COST;
	bool in_base, in_new, any = false;
	const struct cell *usable = usable_in(c->base, cell->id, &in_base);
	const struct cell *other = usable_in(c->new, cell->id, &in_new);

	if (usable && other) {
		for (unsigned int pass = 0; pass < usable->npasses; pass++)
			for (enum compare_metric m = first; m <= last; m++)
				any = add_figure(c, usable, pass, m) || any;
	}
	if (any)
		return;
	if (!in_new)
		add_missing(c, cell, "only in base");
	else if (!in_base)
		add_missing(c, cell, "only in new");
	else if (!usable && !other)
		add_missing(c, cell, "no figure in either");
	else
		add_missing(c, cell, usable ? "no figure in new" : "no figure in base");
}

/* Whether a run of @side before run @run, or another side before it, has this cell. */
static bool was_seen(const struct comparison *c, bool is_new, size_t run, const char *id)
{
	for (size_t i = 0; i < (is_new ? c->base.n : run); i++)
		if (find_cell(c->base.runs[i], id))
			return true;
	for (size_t i = 0; is_new && i < run; i++)
		if (find_cell(c->new.runs[i], id))
			return true;
	return false;
}

static void add_side(struct comparison *c, bool is_new)
{
	struct compare_side side = is_new ? c->new : c->base;

	for (size_t i = 0; i < side.n; i++)
		for (size_t k = 0; k < side.runs[i]->ncells; k++)
			if (!was_seen(c, is_new, i, side.runs[i]->cells[k].id))
				add_cell(c, &side.runs[i]->cells[k]);
}

/* Cells of one metric lend each other what their repetitions show of the noise. */
static void assume_noise(struct comparison *c, enum compare_metric metric)
{
	struct compare_item *items = memory_zeroed(c->nfigures, sizeof(*items));
	double *spread = memory_zeroed(c->nfigures, sizeof(*spread));
	size_t n = 0;

	for (size_t i = 0; i < c->nfigures; i++)
		if (c->figures[i].metric == metric)
			spread[n++] = c->figures[i].spread;
	compare_assume_noise(items, spread, n, NOISE_LEAST);
	n = 0;
	for (size_t i = 0; i < c->nfigures; i++)
		if (c->figures[i].metric == metric)
			c->figures[i].item.noise = items[n++].noise;
	free(items);
	free(spread);
}

static void judge(struct comparison *c)
{
	struct compare_item *items = memory_zeroed(c->nfigures, sizeof(*items));

	for (enum compare_metric m = METRIC_IOPS; m <= METRIC_P99; m++)
		assume_noise(c, m);
	for (size_t i = 0; i < c->nfigures; i++)
		items[i] = c->figures[i].item;
	compare_judge(items, c->nfigures, c->threshold);
	for (size_t i = 0; i < c->nfigures; i++)
		c->figures[i].item = items[i];
	free(items);
}

static int check_clocks(const struct comparison *c, struct error *e)
{
	for (size_t i = 0; i < c->base.n + c->new.n; i++) {
		const struct run *run =
			i < c->base.n ? c->base.runs[i] : c->new.runs[i - c->base.n];

		if (run->clock != c->clock)
			return error_set(
				e, -EINVAL,
				"run %s counts %s and run %s counts %s; compare runs by "
				"the same clock",
				c->base.runs[0]->id,
				c->clock == RUN_CLOCK_NS ? "nanoseconds" : "instructions", run->id,
				run->clock == RUN_CLOCK_NS ? "nanoseconds" : "instructions");
	}
	return 0;
}

int comparison_make(struct comparison *c, struct compare_side base, struct compare_side new,
		    double threshold, struct error *e)
{
	int ret;

	*c = (struct comparison){
		.clock = base.runs[0]->clock, .threshold = threshold, .base = base, .new = new};
	ret = check_clocks(c, e);
	if (ret)
		return ret;
	add_side(c, false);
	add_side(c, true);
	if (!c->nfigures) {
		comparison_free(c);
		return error_set(e, -EINVAL,
				 "the runs have no measured cell in common, so nothing can be "
				 "compared; give runs of the same suite");
	}
	judge(c);
	return 0;
}

void comparison_free(struct comparison *c)
{
	for (size_t i = 0; i < c->nfigures; i++) {
		free((void *)c->figures[i].item.base);
		free((void *)c->figures[i].item.new);
	}
	free(c->figures);
	free(c->missing);
	*c = (struct comparison){0};
}

size_t comparison_count(const struct comparison *c, enum compare_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nfigures; i++)
		n += c->figures[i].item.verdict == verdict;
	return n;
}

size_t comparison_runs_needed(const struct comparison *c, const struct compare_figure *figure)
{
	size_t units = figure->item.nbase / c->base.n;

	if (units < 2 || figure->item.needed > COMPARE_UNITS_MAX)
		return figure->item.needed;
	return (figure->item.needed + units - 1) / units;
}

const char *compare_metric_name(enum compare_metric metric)
{
	static const char *const names[NMETRICS] = {"IOPS", "p50", "p99", "work+irq"};

	return names[metric];
}

const char *compare_pass_word(const struct compare_figure *figure)
{
	switch (figure->cell->summary[figure->pass].kind) {
	case PASS_FIRST_TOUCH:
		return " first";
	case PASS_AGAIN:
		return " again";
	default:
		return "";
	}
}
