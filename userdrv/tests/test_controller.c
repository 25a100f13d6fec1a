// SPDX-License-Identifier: MIT
/* The controller itself: what it says, features, log pages, events, and lies. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fixture_driver.h"

Test(controller, tells_what_it_is)
{
	struct nvme_identify_namespace ns;
	struct nvme_identify_controller id;
	const struct ud_ctrlr_info *info;
	struct driver d;

	driver_init(&d);
	driver_open(&d);
	info = ud_ctrlr_info(d.ctrlr);
	cr_expect_gt(strlen(info->serial), 0);
	cr_expect_gt(strlen(info->model), 0);
	cr_expect_neq(info->model[strlen(info->model) - 1], ' ');
	cr_expect_eq(info->max_transfer_nbytes, 131072);
	cr_expect_eq(info->nqpairs, 4);
	cr_expect_eq(info->nns, 1);
	cr_expect_str_eq(info->transport, "soft");
	cr_expect_eq(d.ns->nblocks, 131072);
	cr_expect_eq(ud_ctrlr_identify(d.ctrlr, &id), 0);
	cr_expect_eq(id.mdts, 5);
	cr_expect_eq(ud_ns_identify(d.ns, &ns), 0);
	cr_expect_eq(ns.nsze, 131072);
	cr_expect_null(ud_ctrlr_ns(d.ctrlr, 1));
	cr_expect_null(ud_ctrlr_find_ns(d.ctrlr, 7));
	driver_close(&d);
}

Test(controller, sets_and_gets_features)
{
	struct driver d;
	uint32_t value;
	bool enabled;

	driver_init(&d);
	driver_open(&d);
	cr_expect_eq(ud_set_write_cache(d.ctrlr, false), 0);
	cr_expect_eq(ud_get_write_cache(d.ctrlr, &enabled), 0);
	cr_expect(!enabled);
	cr_expect_eq(ud_set_coalescing(d.ctrlr, 8, 250), 0);
	cr_expect_eq(ud_get_feature(d.ctrlr, NVME_FEATURE_INTERRUPT_COALESCING, 0, &value), 0);
	cr_expect_eq(value, 3u << 8 | 7);
	cr_expect_eq(ud_set_coalescing(d.ctrlr, 0, 0), -EINVAL);
	cr_expect_eq(ud_set_coalescing(d.ctrlr, 1, 25600), -EINVAL);
	cr_expect_eq(ud_set_vector_coalescing(d.ctrlr, 1, false), 0);
	cr_expect_eq(ud_get_feature(d.ctrlr, NVME_FEATURE_VECTOR_CONFIGURATION, 1, &value), 0);
	cr_expect_eq(value, 1u << 16 | 1);
	cr_expect_eq(ud_set_vector_coalescing(d.ctrlr, 99, false), -EINVAL);
	cr_expect_eq(ud_get_feature(d.ctrlr, 0xee, 0, &value), -EIO);
	driver_close(&d);
}

Test(controller, reads_log_pages)
{
	struct nvme_error_log_entry entries[256];
	struct nvme_smart_log log;
	struct driver d;

	driver_init(&d);
	driver_open(&d);
	cr_expect_eq(ud_get_smart_log(d.ctrlr, &log), 0);
	cr_expect_eq(ud_get_error_log(d.ctrlr, entries, 4), 0);
	cr_expect_eq(ud_get_error_log(d.ctrlr, entries, 0), -EINVAL);
	cr_expect_eq(ud_get_log_page(d.ctrlr, NVME_LOG_SMART, 0, &log, 3), -EINVAL);
	driver_close(&d);
}

struct events {
	struct ud_ctrlr *ctrlr;
	unsigned int n;
	uint8_t log_page;
};

static void on_event(void *arg, uint8_t type, uint8_t info, uint8_t log_page)
{
	struct nvme_smart_log log;
	struct events *events = arg;

	(void)type, (void)info;
	events->n++;
	events->log_page = log_page;
	/* Rearms it; an admin command is allowed here. */
	cr_expect_eq(ud_get_smart_log(events->ctrlr, &log), 0);
}

Test(controller, tells_asynchronous_events_again_and_again)
{
	struct events events = {0};
	struct driver d;
	unsigned int i;

	driver_init(&d);
	driver_open(&d);
	events.ctrlr = d.ctrlr;
	cr_assert_eq(ud_ctrlr_enable_events(d.ctrlr, 0xff, on_event, &events), 0);
	for (i = 1; i <= 10; i++) {
		ud_soft_event(d.soft, 1, 0, NVME_LOG_SMART);
		ud_soft_step(d.soft);
		cr_expect_eq(ud_ctrlr_process(d.ctrlr), 0);
		cr_expect_eq(events.n, i);
		if (i == 5) { /* a reset forgets the requests; the driver doesn't */
			cr_assert_eq(ud_ctrlr_reset(d.ctrlr), 0);
			(void)ud_qpair_process(d.q, 0);
		}
	}
	cr_expect_eq(events.log_page, NVME_LOG_SMART);
	driver_close(&d);
}

Test(controller, refuses_options_and_queues_out_of_range)
{
	struct ud_qpair_options o;
	struct ud_qpair *q;
	struct driver d;

	driver_init(&d);
	driver_open(&d);
	ud_qpair_options_init(&o);
	o.nentries = 1;
	cr_expect_eq(ud_qpair_create(d.ctrlr, &o, &q), -EINVAL);
	o.nentries = 1025;
	cr_expect_eq(ud_qpair_create(d.ctrlr, &o, &q), -EINVAL);
	driver_close(&d);
	d.options.io_timeout_ms = 0;
	cr_assert_eq(ud_soft_create(&d.config, &d.soft), 0);
	cr_expect_eq(ud_ctrlr_open(d.soft, &d.options, &d.ctrlr), -EINVAL);
}

Test(controller, has_doorbells_at_any_stride)
{
	struct driver d;
	unsigned int dstrd;

	for (dstrd = 0; dstrd <= 10; dstrd++) {
		driver_init(&d);
		d.config.dstrd = dstrd;
		driver_open(&d);
		cr_assert_eq(driver_read(&d, d.buf, 0, 8), 0);
		driver_close(&d);
	}
}

/* What a controller says that lies: a byte for everything, or one field. */
struct lie {
	uint8_t cns;
	int fill; /* -1: keep */
	void (*change)(void *data);
};

static void lie(void *arg, uint8_t cns, uint32_t nsid, void *data)
{
	const struct lie *l = arg;

	(void)nsid;
	if (cns != l->cns)
		return;
	if (l->fill >= 0)
		memset(data, l->fill, 4096);
	if (l->change)
		l->change(data);
}

/* Opens a controller that lies; whatever it says, open ends, and what it gave can be used. */
static void survive(struct lie l)
{
	struct ud_ctrlr_info info;
	struct ud_qpair *q;
	struct ud_dma dma;
	struct ud_ns *ns;
	struct driver d;
	unsigned int i;

	driver_init(&d);
	d.config.on_identify = lie;
	d.config.hook_arg = &l;
	cr_assert_eq(ud_soft_create(&d.config, &d.soft), 0);
	if (ud_ctrlr_open(d.soft, &d.options, &d.ctrlr))
		return;
	info = *ud_ctrlr_info(d.ctrlr);
	cr_expect_lt(strlen(info.serial), sizeof(info.serial));
	cr_expect_lt(strlen(info.model), sizeof(info.model));
	cr_expect_lt(strlen(info.firmware), sizeof(info.firmware));
	cr_expect_leq(info.max_transfer_nbytes, 2u << 20);
	cr_assert_eq(ud_qpair_create(d.ctrlr, NULL, &q), 0);
	cr_assert_eq(ud_dma_alloc(d.ctrlr, 8192, UD_NODE_ANY, &dma), 0);
	for (i = 0; (ns = ud_ctrlr_ns(d.ctrlr, i)); i++) {
		struct outcome o = {0};
		/* A lie about the block size may make a block larger than the memory: -EFAULT. */
		int err = ud_read(q, ns, dma.vaddr, 0, 1, 0, outcome_done, &o);

		cr_expect(err == 0 || err == -ENOTSUP || err == -EINVAL || err == -EFAULT);
		if (!err) {
			cr_expect_eq(ud_qpair_drain(q, 100 * SECOND_NS), 0);
			cr_expect_eq(o.ncalls, 1);
		}
	}
	cr_expect_eq(ud_ctrlr_close(d.ctrlr), 0);
}

Test(lies, of_all_ones_or_zeros_are_survived)
{
	static const int fills[] = {0, 0xff, 0x55};
	uint8_t cns;
	unsigned int i;

	for (cns = 0; cns <= 3; cns++)
		for (i = 0; i < 3; i++)
			survive((struct lie){.cns = cns, .fill = fills[i]});
}

static void mdts_255(void *data)
{
	((struct nvme_identify_controller *)data)->mdts = 255;
}

static void nn_huge(void *data)
{
	((struct nvme_identify_controller *)data)->nn = 0xffffffff;
}

static void strings_unterminated(void *data)
{
	struct nvme_identify_controller *id = data;

	memset(id->sn, 'A', sizeof(id->sn));
	memset(id->mn, '\x9b', sizeof(id->mn));
	memset(id->fr, 'C', sizeof(id->fr));
}

static void lbads_0(void *data)
{
	memset(((struct nvme_identify_namespace *)data)->lbaf, 0, 64);
}

static void lbads_63(void *data)
{
	((struct nvme_identify_namespace *)data)->lbaf[0].lbads = 63;
}

static void lbads_13(void *data)
{
	((struct nvme_identify_namespace *)data)->lbaf[0].lbads = 13;
}

static void size_huge(void *data)
{
	((struct nvme_identify_namespace *)data)->nsze = UINT64_MAX;
}

static void metadata(void *data)
{
	((struct nvme_identify_namespace *)data)->lbaf[0].ms = 8;
}

static void list_descending(void *data)
{
	uint32_t *list = data, i;

	for (i = 0; i < 1024; i++)
		list[i] = 1024 - i;
}

static void list_without_end(void *data)
{
	uint32_t *list = data, i;

	for (i = 0; i < 1024; i++)
		list[i] = i + 1;
}

static void descriptor_too_long(void *data)
{
	uint8_t *bytes = data;
	size_t i;

	for (i = 0; i + 4 <= 4096; i += 4 + 253) {
		bytes[i] = 3;
		bytes[i + 1] = 253;
	}
}

Test(lies, about_the_controller_are_survived)
{
	survive((struct lie){NVME_CNS_CONTROLLER, -1, mdts_255});
	survive((struct lie){NVME_CNS_CONTROLLER, -1, nn_huge});
	survive((struct lie){NVME_CNS_CONTROLLER, -1, strings_unterminated});
}

Test(lies, about_a_namespace_are_survived)
{
	survive((struct lie){NVME_CNS_NAMESPACE, -1, lbads_0});
	survive((struct lie){NVME_CNS_NAMESPACE, -1, lbads_63});
	survive((struct lie){NVME_CNS_NAMESPACE, -1, lbads_13});
	survive((struct lie){NVME_CNS_NAMESPACE, -1, size_huge});
	survive((struct lie){NVME_CNS_NAMESPACE, -1, metadata});
}

Test(lies, in_lists_and_descriptors_are_survived)
{
	survive((struct lie){NVME_CNS_ACTIVE_NAMESPACES, -1, list_descending});
	survive((struct lie){NVME_CNS_ACTIVE_NAMESPACES, -1, list_without_end});
	survive((struct lie){NVME_CNS_NAMESPACE_DESCRIPTORS, -1, descriptor_too_long});
}

/* Any bits at all in a completion, the phase bit included. */
static void scramble(void *arg, uint16_t sqid, struct nvme_cqe *cqe)
{
	uint64_t *state = arg;
	uint32_t words[4];

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	if (!sqid || *state % 8)
		return;
	memcpy(words, cqe, sizeof(words));
	words[(*state >> 8) % 4] ^= (uint32_t)(*state >> 16);
	memcpy(cqe, words, sizeof(words));
}

Test(lies, in_completions_end_with_each_io_completed_once)
{
	struct outcome o[64];
	uint64_t state, seed;
	struct driver d;
	unsigned int i, round, waits;

	for (seed = 1; seed <= 30; seed++) {
		driver_init(&d);
		state = seed * 0x9e3779b97f4a7c15ull;
		d.config.on_completion = scramble;
		d.config.now_step_ns = 20000;
		d.config.hook_arg = &state;
		d.config.latency.ns = 1000;
		d.queue.nentries = 17;
		driver_open(&d);
		for (round = 0; round < 8; round++) {
			memset(o, 0, sizeof(o));
			for (i = 0; i < 64; i++) {
				for (waits = 0; waits < 1000; waits++) {
					int err = ud_read(d.q, d.ns, d.buf, i, 1, 0, outcome_done,
							  &o[i]);

					if (err != -EAGAIN) {
						cr_assert(err == 0 || err == -ENODEV);
						if (err)
							o[i].ncalls = 1;
						break;
					}
					(void)ud_qpair_wait(d.q, SECOND_NS);
				}
			}
			(void)ud_qpair_drain(d.q, 100 * SECOND_NS);
			for (i = 0; i < 64; i++)
				cr_assert_eq(o[i].ncalls, 1, "seed %lu, I/O %u: %u callbacks", seed,
					     i, o[i].ncalls);
		}
		driver_close_faulty(&d);
	}
}
