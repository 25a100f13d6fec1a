// SPDX-License-Identifier: MIT
/* In which form a run is printed: what `bypass run` and `bypass report` have in common. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "report/functions.h"
#include "report/report.h"

const char *cli_option_value(int argc, char **argv, int *i, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n])
		return NULL;
	if (*i + 1 >= argc || !argv[*i + 1])
		return "";
	return argv[++*i];
}

int cli_parse_format(const char *text, enum output_format last, enum output_format *format,
		     struct error *e)
{
	static const char *const names[] = {"table", "json", "csv", "fio-json"};

	for (unsigned int i = 0; i <= last; i++) {
		if (strcmp(text, names[i]) == 0) {
			*format = (enum output_format)i;
			return 0;
		}
	}
	return error_set(e, -EINVAL, "unknown output format '%s'; give table, json%s", text,
			 last == OUTPUT_FIO_JSON ? ", csv or fio-json" : " or csv");
}

int cli_check_format(enum output_format format, enum run_clock clock, struct error *e)
{
	if (format != OUTPUT_FIO_JSON || clock == RUN_CLOCK_NS)
		return 0;
	return error_set(e, -EINVAL,
			 "fio's form has times, and this run counts instructions; give -o json or "
			 "csv, or run it with --testbed=ns");
}

void cli_print_run(const struct run *run, enum output_format format)
{
	if (format == OUTPUT_JSON) {
		json_t *json = run_to_json(run);

		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else if (format == OUTPUT_CSV) {
		report_csv(stdout, run);
	} else if (format == OUTPUT_FIO_JSON) {
		report_fio_json(stdout, run);
	} else {
		report_tables(stdout, run, isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
		report_functions(stdout, run, FUNCTIONS_SHOWN);
	}
}
