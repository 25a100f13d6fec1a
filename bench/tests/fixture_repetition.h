/* SPDX-License-Identifier: MIT */
/* One repetition, on paths of the test's own that only write down what is asked of them. */
#ifndef BYPASS_FIXTURE_REPETITION_H
#define BYPASS_FIXTURE_REPETITION_H

#include "core/repetition.h"

#define ONCE_BS      4096u
#define ONCE_NBLOCKS 256u
#define ONCE_LOG_MAX 100000u

extern struct repetition_fixture {
	struct clock clock;
	struct cell cell;
	struct target target;
	struct repetition_context context;
	struct repetition result;
	struct error error;
} once;

/* What the test's own paths were asked to do, by all jobs together. */
extern struct repetition_log {
	uint64_t offsets[ONCE_LOG_MAX];
	unsigned int ncalls, nopened, nclosed;
	uint64_t sizes_seen; /* sum of the block sizes of all operations */
} asked;

/* At which call they do what; 0: never. */
extern struct repetition_plan {
	unsigned int fail_at, fail_open_at, interrupt_at, nap_at;
} own;

extern const struct path_ops own_plain, own_mapping, own_private_mapping;

/* Of these, for paths that do the rest differently. */
int own_open(struct path_job *job, struct error *e);
int own_submit(struct path_job *job, uint64_t offset, bool write);
void own_close(struct path_job *job);

/* Criterion's init and fini: own_plain, no target, on the clock of nanoseconds. */
void once_set_up(void);
void once_tear_down(void);
/* Another target than none, laid out. */
void once_use_target(const char *text, uint64_t nbytes);
/* A real file of our own instead of no target, and a real path. */
void once_use_file(const char *path);
/* The evidence and status of the cell, not its workload. */
void once_forget_cell(void);
/* Each must come to its end; results are in once.result. */
void once_timed(void);
void once_witnessed(void);
/* The timed pass must fail with @error. */
void once_fails(int error);
/* Fails the test if nothing is said about @claim. */
const struct evidence *once_evidence(const char *claim, enum phase phase);
/* The first operations visited all blocks, and none twice. */
void once_each_block_once(void);

#endif
