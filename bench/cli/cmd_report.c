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
	"bypass report [--counters] RUN...\n"
	"bypass report -o json|csv|fio-json RUN\n"
	"\n"
	"Prints the tables of each run and writes report.html beside its run.json. RUN is\n"
	"a number or a folder of results/, a run.json, or @last.\n"
	"\n"
	"      --counters   also what one I/O costs in events: cycles, cache and TLB\n"
	"                   misses, faults, context switches, interrupts, reclaimed pages\n"
	"  -o, --output-format=table|json|csv|fio-json\n"
	"                   other than table: one run in that form, and no report.html\n";

struct report_options {
	bool counters;
	enum output_format format;
	char **names; /* of runs, without options; borrowed */
	size_t n;
};

static int write_html(const struct run *run, const char *path, struct error *e)
{
	char html[712];
	int ret;

	snprintf(html, sizeof(html), "%.*s/report.html", (int)(strrchr(path, '/') - path), path);
	ret = report_html(run, html, e);
	if (!ret)
		printf("report: %s\n", html);
	return ret;
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
	ret = cli_check_format(o->format, run->clock, &e);
	if (!ret) {
		cli_print_run(run, o->format);
		if (o->counters)
			report_counters(stdout, run);
		if (o->format == OUTPUT_TABLE)
			ret = write_html(run, path, &e);
	}
	run_free(run);
	return ret ? cli_fail(ret == -EINVAL ? EXIT_USAGE : EXIT_FAILED, &e) : EXIT_GOOD;
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
		format = cli_option_value(argc, argv, &i, "--output-format");
		if (!format)
			format = cli_option_value(argc, argv, &i, "-o");
		if (!format)
			return error_set(e, -EINVAL,
					 "unknown option '%s'; see `bypass report --help`",
					 argv[i]);
		if (cli_parse_format(format, &o->format, e))
			return -EINVAL;
	}
	if (!o->n)
		return error_set(e, -EINVAL, "report of which run? do: bypass report @last");
	if (o->format != OUTPUT_TABLE && (o->n > 1 || o->counters))
		return error_set(e, -EINVAL,
				 "json, csv and fio-json are of one run without --counters; name "
				 "one run, or leave -o out");
	return 0;
}

int cmd_report(int argc, char **argv)
{
	struct report_options o = {.format = OUTPUT_TABLE};
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
