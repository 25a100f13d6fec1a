// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "fixture_driver.h"

#define MEMORY_NBYTES ((size_t)4 << 20)

void driver_init(struct driver *d)
{
	memset(d, 0, sizeof(*d));
	ud_soft_config_init(&d->config);
	d->config.now_step_ns = 1000; /* time-outs of 100 ms in a moment */
	ud_ctrlr_options_init(&d->options);
	d->options.admin_timeout_ms = 500;
	d->options.io_timeout_ms = 100;
	d->options.abort_timeout_ms = 50;
	ud_qpair_options_init(&d->queue);
}

void driver_open(struct driver *d)
{
	cr_assert_eq(ud_soft_create(&d->config, &d->soft), 0);
	cr_assert_eq(ud_ctrlr_open(d->soft, &d->options, &d->ctrlr), 0);
	d->ns = ud_ctrlr_ns(d->ctrlr, 0);
	cr_assert_not_null(d->ns);
	cr_assert_eq(ud_qpair_create(d->ctrlr, &d->queue, &d->q), 0);
	cr_assert_eq(ud_dma_alloc(d->ctrlr, MEMORY_NBYTES, UD_NODE_ANY, &d->dma), 0);
	d->buf = d->dma.vaddr;
}

void driver_close(struct driver *d)
{
	struct ud_soft_stats stats;

	cr_assert_eq(ud_qpair_destroy(d->q), 0);
	ud_soft_get_stats(d->soft, &stats);
	cr_expect_eq(stats.dma_faults, 0);
	cr_expect_eq(stats.bad_doorbells, 0);
	cr_expect_eq(stats.unarmed_queues, 0);
	cr_assert_eq(ud_dma_free(d->ctrlr, &d->dma), 0);
	cr_assert_eq(ud_ctrlr_close(d->ctrlr), 0);
}

void driver_close_faulty(struct driver *d)
{
	cr_assert_eq(ud_qpair_destroy(d->q), 0);
	(void)ud_ctrlr_close(d->ctrlr);
}

void outcome_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct outcome *o = arg;

	o->ncalls++;
	o->error = error;
	o->status = status;
	o->result = result;
}

int outcome_wait(struct driver *d, struct outcome *o)
{
	unsigned int tries;

	for (tries = 0; !o->ncalls && tries < 10000; tries++)
		(void)ud_qpair_wait(d->q, SECOND_NS);
	cr_assert_eq(o->ncalls, 1, "%u callbacks", o->ncalls);
	return o->error;
}

int driver_read(struct driver *d, void *buf, uint64_t slba, uint32_t nblocks)
{
	struct outcome o = {0};
	int err = ud_read(d->q, d->ns, buf, slba, nblocks, 0, outcome_done, &o);

	return err ? err : outcome_wait(d, &o);
}

int driver_write(struct driver *d, const void *buf, uint64_t slba, uint32_t nblocks)
{
	struct outcome o = {0};
	int err = ud_write(d->q, d->ns, buf, slba, nblocks, 0, outcome_done, &o);

	return err ? err : outcome_wait(d, &o);
}

static uint8_t pattern(size_t i, uint32_t seed)
{
	return (uint8_t)((i * 2654435761u + seed * 40503u) >> 13);
}

void fill_pattern(void *buf, size_t nbytes, uint32_t seed)
{
	uint8_t *bytes = buf;
	size_t i;

	for (i = 0; i < nbytes; i++)
		bytes[i] = pattern(i, seed);
}

bool is_pattern(const void *buf, size_t nbytes, uint32_t seed)
{
	const uint8_t *bytes = buf;
	size_t i;

	for (i = 0; i < nbytes; i++)
		if (bytes[i] != pattern(i, seed))
			return false;
	return true;
}
