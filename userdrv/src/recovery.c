// SPDX-License-Identifier: MIT
/*
 * What is done about a command that doesn't come back. The owner of the queue pair finds it
 * (ud_qpair_check); the controller's thread sends an abort [5.1], and when that doesn't help in
 * time, resets the controller [7.3.2]. Everything that was outstanding ends there: what was late
 * with -ETIMEDOUT, the rest with -ECANCELED. A controller that can't be reset is dead, and all
 * ends with -ENODEV.
 */
#include <errno.h>

#include "controller.h"

#define MAX_CHECK_NS 100000000ull /* between two checks, at most */
#define MAX_RETURNS  3u           /* failures to create queue pairs again, one after the other */

bool ud_ctrlr_is_gone(const struct ud_ctrlr *c)
{
	return mmio_read32(ud_register(c, NVME_REG_CSTS)) == NVME_CSTS_GONE;
}

static void stop_all(struct ud_ctrlr *c, enum ud_stopped why)
{
	struct ud_qpair *q;
	unsigned int qid;

	for (qid = 1; qid <= UD_MAX_QPAIRS; qid++) {
		q = c->qpairs[qid];
		if (!q)
			continue;
		q->aborted = 0;
		__atomic_store_n(&q->stopped, why, __ATOMIC_RELEASE);
	}
}

/* Ends everything in the admin queue; the controller must be disabled or gone. */
static void empty_admin(struct ud_ctrlr *c, int error)
{
	ud_qpair_cancel(c->admin, error, error);
	ud_qpair_rewind(c->admin);
	c->aborting = false;
}

int ud_ctrlr_die(struct ud_ctrlr *c)
{
	c->dead = true;
	stop_all(c, UD_DEAD);
	if (c->admin)
		empty_admin(c, -ENODEV);
	return -ENODEV;
}

int ud_ctrlr_reset(struct ud_ctrlr *c)
{
	int err;

	if (c->dead)
		return -ENODEV;
	if (c->settling)
		return -EAGAIN;
	/* LAB 6.4: disable, take all back, set up anew; or it is dead => return -ENOSYS; */
	c->settling = true;
	c->nresets++;
	err = ud_ctrlr_disable(c);
	if (err)
		goto dead;
	/* From here the controller touches no memory: what it had can be given back. */
	stop_all(c, UD_DOWN);
	empty_admin(c, -ECANCELED);
	err = ud_ctrlr_enable(c);
	if (!err)
		err = ud_ctrlr_configure(c);
	if (!err)
		err = ud_namespaces_check(c);
	if (err) {
		(void)ud_ctrlr_disable(c);
		goto dead;
	}
	/*
	 * Once more, also for those that are drained: an owner that submits again has been in
	 * empty_stopped since then, and so goes by what was found out about the namespaces.
	 */
	stop_all(c, UD_DOWN);
	c->settling = false;
	return 0;

dead:
	c->settling = false;
	return ud_ctrlr_die(c);
	/* LAB end */
}

static void abort_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct ud_ctrlr *c = arg;

	/* Not found or refused: then the command's time for being aborted will run out. */
	(void)error, (void)status, (void)result;
	c->aborting = false;
}

/* Abort [5.1]: submission queue and command identifier. */
static void send_abort(struct ud_ctrlr *c, struct ud_qpair *q, uint32_t tag)
{
	/* LAB 6.2: one Abort at a time; until when it, and its command, may take => */
	const struct nvme_sqe sqe = {.opc = NVME_ADMIN_ABORT,
				     .cdw10 = (tag & 0xffff) << 16 | q->qid};
	uint64_t now;

	if (c->aborting || ud_raw(c->admin, &sqe, NULL, 0, abort_done, c))
		return;
	ud_qpair_ring(c->admin);
	now = ud_now_ns(c);
	c->aborting = true;
	c->aborting_until_ns = now + c->options.admin_timeout_ms * 1000000ull;
	q->aborted = tag;
	q->abort_deadline_ns = now + c->options.abort_timeout_ms * 1000000ull;
	/* LAB end */
}

/* A command of @q is late. True: only a reset helps. */
static bool tend_late(struct ud_ctrlr *c, struct ud_qpair *q)
{
	/*
	 * In this order, the opposite of find_late's: the command was still outstanding then or
	 * later. The other way round, the time could be of a look that no longer found it.
	 */
	uint64_t seen = __atomic_load_n(&q->expired_ns, __ATOMIC_ACQUIRE);
	uint32_t tag = __atomic_load_n(&q->expired, __ATOMIC_RELAXED);

	/* LAB 6.3: nothing is late; or abort it; or true: only a reset helps => return false; */
	if (!tag || ud_stopped(q)) {
		q->aborted = 0;
		return false;
	}
	if (q->aborted != tag) {
		send_abort(c, q, tag);
		return false;
	}
	/* By the time at which the owner last saw it outstanding, not by ours. */
	return seen >= q->abort_deadline_ns;
	/* LAB end */
}

/* Queue pairs whose owners have emptied them after a reset are created again. */
static void bring_back(struct ud_ctrlr *c, struct ud_qpair *q)
{
	int err;

	if (__atomic_load_n(&q->stopped, __ATOMIC_ACQUIRE) != UD_DRAINED)
		return;
	err = ud_create_queues(q);
	if (err) {
		/* A refusal stays one; what was lost may do better after the reset that it caused.
		 */
		if (err == -EIO || ++c->nreturns_failed >= MAX_RETURNS)
			(void)ud_ctrlr_die(c);
		return;
	}
	c->nreturns_failed = 0;
	q->aborted = 0;
	__atomic_store_n(&q->stopped, UD_RUNNING, __ATOMIC_RELEASE);
}

static int tend(struct ud_ctrlr *c)
{
	uint32_t csts = mmio_read32(ud_register(c, NVME_REG_CSTS));
	bool reset = csts & NVME_CSTS_CFS;
	unsigned int qid;

	if (csts == NVME_CSTS_GONE)
		return ud_ctrlr_die(c);
	(void)ud_qpair_process(c->admin, 0);
	/* An abort that is lost would keep all others from being sent. */
	if (c->aborting && ud_now_ns(c) >= c->aborting_until_ns)
		reset = true;
	for (qid = 1; qid <= UD_MAX_QPAIRS && !reset; qid++)
		if (c->qpairs[qid])
			reset = tend_late(c, c->qpairs[qid]);
	if (reset)
		return ud_ctrlr_reset(c);
	for (qid = 1; qid <= UD_MAX_QPAIRS && !c->dead; qid++)
		if (c->qpairs[qid])
			bring_back(c, c->qpairs[qid]);
	if (!c->dead)
		ud_events_deliver(c);
	return c->dead ? -ENODEV : 0;
}

int ud_ctrlr_process(struct ud_ctrlr *c)
{
	int err;

	if (c->dead)
		return -ENODEV;
	if (c->settling || c->tending)
		return 0;
	c->tending = true;
	err = tend(c);
	c->tending = false;
	return err;
}

/*
 * The owner empties a queue pair that was stopped; it is brought back after that. Which of the
 * two threads may change the state next, the state alone says: it is read once.
 */
static int empty_stopped(struct ud_qpair *q)
{
	uint32_t outstanding = q->outstanding, down = UD_DOWN;

	/* LAB 6.5: end all by its right name; returns how many, or -ENODEV => return 0; */
	switch (__atomic_load_n(&q->stopped, __ATOMIC_ACQUIRE)) {
	case UD_DEAD:
		ud_qpair_cancel(q, -ENODEV, -ENODEV);
		return outstanding ? (int)outstanding : -ENODEV;
	case UD_DOWN:
		ud_qpair_cancel(q, -ECANCELED, -ETIMEDOUT);
		ud_qpair_rewind(q);
		/* Unless it has died meanwhile. */
		(void)__atomic_compare_exchange_n(&q->stopped, &down, UD_DRAINED, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
		return (int)outstanding;
	default: /* drained, or back again since the caller looked */
		return 0;
	}
	/* LAB end */
}

/* Starts the clock of new commands, and finds the first that is late. */
static void find_late(struct ud_qpair *q, uint64_t now)
{
	uint64_t timeout = q->ctrlr->options.io_timeout_ms * 1000000ull;
	uint32_t i, late = 0;
	struct ud_request *r;

	/* LAB 6.1: start the clock of new commands; late is the tag of a late one => */
	for (i = 0; q->outstanding && i < q->nentries - 1; i++) {
		r = &q->requests[i];
		if (!(r->tag & UD_TAG_LIVE))
			continue;
		if (r->deadline_ns == UD_DEADLINE_UNSEEN) {
			r->deadline_ns = now + timeout;
		} else if (r->deadline_ns != UD_DEADLINE_EXPIRED && now >= r->deadline_ns) {
			r->deadline_ns = UD_DEADLINE_EXPIRED;
			q->stats.timeouts++;
		}
		/* The one that is being aborted stays the one until it has ended. */
		if (r->deadline_ns == UD_DEADLINE_EXPIRED && (!late || r->tag == q->expired))
			late = r->tag;
	}
	/* LAB end */
	__atomic_store_n(&q->expired, late, __ATOMIC_RELAXED);
	__atomic_store_n(&q->expired_ns, now, __ATOMIC_RELEASE);
}

int ud_qpair_check(struct ud_qpair *q)
{
	struct ud_ctrlr *c = q->ctrlr;
	uint64_t now = ud_now_ns(c), period = c->options.io_timeout_ms * 1000000ull / 16;
	bool ours = pthread_equal(pthread_self(), c->thread);
	int n = 0;

	q->next_check_ns = now + (period < MAX_CHECK_NS ? period : MAX_CHECK_NS);
	if (!q->qid)
		return 0; /* admin commands have their own deadlines: ud_admin_scratch */
	if (!ud_stopped(q))
		find_late(q, now);
	if (ours)
		(void)ud_ctrlr_process(c);
	if (ud_stopped(q)) {
		n = empty_stopped(q);
		if (ours && n >= 0)
			(void)ud_ctrlr_process(c);
	}
	return n;
}
