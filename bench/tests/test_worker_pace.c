// SPDX-License-Identifier: MIT
/*
 * When operations start, on paths and a clock of the test's own: time passes when somebody looks at
 * the clock, sleeps or waits for the device, and in no other way, so nothing here depends on the
 * machine.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/worker.h"

#define US         1000ull
#define MS         1000000ull
#define S          1000000000ull
#define BS         4096u
#define NBLOCKS    64u
#define DEPTH_MAX  16u
#define STARTS_MAX 50000u
#define NOTHING    UINT64_MAX
#define LOOK       500u /* ns that a look at the clock takes */
#define OVERSLEPT  60000u
#define NAP_CPU    2000u

static struct {
	bool on;
	uint64_t now, cpu; /* ns */
	unsigned int naps;
} virtual;

/* Instead of the C library's: the loop's own clock, and nobody else's. */
int clock_gettime(clockid_t which, struct timespec *t)
{
	uint64_t ns;

	if (!virtual.on || (which != CLOCK_MONOTONIC_RAW && which != CLOCK_THREAD_CPUTIME_ID))
		return (int)syscall(SYS_clock_gettime, which, t);
	if (which == CLOCK_MONOTONIC_RAW) {
		virtual.now += LOOK;
		virtual.cpu += LOOK;
	}
	ns = which == CLOCK_MONOTONIC_RAW ? virtual.now : virtual.cpu;
	*t = (struct timespec){.tv_sec = (time_t)(ns / S), .tv_nsec = (long)(ns % S)};
	return 0;
}

int clock_nanosleep(clockid_t which, int flags, const struct timespec *span, struct timespec *left)
{
	(void)left;
	cr_assert(which == CLOCK_MONOTONIC && flags == 0);
	virtual.now += (uint64_t)span->tv_sec * S + (uint64_t)span->tv_nsec + OVERSLEPT;
	virtual.cpu += NAP_CPU;
	virtual.naps++;
	return 0;
}

/* A device that does several operations at once, each in the same time, but for one stall. */
static struct {
	uint64_t service; /* ns */
	unsigned int servers;
	unsigned int stall_at; /* number of the operation, from 1 */
	uint64_t stall;        /* ns in which the whole device stands still */
	uint64_t free_at[DEPTH_MAX];
	struct {
		struct path_io *io;
		uint64_t end;
	} queue[DEPTH_MAX];
	unsigned int n, calls, waits, looks, fail_at, interrupt_at;
	uint64_t starts[STARTS_MAX], longest_patience;
	unsigned int writes;
} device;

static uint64_t end_of_next(void)
{
	unsigned int first = 0;
	uint64_t start;

	for (unsigned int i = 1; i < device.servers; i++)
		first = device.free_at[i] < device.free_at[first] ? i : first;
	start = device.free_at[first] > virtual.now ? device.free_at[first] : virtual.now;
	if (device.calls < STARTS_MAX)
		device.starts[device.calls] = virtual.now;
	if (++device.calls == device.stall_at) {
		for (unsigned int i = 0; i < device.servers; i++)
			device.free_at[i] = start + device.stall;
		start += device.stall;
	}
	device.free_at[first] = start + device.service;
	if (device.calls == device.interrupt_at)
		interrupted_signal = SIGINT;
	return device.free_at[first];
}

static int one(struct path_job *job, uint64_t offset, bool write)
{
	(void)job, (void)offset;
	virtual.now = end_of_next();
	device.writes += write;
	return device.calls == device.fail_at ? -EIO : 0;
}

static int start(struct path_job *job, struct path_io *io)
{
	cr_assert_lt(device.n, job->workload->iodepth);
	device.queue[device.n].end = end_of_next();
	device.queue[device.n++].io = io;
	device.writes += io->write;
	return 0;
}

static unsigned int end_due(struct path_job *job)
{
	unsigned int ended = 0;

	for (unsigned int i = 0; i < device.n;) {
		struct path_io *io = device.queue[i].io;

		if (device.queue[i].end > virtual.now) {
			i++;
			continue;
		}
		device.queue[i] = device.queue[--device.n];
		job->done(job, io, device.fail_at && device.calls >= device.fail_at ? -EIO : 0);
		ended++;
	}
	return ended;
}

/* The model has it as soon as it is started. */
static int give(struct path_job *job)
{
	(void)job;
	return 0;
}

static int reap(struct path_job *job, unsigned int min)
{
	const uint64_t until = virtual.now + job->patience_ns;
	unsigned int ended = end_due(job);

	device.looks += !min;
	device.waits += min > 0;
	if (min && job->patience_ns > device.longest_patience)
		device.longest_patience = job->patience_ns;
	while (ended < min && virtual.now < until && !interrupted()) {
		uint64_t next = until;

		for (unsigned int i = 0; i < device.n; i++)
			next = device.queue[i].end < next ? device.queue[i].end : next;
		virtual.now = next;
		ended += end_due(job);
	}
	return (int)ended;
}

static const struct path_ops synchronous = {.name = "synchronous", .submit = one};
static const struct path_ops polled = {
	.name = "polled", .start = start, .give = give, .reap = reap, .traits = PATH_POLLED};
static const struct path_ops sleeping = {
	.name = "sleeping", .start = start, .give = give, .reap = reap, .traits = PATH_SLEEPS};
static const struct path_ops *const kinds[] = {&synchronous, &polled, &sleeping};
#define NKINDS 3

static const struct clock clock_ = {.kind = RUN_CLOCK_NS, .ticks_per_s = S};
static struct workload workload;
static struct target target;
static struct worker worker;

static void use(const struct path_ops *ops)
{
	cr_assert_eq(worker_init(&worker, ops, &clock_, &workload, &target, 0, BS, 1), 0);
}

static void set_up(void)
{
	workload_defaults(&workload);
	workload.bs = BS;
	workload.size = (uint64_t)BS * NBLOCKS;
	target.kind = TARGET_FILE;
	target.fd = -1;
	target.foreign = true;
	memset(&device, 0, sizeof(device));
	device.servers = 1;
	device.service = 100 * US;
	virtual.on = true;
	virtual.now = S;
	virtual.cpu = virtual.naps = 0;
}

static void tear_down(void)
{
	virtual.on = false;
	interrupted_signal = 0;
	worker_free(&worker);
}

static void pass(uint64_t ios, uint64_t ns)
{
	worker_pass(&worker, &(struct pass_limits){.ios = ios, .ticks = ns});
	cr_assert_eq(device.n, 0, "%u in flight", device.n);
	cr_assert_eq(worker.ios, histogram_total(&worker.latency));
}

static uint64_t percentile(uint32_t parts_per_million)
{
	return histogram_percentile(&worker.latency, parts_per_million);
}

/* A pass of 20,000 operations, one of which meets a stall of 50 ms, at @load of what it could do.
 */
static void stalled_pass(const struct path_ops *ops, unsigned int percent)
{
	worker_free(&worker);
	set_up();
	if (ops->start)
		workload.iodepth = device.servers = 4;
	workload.rate_iops = device.servers * (S / device.service) * percent / 100;
	device.stall_at = 5000;
	device.stall = 50 * MS;
	use(ops);
	pass(20000, NOTHING);
	cr_assert_eq(worker.ios, 20000);
}

TestSuite(worker_pace, .init = set_up, .fini = tear_down);

Test(worker_pace, an_open_loop_shows_the_stall_that_a_closed_one_hides)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		uint64_t hidden, median;

		stalled_pass(kinds[k], 0);
		hidden = percentile(999000);
		median = percentile(500000);
		/* It did happen: a single operation, or as many as were in flight, saw it. */
		cr_expect_geq(percentile(1000000), 49 * MS);
		cr_expect_lt(hidden, 2 * device.service, "%s: %lu", kinds[k]->name, hidden);
		stalled_pass(kinds[k], 70);
		cr_expect_gt(percentile(999000), 40 * MS, "%s: %lu", kinds[k]->name,
			     percentile(999000));
		cr_expect_gt(percentile(999000), 100 * hidden);
		/* Most came when the device was free, and for them nothing is different. */
		cr_expect_lt(percentile(500000), 2 * median);
	}
}

Test(worker_pace, operations_start_when_they_are_meant_to)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		workload.rate_iops = 1000;
		use(kinds[k]);
		pass(200, NOTHING);
		for (unsigned int i = 0; i < 200; i++) {
			uint64_t late = device.starts[i] - worker.start_ticks - i * MS;

			cr_expect_lt(late, 10 * LOOK, "%s: operation %u is %ld ns late",
				     kinds[k]->name, i, (int64_t)late);
		}
		/* It slept meanwhile, woke late and was not late for that. */
		cr_expect_geq(virtual.naps, 200u);
		cr_expect_eq(worker.backlog, 0u);
	}
}

Test(worker_pace, what_is_in_flight_keeps_nothing_from_starting)
{
	for (unsigned int k = 1; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		workload.rate_iops = 1000;
		workload.iodepth = device.servers = 8;
		device.service = 5500 * US;
		use(kinds[k]);
		pass(200, NOTHING);
		for (unsigned int i = 0; i < 200; i++)
			cr_expect_lt(device.starts[i] - worker.start_ticks - i * MS, 10 * LOOK,
				     "%s: operation %u", kinds[k]->name, i);
		/* One that sleeps looks in the end only, and is woken for that. */
		cr_expect(kinds[k] == &polled ? device.longest_patience == PATH_PATIENCE_NS
					      : device.waits > 200u);
		cr_expect_lt(percentile(1000000), device.service + device.service / 50);
	}
}

Test(worker_pace, a_pass_of_some_time_has_as_many_as_are_due_in_it)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		workload.rate_iops = 2000;
		use(kinds[k]);
		pass(NOTHING, 100 * MS);
		cr_expect_eq(worker.ios, 200u, "%s: %lu", kinds[k]->name, worker.ios);
		cr_expect_eq(worker.backlog, 0u);
		/* ... and lasts that long, so that operations by time is the rate. */
		cr_expect_geq(worker.end_ticks - worker.start_ticks, 100 * MS);
		cr_expect_lt(worker.end_ticks - worker.start_ticks, 100 * MS + 10 * LOOK);
	}
}

Test(worker_pace, a_counted_pass_lasts_as_long_as_its_operations_are_due)
{
	workload.rate_iops = 2000;
	use(&synchronous);
	pass(10, NOTHING);
	cr_expect_geq(worker.end_ticks - worker.start_ticks, 5 * MS);
	cr_expect_lt(worker.end_ticks - worker.start_ticks, 5 * MS + 10 * LOOK);
}

Test(worker_pace, what_a_slow_device_left_undone_is_counted)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		/* Asked twice of what it can do. */
		workload.rate_iops = 20000;
		use(kinds[k]);
		pass(NOTHING, 100 * MS);
		cr_expect_geq(worker.ios, 900u);
		cr_expect_leq(worker.ios, 1001u);
		cr_expect_eq(worker.ios + worker.backlog, 2000u, "%s: %lu and %lu", kinds[k]->name,
			     worker.ios, worker.backlog);
		/* The last one had waited for half of the time. */
		cr_expect_gt(percentile(1000000), 45 * MS);
	}
}

Test(worker_pace, thinking_comes_between_operations_and_is_no_part_of_them)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		workload.thinktime_ns = 300 * US;
		use(kinds[k]);
		pass(100, NOTHING);
		for (unsigned int i = 1; i < 100; i++) {
			uint64_t pause = device.starts[i] - device.starts[i - 1] - device.service;

			cr_expect_geq(pause, 300 * US, "%s", kinds[k]->name);
			cr_expect_lt(pause, 300 * US + 10 * LOOK, "%s: %lu", kinds[k]->name, pause);
		}
		cr_expect_lt(percentile(1000000), device.service + 10 * LOOK);
		cr_expect_eq(worker.backlog, 0u);
	}
}

Test(worker_pace, waiting_for_a_start_is_no_cpu_time_of_the_operations)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		uint64_t closed;

		worker_free(&worker);
		set_up();
		device.service = 0;
		use(kinds[k]);
		pass(100, NOTHING);
		closed = worker.cpu;
		for (unsigned int i = 0; i < 2; i++) {
			worker_free(&worker);
			workload.rate_iops = i ? 1000 : 0;
			workload.thinktime_ns = i ? 0 : MS;
			use(kinds[k]);
			pass(100, NOTHING);
			cr_expect_geq(virtual.naps, 99u);
			/* Two looks at the clock for each, where the waiting begins and ends. */
			cr_expect_leq(worker.cpu, closed + 100 * 3 * LOOK, "%s: %lu and %lu",
				      kinds[k]->name, worker.cpu, closed);
		}
	}
}

Test(worker_pace, being_kept_from_looking_is_not_taken_off_the_cpu_time)
{
	struct pace p;

	workload.rate_iops = 1000;
	cr_assert_eq(pace_init(&p, &workload, &clock_, 1), 0);
	pace_begin(&p, 0);
	pace_looked(&p, 1000, 1500);
	cr_expect_eq(p.spun, 500u);
	/* Another thread had the CPU for a while. */
	pace_looked(&p, 1500, 4 * MS);
	cr_expect_eq(p.spun, 500u);
	cr_expect_eq(pace_less(&p, &clock_, 2000), 1500u);
	cr_expect_eq(pace_less(&p, &clock_, 100), 0u);
	pace_free(&p);
}

Test(worker_pace, told_to_go_at_once_goes_at_once)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		workload.rate_iops = 10;
		use(kinds[k]);
		worker_pass(&worker,
			    &(struct pass_limits){.ios = 50, .ticks = NOTHING, .at_once = true});
		cr_expect_eq(worker.ios, 50u);
		cr_expect_lt(worker.end_ticks - worker.start_ticks,
			     50 * (device.service + 10 * LOOK));
		cr_expect_eq(virtual.naps, 0u);
	}
}

Test(worker_pace, a_signal_ends_the_waiting)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		interrupted_signal = 0;
		workload.rate_iops = 1;
		device.interrupt_at = 3;
		use(kinds[k]);
		pass(1000, NOTHING);
		cr_expect_eq(worker.ios, 3u, "%s", kinds[k]->name);
		cr_expect_lt(worker.end_ticks - worker.start_ticks, 3 * S);
		cr_expect_eq(worker.first_error, 0);
	}
}

Test(worker_pace, a_failure_ends_the_pass)
{
	for (unsigned int k = 0; k < NKINDS; k++) {
		worker_free(&worker);
		set_up();
		workload.rate_iops = 1000;
		device.fail_at = 5;
		use(kinds[k]);
		pass(1000, NOTHING);
		cr_expect_eq(worker.ios, 4u, "%s", kinds[k]->name);
		cr_expect_eq(worker.first_error, -EIO);
		cr_expect_eq(worker.errors, 1u);
		cr_expect_lt(worker.end_ticks - worker.start_ticks, 6 * MS);
	}
}

Test(worker_pace, reads_and_writes_are_mixed_as_the_workload_says)
{
	static const unsigned int percents[] = {0, 30, 100};

	workload.rw = RW_RANDRW;
	for (unsigned int k = 0; k < NKINDS; k++) {
		for (unsigned int i = 0; i < 3; i++) {
			int expected = 200 * (100 - (int)percents[i]);

			worker_free(&worker);
			device.writes = 0;
			workload.rwmixread = percents[i];
			use(kinds[k]);
			pass(20000, NOTHING);
			cr_expect_leq(abs((int)device.writes - expected),
				      percents[i] % 100 ? 325 : 0, "%s: %u writes of 20000",
				      kinds[k]->name, device.writes);
			cr_expect_eq(worker.writes, device.writes);
		}
	}
}
