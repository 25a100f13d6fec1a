// SPDX-License-Identifier: MIT
#include "tests/fixture_record.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_values(struct figure *f, char *line, bool pairs)
{
	char *rest = NULL;

	for (char *word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		cr_assert_lt(f->n, RECORD_UNITS_MAX);
		f->value[f->n] = atof(word);
		cr_assert_gt(f->value[f->n], 0);
		if (pairs) {
			word = strtok_r(NULL, " \n", &rest);
			cr_assert(word);
			f->spread[f->n] = atof(word) / 1e6;
		}
		f->n++;
	}
}

struct record *record_load(const char *path, bool ns)
{
	struct record *r = calloc(1, sizeof(*r));
	FILE *file = fopen(path, "r");
	char line[512];

	cr_assert(file, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		if (isdigit((unsigned char)line[0])) {
			cr_assert_gt(r->n, 0);
			add_values(&r->figure[r->n - 1], line, ns);
		} else if (strncmp(line, "figure ", 7) == 0) {
			struct figure *f = &r->figure[r->n++];

			cr_assert_leq(r->n, RECORD_FIGURES_MAX);
			if (ns)
				cr_assert_eq(sscanf(line, "figure %31s %159s", f->metric, f->name),
					     2);
			else
				cr_assert_eq(sscanf(line, "figure %31s %lf %lf %159s", f->metric,
						    &f->tolerance, &f->noise, f->name),
					     4);
			f->higher_is_better = strcmp(f->metric, "IOPS") == 0;
		}
	}
	fclose(file);
	for (size_t i = 1; i < r->n; i++)
		cr_assert_eq(r->figure[i].n, r->figure[0].n, "%s", r->figure[i].name);
	return r;
}

static double *pick(const struct figure *f, const size_t *units, size_t n, double factor)
{
	double *values = calloc(n, sizeof(*values));

	for (size_t i = 0; i < n; i++)
		values[i] = f->value[units[i]] * factor;
	return values;
}

static double mean_spread(const struct figure *f, const struct sides *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->nbase; i++)
		sum += f->spread[s->base[i]];
	for (size_t i = 0; i < s->nnew; i++)
		sum += f->spread[s->new[i]];
	return sum / (double)(s->nbase + s->nnew);
}

/* By the clock of nanoseconds the figures of one metric stand together: IOPS, p50, p99 of a cell.
 */
static void assume_noise(const struct record *r, const struct sides *s, struct compare_item *items)
{
	struct compare_item some[RECORD_FIGURES_MAX];
	double spread[RECORD_FIGURES_MAX];
	size_t n;

	for (size_t metric = 0; metric < 3; metric++) {
		for (n = 0; metric + 3 * n < r->n; n++)
			spread[n] = mean_spread(&r->figure[metric + 3 * n], s);
		compare_assume_noise(some, spread, n, 0.02);
		while (n-- > 0)
			items[metric + 3 * n].noise = some[n].noise;
	}
}

void record_judge(const struct record *record, const struct sides *s, bool ns, size_t slowed,
		  double factor, enum compare_verdict *verdicts, size_t *needed)
{
	struct compare_item items[RECORD_FIGURES_MAX] = {{0}};

	for (size_t i = 0; i < record->n; i++) {
		const struct figure *f = &record->figure[i];
		double cost = i != slowed ? 1 : f->higher_is_better ? 1 / factor : factor;

		items[i].base = pick(f, s->base, s->nbase, 1);
		items[i].new = pick(f, s->new, s->nnew, cost);
		items[i].nbase = s->nbase;
		items[i].nnew = s->nnew;
		items[i].tolerance = f->tolerance;
		items[i].noise = f->noise;
		items[i].quantum = ns ? 0 : 1;
		items[i].higher_is_better = f->higher_is_better;
	}
	if (ns)
		assume_noise(record, s, items);
	compare_judge(items, record->n, RECORD_THRESHOLD);
	for (size_t i = 0; i < record->n; i++) {
		verdicts[i] = items[i].verdict;
		needed[i] = items[i].needed;
		free((void *)items[i].base);
		free((void *)items[i].new);
	}
}

struct sides sides_neighbours(size_t from, size_t count, bool in_turns)
{
	struct sides s = {.nbase = count, .nnew = count};

	for (size_t i = 0; i < count; i++) {
		s.base[i] = from + (in_turns ? 2 * i : i);
		s.new[i] = from + (in_turns ? 2 * i + 1 : count + i);
	}
	return s;
}
