// SPDX-License-Identifier: MIT
/*
 * Proves a lab's checks: unsolved, each fails; solved as the reference is, each passes; each
 * mistake in labs/NAME/wrong/ is caught by the check that it is meant for, with the outcome that it
 * names.
 *
 *   prove LAB unsolved | solved | mistakes | mistake NAME
 *
 * Each line of output is a sentence that must hold. BYPASS_LAB_WORK is a folder to work in.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/results.h"
#include "engine/lab.h"

static unsigned int passed, failed;

static void report(bool held, const char *log, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void report(bool held, const char *log, const char *format, ...)
{
	struct error e;
	va_list args;
	char *text;

	printf("%s  ", held ? "ok    " : "FAILED");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	*(held ? &passed : &failed) += 1;
	if (!held && log && !read_text(log, &text, &e)) {
		printf("%.4000s\n", text);
		free(text);
	}
	fflush(stdout);
}

static enum outcome check(const struct labs *labs, const struct lab *lab, const struct check *check,
			  char *log, size_t size)
{
	snprintf(log, size, "%s/%s.log", lab->work, check->name);
	return lab_check(labs, lab, check, log, false);
}

static int is_file(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Whatever is in the work folder of @lab goes. */
static void forget(const struct lab *lab)
{
	struct dirent **entries;
	int n = scandir(lab->work, &entries, is_file, alphasort);

	for (int i = 0; i < n; i++) {
		char path[1200];

		snprintf(path, sizeof(path), "%s/%s", lab->work, entries[i]->d_name);
		unlink(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	rmdir(lab->work);
}

static int start(const struct labs *labs, const struct lab *lab, enum variant variant)
{
	struct error e;

	forget(lab);
	if (!lab_start(labs, lab, variant, &e))
		return 0;
	report(false, NULL, "lab %u can be started: %s", lab->number, e.text);
	return -1;
}

static void prove_unsolved(const struct labs *labs, const struct lab *lab)
{
	if (start(labs, lab, VARIANT_UNSOLVED))
		return;
	for (size_t i = 0; i < lab->nchecks; i++) {
		char log[900];
		enum outcome outcome = check(labs, lab, &lab->checks[i], log, sizeof(log));

		report(outcome == OUTCOME_WRONG, log, "lab %u unsolved: %s says what is wrong (%s)",
		       lab->number, lab->checks[i].name, outcome_names[outcome]);
	}
}

static void prove_solved(const struct labs *labs, const struct lab *lab)
{
	if (start(labs, lab, VARIANT_SOLVED))
		return;
	for (size_t i = 0; i < lab->nchecks; i++) {
		char log[900];
		enum outcome outcome = check(labs, lab, &lab->checks[i], log, sizeof(log));

		report(outcome == OUTCOME_PASSED, log, "lab %u solved: %s passes (%s)", lab->number,
		       lab->checks[i].name, outcome_names[outcome]);
	}
}

struct mistake {
	char region[REGION_ID_MAX];
	char caught_by[32];
	char outcome[32];
	const char *lines;
};

static int read_mistake(const char *text, struct mistake *mistake)
{
	int n = 0;

	if (sscanf(text, "region %15s\ncaught by %31s as %31[^\n]\n%n", mistake->region,
		   mistake->caught_by, mistake->outcome, &n) != 3 ||
	    !n)
		return -EINVAL;
	/* The format's end swallows the indent of the first line, which no compiler misses. */
	mistake->lines = text + n;
	return 0;
}

/* Puts the mistake's lines into the student's file that has the region. */
static bool make(const struct lab *lab, const struct mistake *mistake)
{
	for (size_t i = 0; i < lab->nfiles; i++) {
		const char *slash = strrchr(lab->files[i], '/');
		struct marked marked;
		char path[1200], *text, *with;
		struct error e;
		bool here;

		snprintf(path, sizeof(path), "%s/%s", lab->work, slash ? slash + 1 : lab->files[i]);
		if (read_text(path, &text, &e) || marked_parse(&marked, path, text, &e))
			return false;
		free(text);
		here = marked_find(&marked, mistake->region);
		if (here) {
			with = marked_with(&marked, mistake->region, mistake->lines);
			here = !write_text(path, with, &e);
			free(with);
		}
		marked_free(&marked);
		if (here)
			return true;
	}
	return false;
}

static void prove_mistake(const struct labs *labs, const struct lab *lab, const char *name)
{
	char path[900], log[900];
	struct mistake mistake;
	const struct check *meant;
	enum outcome outcome;
	struct error e;
	char *text;

	snprintf(path, sizeof(path), "%s/wrong/%s", lab->folder, name);
	if (read_text(path, &text, &e)) {
		report(false, NULL, "mistake %s can be read: %s", name, e.text);
		return;
	}
	if (start(labs, lab, VARIANT_SOLVED) == 0) {
		if (read_mistake(text, &mistake) || !make(lab, &mistake) ||
		    !(meant = lab_find_check(lab, mistake.caught_by))) {
			report(false, NULL, "mistake %s names a region and a check", name);
		} else {
			outcome = check(labs, lab, meant, log, sizeof(log));
			report(strcmp(outcome_names[outcome], mistake.outcome) == 0, log,
			       "lab %u, %s: caught by %s (%s)", lab->number, name, meant->name,
			       outcome_names[outcome]);
		}
	}
	free(text);
}

static int is_mistake(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void prove_mistakes(const struct labs *labs, const struct lab *lab)
{
	struct dirent **entries;
	char folder[700];
	int n;

	snprintf(folder, sizeof(folder), "%s/wrong", lab->folder);
	n = scandir(folder, &entries, is_mistake, alphasort);
	for (int i = 0; i < n; i++) {
		prove_mistake(labs, lab, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int main(int argc, char **argv)
{
	const struct lab *lab;
	struct labs labs;
	char root[512];
	struct error e;

	if (argc < 3 || !getenv("BYPASS_LAB_WORK")) {
		fprintf(stderr, "usage: BYPASS_LAB_WORK=DIR prove LAB unsolved|solved|mistakes|"
				"mistake NAME\n");
		return 2;
	}
	if (results_project_root(root, sizeof(root), &e) || labs_load(&labs, root, &e)) {
		fprintf(stderr, "prove: %s\n", e.text);
		return 2;
	}
	lab = labs_find(&labs, argv[1]);
	if (!lab) {
		fprintf(stderr, "prove: there is no lab '%s'\n", argv[1]);
		return 2;
	}
	if (strcmp(argv[2], "unsolved") == 0)
		prove_unsolved(&labs, lab);
	else if (strcmp(argv[2], "solved") == 0)
		prove_solved(&labs, lab);
	else if (strcmp(argv[2], "mistakes") == 0)
		prove_mistakes(&labs, lab);
	else if (argc == 4)
		prove_mistake(&labs, lab, argv[3]);
	forget(lab);
	labs_free(&labs);
	printf("lab %s, %s: %u passed, %u failed\n", argv[1], argv[2], passed, failed);
	return failed != 0 || !passed;
}
