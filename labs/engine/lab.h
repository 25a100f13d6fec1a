/* SPDX-License-Identifier: MIT */
/*
 * A lab: what labs/NN-name/lab.ini says, and the work on it.
 *
 *   [lab]          title=, hours=, where= (any: user space on any Linux; vm: the testbed),
 *                  files= (the reference sources with this lab's regions, by blanks),
 *                  link= (userdrv or bench: what a check program is linked with; pathfs or
 *                  minipmem: the module that a check script loads; none), record= (1: the
 *                  student's code calls ud_record, which check.c has)
 *   [check NAME]   sentence= (what must hold), regions= (by blanks), points=
 *
 * check.c is the program of all checks (engine/check.h), or check.sh the script
 * (engine/check-lib.sh). hints/NAME.md has the hints of a check, separated by lines of "---".
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

/*
 * Builds @check with the student's regions in the reference and runs it. All that was said on the
 * way is in @log (a path; made anew). Never fails: what can't be done is OUTCOME_BROKEN, its reason
 * in the log. @debug: under gdb, on the terminal.
 */
enum outcome lab_check(const struct labs *labs, const struct lab *lab, const struct check *check,
		       const char *log, bool debug);

#endif
