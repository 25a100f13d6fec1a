// SPDX-License-Identifier: MIT
#include "tests/fixture_async.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/pattern.h"

#define BS    ASYNC_BS
#define DEPTH ASYNC_DEPTH

struct async_fixture async;

static void note(struct path_job *j, struct path_io *io, int result)
{
	async.ended[io - j->ios]++;
	async.nended++;
	async.last_error = result;
}

void async_set_up(const char *name)
{
	async.path = path_find(name);
	cr_assert_not_null(async.path);
	workload_defaults(&async.workload);
	strcpy(async.workload.path, name);
	async.workload.rw = RW_RANDRW;
	async.workload.bs = BS;
	async.workload.size = (uint64_t)BS * ASYNC_NBLOCKS;
	async.workload.iodepth = DEPTH;
	cr_assert_eq(target_parse(&async.target, "file:.", &async.error), 0, "%s",
		     async.error.text);
	cr_assert_eq(target_probe(&async.target, &async.error), 0, "%s", async.error.text);
	cr_assert_eq(target_open(&async.target, async.workload.size, true, &async.error), 0, "%s",
		     async.error.text);
	async.job = (struct path_job){.workload = &async.workload,
				      .target = &async.target,
				      .ios = async.ios,
				      .done = note,
				      .fd = -1,
				      .patience_ns = PATH_PATIENCE_NS};
	async.job.buffer = aligned_alloc(BS, DEPTH * BS);
	cr_assert_not_null(async.job.buffer);
	for (unsigned int i = 0; i < DEPTH; i++)
		async.ios[i] = (struct path_io){.buffer = (char *)async.job.buffer + i * BS,
						.offset = (uint64_t)i * BS};
}

void async_tear_down(void)
{
	interrupted_signal = 0;
	if (async.job.own)
		async.path->close(&async.job);
	free(async.job.buffer);
	target_close(&async.target);
}

void async_open(void)
{
	if (async.path->probe(&async.workload, &async.target, &async.why) != 0) {
		cr_assert_neq(async.why.reason[0], '\0');
		cr_assert_neq(async.why.remedy[0], '\0');
		cr_skip_test("%s; %s", async.why.reason, async.why.remedy);
	}
	cr_assert_eq(async.path->open(&async.job, &async.error), 0, "%s", async.error.text);
}

void async_start(void)
{
	for (unsigned int i = 0; i < DEPTH; i++)
		cr_assert_eq(async.path->start(&async.job, &async.ios[i]), 0);
}

void async_make_writes(uint64_t generation)
{
	for (unsigned int i = 0; i < DEPTH; i++) {
		async.ios[i].write = true;
		pattern_fill(async.ios[i].buffer, BS);
		pattern_stamp_block(async.ios[i].buffer, BS, async.ios[i].offset, generation);
	}
}

void async_check_reads(void)
{
	struct pattern_fault fault;

	for (unsigned int i = 0; i < DEPTH; i++)
		cr_assert_eq(pattern_check(async.ios[i].buffer, BS, async.ios[i].offset, 1, &fault),
			     0, "%s", fault.what);
}

void async_test_ends_each_once(void)
{
	async_open();
	async_start();
	cr_assert_eq(async.path->reap(&async.job, DEPTH), DEPTH);
	for (unsigned int i = 0; i < DEPTH; i++)
		cr_assert_eq(async.ended[i], 1);
	cr_assert_eq(async.last_error, 0);
	async_check_reads();
}

void async_test_waits_for_as_many_as_told(void)
{
	unsigned int left = DEPTH;

	async_open();
	async_start();
	while (left) {
		int n = async.path->reap(&async.job, left < 3 ? left : 3);

		cr_assert_geq(n, left < 3 ? (int)left : 3);
		left -= (unsigned int)n;
		cr_assert_eq(async.nended, DEPTH - left);
	}
}

void async_test_looks_without_waiting(void)
{
	async_open();
	cr_assert_eq(async.path->reap(&async.job, 0), 0);
	async_start();
	while (async.nended < DEPTH)
		cr_assert_geq(async.path->reap(&async.job, 0), 0);
	cr_assert_eq(async.nended, DEPTH);
	async_check_reads();
}

void async_test_writes(void)
{
	struct pattern_fault fault;

	async_open();
	async_make_writes(2);
	async_start();
	cr_assert_eq(async.path->reap(&async.job, DEPTH), DEPTH);
	cr_assert_eq(async.last_error, 0);
	cr_assert_eq(pread(async.target.fd, async.job.buffer, BS, BS), BS);
	cr_assert_eq(pattern_check(async.job.buffer, BS, BS, 2, &fault), 0, "%s", fault.what);
}

void async_test_error_of_an_operation(void)
{
	async_open();
	async.ios[0].offset = 1; /* O_DIRECT takes whole blocks */
	cr_assert_eq(async.path->start(&async.job, &async.ios[0]), 0);
	cr_assert_eq(async.path->reap(&async.job, 1), 1);
	cr_assert_eq(async.last_error, -EINVAL);
}

void async_test_short_is_an_error(void)
{
	async_open();
	async.ios[0].offset = async.workload.size; /* behind the end: 0 bytes */
	cr_assert_eq(async.path->start(&async.job, &async.ios[0]), 0);
	cr_assert_eq(async.path->reap(&async.job, 1), 1);
	cr_assert_eq(async.last_error, -EIO);
}

void async_test_comes_back_from_nothing(void)
{
	async_open();
	cr_assert_eq(async.path->reap(&async.job, 1), 0);
	interrupted_signal = SIGINT;
	cr_assert_eq(async.path->reap(&async.job, 1), 0);
}

void async_test_closes_in_flight(void)
{
	async_open();
	async_start();
	cr_assert_geq(async.path->reap(&async.job, 1), 1);
	/* Given to the kernel, and perhaps still there when the path is closed. */
	for (unsigned int i = 0; i < DEPTH; i++) {
		if (async.ended[i])
			cr_assert_eq(async.path->start(&async.job, &async.ios[i]), 0);
	}
	cr_assert_geq(async.path->reap(&async.job, 0), 0);
	/* All have ended before the buffers are the caller's again; nobody is told of them. */
	async.nended = 0;
	async.path->close(&async.job);
	cr_assert_eq(async.nended, 0);
	cr_assert_null(async.job.own);
	cr_assert_eq(async.job.fd, -1);
	async_check_reads();
}

static void *other_thread(void *unused)
{
	async_open();
	async_start();
	async.path->reap(&async.job, DEPTH);
	async.path->close(&async.job);
	return unused;
}

void async_test_lives_on_another_thread(void)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, other_thread, NULL), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(async.nended, DEPTH);
	async_check_reads();
}

void async_test_durable(void)
{
	async.workload.durability = DURABILITY_DATA;
	async_open();
	cr_assert(fcntl(async.job.fd, F_GETFL) & O_DSYNC);
	cr_assert(fcntl(async.job.fd, F_GETFL) & O_DIRECT);
}
