// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/results.h"
#include "report/counters.h"
#include "report/functions.h"
#include "report/report.h"

static const char report_usage[] =
	"bypass report [--counters] RUN...\n"
	"\n"
	"Prints the tables of each run and writes report.html beside its run.json. RUN is\n"
	"a number or a folder of results/, a run.json, or @last.\n"
	"\n"
	"  --counters   also what one I/O costs in events: cycles, cache and TLB misses,\n"
	"               faults, context switches, interrupts, reclaimed pages\n";

static int report_one(const char *results, const char *name, bool counters)
{
	char path[700], html[712];
	struct run *run;
	struct error e;
	int ret = results_find(results, name, path, sizeof(path), &e);

	if (!ret)
		ret = run_read(&run, path, &e);
	if (ret)
		return cli_fail(EXIT_FAILED, &e);
	report_tables(stdout, run, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	report_functions(stdout, run, FUNCTIONS_SHOWN);
	if (counters)
		report_counters(stdout, run);
	snprintf(html, sizeof(html), "%.*s/report.html", (int)(strrchr(path, '/') - path), path);
	ret = report_html(run, html, &e);
	run_free(run);
	if (ret)
		return cli_fail(EXIT_FAILED, &e);
	printf("report: %s\n", html);
	return EXIT_GOOD;
}

int cmd_report(int argc, char **argv)
{
	char root[512], results[600];
	int status = EXIT_GOOD;
	struct error e;
	bool counters;

	counters = argc > 1 && strcmp(argv[1], "--counters") == 0;
	argc -= counters;
	argv += counters;
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		fputs(report_usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : EXIT_GOOD;
	}
	if (results_project_root(root, sizeof(root), &e))
		return cli_fail(EXIT_FAILED, &e);
	snprintf(results, sizeof(results), "%s/results", root);
	for (int i = 1; i < argc; i++) {
		int one;

		if (argv[i][0] == '-') {
			error_set(&e, 0, "unknown option '%s'; see `bypass report --help`",
				  argv[i]);
			return cli_fail(EXIT_USAGE, &e);
		}
		one = report_one(results, argv[i], counters);
		status = status ? status : one;
	}
	return status;
}
