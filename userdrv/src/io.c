// SPDX-License-Identifier: MIT
/* The NVM command set [6]: from a call to an entry of the submission queue. */
#include <errno.h>
#include <string.h>

#include "controller.h"
#include "queue.h"

#define MAX_DSM_RANGES   256u
#define MAX_PLAIN_BLOCKS 65536u /* of a command without data: NLB has 16 bits */

static void ignore_result(void *arg, int error, uint16_t status, uint32_t result)
{
	(void)arg, (void)error, (void)status, (void)result;
}

/* Dword 0: opcode, PRPs, not fused, the command identifier; dwords 1 to 5 [4.2]. */
static inline __attribute__((always_inline)) void
fill_head(struct nvme_sqe *sqe, const struct ud_request *r, uint8_t opcode, uint32_t nsid)
{
	sqe->opc = opcode;
	sqe->flags = 0;
	sqe->cid = (uint16_t)r->tag;
	sqe->nsid = nsid;
	sqe->rsvd = 0;
	sqe->mptr = 0;
}

/* Dwords 10 to 15 of the commands that take a range of blocks [6.6, 6.9, 6.15, 6.16]. */
static inline void fill_range(struct nvme_sqe *sqe, uint64_t slba, uint32_t nblocks, uint32_t flags)
{
	sqe->cdw10 = (uint32_t)slba;
	sqe->cdw11 = (uint32_t)(slba >> 32);
	sqe->cdw12 = (nblocks - 1) | (flags & UD_FUA) * NVME_RW_FUA;
	sqe->cdw13 = 0;
	sqe->cdw14 = 0;
	sqe->cdw15 = 0;
}

/* One command with data of any length up to MDTS; the range of blocks is checked. */
static int submit_data(struct ud_qpair *q, const struct ud_ns *ns, uint8_t opcode, uintptr_t vaddr,
		       uint64_t slba, uint32_t nblocks, uint32_t flags, ud_callback *callback,
		       void *arg)
{
	struct ud_request *r;
	struct nvme_sqe *sqe;
	int err;

	/* PRP1 is a multiple of four bytes [4.3]. */
	if (vaddr & 3)
		return -EINVAL;
	if (ud_stopped(q))
		return ud_stopped_error(q);
	r = ud_request_peek(q);
	if (!r)
		return -EAGAIN;
	sqe = ud_sqe_next(q);
	fill_head(sqe, r, opcode, ns->nsid);
	if (likely(!q->sgl) || !ud_sgl_build(q->iova, sqe, vaddr, nblocks << ns->block_shift)) {
		err = ud_prp_build(q->iova, r, sqe, vaddr, nblocks << ns->block_shift);
		if (err)
			return err;
	}
	fill_range(sqe, slba, nblocks, flags);
	ud_submit(q, r, callback, arg);
	return 0;
}

/* Out of line: what an I/O that is in range pays for, it needn't. */
static __attribute__((noinline)) int range_error(const struct ud_ns *ns)
{
	return ud_ns_usable(ns) ? -EINVAL : -ENOTSUP;
}

/* A reset may have found that the namespace isn't what it was: then it has no blocks. */
static inline int check_range(const struct ud_ns *ns, uint64_t slba, uint32_t nblocks)
{
	uint64_t end = __atomic_load_n(&ns->nblocks, __ATOMIC_RELAXED);

	/* In this order nothing can wrap around. */
	if (unlikely(slba >= end || nblocks > end - slba))
		return range_error(ns);
	return 0;
}

/* Not one command's worth: nothing, a namespace without I/O, or more than fits. */
static __attribute__((noinline)) int submit_unusual(struct ud_qpair *q, struct ud_ns *ns,
						    uint8_t opcode, uintptr_t vaddr, uint64_t slba,
						    uint32_t nblocks, uint32_t flags,
						    ud_callback *callback, void *arg)
{
	if (!ud_ns_usable(ns))
		return -ENOTSUP;
	if (!nblocks || (vaddr & 3))
		return -EINVAL;
	return ud_split_start(q, ns, opcode, vaddr, slba, nblocks, flags, callback, arg);
}

/*
 * Reads and writes that stay in one page, by far the most, are dealt with here and with no call,
 * so that registers needn't be saved: each instruction here is one of the 140 that an I/O costs.
 */
static inline __attribute__((always_inline)) int
read_or_write(struct ud_qpair *q, struct ud_ns *ns, uint8_t opcode, const void *buf, uint64_t slba,
	      uint32_t nblocks, uint32_t flags, ud_callback *callback, void *arg)
{
	uintptr_t vaddr = (uintptr_t)buf, offset = vaddr & UD_PAGE_MASK;
	struct ud_request *r;
	struct nvme_sqe *sqe;
	uint64_t entry;
	int err;

	err = check_range(ns, slba, nblocks);
	if (err)
		return err;
	if (unlikely(!callback))
		callback = ignore_result;
	if (unlikely(nblocks - 1 >= ns->max_blocks))
		return submit_unusual(q, ns, opcode, vaddr, slba, nblocks, flags, callback, arg);
	r = ud_request_peek(q);
	if (unlikely(offset + (nblocks << ns->block_shift) > UD_PAGE_NBYTES || (vaddr & 3) || !r ||
		     ud_stopped(q)))
		return ud_io_submit(q, ns, opcode, vaddr, slba, nblocks, flags, callback, arg);
	entry = ud_iova_entry(q->iova, vaddr);
	if (unlikely(!entry))
		return -EFAULT;
	sqe = ud_sqe_next(q);
	fill_head(sqe, r, opcode, ns->nsid);
	sqe->prp1 = entry - UD_IOVA_PRESENT + offset;
	sqe->prp2 = 0;
	fill_range(sqe, slba, nblocks, flags);
	ud_submit(q, r, callback, arg);
	return 0;
}

int ud_read(struct ud_qpair *q, struct ud_ns *ns, void *buf, uint64_t slba, uint32_t nblocks,
	    uint32_t flags, ud_callback *callback, void *arg)
{
	return read_or_write(q, ns, NVME_NVM_READ, buf, slba, nblocks, flags, callback, arg);
}

int ud_write(struct ud_qpair *q, struct ud_ns *ns, const void *buf, uint64_t slba, uint32_t nblocks,
	     uint32_t flags, ud_callback *callback, void *arg)
{
	return read_or_write(q, ns, NVME_NVM_WRITE, buf, slba, nblocks, flags, callback, arg);
}

int ud_compare(struct ud_qpair *q, struct ud_ns *ns, const void *buf, uint64_t slba,
	       uint32_t nblocks, ud_callback *callback, void *arg)
{
	int err;

	if (!ns->ctrlr->info.compare)
		return -ENOTSUP;
	err = check_range(ns, slba, nblocks);
	if (err)
		return err;
	if (!callback)
		callback = ignore_result;
	if (nblocks - 1 >= ns->max_blocks)
		return submit_unusual(q, ns, NVME_NVM_COMPARE, (uintptr_t)buf, slba, nblocks, 0,
				      callback, arg);
	return ud_io_submit(q, ns, NVME_NVM_COMPARE, (uintptr_t)buf, slba, nblocks, 0, callback,
			    arg);
}

/* A command without data: @cdw are dwords 10 to 12. */
static int submit_plain(struct ud_qpair *q, uint32_t nsid, uint8_t opcode, const uint32_t cdw[3],
			ud_callback *callback, void *arg)
{
	struct ud_request *r;
	struct nvme_sqe *sqe;

	if (ud_stopped(q))
		return ud_stopped_error(q);
	r = ud_request_peek(q);
	if (!r)
		return -EAGAIN;
	sqe = ud_sqe_next(q);
	memset(sqe, 0, sizeof(*sqe));
	fill_head(sqe, r, opcode, nsid);
	sqe->cdw10 = cdw[0];
	sqe->cdw11 = cdw[1];
	sqe->cdw12 = cdw[2];
	ud_submit(q, r, callback ? callback : ignore_result, arg);
	return 0;
}

int ud_io_submit(struct ud_qpair *q, struct ud_ns *ns, uint8_t opcode, uintptr_t vaddr,
		 uint64_t slba, uint32_t nblocks, uint32_t flags, ud_callback *callback, void *arg)
{
	const uint32_t cdw[3] = {(uint32_t)slba, (uint32_t)(slba >> 32),
				 (nblocks - 1) | (flags & UD_FUA) * NVME_RW_FUA};

	if (opcode == NVME_NVM_WRITE_ZEROES)
		return submit_plain(q, ns->nsid, opcode, cdw, callback, arg);
	return submit_data(q, ns, opcode, vaddr, slba, nblocks, flags, callback, arg);
}

int ud_flush(struct ud_qpair *q, struct ud_ns *ns, ud_callback *callback, void *arg)
{
	static const uint32_t cdw[3];

	return submit_plain(q, ns->nsid, NVME_NVM_FLUSH, cdw, callback, arg);
}

int ud_write_zeroes(struct ud_qpair *q, struct ud_ns *ns, uint64_t slba, uint32_t nblocks,
		    uint32_t flags, ud_callback *callback, void *arg)
{
	int err;

	if (!ud_ns_usable(ns) || !ns->ctrlr->info.write_zeroes)
		return -ENOTSUP;
	err = nblocks ? check_range(ns, slba, nblocks) : -EINVAL;
	if (err)
		return err;
	if (!callback)
		callback = ignore_result;
	/* MDTS is about data, of which there is none. */
	if (nblocks > MAX_PLAIN_BLOCKS)
		return ud_split_start(q, ns, NVME_NVM_WRITE_ZEROES, 0, slba, nblocks, flags,
				      callback, arg);
	return ud_io_submit(q, ns, NVME_NVM_WRITE_ZEROES, 0, slba, nblocks, flags, callback, arg);
}

/*
 * Where the ranges of @r's command may be stored: its own list memory, or the one page that the
 * queue pair has for long ones. NULL: that one is in use.
 */
static struct nvme_dsm_range *dsm_memory(struct ud_qpair *q, struct ud_request *r, size_t nbytes,
					 uint64_t *iova)
{
	if (nbytes <= q->list_nbytes) {
		*iova = r->list_iova;
		return (struct nvme_dsm_range *)r->list;
	}
	if (q->dsm_owner && q->dsm_owner->tag == q->dsm_tag)
		return NULL;
	q->dsm_owner = r;
	q->dsm_tag = r->tag | UD_TAG_LIVE;
	*iova = q->dsm_iova;
	return q->dsm_ranges;
}

int ud_deallocate(struct ud_qpair *q, struct ud_ns *ns, const struct nvme_dsm_range *ranges,
		  unsigned int nranges, ud_callback *callback, void *arg)
{
	struct nvme_dsm_range *memory;
	struct ud_request *r;
	struct nvme_sqe *sqe;
	unsigned int i;
	uint64_t iova;
	int err;

	if (!ud_ns_usable(ns) || !ns->ctrlr->info.dataset_management)
		return -ENOTSUP;
	if (!ranges || nranges - 1 >= MAX_DSM_RANGES)
		return -EINVAL;
	for (i = 0; i < nranges; i++) {
		err = ranges[i].nlb ? check_range(ns, ranges[i].slba, ranges[i].nlb) : -EINVAL;
		if (err)
			return err;
	}
	if (ud_stopped(q))
		return ud_stopped_error(q);
	r = ud_request_peek(q);
	memory = r ? dsm_memory(q, r, nranges * sizeof(*ranges), &iova) : NULL;
	if (!memory)
		return -EAGAIN;
	memcpy(memory, ranges, nranges * sizeof(*ranges));
	dma_stored(memory, nranges * sizeof(*ranges));
	sqe = ud_sqe_next(q);
	memset(sqe, 0, sizeof(*sqe));
	fill_head(sqe, r, NVME_NVM_DATASET_MANAGEMENT, ns->nsid);
	sqe->prp1 = iova;
	sqe->cdw10 = nranges - 1; /* 0's based [6.7] */
	sqe->cdw11 = NVME_DSM_DEALLOCATE;
	ud_submit(q, r, callback ? callback : ignore_result, arg);
	return 0;
}

int ud_raw(struct ud_qpair *q, const struct nvme_sqe *command, void *buf, uint32_t nbytes,
	   ud_callback *callback, void *arg)
{
	uintptr_t vaddr = (uintptr_t)buf;
	struct ud_request *r;
	struct nvme_sqe *sqe;
	int err;

	if (!command || nbytes > q->ctrlr->options.max_transfer_nbytes || (vaddr & 3) ||
	    (buf && !nbytes))
		return -EINVAL;
	if (ud_stopped(q))
		return ud_stopped_error(q);
	r = ud_request_peek(q);
	if (!r)
		return -EAGAIN;
	sqe = ud_sqe_next(q);
	*sqe = *command;
	sqe->cid = (uint16_t)r->tag;
	if (buf) {
		err = ud_prp_build(q->iova, r, sqe, vaddr, nbytes);
		if (err)
			return err;
	}
	ud_submit(q, r, callback ? callback : ignore_result, arg);
	return 0;
}
