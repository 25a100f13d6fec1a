/* SPDX-License-Identifier: MIT */
/* Loads and stores through a mapping, shared by the mmap paths. */
#ifndef BYPASS_MAPPING_H
#define BYPASS_MAPPING_H

#include "paths/path.h"

/*
 * Maps the job's region afresh with @flags (MAP_SHARED, MAP_PRIVATE, ...) and the options' advice,
 * and chooses job->submit: copy or touch, followed by msync where the workload asks for durable
 * data.
 */
int mapping_open(struct path_job *job, int flags, struct error *e);
/* Copies the whole block. The .submit of every mapping path. */
int mapping_copy(struct path_job *job, uint64_t offset, bool write);
/* One load or store for each page of the block. */
int mapping_touch(struct path_job *job, uint64_t offset, bool write);
/* Either, as the workload says. */
int mapping_access(struct path_job *job, uint64_t offset, bool write);
void mapping_close(struct path_job *job);

#endif
