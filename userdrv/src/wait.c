// SPDX-License-Identifier: MIT
/* Waiting for completions: by looking, by sleeping, or first the one and then the other. */
#include <errno.h>

#include "controller.h"

#define LOOKS           64u      /* at the queue between two looks at the clock */
#define VIRTUAL_STEP_NS 1000u    /* let pass where the clock stands unless somebody waits */
#define LATE_PERIOD_NS  1000000u /* while a command is being aborted */
#define EXPLORE_WAITS   64u      /* every so often a learning queue pair spins all the same */
#define NS_PER_MS       1000000ull

static int process_or_check(struct ud_qpair *q, uint64_t now)
{
	int n = ud_qpair_process(q, 0);

	return n || now < q->next_check_ns ? n : ud_qpair_check(q);
}

/*
 * Looks at the queue until something was completed or @until has come. The clock of a stepped
 * model may stand: then it is made to run.
 */
static int spin(struct ud_qpair *q, uint64_t until, uint64_t *now)
{
	uint64_t before;
	uint32_t i;
	int n;

	do {
		/* LAB 5.2: look LOOKS times; end at the first that found something => */
		for (i = 0; i < LOOKS; i++) {
			n = ud_qpair_process(q, 0);
			if (n || !q->outstanding)
				return n;
		}
		/* LAB end */
		before = *now;
		*now = ud_now_ns(q->ctrlr);
		if (*now == before) {
			ud_let_pass(q->ctrlr, VIRTUAL_STEP_NS);
			*now = ud_now_ns(q->ctrlr);
		}
		n = process_or_check(q, *now);
		if (n || !q->outstanding)
			return n;
	} while (*now < until);
	return 0;
}

/*
 * Sleeps until the vector's eventfd is signalled. No wake-up is lost: the queue was looked at after
 * the signal was last consumed, so what has come since has left a signal, and what comes with the
 * signal is looked for after it (the caller does). EINTR is the transport's business.
 */
static int sleep_until(struct ud_qpair *q, uint64_t until, uint64_t now)
{
	struct ud_transport *t = q->ctrlr->transport;
	/* A lost command makes no signal: somebody has to look at the clock. */
	uint64_t wake = q->expired ? now + LATE_PERIOD_NS : q->next_check_ns;
	int ret = 0;

	/* LAB 5.3: sleep on the vector until it signals, `wake` or `until` => */
	if (wake > until)
		wake = until;
	if (wake <= now)
		return 0;
	q->stats.sleeps++;
	ret = t->ops->wait_vector(t, (unsigned int)q->vector, wake - now);
	/* LAB end */
	return ret < 0 ? ret : 0;
}

/* How long to spin before sleeping. */
static uint64_t spin_ns(struct ud_qpair *q)
{
	uint64_t most = q->options.spin_ns;

	/* LAB 5.4: each mode's time; a learning queue pair doesn't spin for what comes late => */
	if (q->options.mode == UD_POLL)
		return UINT64_MAX;
	if (q->options.mode == UD_INTERRUPT)
		return 0;
	if (q->options.learn && q->learned_ns > most && ++q->nwaits % EXPLORE_WAITS)
		return 0;
	/* LAB end */
	return most;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static int wait_long(struct ud_qpair *q, uint64_t timeout_ns)
{
	uint64_t start = ud_now_ns(q->ctrlr), now = start, spin_until;
	uint64_t until = add_saturated(start, timeout_ns);
	bool slept = false;
	int n;

	spin_until = add_saturated(start, spin_ns(q));
	if (spin_until > until)
		spin_until = until;
	for (;;) {
		if (q->options.mode == UD_POLL || now < spin_until) {
			n = spin(q, spin_until, &now);
		} else {
			/* Spinning never begins again: what has passed so far is all of it. */
			if (!slept)
				q->stats.spun_ns += now - start;
			slept = true;
			n = sleep_until(q, until, now);
		}
		if (n)
			break;
		/* LAB 5.5: look again, at the clock and the queue; is there a reason to go on? => break; */
		/* Also after the time is over: a completion that is there is better than none. */
		now = ud_now_ns(q->ctrlr);
		n = process_or_check(q, now);
		if (n || !q->outstanding || now >= until)
			break;
		/* LAB end */
	}
	if (n > 0 && q->options.learn) {
		now = ud_now_ns(q->ctrlr) - start;
		q->learned_ns += now / 8 - q->learned_ns / 8;
	}
	return n;
}

int ud_qpair_wait(struct ud_qpair *q, uint64_t timeout_ns)
{
	int n = ud_qpair_process(q, 0);

	if (n || !q->outstanding)
		return n;
	return wait_long(q, timeout_ns);
}

int ud_qpair_drain(struct ud_qpair *q, uint64_t timeout_ns)
{
	uint64_t until = add_saturated(ud_now_ns(q->ctrlr), timeout_ns), now;
	int n;

	while (q->outstanding) {
		now = ud_now_ns(q->ctrlr);
		if (now >= until)
			return -ETIMEDOUT;
		n = ud_qpair_wait(q, until - now);
		if (n < 0)
			return n;
	}
	return 0;
}

int ud_qpair_ack(struct ud_qpair *q)
{
	struct ud_transport *t = q->ctrlr->transport;
	int ret;

	if (q->vector < 0)
		return -ENOTSUP;
	/* LAB 5.6: consume the signal and take what has completed: in which order? => ret = 0; */
	ret = t->ops->wait_vector(t, (unsigned int)q->vector, 0);
	if (ret >= 0)
		ret = ud_qpair_process(q, 0);
	/* LAB end */
	return ret;
}
