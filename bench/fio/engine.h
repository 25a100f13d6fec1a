/* SPDX-License-Identifier: MIT */
/* fio's engines beside our paths: which of them does what a path does. */
#ifndef BYPASS_FIO_ENGINE_H
#define BYPASS_FIO_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "paths/path.h"

struct fio_engine {
	const char *path;     /* ours, or "fio:..." for fio itself */
	const char *ioengine; /* fio's word */
	bool direct;          /* direct=1 */
	bool queue;           /* has an iodepth; its latency counts from the submission on */
	bool mapping;         /* loads and stores */
	bool hipri;           /* io_uring: the kernel polls for completions */
	bool sqthread_poll;   /* io_uring: a thread of the kernel looks for submissions */
};

/* NULL where fio has nothing like that path. */
const struct fio_engine *fio_engine_of(const char *path);
/* Our path for what a job file says; NULL where we have none. */
const char *fio_engine_path(const char *ioengine, bool direct, bool hipri, bool sqthread_poll);

/* The paths "fio:ENGINE" that run fio, in order; NULL at the end (nothing: fio/paths.c). */
const struct path_ops *fio_path(size_t index);

#endif
