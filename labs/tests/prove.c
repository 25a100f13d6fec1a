// SPDX-License-Identifier: MIT
/*
 * Proves a lab's checks: unsolved, each fails; solved as the reference is, each passes; each
 * mistake in labs/NAME/wrong/ is caught by the check that it is meant for, with the outcome that it
 * names.
 *
 *   prove LAB ([times N] unsolved | solved | mistakes | mistake NAME)...
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

#include "core/memory.h"
#include "core/results.h"
#include "engine/lab.h"

/* Variants of the work that are tried at once. */
#define WORKS_MAX 64

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
		struct marked marked;
		char path[1200], *text, *with;
		struct error e;
		bool here;

		snprintf(path, sizeof(path), "%s/%s", lab->work, file_name(lab->files[i]));
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

/* One try, in a folder of its own, and how it must end. */
struct proof {
	char name[64];    /* "unsolved", "solved", or a mistake's */
	char outcome[32]; /* that it must have */
};

struct proofs {
	const struct labs *labs;
	const struct lab *lab;
	struct proof *list;   /* owned, as are */
	struct trial *trials; /* as many */
	struct lab *works;    /* copies of the lab with a work folder for each variant */
	size_t count, nworks;
	unsigned int again; /* how often more a solved one is tried */
};

/* Room for one more work folder; NULL if it can't be begun. */
static struct lab *new_work(struct proofs *p, const char *name, enum variant variant)
{
	struct lab *work = &p->works[p->nworks++];

	*work = *p->lab;
	snprintf(work->work, sizeof(work->work), "%.500s.%.60s", p->lab->work, name);
	return start(p->labs, work, variant) ? NULL : work;
}

static void add(struct proofs *p, const struct lab *work, const struct check *check,
		const char *name, const char *outcome)
{
	struct trial *trial;

	p->trials = memory_append(p->trials, p->count, sizeof(*p->trials));
	p->list = memory_append(p->list, p->count, sizeof(*p->list));
	snprintf(p->list[p->count].name, sizeof(p->list->name), "%.60s", name);
	snprintf(p->list[p->count].outcome, sizeof(p->list->outcome), "%.30s", outcome);
	trial = &p->trials[p->count++];
	*trial = (struct trial){.check = check, .work = work->work};
	if (strcmp(name, "solved") == 0)
		trial->again = p->again;
	snprintf(trial->log, sizeof(trial->log), "%s/%s.log", work->work, check->name);
}

static void add_all(struct proofs *p, enum variant variant)
{
	const char *name = variant == VARIANT_SOLVED ? "solved" : "unsolved";
	const struct lab *work = new_work(p, name, variant);

	for (size_t i = 0; work && i < p->lab->nchecks; i++)
		add(p, work, &p->lab->checks[i], name,
		    outcome_names[variant == VARIANT_SOLVED ? OUTCOME_PASSED : OUTCOME_WRONG]);
}

static void add_mistake(struct proofs *p, const char *name)
{
	const struct lab *work = new_work(p, name, VARIANT_SOLVED);
	const struct check *meant = NULL;
	struct mistake mistake;
	char path[900], *text;
	struct error e;

	snprintf(path, sizeof(path), "%s/wrong/%s", p->lab->folder, name);
	if (!work || read_text(path, &text, &e)) {
		report(false, NULL, "mistake %s can be read", name);
		return;
	}
	if (!read_mistake(text, &mistake))
		meant = lab_find_check(p->lab, mistake.caught_by);
	if (meant && make(work, &mistake))
		add(p, work, meant, name, mistake.outcome);
	else
		report(false, NULL, "mistake %s names a region and a check", name);
	free(text);
}

static int is_mistake(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void add_mistakes(struct proofs *p)
{
	struct dirent **entries;
	char folder[700];
	int n;

	snprintf(folder, sizeof(folder), "%s/wrong", p->lab->folder);
	n = scandir(folder, &entries, is_mistake, alphasort);
	for (int i = 0; i < n; i++) {
		if (p->nworks < WORKS_MAX)
			add_mistake(p, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void show(const struct trial *trial, void *context)
{
	const struct proofs *p = context;
	const struct proof *proof = &p->list[trial - p->trials];

	report(strcmp(outcome_names[trial->outcome], proof->outcome) == 0, trial->log,
	       "lab %u, %s: %s ends with: %s", p->lab->number, proof->name, trial->check->name,
	       outcome_names[trial->outcome]);
}

/* At once, since what runs in the testbed can share a guest. */
static void prove(struct proofs *p)
{
	for (size_t i = 0; i < p->count; i++)
		p->trials[i].tag = p->list[i].name;
	lab_try(p->labs, p->lab, p->trials, p->count, show, p);
	for (size_t i = 0; i < p->nworks; i++)
		forget(&p->works[i]);
	free(p->works);
	free(p->list);
	free(p->trials);
}

static int parse(struct proofs *p, int argc, char **argv)
{
	for (int i = 2; i < argc && p->nworks < WORKS_MAX; i++) {
		if (strcmp(argv[i], "times") == 0 && i + 1 < argc &&
		    strtoul(argv[i + 1], NULL, 10) > 0)
			p->again = (unsigned int)strtoul(argv[++i], NULL, 10) - 1;
		else if (strcmp(argv[i], "unsolved") == 0)
			add_all(p, VARIANT_UNSOLVED);
		else if (strcmp(argv[i], "solved") == 0)
			add_all(p, VARIANT_SOLVED);
		else if (strcmp(argv[i], "mistakes") == 0)
			add_mistakes(p);
		else if (strcmp(argv[i], "mistake") == 0 && i + 1 < argc)
			add_mistake(p, argv[++i]);
		else
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct proofs p = {.count = 0};
	struct labs labs;
	char root[512];
	struct error e;

	if (results_project_root(root, sizeof(root), &e) || labs_load(&labs, root, &e)) {
		fprintf(stderr, "prove: %s\n", e.text);
		return 2;
	}
	p.labs = &labs;
	p.lab = argc >= 3 ? labs_find(&labs, argv[1]) : NULL;
	p.works = memory_zeroed(WORKS_MAX, sizeof(*p.works));
	if (!p.lab || !getenv("BYPASS_LAB_WORK") || parse(&p, argc, argv)) {
		fprintf(stderr, "usage: BYPASS_LAB_WORK=DIR prove LAB "
				"([times N] unsolved | solved | mistakes | mistake NAME)...\n");
		return 2;
	}
	prove(&p);
	labs_free(&labs);
	printf("lab %s: %u as it must be, %u not\n", argv[1], passed, failed);
	return failed != 0 || !passed;
}
