// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/memory.h"
#include "core/results.h"
#include "report/compare.h"

static const char compare_usage[] =
	"bypass compare BASE NEW [OPTION...]\n"
	"bypass compare BASE,BASE... NEW,NEW...   (or BASE... -- NEW...)\n"
	"bypass compare RUN RUN RUN...\n"
	"\n"
	"Says of each cell whether NEW is FASTER, SLOWER, the same, or undecided, and how\n"
	"many runs on each side are likely to decide it. RUN is a number or a folder of\n"
	"results/, a run.json, or @last. More than two runs without sides are grouped by\n"
	"kernel, QEMU and CPU: medians, no verdicts.\n"
	"\n"
	"      --threshold=3%   smaller differences don't matter\n"
	"  -o, --output-format=table|json|csv\n"
	"\n"
	"Exit status: 0 no difference found; 1 a difference; 2 usage, or runs that can't\n"
	"be compared.\n";

struct compare_options {
	double threshold;
	enum output_format format;
	char **names; /* of runs, without options; borrowed */
	size_t n;
	size_t nbase; /* before "--"; 0: there is none */
};

struct loaded {
	struct run **runs;
	json_t **records; /* as their files say */
	size_t n;
};

static int parse_option(struct compare_options *o, int argc, char **argv, int *i, struct error *e)
{
	const char *value = cli_option_value(argc, argv, i, "--threshold");

	if (value)
		return compare_parse_threshold(value, &o->threshold, e);
	value = cli_option_value(argc, argv, i, "--output-format");
	if (!value)
		value = cli_option_value(argc, argv, i, "-o");
	if (value)
		return cli_parse_format(value, OUTPUT_CSV, &o->format, e);
	return error_set(e, -EINVAL, "unknown option '%s'; see `bypass compare --help`", argv[*i]);
}

static int parse(struct compare_options *o, int argc, char **argv, struct error *e)
{
	for (int i = 1; i < argc; i++) {
		int ret = 0;

		if (strcmp(argv[i], "--") == 0) {
			if (o->nbase || !o->n)
				return error_set(e, -EINVAL,
						 "'--' stands once, between the runs of BASE and "
						 "those of NEW");
			o->nbase = o->n;
		} else if (argv[i][0] == '-') {
			ret = parse_option(o, argc, argv, &i, e);
		} else {
			o->names[o->n++] = argv[i];
		}
		if (ret)
			return ret;
	}
	if (o->n < 2 || o->nbase == o->n)
		return error_set(e, -EINVAL,
				 "two runs are needed, BASE and NEW; see `bypass compare --help`");
	return 0;
}

static void release(struct loaded *side)
{
	for (size_t i = 0; i < side->n; i++) {
		run_free(side->runs[i]);
		json_decref(side->records[i]);
	}
	free(side->runs);
	free(side->records);
}

/*
 * One run twice, or a copy of it, would pass for two that agree. Number and time don't tell runs
 * apart: many machines begin their first in the same second.
 */
static bool is_there(const struct loaded *side, const json_t *record)
{
	for (size_t i = 0; i < side->n; i++)
		if (json_equal(side->records[i], record))
			return true;
	return false;
}

static int load(struct loaded *side, const char *results, const char *name, struct error *e)
{
	char path[700];
	struct run *run;
	json_t *record;
	int ret = results_find(results, name, path, sizeof(path), e);

	if (!ret)
		ret = run_read(&run, path, e);
	if (ret)
		return ret;
	record = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (is_there(side, record)) {
		run_free(run);
		json_decref(record);
		return 0;
	}
	side->runs = memory_append(side->runs, side->n, sizeof(*side->runs));
	side->records = memory_append(side->records, side->n, sizeof(*side->records));
	side->runs[side->n] = run;
	side->records[side->n++] = record;
	return 0;
}

/* @names may be one of several runs, joined by commas. */
static int load_list(struct loaded *side, const char *results, const char *names, struct error *e)
{
	char *copy = memory_string(names), *rest = copy, *name;
	int ret = 0;

	while (!ret && (name = strsep(&rest, ",")))
		ret = load(side, results, name, e);
	free(copy);
	return ret;
}

static int print_comparison(const struct comparison *c, enum output_format format)
{
	size_t found = comparison_count(c, COMPARE_FASTER) + comparison_count(c, COMPARE_SLOWER);
	json_t *json;

	if (format == OUTPUT_JSON) {
		json = report_compare_json(c);
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else if (format == OUTPUT_CSV) {
		report_compare_csv(stdout, c);
	} else {
		report_compare_tables(stdout, c);
	}
	return found ? EXIT_FAILED : EXIT_GOOD;
}

static int check_sides(const struct loaded *base, const struct loaded *new, struct error *e)
{
	for (size_t i = 0; i < new->n; i++)
		if (is_there(base, new->records[i]))
			return error_set(e, -EINVAL,
					 "run %s is on both sides, so there is nothing to compare; "
					 "give another run",
					 new->runs[i]->id);
	return 0;
}

static int compare_sides(const struct compare_options *o, const char *results)
{
	struct loaded base = {NULL, NULL, 0}, new = {NULL, NULL, 0};
	size_t nbase = o->nbase ? o->nbase : 1;
	struct comparison c;
	struct error e;
	int ret = 0, status;

	for (size_t i = 0; i < o->n && !ret; i++)
		ret = load_list(i < nbase ? &base : &new, results, o->names[i], &e);
	if (!ret)
		ret = check_sides(&base, &new, &e);
	if (!ret)
		ret = comparison_make(&c, (struct compare_side){base.runs, base.n},
				      (struct compare_side){new.runs, new.n}, o->threshold, &e);
	if (ret) {
		status = cli_fail(EXIT_USAGE, &e);
	} else {
		status = print_comparison(&c, o->format);
		comparison_free(&c);
	}
	release(&base);
	release(&new);
	return status;
}

/* `results/`*`/` holds what broke off, too: that is said and left out. */
static int compare_groups(const struct compare_options *o, const char *results)
{
	struct loaded all = {NULL, NULL, 0};
	struct error e;

	for (size_t i = 0; i < o->n; i++)
		if (load_list(&all, results, o->names[i], &e))
			fprintf(stderr, "WARN left out: %s\n", e.text);
	if (all.n == 0) {
		release(&all);
		return cli_fail(EXIT_USAGE, &e);
	}
	report_compare_groups(stdout, (struct compare_side){all.runs, all.n});
	release(&all);
	return EXIT_GOOD;
}

int cmd_compare(int argc, char **argv)
{
	struct compare_options o = {.threshold = 0.03, .format = OUTPUT_TABLE};
	char root[512], results[600];
	struct error e;
	int status;

	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		fputs(compare_usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : EXIT_GOOD;
	}
	if (results_project_root(root, sizeof(root), &e))
		return cli_fail(EXIT_FAILED, &e);
	results_default(root, results, sizeof(results));
	o.names = memory_zeroed((size_t)argc, sizeof(*o.names));
	if (parse(&o, argc, argv, &e))
		status = cli_fail(EXIT_USAGE, &e);
	else if (o.n > 2 && !o.nbase && o.format != OUTPUT_TABLE)
		status = cli_fail(EXIT_USAGE,
				  (error_set(&e, -EINVAL,
					     "grouped runs are shown as tables only; give BASE "
					     "and NEW for json or csv"),
				   &e));
	else if (o.n > 2 && !o.nbase)
		status = compare_groups(&o, results);
	else
		status = compare_sides(&o, results);
	free(o.names);
	return status;
}
