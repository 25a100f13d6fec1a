// SPDX-License-Identifier: MIT
/* A suite in another tool's words: an fio job file on standard output. Nothing is run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "core/runner.h"
#include "core/target.h"
#include "fio/job.h"
#include "version.h"

static const char export_usage[] =
	"bypass export --fio SUITE [OPTION...]\n"
	"bypass export --fio --path=PATH[,PATH...] --target=TARGET [OPTION...]\n"
	"\n"
	"Prints an fio job file with one section for each cell; what fio can't do is a\n"
	"comment that says why. Options as for `bypass run`, as in --target=/mnt/disk.\n"
	"\n"
	"  bypass export --fio quick --target=/tmp >quick.fio && fio quick.fio\n";

/* In the folder of a target: fio leaves it behind, for the next job. */
#define DATA_FILE "bypass-export.data"

/* Where fio finds the bytes of a cell; NULL, or why it shouldn't. */
static const char *find_place(const struct workload *w, struct target *t, struct fio_place *place)
{
	struct stat st;
	struct error e;

	if (target_parse(t, w->target, &e))
		return "its target isn't known";
	if (t->kind == TARGET_NULL) {
		place->filename = "null";
		return NULL;
	}
	if (t->kind == TARGET_BLOCK && strncmp(t->text, "block:", 6) == 0) {
		place->filename = t->text + 6;
		return rw_writes(w->rw) ? "it would overwrite a disk without asking" : NULL;
	}
	if (t->kind != TARGET_FILE)
		return "fio needs a disk by the kernel's name: --target=block:/dev/NAME";
	if (strncmp(t->text, "testbed:", 8) == 0 ||
	    (stat(t->folder, &st) == 0 && S_ISDIR(st.st_mode))) {
		place->directory = t->folder;
		place->filename = DATA_FILE;
		return NULL;
	}
	place->filename = t->folder;
	if (rw_writes(w->rw) && stat(t->folder, &st) == 0)
		return "it would overwrite a file that exists";
	return NULL;
}

/* Short enough to be read back; the number at its end tells apart what the name leaves out. */
static void name_section(const struct cell *cell, const char *heading, char *section, size_t size)
{
	const char *number = strrchr(cell->id, ' ');
	char text[128];

	snprintf(text, sizeof(text), "%.14s%s%s-%s-%s", heading, *heading ? "/" : "",
		 cell->workload.path, rw_name(cell->workload.rw), number ? number + 1 : "");
	fio_job_section(section, size, text);
}

static void export_cell(const struct cell *cell, const char *heading)
{
	const struct workload *w = &cell->workload;
	const struct fio_engine *engine = fio_engine_of(w->path);
	struct fio_place place = {.prepared = false};
	struct unavailable why;
	const char *no_place;
	struct target target;
	char section[64];

	name_section(cell, heading, section, sizeof(section));
	putchar('\n');
	if (fio_job_check(w, engine, &why)) {
		printf("; %s: %s (instead: %s)\n", section, why.reason, why.remedy);
		return;
	}
	no_place = find_place(w, &target, &place);
	if (no_place) {
		printf("; %s: %s\n", section, no_place);
		return;
	}
	if (path_find(w->path) && (path_find(w->path)->traits & PATH_DAX))
		puts("; nothing here proves that the file is DAX: see `bypass run`");
	if (w->precondition)
		printf("; to be written %u times before: the same section with rw=write, "
		       "loops=%u\n",
		       w->precondition, w->precondition);
	fio_job_write(stdout, section, w, engine, &place);
}

static void export_suite(const struct run *run, const struct suite *suite)
{
	printf("; %s: %s\n"
	       "; Written by bypass " BYPASS_VERSION ": one section for each cell, one after the "
	       "other.\n"
	       "; fio leaves its data file (" DATA_FILE " in the folder of a target).\n",
	       suite->name, suite->question);
	for (size_t i = 0; i < run->ncells; i++)
		export_cell(&run->cells[i], suite->cells[i].section);
}

/* Takes "--fio" out of the arguments; false if it isn't there. */
static bool take_format(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--fio") != 0)
			continue;
		memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv));
		(*argc)--;
		return true;
	}
	return false;
}

int cmd_export(int argc, char **argv)
{
	struct run_options o;
	struct error e;
	struct run *run;
	int status = EXIT_GOOD;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(export_usage, stdout);
			return EXIT_GOOD;
		}
	}
	if (!take_format(&argc, argv)) {
		error_set(&e, 0, "export to what? do: bypass export --fio SUITE");
		return cli_fail(EXIT_USAGE, &e);
	}
	status = run_options_parse(&o, argc, argv);
	if (status) {
		suite_free(o.cells);
		return status;
	}
	run = run_new();
	if (runner_plan(run, o.cells, &e))
		status = cli_fail(EXIT_USAGE, &e);
	else
		export_suite(run, o.cells);
	run_free(run);
	suite_free(o.cells);
	return status;
}
