/* SPDX-License-Identifier: MIT */
/* The command line: each subcommand gets its own arguments and returns the exit status. */
#ifndef BYPASS_CLI_H
#define BYPASS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/run.h"
#include "core/suite.h"

/* What our driver may want to lock: queues, lists and buffers of the largest suite, with room. */
#define USERDRV_LOCKED_MIB 64u

enum exit_status {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_REFUTED = 3,
	EXIT_NOTHING_RAN = 4,
	EXIT_INTERRUPTED = 130,
};

/* "bypass: SENTENCE" on stderr, its commands as this one was called; returns @status. */
int cli_fail(int status, const struct error *e);

int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_bind(int argc, char **argv);
int cmd_unbind(int argc, char **argv);

enum output_format {
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_CSV,
	OUTPUT_FIO_JSON,
};

/* Everything that `bypass run` was told. */
struct run_options {
	const char *suite; /* NULL: one cell made of options */
	struct suite *cells;
	unsigned int runs; /* 0: the suite's own */
	uint64_t seed;
	bool testbed;
	enum run_clock testbed_clock;
	const char *kernel; /* of the testbed, or NULL */
	bool functions;     /* count instructions by function, too */
	bool dry_run;
	enum output_format format;
	const char *export_json;   /* another copy of run.json, or NULL */
	const char *results;       /* folder of runs */
	char default_results[512]; /* that, unless --results names another; report looks here */
	/* Said by the testbed's host to the guest: */
	unsigned int boot;
	const char *counts; /* the file that the plugin writes, or NULL */
	const char *output; /* write run.json to this very folder, print no table */
	int argc;
	char **argv;
	char root[512];
};

/*
 * The value of option @name at argv[*i]: behind "=" or the next argument ("" where there is none).
 * NULL: another option.
 */
const char *cli_option_value(int argc, char **argv, int *i, const char *name);
/* @last: of the forms in which this command can print, in their order. */
int cli_parse_format(const char *text, enum output_format last, enum output_format *format,
		     struct error *e);
/* -EINVAL: a run of that clock has no such form. */
int cli_check_format(enum output_format format, enum run_clock clock, struct error *e);
void cli_print_run(const struct run *run, enum output_format format);

/* 0, or the exit status after a sentence was printed. */
int run_options_parse(struct run_options *o, int argc, char **argv);

/*
 * Runs the plan in @run in the testbed, over several boots, and merges what they measured into
 * @run. @folder is the run's; the boots' own files are removed.
 */
int testbed_execute(struct run *run, const struct run_options *o, const char *folder,
		    struct error *e);

#endif
