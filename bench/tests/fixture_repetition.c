// SPDX-License-Identifier: MIT
#include "tests/fixture_repetition.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/interrupted.h"

struct repetition_fixture once;
struct repetition_log asked;
struct repetition_plan own;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int own_open(struct path_job *job, struct error *e)
{
	(void)job;
	if (asked.nopened + 1 == own.fail_open_at)
		return error_set(e, -EACCES, "own path: no; give another");
	asked.nopened++;
	return 0;
}

void own_close(struct path_job *job)
{
	(void)job;
	asked.nclosed++;
}

int own_submit(struct path_job *job, uint64_t offset, bool write)
{
	unsigned int call;

	(void)write;
	pthread_mutex_lock(&lock);
	call = ++asked.ncalls;
	if (call <= ONCE_LOG_MAX)
		asked.offsets[call - 1] = offset;
	asked.sizes_seen += job->workload->bs;
	pthread_mutex_unlock(&lock);
	if (call == own.interrupt_at)
		interrupted_signal = SIGINT;
	if (call == own.nap_at)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	return call == own.fail_at ? -EIO : 0;
}

const struct path_ops own_plain = {
	.name = "plain", .open = own_open, .submit = own_submit, .close = own_close};
const struct path_ops own_mapping = {.name = "mapping",
				     .traits = PATH_MAPPING | PATH_NOTHING,
				     .open = own_open,
				     .submit = own_submit,
				     .close = own_close};
const struct path_ops own_private_mapping = {.name = "private",
					     .traits = PATH_MAPPING | PATH_PRIVATE | PATH_NOTHING,
					     .open = own_open,
					     .submit = own_submit,
					     .close = own_close};

void once_set_up(void)
{
	clock_init(&once.clock, RUN_CLOCK_NS);
	workload_defaults(&once.cell.workload);
	once.cell.workload.bs = ONCE_BS;
	once.cell.workload.size = (uint64_t)ONCE_BS * ONCE_NBLOCKS;
	cr_assert_eq(target_parse(&once.target, "null:", &once.error), 0);
	once.context = (struct repetition_context){.clock = &once.clock,
						   .ops = &own_plain,
						   .cell = &once.cell,
						   .target = &once.target,
						   .stride = ONCE_BS,
						   .seed = 1,
						   .run_start_ns = clock_raw_ns()};
}

static void forget_result(void)
{
	for (unsigned int p = 0; p < PASSES_MAX; p++)
		free(once.result.pass[p].latency);
	memset(&once.result, 0, sizeof(once.result));
}

void once_tear_down(void)
{
	interrupted_signal = 0;
	forget_result();
	cell_release(&once.cell);
	target_close(&once.target);
}

void once_use_target(const char *text, uint64_t nbytes)
{
	cr_assert_eq(target_parse(&once.target, text, &once.error), 0, "%s", once.error.text);
	cr_assert_eq(target_probe(&once.target, &once.error), 0, "%s", once.error.text);
	cr_assert_eq(target_open(&once.target, nbytes, true, &once.error), 0, "%s",
		     once.error.text);
}

void once_use_file(const char *path)
{
	const char *tmp = getenv("TMPDIR");

	once_use_target(tmp && *tmp ? tmp : "/tmp", once.cell.workload.size);
	once.context.ops = path_find(path);
}

void once_forget_cell(void)
{
	struct workload w = once.cell.workload;

	cell_release(&once.cell);
	memset(&once.cell, 0, sizeof(once.cell));
	once.cell.workload = w;
}

void once_timed(void)
{
	forget_result();
	cr_assert_eq(repetition_timed(&once.context, &once.result, &once.error), 0, "%s",
		     once.error.text);
}

void once_witnessed(void)
{
	cr_assert_eq(repetition_witness(&once.context, &once.error), 0, "%s", once.error.text);
}

void once_fails(int error)
{
	forget_result();
	cr_assert_eq(repetition_timed(&once.context, &once.result, &once.error), error);
}

const struct evidence *once_evidence(const char *claim, enum phase phase)
{
	for (size_t i = 0; i < once.cell.nevidence; i++) {
		const struct evidence *evidence = &once.cell.evidence[i];

		if (strcmp(evidence->claim, claim) == 0 && evidence->phase == phase)
			return evidence;
	}
	cr_assert_fail("nothing is said about '%s'", claim);
	return NULL;
}

void once_each_block_once(void)
{
	unsigned char seen[ONCE_NBLOCKS] = {0};

	for (unsigned int i = 0; i < ONCE_NBLOCKS; i++)
		cr_assert_eq(seen[asked.offsets[i] / ONCE_BS]++, 0);
}
