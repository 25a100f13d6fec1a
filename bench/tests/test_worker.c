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
#include <time.h>
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
	unsigned int fail_at, interrupt_at, leave_at;
	unsigned int refuse_at; /* call number; 0: never */
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
	workload.iodepth_batch_submit = 0;
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

Test(worker, told_so_visits_some_blocks_more_than_others_and_the_witness_each_once)
{
	unsigned int most = 0;

	worker_free(&worker);
	workload.zipf_thousandths = 2000;
	start_with(&looking, 1);
	pass(10000);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		most = log_.seen[i] > most ? log_.seen[i] : most;
	/* 1 / (the sum of k^-2 to 64) = 0.614; evenly it would be 156. */
	cr_assert(most > 5800 && most < 6500, "%u of 10000", most);
	memset(&log_, 0, sizeof(log_));
	cr_assert_eq(worker_visit_once(&worker, 1), 0);
	pass(NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(log_.seen[i], 1);
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

/* A device in memory that answers in an order of its own. */
#define DEPTH 8u

static struct {
	struct path_io *queue[DEPTH];
	unsigned int n, most;                    /* in flight; the most that ever were */
	unsigned int starts, ends, looks, waits; /* waits: looks with a minimum */
	unsigned int largest_min, wrong, gives;
	unsigned int seen[NBLOCKS];
	unsigned int vain, vain_left; /* so many looks find nothing after each that found some */
	unsigned int one_by_one;
	unsigned int fail_start_at, fail_end_at, break_at, interrupt_at, leave_at, refuse_at;
	unsigned int starts_at_failure;
	unsigned int rounds, ends_at_start; /* rounds: starts that came right after an end */
	uint64_t nap_ns;                    /* a look takes so long */
	bool spins;                         /* ... and says that it was looking in vain */
	bool damage;
	struct random random;
} device;

static int device_start(struct path_job *job, struct path_io *io)
{
	struct pattern_fault fault;

	if (++device.starts == device.fail_start_at)
		return -ENODEV;
	device.rounds += device.ends != device.ends_at_start;
	device.ends_at_start = device.ends;
	/* Whatever is in flight owns its buffer. */
	for (unsigned int i = 0; i < device.n; i++)
		device.wrong += device.queue[i] == io || device.queue[i]->buffer == io->buffer;
	if (device.n == job->workload->iodepth) {
		device.wrong++;
		return -EBUSY;
	}
	device.queue[device.n++] = io;
	device.most = device.n > device.most ? device.n : device.most;
	device.seen[(io->offset - job->base) / BS]++;
	if (io->write)
		device.wrong +=
			pattern_check(io->buffer, BS, io->offset, job->generation, &fault) != 0;
	return 0;
}

static int device_give(struct path_job *job)
{
	(void)job;
	return ++device.gives == device.refuse_at ? -EPIPE : 0;
}

static void device_end_one(struct path_job *job)
{
	unsigned int i = (unsigned int)random_below(&device.random, device.n);
	struct path_io *io = device.queue[i];
	int error = 0;

	device.queue[i] = device.queue[--device.n];
	device.ends++;
	if (!io->write) {
		pattern_fill(io->buffer, BS);
		pattern_stamp_block(io->buffer, BS, io->offset + (device.damage ? BS : 0), 1);
	}
	/* From the one on, each that ends has failed, and in another way. */
	if (device.fail_end_at && device.ends >= device.fail_end_at) {
		error = device.ends == device.fail_end_at ? -ENODEV : -EIO;
		if (error == -ENODEV)
			device.starts_at_failure = device.starts;
	}
	if (device.ends == device.interrupt_at)
		interrupted_signal = SIGINT;
	job->done(job, io, error);
}

static int device_reap(struct path_job *job, unsigned int min)
{
	uint64_t start = clock_ticks(job->clock);
	unsigned int n;

	device.largest_min = min > device.largest_min ? min : device.largest_min;
	device.waits += min > 0;
	if (++device.looks == device.break_at)
		return -EPIPE;
	if (device.nap_ns)
		nanosleep(&(struct timespec){.tv_nsec = (long)device.nap_ns}, NULL);
	if (device.spins)
		job->spun += clock_ticks(job->clock) - start;
	if (min > device.n) {
		device.wrong++;
		return -EINVAL;
	}
	if (!min && device.vain_left) {
		device.vain_left--;
		return 0;
	}
	device.vain_left = device.vain;
	n = min + (unsigned int)random_below(&device.random, device.n - min + 1);
	n = device.one_by_one || n == 0 ? 1 : n;
	for (unsigned int i = 0; i < n; i++)
		device_end_one(job);
	return (int)n;
}

static const struct path_ops sleeping = {.name = "sleeping",
					 .start = device_start,
					 .give = device_give,
					 .reap = device_reap,
					 .traits = PATH_SLEEPS};
static const struct path_ops polled = {.name = "polled",
				       .start = device_start,
				       .give = device_give,
				       .reap = device_reap,
				       .traits = PATH_POLLED};

static void use_device(const struct path_ops *ops, enum run_clock kind, unsigned int iodepth)
{
	worker_free(&worker);
	clock_init(&clock_, kind);
	workload.iodepth = iodepth;
	start_with(ops, 1);
	memset(&device, 0, sizeof(device));
	device.random.s = 1;
}

/* Whatever happened: nothing is left in flight, and nothing was done that must not be. */
static void all_came_back(void)
{
	cr_assert_eq(device.n, 0, "%u in flight", device.n);
	cr_assert_eq(device.wrong, 0);
	cr_assert_eq(worker.nfree, workload.iodepth);
}

Test(worker, keeps_as_many_in_flight_as_it_is_told_and_does_each_once)
{
	workload.cache = CACHE_COLD;
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	pass(NBLOCKS);
	all_came_back();
	cr_assert_eq(device.most, DEPTH);
	cr_assert_eq(device.starts, NBLOCKS);
	cr_assert_eq(worker.ios, NBLOCKS);
	cr_assert_eq(histogram_total(&worker.latency), NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(device.seen[i], 1);
	cr_assert_eq(worker.errors, 0);
	cr_assert_null(worker.fault.what);
}

Test(worker, of_an_asynchronous_path_starts_no_more_than_it_is_told)
{
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	pass(0);
	cr_assert_eq(device.starts, 0);
	cr_assert_eq(device.looks, 0);
	pass(3);
	all_came_back();
	cr_assert_eq(device.starts, 3);
	cr_assert_eq(worker.ios, 3);
	/* The queue is as it was before. */
	pass(1000);
	all_came_back();
	cr_assert_eq(worker.ios, 1000);
	cr_assert_eq(histogram_total(&worker.latency), 1000);
}

Test(worker, whose_time_is_over_waits_for_what_is_in_flight)
{
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	/* The first look takes longer than there is time: the others come late. */
	device.nap_ns = 1000000;
	device.one_by_one = 1;
	worker_pass(&worker, &(struct pass_limits){.ios = NOTHING, .ticks = 1000});
	all_came_back();
	cr_assert_geq(worker.ios, 1);
	cr_assert_eq(worker.ios, device.starts);
	cr_assert_leq(worker.ios, DEPTH);
}

Test(worker, waits_for_as_many_at_once_as_it_is_told_while_there_are_so_many)
{
	workload.iodepth_batch_complete_min = 5;
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	pass(1003);
	/* The device refuses to wait for more than it has. */
	all_came_back();
	cr_assert_eq(device.largest_min, 5);
	cr_assert_eq(worker.ios, 1003);
	pass(3);
	all_came_back();
	cr_assert_eq(worker.ios, 3);
}

Test(worker, stops_at_an_asynchronous_failure_and_takes_back_what_is_in_flight)
{
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	device.fail_end_at = 42;
	pass(1000);
	all_came_back();
	cr_assert_eq(worker.first_error, -ENODEV);
	cr_assert_eq(worker.errors, device.ends - 41);
	cr_assert_eq(worker.ios, 41);
	cr_assert_eq(histogram_total(&worker.latency), 41);
	cr_assert_eq(device.starts, device.starts_at_failure);
	/* And the next pass knows nothing of it. */
	device.fail_end_at = 0;
	pass(10);
	cr_assert_eq(worker.errors, 0);
	cr_assert_eq(worker.ios, 10);
}

Test(worker, that_can_not_start_one_takes_back_the_others)
{
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	device.fail_start_at = 5;
	pass(1000);
	all_came_back();
	cr_assert_eq(device.starts, 5);
	cr_assert_eq(worker.first_error, -ENODEV);
	cr_assert_eq(worker.errors, 1);
	cr_assert_eq(worker.ios, 4);
}

Test(worker, gives_up_when_the_queue_itself_is_broken)
{
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	device.break_at = 7;
	pass(1000);
	cr_assert_eq(device.looks, 7);
	cr_assert_eq(worker.first_error, -EPIPE);
	cr_assert_eq(worker.errors, 1);
	cr_assert_eq(worker.ios, device.ends);
	cr_assert_gt(device.n, 0);
}

Test(worker, that_is_interrupted_takes_back_what_is_in_flight)
{
	static const struct path_ops *const kinds[] = {&sleeping, &polled};

	for (unsigned int k = 0; k < 2; k++) {
		use_device(kinds[k], RUN_CLOCK_INSTRUCTIONS, DEPTH);
		device.interrupt_at = 9;
		device.one_by_one = 1;
		device.vain = 2;
		pass(1000);
		all_came_back();
		/* Nine had room to end and to be followed by others. */
		cr_assert_leq(device.starts, 9 + DEPTH);
		cr_assert_eq(worker.ios, device.starts);
		cr_assert_eq(worker.first_error, 0);
		interrupted_signal = 0;
	}
}

Test(worker, writes_from_a_buffer_of_its_own_for_each_in_flight)
{
	workload.rw = RW_RANDWRITE;
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	worker.job.generation = 3;
	pass(500);
	all_came_back();
	cr_assert_eq(worker.writes, 500);
	cr_assert_eq((uintptr_t)worker.job.buffer % (2ul << 20), 0);
	cr_assert_eq(worker.job.buffer_nbytes % (2ul << 20), 0);
	for (unsigned int i = 0; i < DEPTH; i++)
		cr_assert_eq(worker.job.ios[i].buffer, (char *)worker.job.buffer + i * BS);
}

Test(worker, has_room_for_all_that_is_in_flight)
{
	workload.bs = 1 << 20;
	workload.size = 64 << 20;
	use_device(&sleeping, RUN_CLOCK_NS, 5);
	cr_assert_eq(worker.job.buffer_nbytes, 6 << 20);
	memset(worker.job.ios[4].buffer, 0xff, 1 << 20);
	workload.bs = BS;
}

Test(worker, mixing_in_flight_counts_the_writes)
{
	workload.rw = RW_RANDRW;
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	pass(10000);
	all_came_back();
	cr_assert(worker.writes > 4500 && worker.writes < 5500, "%u writes",
		  (unsigned int)worker.writes);
	cr_assert_null(worker.fault.what);
}

Test(worker, notices_a_wrong_block_in_the_buffer_that_it_came_to)
{
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	device.damage = true;
	pass(DEPTH);
	cr_assert_str_eq(worker.fault.what, "wrong offset");
	cr_assert_eq(device.seen[worker.fault.offset / BS] > 0, true);
}

Test(worker, lets_a_path_that_polls_wait_in_its_own_way_on_the_nanosecond_clock)
{
	use_device(&polled, RUN_CLOCK_NS, 1);
	device.vain = 3;
	pass(100);
	cr_assert_eq(device.waits, device.looks);
	cr_assert_eq(worker.empty_looks, 0);
	cr_assert_eq(worker.wait, 0);
}

Test(worker, lets_a_path_that_sleeps_wait_in_its_own_way_on_both_clocks)
{
	use_device(&sleeping, RUN_CLOCK_INSTRUCTIONS, 1);
	pass(100);
	cr_assert_eq(device.waits, device.looks);
	cr_assert_eq(worker.wait, 0);
	cr_assert_eq(worker.nsamples, 100);
}

Test(worker, counts_the_looks_that_found_nothing_apart)
{
	uint64_t sum = 0;

	use_device(&polled, RUN_CLOCK_INSTRUCTIONS, 1);
	device.vain = device.vain_left = 4;
	pass(50);
	all_came_back();
	cr_assert_eq(worker.ios, 50);
	cr_assert_eq(device.waits, 0);
	cr_assert_eq(device.looks, 50 * 5);
	/* The first of the four gave the operation to the device, which is work. */
	cr_assert_eq(worker.empty_looks, 50 * 3);
	cr_assert_eq(worker.nsamples, 50);
	for (unsigned int i = 0; i < 50; i++)
		sum += worker.samples[i];
	cr_assert_eq(worker.op_ticks, sum);
}

Test(worker, takes_what_it_waited_out_of_what_the_operations_cost)
{
	use_device(&polled, RUN_CLOCK_INSTRUCTIONS, 1);
	/* In nanoseconds, so that the test knows how long a look takes at least. */
	clock_.tsc = false;
	device.vain = device.vain_left = 4;
	device.nap_ns = 1000000;
	pass(10);
	/* Of five looks for each, three in vain. */
	cr_assert_geq(worker.wait, 10 * 3 * device.nap_ns);
	cr_assert_geq(worker.op_ticks, 10 * 2 * device.nap_ns);
	cr_assert_leq(worker.wait + worker.op_ticks, worker.end_ticks - worker.start_ticks);
}

Test(worker, counts_its_naps_as_waiting)
{
	use_device(&polled, RUN_CLOCK_INSTRUCTIONS, 1);
	clock_.tsc = false;
	device.vain = device.vain_left = 1;
	pass(100);
	cr_assert_eq(worker.empty_looks, 0);
	/* One of 20 us after the look that gave the operation to the device. */
	cr_assert_geq(worker.wait, 100 * 20000);
}

Test(worker, takes_what_the_path_spun_out_of_what_the_operations_cost)
{
	static const enum run_clock kinds[] = {RUN_CLOCK_NS, RUN_CLOCK_INSTRUCTIONS};

	for (unsigned int k = 0; k < 2; k++) {
		use_device(&sleeping, kinds[k], 1);
		device.spins = true;
		device.nap_ns = 1000000;
		pass(10);
		cr_assert_eq(worker.wait, worker.job.spun);
		cr_assert_gt(worker.wait, 0);
		cr_assert_leq(worker.wait + worker.op_ticks, worker.end_ticks - worker.start_ticks);
		/* A total that goes on: the next pass counts its own part. */
		pass(10);
		cr_assert_lt(worker.wait, worker.job.spun);
		cr_assert_leq(worker.wait + worker.op_ticks, worker.end_ticks - worker.start_ticks);
	}
}

Test(worker, that_looks_itself_waits_for_as_many_as_it_is_told)
{
	workload.iodepth_batch_complete_min = 4;
	use_device(&polled, RUN_CLOCK_INSTRUCTIONS, 4);
	device.one_by_one = 1;
	pass(40);
	all_came_back();
	/* Four are started, and four end, one in each look, before others are. */
	cr_assert_eq(device.looks, 40);
	cr_assert_eq(device.rounds, 9);
	cr_assert_eq(worker.empty_looks, 0);
	cr_assert_eq(worker.ios, 40);
}

Test(worker, gives_what_it_starts_to_the_device_in_batches_of_what_it_is_told)
{
	workload.iodepth_batch_submit = 2;
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	device.one_by_one = 1;
	pass(40);
	all_came_back();
	cr_assert_eq(device.most, DEPTH);
	cr_assert_eq(worker.ios, 40);
	/* Three times while there was room for more; then each that ends makes room for one. */
	cr_assert_eq(device.gives, 3);
	cr_assert_eq(device.looks, 40);
	cr_assert_eq(device.waits, 40);
}

Test(worker, ends_what_it_has_started_when_the_device_takes_no_more)
{
	workload.iodepth_batch_submit = 2;
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	device.refuse_at = 2;
	pass(40);
	all_came_back();
	cr_assert_eq(device.starts, 4);
	cr_assert_eq(worker.first_error, -EPIPE);
	cr_assert_eq(worker.ios, 4);
}

Test(worker, keeps_no_single_durations_of_what_was_in_flight_together)
{
	use_device(&polled, RUN_CLOCK_INSTRUCTIONS, DEPTH);
	pass(1000);
	cr_assert_null(worker.samples);
	cr_assert_eq(worker.nsamples, 0);
	cr_assert_gt(worker.op_ticks, 0);
}

Test(worker, allocates_nothing_while_operations_are_in_flight)
{
	cr_assert_neq(__sanitizer_install_malloc_and_free_hooks(count_allocation, count_free), 0);
	use_device(&sleeping, RUN_CLOCK_NS, DEPTH);
	allocations = 0;
	pass(100000);
	cr_assert_eq(allocations, 0);
}

static int confined_start(struct path_job *job, struct path_io *io)
{
	if (device.starts == 0 && !confine())
		syscall(SYS_exit, 77);
	if (device.starts == device.leave_at)
		syscall(SYS_exit, 0);
	return device_start(job, io);
}

Test(worker, makes_no_system_call_while_operations_are_in_flight)
{
	static const struct path_ops confined = {.name = "confined",
						 .start = confined_start,
						 .reap = device_reap,
						 .traits = PATH_SLEEPS};
	int status;
	pid_t pid;

	use_device(&confined, RUN_CLOCK_NS, DEPTH);
#ifdef __x86_64__
	clock_.tsc = true;
#endif
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		device.leave_at = 10000;
		pass(20000);
		_exit(1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("this kernel has no seccomp");
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "killed at a system call: %d",
		  status);
}
