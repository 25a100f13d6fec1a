// SPDX-License-Identifier: MIT
/*
 * Verdicts on runs that were really made: the same suite again and again, recorded once
 * (data/same-runs-*.txt). Whatever is found between them is a false alarm; a cell of which one side
 * is made 5 % slower must be found, or the answer must be "undecided".
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_chance.h"
#include "tests/fixture_record.h"

#define BOOTS          3
#define NOTHING_SLOWED RECORD_FIGURES_MAX

/* The verdicts of one comparison; figure @slowed, if there is one, costs NEW @factor times as much.
 */
struct outcome {
	size_t differences;          /* FASTER or SLOWER, without the slowed figure */
	size_t undecided, same;      /* the same */
	enum compare_verdict slowed; /* its verdict */
	size_t needed;
};

static struct outcome judge(const struct record *r, const struct sides *s, bool ns, size_t slowed,
			    double factor)
{
	enum compare_verdict verdicts[RECORD_FIGURES_MAX];
	size_t needed[RECORD_FIGURES_MAX];
	struct outcome outcome = {0};

	record_judge(r, s, ns, slowed, factor, verdicts, needed);
	for (size_t i = 0; i < r->n; i++) {
		if (i == slowed) {
			outcome.slowed = verdicts[i];
			outcome.needed = needed[i];
		} else {
			outcome.undecided += verdicts[i] == COMPARE_UNDECIDED;
			outcome.same += verdicts[i] == COMPARE_SAME;
		}
	}
	outcome.differences = r->n - (slowed < r->n) - outcome.undecided - outcome.same;
	return outcome;
}

/* @count of @n units on each side, by chance. */
static struct sides shuffled(struct chance *c, size_t n, size_t count)
{
	struct sides s = {.nbase = count, .nnew = count};
	size_t order[RECORD_UNITS_MAX];

	for (size_t i = 0; i < n; i++) {
		size_t at = chance_below(c, i + 1);

		order[i] = order[at];
		order[at] = i;
	}
	memcpy(s.base, order, count * sizeof(*order));
	memcpy(s.new, order + count, count * sizeof(*order));
	return s;
}

/* Sides of @count units each, drawn @trials times: no more alarms than chance allows. */
static void cries_no_wolf(const struct record *r, bool ns, struct chance *c, size_t count,
			  size_t trials)
{
	size_t alarms = 0;

	for (size_t i = 0; i < trials; i++) {
		struct sides s = shuffled(c, r->figure[0].n, count);

		alarms += judge(r, &s, ns, NOTHING_SLOWED, 1).differences > 0;
	}
	cr_assert_leq(alarms, chance_most(COMPARE_ALPHA, trials), "%zu units: %zu of %zu", count,
		      alarms, trials);
}

Test(recorded_ns, holds_at_least_twenty_runs)
{
	struct record *r = record_load(TEST_DATA "/same-runs-ns.txt", true);

	cr_assert_geq(r->n, 20);
	cr_assert_eq(r->n % 3, 0);
	cr_assert_geq(r->figure[0].n, 20);
	free(r);
}

/* Runs as they came: each with the next, two with two, ... and in turns, as method.md advises. */
Test(recorded_ns, no_more_than_5_percent_of_comparisons_cry_wolf)
{
	const size_t counts[] = {1, 2, 3, 5, 8};
	struct record *r = record_load(TEST_DATA "/same-runs-ns.txt", true);
	size_t n = r->figure[0].n, tried = 0, alarms = 0;

	for (size_t k = 0; k < 5; k++) {
		for (size_t from = 0; from + 2 * counts[k] <= n; from += 2 * counts[k]) {
			for (int in_turns = 0; in_turns < 2; in_turns++) {
				struct sides s = sides_neighbours(from, counts[k], in_turns);

				alarms += judge(r, &s, true, NOTHING_SLOWED, 1).differences > 0;
				tried++;
			}
		}
	}
	cr_assert_geq(tried, 70);
	cr_assert_leq(alarms, chance_most(COMPARE_ALPHA, tried), "%zu of %zu", alarms, tried);
	free(r);
}

Test(recorded_ns, nor_do_sides_drawn_by_chance)
{
	const size_t counts[] = {1, 3, 6, 10, 15};
	struct record *r = record_load(TEST_DATA "/same-runs-ns.txt", true);
	struct chance c = {11};

	for (size_t k = 0; k < 5; k++)
		cries_no_wolf(r, true, &c, counts[k], 60);
	free(r);
}

/* On that machine 5 % are far below what two runs differ by: the honest answer is "undecided". */
Test(recorded_ns, one_run_with_one_is_undecided_about_5_percent_and_asks_for_more_runs)
{
	struct record *r = record_load(TEST_DATA "/same-runs-ns.txt", true);
	struct sides s = sides_neighbours(0, 1, false);

	for (size_t i = 0; i < r->n; i++) {
		struct outcome outcome = judge(r, &s, true, i, 1.05);

		cr_assert_eq(outcome.slowed, COMPARE_UNDECIDED, "%s", r->figure[i].name);
		cr_assert_gt(outcome.needed, 10, "%s", r->figure[i].name);
	}
	free(r);
}

/* A figure that costs ten times as much is seen through all of that noise, from twenty runs. */
Test(recorded_ns, a_large_difference_is_found)
{
	struct record *r = record_load(TEST_DATA "/same-runs-ns.txt", true);
	struct sides s = sides_neighbours(0, r->figure[0].n / 2, true);
	size_t found = 0;

	for (size_t i = 0; i < r->n; i++)
		found += judge(r, &s, true, i, 10).slowed == COMPARE_SLOWER;
	cr_assert_geq(found, r->n - 1, "%zu of %zu", found, r->n);
	free(r);
}

static struct sides two_runs(size_t base, size_t new)
{
	struct sides s = {.nbase = BOOTS, .nnew = BOOTS};

	for (size_t i = 0; i < BOOTS; i++) {
		s.base[i] = base * BOOTS + i;
		s.new[i] = new *BOOTS + i;
	}
	return s;
}

/* Every run with every other one. */
Test(recorded_instructions, no_more_than_5_percent_of_comparisons_cry_wolf)
{
	struct record *r = record_load(TEST_DATA "/same-runs-instructions.txt", false);
	size_t runs = r->figure[0].n / BOOTS, tried = 0, alarms = 0;

	cr_assert_eq(r->figure[0].n % BOOTS, 0);
	cr_assert_geq(runs, 20);
	for (size_t a = 0; a < runs; a++) {
		for (size_t b = a + 1; b < runs; b++) {
			struct sides s = two_runs(a, b);

			alarms += judge(r, &s, false, NOTHING_SLOWED, 1).differences > 0;
			tried++;
		}
	}
	cr_assert_leq(alarms, chance_most(COMPARE_ALPHA, tried), "%zu of %zu", alarms, tried);
	free(r);
}

/* One boot with one, and so many that ranks decide. */
Test(recorded_instructions, nor_do_boots_drawn_by_chance)
{
	const size_t counts[] = {1, 2, 6, 9};
	struct record *r = record_load(TEST_DATA "/same-runs-instructions.txt", false);
	struct chance c = {12};

	for (size_t k = 0; k < 4; k++)
		cries_no_wolf(r, false, &c, counts[k], 100);
	free(r);
}

static double range_of(const struct figure *f)
{
	double low = f->value[0], high = f->value[0];

	for (size_t i = 1; i < f->n; i++) {
		low = fmin(low, f->value[i]);
		high = fmax(high, f->value[i]);
	}
	return high / low - 1;
}

/* Where the boots of all runs lie within 2.5 %; where they don't, it must not pass for "same". */
Test(recorded_instructions, a_cell_that_is_5_percent_slower_is_found_between_two_runs)
{
	struct record *r = record_load(TEST_DATA "/same-runs-instructions.txt", false);
	size_t runs = r->figure[0].n / BOOTS, steady = 0;

	for (size_t i = 0; i < r->n; i++) {
		size_t found = 0, missed = 0;

		for (size_t a = 0; a + 1 < runs; a++) {
			struct sides s = two_runs(a, a + 1);
			enum compare_verdict verdict = judge(r, &s, false, i, 1.05).slowed;

			found += verdict == COMPARE_SLOWER;
			missed += verdict == COMPARE_SAME;
		}
		cr_assert_eq(missed, 0, "%s: %zu of %zu", r->figure[i].name, missed, runs - 1);
		if (range_of(&r->figure[i]) > 0.025)
			continue;
		steady++;
		cr_assert_geq(found * 10, (runs - 1) * 9, "%s: %zu of %zu", r->figure[i].name,
			      found, runs - 1);
	}
	cr_assert_geq(steady, 15, "%zu", steady);
	free(r);
}

Test(recorded_instructions, most_figures_of_two_runs_are_the_same_and_none_but_few_undecided)
{
	struct record *r = record_load(TEST_DATA "/same-runs-instructions.txt", false);
	size_t runs = r->figure[0].n / BOOTS, undecided = 0, tried = 0;

	for (size_t a = 0; a + 1 < runs; a++) {
		struct sides s = two_runs(a, a + 1);

		undecided += judge(r, &s, false, NOTHING_SLOWED, 1).undecided;
		tried += r->n;
	}
	cr_assert_leq(undecided * 10, tried, "%zu of %zu", undecided, tried);
	free(r);
}
