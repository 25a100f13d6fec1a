// SPDX-License-Identifier: MIT
/* The io_uring paths on a real file: what is started ends once, with the right bytes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/pattern.h"
#include "paths/path.h"

#define BS      4096u
#define DEPTH   8u
#define NBLOCKS 64u

static struct target target;
static struct workload workload;
static struct path_job job;
static struct path_io ios[DEPTH];
static struct unavailable why;
static struct error error;
static const struct path_ops *uring;
static unsigned int ended[DEPTH], nended;
static int last_error;

static void note(struct path_job *j, struct path_io *io, int result)
{
	ended[io - j->ios]++;
	nended++;
	last_error = result;
}

/* The folder that the test runs in: a real file system more often than /tmp is. */
static void set_up(void)
{
	uring = path_find("uring");
	workload_defaults(&workload);
	strcpy(workload.path, "uring");
	workload.rw = RW_RANDRW;
	workload.bs = BS;
	workload.size = (uint64_t)BS * NBLOCKS;
	workload.iodepth = DEPTH;
	cr_assert_eq(target_parse(&target, "file:.", &error), 0, "%s", error.text);
	cr_assert_eq(target_probe(&target, &error), 0, "%s", error.text);
	cr_assert_eq(target_open(&target, workload.size, true, &error), 0, "%s", error.text);
	job = (struct path_job){
		.workload = &workload, .target = &target, .ios = ios, .done = note, .fd = -1};
	job.buffer = aligned_alloc(BS, DEPTH * BS);
	cr_assert_not_null(job.buffer);
	for (unsigned int i = 0; i < DEPTH; i++)
		ios[i] = (struct path_io){.buffer = (char *)job.buffer + i * BS,
					  .offset = (uint64_t)i * BS};
}

static void tear_down(void)
{
	interrupted_signal = 0;
	if (job.own)
		uring->close(&job);
	free(job.buffer);
	target_close(&target);
}

TestSuite(uring, .init = set_up, .fini = tear_down);

/* Opens the path, or leaves the test where it says that it can't run, and why. */
static void open_or_skip(void)
{
	if (uring->probe(&workload, &target, &why) != 0) {
		cr_assert_neq(why.reason[0], '\0');
		cr_assert_neq(why.remedy[0], '\0');
		cr_skip_test("%s; %s", why.reason, why.remedy);
	}
	cr_assert_eq(uring->open(&job, &error), 0, "%s", error.text);
}

static void start_all(void)
{
	for (unsigned int i = 0; i < DEPTH; i++)
		cr_assert_eq(uring->start(&job, &ios[i]), 0);
}

static void check_read(void)
{
	struct pattern_fault fault;

	for (unsigned int i = 0; i < DEPTH; i++)
		cr_assert_eq(pattern_check(ios[i].buffer, BS, ios[i].offset, 1, &fault), 0, "%s",
			     fault.what);
}

Test(uring, ends_each_operation_once_with_the_right_bytes)
{
	open_or_skip();
	start_all();
	cr_assert_eq(uring->reap(&job, DEPTH), DEPTH);
	for (unsigned int i = 0; i < DEPTH; i++)
		cr_assert_eq(ended[i], 1);
	cr_assert_eq(last_error, 0);
	check_read();
}

Test(uring, waits_for_as_many_as_it_is_told)
{
	unsigned int left = DEPTH;

	open_or_skip();
	start_all();
	while (left) {
		int n = uring->reap(&job, left < 3 ? left : 3);

		cr_assert_geq(n, left < 3 ? (int)left : 3);
		left -= (unsigned int)n;
		cr_assert_eq(nended, DEPTH - left);
	}
}

Test(uring, looks_without_waiting_when_told_to_wait_for_none)
{
	open_or_skip();
	cr_assert_eq(uring->reap(&job, 0), 0);
	start_all();
	while (nended < DEPTH)
		cr_assert_geq(uring->reap(&job, 0), 0);
	cr_assert_eq(nended, DEPTH);
	check_read();
}

Test(uring, writes_what_a_later_read_finds)
{
	struct pattern_fault fault;

	open_or_skip();
	for (unsigned int i = 0; i < DEPTH; i++) {
		ios[i].write = true;
		pattern_fill(ios[i].buffer, BS);
		pattern_stamp_block(ios[i].buffer, BS, ios[i].offset, 2);
	}
	start_all();
	cr_assert_eq(uring->reap(&job, DEPTH), DEPTH);
	cr_assert_eq(last_error, 0);
	cr_assert_eq(pread(target.fd, job.buffer, BS, BS), BS);
	cr_assert_eq(pattern_check(job.buffer, BS, BS, 2, &fault), 0, "%s", fault.what);
}

Test(uring, gives_back_the_error_of_the_operation)
{
	open_or_skip();
	ios[0].offset = 1; /* O_DIRECT takes whole blocks */
	cr_assert_eq(uring->start(&job, &ios[0]), 0);
	cr_assert_eq(uring->reap(&job, 1), 1);
	cr_assert_eq(last_error, -EINVAL);
}

Test(uring, short_of_a_block_is_an_error)
{
	open_or_skip();
	ios[0].offset = workload.size; /* behind the end: 0 bytes */
	cr_assert_eq(uring->start(&job, &ios[0]), 0);
	cr_assert_eq(uring->reap(&job, 1), 1);
	cr_assert_eq(last_error, -EIO);
}

Test(uring, comes_back_although_nothing_is_in_flight, .timeout = 60)
{
	open_or_skip();
	cr_assert_eq(uring->reap(&job, 1), 0);
	interrupted_signal = SIGINT;
	cr_assert_eq(uring->reap(&job, 1), 0);
}

Test(uring, closes_with_operations_in_flight)
{
	open_or_skip();
	start_all();
	cr_assert_geq(uring->reap(&job, 1), 1);
	for (unsigned int i = 0; i < DEPTH; i++) {
		if (ended[i])
			cr_assert_eq(uring->start(&job, &ios[i]), 0);
	}
	/* All have ended before the buffers are the caller's again; nobody is told of them. */
	nended = 0;
	uring->close(&job);
	cr_assert_eq(nended, 0);
	cr_assert_null(job.own);
	cr_assert_eq(job.fd, -1);
	check_read();
}

static void *other_thread(void *unused)
{
	start_all();
	uring->reap(&job, DEPTH);
	return unused;
}

Test(uring, runs_on_another_thread_than_the_one_that_opened_it)
{
	pthread_t thread;

	open_or_skip();
	cr_assert_eq(pthread_create(&thread, NULL, other_thread, NULL), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(nended, DEPTH);
	check_read();
}

Test(uring, opens_for_durable_writes_with_o_dsync)
{
	workload.durability = DURABILITY_DATA;
	open_or_skip();
	cr_assert(fcntl(job.fd, F_GETFL) & O_DSYNC);
	cr_assert(fcntl(job.fd, F_GETFL) & O_DIRECT);
}

/* As a container or an old kernel would answer io_uring_setup. */
static void answer_io_uring_setup_with(int number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)number),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

Test(uring, that_is_forbidden_says_by_what)
{
	answer_io_uring_setup_with(EPERM);
	target.kind = TARGET_BLOCK; /* whatever the file system here can do */
	cr_assert_eq(uring->probe(&workload, &target, &why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, "forbidden"), "%s", why.reason);
	cr_assert_not_null(strstr(why.remedy, "kernel.io_uring_disabled=0"), "%s", why.remedy);
}

Test(uring, that_the_kernel_does_not_have_says_which_kernel_has_it)
{
	answer_io_uring_setup_with(ENOSYS);
	target.kind = TARGET_BLOCK;
	cr_assert_eq(uring->probe(&workload, &target, &why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, "no io_uring"), "%s", why.reason);
	cr_assert_not_null(strstr(why.remedy, "5.11"), "%s", why.remedy);
}

Test(uring, with_polling_needs_a_driver_with_poll_queues)
{
	target.kind = TARGET_BLOCK;
	target.device.known = true;
	target.device.polled = false;
	strcpy(target.device.name, "nvme0n1");
	if (uring->probe(&workload, &target, &why) != 0)
		cr_skip_test("%s; %s", why.reason, why.remedy);
	cr_assert_eq(path_find("uring-iopoll")->probe(&workload, &target, &why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, "nvme0n1"), "%s", why.reason);
	cr_assert_str_eq(why.remedy, "load nvme with poll_queues=1");
	target.device.polled = true;
	cr_assert_eq(path_find("uring-iopoll")->probe(&workload, &target, &why), 0);
}

Test(uring, of_less_than_a_logical_block_says_how_large_that_is)
{
	target.device.known = true;
	target.device.logical_block = 2 * BS;
	cr_assert_eq(uring->probe(&workload, &target, &why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, "8192"), "%s", why.reason);
}
