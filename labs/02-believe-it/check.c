// SPDX-License-Identifier: MIT
/* The checks of lab 2: the student's statistics and loops in the real harness. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/histogram.h"
#include "core/statistics.h"
#include "core/worker.h"
#include "engine/check.h"
#include "reference/verdicts.h"

#define US  UINT64_C(1000)
#define MS  UINT64_C(1000000)
#define S   UINT64_C(1000000000)
#define BS  4096u
#define ALL UINT64_MAX

static struct histogram *new_histogram(void)
{
	struct histogram *h = calloc(1, sizeof(*h));

	if (!h)
		lab_broken("no memory for a histogram");
	return h;
}

static void check_merge(void)
{
	struct histogram *all = new_histogram(), *one = new_histogram(), *both = new_histogram();
	struct histogram *before = new_histogram();

	lab_step("job 1: 9,900 values of 90 to 120, 100 of 60,000; job 2: 1,000 of 8,400 and of "
		 "100");
	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t value = i % 100 ? 90 + i % 31 : 60000;

		histogram_record(one, value);
		histogram_record(both, value);
	}
	for (unsigned int i = 0; i < 2000; i++) {
		histogram_record(all, i % 2 ? 8400 : 100);
		histogram_record(both, i % 2 ? 8400 : 100);
	}
	memcpy(before, one, sizeof(*before));
	lab_step("histogram_add of job 1 to job 2");
	histogram_add(all, one);
	LAB_EXPECT(histogram_total(all) == 12000, "the values of both are in the sum",
		   "%" PRIu64 " values instead of 12000", histogram_total(all));
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		LAB_EXPECT(all->count[i] == both->count[i],
			   "a bucket has the values that either job had in it",
			   "the bucket of %" PRIu64 ": %" PRIu64 " instead of %" PRIu64,
			   histogram_bucket_value(i), all->count[i], both->count[i]);
	LAB_EXPECT(memcmp(one, before, sizeof(*one)) == 0, "what is added stays as it is",
		   "it changed");
	free(all), free(one), free(both), free(before);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Values below 256 have a bucket of their own, so nothing is rounded. */
static void expect_percentiles(unsigned int n)
{
	static const uint32_t parts[] = {0,      1,      10000,  250000, 333333,
					 500000, 900000, 990000, 999000, 1000000};
	struct histogram *h = new_histogram();
	uint64_t values[1000] = {0};

	for (unsigned int i = 0; i < n; i++) {
		values[i] = (uint64_t)i * i * 7919 % 251;
		histogram_record(h, values[i]);
	}
	qsort(values, n, sizeof(*values), by_value);
	lab_step("%u values, the smallest %" PRIu64 ", the largest %" PRIu64, n, values[0],
		 values[n - 1]);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint64_t rank = ((uint64_t)n * parts[i] + 999999) / 1000000;
		uint64_t seen = histogram_percentile(h, parts[i]);

		rank = rank ? rank : 1;
		LAB_EXPECT(seen == values[rank - 1],
			   "a percentile is the smallest value that so many of all values don't "
			   "exceed",
			   "%u values, %u in a million: %" PRIu64
			   " instead of the one of rank %" PRIu64 ", %" PRIu64,
			   n, parts[i], seen, rank, values[rank - 1]);
	}
	free(h);
}

static void check_percentile(void)
{
	struct histogram *h = new_histogram();
	uint64_t seen;

	LAB_EXPECT(histogram_percentile(h, 500000) == 0, "an empty histogram gives 0", "%" PRIu64,
		   histogram_percentile(h, 500000));
	for (unsigned int n = 1; n <= 1000; n = n * 3 / 2 + 1)
		expect_percentiles(n);
	lab_step("2^60 values of 10 and as many of 20");
	h->count[10] = h->count[20] = UINT64_C(1) << 60;
	seen = histogram_percentile(h, 900000);
	LAB_EXPECT(seen == 20, "many values make no difference", "0.9: %" PRIu64 " instead of 20",
		   seen);
	seen = histogram_percentile(h, 500000);
	LAB_EXPECT(seen == 10, "many values make no difference", "0.5: %" PRIu64 " instead of 10",
		   seen);
	free(h);
}

/* How probable it is that fewer than @k of @n values lie below the median. */
static long double below(unsigned int n, unsigned int k)
{
	long double probability = 1, sum = 0;

	for (unsigned int i = 0; i < n; i++)
		probability /= 2;
	for (unsigned int i = 0; i < k; i++) {
		sum += probability;
		probability = probability * (long double)(n - i) / (long double)(i + 1);
	}
	return sum;
}

static void check_interval(void)
{
	for (unsigned int n = 1; n <= 200; n++) {
		struct median_interval seen = statistics_median_interval(n);
		unsigned int low = (n + 1) / 2;
		uint32_t coverage;

		while (low > 1 && 1 - 2 * below(n, low) < 0.95L)
			low--;
		coverage = (uint32_t)((1 - 2 * below(n, low)) * 1000000 + 0.5L);
		lab_step("%u values", n);
		LAB_EXPECT(seen.low_rank == low && seen.high_rank == n + 1 - low,
			   "the interval is the narrowest from the k-th smallest to the k-th "
			   "largest that holds the median in 95 of 100 cases, or all if none does",
			   "of %u values from rank %u to %u instead of %u to %u", n, seen.low_rank,
			   seen.high_rank, low, n + 1 - low);
		LAB_EXPECT(seen.coverage_ppm == coverage,
			   "it comes with the probability that it really has",
			   "%u values: %u instead of %u in a million", n, seen.coverage_ppm,
			   coverage);
	}
}

/*
 * A machine of our own: time passes when somebody looks at the clock, sleeps or waits for the
 * device, and in no other way. These two stand in for the C library's.
 */
static bool virtual;
static uint64_t now, cpu;

int clock_gettime(clockid_t which, struct timespec *t)
{
	if (!virtual || (which != CLOCK_MONOTONIC_RAW && which != CLOCK_THREAD_CPUTIME_ID))
		return (int)syscall(SYS_clock_gettime, which, t);
	if (which == CLOCK_MONOTONIC_RAW)
		now += 100, cpu += 100;
	*t = (struct timespec){.tv_sec = (time_t)((which == CLOCK_MONOTONIC_RAW ? now : cpu) / S),
			       .tv_nsec = (long)((which == CLOCK_MONOTONIC_RAW ? now : cpu) % S)};
	return 0;
}

int clock_nanosleep(clockid_t which, int flags, const struct timespec *span, struct timespec *left)
{
	(void)which, (void)flags, (void)left;
	now += (uint64_t)span->tv_sec * S + (uint64_t)span->tv_nsec;
	return 0;
}

/* A device that does one operation after the other in 20 us, and once stands still for 50 ms. */
#define SERVICE  (20 * US)
#define GAP      (100 * US)
#define STALL    (50 * MS)
#define STALL_AT 1000u
#define NOPS     5000u
#define DEPTH    8u

static struct {
	struct path_io *ios[DEPTH];
	uint64_t ends[DEPTH], free_at, first;
	unsigned int n, started;
	uint64_t late_start; /* the latest start of those before the stall, after it was due */
} device;

static uint64_t serve(void)
{
	uint64_t from = now > device.free_at ? now : device.free_at;

	if (!device.started)
		device.first = now;
	else if (device.started < STALL_AT && now - device.first > device.started * GAP &&
		 now - device.first - device.started * GAP > device.late_start)
		device.late_start = now - device.first - device.started * GAP;
	from += device.started++ == STALL_AT ? STALL : 0;
	return device.free_at = from + SERVICE;
}

static int submit(struct path_job *job, uint64_t offset, bool write)
{
	(void)job, (void)offset, (void)write;
	now = serve();
	return 0;
}

static int start(struct path_job *job, struct path_io *io)
{
	(void)job;
	device.ios[device.n] = io;
	device.ends[device.n++] = serve();
	return 0;
}

static int reap(struct path_job *job, unsigned int min)
{
	unsigned int ended = 0;

	while (device.n && (ended < min || device.ends[0] <= now)) {
		struct path_io *io = device.ios[0];

		now = device.ends[0] > now ? device.ends[0] : now;
		device.n--;
		memmove(device.ios, device.ios + 1, device.n * sizeof(device.ios[0]));
		memmove(device.ends, device.ends + 1, device.n * sizeof(device.ends[0]));
		job->done(job, io, 0);
		ended++;
	}
	return (int)ended;
}

/* What users saw who came every 100 us and were served in the order in which they came. */
static void expected_latencies(struct histogram *h)
{
	uint64_t end = 0;

	for (unsigned int i = 0; i < NOPS; i++) {
		uint64_t due = i * GAP;

		end = (end > due ? end : due) + SERVICE + (i == STALL_AT ? STALL : 0);
		histogram_record(h, end - due);
	}
}

static uint64_t longer_than(const struct histogram *h, uint64_t value)
{
	uint64_t n = 0;

	for (unsigned int i = histogram_index(value); i < HISTOGRAM_BUCKETS; i++)
		n += h->count[i];
	return n;
}

static void expect_stall_seen(const struct path_ops *ops, unsigned int iodepth)
{
	static const struct clock clock = {.kind = RUN_CLOCK_NS, .ticks_per_s = S};
	static const uint64_t limits[] = {MS, 10 * MS, 30 * MS};
	struct histogram *users = new_histogram();
	struct target target = {.kind = TARGET_FILE, .fd = -1, .foreign = true};
	struct workload workload;
	struct worker worker;

	workload_defaults(&workload);
	workload.bs = BS;
	workload.size = (uint64_t)BS * 64;
	workload.iodepth = iodepth;
	workload.rate_iops = S / GAP;
	virtual = true;
	now = S;
	if (worker_init(&worker, ops, &clock, &workload, &target, 0, BS, 1))
		lab_broken("no memory for a worker");
	lab_step("%u reads, one due every 100 us, on a device that takes 20 us, but 50 ms more "
		 "for read %u; up to %u in flight",
		 NOPS, STALL_AT, iodepth);
	worker_pass(&worker, &(struct pass_limits){.ios = NOPS, .ticks = 2 * NOPS * GAP});
	virtual = false;
	LAB_EXPECT(worker.ios == NOPS && device.started == NOPS,
		   "all that were due are done, though late", "%" PRIu64 " of %u", worker.ios,
		   NOPS);
	LAB_EXPECT(device.late_start < SERVICE,
		   "while the device keeps up, each starts when it is due",
		   "one started %" PRIu64 " ns late", device.late_start);
	expected_latencies(users);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint64_t seen = longer_than(&worker.latency, limits[i]);
		uint64_t waited = longer_than(users, limits[i]);

		/* Looking at the clock takes time, too. */
		LAB_EXPECT(seen * 100 >= waited * 97 && seen * 100 <= waited * 103,
			   "everyone who came during the stall waited, and each is counted with "
			   "the time since it was due",
			   "%" PRIu64 " waited for more than %" PRIu64
			   " ms; recorded were %" PRIu64,
			   waited, limits[i] / MS, seen);
	}
	worker_free(&worker);
	free(users);
}

static void check_waiting(void)
{
	static const struct path_ops ops = {.name = "synchronous", .submit = submit};

	expect_stall_seen(&ops, 1);
}

static void check_due(void)
{
	static const struct path_ops ops = {
		.name = "polled", .start = start, .reap = reap, .traits = PATH_POLLED};

	expect_stall_seen(&ops, DEPTH);
}

static void check_backlog(void)
{
	static const uint64_t gaps[] = {65536, 3 * 65536, 100 * 65536 + 1, 65536 * 7 / 2};

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		struct pace p = {.next = 1000, .gap = gaps[i]};

		for (uint64_t at = 900; at < 3000; at++) {
			uint64_t due = 0, seen = pace_backlog(&p, at);

			/* Those whose time was before @at, in 2^-16 ticks. */
			while (1000 * 65536 + due * gaps[i] < at * 65536)
				due++;
			LAB_EXPECT(seen == due,
				   "the backlog is all that should have started before now",
				   "next was due at 1000, then one each %" PRIu64
				   "/65536 ticks; at %" PRIu64 " that is %" PRIu64
				   " instead of %" PRIu64,
				   gaps[i], at, seen, due);
		}
	}
	{
		struct pace closed = {.next = 1000};

		LAB_EXPECT(pace_backlog(&closed, 5000) == 0, "a closed loop is never behind",
			   "%" PRIu64, pace_backlog(&closed, 5000));
	}
}

static const struct {
	struct finding right;
	const char *look;
} results[] = {
	{{"a", UNDECIDED, TOO_FEW_REPETITIONS},
	 "the six figures: in how many orders can they come by chance?"},
	{{"b", REFUTED, DAX_WAS_OFF}, "what statx knows of the file, and what it says"},
	{{"c", MISCOUNTED, COORDINATED_OMISSION}, "ios_in_each_second, and who comes meanwhile"},
	{{"d", REFUTED, FROM_CPU_CACHE}, "how many bytes are read, and how often"},
	{{"e", NOT_COMPARABLE, DURABILITY_DIFFERS}, "what is where when each write returns"},
	{{"f", SOUND, NO_REASON}, "what the claim says, and what it doesn't"},
	{{"g", MISCOUNTED, AVERAGED_PERCENTILES},
	 "how 2.19 ms comes about, and what all the million reads say"},
	{{"h", REFUTED, NEVER_WRITTEN}, "what the device had to look up"},
	{{"i", REFUTED, FROM_PAGE_CACHE}, "what the disk did"},
	{{"j", UNDECIDED, FREQUENCY_CHANGED}, "median_ns times processor_mhz"},
};

static const struct finding *found(const char *result)
{
	for (const struct finding *f = findings; f->result; f++) {
		if (strcmp(f->result, result) == 0)
			return f;
	}
	lab_wrong("each file in results/ has a line in findings", "%s.json has none", result);
}

static void expect_findings(bool reasons)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		const struct finding *right = &results[i].right, *yours = found(right->result);

		lab_step("results/%s.json", right->result);
		if (reasons)
			LAB_EXPECT(yours->reason == right->reason,
				   "the reason is what would have had to be otherwise",
				   "yours for %s.json isn't; look again at %s", right->result,
				   results[i].look);
		else
			LAB_EXPECT(yours->judgement == right->judgement,
				   "the verdict follows from what was recorded",
				   "yours on %s.json doesn't; look again at %s", right->result,
				   results[i].look);
	}
}

static void check_verdicts(void)
{
	expect_findings(false);
}

static void check_reasons(void)
{
	expect_findings(true);
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"merge", check_merge},
		{"percentile", check_percentile},
		{"interval", check_interval},
		{"waiting", check_waiting},
		{"due", check_due},
		{"backlog", check_backlog},
		{"verdicts", check_verdicts},
		{"reasons", check_reasons},
		{NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
