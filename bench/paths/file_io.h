/* SPDX-License-Identifier: MIT */
/* pread and pwrite, shared by the paths that differ in how the file is opened. */
#ifndef BYPASS_FILE_IO_H
#define BYPASS_FILE_IO_H

#include "paths/path.h"

/* Opens the target anew with @flags, plus O_DSYNC where the workload asks for durable data. */
int file_io_open(struct path_job *job, int flags, struct error *e);
int file_io_submit(struct path_job *job, uint64_t offset, bool write);
void file_io_close(struct path_job *job);

#endif
