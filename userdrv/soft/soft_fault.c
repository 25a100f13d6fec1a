// SPDX-License-Identifier: MIT
/* Chance: the generator, latencies, the fault plan. */
#include "soft.h"

/* SplitMix64 (Steele, Lea, Flood 2014): good enough, and each state gives another stream. */
uint64_t soft_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0 to @bound - 1; the bias is below 2^-32 for the bounds used here. */
uint64_t soft_random_below(uint64_t *state, uint64_t bound)
{
	return bound ? soft_random(state) % bound : 0;
}

uint64_t soft_latency(struct soft *c, const struct ud_soft_latency *latency)
{
	uint64_t ns = latency->ns;

	if (latency->kind == UD_SOFT_LATENCY_FIXED || latency->max_ns <= ns)
		return ns;
	if (latency->kind == UD_SOFT_LATENCY_UNIFORM)
		return ns + soft_random_below(&c->random_latency, latency->max_ns - ns + 1);
	if (soft_random_below(&c->random_latency, 10000) >= latency->tail_per_10000)
		return ns;
	do {
		ns = ns ? 2 * ns : 1000;
	} while (ns < latency->max_ns && (soft_random(&c->random_latency) & 1));
	return ns < latency->max_ns ? ns : latency->max_ns;
}

static bool due(const struct ud_soft_fault *fault, uint64_t n)
{
	if (n < fault->nth)
		return false;
	return n == fault->nth || (fault->every && (n - fault->nth) % fault->every == 0);
}

static bool for_commands(enum ud_soft_fault_kind kind)
{
	return kind != UD_SOFT_FAULT_NONE && kind != UD_SOFT_FAULT_NOT_READY &&
	       kind != UD_SOFT_FAULT_STUCK_READY && kind != UD_SOFT_FAULT_BAD_IDENTIFY;
}

/* What the plan has for the command that is number @n of its queue, @n_io of all I/O queues. */
static bool planned(const struct soft *c, uint16_t sqid, uint64_t n, uint64_t n_io,
		    struct ud_soft_fault *fault)
{
	for (size_t i = 0; i < c->nfaults; i++) {
		const struct ud_soft_fault *line = &c->faults[i];
		bool any = line->sqid == UD_SOFT_ANY_QUEUE;

		if (!for_commands(line->kind) || (any ? !sqid : line->sqid != sqid))
			continue;
		if (!due(line, any ? n_io : n))
			continue;
		*fault = *line;
		return true;
	}
	return false;
}

static bool chance(struct soft *c)
{
	const struct ud_soft_random_faults *random = &c->config.random_faults;

	if (!random->per_10000 || (random->limit && c->stats.faults >= random->limit))
		return false;
	return soft_random_below(&c->random_fault, 10000) < random->per_10000;
}

static uint16_t random_status(struct soft *c)
{
	static const uint16_t common[] = {
		NVME_SC_INTERNAL,
		NVME_SC_DATA_TRANSFER,
		NVME_SC_NS_NOT_READY,
		NVME_STATUS_DNR | NVME_SC_INVALID_FIELD,
		NVME_STATUS_DNR | NVME_SCT_MEDIA << 8 | NVME_SC_READ_ERROR,
		NVME_STATUS_DNR | NVME_SCT_MEDIA << 8 | NVME_SC_WRITE_FAULT,
	};
	uint64_t n = soft_random_below(&c->random_fault, sizeof(common) / sizeof(common[0]) + 1);

	if (n < sizeof(common) / sizeof(common[0]))
		return common[n];
	return (uint16_t)(1 + soft_random_below(&c->random_fault, 0x7ffe));
}

static void choose_random(struct soft *c, struct ud_soft_fault *fault)
{
	const struct ud_soft_random_faults *random = &c->config.random_faults;
	enum ud_soft_fault_kind kinds[UD_SOFT_FAULT_KINDS];
	unsigned int nkinds = 0;

	for (enum ud_soft_fault_kind kind = 0; kind < UD_SOFT_FAULT_KINDS; kind++) {
		if (for_commands(kind) && (random->kinds & UD_SOFT_FAULT_BIT(kind)))
			kinds[nkinds++] = kind;
	}
	if (!nkinds)
		return;
	fault->kind = kinds[soft_random_below(&c->random_fault, nkinds)];
	fault->status = random_status(c);
	fault->delay_ns = soft_random_below(&c->random_fault, random->max_delay_ns + 1);
}

static void apply_at_fetch(struct soft *c, struct soft_command *command)
{
	struct soft_sq *sq = &c->sq[command->sqid];

	switch (command->fault.kind) {
	case UD_SOFT_FAULT_FATAL:
		soft_fail(c);
		break;
	case UD_SOFT_FAULT_GONE:
		soft_gone(c);
		break;
	case UD_SOFT_FAULT_REORDER:
		if (!sq->held)
			sq->held = command;
		break;
	case UD_SOFT_FAULT_LATE:
		break;
	default:
		command->fault.delay_ns = 0;
		break;
	}
}

/* Which fault @command meets, if any. */
void soft_fault_choose(struct soft *c, struct soft_command *command)
{
	struct soft_sq *sq = &c->sq[command->sqid];
	uint64_t n = sq->fetched++, n_io = command->sqid ? c->io_fetched++ : 0;

	if (!planned(c, command->sqid, n, n_io, &command->fault) &&
	    (command->sqid || c->config.random_faults.admin) && chance(c))
		choose_random(c, &command->fault);
	if (command->fault.kind == UD_SOFT_FAULT_NONE)
		return;
	c->stats.faults++;
	soft_trace(c, 'x', command->fault.kind, command->sqe.cid);
	apply_at_fetch(c, command);
}

static bool special(struct soft *c, enum ud_soft_fault_kind kind, uint64_t n)
{
	bool hit = false;

	for (size_t i = 0; i < c->nfaults; i++)
		hit |= c->faults[i].kind == kind && due(&c->faults[i], n);
	if (!hit && (c->config.random_faults.kinds & UD_SOFT_FAULT_BIT(kind)))
		hit = chance(c);
	if (hit)
		c->stats.faults++;
	return hit;
}

bool soft_fault_not_ready(struct soft *c)
{
	return special(c, UD_SOFT_FAULT_NOT_READY, c->enables);
}

bool soft_fault_stuck_ready(struct soft *c)
{
	return special(c, UD_SOFT_FAULT_STUCK_READY, c->stats.resets);
}

bool soft_fault_bad_identify(struct soft *c)
{
	return special(c, UD_SOFT_FAULT_BAD_IDENTIFY, c->identifies++);
}

/* FNV-1a over words: equal traces have equal hashes. */
void soft_trace(struct soft *c, uint64_t what, uint64_t a, uint64_t b)
{
	const uint64_t words[] = {what, a, b, c->now_ns};

	/* Threaded, the time is the machine's and no two runs are alike. */
	if (c->config.mode == UD_SOFT_THREADED)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		c->stats.trace = (c->stats.trace ^ words[i]) * 0x100000001b3ull;
}
