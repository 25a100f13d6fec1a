// SPDX-License-Identifier: MIT
/* One repetition: on paths that only write down what is asked of them, and on real files. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/repetition.h"
#include "core/worker.h"

#define BS      4096u
#define NBLOCKS 256u
#define LOG_MAX 100000u

/* What the test's own paths were asked to do. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t offsets[LOG_MAX];
static unsigned int ncalls, nopened, nclosed, fail_at, fail_open_at, cut_at, interrupt_at, nap_at;
static uint64_t sizes_seen; /* sum of the block sizes of all operations */

static int own_open(struct path_job *job, struct error *e)
{
	(void)job;
	if (nopened + 1 == fail_open_at)
		return error_set(e, -EACCES, "own path: no; give another");
	nopened++;
	return 0;
}

static void own_close(struct path_job *job)
{
	(void)job;
	nclosed++;
}

static int own_submit(struct path_job *job, uint64_t offset, bool write)
{
	unsigned int call;

	(void)write;
	pthread_mutex_lock(&lock);
	call = ++ncalls;
	if (call <= LOG_MAX)
		offsets[call - 1] = offset;
	sizes_seen += job->workload->bs;
	pthread_mutex_unlock(&lock);
	if (call == interrupt_at)
		interrupted_signal = SIGINT;
	if (call == nap_at)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	return call == fail_at ? -EIO : 0;
}

static const struct path_ops plain = {
	.name = "plain", .open = own_open, .submit = own_submit, .close = own_close};
static const struct path_ops mapping = {.name = "mapping",
					.traits = PATH_MAPPING | PATH_NOTHING,
					.open = own_open,
					.submit = own_submit,
					.close = own_close};
static const struct path_ops private_mapping = {.name = "private",
						.traits =
							PATH_MAPPING | PATH_PRIVATE | PATH_NOTHING,
						.open = own_open,
						.submit = own_submit,
						.close = own_close};

static struct clock clock_;
static struct cell cell;
static struct target target;
static struct repetition result;
static struct repetition_context context;
static struct error error;

static void set_up(void)
{
	clock_init(&clock_, RUN_CLOCK_NS);
	workload_defaults(&cell.workload);
	cell.workload.bs = BS;
	cell.workload.size = (uint64_t)BS * NBLOCKS;
	cr_assert_eq(target_parse(&target, "null:", &error), 0);
	context = (struct repetition_context){.clock = &clock_,
					      .ops = &plain,
					      .cell = &cell,
					      .target = &target,
					      .stride = BS,
					      .seed = 1,
					      .run_start_ns = clock_raw_ns()};
}

static void forget_result(void)
{
	for (unsigned int p = 0; p < PASSES_MAX; p++)
		free(result.pass[p].latency);
	memset(&result, 0, sizeof(result));
}

static void tear_down(void)
{
	interrupted_signal = 0;
	forget_result();
	cell_release(&cell);
	target_close(&target);
}

/* A real file of our own instead of none. */
static void use_file(const char *path)
{
	const char *tmp = getenv("TMPDIR");

	cr_assert_eq(target_parse(&target, tmp && *tmp ? tmp : "/tmp", &error), 0);
	cr_assert_eq(target_probe(&target, &error), 0, "%s", error.text);
	cr_assert_eq(target_open(&target, cell.workload.size, true, &error), 0, "%s", error.text);
	context.ops = path_find(path);
}

static enum verdict verdict_of(const char *claim, enum phase phase)
{
	for (size_t i = 0; i < cell.nevidence; i++) {
		if (strcmp(cell.evidence[i].claim, claim) == 0 && cell.evidence[i].phase == phase)
			return cell.evidence[i].verdict;
	}
	cr_assert_fail("nothing is said about '%s'", claim);
	return VERDICT_UNOBSERVED;
}

static void must(int ret)
{
	cr_assert_eq(ret, 0, "%s", error.text);
}

TestSuite(repetition, .init = set_up, .fini = tear_down);

Test(repetition, counts_each_operation_and_its_bytes)
{
	cell.workload.number_ios = 1000;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(result.npasses, 1);
	cr_assert_eq(result.pass[0].kind, PASS_ALL);
	cr_assert_eq(result.pass[0].ios, 1000);
	cr_assert_eq(result.pass[0].bytes, 1000 * BS);
	cr_assert_eq(result.pass[0].errors, 0);
	cr_assert_eq(histogram_total(result.pass[0].latency), 1000);
}

Test(repetition, does_the_whole_size_once_when_no_number_is_given)
{
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(result.pass[0].ios, NBLOCKS);
}

Test(repetition, closes_what_it_opened)
{
	cell.workload.numjobs = 3;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(nopened, 3);
	cr_assert_eq(nclosed, 3);
}

Test(repetition, whose_operation_fails_stops_and_says_so)
{
	fail_at = 200;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EIO);
	cr_assert_eq(ncalls, 200);
	cr_assert_not_null(strstr(error.text, "plain on null:"), "%s", error.text);
	cr_assert_not_null(strstr(error.text, strerror(EIO)), "%s", error.text);
	cr_assert_not_null(strchr(error.text, ';'), "%s", error.text);
	cr_assert_eq(result.npasses, 0);
	cr_assert_eq(nclosed, nopened);
}

Test(repetition, whose_operation_fails_before_the_clock_starts_stops_too)
{
	fail_at = 1;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EIO);
	cr_assert_eq(ncalls, 1);
	cr_assert_eq(result.npasses, 0);
}

Test(repetition, with_one_failing_job_of_several_fails)
{
	cell.workload.numjobs = 4;
	cell.workload.number_ios = 1000;
	fail_at = 1500;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EIO);
	cr_assert_eq(nclosed, 4);
}

Test(repetition, that_cannot_open_its_path_passes_the_sentence_on_and_does_nothing)
{
	cell.workload.numjobs = 3;
	fail_open_at = 2;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EACCES);
	cr_assert_str_eq(error.text, "own path: no; give another");
	cr_assert_eq(ncalls, 0);
	cr_assert_eq(nclosed, 1);
}

Test(repetition, interrupted_is_none)
{
	interrupt_at = 200;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EINTR);
	cr_assert_eq(ncalls, 200);
	cr_assert_eq(result.npasses, 0);
	cr_assert_eq(nclosed, 1);
}

Test(repetition, of_a_mapping_visits_the_same_blocks_in_the_same_order_twice)
{
	context.ops = &mapping;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(result.npasses, 2);
	cr_assert_eq(result.pass[0].kind, PASS_FIRST_TOUCH);
	cr_assert_eq(result.pass[1].kind, PASS_AGAIN);
	cr_assert_eq(result.pass[0].ios, NBLOCKS);
	cr_assert_eq(result.pass[1].ios, NBLOCKS);
	/* No rehearsal: a first touch is one only once. */
	cr_assert_eq(ncalls, 2 * NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(offsets[i], offsets[NBLOCKS + i]);
}

Test(repetition, of_a_mapping_touches_each_block_for_the_first_time_once)
{
	unsigned char seen[NBLOCKS] = {0};

	context.ops = &mapping;
	/* More than there are blocks: the first pass ends with the last of them. */
	cell.workload.number_ios = 10 * NBLOCKS;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(result.pass[0].ios, NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(seen[offsets[i] / BS]++, 0);
	cr_assert_eq(result.pass[1].ios, 10 * NBLOCKS);
}

Test(repetition, of_part_of_a_mapping_returns_to_that_part_alone)
{
	context.ops = &mapping;
	cell.workload.number_ios = 50;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(ncalls, 100);
	for (unsigned int i = 0; i < 50; i++)
		cr_assert_eq(offsets[i], offsets[50 + i]);
}

Test(repetition, of_a_mapping_with_time_left_returns_only_to_what_it_had_touched)
{
	context.ops = &mapping;
	cell.workload.runtime_ns = 2000000;
	cell.workload.time_based = true;
	/* The first operation takes all the time of the first pass. */
	nap_at = 1;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(result.pass[0].ios, 1);
	for (unsigned int i = 1; i < ncalls && i < LOG_MAX; i++)
		cr_assert_eq(offsets[i], offsets[0]);
}

Test(repetition, of_a_mapping_in_sequence_returns_to_its_beginning)
{
	context.ops = &mapping;
	cell.workload.rw = RW_READ;
	cell.workload.number_ios = 50;
	must(repetition_timed(&context, &result, &error));
	for (unsigned int i = 0; i < 100; i++)
		cr_assert_eq(offsets[i], (uint64_t)(i % 50) * BS);
}

Test(repetition, with_a_cold_cache_never_repeats_a_block_not_even_one_of_the_rehearsal)
{
	static const enum rw kinds[] = {RW_RANDREAD, RW_READ};

	for (unsigned int k = 0; k < 2; k++) {
		unsigned char seen[NBLOCKS] = {0};

		cell.workload.rw = kinds[k];
		cell.workload.cache = CACHE_COLD;
		cell.workload.number_ios = 10 * NBLOCKS;
		ncalls = 0;
		must(repetition_timed(&context, &result, &error));
		cr_assert_eq(ncalls, NBLOCKS);
		for (unsigned int i = 0; i < NBLOCKS; i++)
			cr_assert_eq(seen[offsets[i] / BS]++, 0);
		cr_assert_lt(result.pass[0].ios, NBLOCKS);
		cr_assert_gt(result.pass[0].ios, NBLOCKS / 2);
		forget_result();
	}
}

Test(repetition, with_a_cold_cache_ends_with_the_last_block_whatever_time_is_left)
{
	cell.workload.cache = CACHE_COLD;
	cell.workload.runtime_ns = 3600ull * 1000000000;
	cell.workload.time_based = true;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(ncalls, NBLOCKS);
}

Test(repetition, of_several_jobs_gives_each_a_region_of_its_own)
{
	unsigned int of_job[4] = {0};

	cell.workload.numjobs = 4;
	cell.workload.cache = CACHE_COLD;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(ncalls, 4 * NBLOCKS);
	for (unsigned int i = 0; i < ncalls; i++) {
		cr_assert_lt(offsets[i] / cell.workload.size, 4);
		of_job[offsets[i] / cell.workload.size]++;
	}
	for (unsigned int j = 0; j < 4; j++)
		cr_assert_eq(of_job[j], NBLOCKS);
	cr_assert_eq(histogram_total(result.pass[0].latency), result.pass[0].ios);
	cr_assert_eq(result.pass[0].bytes, result.pass[0].ios * BS);
}

Test(repetition, with_the_same_seed_repeats_the_same_offsets)
{
	uint64_t first[1000];

	cell.workload.number_ios = 500;
	must(repetition_timed(&context, &result, &error));
	memcpy(first, offsets, 500 * sizeof(first[0]));
	forget_result();
	ncalls = 0;
	must(repetition_timed(&context, &result, &error));
	cr_assert_arr_eq(offsets, first, 500 * sizeof(first[0]));
}

Test(repetition, that_writes_makes_a_generation_and_one_that_reads_does_not)
{
	target.generation = 1;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(target.generation, 1);
	forget_result();
	cell.workload.rw = RW_RANDWRITE;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(target.generation, 2);
}

Test(repetition, that_writes_to_a_private_mapping_leaves_the_file_its_generation)
{
	target.generation = 1;
	cell.workload.rw = RW_RANDWRITE;
	context.ops = &private_mapping;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(target.generation, 1);
}

Test(repetition, of_half_blocks_works_with_half_the_bytes)
{
	uint64_t cost[PASSES_MAX] = {0};
	static struct clock instructions;

	clock_init(&instructions, RUN_CLOCK_INSTRUCTIONS);
	context.clock = &instructions;
	must(repetition_half_block(&context, cost, &error));
	cr_assert_gt(ncalls, 0);
	cr_assert_eq(sizes_seen, ncalls * (uint64_t)BS / 2);
	cr_assert_eq(cell.workload.bs, BS);
	cr_assert_eq(cell.nrepetitions, 0);
	cr_assert_eq(cell.nevidence, 0);
}

Test(repetition, of_half_blocks_is_refused_where_half_means_nothing)
{
	uint64_t cost[PASSES_MAX];

	cell.workload.bs = 512;
	cr_assert_eq(repetition_half_block(&context, cost, &error), -EOPNOTSUPP);
	cell.workload.bs = BS;
	cell.workload.access = ACCESS_TOUCH;
	cr_assert_eq(repetition_half_block(&context, cost, &error), -EOPNOTSUPP);
	cr_assert_eq(ncalls, 0);
}

Test(repetition, on_a_file_moves_the_right_bytes_on_every_path_that_runs_anywhere)
{
	static const char *const names[] = {"buffered", "mmap-shared", "mmap-private"};

	use_file("buffered");
	for (unsigned int rw = RW_READ; rw <= RW_RANDRW; rw++) {
		for (unsigned int n = 0; n < 3; n++) {
			struct repetition once = {0};

			cell.workload.rw = (enum rw)rw;
			context.ops = path_find(names[n]);
			must(repetition_timed(&context, &once, &error));
			must(repetition_witness(&context, &error));
			for (unsigned int p = 0; p < PASSES_MAX; p++)
				free(once.pass[p].latency);
		}
	}
	cr_assert_eq(verdict_of("sampled blocks had the right bytes", PHASE_TIMED), VERDICT_HELD);
	cr_assert_eq(verdict_of("every byte of the file is right", PHASE_WITNESS), VERDICT_HELD);
}

Test(repetition, touching_a_file_leaves_it_right)
{
	use_file("mmap-shared");
	cell.workload.rw = RW_RANDWRITE;
	cell.workload.access = ACCESS_TOUCH;
	must(repetition_timed(&context, &result, &error));
	must(repetition_witness(&context, &error));
	cr_assert_eq(verdict_of("every byte of the file is right", PHASE_WITNESS), VERDICT_HELD);
}

/* Every block of the test's target gets one wrong byte, behind the back of the program. */
static void damage(void)
{
	int fd = open(target.proc_path, O_WRONLY);

	for (uint64_t at = 0; at < target.size; at += BS)
		cr_assert_eq(pwrite(fd, "!", 1, (off_t)at + 100), 1);
	close(fd);
}

Test(repetition, on_a_damaged_file_is_refuted_by_its_samples)
{
	use_file("buffered");
	damage();
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(verdict_of("sampled blocks had the right bytes", PHASE_TIMED),
		     VERDICT_REFUTED);
	cr_assert_eq(cell.status, CELL_REFUTED);
}

Test(repetition, on_a_file_with_one_damaged_byte_is_refuted_by_the_witness)
{
	int fd;

	use_file("buffered");
	fd = open(target.proc_path, O_WRONLY);
	cr_assert_eq(pwrite(fd, "!", 1, 77 * BS + 600), 1);
	close(fd);
	must(repetition_witness(&context, &error));
	cr_assert_eq(verdict_of("every byte of the file is right", PHASE_WITNESS), VERDICT_REFUTED);
	cr_assert_not_null(strstr(cell.reason, "damaged bytes"), "%s", cell.reason);
}

/* Cuts the file off below the mapping in the middle of the first pass. */
static int cutting_submit(struct path_job *job, uint64_t offset, bool write)
{
	int fd;

	if (++ncalls == cut_at) {
		fd = open(target.proc_path, O_WRONLY);
		cr_assert_eq(ftruncate(fd, 0), 0);
		close(fd);
	}
	return path_find("mmap-shared")->submit(job, offset, write);
}

Test(repetition, of_a_mapping_whose_file_is_cut_short_fails_and_goes_on_living)
{
	static struct path_ops cutting;

	use_file("mmap-shared");
	worker_catch_sigbus();
	cutting = *path_find("mmap-shared");
	cutting.submit = cutting_submit;
	context.ops = &cutting;
	cut_at = 10;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EIO);
	cr_assert_eq(ncalls, 10);
	cr_assert_not_null(strstr(error.text, "mmap-shared"), "%s", error.text);
	cr_assert_eq(result.npasses, 0);
}

/* A path with several in flight, which ends them in the order of their start. */
struct queue {
	struct path_io *io[16];
	unsigned int n, vain_left;
	uint64_t starts;
};

static struct {
	unsigned int vain;       /* looks that find nothing after each that found some */
	unsigned int unwaited;   /* looks without a minimum */
	uint64_t spun_ns, spuns; /* each wait spins so long, and how many did */
	uint64_t interrupts;
} behaviour;

static int queue_open(struct path_job *job, struct error *e)
{
	int ret = own_open(job, e);

	if (!ret)
		job->own = calloc(1, sizeof(struct queue));
	return ret;
}

static void queue_close(struct path_job *job)
{
	free(job->own);
	own_close(job);
}

static int queue_start(struct path_job *job, struct path_io *io)
{
	struct queue *q = job->own;
	int ret = own_submit(job, io->offset, io->write);

	if (ret)
		return ret;
	q->io[q->n++] = io;
	q->starts++;
	return 0;
}

static int queue_reap(struct path_job *job, unsigned int min)
{
	struct queue *q = job->own;
	unsigned int ended = q->n;

	behaviour.unwaited += min == 0;
	if (behaviour.spun_ns) {
		nanosleep(&(struct timespec){.tv_nsec = (long)behaviour.spun_ns}, NULL);
		job->spun += behaviour.spun_ns;
		behaviour.spuns++;
	}
	if (!min && q->vain_left) {
		q->vain_left--;
		return 0;
	}
	q->vain_left = behaviour.vain;
	for (unsigned int i = 0; i < ended; i++)
		job->done(job, q->io[i], 0);
	q->n = 0;
	return (int)ended;
}

static void queue_count(const struct path_job *job, struct path_counters *counters)
{
	const struct queue *q = job->own;

	counters->doorbells = q->starts;
	counters->sleeps = 2 * q->starts;
	counters->interrupts = behaviour.interrupts++ ? q->starts : 0;
}

#define QUEUE(name_, traits_)                                                                      \
	{                                                                                          \
		.name = name_, .traits = PATH_NOTHING | (traits_), .open = queue_open,             \
		.start = queue_start, .reap = queue_reap, .count = queue_count,                    \
		.close = queue_close,                                                              \
	}
static const struct path_ops sleeping = QUEUE("sleeping", PATH_SLEEPS);
static const struct path_ops polled = QUEUE("polled", PATH_POLLED);
static const struct path_ops driver = QUEUE("driver", PATH_SLEEPS | PATH_USER_DRIVER);

static void use_queue(const struct path_ops *ops, enum run_clock kind, unsigned int iodepth)
{
	clock_init(&clock_, kind);
	context.ops = ops;
	cell.workload.iodepth = iodepth;
	cell.workload.iodepth_batch_submit = 0;
	cell.workload.number_ios = 100;
}

Test(repetition, takes_what_the_path_counted_during_the_pass_alone)
{
	use_queue(&sleeping, RUN_CLOCK_NS, 4);
	cell.workload.numjobs = 2;
	must(repetition_timed(&context, &result, &error));
	/* More were started, before the clock was. */
	cr_assert_gt(ncalls, 200);
	cr_assert_eq(result.pass[0].ios, 200);
	cr_assert_eq(result.pass[0].doorbells, 200);
	cr_assert_eq(result.pass[0].sleeps, 400);
	cr_assert_eq(histogram_total(result.pass[0].latency), 200);
}

Test(repetition, of_a_path_that_counts_nothing_counts_nothing)
{
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(result.pass[0].doorbells, 0);
	cr_assert_eq(result.pass[0].sleeps, 0);
	cr_assert_eq(result.pass[0].wait, 0);
	cr_assert_eq(result.pass[0].empty_looks, 0);
}

Test(repetition, of_a_polled_path_charges_the_cpu_with_no_waiting)
{
	const struct pass_result *pass = &result.pass[0];

	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 4);
	behaviour.vain = 3;
	must(repetition_timed(&context, &result, &error));
	/* Rounds of four; the first look of each gave them to the device. */
	cr_assert_eq(pass->empty_looks, 100 / 4 * 2);
	cr_assert_gt(pass->wait, 0);
	cr_assert(pass->machine_known);
	cr_assert_gt(pass->op_total, 0);
	cr_assert_eq(pass->machine, pass->op_total);
	cr_assert_eq(pass->thread, pass->op_total);
	cr_assert_leq(pass->wait + pass->op_total, pass->duration);
	/* Of several in flight none has a cost of its own. */
	cr_assert_eq(pass->op_median, 0);
}

Test(repetition, of_a_polled_path_with_one_in_flight_has_an_exact_median)
{
	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 1);
	must(repetition_timed(&context, &result, &error));
	cr_assert_gt(result.pass[0].op_median, 0);
	cr_assert_geq(result.pass[0].machine, result.pass[0].op_total);
}

Test(repetition, of_a_polled_path_adds_up_what_its_jobs_waited)
{
	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 4);
	cell.workload.numjobs = 3;
	behaviour.vain = 2;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(result.pass[0].empty_looks, 3 * 100 / 4);
	/* Their waits overlap: together they may be longer than the pass. */
	cr_assert_eq(result.pass[0].machine, result.pass[0].op_total);
}

Test(repetition, takes_what_the_path_spun_out_of_the_cpu_time)
{
	use_queue(&sleeping, RUN_CLOCK_INSTRUCTIONS, 1);
	/* The test knows nanoseconds, and the ticks of this clock are their own unit. */
	clock_.tsc = false;
	cell.workload.number_ios = 20;
	behaviour.spun_ns = 1000000;
	must(repetition_timed(&context, &result, &error));
	cr_assert_gt(behaviour.spuns, 20);
	cr_assert_eq(result.pass[0].wait, 20 * behaviour.spun_ns);
	/* It only pretends to spin, and uses far less of the CPU than it says. */
	cr_assert_eq(result.pass[0].thread, 0);
	cr_assert_leq(result.pass[0].op_total + result.pass[0].wait, result.pass[0].duration);
	if (result.pass[0].machine_known)
		cr_assert_leq(result.pass[0].machine + result.pass[0].wait,
			      result.pass[0].duration);
}

Test(repetition, on_the_nanosecond_clock_leaves_the_thread_its_cpu_time)
{
	use_queue(&sleeping, RUN_CLOCK_NS, 1);
	cell.workload.number_ios = 20;
	behaviour.spun_ns = 1000000;
	must(repetition_timed(&context, &result, &error));
	cr_assert_gt(result.pass[0].wait, 0);
	cr_assert_gt(result.pass[0].thread, 0);
	cr_assert_not(result.pass[0].machine_known);
}

Test(repetition, asks_the_path_for_the_interrupts_of_a_model_alone)
{
	use_queue(&driver, RUN_CLOCK_NS, 1);
	must(repetition_timed(&context, &result, &error));
	cr_assert_not(result.pass[0].interrupts_known);
	forget_result();
	behaviour.interrupts = 0;
	target.kind = TARGET_USERDRV;
	must(repetition_timed(&context, &result, &error));
	cr_assert(result.pass[0].interrupts_known);
	cr_assert_gt(result.pass[0].interrupts, 0);
	forget_result();
	/* Of a real one only the kernel can tell, and of this one it can't. */
	snprintf(target.device.pci, sizeof(target.device.pci), "none");
	target.device.known = true;
	must(repetition_timed(&context, &result, &error));
	cr_assert_not(result.pass[0].interrupts_known);
	target.kind = TARGET_NULL;
}

Test(repetition, with_several_in_flight_whose_start_fails_says_so)
{
	use_queue(&sleeping, RUN_CLOCK_NS, 8);
	fail_at = 120;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EIO);
	cr_assert_eq(ncalls, 120);
	cr_assert_not_null(strstr(error.text, "sleeping on null:"), "%s", error.text);
	cr_assert_eq(result.npasses, 0);
	cr_assert_eq(nclosed, nopened);
}

Test(repetition, interrupted_with_several_in_flight_is_none)
{
	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 8);
	interrupt_at = 100;
	cr_assert_eq(repetition_timed(&context, &result, &error), -EINTR);
	cr_assert_eq(ncalls, 100);
	cr_assert_eq(result.npasses, 0);
	cr_assert_eq(nclosed, 1);
}

Test(repetition, with_several_in_flight_and_a_cold_cache_repeats_no_block)
{
	unsigned char seen[NBLOCKS] = {0};

	use_queue(&sleeping, RUN_CLOCK_NS, 8);
	cell.workload.cache = CACHE_COLD;
	cell.workload.number_ios = 10 * NBLOCKS;
	must(repetition_timed(&context, &result, &error));
	cr_assert_eq(ncalls, NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(seen[offsets[i] / BS]++, 0);
}

Test(repetition, witnesses_a_polled_path_waiting_in_its_own_way)
{
	unsigned char seen[NBLOCKS] = {0};

	use_queue(&polled, RUN_CLOCK_INSTRUCTIONS, 4);
	cell.workload.number_ios = NBLOCKS;
	must(repetition_witness(&context, &error));
	cr_assert_eq(behaviour.unwaited, 0);
	cr_assert_eq(ncalls, NBLOCKS);
	for (unsigned int i = 0; i < NBLOCKS; i++)
		cr_assert_eq(seen[offsets[i] / BS]++, 0);
}

Test(repetition, of_half_blocks_is_refused_where_the_device_copies)
{
	static struct path_ops direct;
	uint64_t cost[PASSES_MAX];

	use_queue(&driver, RUN_CLOCK_INSTRUCTIONS, 1);
	cr_assert_eq(repetition_half_block(&context, cost, &error), -EOPNOTSUPP);
	direct = polled;
	direct.traits |= PATH_NO_CACHE;
	context.ops = &direct;
	target.device.known = true;
	cr_assert_eq(repetition_half_block(&context, cost, &error), -EOPNOTSUPP);
	cr_assert_eq(ncalls, 0);
	/* On a device of memory the CPU copies, in the kernel. */
	target.device.memory = true;
	must(repetition_half_block(&context, cost, &error));
	cr_assert_gt(ncalls, 0);
	cr_assert_gt(cost[0], 0);
}
