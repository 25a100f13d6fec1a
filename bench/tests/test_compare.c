// SPDX-License-Identifier: MIT
/* Verdicts on made-up units, whose truth is known: how often are they wrong, and how often blind?
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "core/compare.h"
#include "tests/fixture_chance.h"

#define ITEMS     10
#define UNITS_MAX 40

/* A comparison of ITEMS figures whose units vary alike. */
struct family {
	double base[ITEMS][UNITS_MAX], new[ITEMS][UNITS_MAX];
	struct compare_item items[ITEMS];
};

static void draw(struct family *f, struct chance *c, size_t units, double sd, double noise)
{
	for (size_t i = 0; i < ITEMS; i++) {
		for (size_t k = 0; k < units; k++) {
			f->base[i][k] = 1000 * exp(sd * chance_normal(c));
			f->new[i][k] = 1000 * exp(sd * chance_normal(c));
		}
		f->items[i] = (struct compare_item){.base = f->base[i],
						    .new = f->new[i],
						    .nbase = units,
						    .nnew = units,
						    .noise = noise};
	}
}

/* Makes item 0 cost @factor times as much. */
static void slow_down(struct family *f, double factor)
{
	for (size_t k = 0; k < f->items[0].nnew; k++)
		f->new[0][k] *= factor;
}

static bool is_difference(const struct compare_item *item)
{
	return item->verdict == COMPARE_FASTER || item->verdict == COMPARE_SLOWER;
}

static bool any_difference(const struct family *f)
{
	for (size_t i = 0; i < ITEMS; i++)
		if (is_difference(&f->items[i]))
			return true;
	return false;
}

/* Families with a false alarm, with no practical threshold that would hide any. */
static size_t false_alarms(struct chance *c, size_t units, double sd, double noise, size_t families)
{
	static struct family f;
	size_t alarms = 0;

	for (size_t i = 0; i < families; i++) {
		draw(&f, c, units, sd, noise);
		compare_judge(f.items, ITEMS, 0);
		alarms += any_difference(&f);
	}
	return alarms;
}

Test(compare, cries_wolf_in_at_most_one_family_of_twenty)
{
	const size_t units[] = {1, 2, 3, 4, 5, 7, 9};
	const double share[] = {0.3, 1, 1.5};
	struct chance c = {1};

	for (size_t u = 0; u < 7; u++) {
		for (size_t s = 0; s < 3; s++) {
			size_t alarms = false_alarms(&c, units[u], 0.02 * share[s], 0.02, 200);

			cr_assert_leq(alarms, chance_most(COMPARE_ALPHA, 200),
				      "%zu units, %g of the assumed noise: %zu of 200", units[u],
				      share[s], alarms);
		}
	}
}

/* From three units on, what was assumed may be ten times too little. */
Test(compare, does_not_trust_an_assumption_that_the_units_refute)
{
	struct chance c = {2};

	for (size_t units = 3; units <= 9; units += 3) {
		size_t alarms = false_alarms(&c, units, 0.2, 0.02, 200);

		cr_assert_leq(alarms, chance_most(COMPARE_ALPHA, 200), "%zu units: %zu of 200",
			      units, alarms);
	}
}

/*
 * Runs as they come from a busy machine: nine repetitions of which some meet a burst that makes
 * them several times slower, and a level of its own for each run. One run on each side.
 */
static double draw_run(struct chance *c, double *spread)
{
	double level = exp(0.02 * chance_normal(c)), sorted[9];

	for (size_t i = 0; i < 9; i++) {
		double value = level * exp(0.05 * chance_normal(c));
		size_t at = i;

		if (chance_uniform(c) < 0.3)
			value *= 1 + 3 * chance_uniform(c);
		for (; at > 0 && sorted[at - 1] > value; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = value;
	}
	*spread += log(sorted[7] / sorted[1]) / 2;
	return 1000 * sorted[4];
}

Test(compare, of_one_run_with_one_knows_that_runs_differ_more_than_repetitions)
{
	static struct family f;
	struct chance c = {3};
	size_t alarms = 0;

	for (size_t i = 0; i < 500; i++) {
		double spread[ITEMS] = {0};

		draw(&f, &c, 1, 0, 0);
		for (size_t k = 0; k < ITEMS; k++) {
			f.base[k][0] = draw_run(&c, &spread[k]);
			f.new[k][0] = draw_run(&c, &spread[k]);
			spread[k] /= 2;
		}
		compare_assume_noise(f.items, spread, ITEMS, 0.02);
		compare_judge(f.items, ITEMS, 0.03);
		alarms += any_difference(&f);
	}
	cr_assert_leq(alarms, chance_most(COMPARE_ALPHA, 500), "%zu of 500", alarms);
}

Test(compare, assumes_what_the_noisier_cells_show_of_a_quiet_one)
{
	struct compare_item items[3];
	const double spread[] = {0.001, 0.08, 0.05}, quiet[] = {0.001, 0.002, 0.003};

	compare_assume_noise(items, spread, 3, 0.02);
	cr_assert_eq(items[0].noise, 0.05);
	cr_assert_eq(items[1].noise, 0.08);
	cr_assert_eq(items[2].noise, 0.05);
	compare_assume_noise(items, quiet, 3, 0.02);
	cr_assert_eq(items[0].noise, 0.02);
}

/* Units that vary by 1 %, one figure of ten that costs 5 % more. */
Test(compare, finds_a_cell_that_is_5_percent_slower)
{
	const size_t units[] = {4, 6, 9};
	static struct family f;
	struct chance c = {4};

	for (size_t u = 0; u < 3; u++) {
		size_t found = 0, false_ones = 0;

		for (size_t i = 0; i < 300; i++) {
			draw(&f, &c, units[u], 0.01, 0.01);
			slow_down(&f, 1.05);
			compare_judge(f.items, ITEMS, 0.03);
			found += f.items[0].verdict == COMPARE_SLOWER;
			for (size_t k = 1; k < ITEMS; k++)
				false_ones += is_difference(&f.items[k]);
		}
		cr_assert_geq(found, 240, "%zu units: %zu of 300", units[u], found);
		cr_assert_leq(false_ones, chance_most(COMPARE_ALPHA, 300));
	}
}

Test(compare, knows_which_way_is_faster)
{
	const double base[] = {1000, 1001, 1002}, new[] = {1100, 1101, 1102};
	struct compare_item cost = {
		.base = base, .new = new, .nbase = 3, .nnew = 3, .noise = 0.001};
	struct compare_item rate = cost;

	rate.higher_is_better = true;
	compare_judge(&cost, 1, 0.03);
	compare_judge(&rate, 1, 0.03);
	cr_assert_eq(cost.verdict, COMPARE_SLOWER);
	cr_assert_eq(rate.verdict, COMPARE_FASTER);
	cr_assert_float_eq(cost.ratio, 1.1, 0.001);
	cr_assert(cost.low > 1.09 && cost.high < 1.11);
}

/*
 * What "needs N runs" promises: with N, four of five comparisons of the same thing end as "same"
 * and four of five find twice the threshold; with half of N, many don't.
 */
static void try_plan(struct chance *c, size_t units, double sd, size_t *same, size_t *found)
{
	static struct family f;

	*same = *found = 0;
	for (size_t i = 0; i < 300; i++) {
		draw(&f, c, units, sd, sd);
		slow_down(&f, exp(2 * log1p(0.03)));
		compare_judge(f.items, ITEMS, 0.03);
		*found += f.items[0].verdict == COMPARE_SLOWER;
		*same += f.items[1].verdict == COMPARE_SAME;
	}
}

Test(compare, needs_as_many_units_as_it_says)
{
	const double sd[] = {0.012, 0.016, 0.02};
	struct chance c = {5};

	for (size_t i = 0; i < 3; i++) {
		double threshold = log1p(0.03);
		size_t n = compare_units_needed(sd[i], threshold, 2 * threshold, ITEMS);
		size_t same, found;

		cr_assert_leq(n, UNITS_MAX);
		try_plan(&c, n, sd[i], &same, &found);
		cr_assert_geq(same, 225, "sd %g, %zu units: %zu same of 300", sd[i], n, same);
		cr_assert_geq(found, 225, "sd %g, %zu units: %zu found of 300", sd[i], n, found);
		try_plan(&c, n / 2, sd[i], &same, &found);
		cr_assert_leq(same, 180, "sd %g, %zu units: %zu same of 300", sd[i], n / 2, same);
	}
}

Test(compare, plans_more_units_for_more_noise_and_for_more_figures_and_gives_up_at_a_thousand)
{
	cr_assert_leq(compare_units_needed(0.01, 0.03, 0.06, 1),
		      compare_units_needed(0.02, 0.03, 0.06, 1));
	cr_assert_leq(compare_units_needed(0.02, 0.03, 0.03, 1),
		      compare_units_needed(0.02, 0.03, 0.03, 100));
	cr_assert_eq(compare_units_needed(0, 0.03, 0.06, 1), 2);
	cr_assert_gt(compare_units_needed(10, 0.03, 0.06, 1), COMPARE_UNITS_MAX);
}

Test(compare, of_one_run_with_one_is_undecided_about_5_percent_and_says_what_it_needs)
{
	const double base = 10000, new = 10500, twice = 20000;
	struct compare_item item = {
		.base = &base, .new = &new, .nbase = 1, .nnew = 1, .noise = 0.02};
	size_t planned = compare_units_needed(0.02, log1p(0.03), 2 * log1p(0.03), 1);

	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_UNDECIDED);
	cr_assert_eq(item.needed, planned);
	cr_assert(planned > 5 && planned < 20, "%zu", planned);
	item.new = &twice;
	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_SLOWER);
}

Test(compare, does_not_take_two_runs_that_agree_by_chance_for_the_same)
{
	const double value = 60;
	struct compare_item item = {
		.base = &value, .new = &value, .nbase = 1, .nnew = 1, .noise = 0.2};

	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_UNDECIDED);
	cr_assert_eq(item.ratio, 1);
}

/* 2.9 % is measured so well that it isn't 0, but whether it is 3 % takes more units still. */
Test(compare, needs_more_than_it_has_where_the_difference_is_as_large_as_the_threshold)
{
	double base[12], new[12];
	struct compare_item item = {
		.base = base, .new = new, .nbase = 12, .nnew = 12, .noise = 0.002};

	for (size_t i = 0; i < 12; i++) {
		base[i] = 1000 + (double)i;
		new[i] = 1.029 * base[i];
	}
	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_UNDECIDED);
	cr_assert_gt(item.needed, 12);
}

static struct compare_item counts_of_three_boots(const double *base, const double *new)
{
	return (struct compare_item){.base = base,
				     .new = new,
				     .nbase = 3,
				     .nnew = 3,
				     .noise = 0.01 / 3,
				     .tolerance = 0.01,
				     .quantum = 1};
}

/* Three boots against three; Mann-Whitney alone could never tell them apart. */
Test(compare, tells_exact_counts_apart_from_three_boots)
{
	const double base[] = {2075, 2075, 2075}, new[] = {2179, 2179, 2179};
	struct compare_item item = counts_of_three_boots(base, new);

	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.method, COMPARE_BY_SPREAD);
	cr_assert_eq(item.verdict, COMPARE_SLOWER);
	item.new = base;
	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_SAME);
	cr_assert_eq(item.p, 1);
}

Test(compare, makes_no_finding_of_one_instruction_nor_of_what_is_below_the_tolerance)
{
	const double base[] = {20, 20, 20}, new[] = {21, 21, 21};
	const double most[] = {2000, 2000, 2000}, more[] = {2018, 2018, 2018};
	struct compare_item item = counts_of_three_boots(base, new);

	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_SAME);
	item.quantum = 0;
	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_SLOWER);
	item.base = most;
	item.new = more;
	compare_judge(&item, 1, 0);
	cr_assert_neq(item.verdict, COMPARE_SLOWER);
}

Test(compare, asks_for_stronger_evidence_the_more_it_compares)
{
	static const double base[] = {100, 101, 102}, new[] = {105, 106, 107};
	struct compare_item one = {.base = base, .new = new, .nbase = 3, .nnew = 3, .noise = 0.01};
	struct compare_item many[400];

	for (size_t i = 0; i < 400; i++) {
		many[i] = one;
		if (i > 0)
			many[i].new = base;
	}
	compare_judge(&one, 1, 0.03);
	compare_judge(many, 400, 0.03);
	cr_assert_eq(one.verdict, COMPARE_SLOWER);
	cr_assert_eq(many[0].verdict, COMPARE_UNDECIDED);
	cr_assert_float_eq(many[0].p, one.p, 1e-12);
	cr_assert_float_eq(many[0].p_holm, fmin(1, 400 * one.p), 1e-9);
}

Test(compare, needs_no_ties_to_be_broken_and_no_noise_to_be_assumed)
{
	const double same[] = {5, 5, 5, 5, 5, 5, 5, 5}, other[] = {6, 6, 6, 6, 6, 6, 6, 6};
	struct compare_item item = {.base = same, .new = same, .nbase = 8, .nnew = 8};

	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_SAME);
	cr_assert_eq(item.method, COMPARE_BY_RANKS);
	item.new = other;
	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_SLOWER);
	item.nbase = item.nnew = 1;
	compare_judge(&item, 1, 0.03);
	cr_assert_eq(item.verdict, COMPARE_SLOWER);
	compare_judge(NULL, 0, 0.03);
}

Test(threshold, is_per_cent_with_or_without_the_sign)
{
	struct error e;
	double threshold;

	cr_assert_eq(compare_parse_threshold("3%", &threshold, &e), 0);
	cr_assert_float_eq(threshold, 0.03, 1e-12);
	cr_assert_eq(compare_parse_threshold("3", &threshold, &e), 0);
	cr_assert_float_eq(threshold, 0.03, 1e-12);
	cr_assert_eq(compare_parse_threshold("0.25%", &threshold, &e), 0);
	cr_assert_float_eq(threshold, 0.0025, 1e-12);
	cr_assert_eq(compare_parse_threshold(".5", &threshold, &e), 0);
	cr_assert_float_eq(threshold, 0.005, 1e-12);
	cr_assert_eq(compare_parse_threshold("0", &threshold, &e), 0);
	cr_assert_eq(threshold, 0);
	cr_assert_eq(compare_parse_threshold("1000%", &threshold, &e), 0);
	cr_assert_float_eq(threshold, 10, 1e-12);
}

Test(threshold, refuses_everything_else)
{
	static const char *const wrong[] = {
		"",    "%",   ".",    "-3%",   "+3",    "3%%",  "3 %",        "0x3", "1e3", "nan",
		"inf", "3.%", "3..1", "1001%", "99999", "3,5%", "0.1234567%", "3%5", " 3",  "3\n",
	};
	double threshold = 7;
	struct error e;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_lt(compare_parse_threshold(wrong[i], &threshold, &e), 0, "%s", wrong[i]);
		cr_assert_eq(threshold, 7);
		cr_assert(strstr(e.text, "give"), "%s", e.text);
	}
}
