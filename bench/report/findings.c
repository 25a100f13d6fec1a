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

/* @a against @b: "1/23 of", "32% of", "4% fewer than", "3.1 times as many as", "4% more than". */
static void ratio_words(uint64_t a, uint64_t b, char *out, size_t size)
{
	bool fewer = a < b;
	uint64_t low = fewer ? a : b, high = fewer ? b : a;
	/* "Fewer" is a share of the larger number, "more" one of the smaller. */
	uint64_t base = fewer ? high : low;
	char number[FORMAT_MAX];

	if (low == 0 || high * 10 < low * 15) {
		snprintf(out, size, "%u%% %s than",
			 base ? (unsigned int)(((high - low) * 100 + base / 2) / base) : 0,
			 fewer ? "fewer" : "more");
		return;
	}
	if (fewer && high / low < 10) {
		snprintf(out, size, "%u%% of", (unsigned int)((low * 100 + high / 2) / high));
		return;
	}
	if (high / low >= 10)
		format_exact(number, sizeof(number), (high + low / 2) / low);
	else
		snprintf(number, sizeof(number), "%u.%u",
			 (unsigned int)((high * 10 + low / 2) / low / 10),
			 (unsigned int)((high * 10 + low / 2) / low % 10));
	if (fewer)
		snprintf(out, size, "1/%s of", number);
	else
		snprintf(out, size, "%s times as many as", number);
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

/* ", 1/23 of direct (10,497)" */
static void append_comparison(enum run_clock clock, const struct row *row, const struct row *other,
			      const char *join, FILE *out)
{
	uint64_t median = row_metric(clock, other)->median;
	char ratio[FORMAT_MAX * 2], number[FORMAT_MAX];

	ratio_words(row_metric(clock, row)->median, median, ratio, sizeof(ratio));
	format_count(number, sizeof(number), median);
	fprintf(out, "%s%s %s (%s)", join, ratio, other->name, number);
}

/* After a tie: "; direct executes 4.5 times as many (5,278)", "; direct does 32% of that (210)" */
static void append_last(enum run_clock clock, const struct row *best, const struct row *last,
			FILE *out)
{
	uint64_t median = row_metric(clock, last)->median;
	char ratio[FORMAT_MAX * 2], number[FORMAT_MAX];
	char *preposition;

	ratio_words(median, row_metric(clock, best)->median, ratio, sizeof(ratio));
	format_count(number, sizeof(number), median);
	preposition = strrchr(ratio, ' ');
	if (strcmp(preposition, " of") != 0)
		*preposition = '\0';
	fprintf(out, "; %s %s %s%s (%s)", last->name, verb(clock), ratio,
		*preposition ? " that" : "", number);
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
			append_last(clock, first, last, out);
		return;
	}
	format_count(number, sizeof(number), best->median);
	fprintf(out, "%s %s %s %s", first->name, verb(clock), number, unit);
	if (n > 1)
		append_comparison(clock, first, second, ", ", out);
	if (last_differs)
		append_comparison(clock, first, last, " and ", out);
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
 * An access to what is mapped already is no I/O any more, and next to it all I/O is slow: it is
 * said last, and the paths are compared by what brings the block in. Where a suite puts depths side
 * by side, paths are compared at the depth of the best: more in flight is no other path.
 */
static void write_findings(enum run_clock clock, const struct group *group, size_t n, FILE *out)
{
	struct group fetching = *group;
	const struct row *again = NULL;
	size_t kept = 0;

	fetching.rows = calloc(n, sizeof(*fetching.rows));
	if (!fetching.rows)
		return;
	for (size_t i = 0; i < n; i++) {
		if (group->rows[i].cell->workload.iodepth != group->rows[0].cell->workload.iodepth)
			continue;
		if (group->rows[i].pass->kind != PASS_AGAIN)
			fetching.rows[kept++] = group->rows[i];
		else if (!again)
			again = &group->rows[i];
	}
	if (kept)
		write_finding(clock, &fetching, kept, out);
	else
		write_finding(clock, group, n, out);
	if (kept && again)
		append_again(clock, again, out);
	free(fetching.rows);
}

bool finding_sentence(enum run_clock clock, const struct group *group, char *out, size_t size)
{
	size_t n = known_rows(clock, group);
	FILE *stream;

	if (n == 0 && group->nrows > group->nranked) {
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
