// SPDX-License-Identifier: MIT
/* The checks of lab 5: the student's waits, on the controller model (points.h). */
#include "points.h"

static void check_vector(void)
{
	static const enum ud_completion_mode modes[] = {UD_INTERRUPT, UD_POLL, UD_HYBRID,
							UD_INTERRUPT};
	struct ud_soft_stats before, after;
	struct ud_qpair *q[4];

	prepare(UD_POLL, 0, 0);
	open_controller();
	for (unsigned int i = 0; i < 4; i++) {
		options.mode = modes[i];
		q[i] = create();
	}
	for (unsigned int i = 0; i < 4; i++) {
		lab_step("a read on queue pair %u, vector %d", q[i]->qid, q[i]->vector);
		ud_soft_get_stats(soft, &before);
		submit(q[i], 1);
		ud_soft_advance(soft, MS);
		ud_soft_get_stats(soft, &after);
		LAB_EXPECT(after.interrupts - before.interrupts == (modes[i] != UD_POLL),
			   "one completion is one interrupt, and none where one polls",
			   "%" PRIu64 " interrupts", after.interrupts - before.interrupts);
		for (unsigned int j = 0; j < 4; j++) {
			if (modes[j] == UD_POLL)
				continue;
			LAB_EXPECT(signalled(q[j]) == (i == j),
				   "the eventfd of that queue pair is signalled, and no other",
				   "the one of queue pair %u is%s readable", q[j]->qid,
				   signalled(q[j]) ? "" : "n't");
		}
		(void)ud_qpair_wait(q[i], SECOND);
		if (modes[i] != UD_POLL)
			(void)ud_qpair_ack(q[i]);
	}
	(void)ud_ctrlr_close(ctrlr);
}

static void check_poll(void)
{
	struct ud_soft_fault late = {
		.kind = UD_SOFT_FAULT_LATE, .sqid = 1, .every = 2, .delay_ns = 2 * MS};
	int n;

	prepare(UD_POLL, US, 100 * US);
	open_queue();
	for (unsigned int i = 0; i < 20; i++) {
		lab_step("poll for a read that takes 100 us");
		read_once("a read");
		LAB_EXPECT(seen.looks >= 16 * seen.clocks,
			   "there are at least 16 looks at the queue for each look at the clock, "
			   "which "
			   "costs far more",
			   "%lu looks at the queue, %lu at the clock", seen.looks, seen.clocks);
	}
	/* From here on every other read is late. */
	late.nth = ud_soft_commands(soft, 1) + 1;
	(void)ud_soft_add_fault(soft, &late);
	for (unsigned int at = 1; at <= 80; at++) {
		lab_step("two reads; one ends at point %u, where each look at the clock begins "
			 "and ends at one, the other 2 ms later",
			 at);
		end_at = at;
		submit(queue, 2);
		for (int nth = 1; nth <= 2; nth++) {
			watch();
			n = ud_qpair_wait(queue, SECOND);
			LAB_EXPECT(n == 1 && (int)ncalled == nth,
				   "a wait ends with the first completion that it finds",
				   "wait %d returned %d after %u callbacks", nth, n, ncalled);
			end_at = 0;
		}
	}
	close_all();
}

/* In interrupt mode, and time passes in sleep alone. */
static void open_sleeper(uint64_t latency_ns)
{
	prepare(UD_INTERRUPT, 0, latency_ns);
	open_queue();
}

static void check_time_outs(void)
{
	struct ud_soft_fault lost = {.kind = UD_SOFT_FAULT_LOST, .sqid = 1};
	uint64_t start;
	int n;

	open_sleeper(50 * MS);
	lab_step("wait 300 us for a read that takes 50 ms");
	submit(queue, 1);
	start = ud_soft_now(soft);
	n = ud_qpair_wait(queue, 300 * US);
	LAB_EXPECT(n == 0 && ud_soft_now(soft) - start == 300 * US,
		   "ud_qpair_wait returns 0 when its time is over",
		   "it returned %d after %" PRIu64 " ns", n, ud_soft_now(soft) - start);
	lab_step("wait 0 ns for it");
	n = ud_qpair_wait(queue, 0);
	LAB_EXPECT(n == 0 && ud_soft_now(soft) - start == 300 * US, "no time is no sleep",
		   "it returned %d after %" PRIu64 " ns", n, ud_soft_now(soft) - start - 300 * US);
	lab_step("the eventfd has an error");
	failure = -EBADF;
	n = ud_qpair_wait(queue, SECOND);
	LAB_EXPECT(n == -EBADF, "an error of the transport is passed on", "it returned %d", n);
	(void)ud_qpair_wait(queue, SECOND);
	close_all();

	open_sleeper(50 * US);
	lab_step("a read that the controller loses, with a time-out of 100 ms");
	(void)ud_soft_add_fault(soft, &lost);
	submit(queue, 1);
	start = ud_soft_now(soft);
	for (unsigned int i = 0; i < 20 && !ncalled; i++) {
		watch();
		(void)ud_qpair_wait(queue, SECOND);
	}
	LAB_EXPECT(
		ncalled == 1 && errors[0] == -ETIMEDOUT && ud_soft_now(soft) - start < SECOND / 2,
		"a sleeper looks at the clock in time (next_check_ns), so that a lost command ends "
		"with -ETIMEDOUT within 500 ms",
		"%u callbacks, error %d, after %" PRIu64 " ms", ncalled, errors[0],
		(ud_soft_now(soft) - start) / MS);
	close_all();
}

static void check_sleep(void)
{
	struct ud_qpair_stats stats;

	open_sleeper(50 * US);
	for (unsigned int i = 1; i <= 20; i++) {
		uint64_t start = ud_soft_now(soft);

		lab_step("read %u, which takes 50 us: submit, then wait", i);
		read_once("a read");
		LAB_EXPECT(seen.sleeps == 1 && seen.looks <= 4,
			   "one sleep, and a look or two on either side of it",
			   "%lu sleeps, %lu looks", seen.sleeps, seen.looks);
		LAB_EXPECT(ud_soft_now(soft) - start == 50 * US,
			   "the signal ends the sleep at once", "the wait took %" PRIu64 " ns",
			   ud_soft_now(soft) - start);
	}
	ud_qpair_get_stats(queue, &stats);
	LAB_EXPECT(stats.sleeps == 20, "stats.sleeps counts the sleeps", "%" PRIu64 " after 20",
		   stats.sleeps);
	close_all();
	check_time_outs();
}

/* The command ends at each point of a wait in turn; the wait must find it there and then. */
static void race(enum ud_completion_mode mode)
{
	prepare(mode, 0, 50 * US);
	open_queue();
	for (unsigned int at = 1; at <= 64; at++) {
		uint64_t start = ud_soft_now(soft), late;

		end_at = at;
		ended_ns = 0;
		lab_step("%s: a read; it ends at point %u of the wait, where each call of the "
			 "transport begins and ends at one",
			 mode == UD_HYBRID ? "hybrid" : "interrupt", at);
		read_once("a read");
		if (!ended_ns)
			ended_ns = start + 50 * US;
		late = ud_soft_now(soft) - ended_ns;
		LAB_EXPECT(late <= 2 * US || ud_soft_now(soft) < ended_ns,
			   "the wait ends as soon as the command has", "%" PRIu64 " ns later",
			   late);
	}
	close_all();
}

static void check_race(void)
{
	const uint64_t one = 1;
	int n;

	race(UD_INTERRUPT);
	race(UD_HYBRID);
	open_sleeper(50 * US);
	lab_step("the eventfd has a signal already, of a completion that was polled");
	if (write(queue->fd, &one, sizeof(one)) < 0)
		lab_broken("the eventfd takes no signal: %s", strerror(errno));
	read_once("a read");
	lab_step("a read ends, but coalescing holds its interrupt back beyond the time-out");
	n = ud_set_coalescing(ctrlr, 256, 25500);
	if (n)
		lab_broken("coalescing can't be set: %s", strerror(-n));
	submit(queue, 1);
	watch();
	n = ud_qpair_wait(queue, 200 * US);
	LAB_EXPECT(
		n == 1 && ncalled == 1,
		"the queue is looked at also when the time is over: a completion that is there is "
		"better than none",
		"it returned %d after %u callbacks", n, ncalled);
	close_all();
}

static void open_mode(enum ud_completion_mode mode, uint64_t latency_ns, uint32_t spin_ns,
		      bool learn)
{
	prepare(mode, US, latency_ns);
	options.spin_ns = spin_ns;
	options.learn = learn;
	open_queue();
}

/* @n reads one after the other; how long they spun in vain, in all. */
static uint64_t spun_in(unsigned int n)
{
	struct ud_qpair_stats before, after;

	ud_qpair_get_stats(queue, &before);
	for (unsigned int i = 0; i < n; i++)
		read_once("a read");
	ud_qpair_get_stats(queue, &after);
	return after.spun_ns - before.spun_ns;
}

static void check_spinning(uint32_t spin_us)
{
	const unsigned int slack_us = 10; /* 64 looks lie between two looks at the clock */
	uint64_t spun;

	lab_step("hybrid, spin_ns %u us; 50 reads take 500 us each", spin_us);
	open_mode(UD_HYBRID, 500 * US, spin_us * US, false);
	spun = spun_in(50) / 50;
	LAB_EXPECT(spun >= (uint64_t)spin_us * US && spun <= (uint64_t)(spin_us + slack_us) * US &&
			   seen.sleeps >= 1,
		   "it spins for spin_ns, then sleeps",
		   "it spun %" PRIu64 " ns per read; %lu sleeps "
		   "in the last",
		   spun, seen.sleeps);
	close_all();
}

static void check_learning(void)
{
	uint64_t spun;

	lab_step("hybrid, learning; 20 reads take 500 us each, and 128 more");
	open_mode(UD_HYBRID, 500 * US, 20 * US, true);
	(void)spun_in(20);
	spun = spun_in(128);
	LAB_EXPECT(spun <= 120 * US, "having learned, it sleeps at once nearly always",
		   "it spun %" PRIu64 " ns in 128 waits, where spinning 3 times is 60,000", spun);
	LAB_EXPECT(spun >= 20 * US,
		   "now and then (once in EXPLORE_WAITS) it spins all the same, or it would never "
		   "find out that the disk got faster",
		   "it spun %" PRIu64 " ns in 128 waits", spun);
	close_all();
	lab_step("hybrid, learning; 50 reads take 5 us each");
	open_mode(UD_HYBRID, 5 * US, 20 * US, true);
	for (unsigned int i = 0; i < 50; i++) {
		read_once("a read");
		LAB_EXPECT(!seen.sleeps, "what comes soon is worth spinning for",
			   "it slept in read %u", i);
	}
	close_all();
}

static void check_hybrid(void)
{
	lab_step("interrupt mode; a read takes 50 us");
	open_mode(UD_INTERRUPT, 50 * US, 20 * US, false);
	read_once("a read");
	LAB_EXPECT(seen.looks <= 4 && seen.sleeps == 1, "interrupt mode never spins",
		   "%lu looks, %lu sleeps", seen.looks, seen.sleeps);
	close_all();
	lab_step("polling; a read takes 500 us");
	open_mode(UD_POLL, 500 * US, 20 * US, false);
	read_once("a read");
	LAB_EXPECT(!seen.sleeps && seen.looks >= 16 * seen.clocks,
		   "polling spins as long as it takes",
		   "%lu looks at the queue, %lu at the clock, %lu sleeps", seen.looks, seen.clocks,
		   seen.sleeps);
	close_all();
	lab_step("hybrid, spin_ns 20 us; a read takes 5 us");
	open_mode(UD_HYBRID, 5 * US, 20 * US, false);
	read_once("a read");
	LAB_EXPECT(!seen.sleeps, "what comes within spin_ns needs no sleep", "%lu sleeps",
		   seen.sleeps);
	close_all();
	check_spinning(20);
	check_spinning(100);
	check_learning();
}

/*
 * An event loop: asleep until the eventfd is readable, then ud_qpair_ack, until @n commands have
 * ended. Returns how often it was woken.
 */
static unsigned int event_loop(unsigned int n)
{
	unsigned int wakeups = 0;

	while (ncalled < n) {
		uint64_t next;
		int ret;

		ud_soft_step(soft);
		next = ud_soft_next(soft);
		if (!signalled(queue)) {
			LAB_EXPECT(next != UINT64_MAX || !completed(queue),
				   "whatever ends leaves a signal behind, until it has been taken",
				   "%u of %u commands have ended, the next completion lies in "
				   "entry %u, "
				   "the eventfd isn't readable and nothing is due: a lost wake-up",
				   ncalled, n, queue->cq_head);
			if (next == UINT64_MAX)
				lab_broken("the model has nothing to do");
			ud_soft_advance(soft, next - ud_soft_now(soft));
			continue;
		}
		LAB_EXPECT(++wakeups <= 1000, "ud_qpair_ack consumes the signal",
			   "after %u calls the eventfd is still readable", wakeups);
		watch();
		ret = ud_qpair_ack(queue);
		LAB_EXPECT(ret >= 0, "ud_qpair_ack succeeds", "%d", ret);
	}
	expect_one_call("in the loop");
	return wakeups;
}

static void check_ack(void)
{
	struct ud_soft_fault late = {.kind = UD_SOFT_FAULT_LATE, .sqid = 1, .delay_ns = 5 * MS};
	int n;

	open_sleeper(50 * US);
	leap_ns = 6 * MS;
	lab_step("a read ends, the eventfd is readable, ud_qpair_ack");
	submit(queue, 1);
	ud_soft_advance(soft, 50 * US);
	n = ud_qpair_ack(queue);
	LAB_EXPECT(n == 1 && ncalled == 1, "ud_qpair_ack takes what has completed",
		   "it returned %d after %u callbacks", n, ncalled);
	LAB_EXPECT(!signalled(queue), "ud_qpair_ack consumes the signal",
		   "the eventfd is still readable");
	n = ud_qpair_ack(queue);
	LAB_EXPECT(n == 0, "with nothing completed it returns 0", "it returned %d", n);
	for (unsigned int at = 1; at <= 2; at++) {
		lab_step("two reads; one has ended; the other ends just %s the signal is consumed",
			 at == 1 ? "before" : "after");
		late.nth = ud_soft_commands(soft, 1) + 1;
		(void)ud_soft_add_fault(soft, &late);
		submit(queue, 2);
		ud_soft_advance(soft, 50 * US);
		end_at = at;
		(void)event_loop(2);
		end_at = 0;
		/* A signal may be left, of what was taken together with something else. */
		(void)ud_qpair_ack(queue);
	}
	lab_step("the eventfd has an error");
	failure = -EBADF;
	n = ud_qpair_ack(queue);
	LAB_EXPECT(n == -EBADF, "an error of the transport is passed on", "it returned %d", n);
	close_all();
}

static void check_coalesce(void)
{
	struct ud_soft_stats before, after;
	unsigned int wakeups;
	int err;

	prepare(UD_INTERRUPT, 0, 0);
	config.latency = (struct ud_soft_latency){UD_SOFT_LATENCY_UNIFORM, 10 * US, 60 * US, 0};
	open_queue();
	err = ud_set_coalescing(ctrlr, 8, 1000);
	if (err)
		lab_broken("coalescing can't be set: %s", strerror(-err));
	lab_step("32 reads; an interrupt for every 8 completions, or 1,000 us after the first");
	ud_soft_get_stats(soft, &before);
	submit(queue, 32);
	wakeups = event_loop(32);
	ud_soft_get_stats(soft, &after);
	LAB_EXPECT(after.interrupts - before.interrupts == 4 && wakeups == 4,
		   "32 reads cost 4 interrupts and 4 wake-ups: 0.125 for each I/O",
		   "%" PRIu64 " interrupts, %u wake-ups", after.interrupts - before.interrupts,
		   wakeups);
	lab_step("5 more reads, too few for an interrupt of their own");
	submit(queue, 5);
	wakeups = event_loop(5);
	ud_soft_get_stats(soft, &before);
	LAB_EXPECT(before.interrupts - after.interrupts == 1 && wakeups == 1,
		   "5 reads are told together when the time is over",
		   "%" PRIu64 " interrupts, %u wake-ups", before.interrupts - after.interrupts,
		   wakeups);
	close_all();
}

static unsigned int heard[2]; /* events by type: 0 error, 1 health */
static bool one_more;         /* comes while the callback works */

static void on_event(void *arg, uint8_t type, uint8_t info, uint8_t log_page)
{
	struct nvme_error_log_entry entry;
	struct nvme_smart_log smart;
	int err;

	(void)arg;
	LAB_EXPECT(type < 2 && info == 3 && log_page == (type ? NVME_LOG_SMART : NVME_LOG_ERROR),
		   "an event is told as the controller reported it",
		   "type %u, information %u, log page %u", type, info, log_page);
	heard[type == 1]++;
	if (one_more)
		ud_soft_event(soft, 0, 3, NVME_LOG_ERROR);
	one_more = false;
	/* Reading the log page is what lets events of its type come again. */
	err = type ? ud_get_smart_log(ctrlr, &smart) : ud_get_error_log(ctrlr, &entry, 1);
	if (err)
		lab_broken("a log page can't be read: %s", strerror(-err));
}

static void expect_heard(unsigned int errors_told, unsigned int health_told)
{
	for (unsigned int i = 0; i < 3; i++) {
		ud_soft_step(soft);
		(void)ud_ctrlr_process(ctrlr);
	}
	LAB_EXPECT(heard[0] == errors_told && heard[1] == health_told,
		   "each event is told once, however many there have been",
		   "%u error events were told instead of %u, and %u health events instead of %u",
		   heard[0], errors_told, heard[1], health_told);
}

static void check_events(void)
{
	int err;

	prepare(UD_POLL, US, 10 * US);
	open_queue();
	err = ud_ctrlr_enable_events(ctrlr, 0xff, on_event, NULL);
	if (err)
		lab_broken("events can't be enabled: %s", strerror(-err));
	for (unsigned int i = 1; i <= 12; i++) {
		lab_step("health event %u; its callback reads the log page", i);
		ud_soft_event(soft, 1, 3, NVME_LOG_SMART);
		expect_heard(0, i);
	}
	lab_step("an error event and a health event at once");
	ud_soft_event(soft, 0, 3, NVME_LOG_ERROR);
	ud_soft_event(soft, 1, 3, NVME_LOG_SMART);
	expect_heard(1, 13);
	lab_step("a health event; while its callback reads the log page an error event comes");
	one_more = true;
	ud_soft_event(soft, 1, 3, NVME_LOG_SMART);
	expect_heard(2, 14);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"vector", check_vector},     {"poll", check_poll},     {"sleep", check_sleep},
		{"race", check_race},         {"hybrid", check_hybrid}, {"ack", check_ack},
		{"coalesce", check_coalesce}, {"events", check_events}, {NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
