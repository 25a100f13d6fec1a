/* SPDX-License-Identifier: MIT */
/* What the paths share that use a file or a disk through a file descriptor. */
#ifndef BYPASS_FILE_IO_H
#define BYPASS_FILE_IO_H

#include "paths/path.h"

/*
 * Does the (probed, not yet opened) target take this workload with O_DIRECT? 0, or -EOPNOTSUPP with
 * the why.
 */
int file_io_probe_direct(const struct workload *w, const struct target *t, struct unavailable *why);
/* Opens the target anew with @flags, plus O_DSYNC where the workload asks for durable data. */
int file_io_open(struct path_job *job, int flags, struct error *e);
/* pread or pwrite. */
int file_io_submit(struct path_job *job, uint64_t offset, bool write);
void file_io_close(struct path_job *job);

#endif
