// SPDX-License-Identifier: MIT
#include "report/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"
#include "report/format.h"

/* A smaller difference than this is no finding, however exact the figures. */
#define PRACTICAL_PERCENT 1

/* Below this many repetitions two ranges that don't overlap say too little about time. */
#define REPETITIONS_MIN 6

enum separation {
	SEPARATE,
	WITHIN_TOLERANCE, /* the intervals don't overlap, but the difference is too small to count
			   */
	OVERLAPPING,
};

/*
 * What two paths must differ by: what `bypass compare` asks of two runs. A count repeats to the
 * digit within a boot, so that its interval alone would make a finding of each boot's own ways.
 */
static unsigned int tolerance_percent(enum run_clock clock, const struct row *a,
				      const struct row *b)
{
	unsigned int left, right;

	if (clock == RUN_CLOCK_NS)
		return PRACTICAL_PERCENT;
	left = compare_tolerance_percent(a->cell, a->pass->kind);
	right = compare_tolerance_percent(b->cell, b->pass->kind);
	return left > right ? left : right;
}

static enum separation compare(enum run_clock clock, const struct row *left,
			       const struct row *right)
{
	const struct quantity *a = row_metric(clock, left), *b = row_metric(clock, right);
	uint64_t low = a->median < b->median ? a->median : b->median;
	uint64_t high = a->median < b->median ? b->median : a->median;

	if (a->low <= b->high && b->low <= a->high)
		return OVERLAPPING;
	if ((high - low) * 100 < low * tolerance_percent(clock, left, right))
		return WITHIN_TOLERANCE;
	return SEPARATE;
}

/* @high against @low, which isn't 0, as "1.31", "3.0" or "23": how many times as many. */
static void times_text(uint64_t high, uint64_t low, char *out, size_t size)
{
	uint64_t hundredths = (high * 100 + low / 2) / low, tenths = (high * 10 + low / 2) / low;

	if (hundredths < 200)
		snprintf(out, size, "%u.%02u", (unsigned int)(hundredths / 100),
			 (unsigned int)(hundredths % 100));
	else if (tenths < 100)
		snprintf(out, size, "%u.%u", (unsigned int)(tenths / 10),
			 (unsigned int)(tenths % 10));
	else
		format_exact(out, size, (high + low / 2) / low);
}

static bool has_irq(const struct row *row)
{
	return row->pass->irq.known && row->pass->irq.median > 0;
}

static const char *verb(enum run_clock clock)
{
	return clock == RUN_CLOCK_NS ? "does" : "executes";
}

/* What the numbers count; interrupts are named where a row that is spoken of has any. */
static const char *unit_words(enum run_clock clock, const struct row *a, const struct row *b,
			      const struct row *c)
{
	if (clock == RUN_CLOCK_NS)
		return "I/Os per second";
	if (has_irq(a) || has_irq(b) || has_irq(c))
		return "instructions of work and interrupts per I/O";
	return "instructions of work per I/O";
}

/* Of the rows whose number is known, the last: they stand before those that know none. */
static size_t known_rows(enum run_clock clock, const struct group *group)
{
	size_t n = 0;

	while (n < group->nranked && row_metric(clock, &group->rows[n])->known)
		n++;
	return n;
}

/* Where in the sentence a path is compared with the best one. */
enum place {
	NEXT,
	LAST,      /* after another one */
	AFTER_TIE, /* of the best with another */
};

/*
 * What another path needs or does beside the best one, as how many times the smaller number. A path
 * that takes more: "; dax takes 1.31 times that (2,075)", then ", direct 3.0 times (4,814)". One
 * that does less: ", 1.14 times as many as uring (12,210)", then " and 1.18 times ...".
 */
static void append_comparison(enum run_clock clock, const struct row *best, const struct row *other,
			      enum place place, FILE *out)
{
	/* The two of a tie may be far apart where intervals are wide: the ratio is the first's. */
	static const char *const joins[] = {
		[NEXT] = ", ", [LAST] = " and ", [AFTER_TIE] = ", the first "};
	static const char *const that[] = {[NEXT] = " that", [LAST] = "", [AFTER_TIE] = " as many"};
	const char *join = place == LAST ? ", " : "; ", *takes = place == LAST ? "" : " takes";
	uint64_t a = row_metric(clock, best)->median, b = row_metric(clock, other)->median;
	char times[FORMAT_MAX] = "", number[FORMAT_MAX];
	uint64_t low = a < b ? a : b, high = a < b ? b : a;

	format_count(number, sizeof(number), b);
	if (low)
		times_text(high, low, times, sizeof(times));
	if (clock == RUN_CLOCK_NS && low)
		fprintf(out, "%s%s times as many as %s (%s)", joins[place], times, other->name,
			number);
	else if (clock == RUN_CLOCK_NS)
		fprintf(out, "%s%s does %s", join, other->name, number);
	else if (low)
		fprintf(out, "%s%s%s %s times%s (%s)", join, other->name, takes, times, that[place],
			number);
	else
		fprintf(out, "%s%s%s %s", join, other->name, takes, number);
}

static void write_tie(enum run_clock clock, enum separation separation, const struct row *first,
		      const struct row *second, const char *unit, FILE *out)
{
	uint64_t a = row_metric(clock, first)->median, b = row_metric(clock, second)->median;
	char left[FORMAT_MAX], right[FORMAT_MAX];

	format_count(left, sizeof(left), a);
	format_count(right, sizeof(right), b);
	if (separation == OVERLAPPING)
		fprintf(out, "%s and %s can't be told apart here: ", first->name, second->name);
	else
		fprintf(out, "%s and %s differ by less than %u%%: ", first->name, second->name,
			tolerance_percent(clock, first, second));
	if (a == b)
		fprintf(out, "%s %s each", left, unit);
	else
		fprintf(out, "%s and %s %s", left, right, unit);
}

static void write_finding(enum run_clock clock, const struct group *group, size_t n, FILE *out)
{
	const struct row *first = &group->rows[0], *second = &group->rows[n > 1];
	const struct row *last = &group->rows[n - 1];
	const struct quantity *best = row_metric(clock, first);
	bool last_differs = n > 2 && compare(clock, first, last) == SEPARATE;
	enum separation separation = compare(clock, first, second);
	const char *unit = unit_words(clock, first, second, last_differs ? last : first);
	char number[FORMAT_MAX];

	if (n > 1 && separation != SEPARATE) {
		write_tie(clock, separation, first, second, unit, out);
		if (last_differs)
			append_comparison(clock, first, last, AFTER_TIE, out);
		return;
	}
	format_count(number, sizeof(number), best->median);
	fprintf(out, "%s %s %s %s", first->name, verb(clock), number, unit);
	if (n > 1)
		append_comparison(clock, first, second, NEXT, out);
	if (last_differs)
		append_comparison(clock, first, last, LAST, out);
}

/* "; once mapped, an access takes 60 (mmap-shared again)" */
static void append_again(enum run_clock clock, const struct row *again, FILE *out)
{
	char number[FORMAT_MAX];

	format_count(number, sizeof(number), row_metric(clock, again)->median);
	fprintf(out, "; once mapped, an access %s %s (%s)",
		clock == RUN_CLOCK_NS ? "is done at" : "takes", number, again->name);
}

/*
 * The best second pass over a mapping, if it is what one expects of that: no fault, and
 * cheaper than @best. Where each write is made durable it may be neither.
 */
static const struct row *find_again(enum run_clock clock, const struct group *group,
				    const struct row *best)
{
	for (size_t i = group->nranked; i < group->nfigures; i++) {
		const struct row *again = &group->rows[i];
		const struct quantity *a = row_metric(clock, again), *b = row_metric(clock, best);

		if (again->cell->workload.iodepth == best->cell->workload.iodepth && a->known &&
		    row_stays_mapped(again) && compare(clock, again, best) == SEPARATE &&
		    (a->median < b->median) == (clock == RUN_CLOCK_INSTRUCTIONS))
			return again;
	}
	return NULL;
}

/*
 * An access to what is mapped already is said last, and the paths are compared by what brings the
 * block in. Where a suite puts depths side by side, paths are compared at the depth of the best:
 * more in flight is no other path.
 */
static void write_findings(enum run_clock clock, const struct group *group, size_t n, FILE *out)
{
	struct group one_depth = *group;
	const struct row *again;
	size_t kept = 0;

	one_depth.rows = calloc(n, sizeof(*one_depth.rows));
	if (!one_depth.rows)
		return;
	for (size_t i = 0; i < n; i++)
		if (group->rows[i].cell->workload.iodepth == group->rows[0].cell->workload.iodepth)
			one_depth.rows[kept++] = group->rows[i];
	write_finding(clock, &one_depth, kept, out);
	again = find_again(clock, group, &group->rows[0]);
	if (again)
		append_again(clock, again, out);
	free(one_depth.rows);
}

bool finding_sentence(enum run_clock clock, const struct group *group, char *out, size_t size)
{
	size_t n = known_rows(clock, group);
	FILE *stream;

	if (n == 0 && group->nrows > group->nfigures) {
		snprintf(out, size, "Emulated time: not a figure");
		return false;
	}
	if (n == 0) {
		snprintf(out, size, "Nothing was measured here");
		return false;
	}
	if (n > 1 && clock == RUN_CLOCK_NS && group_repetitions(group) < REPETITIONS_MIN) {
		snprintf(out, size, "%zu repetition%s too few to tell these paths apart",
			 group_repetitions(group), group_repetitions(group) == 1 ? " is" : "s are");
		return false;
	}
	out[0] = '\0';
	stream = fmemopen(out, size, "w");
	if (!stream)
		return false;
	write_findings(clock, group, n, stream);
	fclose(stream);
	out[size - 1] = '\0';
	return true;
}
