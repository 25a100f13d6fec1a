// SPDX-License-Identifier: MIT
/* Admin commands [5]: sent one at a time and waited for. */
#include <errno.h>
#include <string.h>

#include "controller.h"

#define ADMIN_PERIOD_NS    20000u /* between two looks at the completion queue */
#define EAGER_LOOKS        100u   /* without sleeping: most are answered at once */
#define COALESCING_UNIT_US 100u   /* [5.21.1.8] */

/* A command that is waited for. */
struct waiting {
	bool done;
	int error;
	uint16_t status;
	uint32_t result;
};

static void waiting_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct waiting *w = arg;

	w->done = true;
	w->error = error;
	w->status = status;
	w->result = result;
}

/* The admin queue doesn't answer: whatever happens, its commands end here. */
static void give_up(struct ud_ctrlr *c)
{
	if (ud_ctrlr_is_gone(c)) {
		(void)ud_ctrlr_die(c);
		return;
	}
	if (!c->settling) {
		(void)ud_ctrlr_reset(c);
		return;
	}
	/* In the middle of a reset, which fails by this. */
	(void)ud_ctrlr_disable(c);
	ud_qpair_cancel(c->admin, -ETIMEDOUT, -ETIMEDOUT);
	ud_qpair_rewind(c->admin);
}

int ud_admin_scratch(struct ud_ctrlr *c, const struct nvme_sqe *sqe, uint32_t nbytes,
		     uint32_t *result, uint16_t *status)
{
	struct waiting w = {.done = false};
	uint64_t deadline;
	uint32_t looks = 0;
	int err;

	if (c->dead)
		return -ENODEV;
	err = ud_raw(c->admin, sqe, nbytes ? c->scratch.vaddr : NULL, nbytes, waiting_done, &w);
	if (err)
		return err;
	deadline = ud_now_ns(c) + c->options.admin_timeout_ms * 1000000ull;
	for (;;) {
		(void)ud_qpair_process(c->admin, 0);
		if (w.done)
			break;
		if (ud_now_ns(c) >= deadline ||
		    mmio_read32(ud_register(c, NVME_REG_CSTS)) & NVME_CSTS_CFS) {
			give_up(c);
			if (!w.done) /* can't be: give_up ends all of them */
				return -ETIMEDOUT;
			if (w.error == -ECANCELED)
				w.error = -ETIMEDOUT;
			break;
		}
		ud_let_pass(c, looks++ < EAGER_LOOKS ? 0 : ADMIN_PERIOD_NS);
	}
	if (result)
		*result = w.result;
	if (status)
		*status = w.status;
	return w.error;
}

int ud_admin(struct ud_ctrlr *c, const struct nvme_sqe *sqe, void *data, uint32_t nbytes,
	     bool to_device, uint32_t *result, uint16_t *status)
{
	int err;

	if (!sqe || nbytes > UD_PAGE_NBYTES || (nbytes && !data) || (nbytes & 3))
		return -EINVAL;
	if (to_device && nbytes)
		memcpy(c->scratch.vaddr, data, nbytes);
	else
		memset(c->scratch.vaddr, 0, UD_PAGE_NBYTES);
	err = ud_admin_scratch(c, sqe, nbytes, result, status);
	if (!err && !to_device && nbytes)
		memcpy(data, c->scratch.vaddr, nbytes);
	return err;
}

/* Identify [5.15], into the scratch page. */
int ud_admin_identify(struct ud_ctrlr *c, uint8_t cns, uint32_t nsid)
{
	const struct nvme_sqe sqe = {.opc = NVME_ADMIN_IDENTIFY, .nsid = nsid, .cdw10 = cns};

	memset(c->scratch.vaddr, 0, UD_PAGE_NBYTES);
	return ud_admin_scratch(c, &sqe, UD_PAGE_NBYTES, NULL, NULL);
}

int ud_ctrlr_identify(struct ud_ctrlr *c, struct nvme_identify_controller *identify)
{
	int err = ud_admin_identify(c, NVME_CNS_CONTROLLER, 0);

	if (!err)
		memcpy(identify, c->scratch.vaddr, sizeof(*identify));
	return err;
}

int ud_get_feature(struct ud_ctrlr *c, uint8_t fid, uint32_t dword11, uint32_t *value)
{
	const struct nvme_sqe sqe = {
		.opc = NVME_ADMIN_GET_FEATURES, .cdw10 = fid, .cdw11 = dword11};

	return ud_admin_scratch(c, &sqe, 0, value, NULL);
}

int ud_set_feature(struct ud_ctrlr *c, uint8_t fid, uint32_t dword11, uint32_t *value)
{
	const struct nvme_sqe sqe = {
		.opc = NVME_ADMIN_SET_FEATURES, .cdw10 = fid, .cdw11 = dword11};

	return ud_admin_scratch(c, &sqe, 0, value, NULL);
}

/* [5.21.1.7]: both counts 0's based; what is granted may be more or less than was asked for. */
int ud_set_number_of_queues(struct ud_ctrlr *c, unsigned int wanted, unsigned int *granted)
{
	uint32_t asked, value = 0, nsq, ncq;
	int err;

	if (wanted > UD_MAX_QPAIRS)
		wanted = UD_MAX_QPAIRS;
	asked = wanted - 1;
	err = ud_set_feature(c, NVME_FEATURE_NUMBER_OF_QUEUES, asked << 16 | asked, &value);
	if (err)
		return err;
	nsq = (value & 0xffff) + 1;
	ncq = (value >> 16) + 1;
	*granted = nsq < ncq ? nsq : ncq;
	if (*granted > wanted)
		*granted = wanted;
	return 0;
}

int ud_set_coalescing(struct ud_ctrlr *c, unsigned int nentries, unsigned int time_us)
{
	uint32_t time = (time_us + COALESCING_UNIT_US - 1) / COALESCING_UNIT_US;

	if (!nentries || nentries > 256 || time > 255)
		return -EINVAL;
	return ud_set_feature(c, NVME_FEATURE_INTERRUPT_COALESCING, time << 8 | (nentries - 1),
			      NULL);
}

int ud_set_vector_coalescing(struct ud_ctrlr *c, unsigned int vector, bool coalesced)
{
	if (vector >= c->info.nvectors)
		return -EINVAL;
	/* Bit 16: coalescing disabled. */
	return ud_set_feature(c, NVME_FEATURE_VECTOR_CONFIGURATION,
			      vector | (coalesced ? 0 : 1u << 16), NULL);
}

int ud_get_write_cache(struct ud_ctrlr *c, bool *enabled)
{
	uint32_t value;
	int err;

	if (!c->info.volatile_write_cache)
		return -ENOTSUP;
	err = ud_get_feature(c, NVME_FEATURE_VOLATILE_WRITE_CACHE, 0, &value);
	if (!err)
		*enabled = value & 1;
	return err;
}

int ud_set_write_cache(struct ud_ctrlr *c, bool enabled)
{
	if (!c->info.volatile_write_cache)
		return -ENOTSUP;
	return ud_set_feature(c, NVME_FEATURE_VOLATILE_WRITE_CACHE, enabled, NULL);
}

int ud_get_log_page(struct ud_ctrlr *c, uint8_t page, uint32_t nsid, void *data, uint32_t nbytes)
{
	struct nvme_sqe sqe = {.opc = NVME_ADMIN_GET_LOG_PAGE, .nsid = nsid};
	uint32_t done, part, ndwords;
	int err;

	if (!data || !nbytes || (nbytes & 3))
		return -EINVAL;
	for (done = 0; done < nbytes; done += part) {
		part = nbytes - done < UD_PAGE_NBYTES ? nbytes - done : UD_PAGE_NBYTES;
		ndwords = part / 4 - 1; /* 0's based [5.14, figures 191 to 195] */
		sqe.cdw10 = (ndwords & 0xffff) << 16 | page;
		sqe.cdw11 = ndwords >> 16;
		sqe.cdw12 = done; /* offset in bytes, lower half */
		err = ud_admin(c, &sqe, (uint8_t *)data + done, part, false, NULL, NULL);
		if (err)
			return err;
	}
	return 0;
}

int ud_get_smart_log(struct ud_ctrlr *c, struct nvme_smart_log *log)
{
	return ud_get_log_page(c, NVME_LOG_SMART, 0xffffffffu, log, sizeof(*log));
}

int ud_get_error_log(struct ud_ctrlr *c, struct nvme_error_log_entry *entries,
		     unsigned int nentries)
{
	if (!nentries || nentries > 256)
		return -EINVAL;
	return ud_get_log_page(c, NVME_LOG_ERROR, 0xffffffffu, entries,
			       nentries * (uint32_t)sizeof(*entries));
}
