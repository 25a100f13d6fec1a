/* SPDX-License-Identifier: MIT */
/*
 * The cells of a run as the reports show them: in groups that may be compared, best first. This
 * is the one place that decides what is ranked against what.
 */
#ifndef BYPASS_REPORT_ROWS_H
#define BYPASS_REPORT_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/run.h"

#define CELL_NAME_MAX 320

/* One pass of a measured cell. */
struct row {
	const struct cell *cell;
	const struct pass_summary *pass;
	char name[CELL_NAME_MAX]; /* the cell's name, and which pass where a mapping has two */
};

struct group {
	const char *name;
	enum durability durability;
	/*
	 * The first @nranked rows are ranked, best first. Up to @nfigures follow, best first too,
	 * the second passes over mappings: an access to what is mapped is no I/O, and next to it
	 * all I/O is slow. The others were measured in emulated time and are no figures: in the
	 * order of the suite.
	 */
	struct row *rows;
	size_t nrows, nranked, nfigures;
	const struct cell **cells; /* all of the group, refuted and unavailable too */
	size_t ncells;
};

/* Groups in the order in which they first appear. 0 or -ENOMEM; groups_free() releases them. */
int groups_make(const struct run *run, struct group **groups, size_t *ngroups);
void groups_free(struct group *groups, size_t ngroups);

/*
 * The path of @cell and what the suite's rows= tells of it. Where the group has that path more than
 * once - on two targets of one medium, with and without an option - whatever differs among those is
 * in the name too.
 */
void group_cell_name(const struct group *group, const struct cell *cell, char name[CELL_NAME_MAX]);
/* What rows are ranked by: work + irq, lower is better; or I/Os per second, higher is better. */
const struct quantity *row_metric(enum run_clock clock, const struct row *row);
/* Whether the accesses of @row were to what is mapped: no page fault and no system call. */
bool row_stays_mapped(const struct row *row);
/* What stands above the rows from @nranked to @nfigures. */
const char *group_again_heading(const struct group *group);
/* Repetitions of the figure that has fewest: what an interval over them can claim. */
size_t group_repetitions(const struct group *group);
/* The first claim of @cell that was contradicted, or NULL. */
const struct evidence *cell_refuted_claim(const struct cell *cell);
/* "REFUTED", "UNAVAIL", "FAILED" or "NOT RUN" for a cell without rows. */
const char *cell_state_word(const struct cell *cell);
/*
 * Why a cell has no rows, as one sentence with its remedy; malloc'd. NULL without memory.
 */
char *cell_why(const struct cell *cell);
/*
 * What is to be said of a device that had not settled while it was written to (SNIA's rule), as one
 * sentence; malloc'd. NULL if there is nothing to say, or without memory.
 */
char *cell_unsteady(const struct cell *cell);
/*
 * Why the second pass of a durable write through a mapping costs as much as the first, as one
 * sentence; malloc'd. NULL if it doesn't, or without memory.
 */
char *cell_refaults(const struct cell *cell);
/*
 * On which nodes threads and memory were, and whether that is local or remote: the caller frees it;
 * NULL if the workload doesn't say.
 */
char *cell_placement(const struct cell *cell);
size_t cell_claims_held(const struct cell *cell);
/* Whether its numbers are emulated time, which is no figure and is never ranked. */
bool cell_time_is_emulated(const struct run *run, const struct cell *cell);

#endif
