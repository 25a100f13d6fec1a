// SPDX-License-Identifier: MIT
/* The checks of lab 11: the student's pump, on the controller model. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/check.h"
#include "reference/pump.h"
#include "userdrv/soft/ud_soft.h"

#define MAX_PIECES    4096u
#define BLOCK_NBYTES  512u
#define PIECE_NBLOCKS 8u
#define MEASURED      1024u /* pieces that measure.c pumps */
#define MAX_DOORBELLS 0.25
#define MAX_RATIO     1.3

static struct ud_soft_config config;
static struct ud_transport *soft;
static struct ud_ctrlr *ctrlr;
static struct pump *pump;
static unsigned int count[MAX_PIECES]; /* how often each was handed over */

static const struct pump_options one_queue = {
	.nqueues = 1, .depth = 64, .batch = 16, .nblocks = PIECE_NBLOCKS};

/* The first and the last word of each piece are its number. */
static void fill(uint64_t npieces)
{
	uint64_t *words = ud_soft_data(soft, 1, NULL);
	const size_t piece_nwords = PIECE_NBLOCKS * BLOCK_NBYTES / sizeof(*words);

	for (uint64_t i = 0; i < npieces; i++)
		words[i * piece_nwords] = words[(i + 1) * piece_nwords - 1] = i + 1;
}

static void consume(void *arg, uint64_t piece, const void *data)
{
	const size_t piece_nwords = PIECE_NBLOCKS * BLOCK_NBYTES / sizeof(uint64_t);
	const uint64_t *words = data;

	(*(unsigned int *)arg)++;
	LAB_EXPECT(piece < MAX_PIECES && piece < pump->npieces,
		   "only pieces that there are get handed over", "piece %" PRIu64 " of %" PRIu64,
		   piece, pump->npieces);
	LAB_EXPECT(words[0] == piece + 1 && words[piece_nwords - 1] == piece + 1,
		   "a piece is handed over with its own bytes",
		   "piece %" PRIu64 ", read to %p, begins with the bytes of piece %" PRId64
		   " and ends with those of piece %" PRId64,
		   piece, data, (int64_t)words[0] - 1, (int64_t)words[piece_nwords - 1] - 1);
	count[piece]++;
}

/* A disk of @npieces and a few blocks more; reads take between 20 and 80 us, so they overtake. */
static void open_pump(uint64_t npieces, const struct pump_options *options)
{
	struct ud_ctrlr_options limits;
	int err;

	config.namespaces[0].nblocks = npieces * PIECE_NBLOCKS + PIECE_NBLOCKS / 2;
	config.latency = (struct ud_soft_latency){UD_SOFT_LATENCY_UNIFORM, 20000, 80000, 0};
	ud_ctrlr_options_init(&limits);
	limits.io_timeout_ms = config.mode == UD_SOFT_STEPPED ? 100 : 20000;
	limits.abort_timeout_ms = 50;
	lab_step("a disk of %" PRIu64 " pieces and %u blocks more; %u queue pairs of depth %u, "
		 "batches of %u",
		 npieces, PIECE_NBLOCKS / 2, options->nqueues, options->depth, options->batch);
	err = ud_soft_create(&config, &soft);
	if (!err)
		err = ud_ctrlr_open(soft, &limits, &ctrlr);
	if (err)
		lab_broken("the controller model doesn't come up: %s", strerror(-err));
	fill(npieces);
	memset(count, 0, sizeof(count));
	err = pump_open(ctrlr, ud_ctrlr_ns(ctrlr, 0), options, &pump);
	LAB_EXPECT(!err, "the pump can be opened", "%s", strerror(-err));
}

static void close_pump(void)
{
	pump_close(pump);
	(void)ud_ctrlr_close(ctrlr);
}

static void expect_each_once(void)
{
	for (uint64_t i = 0; i < pump->npieces; i++)
		LAB_EXPECT(count[i] == 1, "each piece is handed over once",
			   "piece %" PRIu64 " of %" PRIu64 " was handed over %u times", i,
			   pump->npieces, count[i]);
}

static void expect_nothing_in_flight(void)
{
	uint32_t n = ud_qpair_outstanding(pump->queues[0].qpair);

	LAB_EXPECT(n == 0,
		   "pump_run returns when nothing is in flight any more: who closes the "
		   "pump frees the memory that those reads go to",
		   "%u reads are still outstanding", n);
}

static void run_alone(int expected)
{
	unsigned int handed_over = 0;
	int err = pump_run(pump, 0, consume, &handed_over);

	expect_nothing_in_flight();
	LAB_EXPECT(err == expected, "pump_run returns the first error, or 0",
		   "%d instead of %d, after %u of %" PRIu64 " pieces", err, expected, handed_over,
		   pump->npieces);
}

static void check_share(void)
{
	static const uint64_t totals[] = {0, 1, 2, 3, 7, 16, 1000, (1ull << 40) + 5, UINT64_MAX};

	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		lab_step("%" PRIu64 " pieces in 1 to 65 parts", totals[i]);
		for (unsigned int nparts = 1; nparts <= 65; nparts++) {
			uint64_t expected = 0, first = 0, end = 0;

			for (unsigned int part = 0; part < nparts; part++) {
				pump_share(totals[i], nparts, part, &first, &end);
				LAB_EXPECT(first == expected && end >= first,
					   "each part begins where the one before it ends",
					   "of %u parts part %u is [%" PRIu64 ", %" PRIu64
					   ") and should begin with %" PRIu64,
					   nparts, part, first, end, expected);
				LAB_EXPECT(end - first - totals[i] / nparts <=
						   (totals[i] % nparts != 0),
					   "parts differ by one piece at most, or the longest is "
					   "waited "
					   "for",
					   "of %u parts part %u has %" PRIu64 " pieces", nparts,
					   part, end - first);
				expected = end;
			}
			LAB_EXPECT(end == totals[i], "the last part ends with the last piece",
				   "of %u parts the last ends with %" PRIu64, nparts, end);
		}
	}
}

static void check_pieces(void)
{
	static const uint64_t totals[] = {0, 1, 15, 16, 17, 64, 65, 1003};
	static const struct pump_options small = {
		.nqueues = 1, .depth = 3, .batch = 2, .nblocks = PIECE_NBLOCKS};

	ud_soft_config_init(&config);
	config.now_step_ns = 1000;
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		for (int deep = 0; deep <= 1; deep++) {
			open_pump(totals[i], deep ? &one_queue : &small);
			run_alone(0);
			expect_each_once();
			close_pump();
		}
	}
}

static void check_errors(void)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_STATUS,
				      .sqid = 1,
				      .status = 0x0281, /* unrecovered read error */
				      .nth = 500};
	unsigned int handed_over = 0;
	int err;

	ud_soft_config_init(&config);
	config.now_step_ns = 1000;
	config.faults = &fault;
	config.nfaults = 1;
	open_pump(1003, &one_queue);
	lab_step("one read fails, number 500");
	run_alone(-EIO);
	LAB_EXPECT(ud_soft_commands(soft, 1) <= 500 + 2 * one_queue.depth,
		   "after an error nothing more is submitted",
		   "%" PRIu64 " reads in all, with %u in flight", ud_soft_commands(soft, 1),
		   one_queue.depth);
	for (unsigned int i = 0; i < MAX_PIECES; i++)
		LAB_EXPECT(count[i] <= 1, "no piece is handed over twice", "piece %u", i);
	close_pump();

	fault.kind = UD_SOFT_FAULT_LOST;
	open_pump(1003, &one_queue);
	lab_step("the controller loses one read, number 500");
	err = pump_run(pump, 0, consume, &handed_over);
	expect_nothing_in_flight();
	LAB_EXPECT(err == -ETIMEDOUT || err == -ECANCELED,
		   "the first error is -ETIMEDOUT, or -ECANCELED of those which the reset ended",
		   "%d after %u pieces", err, handed_over);
	close_pump();
}

static void check_doorbells(void)
{
	struct ud_soft_stats before, after;
	struct ud_qpair_stats stats;
	unsigned int handed_over = 0;
	double doorbells;
	int err;

	ud_soft_config_init(&config);
	config.now_step_ns = 1000;
	open_pump(MAX_PIECES, &one_queue);
	ud_soft_get_stats(soft, &before);
	err = pump_run(pump, 0, consume, &handed_over);
	ud_soft_get_stats(soft, &after);
	LAB_EXPECT(!err && handed_over == MAX_PIECES, "pump_run hands all pieces over",
		   "it returned %d after %u of %u pieces", err, handed_over, MAX_PIECES);
	ud_qpair_get_stats(pump->queues[0].qpair, &stats);
	doorbells = (double)(stats.sq_doorbells + stats.cq_doorbells) / MAX_PIECES;
	lab_tell("%.4f doorbells for each read: %" PRIu64 " of submission, %" PRIu64
		 " of completion; %" PRIu64 " interrupts for %u reads",
		 doorbells, stats.sq_doorbells, stats.cq_doorbells,
		 after.interrupts - before.interrupts, MAX_PIECES);
	LAB_EXPECT(doorbells < MAX_DOORBELLS,
		   "a batch shares its doorbells: under 0.25 for each read, both rings together",
		   "%.3f: %" PRIu64 " stores to the submission doorbell and %" PRIu64
		   " to the completion doorbell for %u reads; %" PRIu64 " interrupts",
		   doorbells, stats.sq_doorbells, stats.cq_doorbells, MAX_PIECES,
		   after.interrupts - before.interrupts);
	close_pump();
}

struct worker {
	pthread_t thread;
	unsigned int queue, handed_over;
	int err;
	bool done;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	w->err = pump_run(pump, w->queue, consume, &w->handed_over);
	__atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void check_threads(void)
{
	static const struct pump_options options = {
		.nqueues = 4, .depth = 32, .batch = 8, .nblocks = PIECE_NBLOCKS};
	struct worker workers[4] = {{.queue = 0}, {.queue = 1}, {.queue = 2}, {.queue = 3}};
	const unsigned int npieces = 2003;
	bool running = true;

	ud_soft_config_init(&config);
	config.mode = UD_SOFT_THREADED;
	open_pump(npieces, &options);
	lab_step("four threads, each runs one queue pair");
	for (unsigned int i = 0; i < 4; i++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			lab_broken("no thread can be made");
	}
	/* Time-outs are the business of the thread that opened the controller. */
	while (running) {
		(void)ud_ctrlr_process(ctrlr);
		usleep(1000);
		running = false;
		for (unsigned int i = 0; i < 4; i++)
			running = running || !__atomic_load_n(&workers[i].done, __ATOMIC_ACQUIRE);
	}
	for (unsigned int i = 0; i < 4; i++) {
		pthread_join(workers[i].thread, NULL);
		LAB_EXPECT(!workers[i].err, "each queue pair's share is read", "queue %u: %s", i,
			   strerror(-workers[i].err));
		LAB_EXPECT(workers[i].handed_over - npieces / 4 <= 1,
			   "each thread reads a quarter of the pieces", "thread %u read %u of %u",
			   i, workers[i].handed_over, npieces);
	}
	expect_each_once();
	close_pump();
}

static void shell(char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Runs a command and keeps the first line that it says in @line. */
static void shell(char *line, size_t size, const char *format, ...)
{
	char command[8000];
	va_list args;
	FILE *pipe;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(stdout);
	pipe = popen(command, "r");
	line[0] = '\0';
	if (pipe && fgets(line, (int)size, pipe))
		line[strcspn(line, "\n")] = '\0';
	status = pipe ? pclose(pipe) : -1;
	if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
		lab_broken("this ended by a signal or wasn't found: %.200s", command);
}

/* Instructions for each piece, in pump_run, of the pump in @source built as `make` builds. */
static double instructions(const char *root, const char *folder, const char *source,
			   const char *who)
{
	static const char options[] = "-std=gnu11 -D_GNU_SOURCE -O2 -g";
	char line[200], token[40];
	unsigned int number = (unsigned int)getpid();

	/* Not to be guessed by a program that would rather print it than work. */
	if (getrandom(&number, sizeof(number), 0) < 0)
		lab_broken("there are no random numbers: %s", strerror(errno));
	snprintf(token, sizeof(token), "each-came-once-%08x", number);
	lab_step("build measure.c with %s pump, optimized", who);
	shell(line, sizeof(line),
	      "gcc %s -I'%s' -iquote '%s/labs/11-capstone/reference' -o '%s/measure' "
	      "'%s/labs/11-capstone/measure.c' '%s' '%s/build/userdrv/libuserdrv.a' "
	      "'%s/build/userdrv/libuserdrv-soft.a' -lnuma -lpthread >&2 && echo built",
	      options, root, root, folder, root, source, root, root);
	if (strcmp(line, "built") != 0)
		lab_broken("measure.c can't be built with %s; if the compiler's words don't say "
			   "why, do: make labs",
			   source);
	/* Counted in pump_run, but not in the model nor in the consumer. */
	lab_step("have callgrind count while it reads %u pieces", MEASURED);
	shell(line, sizeof(line),
	      "valgrind -q --tool=callgrind --callgrind-out-file='%s/callgrind.out' "
	      "--collect-atstart=no '%s/measure' %s",
	      folder, folder, token);
	LAB_EXPECT(strcmp(line, token) == 0, "each piece is handed over once",
		   "with %s pump the program didn't come to its end; its words are in the log",
		   who);
	shell(line, sizeof(line), "sed -n 's/^totals: //p' '%s/callgrind.out'", folder);
	LAB_EXPECT(strtod(line, NULL) > 0, "all that pump_run executes is counted",
		   "with %s pump callgrind counted nothing", who);
	return strtod(line, NULL) / MEASURED;
}

static void check_instructions(void)
{
	char folder[1000], root[1000], path[1100];
	double theirs, reference;

	if (system("command -v valgrind >/dev/null"))
		lab_broken(
			"valgrind, which counts the instructions, is missing; do: apt-get install "
			"valgrind");
	lab_find_folders(__FILE__, folder, root, sizeof(folder));
	snprintf(path, sizeof(path), "%s/labs/11-capstone/reference/pump.c", root);
	reference = instructions(root, folder, path, "the reference's");
	snprintf(path, sizeof(path), "%s/pump.c", folder);
	theirs = instructions(root, folder, path, "your");
	lab_tell("instructions for each read, driver and pump: yours %.1f, the reference's %.1f",
		 theirs, reference);
	LAB_EXPECT(theirs <= MAX_RATIO * reference,
		   "at most 1.3 times the instructions of the reference for each read, driver "
		   "included",
		   "%.1f, the reference's are %.1f: %.2f times", theirs, reference,
		   theirs / reference);
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"share", check_share},
		{"pieces", check_pieces},
		{"errors", check_errors},
		{"doorbells", check_doorbells},
		{"instructions", check_instructions},
		{"threads", check_threads},
		{NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
