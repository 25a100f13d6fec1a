// SPDX-License-Identifier: MIT
/* The io_uring paths on a real file: what is started ends once, with the right bytes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "paths/ring.h"
#include "tests/fixture_async.h"

/* As Linux before 6.1, which knows these flags by no name. */
static bool is_old_kernel;

int io_uring_queue_init(unsigned int entries, struct io_uring *ring, unsigned int flags)
{
	struct io_uring_params parameters = {.flags = flags};

	if (is_old_kernel && (flags & (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)))
		return -EINVAL;
	return io_uring_queue_init_params(entries, ring, &parameters);
}

static void set_up(void)
{
	async_set_up("uring");
}

static void set_up_sqpoll(void)
{
	async_set_up("uring-sqpoll");
}

TestSuite(uring, .init = set_up, .fini = async_tear_down);
TestSuite(sqpoll, .init = set_up_sqpoll, .fini = async_tear_down);

Test(uring, ends_each_operation_once_with_the_right_bytes)
{
	async_test_ends_each_once();
}

Test(uring, waits_for_as_many_as_it_is_told)
{
	async_test_waits_for_as_many_as_told();
}

Test(uring, looks_without_waiting_when_told_to_wait_for_none)
{
	async_test_looks_without_waiting();
}

Test(uring, writes_what_a_later_read_finds)
{
	async_test_writes();
}

Test(uring, gives_back_the_error_of_the_operation)
{
	async_test_error_of_an_operation();
}

Test(uring, short_of_a_block_is_an_error)
{
	async_test_short_is_an_error();
}

Test(uring, comes_back_although_nothing_is_in_flight, .timeout = 60)
{
	async_test_comes_back_from_nothing();
}

Test(uring, closes_with_operations_in_flight)
{
	async_test_closes_in_flight();
}

Test(uring, lives_on_another_thread_than_the_one_that_measures)
{
	async_test_lives_on_another_thread();
}

static unsigned int flags_of_ring(void)
{
	const struct ring *ring = async.job.own;

	return ring->uring.flags;
}

Test(uring, completions_wait_for_the_thread_that_wants_them)
{
	struct io_uring ring;

	if (io_uring_queue_init(1, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN))
		cr_skip_test("this kernel can't defer completions; Linux 6.1 or later");
	io_uring_queue_exit(&ring);
	async_test_ends_each_once();
	cr_expect(flags_of_ring() & IORING_SETUP_DEFER_TASKRUN);
}

Test(uring, of_a_kernel_that_knows_less_does_the_same)
{
	is_old_kernel = true;
	async_test_ends_each_once();
	cr_expect_not(flags_of_ring() & IORING_SETUP_DEFER_TASKRUN);
}

Test(uring, opens_for_durable_writes_with_o_dsync)
{
	async_test_durable();
}

Test(sqpoll, ends_each_operation_once_with_the_right_bytes)
{
	async_test_ends_each_once();
}

Test(sqpoll, waits_for_as_many_as_it_is_told)
{
	async_test_waits_for_as_many_as_told();
}

Test(sqpoll, looks_without_waiting_when_told_to_wait_for_none)
{
	async_test_looks_without_waiting();
}

Test(sqpoll, writes_what_a_later_read_finds)
{
	async_test_writes();
}

Test(sqpoll, gives_back_the_error_of_the_operation)
{
	async_test_error_of_an_operation();
}

Test(sqpoll, short_of_a_block_is_an_error)
{
	async_test_short_is_an_error();
}

Test(sqpoll, comes_back_although_nothing_is_in_flight, .timeout = 60)
{
	async_test_comes_back_from_nothing();
}

Test(sqpoll, closes_with_operations_in_flight)
{
	async_test_closes_in_flight();
}

Test(sqpoll, lives_on_another_thread_than_the_one_that_measures)
{
	async_test_lives_on_another_thread();
}

Test(sqpoll, opens_for_durable_writes_with_o_dsync)
{
	async_test_durable();
}

/* The kernel's thread tells of a completion before it gives the entry back. */
Test(sqpoll, never_lacks_an_entry)
{
	async.workload.iodepth = 1;
	async_open();
	async.ios[0].offset =
		async.workload.size; /* nothing there: it ends within the submission */
	for (unsigned int i = 1; i <= 20000; i++) {
		cr_assert_eq(async.path->start(&async.job, &async.ios[0]), 0, "operation %u", i);
		while (async.nended < i)
			cr_assert_geq(async.path->reap(&async.job, 1), 0);
	}
	cr_assert_eq(async.last_error, -EIO);
}

static void confine_to_cpus(unsigned int n)
{
	cpu_set_t all, few;

	CPU_ZERO(&few);
	cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && n; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_SET(cpu, &few);
		n--;
	}
	if (n)
		cr_skip_test("this machine has too few CPUs");
	cr_assert_eq(sched_setaffinity(0, sizeof(few), &few), 0);
}

Test(sqpoll, needs_two_cpus_for_each_job)
{
	confine_to_cpus(2);
	if (async.path->probe(&async.workload, &async.target, &async.why) != 0)
		cr_skip_test("%s; %s", async.why.reason, async.why.remedy);
	async.workload.numjobs = 2;
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, ": 4, and there are 2"), "%s",
			   async.why.reason);
	cr_assert_not_null(strstr(async.why.remedy, "numjobs="), "%s", async.why.remedy);
	async.workload.numjobs = 1;
	confine_to_cpus(1);
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, ": 2, and there is 1"), "%s", async.why.reason);
	cr_assert_not_null(strstr(async.why.remedy, "--testbed=ns"), "%s", async.why.remedy);
}

/* A read by @name with everything registered; the file descriptor then means another file. */
static void read_registered(const char *name)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	async.path = path_find(name);
	async.workload.fixedbufs = async.workload.registerfiles = true;
	async_open();
	cr_assert_eq(dup3(null, async.job.fd, O_CLOEXEC), async.job.fd);
	close(null);
	async_start();
	cr_assert_eq(async.path->reap(&async.job, ASYNC_DEPTH), ASYNC_DEPTH);
	cr_assert_eq(async.last_error, 0);
	async_check_reads();
}

Test(uring, reads_a_registered_file_into_registered_buffers)
{
	read_registered("uring");
}

Test(sqpoll, reads_a_registered_file_into_registered_buffers)
{
	read_registered("uring-sqpoll");
}

Test(uring, writes_from_registered_buffers)
{
	async.workload.fixedbufs = async.workload.registerfiles = true;
	async_test_writes();
}

Test(uring, moves_bytes_of_registered_buffers_only)
{
	void *elsewhere = aligned_alloc(ASYNC_BS, ASYNC_BS);

	async.workload.fixedbufs = true;
	async_open();
	async.ios[0].buffer = elsewhere;
	cr_assert_eq(async.path->start(&async.job, &async.ios[0]), 0);
	cr_assert_eq(async.path->reap(&async.job, 1), 1);
	cr_assert_eq(async.last_error, -EFAULT);
	free(elsewhere);
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
	async.target.kind = TARGET_BLOCK; /* whatever the file system here can do */
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, "forbidden"), "%s", async.why.reason);
	cr_assert_not_null(strstr(async.why.remedy, "kernel.io_uring_disabled=0"), "%s",
			   async.why.remedy);
}

Test(uring, that_the_kernel_does_not_have_says_which_kernel_has_it)
{
	answer_io_uring_setup_with(ENOSYS);
	async.target.kind = TARGET_BLOCK;
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, "no io_uring"), "%s", async.why.reason);
	cr_assert_not_null(strstr(async.why.remedy, "5.11"), "%s", async.why.remedy);
}

Test(uring, with_polling_needs_a_driver_with_poll_queues)
{
	async.target.kind = TARGET_BLOCK;
	async.target.device.known = true;
	async.target.device.polled = false;
	strcpy(async.target.device.name, "nvme0n1");
	if (async.path->probe(&async.workload, &async.target, &async.why) != 0)
		cr_skip_test("%s; %s", async.why.reason, async.why.remedy);
	cr_assert_eq(path_find("uring-iopoll")->probe(&async.workload, &async.target, &async.why),
		     -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, "nvme0n1"), "%s", async.why.reason);
	cr_assert_str_eq(async.why.remedy, "load nvme with poll_queues=1");
	async.target.device.polled = true;
	cr_assert_eq(path_find("uring-iopoll")->probe(&async.workload, &async.target, &async.why),
		     0);
}

Test(uring, of_less_than_a_logical_block_says_how_large_that_is)
{
	async.target.device.known = true;
	async.target.device.logical_block = 2 * ASYNC_BS;
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, "8192"), "%s", async.why.reason);
}
