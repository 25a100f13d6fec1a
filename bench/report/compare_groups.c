// SPDX-License-Identifier: MIT
/* Many runs: what each cell costs in each environment, one table for each cell. */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/statistics.h"
#include "report/compare.h"
#include "report/describe.h"
#include "report/format.h"
#include "report/rows.h"

/* What makes an environment: another of these is another machine, as far as counts go. */
static const char *const key_members[] = {"kernel", "kernel_build", "qemu", "cpu", "emulated_cpu"};
#define NKEYS (sizeof(key_members) / sizeof(key_members[0]))

struct environment {
	enum run_clock clock;
	const char *key[NKEYS];
	struct run **runs;
	size_t n;
};

static const char *key_of(const struct run *run, size_t i)
{
	const char *text = json_string_value(json_object_get(run->environment, key_members[i]));

	return text ? text : "";
}

static bool belongs(const struct environment *environment, const struct run *run)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(environment->key[i], key_of(run, i)) != 0)
			return false;
	return environment->clock == run->clock;
}

static struct environment *make_environments(struct compare_side runs, size_t *n)
{
	struct environment *list = memory_zeroed(runs.n, sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < runs.n; i++) {
		struct environment *at = list;

		while (at < list + *n && !belongs(at, runs.runs[i]))
			at++;
		if (at == list + *n) {
			(*n)++;
			at->clock = runs.runs[i]->clock;
			for (size_t k = 0; k < NKEYS; k++)
				at->key[k] = key_of(runs.runs[i], k);
		}
		at->runs = memory_append(at->runs, at->n, sizeof(*at->runs));
		at->runs[at->n++] = runs.runs[i];
	}
	return list;
}

/* What follows "env A": members in which the environments differ, or all if there is one. */
static void write_environment(FILE *out, const struct environment *list, size_t n, size_t current)
{
	char *text = NULL;
	size_t size;
	FILE *stream = memory_stream(&text, &size);

	fprintf(stream, "%zu: clock %s", current + 1, describe_clock(list[current].clock));
	for (size_t k = 0; k < NKEYS; k++) {
		bool differs = n == 1;

		for (size_t i = 0; i < n; i++)
			differs = differs || strcmp(list[i].key[k], list[0].key[k]) != 0;
		if (differs && *list[current].key[k])
			fprintf(stream, ", %s %s", key_members[k], list[current].key[k]);
	}
	fprintf(stream, "; runs");
	for (size_t i = 0; i < list[current].n; i++)
		fprintf(stream, " %s", list[current].runs[i]->id);
	fclose(stream);
	format_wrap(out, 0, 3, text);
	free(text);
}

struct medians {
	double *list;
	size_t n;
	char unit[16];
};

static const struct cell *find_measured(const struct run *run, const char *id)
{
	for (size_t i = 0; i < run->ncells; i++) {
		const struct cell *cell = &run->cells[i];

		if (strcmp(cell->id, id) == 0 && cell->status == CELL_MEASURED &&
		    !cell_time_is_emulated(run, cell))
			return cell;
	}
	return NULL;
}

static struct medians collect(const struct environment *environment, const char *id,
			      enum pass_kind kind)
{
	struct medians medians = {NULL, 0, ""};

	snprintf(medians.unit, sizeof(medians.unit), "%s",
		 environment->clock == RUN_CLOCK_NS ? "IOPS" : "work+irq");
	for (size_t i = 0; i < environment->n; i++) {
		const struct cell *cell = find_measured(environment->runs[i], id);

		for (unsigned int p = 0; cell && p < cell->npasses; p++) {
			struct row row = {.cell = cell, .pass = &cell->summary[p]};
			const struct quantity *q = row_metric(environment->clock, &row);

			if (row.pass->kind != kind || !q->known)
				continue;
			medians.list =
				memory_append(medians.list, medians.n, sizeof(*medians.list));
			medians.list[medians.n++] = (double)q->median;
		}
	}
	return medians;
}

static void number(double value, char *out)
{
	format_count(out, FORMAT_MAX, value < 1e19 ? (uint64_t)(value + 0.5) : UINT64_MAX);
}

static void write_line(FILE *out, size_t environment, const struct medians *medians)
{
	char median[FORMAT_MAX], least[FORMAT_MAX], most[FORMAT_MAX];
	double low = medians->list[0], high = medians->list[0];

	for (size_t i = 1; i < medians->n; i++) {
		low = medians->list[i] < low ? medians->list[i] : low;
		high = medians->list[i] > high ? medians->list[i] : high;
	}
	number(statistics_middle(medians->list, medians->n), median);
	number(low, least);
	number(high, most);
	fprintf(out, "%3zu  %-8s  %9s  %9s  %9s  %4zu\n", environment + 1, medians->unit, median,
		least, most, medians->n);
}

static void write_table(FILE *out, const struct environment *list, size_t n,
			const struct cell *cell, enum pass_kind kind)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct medians medians = collect(&list[i], cell->id, kind);

		if (medians.n && !any) {
			fputc('\n', out);
			format_wrap(out, 0, 2, cell->id);
			if (kind != PASS_ALL)
				fprintf(out, "  pass %s\n", pass_kind_name(kind));
			fputs("env  metric       median   smallest    largest  runs\n", out);
		}
		any = any || medians.n;
		if (medians.n)
			write_line(out, i, &medians);
		free(medians.list);
	}
}

static bool was_seen(struct compare_side runs, size_t run, size_t cell)
{
	const char *id = runs.runs[run]->cells[cell].id;

	for (size_t i = 0; i <= run; i++)
		for (size_t k = 0; k < (i < run ? runs.runs[i]->ncells : cell); k++)
			if (strcmp(runs.runs[i]->cells[k].id, id) == 0)
				return true;
	return false;
}

void report_compare_groups(FILE *out, struct compare_side runs)
{
	size_t n;
	struct environment *list = make_environments(runs, &n);

	fprintf(out, "%zu run%s in %zu environment%s (env)\n", runs.n, runs.n == 1 ? "" : "s", n,
		n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++)
		write_environment(out, list, n, i);
	for (size_t i = 0; i < runs.n; i++)
		for (size_t k = 0; k < runs.runs[i]->ncells; k++)
			for (enum pass_kind kind = PASS_ALL;
			     kind <= PASS_AGAIN && !was_seen(runs, i, k); kind++)
				write_table(out, list, n, &runs.runs[i]->cells[k], kind);
	for (size_t i = 0; i < n; i++)
		free(list[i].runs);
	free(list);
}
