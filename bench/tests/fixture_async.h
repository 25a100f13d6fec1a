/* SPDX-License-Identifier: MIT */
/* One job of an asynchronous path on a real file, driven by hand. */
#ifndef BYPASS_FIXTURE_ASYNC_H
#define BYPASS_FIXTURE_ASYNC_H

#include "paths/path.h"

#define ASYNC_BS      4096u
#define ASYNC_DEPTH   8u
#define ASYNC_NBLOCKS 64u

extern struct async_fixture {
	struct target target;
	struct workload workload;
	struct path_job job;
	struct path_io ios[ASYNC_DEPTH];
	const struct path_ops *path;
	struct unavailable why;
	struct error error;
	unsigned int ended[ASYNC_DEPTH], nended; /* how often each operation ended, and all */
	int last_error;
} async;

/* A file in the folder that the test runs in: a real file system more often than /tmp is. */
void async_set_up(const char *name);
void async_tear_down(void);
/* Opens the path, or leaves the test where it says that it can't run, and why. */
void async_open(void);
/* All operations: reads of the first blocks, unless a test changed them. */
void async_start(void);
void async_make_writes(uint64_t generation);
/* What was read by all of them is what the file had at first. */
void async_check_reads(void);
/* What all paths of this kind promise. */
void async_test_ends_each_once(void);
void async_test_waits_for_as_many_as_told(void);
void async_test_looks_without_waiting(void);
void async_test_writes(void);
void async_test_error_of_an_operation(void);
void async_test_short_is_an_error(void);
void async_test_comes_back_from_nothing(void);
void async_test_closes_in_flight(void);
void async_test_lives_on_another_thread(void);
void async_test_durable(void);

#endif
