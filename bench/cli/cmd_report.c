// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/memory.h"
#include "core/results.h"
#include "report/counters.h"
#include "report/report.h"

static const char report_usage[] =
	"bypass report [OPTION...] RUN...\n"
	"\n"
	"Prints the tables of each run and writes report.html beside its run.json. RUN is\n"
	"a number or a folder of results/, a run.json, or @last.\n"
	"\n"
	"      --format=html|text|csv|md|png|json|fio-json\n"
	"                   one form alone: html writes report.html, png a file for each\n"
	"                   plot, both beside run.json; the others are printed: text, the\n"
	"                   tables; md, Markdown; csv, json and fio-json, of one run\n"
	"  -o, --output-format=FORM\n"
	"                   the same, as fio has it; table is text\n"
	"      --counters   also what one I/O costs in events: cycles, cache and TLB\n"
	"                   misses, faults, context switches, interrupts, reclaimed pages\n";

enum format {
	FORMAT_TABLES_AND_HTML, /* if none was asked for */
	FORMAT_HTML,
	FORMAT_TEXT,
	FORMAT_CSV,
	FORMAT_MARKDOWN,
	FORMAT_PNG,
	FORMAT_JSON,
	FORMAT_FIO_JSON,
};

struct report_options {
	bool counters;
	enum format format;
	char **names; /* of runs, without options; borrowed */
	size_t n;
};

static int parse_format(const char *text, enum format *format, struct error *e)
{
	static const struct {
		const char *name;
		enum format format;
	} names[] = {
		{"html", FORMAT_HTML}, {"text", FORMAT_TEXT},         {"table", FORMAT_TEXT},
		{"csv", FORMAT_CSV},   {"md", FORMAT_MARKDOWN},       {"png", FORMAT_PNG},
		{"json", FORMAT_JSON}, {"fio-json", FORMAT_FIO_JSON},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*format = names[i].format;
			return 0;
		}
	}
	return error_set(e, -EINVAL,
			 "unknown format '%s'; give html, text, csv, md, png, json or fio-json",
			 text);
}

static void print_path(const char *path)
{
	printf("report: %s\n", path);
}

static int write_html(const struct run *run, const char *folder, struct error *e)
{
	char html[720];
	int ret;

	snprintf(html, sizeof(html), "%s/report.html", folder);
	ret = report_html(run, html, e);
	if (!ret)
		print_path(html);
	return ret;
}

static int write_markdown(const struct run *run, struct error *e)
{
	int ret = report_markdown(stdout, run);

	return ret ? error_set(e, ret, "the report can't be written: %s", strerror(-ret)) : 0;
}

static void print_tables(const struct run *run, bool counters)
{
	cli_print_run(run, OUTPUT_TABLE);
	if (counters)
		report_counters(stdout, run);
}

/* @run in the form that @o asks for; @folder is where its run.json is. */
static int write_report(const struct run *run, const char *folder, const struct report_options *o,
			struct error *e)
{
	int ret = 0;

	switch (o->format) {
	case FORMAT_TABLES_AND_HTML:
		print_tables(run, o->counters);
		return write_html(run, folder, e);
	case FORMAT_HTML:
		return write_html(run, folder, e);
	case FORMAT_TEXT:
		print_tables(run, o->counters);
		break;
	case FORMAT_CSV:
		cli_print_run(run, OUTPUT_CSV);
		break;
	case FORMAT_MARKDOWN:
		return write_markdown(run, e);
	case FORMAT_PNG:
		return report_png(run, folder, print_path, e);
	case FORMAT_JSON:
		cli_print_run(run, OUTPUT_JSON);
		break;
	case FORMAT_FIO_JSON:
		ret = cli_check_format(OUTPUT_FIO_JSON, run->clock, e);
		if (!ret)
			cli_print_run(run, OUTPUT_FIO_JSON);
		break;
	}
	return ret;
}

/* Of the path of a file; one without a slash is here. */
static void keep_folder(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	else
		strcpy(path, ".");
}

static int report_one(const char *results, const char *name, const struct report_options *o)
{
	char path[700];
	struct run *run;
	struct error e;
	int ret = results_find(results, name, path, sizeof(path), &e);

	if (!ret)
		ret = run_read(&run, path, &e);
	if (ret)
		return cli_fail(EXIT_FAILED, &e);
	keep_folder(path);
	ret = write_report(run, path, o, &e);
	run_free(run);
	return ret ? cli_fail(ret == -EINVAL ? EXIT_USAGE : EXIT_FAILED, &e) : EXIT_GOOD;
}

static bool is_of_one_run(enum format format)
{
	return format == FORMAT_CSV || format == FORMAT_JSON || format == FORMAT_FIO_JSON;
}

static const char *format_option(int argc, char **argv, int *i)
{
	static const char *const names[] = {"--format", "--output-format", "-o"};
	const char *value = NULL;

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]) && !value; n++)
		value = cli_option_value(argc, argv, i, names[n]);
	return value;
}

static int parse(struct report_options *o, int argc, char **argv, struct error *e)
{
	for (int i = 1; i < argc; i++) {
		const char *format;

		if (argv[i][0] != '-') {
			o->names[o->n++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--counters") == 0) {
			o->counters = true;
			continue;
		}
		format = format_option(argc, argv, &i);
		if (!format)
			return error_set(e, -EINVAL,
					 "unknown option '%s'; see `bypass report --help`",
					 argv[i]);
		if (parse_format(format, &o->format, e))
			return -EINVAL;
	}
	if (!o->n)
		return error_set(e, -EINVAL, "report of which run? do: bypass report @last");
	if (is_of_one_run(o->format) && o->n > 1)
		return error_set(e, -EINVAL,
				 "csv, json and fio-json are of one run; name one run, or leave "
				 "--format out");
	if (o->counters && o->format != FORMAT_TABLES_AND_HTML && o->format != FORMAT_TEXT)
		return error_set(e, -EINVAL,
				 "--counters adds tables to the text; give --format=text, or leave "
				 "--format out");
	return 0;
}

int cmd_report(int argc, char **argv)
{
	struct report_options o = {.format = FORMAT_TABLES_AND_HTML};
	char root[512], results[600];
	int status = EXIT_GOOD;
	struct error e;

	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		fputs(report_usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : EXIT_GOOD;
	}
	o.names = memory_zeroed((size_t)argc, sizeof(*o.names));
	if (parse(&o, argc, argv, &e))
		status = cli_fail(EXIT_USAGE, &e);
	else if (results_project_root(root, sizeof(root), &e))
		status = cli_fail(EXIT_FAILED, &e);
	if (status) {
		free(o.names);
		return status;
	}
	results_default(root, results, sizeof(results));
	for (size_t i = 0; i < o.n; i++) {
		int one = report_one(results, o.names[i], &o);

		status = status ? status : one;
	}
	free(o.names);
	return status;
}
