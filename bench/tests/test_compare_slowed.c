// SPDX-License-Identifier: MIT
/*
 * A known slowdown in runs that were really made: the controller model takes 5 % longer in every
 * second one (data/slowed-runs-ns.txt). It is found where the noise lets it be found; elsewhere the
 * answer is "undecided".
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_chance.h"
#include "tests/fixture_record.h"

#define NOTHING_SLOWED RECORD_FIGURES_MAX

static struct record *record;
static enum compare_verdict verdicts[RECORD_FIGURES_MAX];
static size_t needed[RECORD_FIGURES_MAX];

static void set_up(void)
{
	record = record_load(TEST_DATA "/slowed-runs-ns.txt", true);
}

static void tear_down(void)
{
	free(record);
}

TestSuite(slowed, .init = set_up, .fini = tear_down);

static void judge(const struct sides *s)
{
	record_judge(record, s, true, NOTHING_SLOWED, 1, verdicts, needed);
}

/* The median latency where nobody looks for completions in vain: the steadiest of the figures. */
static size_t steadiest(void)
{
	size_t i = 0;

	while (i < record->n && (strstr(record->figure[i].name, "irq") == NULL ||
				 strcmp(record->figure[i].metric, "p50") != 0))
		i++;
	cr_assert_lt(i, record->n);
	return i;
}

Test(slowed, twenty_runs_of_each_were_recorded)
{
	cr_assert_eq(record->n, 6);
	cr_assert_eq(record->figure[0].n, 40);
}

/* From the first @n of each, as somebody would who goes on until it is decided. */
Test(slowed, is_found_from_eight_runs_on_each_side_and_stays_found)
{
	for (size_t n = 8; n <= 20; n++) {
		struct sides s = sides_neighbours(0, n, true);

		judge(&s);
		cr_assert_eq(verdicts[steadiest()], COMPARE_SLOWER, "from %zu", n);
	}
}

Test(slowed, with_fewer_runs_the_answer_is_undecided_and_asks_for_more)
{
	for (size_t n = 1; n < 6; n++) {
		for (size_t from = 0; from + 2 * n <= 40; from += 2 * n) {
			struct sides s = sides_neighbours(from, n, true);
			size_t i = steadiest();

			judge(&s);
			cr_assert_neq(verdicts[i], COMPARE_FASTER, "%zu from %zu", n, from);
			cr_assert_neq(verdicts[i], COMPARE_SAME, "%zu from %zu", n, from);
			cr_assert(verdicts[i] == COMPARE_SLOWER || needed[i] > n);
		}
	}
}

/* Others' work moves most figures by far more than 5 %. */
Test(slowed, is_called_the_same_or_faster_no_more_often_than_chance_allows)
{
	size_t tried = 0, wrong = 0;

	for (size_t n = 1; n <= 20; n++) {
		for (size_t from = 0; from + 2 * n <= 40; from += 2 * n) {
			struct sides s = sides_neighbours(from, n, true);
			bool found = false;

			judge(&s);
			for (size_t i = 0; i < record->n; i++)
				found = found || verdicts[i] == COMPARE_SAME ||
					verdicts[i] == COMPARE_FASTER;
			wrong += found;
			tried++;
		}
	}
	cr_assert_geq(tried, 60);
	cr_assert_leq(wrong, chance_most(COMPARE_ALPHA, tried), "%zu of %zu", wrong, tried);
}

/* The first runs of the pairs among themselves, and the second. */
Test(slowed, between_runs_of_one_speed_there_are_no_more_than_5_percent_of_false_alarms)
{
	struct chance c = {17};
	size_t alarms = 0, tried = 0;

	for (size_t i = 0; i < 200; i++) {
		struct sides s = {.nbase = 10, .nnew = 10};
		size_t order[20];

		for (size_t k = 0; k < 20; k++) {
			size_t at = chance_below(&c, k + 1);

			order[k] = order[at];
			order[at] = k;
		}
		for (size_t k = 0; k < 10; k++) {
			s.base[k] = 2 * order[k] + i % 2;
			s.new[k] = 2 * order[k + 10] + i % 2;
		}
		judge(&s);
		for (size_t k = 0; k < record->n; k++) {
			if (verdicts[k] == COMPARE_SLOWER || verdicts[k] == COMPARE_FASTER) {
				alarms++;
				break;
			}
		}
		tried++;
	}
	cr_assert_leq(alarms, chance_most(COMPARE_ALPHA, tried), "%zu of %zu", alarms, tried);
}
