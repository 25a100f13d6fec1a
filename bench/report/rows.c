// SPDX-License-Identifier: MIT
#include "report/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/format.h"

/* Of a node from itself, as firmware tells distances. */
#define LOCAL_DISTANCE 10

const struct quantity *row_metric(enum run_clock clock, const struct row *row)
{
	return clock == RUN_CLOCK_INSTRUCTIONS ? &row->pass->rank : &row->pass->iops;
}

/*
 * Time that an emulator made up. The runner marks such cells; the accelerator is asked again
 * because a figure that isn't one is the one thing that a report must not print.
 */
bool cell_time_is_emulated(const struct run *run, const struct cell *cell)
{
	const char *accelerator;

	if (cell->clock_use == CLOCK_USE_FUNCTION)
		return true;
	accelerator = json_string_value(json_object_get(run->environment, "accelerator"));
	return run->clock == RUN_CLOCK_NS && accelerator && strncasecmp(accelerator, "tcg", 3) == 0;
}

static bool is_better(enum run_clock clock, const struct row *a, const struct row *b)
{
	const struct quantity *left = row_metric(clock, a), *right = row_metric(clock, b);

	if (!left->known || !right->known)
		return left->known && !right->known;
	if (clock == RUN_CLOCK_INSTRUCTIONS)
		return left->median < right->median;
	return left->median > right->median;
}

/*
 * Puts @row among rows @first to *@end - 1, best first. Insertion keeps equal rows in the order of
 * the suite, which qsort() would not.
 */
static void rank_row(enum run_clock clock, struct group *group, const struct row *row, size_t first,
		     size_t *end)
{
	size_t at = *end;

	memmove(&group->rows[at + 1], &group->rows[at],
		(group->nrows - at) * sizeof(group->rows[0]));
	while (at > first && is_better(clock, row, &group->rows[at - 1])) {
		group->rows[at] = group->rows[at - 1];
		at--;
	}
	group->rows[at] = *row;
	++*end;
	group->nrows++;
}

/* Appends " @word" to @name. */
static void add_word(char *name, const char *word)
{
	size_t used = strlen(name);

	snprintf(name + used, CELL_NAME_MAX - used, " %s", word);
}

static void add_size(char *name, uint64_t bytes)
{
	char text[32];

	if (bytes % (1 << 20) == 0)
		snprintf(text, sizeof(text), "%" PRIu64 "m", bytes >> 20);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "k", bytes >> 10);
	add_word(name, text);
}

/* "8/100us" */
static void add_aggregation(char *name, const struct workload *w)
{
	char threshold[32], time[32], text[72];

	workload_option_text(w, "aggregation_threshold", threshold, sizeof(threshold));
	workload_option_text(w, "aggregation_time", time, sizeof(time));
	snprintf(text, sizeof(text), "%s/%s", threshold, time);
	add_word(name, text);
}

void group_cell_name(const struct group *group, const struct cell *cell, char name[CELL_NAME_MAX])
{
	const struct workload *w = &cell->workload;
	bool target = false, size = false, populate = false, sync = false, huge = false;
	bool madvise = false, aggregation = false;

	snprintf(name, CELL_NAME_MAX, "%s", w->path);
	if (cell->row[0])
		add_word(name, cell->row);
	for (size_t i = 0; i < group->ncells; i++) {
		const struct workload *other = &group->cells[i]->workload;
		/* What the suite's rows= tells apart is told already. */
		bool same_row = strcmp(group->cells[i]->row, cell->row) == 0;

		if (strcmp(other->path, w->path) != 0)
			continue;
		target |= strcmp(other->target, w->target) != 0;
		size |= same_row && other->size != w->size;
		populate |= other->populate != w->populate;
		sync |= other->sync != w->sync;
		huge |= other->hugepage != w->hugepage;
		madvise |= other->madvise != w->madvise;
		aggregation |=
			same_row && (other->aggregation_threshold != w->aggregation_threshold ||
				     other->aggregation_ns != w->aggregation_ns);
	}
	if (target)
		add_word(name, strncmp(w->target, "testbed:", 8) == 0 ? w->target + 8 : w->target);
	if (size)
		add_size(name, w->size);
	if (populate && w->populate)
		add_word(name, "populate");
	if (sync && w->sync)
		add_word(name, "sync");
	if (huge && w->hugepage)
		add_word(name, "huge");
	if (madvise && w->madvise != MADVISE_NORMAL)
		add_word(name, madvise_name(w->madvise));
	if (aggregation)
		add_aggregation(name, w);
}

static void add_rows(const struct run *run, struct group *group, const struct cell *cell)
{
	for (unsigned int i = 0; i < cell->npasses; i++) {
		struct row row = {.cell = cell, .pass = &cell->summary[i]};

		group_cell_name(group, cell, row.name);
		if (row.pass->kind != PASS_ALL)
			add_word(row.name, row.pass->kind == PASS_AGAIN ? "again" : "first");
		if (cell_time_is_emulated(run, cell)) {
			group->rows[group->nrows++] = row;
		} else if (row.pass->kind == PASS_AGAIN) {
			rank_row(run->clock, group, &row, group->nranked, &group->nfigures);
		} else {
			rank_row(run->clock, group, &row, 0, &group->nranked);
			group->nfigures++;
		}
	}
}

/*
 * The name of a group tells durability apart already. It is compared again here so that no name
 * given by a user can put writes of different durability into one ranking.
 */
static struct group *find_group(struct group *groups, size_t n, const struct cell *cell)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(groups[i].name, cell->group) == 0 &&
		    groups[i].durability == cell->workload.durability)
			return &groups[i];
	return NULL;
}

int groups_make(const struct run *run, struct group **groups, size_t *ngroups)
{
	struct group *list = calloc(run->ncells + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < run->ncells; i++) {
		const struct cell *cell = &run->cells[i];
		struct group *group = find_group(list, n, cell);

		if (!group) {
			group = &list[n++];
			group->name = cell->group;
			group->durability = cell->workload.durability;
		}
		group->ncells++;
	}
	for (size_t i = 0; i < n; i++) {
		list[i].cells = calloc(list[i].ncells, sizeof(*list[i].cells));
		list[i].rows = calloc(list[i].ncells * PASSES_MAX, sizeof(*list[i].rows));
		list[i].ncells = 0;
		if (!list[i].cells || !list[i].rows) {
			groups_free(list, n);
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < run->ncells; i++) {
		struct group *group = find_group(list, n, &run->cells[i]);

		group->cells[group->ncells++] = &run->cells[i];
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < list[i].ncells; j++)
			if (list[i].cells[j]->status == CELL_MEASURED)
				add_rows(run, &list[i], list[i].cells[j]);
		/* Second passes alone are compared with each other. */
		if (list[i].nranked == 0)
			list[i].nranked = list[i].nfigures;
	}
	*groups = list;
	*ngroups = n;
	return 0;
}

void groups_free(struct group *groups, size_t ngroups)
{
	for (size_t i = 0; groups && i < ngroups; i++) {
		free(groups[i].rows);
		free(groups[i].cells);
	}
	free(groups);
}

static uint64_t known_median(const struct quantity *quantity)
{
	return quantity->known ? quantity->median : 0;
}

static bool has_faults(const struct pass_summary *pass)
{
	return known_median(&pass->faults_minor) + known_median(&pass->faults_major) > 0;
}

bool row_stays_mapped(const struct row *row)
{
	return !has_faults(row->pass) && known_median(&row->pass->syscalls) == 0;
}

const char *group_again_heading(const struct group *group)
{
	for (size_t i = group->nranked; i < group->nfigures; i++)
		if (!row_stays_mapped(&group->rows[i]))
			return "the same accesses again, not ranked";
	return "once mapped, not ranked";
}

size_t group_repetitions(const struct group *group)
{
	size_t fewest = group->nfigures ? group->rows[0].cell->nrepetitions : 0;

	for (size_t i = 1; i < group->nfigures; i++)
		if (group->rows[i].cell->nrepetitions < fewest)
			fewest = group->rows[i].cell->nrepetitions;
	return fewest;
}

const struct evidence *cell_refuted_claim(const struct cell *cell)
{
	for (size_t i = 0; i < cell->nevidence; i++)
		if (cell->evidence[i].verdict == VERDICT_REFUTED)
			return &cell->evidence[i];
	return NULL;
}

const char *cell_state_word(const struct cell *cell)
{
	switch (cell->status) {
	case CELL_REFUTED:
		return "REFUTED";
	case CELL_UNAVAILABLE:
		return "UNAVAIL";
	case CELL_FAILED:
		return "FAILED";
	default:
		return "NOT RUN";
	}
}

char *cell_why(const struct cell *cell)
{
	const struct evidence *refuted = cell_refuted_claim(cell);
	char *text = NULL;
	int length;
	const char *join = cell->remedy ? "; " : "";
	const char *remedy = cell->remedy ? cell->remedy : "";

	if (cell->status == CELL_REFUTED && refuted)
		length = asprintf(&text, "%s: observed %s, expected %s%s%s", refuted->claim,
				  refuted->observed ? refuted->observed : "-",
				  refuted->expected ? refuted->expected : "-", join, remedy);
	else if (cell->reason)
		length = asprintf(&text, "%s%s%s", cell->reason, join, remedy);
	else if (cell->status == CELL_PLANNED)
		length = asprintf(&text, "the run ended before its turn");
	else
		length = asprintf(&text, "no reason recorded%s%s", join, remedy);
	return length < 0 ? NULL : text;
}

char *cell_unsteady(const struct cell *cell)
{
	const struct steady_state *steady = &cell->steady_state;
	char range[FORMAT_MAX], slope[FORMAT_MAX], *text = NULL;

	if (cell->status != CELL_MEASURED || steady->verdict != STEADY_NOT_REACHED)
		return NULL;
	format_spread(range, sizeof(range), steady->range_ppm);
	format_spread(slope, sizeof(slope), steady->slope_ppm);
	if (asprintf(&text,
		     "not steady: within five repetitions the I/Os per second range over %s (at "
		     "most 20%% is steady) and drift by %s (10%%); do: --precondition=2, or more "
		     "--runs",
		     range, slope) < 0)
		return NULL;
	return text;
}

char *cell_refaults(const struct cell *cell)
{
	const struct pass_summary *again = NULL;

	for (unsigned int i = 0; i < cell->npasses; i++)
		if (cell->summary[i].kind == PASS_AGAIN)
			again = &cell->summary[i];
	if (cell->status != CELL_MEASURED || cell->workload.durability != DURABILITY_DATA ||
	    !again || !has_faults(again) || known_median(&again->syscalls) == 0)
		return NULL;
	return strdup("faults in its second pass too: each msync write-protects the page, so the "
		      "next store to it faults again");
}

static void append_node(char *text, size_t size, const char *what, int node)
{
	size_t n = strlen(text);

	if (node >= 0)
		snprintf(text + n, size - n, "%s%s on node %d", n ? ", " : "", what, node);
}

char *cell_placement(const struct cell *cell)
{
	const struct placement *p = &cell->placement;
	char nodes[128] = "", distance[48], *text;

	if (!p->asked)
		return NULL;
	append_node(nodes, sizeof(nodes), "threads", p->cpu_node);
	append_node(nodes, sizeof(nodes), "buffers", p->memory_node);
	append_node(nodes, sizeof(nodes), "device", p->device_node);
	snprintf(distance, sizeof(distance), "remote (distance %u)", p->distance);
	if (p->distance <= LOCAL_DISTANCE)
		snprintf(distance, sizeof(distance), "%s",
			 p->distance ? "local" : "distance not known");
	if (asprintf(&text, "%s: %s", nodes, distance) < 0)
		return NULL;
	return text;
}

size_t cell_claims_held(const struct cell *cell)
{
	size_t held = 0;

	for (size_t i = 0; i < cell->nevidence; i++)
		held += cell->evidence[i].verdict == VERDICT_HELD;
	return held;
}
