/* SPDX-License-Identifier: MIT */
/*
 * Marked regions of the reference sources: what a lab leaves out, and where a student's work goes
 * in again. Before a region stands a comment, LAB 4.1: TASK => STUB, behind it LAB end; the grammar
 * is in labs/README.md.
 */
#ifndef LABS_MARKERS_H
#define LABS_MARKERS_H

#include <stddef.h>

#include "core/error.h"

#define REGION_ID_MAX 16

struct region {
	char id[REGION_ID_MAX]; /* "4.1" */
	unsigned int lab;       /* 4 */
	char *text;             /* owned: what the student reads */
	char *stub;             /* owned: one line of code, or empty */
	size_t marker;          /* offset of the marker's line */
	size_t begin, end;      /* the lines between the markers: [begin, end) */
	size_t after;           /* offset behind the end marker's line */
	unsigned int line;      /* of begin, from 1 */
	size_t indent;          /* characters before the marker */
};

struct marked {
	const char *name; /* of the file, for sentences; the caller's */
	char *source;     /* owned, NUL-terminated */
	struct region *regions;
	size_t count;
};

/*
 * Finds the regions of @source (copied). -EINVAL with a sentence that names file and line: a marker
 * that isn't one, an end without a begin, one inside another, one twice.
 */
int marked_parse(struct marked *marked, const char *name, const char *source, struct error *e);
void marked_free(struct marked *marked);
const struct region *marked_find(const struct marked *marked, const char *id);
/* How many regions are of @lab. */
size_t marked_count(const struct marked *marked, unsigned int lab);
/*
 * What a student of @lab gets: its regions hold their stubs, and markers of other labs are gone.
 * The caller frees it.
 */
char *marked_cut(const struct marked *marked, unsigned int lab);
/* The same with the reference's own lines in the regions: the lab, solved. The caller frees it. */
char *marked_solution(const struct marked *marked, unsigned int lab);
/* All regions of all labs are stubs, and no markers are left. The caller frees it. */
char *marked_stubs(const struct marked *marked);
/* The file with @lines (whole lines) in region @id, which it has. The caller frees it. */
char *marked_with(const struct marked *marked, const char *id, const char *lines);
/*
 * The reference with the student's lines in each of the @nids regions, each wrapped in #line so
 * that a compiler names the student's file. -EINVAL with a sentence if the student's file has lost
 * a marker. The caller frees *@spliced.
 */
int marked_splice(const struct marked *reference, const struct marked *student,
		  const char *const *ids, size_t nids, char **spliced, struct error *e);

#endif
