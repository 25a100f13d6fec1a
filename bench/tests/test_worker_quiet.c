// SPDX-License-Identifier: MIT
/* The measuring loop allocates nothing and makes no system call between operations. */
#include <criterion/criterion.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fixture_worker.h"

/* Of libasan, whose header gcc does not install. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static uint64_t allocations, allocations_at_first, allocations_at_last;
static unsigned int calls, leave_at;

TestSuite(worker_quiet, .init = loop_set_up, .fini = loop_tear_down);

static void count_allocation(const volatile void *at, size_t nbytes)
{
	(void)at;
	(void)nbytes;
	allocations++;
}

static void count_free(const volatile void *at)
{
	(void)at;
	allocations++;
}

static void hook_allocations(void)
{
	void *volatile probe;

	cr_assert_neq(__sanitizer_install_malloc_and_free_hooks(count_allocation, count_free), 0);
	probe = malloc(16);
	free(probe);
	cr_assert_geq(allocations, 2, "the hooks count nothing");
}

static int note_allocations(struct path_job *job, uint64_t offset, bool write)
{
	(void)write;
	if (++calls == 1)
		allocations_at_first = allocations;
	allocations_at_last = allocations;
	loop_fill(job->buffer, offset);
	return 0;
}

Test(worker_quiet, allocates_nothing_between_its_first_and_its_last_operation)
{
	static const struct path_ops noting = {.name = "noting", .submit = note_allocations};

	hook_allocations();
	loop_use(&noting);
	loop_pass(100000);
	cr_assert_eq(calls, 100000);
	cr_assert_eq(allocations_at_last, allocations_at_first);
}

Test(worker_quiet, allocates_nothing_while_operations_are_in_flight)
{
	hook_allocations();
	device_use(&device_sleeping, RUN_CLOCK_NS, DEVICE_DEPTH);
	allocations = 0;
	loop_pass(100000);
	cr_assert_eq(allocations, 0);
}

/* From here on every system call but exit kills the process. */
static bool confine(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	static const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]),
						  .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* From the first operation on; at operation leave_at the process has passed. */
static void confine_operation(void)
{
	if (++calls == 1 && !confine())
		syscall(SYS_exit, 77);
	if (calls == leave_at)
		syscall(SYS_exit, 0);
}

static void makes_no_system_call(void)
{
	int status;
	pid_t pid;

#ifdef __x86_64__
	/*
	 * Whether the time stamp counter is good does not matter here, that it is read in line
	 * does.
	 */
	loop.clock.tsc = true;
#endif
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		leave_at = 10000;
		loop_pass(20000);
		_exit(1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("this kernel has no seccomp");
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "killed at a system call: %d",
		  status);
}

static int confined_submit(struct path_job *job, uint64_t offset, bool write)
{
	(void)write;
	confine_operation();
	loop_fill(job->buffer, offset);
	return 0;
}

Test(worker_quiet, makes_no_system_call_between_its_first_and_its_last_operation)
{
	static const struct path_ops confined = {.name = "confined", .submit = confined_submit};

	loop_use(&confined);
	makes_no_system_call();
}

static int confined_start(struct path_job *job, struct path_io *io)
{
	confine_operation();
	return device_start(job, io);
}

Test(worker_quiet, makes_no_system_call_while_operations_are_in_flight)
{
	static const struct path_ops confined = {.name = "confined",
						 .start = confined_start,
						 .reap = device_reap,
						 .traits = PATH_SLEEPS};

	device_use(&confined, RUN_CLOCK_NS, DEVICE_DEPTH);
	makes_no_system_call();
}
