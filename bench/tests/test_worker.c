// SPDX-License-Identifier: MIT
/* The measuring loop, on paths that do nothing but look at what they are given. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/worker.h"

/* Of libasan, whose header gcc does not install. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

#define BS      4096u
#define NBLOCKS 64u
#define NOTHING UINT64_MAX

static struct {
	unsigned int calls, writes, wrong;
	unsigned int seen[NBLOCKS];
	unsigned int fail_at, interrupt_at, leave_at; /* call number; 0: never */
	int result;
	bool damage; /* reads leave a wrong block */
	uint64_t last_offset;
} log_;

static uint64_t allocations, allocations_at_first, allocations_at_last;

static int look(struct path_job *job, uint64_t offset, bool write)
{
	struct pattern_fault fault;

	log_.calls++;
	log_.last_offset = offset;
	log_.seen[(offset - job->base) / BS]++;
	if (log_.calls == 1)
		allocations_at_first = allocations;
	allocations_at_last = allocations;
	if (write) {
		log_.writes++;
		/* What is to be written must be what a later check will look for. */
		log_.wrong += pattern_check(job->buffer, BS, offset, job->generation, &fault) != 0;
	} else {
		pattern_fill(job->buffer, BS);
		pattern_stamp_block(job->buffer, BS, offset + (log_.damage ? BS : 0), 1);
	}
	if (log_.calls == log_.fail_at)
		return log_.result;
	if (log_.calls == log_.interrupt_at)
		interrupted_signal = SIGINT;
	return 0;
}

static const struct path_ops looking = {.name = "looking", .submit = look};
static const struct path_ops looking_map = {
	.name = "looking-map", .submit = look, .traits = PATH_MAPPING};

static struct clock clock_;
static struct workload workload;
static struct target target;
static struct worker worker;

static void start_with(const struct path_ops *ops, uint64_t seed)
{
	cr_assert_eq(worker_init(&worker, ops, &clock_, &workload, &target, 0, workload.bs, seed),
		     0);
	worker.job.generation = 1;
	memset(&log_, 0, sizeof(log_));
}

static void set_up(void)
{
	clock_init(&clock_, RUN_CLOCK_NS);
	workload_defaults(&workload);
	workload.bs = BS;
	workload.size = (uint64_t)BS * NBLOCKS;
	target.kind = TARGET_FILE;
	target.fd = -1;
	target.generation = 1;
	start_with(&looking, 1);
}

static void tear_down(void)
{
	interrupted_signal = 0;
	worker_free(&worker);
}

static void pass(uint64_t ios)
{
	worker_pass(&worker, &(struct pass_limits){.ios = ios, .ticks = NOTHING});
}

TestSuite(worker, .init = set_up, .fini = tear_down);

Test(worker, does_as_many_operations_as_it_is_told_and_records_each)
{
	pass(1000);
	cr_assert_eq(log_.calls, 1000);
	cr_assert_eq(worker.ios, 1000);
	cr_assert_eq(histogram_total(&worker.latency), 1000);
	cr_assert_eq(worker.errors, 0);
	cr_assert_eq(worker.writes, 0);
	cr_assert_geq(worker.end_ticks, worker.start_ticks);
}

Test(worker, told_to_do_nothing_does_nothing)
{
	pass(0);
	cr_assert_eq(log_.calls, 0);
	cr_assert_eq(histogram_total(&worker.latency), 0);
}

Test(worker, begins_each_pass_with_an_empty_histogram)
{
	pass(100);
	pass(7);
	cr_assert_eq(worker.ios, 7);
	cr_assert_eq(histogram_total(&worker.latency), 7);
}

Test(worker, ends_when_its_time_is_over)
{
	worker_pass(&worker, &(struct pass_limits){.ios = NOTHING, .ticks = 1000});
	cr_assert_geq(worker.ios, 1);
	cr_assert_geq(worker.end_ticks - worker.start_ticks, 1000);
	cr_assert_eq(histogram_total(&worker.latency), worker.ios);
}

Test(worker, stops_at_the_first_operation_that_fails)
{
	log_.fail_at = 42;
	log_.result = -ENODEV;
	pass(1000);
	cr_assert_eq(log_.calls, 42);
	cr_assert_eq(worker.errors, 1);
	cr_assert_eq(worker.first_error, -ENODEV);
	/* The failed one is no measurement. */
	cr_assert_eq(worker.ios, 41);
	cr_assert_eq(histogram_total(&worker.latency), 41);
}

Test(worker, forgets_a_failure_with_the_next_pass)
{
	log_.fail_at = 3;
	log_.result = -EIO;
	pass(10);
	pass(10);
	cr_assert_eq(worker.errors, 0);
	cr_assert_eq(worker.first_error, 0);
	cr_assert_eq(worker.ios, 10);
}

Test(worker, stops_after_the_operation_that_was_interrupted)
{
	log_.interrupt_at = 5;
	pass(1000);
	cr_assert_eq(log_.calls, 5);
	cr_assert_eq(worker.ios, 5);
	cr_assert_eq(worker.first_error, 0);
}

Test(worker, writes_blocks_that_say_where_they_belong)
{
	worker_free(&worker);
	workload.rw = RW_RANDWRITE;
	start_with(&looking, 1);
	worker.job.generation = 3;
	pass(500);
	cr_assert_eq(worker.writes, 500);
	cr_assert_eq(log_.writes, 500);
	cr_assert_eq(log_.wrong, 0);
}

Test(worker, mixing_does_about_half_of_each_and_the_same_ones_with_the_same_seed)
{
	unsigned int first;

	worker_free(&worker);
	workload.rw = RW_RANDRW;
	start_with(&looking, 5);
	pass(10000);
	first = log_.writes;
	cr_assert(first > 4500 && first < 5500, "%u writes of 10000", first);
	cr_assert_eq(worker.writes, first);
	cr_assert_eq(log_.wrong, 0);
	worker_free(&worker);
	start_with(&looking, 5);
	pass(10000);
	cr_assert_eq(log_.writes, first);
}

Test(worker, told_a_cold_cache_visits_each_block_once)
{
	worker_free(&worker);
	workload.cache = CACHE_COLD;
	start_with(&looking, 1);
	pass(NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(log_.seen[i], 1);
}

Test(worker, on_a_mapping_visits_each_block_once)
{
	worker_free(&worker);
	start_with(&looking_map, 1);
	pass(NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(log_.seen[i], 1);
}

Test(worker, of_the_second_job_works_behind_the_first)
{
	struct worker second;

	cr_assert_eq(worker_init(&second, &looking, &clock_, &workload, &target, 1, workload.bs, 1),
		     0);
	second.job.generation = 1;
	cr_assert_eq(second.job.base, workload.size);
	worker_pass(&second, &(struct pass_limits){.ios = 200, .ticks = NOTHING});
	cr_assert_geq(log_.last_offset, workload.size);
	cr_assert_lt(log_.last_offset, 2 * workload.size);
	worker_free(&second);
}

Test(worker, finds_what_it_read_right)
{
	pass(1000);
	cr_assert_null(worker.fault.what);
}

Test(worker, notices_that_it_read_the_wrong_block_and_where)
{
	log_.damage = true;
	pass(1);
	cr_assert_str_eq(worker.fault.what, "wrong offset");
	cr_assert_eq(worker.fault.offset, log_.last_offset);
}

Test(worker, remembers_the_first_wrong_block_of_all_its_passes)
{
	uint64_t first;

	log_.damage = true;
	pass(1);
	first = worker.fault.offset;
	log_.damage = false;
	pass(1000);
	cr_assert_str_eq(worker.fault.what, "wrong offset");
	cr_assert_eq(worker.fault.offset, first);
}

Test(worker, expects_nothing_of_a_file_that_is_not_ours)
{
	target.foreign = true;
	log_.damage = true;
	pass(1000);
	cr_assert_null(worker.fault.what);
}

Test(worker, has_a_buffer_for_huge_pages_that_was_touched_beforehand)
{
	unsigned char resident;

	cr_assert_eq((uintptr_t)worker.job.buffer % (2ul << 20), 0);
	cr_assert_eq(mincore(worker.job.buffer, 1, &resident), 0);
	cr_assert_eq(resident & 1, 1);
}

Test(worker, keeps_single_durations_on_the_instruction_clock_only)
{
	struct clock instructions;

	pass(100);
	cr_assert_null(worker.samples);
	worker_free(&worker);
	clock_init(&instructions, RUN_CLOCK_INSTRUCTIONS);
	cr_assert_eq(worker_init(&worker, &looking, &instructions, &workload, &target, 0,
				 workload.bs, 1),
		     0);
	pass(100);
	cr_assert_eq(worker.nsamples, 100);
	for (unsigned int i = 0; i < 100; i++)
		cr_assert_neq(worker.samples[i], UINT32_MAX);
}

Test(worker, keeps_no_more_single_durations_than_it_has_room_for)
{
	struct clock instructions;

	worker_free(&worker);
	clock_init(&instructions, RUN_CLOCK_INSTRUCTIONS);
	cr_assert_eq(worker_init(&worker, &looking, &instructions, &workload, &target, 0,
				 workload.bs, 1),
		     0);
	pass(WORKER_SAMPLES + 100);
	cr_assert_eq(worker.ios, WORKER_SAMPLES + 100);
	cr_assert_eq(worker.nsamples, WORKER_SAMPLES);
}

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

Test(worker, allocates_nothing_between_its_first_and_its_last_operation)
{
	void *volatile probe;

	cr_assert_neq(__sanitizer_install_malloc_and_free_hooks(count_allocation, count_free), 0);
	probe = malloc(16);
	free(probe);
	cr_assert_geq(allocations, 2, "the hooks count nothing");
	pass(100000);
	cr_assert_eq(allocations_at_last, allocations_at_first);
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

static int look_confined(struct path_job *job, uint64_t offset, bool write)
{
	if (++log_.calls == 1 && !confine())
		syscall(SYS_exit, 77);
	if (log_.calls == log_.leave_at)
		syscall(SYS_exit, 0);
	if (!write) {
		pattern_fill(job->buffer, BS);
		pattern_stamp_block(job->buffer, BS, offset, 1);
	}
	return 0;
}

Test(worker, makes_no_system_call_between_its_first_and_its_last_operation)
{
	static const struct path_ops confined = {.name = "confined", .submit = look_confined};
	int status;
	pid_t pid;

#ifdef __x86_64__
	/* Whether the time stamp counter is good does not matter here, that it is read in line
	 * does. */
	clock_.tsc = true;
#endif
	worker_free(&worker);
	start_with(&confined, 1);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		log_.leave_at = 10000;
		pass(20000);
		_exit(1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("this kernel has no seccomp");
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "killed at a system call: %d",
		  status);
}

static int load(struct path_job *job, uint64_t offset, bool write)
{
	(void)write;
	memcpy(job->buffer, job->map + offset, BS);
	return 0;
}

/* A mapping whose file ends before the mapping does. */
static char *map_of_nothing(void)
{
	FILE *f = tmpfile();
	char *map;

	cr_assert_not_null(f);
	cr_assert_eq(ftruncate(fileno(f), (off_t)workload.size), 0);
	map = mmap(NULL, workload.size, PROT_READ, MAP_SHARED, fileno(f), 0);
	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(ftruncate(fileno(f), 0), 0);
	fclose(f);
	return map;
}

Test(worker, survives_a_mapping_whose_file_was_cut_short)
{
	static const struct path_ops loading = {
		.name = "loading", .submit = load, .traits = PATH_MAPPING};

	worker_catch_sigbus();
	worker_free(&worker);
	target.foreign = true;
	start_with(&loading, 1);
	worker.job.map = map_of_nothing();
	/* More than once: the signal must not stay blocked after the first. */
	for (unsigned int i = 0; i < 3; i++) {
		pass(10);
		cr_assert_eq(worker.first_error, -EIO);
		cr_assert_eq(worker.errors, 1);
		cr_assert_eq(worker.ios, 0);
	}
	munmap(worker.job.map, workload.size);
}

Test(worker, ends_the_process_at_a_sigbus_outside_a_pass)
{
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		worker_catch_sigbus();
		_exit(*(volatile char *)map_of_nothing());
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 128 + SIGBUS);
}
