// SPDX-License-Identifier: MIT
/* The path libaio on a real file: what is started ends once, with the right bytes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <libaio.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fixture_async.h"

static long most_at_once = LONG_MAX;
static unsigned int destroyed;

/* The kernel's, seen on the way; it may take fewer than it is given. */
int io_submit(io_context_t context, long n, struct iocb **iocbs)
{
	long ret = syscall(SYS_io_submit, context, n < most_at_once ? n : most_at_once, iocbs);

	return ret < 0 ? -errno : (int)ret;
}

int io_destroy(io_context_t context)
{
	destroyed++;
	return syscall(SYS_io_destroy, context) == 0 ? 0 : -errno;
}

static void set_up(void)
{
	async_set_up("libaio");
}

TestSuite(libaio, .init = set_up, .fini = async_tear_down);

Test(libaio, ends_each_operation_once_with_the_right_bytes)
{
	async_test_ends_each_once();
}

Test(libaio, waits_for_as_many_as_it_is_told)
{
	async_test_waits_for_as_many_as_told();
}

Test(libaio, looks_without_waiting_when_told_to_wait_for_none)
{
	async_test_looks_without_waiting();
}

Test(libaio, writes_what_a_later_read_finds)
{
	async_test_writes();
}

Test(libaio, gives_back_the_error_of_the_operation)
{
	async_test_error_of_an_operation();
}

Test(libaio, short_of_a_block_is_an_error)
{
	async_test_short_is_an_error();
}

Test(libaio, comes_back_although_nothing_is_in_flight, .timeout = 60)
{
	async_test_comes_back_from_nothing();
}

Test(libaio, closes_with_operations_in_flight)
{
	async_test_closes_in_flight();
}

Test(libaio, lives_on_another_thread_than_the_one_that_measures)
{
	async_test_lives_on_another_thread();
}

Test(libaio, opens_for_durable_writes_with_o_dsync)
{
	async_test_durable();
}

Test(libaio, gives_again_what_the_kernel_did_not_take_at_once)
{
	most_at_once = 3;
	async_test_ends_each_once();
}

Test(libaio, waits_at_its_close_for_what_is_in_flight)
{
	async_open();
	destroyed = 0;
	async_start();
	cr_assert_geq(async.path->reap(&async.job, 0), 0);
	async.path->close(&async.job);
	cr_assert_eq(destroyed, 1, "io_destroy is what waits");
	async_check_reads();
}

/* As a container, or a machine where others have it all, would answer io_setup. */
static void answer_io_setup_with(int number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)number),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	async.target.kind = TARGET_BLOCK; /* whatever the file system here can do */
}

Test(libaio, that_the_kernel_does_not_have_says_so)
{
	answer_io_setup_with(ENOSYS);
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, "no io_setup"), "%s", async.why.reason);
	cr_assert_not_null(strstr(async.why.remedy, "CONFIG_AIO"), "%s", async.why.remedy);
}

Test(libaio, that_others_have_used_up_says_how_to_get_more)
{
	answer_io_setup_with(EAGAIN);
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.remedy, "fs.aio-max-nr"), "%s", async.why.remedy);
	cr_assert_eq(async.path->open(&async.job, &async.error), -EAGAIN);
	cr_assert_not_null(strstr(async.error.text, "fs.aio-max-nr"), "%s", async.error.text);
	cr_assert_eq(async.job.fd, -1);
}

Test(libaio, of_less_than_a_logical_block_says_how_large_that_is)
{
	async.target.device.known = true;
	async.target.device.logical_block = 2 * ASYNC_BS;
	cr_assert_eq(async.path->probe(&async.workload, &async.target, &async.why), -EOPNOTSUPP);
	cr_assert_not_null(strstr(async.why.reason, "8192"), "%s", async.why.reason);
}
