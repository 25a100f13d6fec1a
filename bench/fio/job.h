/* SPDX-License-Identifier: MIT */
/* A cell as a section of an fio job file. */
#ifndef BYPASS_FIO_JOB_H
#define BYPASS_FIO_JOB_H

#include <stdio.h>

#include "core/workload.h"
#include "fio/engine.h"

struct fio_place {
	const char *directory; /* or NULL */
	const char *filename;  /* in it, or a path of its own */
	bool prepared;         /* the page cache is already as the cell wants it */
	bool seeded;
	uint64_t seed;
};

/* Can fio do this? 0, or -EOPNOTSUPP with why not and what would do. */
int fio_job_check(const struct workload *w, const struct fio_engine *engine,
		  struct unavailable *why);
/* Whether the first touch of each block is what fio measures of a mapping, or later accesses. */
bool fio_job_first_touch(const struct workload *w);
/* The section, for a workload that passed the check. */
void fio_job_write(FILE *out, const char *section, const struct workload *w,
		   const struct fio_engine *engine, const struct fio_place *place);
/* @text as the name of a section: what fio would misread becomes '-'. */
void fio_job_section(char *section, size_t size, const char *text);

#endif
