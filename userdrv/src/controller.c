// SPDX-License-Identifier: MIT
/* The life of a controller: reset, enable, identify, shut down. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"

#define REGISTER_PERIOD_NS 50000u /* between two reads of a register that is to change */
#define DEFAULT_QPAIRS     32u
#define READY_UNIT_NS      500000000ull /* of CAP.TO [3.1.1] */

void ud_ctrlr_options_init(struct ud_ctrlr_options *options)
{
	*options = (struct ud_ctrlr_options){
		.admin_timeout_ms = 5000,
		.io_timeout_ms = 10000,
		.abort_timeout_ms = 2000,
		.shutdown_timeout_ms = 5000,
		.max_transfer_nbytes = UD_MAX_TRANSFER,
		.nqpairs = DEFAULT_QPAIRS,
	};
}

void ud_copy_string(char *to, const char *from, size_t size)
{
	size_t i;

	/* Padded with spaces, says the specification [1.5]; whatever is there must be printable. */
	for (i = 0; i < size; i++)
		to[i] = from[i] >= 0x20 && from[i] < 0x7f ? from[i] : ' ';
	while (i > 0 && to[i - 1] == ' ')
		i--;
	to[i] = '\0';
}

/* Waits until (CSTS & @mask) == @value. -ENODEV: gone; -ETIMEDOUT; -EIO: fatal status. */
static int wait_csts(struct ud_ctrlr *c, uint32_t mask, uint32_t value, uint64_t timeout_ns)
{
	/* LAB 3.1: load CSTS until its masked bits are the value, or an error is sure => return 0; */
	uint64_t deadline = ud_now_ns(c) + timeout_ns;
	bool late = false;
	uint32_t csts;

	for (;;) {
		csts = mmio_read32(ud_register(c, NVME_REG_CSTS));
		if (csts == NVME_CSTS_GONE)
			return -ENODEV;
		if ((csts & mask) == value)
			return 0;
		if ((csts & NVME_CSTS_CFS) && value)
			return -EIO;
		/* The register is read once more after the time is over: we may have slept long. */
		if (late)
			return -ETIMEDOUT;
		ud_let_pass(c, REGISTER_PERIOD_NS);
		late = ud_now_ns(c) >= deadline;
	}
	/* LAB end */
}

static uint64_t ready_timeout_ns(const struct ud_ctrlr *c)
{
	/* 0 makes no sense; some controllers say it. */
	return (NVME_CAP_TO(c->cap) ? NVME_CAP_TO(c->cap) : 1) * READY_UNIT_NS;
}

int ud_ctrlr_disable(struct ud_ctrlr *c)
{
	uint32_t cc = mmio_read32(ud_register(c, NVME_REG_CC));
	int err;

	if (cc == NVME_CSTS_GONE && ud_ctrlr_is_gone(c))
		return -ENODEV;
	/* LAB 3.2: clear CC.EN in order, and wait until it is disabled => return 0; */
	/* Clearing EN while it is still getting ready is undefined: let it arrive first [3.1.5]. */
	if (cc & NVME_CC_EN) {
		err = wait_csts(c, NVME_CSTS_RDY, NVME_CSTS_RDY, ready_timeout_ns(c));
		if (err == -ENODEV)
			return err;
	}
	mmio_write32(ud_register(c, NVME_REG_CC), cc & ~(NVME_CC_EN | NVME_CC_SHN_MASK));
	return wait_csts(c, NVME_CSTS_RDY, 0, ready_timeout_ns(c));
	/* LAB end */
}

int ud_ctrlr_enable(struct ud_ctrlr *c)
{
	uint32_t last = UD_ADMIN_ENTRIES - 1;

	/* LAB 3.3: the admin queue, then settings and CC.EN in one store => return 0; */
	/* Configure the admin queue [7.6.1, step 2]: sizes, 0's based, and addresses. */
	mmio_write32(ud_register(c, NVME_REG_AQA), last << 16 | last);
	mmio_write64(ud_register(c, NVME_REG_ASQ), c->admin->sq_iova);
	mmio_write64(ud_register(c, NVME_REG_ACQ), c->admin->cq_iova);
	/* The queue's memory must be zeroed before the controller looks at it. */
	dma_wmb();
	/*
	 * Settings [steps 3, 4]: round robin, pages of 4 KiB, the NVM command set (0), entries of
	 * 64 and 16 bytes; and enable [step 5].
	 */
	mmio_write32(ud_register(c, NVME_REG_CC), NVME_CC_EN | NVME_CC_AMS_RR | NVME_CC_MPS(0) |
							  NVME_CC_SHN_NONE | NVME_CC_IOSQES(6) |
							  NVME_CC_IOCQES(4));
	/* Wait until it is ready [step 6]. */
	return wait_csts(c, NVME_CSTS_RDY, NVME_CSTS_RDY, ready_timeout_ns(c));
	/* LAB end */
}

/* Reads and judges what the controller is able to [3.1.1]. */
static int check_capabilities(struct ud_ctrlr *c)
{
	struct ud_transport *t = c->transport;
	uint32_t csts;

	if (!t->bar || t->bar_nbytes < NVME_REG_DB)
		return -EPROTO;
	csts = mmio_read32(ud_register(c, NVME_REG_CSTS));
	c->cap = mmio_read64(ud_register(c, NVME_REG_CAP));
	c->info.version = mmio_read32(ud_register(c, NVME_REG_VS));
	if (csts == NVME_CSTS_GONE || c->cap == UINT64_MAX)
		return -ENODEV;
	c->doorbell_stride = 4u << NVME_CAP_DSTRD(c->cap);
	/* The admin queue's doorbells, and those of one queue pair, must be in the BAR. */
	if (NVME_REG_DB + 4ull * c->doorbell_stride > t->bar_nbytes || !NVME_CAP_MQES(c->cap))
		return -EPROTO;
	if (!(NVME_CAP_CSS(c->cap) & 1) || NVME_CAP_MPSMIN(c->cap))
		return -ENOTSUP;
	c->info.max_entries = NVME_CAP_MQES(c->cap) + 1;
	c->info.nvectors = t->nvectors;
	c->info.numa_node = t->numa_node;
	c->info.transport = t->ops->name;
	return 0;
}

/* Identify controller [5.15.2.2]; nothing is believed that can't be true. */
static int identify_controller(struct ud_ctrlr *c)
{
	const struct nvme_identify_controller *id = c->scratch.vaddr;
	struct ud_ctrlr_info *info = &c->info;
	uint32_t most = c->options.max_transfer_nbytes;
	int err = ud_admin_identify(c, NVME_CNS_CONTROLLER, 0);

	if (err)
		return err;
	/* LAB 3.6: entry sizes, MDTS, strings, vid, VWC, ONCS: checked, in plain units => */
	/* Required entry sizes: 64 and 16 bytes. */
	if ((id->sqes & 0xf) > 6 || (id->cqes & 0xf) > 4)
		return -ENOTSUP;
	/* MDTS: in units of the smallest page, which is 4 KiB; 2 MiB is 4 KiB << 9. */
	if (id->mdts && id->mdts < 9 && UD_PAGE_NBYTES << id->mdts < most)
		most = UD_PAGE_NBYTES << id->mdts;
	info->max_transfer_nbytes = most;
	c->options.max_transfer_nbytes = most;
	ud_copy_string(info->serial, id->sn, sizeof(id->sn));
	ud_copy_string(info->model, id->mn, sizeof(id->mn));
	ud_copy_string(info->firmware, id->fr, sizeof(id->fr));
	info->vid = id->vid;
	info->volatile_write_cache = id->vwc & NVME_VWC_PRESENT;
	info->compare = id->oncs & NVME_ONCS_COMPARE;
	info->dataset_management = id->oncs & NVME_ONCS_DSM;
	info->write_zeroes = id->oncs & NVME_ONCS_WRITE_ZEROES;
	/* LAB end */
	info->shadow_doorbells =
		(id->oacs & NVME_OACS_DOORBELL_BUFFER) && c->options.shadow_doorbells;
	/* 1 and 2: our data are multiples of four bytes, and so is where they are. */
	info->sgl = c->options.sgl &&
		    (NVME_SGLS_SUPPORT(id->sgls) == 1 || NVME_SGLS_SUPPORT(id->sgls) == 2);
	c->event_limit =
		id->aerl < UD_MAX_EVENTS ? (uint8_t)(id->aerl + 1) : (uint8_t)UD_MAX_EVENTS;
	/* @id is scratch memory: gone with the next command. */
	return ud_namespaces_identify(c, id->nn);
}

int ud_ctrlr_configure(struct ud_ctrlr *c)
{
	unsigned int granted;
	uint64_t in_bar;
	int err;

	/* Number of queues [7.6.1, step 8; 5.21.1.7]. */
	err = ud_set_number_of_queues(c, c->options.nqpairs, &granted);
	if (err)
		return err;
	in_bar = (c->transport->bar_nbytes - NVME_REG_DB) / (2 * c->doorbell_stride) - 1;
	if (granted > in_bar)
		granted = (unsigned int)in_bar;
	c->info.nqpairs = granted < UD_MAX_QPAIRS ? granted : UD_MAX_QPAIRS;
	if (c->info.shadow_doorbells) {
		err = ud_configure_shadow(c);
		if (err)
			return err;
	}
	return c->event_callback ? ud_events_arm(c) : 0;
}

/* Admin queue pair and scratch page. */
static int alloc_admin(struct ud_ctrlr *c)
{
	struct ud_qpair_options options;
	int err;

	ud_qpair_options_init(&options);
	options.nentries = UD_ADMIN_ENTRIES; /* MQES is about I/O queues only [3.1.1] */
	err = ud_dma_alloc(c, UD_PAGE_NBYTES, UD_NODE_DEVICE, &c->scratch);
	if (err)
		return err;
	return ud_qpair_alloc(c, 0, &options, &c->admin);
}

static bool options_valid(const struct ud_ctrlr_options *o)
{
	return o->admin_timeout_ms && o->io_timeout_ms && o->abort_timeout_ms &&
	       o->shutdown_timeout_ms && o->max_transfer_nbytes >= UD_PAGE_NBYTES && o->nqpairs;
}

static void free_all(struct ud_ctrlr *c)
{
	if (c->admin)
		ud_qpair_free(c->admin);
	ud_dma_free_all(c);
	ud_iova_map_free(c->iova);
	c->transport->ops->close(c->transport);
	free(c->namespaces);
	free(c);
}

/* Initialization in the order of [7.6.1]. */
static int start(struct ud_ctrlr *c)
{
	int err = check_capabilities(c);

	if (err)
		return err;
	err = ud_ctrlr_disable(c);
	if (err)
		return err;
	err = alloc_admin(c);
	if (err)
		return err;
	err = ud_ctrlr_enable(c);
	if (err)
		return err;
	err = identify_controller(c);
	if (err)
		return err;
	return ud_ctrlr_configure(c);
}

int ud_ctrlr_open(struct ud_transport *t, const struct ud_ctrlr_options *options,
		  struct ud_ctrlr **ctrlr)
{
	struct ud_ctrlr *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	if (!c) {
		t->ops->close(t);
		return -ENOMEM;
	}
	c->transport = t;
	c->thread = pthread_self();
	c->settling = true;
	if (options)
		c->options = *options;
	else
		ud_ctrlr_options_init(&c->options);
	if (c->options.max_transfer_nbytes > UD_MAX_TRANSFER)
		c->options.max_transfer_nbytes = UD_MAX_TRANSFER;
	c->options.max_transfer_nbytes &= ~(uint32_t)UD_PAGE_MASK;
	c->iova = ud_iova_map_create();
	if (!c->iova)
		goto fail;
	err = -EINVAL;
	if (!options_valid(&c->options))
		goto fail;
	err = start(c);
	if (err) {
		/* Nothing may be written to our memory once it is freed. */
		if (c->admin && !ud_ctrlr_is_gone(c))
			(void)ud_ctrlr_disable(c);
		goto fail;
	}
	c->settling = false;
	*ctrlr = c;
	return 0;

fail:
	free_all(c);
	return err;
}

/* Orderly shutdown [7.6.2]: the queues are deleted; now flush caches and say when that is done. */
static int shut_down(struct ud_ctrlr *c)
{
	uint32_t cc;
	int err;

	if (c->dead)
		return -ENODEV;
	cc = mmio_read32(ud_register(c, NVME_REG_CC));
	mmio_write32(ud_register(c, NVME_REG_CC), (cc & ~NVME_CC_SHN_MASK) | NVME_CC_SHN_NORMAL);
	err = wait_csts(c, 3u << 2, NVME_CSTS_SHST_DONE << 2,
			c->options.shutdown_timeout_ms * 1000000ull);
	if (err == -ENODEV)
		return err;
	/* Disabled as well, so that no request for events writes to memory that is freed. */
	(void)ud_ctrlr_disable(c);
	return err == -EIO ? -ETIMEDOUT : err;
}

int ud_ctrlr_close(struct ud_ctrlr *c)
{
	unsigned int qid;
	int err;

	if (!c)
		return 0;
	for (qid = 1; qid <= UD_MAX_QPAIRS; qid++)
		if (c->qpairs[qid])
			(void)ud_qpair_destroy(c->qpairs[qid]);
	c->settling = true;
	err = shut_down(c);
	free_all(c);
	return err;
}

const struct ud_ctrlr_info *ud_ctrlr_info(const struct ud_ctrlr *c)
{
	return &c->info;
}

uint64_t ud_ctrlr_nresets(const struct ud_ctrlr *c)
{
	return c->nresets;
}
