/* SPDX-License-Identifier: MIT */
/*
 * A lab: what labs/NN-name/lab.ini says, and the work on it.
 *
 *   [lab]          title=, hours=, where= (any: user space on any Linux; vm: the testbed),
 *                  files= (by blanks, from the project's root: the reference sources with this
 *                  lab's regions, and what stands in labs/NN-name/reference/ for it), link=
 *                  (userdrv or bench: what the program of the checks is linked with; pathfs or
 *                  minipmem: the module that is built; none), record= (1: the student's code calls
 *                  ud_record, which check.c has)
 *   [check NAME]   sentence= (what must hold), regions= (by blanks), points=, seconds= (that a
 *                  check in user space may take, if the usual ones are too few)
 *
 * where=any: check.c is the program of all checks (engine/check.h). where=vm: check.sh observes in
 * the guest (engine/check-lib.sh), verdict.sh judges on the host (engine/verdict-lib.sh), check.c
 * is a program for check.sh, if there is one. A header in files= that has the check's regions lies
 * in reference/ and is included by its name alone, so that it is found before the reference's.
 * hints/NAME.md has the hints of a check, separated by lines of "---".
 */
#ifndef LABS_LAB_H
#define LABS_LAB_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "engine/markers.h"

#define LAB_REGIONS_MAX 16

enum lab_link { LINK_NONE, LINK_USERDRV, LINK_BENCH, LINK_PATHFS, LINK_MINIPMEM };

struct check {
	char name[32];
	char *sentence; /* owned */
	char regions[LAB_REGIONS_MAX][REGION_ID_MAX];
	size_t nregions;
	unsigned int points;
	unsigned int seconds; /* 0: the usual limits */
};

struct lab {
	unsigned int number;
	char name[64];    /* "04-io-queues" */
	char folder[600]; /* of the handout and the checks */
	char work[600];   /* of the student; below BYPASS_LAB_WORK if that is set, for tests */
	char *title;      /* owned */
	char hours[16];
	bool vm;
	enum lab_link link;
	bool record;  /* the student's code tells ud_record of each access (userdrv/src/mmio.h) */
	char **files; /* owned: paths from the project's root */
	size_t nfiles;
	struct check *checks; /* owned */
	size_t nchecks;
};

/* The project's root, without '/' at its end. */
struct labs {
	char root[512];
	struct lab *list; /* owned; by number */
	size_t count;
};

/* All labs there are. A lab.ini that can't be read is an error with a sentence. */
int labs_load(struct labs *labs, const char *root, struct error *e);
void labs_free(struct labs *labs);
/* One, from what its lab.ini says; @lab has its name and folder. lab_free() it in any case. */
int lab_parse(struct lab *lab, const char *text, struct error *e);
void lab_free(struct lab *lab);
/* By number ("4") or name; NULL: none. */
const struct lab *labs_find(const struct labs *labs, const char *name);
const struct check *lab_find_check(const struct lab *lab, const char *name);

/*
 * What a student may hand in: nothing done; all done as in the reference; or that with one mistake,
 * a file labs/NAME/wrong/MISTAKE: a line "region ID", a line "caught by CHECK as OUTCOME", then the
 * lines of the region.
 */
enum variant { VARIANT_UNSOLVED, VARIANT_SOLVED };

/* work.c: the student's tree. */
bool lab_started(const struct lab *lab);
/* Writes it; -EEXIST if there is one already. */
int lab_start(const struct labs *labs, const struct lab *lab, enum variant variant,
	      struct error *e);
/* Moves what there is to a folder beside it, named in @kept, and starts anew. */
int lab_reset(const struct labs *labs, const struct lab *lab, char *kept, size_t size,
	      struct error *e);
/* What stands behind the last '/'. */
const char *file_name(const char *path);
/* Reads a whole file; the caller frees *@text. */
int read_text(const char *path, char **text, struct error *e);
int write_text(const char *path, const char *text, struct error *e);
/* mkdir -p of the folder that @path is in. */
int make_folders(const char *path, struct error *e);

/* outcome.c: what became of a check. */
enum outcome {
	OUTCOME_PASSED,
	OUTCOME_WRONG,  /* the check says what it expected and saw */
	OUTCOME_BUILD,  /* the student's code doesn't compile */
	OUTCOME_CRASH,  /* it was ended by a signal, a sanitizer or the kernel's oops */
	OUTCOME_HANG,   /* it used up its processor time, or waits for what never comes */
	OUTCOME_BROKEN, /* not the student's fault: a tool or a file is missing */
};

extern const char *const outcome_names[];

/* A student's work, tried by one check. */
struct trial {
	const struct check *check;
	const char *work;   /* the folder of the student's files */
	const char *tag;    /* keeps apart what is built for trials of the same check */
	char log[900];      /* a path; made anew: all that was said on the way */
	unsigned int again; /* so often more, once it was built, as long as it passes */
	enum outcome outcome;
};

/*
 * For each trial builds its check with the student's regions in the reference, and runs it; several
 * that need the testbed share a boot. Never fails: what can't be done is OUTCOME_BROKEN, its reason
 * in the log. @done, if there is one, is told of each outcome as soon as it is known, in the order
 * of the trials.
 */
typedef void trial_done(const struct trial *trial, void *context);
void lab_try(const struct labs *labs, const struct lab *lab, struct trial *trials, size_t ntrials,
	     trial_done *done, void *context);
/*
 * The same for work that somebody handed in: all of it is built and run in the testbed, by a user
 * without rights, and can't see the folder @hidden.
 */
void lab_try_handed_in(const struct labs *labs, const struct lab *lab, struct trial *trials,
		       size_t ntrials, const char *hidden);
/* @trial under gdb, on the terminal. */
void lab_debug(const struct labs *labs, const struct lab *lab, struct trial *trial);

#endif
