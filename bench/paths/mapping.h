/* SPDX-License-Identifier: MIT */
/* Loads and stores through a mapping, shared by the mmap paths. */
#ifndef BYPASS_MAPPING_H
#define BYPASS_MAPPING_H

#include "paths/path.h"

/* Maps the job's region afresh with @flags (MAP_SHARED, MAP_PRIVATE, ...) and the options' advice.
 */
int mapping_open(struct path_job *job, int flags, struct error *e);
int mapping_submit(struct path_job *job, uint64_t offset, bool write);
/* The same, then msync of the block: what makes a store to a shared mapping durable. */
int mapping_submit_msync(struct path_job *job, uint64_t offset, bool write);
void mapping_close(struct path_job *job);

#endif
