/* SPDX-License-Identifier: MIT */
/* A job section while it is being read: import.c reads the lines, import_job.c knows the options.
 */
#ifndef BYPASS_FIO_IMPORT_JOB_H
#define BYPASS_FIO_IMPORT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/workload.h"

struct import_job {
	struct workload workload;
	char ioengine[32];
	char filename[200], directory[200];
	bool direct, hipri, sqthread_poll;
	bool stonewall;            /* starts when the jobs before have ended */
	bool has_size;             /* else fio takes the whole file */
	bool warm, evicted;        /* pre_read=1 or invalidate=0; invalidate=1: said so */
	uint64_t io_size;          /* bytes to be moved; 0: not said */
	uint64_t offset_increment; /* 0: not said */
};

/* What fio takes where a job says nothing. */
void import_job_defaults(struct import_job *job);
/* @value "" where the line has only a name. The sentence says nothing of the line. */
int import_job_set(struct import_job *job, const char *name, const char *value, struct error *e);
/* Completes and checks the workload of a job that was read to its end. */
int import_job_finish(struct import_job *job, struct error *e);

#endif
