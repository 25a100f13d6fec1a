// SPDX-License-Identifier: MIT
#include "core/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/statistics.h"

/* Chance with which a plan shall succeed. */
#define POWER 0.8
/* What ranks know of normal values, compared with t: 3 / pi. */
#define RANKS_EFFICIENCY 0.955

/* What is known of one item beside its verdict; shares are of logarithms. */
struct estimate {
	double shift; /* new - base */
	double sd;    /* between units */
	double df;    /* of sd */
};

static double *logarithms(const double *values, size_t n)
{
	double *logs = memory_zeroed(n, sizeof(*logs));

	for (size_t i = 0; i < n; i++)
		logs[i] = log(values[i]);
	return logs;
}

static double mean(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum / (double)n;
}

static double squares(const double *values, size_t n)
{
	double middle = mean(values, n), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (values[i] - middle) * (values[i] - middle);
	return sum;
}

/*
 * The spread of a few units may be small by chance: then what was assumed counts as further units
 * would. If it is larger than what was assumed, the assumption was wrong and the units stand alone.
 */
static struct estimate estimate_spread(const struct compare_item *item, const double *base,
				       const double *new)
{
	double seen_df = (double)(item->nbase + item->nnew) - 2;
	double sum = squares(base, item->nbase) + squares(new, item->nnew);
	double assumed = item->noise * item->noise;
	struct estimate estimate = {.shift = mean(new, item->nnew) - mean(base, item->nbase)};

	if (seen_df > 0 && sum / seen_df >= assumed) {
		estimate.sd = sqrt(sum / seen_df);
		estimate.df = seen_df;
	} else {
		estimate.df = seen_df + COMPARE_PRIOR_DF;
		estimate.sd = sqrt((sum + COMPARE_PRIOR_DF * assumed) / estimate.df);
	}
	return estimate;
}

static double standard_error(const struct compare_item *item)
{
	return sqrt(1 / (double)item->nbase + 1 / (double)item->nnew);
}

static struct estimate measure_by_spread(struct compare_item *item, const double *base,
					 const double *new)
{
	struct estimate estimate = estimate_spread(item, base, new);
	double error = estimate.sd * standard_error(item);
	double reach = statistics_student_quantile(COMPARE_ALPHA, estimate.df) * error;

	item->method = COMPARE_BY_SPREAD;
	item->p = 1;
	if (estimate.shift != 0)
		item->p = statistics_student_tail(estimate.shift / error, estimate.df);
	item->low = estimate.shift - reach;
	item->high = estimate.shift + reach;
	return estimate;
}

static struct estimate measure_by_ranks(struct compare_item *item, const double *base,
					const double *new)
{
	struct statistics_shift shift =
		statistics_shift(base, item->nbase, new, item->nnew, COMPARE_ALPHA);
	double df = (double)(item->nbase + item->nnew) - 2;
	double reach = statistics_student_quantile(COMPARE_ALPHA, df) * standard_error(item);

	item->method = COMPARE_BY_RANKS;
	item->p = statistics_mann_whitney(base, item->nbase, new, item->nnew);
	item->low = shift.low;
	item->high = shift.high;
	/* As wide a spread as would have made an interval of this width. */
	return (struct estimate){shift.estimate, (shift.high - shift.low) / 2 / reach, df};
}

/* Fills what doesn't depend on the other items; low and high are still logarithms. */
static struct estimate measure(struct compare_item *item, size_t ntests)
{
	double *base = logarithms(item->base, item->nbase);
	double *new = logarithms(item->new, item->nnew);
	double reach = statistics_mann_whitney_floor(item->nbase, item->nnew);
	struct estimate estimate;

	if (reach * (double)ntests <= COMPARE_ALPHA)
		estimate = measure_by_ranks(item, base, new);
	else
		estimate = measure_by_spread(item, base, new);
	free(base);
	free(new);
	return estimate;
}

static bool is_enough(double n, double sd, double margin, double effect, size_t ntests)
{
	double df = 2 * n - 2, error = sd * sqrt(2 / n / RANKS_EFFICIENCY);
	double both = statistics_student_quantile(COMPARE_ALPHA, df);
	double strong = statistics_student_quantile(COMPARE_ALPHA / (double)ntests, df);
	/* Two sides alike may lie apart in either direction, a difference in one. */
	double within = statistics_student_quantile(1 - POWER, df);
	double beyond = statistics_student_quantile(2 * (1 - POWER), df);

	return (both + within) * error <= margin && (strong + beyond) * error <= effect;
}

size_t compare_units_needed(double sd, double margin, double effect, size_t ntests)
{
	size_t low = 1, high = COMPARE_UNITS_MAX + 1;

	if (margin <= 0 || effect <= 0)
		return high;
	/* Invariant: low is not enough, high is or is beyond all plans. */
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (is_enough((double)middle, sd, margin, effect, ntests))
			high = middle;
		else
			low = middle;
	}
	return high;
}

/*
 * First for whoever knows nothing yet: enough to tell "no difference" from one of twice the
 * threshold. Where there are so many already, the difference lies near the threshold, and only a
 * narrower interval can tell on which side.
 */
static size_t needed(const struct compare_item *item, const struct estimate *estimate,
		     double threshold, size_t ntests)
{
	size_t have = item->nbase < item->nnew ? item->nbase : item->nnew;
	double shift = fabs(estimate->shift);
	size_t plan = compare_units_needed(estimate->sd, threshold, 2 * threshold, ntests);

	if (plan > have)
		return plan;
	if (shift > threshold)
		plan = compare_units_needed(estimate->sd, INFINITY, shift, ntests);
	else
		plan = compare_units_needed(estimate->sd, threshold - shift, INFINITY, ntests);
	return plan > have ? plan : have + 1;
}

static enum compare_verdict verdict(const struct compare_item *item, double shift, double threshold)
{
	double apart = fabs(statistics_middle(item->new, item->nnew) -
			    statistics_middle(item->base, item->nbase));

	/* On a clock that ticks in nanoseconds two runs may agree by chance: quantum 0. */
	if (item->quantum > 0 && apart <= item->quantum)
		return COMPARE_SAME;
	if (item->p_holm <= COMPARE_ALPHA && fabs(shift) > threshold)
		return (shift > 0) == item->higher_is_better ? COMPARE_FASTER : COMPARE_SLOWER;
	if (item->low >= -threshold && item->high <= threshold)
		return COMPARE_SAME;
	return COMPARE_UNDECIDED;
}

void compare_judge(struct compare_item *items, size_t n, double threshold)
{
	struct estimate *estimates = memory_zeroed(n, sizeof(*estimates));
	double *p = memory_zeroed(n, sizeof(*p));

	for (size_t i = 0; i < n; i++) {
		estimates[i] = measure(&items[i], n);
		p[i] = items[i].p;
	}
	statistics_holm(p, n);
	for (size_t i = 0; i < n; i++) {
		struct compare_item *item = &items[i];
		double practical = log1p(fmax(threshold, item->tolerance));

		item->p_holm = p[i];
		item->verdict = verdict(item, estimates[i].shift, practical);
		if (item->verdict == COMPARE_UNDECIDED)
			item->needed = needed(item, &estimates[i], practical, n);
		item->ratio = exp(estimates[i].shift);
		item->low = exp(item->low);
		item->high = exp(item->high);
	}
	free(estimates);
	free(p);
}

int compare_parse_threshold(const char *text, double *threshold, struct error *e)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits), part = 0, length = whole;
	double value = 0, unit = 1;

	if (text[length] == '.') {
		part = strspn(text + length + 1, digits);
		length += 1 + part;
	}
	if (whole + part == 0 || whole > 4 || part > 6 || (whole < length && part == 0) ||
	    (text[length] && strcmp(text + length, "%") != 0))
		return error_set(e, -EINVAL,
				 "'%s' is no threshold; give per cent, such as --threshold=3%%",
				 text);
	/* By hand: strtod() follows the locale. */
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '.')
			continue;
		value = value * 10 + (text[i] - '0');
		unit *= i > whole ? 10 : 1;
	}
	if (value / unit > 1000)
		return error_set(e, -EINVAL,
				 "a threshold of %s is more than ten times the whole; give at most "
				 "1000%%",
				 text);
	*threshold = value / unit / 100;
	return 0;
}

void compare_assume_noise(struct compare_item *items, const double *spread, size_t n, double least)
{
	double usual = statistics_middle(spread, n);

	for (size_t i = 0; i < n; i++)
		items[i].noise = fmax(least, fmax(spread[i], usual));
}

const char *compare_verdict_name(enum compare_verdict verdict)
{
	static const char *const names[] = {
		[COMPARE_SAME] = "same",
		[COMPARE_FASTER] = "FASTER",
		[COMPARE_SLOWER] = "SLOWER",
		[COMPARE_UNDECIDED] = "undecided",
	};

	return names[verdict];
}

const char *compare_method_name(enum compare_method method)
{
	return method == COMPARE_BY_RANKS ? "ranks" : "spread";
}
