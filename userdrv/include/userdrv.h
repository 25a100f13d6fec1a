/* SPDX-License-Identifier: MIT */
/*
 * libuserdrv: an NVMe driver in user space. This header is its manual.
 *
 *	ud_vfio_open -> ud_ctrlr_open -> ud_ctrlr_ns -> ud_dma_alloc -> ud_qpair_create
 *	    -> ud_read ... ud_qpair_process -> ud_qpair_destroy -> ud_dma_free -> ud_ctrlr_close
 *
 * Passive: the library has no thread, no lock and no global state. It works when it is called.
 *
 * Thread rule. The thread that called ud_ctrlr_open is the controller's thread: it alone calls the
 * functions of ud_ctrlr, ud_ns_identify, ud_dma and creates and destroys queue pairs. A queue pair
 * is owned by one thread, which alone calls everything else that takes the queue pair; this may be
 * another one for each. Whoever uses several threads calls ud_ctrlr_process now and then in the
 * controller's thread: time-outs are dealt with there. With one thread, ud_qpair_process and
 * ud_qpair_wait do it.
 *
 * Callbacks are called inside ud_qpair_process, ud_qpair_wait, ud_qpair_check, ud_qpair_drain,
 * ud_qpair_destroy and, in the controller's thread, inside the functions of ud_ctrlr. They may
 * submit; they must not wait, process, reset, destroy or close.
 *
 * Errors. Functions return 0 (or a count) or a negative errno, and leave errno alone:
 *	-EINVAL     an argument is out of range, misaligned or NULL
 *	-EFAULT     the buffer isn't DMA memory of this controller: ud_dma_alloc, ud_dma_register
 *	-EAGAIN     the queue is full, or being set up again after a reset: process, then try again
 *	-ENOTSUP    the controller or the namespace doesn't offer this
 *	-ENODEV     the controller is gone (its registers read all ones) or can't be started again
 *	-ETIMEDOUT  the controller didn't answer in time; it has been reset
 *	-ECANCELED  ended by a reset, a shutdown or the destruction of the queue pair
 *	-EIO        the controller refused: see the NVMe status
 *	-EPROTO     the controller's answer makes no sense
 *	-ENOMEM, -ENOSPC  no memory, no DMA mapping, no queue or no vector left; memlock limit
 *
 * Each I/O that was accepted (0 returned) ends with exactly one call of its callback, whatever the
 * controller does, as long as the caller goes on calling process, wait or check, or destroys the
 * queue pair.
 */
#ifndef USERDRV_H
#define USERDRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nvme_spec.h"

#ifdef __cplusplus
extern "C" {
#endif
/* The shared library is built with hidden visibility: it exports what stands here. */
#pragma GCC visibility push(default)

struct ud_transport; /* the way to a controller: src/transport.h */
struct ud_ctrlr;
struct ud_qpair;

#define UD_MAX_QPAIRS     256u  /* I/O queue pairs of one controller */
#define UD_MAX_NAMESPACES 1024u /* active namespaces of one controller */
#define UD_PAGE_NBYTES    4096u /* the memory page that the controller is set to */

/* ---- transport ------------------------------------------------------------------------- */

/*
 * Writes the PCI address @text ("1:00.0", "0000:01:00.0"; the domain may be left out) to @address,
 * of
 * @nbytes (13 are enough for domains of 16 bits), as sysfs writes it. -EINVAL: it is none.
 */
int ud_pci_address(const char *text, char *address, size_t nbytes);

/*
 * Opens the device at @pci ("0000:00:04.0"), bound to vfio-pci. On failure @reason (may be NULL)
 * has one sentence with the remedy. The transport belongs to the caller until ud_ctrlr_open took
 * it.
 */
int ud_vfio_open(const char *pci, struct ud_transport **transport, char *reason,
		 size_t reason_nbytes);

/* ---- controller ------------------------------------------------------------------------ */

struct ud_ctrlr_options {
	uint32_t admin_timeout_ms;    /* for one admin command; default 5,000 */
	uint32_t io_timeout_ms;       /* before an I/O is aborted; default 10,000 */
	uint32_t abort_timeout_ms;    /* from the abort to the reset; default 2,000 */
	uint32_t shutdown_timeout_ms; /* for an orderly shutdown; default 5,000 */
	uint32_t max_transfer_nbytes; /* of one command; default and most: MDTS, at most 2 MiB */
	unsigned int nqpairs;         /* to ask the controller for; default 32 */
	bool shadow_doorbells;        /* use them when offered; default false */
	bool sgl;                     /* for long contiguous data, when offered; default false */
};

/* What the controller said, checked and in plain units. Strings are terminated and trimmed. */
struct ud_ctrlr_info {
	char serial[21];
	char model[41];
	char firmware[9];
	uint16_t vid;
	uint32_t version;             /* register VS: major << 16 | minor << 8 */
	uint32_t max_transfer_nbytes; /* of one command; larger requests are split */
	uint32_t max_entries;         /* of a queue; one less may be outstanding */
	unsigned int nqpairs;         /* that can be created */
	unsigned int nvectors;        /* that the transport can arm */
	unsigned int nns;             /* active namespaces */
	int numa_node;                /* or -1 */
	bool volatile_write_cache;
	bool compare;
	bool dataset_management;
	bool write_zeroes;
	bool shadow_doorbells; /* in use */
	bool sgl;              /* in use */
	const char *transport; /* "vfio", "soft" */
};

/* An asynchronous event [5.2]: @type 0 error, 1 health, 2 notice; read @log_page to rearm it. */
typedef void ud_event_callback(void *arg, uint8_t type, uint8_t info, uint8_t log_page);

void ud_ctrlr_options_init(struct ud_ctrlr_options *options);

/*
 * Resets, configures, enables and identifies the controller and its namespaces. Takes @transport,
 * on failure too (it is closed then). @options NULL: the defaults.
 * -ENODEV, -ETIMEDOUT, -ENOTSUP (no NVM command set, page size), -EPROTO, -EIO, -ENOMEM.
 */
int ud_ctrlr_open(struct ud_transport *transport, const struct ud_ctrlr_options *options,
		  struct ud_ctrlr **ctrlr);

/*
 * Cancels what is outstanding, destroys the queue pairs that are left, shuts the controller down
 * in order, unmaps all DMA memory, closes the transport, frees @ctrlr. 0, or -ETIMEDOUT or
 * -ENODEV when the controller didn't say that it had shut down; all is freed in any case.
 */
int ud_ctrlr_close(struct ud_ctrlr *ctrlr);

const struct ud_ctrlr_info *ud_ctrlr_info(const struct ud_ctrlr *ctrlr);

/*
 * Resets the controller and sets it up again. -ENODEV: it didn't come back and won't; that takes
 * a few times CAP.TO (the controller's own limit for getting ready) and admin_timeout_ms at most.
 *
 * Queue pairs then refuse I/O with -EAGAIN until their owners have called process or wait, which
 * ends with -ECANCELED what was outstanding, and this thread, after that, ud_ctrlr_process. For a
 * queue pair of this thread one call of process or wait does both. This function doesn't do it
 * itself: it doesn't know whose they are.
 */
int ud_ctrlr_reset(struct ud_ctrlr *ctrlr);

/*
 * Lets the controller's thread work: asynchronous events, aborts, resets, queue pairs that come
 * back. Returns 0, or -ENODEV when the controller is dead.
 */
int ud_ctrlr_process(struct ud_ctrlr *ctrlr);

/* Resets since open, those that recovery did included. */
uint64_t ud_ctrlr_nresets(const struct ud_ctrlr *ctrlr);

/*
 * One admin command; waits. @sqe: cid and data pointer are filled in here. @data: any memory, is
 * copied, @nbytes at most 4096 (0: none), @to_device the direction. @result (may be NULL): dword
 * 0. @status (may be NULL): the NVMe status field when -EIO.
 */
int ud_admin(struct ud_ctrlr *ctrlr, const struct nvme_sqe *sqe, void *data, uint32_t nbytes,
	     bool to_device, uint32_t *result, uint16_t *status);

int ud_ctrlr_identify(struct ud_ctrlr *ctrlr, struct nvme_identify_controller *identify);
/* Get/Set Features [5.9, 5.21]: @value is dword 11 going in, dword 0 coming out. */
int ud_get_feature(struct ud_ctrlr *ctrlr, uint8_t fid, uint32_t dword11, uint32_t *value);
int ud_set_feature(struct ud_ctrlr *ctrlr, uint8_t fid, uint32_t dword11, uint32_t *value);
/* [5.21.1.8]: an interrupt for every @nentries (1 to 256) completions, or after @time_us (0 to
 * 25,500, rounded up to 100). 1 and 0: no coalescing. */
int ud_set_coalescing(struct ud_ctrlr *ctrlr, unsigned int nentries, unsigned int time_us);
/* [5.21.1.9]: whether @vector is coalesced. */
int ud_set_vector_coalescing(struct ud_ctrlr *ctrlr, unsigned int vector, bool coalesced);
/* [5.21.1.6]. -ENOTSUP: no volatile write cache. */
int ud_get_write_cache(struct ud_ctrlr *ctrlr, bool *enabled);
int ud_set_write_cache(struct ud_ctrlr *ctrlr, bool enabled);
/* [5.14] @nbytes is a multiple of 4; any length. */
int ud_get_log_page(struct ud_ctrlr *ctrlr, uint8_t page, uint32_t nsid, void *data,
		    uint32_t nbytes);
int ud_get_smart_log(struct ud_ctrlr *ctrlr, struct nvme_smart_log *log);
int ud_get_error_log(struct ud_ctrlr *ctrlr, struct nvme_error_log_entry *entries,
		     unsigned int nentries);
/*
 * Asks for asynchronous events; @callback is called inside ud_ctrlr_process and may call anything
 * of the controller's thread but reset and close. @mask: dword 11 of the feature [5.21.1.11].
 */
int ud_ctrlr_enable_events(struct ud_ctrlr *ctrlr, uint32_t mask, ud_event_callback *callback,
			   void *arg);

/* ---- namespaces ------------------------------------------------------------------------ */

/*
 * Owned by the controller, and as it was when this was opened. After each reset namespaces are
 * identified again: one that isn't what it was (gone, another size, format or identifier) gets
 * usable false and nblocks 0 for ever, since offsets into it mean nothing any more, and I/O on it
 * is -ENOTSUP. Close the controller and open it again to use what there is now.
 */
struct ud_ns {
	uint32_t nsid;
	uint32_t block_nbytes; /* a power of two from 512 */
	uint64_t nblocks;
	uint64_t nbytes;
	uint32_t max_blocks; /* of one command that carries data */
	uint8_t block_shift; /* block_nbytes == 1 << block_shift */
	uint8_t format;      /* index of the LBA format */
	bool usable;         /* false: metadata, unknown size, or changed; I/O is -ENOTSUP */
	uint8_t eui64[8];    /* zeros: none */
	uint8_t nguid[16];   /* zeros: none */
	uint8_t uuid[16];    /* zeros: none */
	struct ud_ctrlr *ctrlr;
};

/* The @index-th active namespace, in order of nsid; NULL beyond the last. */
struct ud_ns *ud_ctrlr_ns(struct ud_ctrlr *ctrlr, unsigned int index);
/* By identifier; NULL: not active. */
struct ud_ns *ud_ctrlr_find_ns(struct ud_ctrlr *ctrlr, uint32_t nsid);
int ud_ns_identify(struct ud_ns *ns, struct nvme_identify_namespace *identify);

/* ---- DMA memory ------------------------------------------------------------------------ */

#define UD_NODE_DEVICE (-1) /* the device's own NUMA node */
#define UD_NODE_ANY    (-2) /* no preference */

struct ud_dma {
	void *vaddr;        /* multiple of 4096; zeroed */
	size_t nbytes;      /* rounded up to whole pages */
	size_t page_nbytes; /* 2 MiB or 4096 */
	int numa_node;      /* preferred, or UD_NODE_ANY */
	const char *notice; /* NULL, or one sentence: why it isn't huge pages, and the remedy */
};

/*
 * Memory that the controller can reach, preferably on huge pages (for 1 MiB and more) and on
 * NUMA node @node. Freed by ud_dma_free, at the latest by ud_ctrlr_close. It isn't inherited by
 * fork. -ENOMEM (memlock limit: `ulimit -l`), -ENOSPC (no mapping left).
 */
int ud_dma_alloc(struct ud_ctrlr *ctrlr, size_t nbytes, int node, struct ud_dma *dma);
/* No I/O may be outstanding on it. -EINVAL: isn't what ud_dma_alloc gave. */
int ud_dma_free(struct ud_ctrlr *ctrlr, struct ud_dma *dma);
/*
 * The caller's own memory: @vaddr and @nbytes are multiples of 4096. It must stay mapped, and the
 * process must not fork, until ud_dma_unregister with the same range. -EEXIST: part of it is
 * registered already.
 */
int ud_dma_register(struct ud_ctrlr *ctrlr, void *vaddr, size_t nbytes);
int ud_dma_unregister(struct ud_ctrlr *ctrlr, void *vaddr, size_t nbytes);
/* The address that the device uses for @vaddr. -EFAULT. */
int ud_dma_iova(const struct ud_ctrlr *ctrlr, const void *vaddr, uint64_t *iova);

/* ---- queue pairs ----------------------------------------------------------------------- */

enum ud_completion_mode {
	UD_POLL,      /* no interrupts; ud_qpair_wait spins */
	UD_INTERRUPT, /* ud_qpair_wait sleeps; ud_qpair_fd joins any epoll loop */
	UD_HYBRID,    /* ud_qpair_wait spins for spin_ns, then sleeps */
};

struct ud_qpair_options {
	enum ud_completion_mode mode; /* default UD_POLL */
	uint32_t nentries;            /* of both queues, 2 to max_entries; default 128 or fewer */
	uint32_t spin_ns;             /* UD_HYBRID; default 20,000 */
	bool learn;    /* UD_HYBRID: don't spin when completions take longer; default false */
	int numa_node; /* of the queues' memory; default UD_NODE_DEVICE */
};

struct ud_qpair_stats {
	uint64_t completions;     /* accepted */
	uint64_t bad_completions; /* of no outstanding command, or of another queue: dropped */
	uint64_t sq_doorbells;    /* stores to the submission doorbell register */
	uint64_t cq_doorbells;    /* stores to the completion doorbell register */
	uint64_t sleeps;          /* in ud_qpair_wait */
	uint64_t spun_ns;  /* looked in vain in ud_qpair_wait before sleeping; transport's clock */
	uint64_t timeouts; /* commands that took longer than io_timeout_ms */
};

/*
 * How an I/O ended. @error 0: done. -EIO: @status has the NVMe status field (without phase bit:
 * ud_status_string, NVME_STATUS_SC). -ETIMEDOUT, -ECANCELED, -ENODEV: @status is 0. @result is
 * dword 0. A request that was split reports the first error.
 */
typedef void ud_callback(void *arg, int error, uint16_t status, uint32_t result);

void ud_qpair_options_init(struct ud_qpair_options *options);

/* -ENOSPC: no queue pair left, or no vector for it. @options NULL: the defaults. */
int ud_qpair_create(struct ud_ctrlr *ctrlr, const struct ud_qpair_options *options,
		    struct ud_qpair **qpair);
/*
 * In the controller's thread, when the owner has stopped using it. Outstanding I/Os end with
 * -ECANCELED.
 */
int ud_qpair_destroy(struct ud_qpair *qpair);

/*
 * Rings for what was submitted and completes what is done: at most @max entries (0: as many as the
 * queue has). Returns how many; never sleeps, but for a reset when a time-out has to be dealt with
 * (as ud_ctrlr_reset). Looks at the clock once in 1,024 calls. -ENODEV: the controller is dead and
 * nothing is outstanding any more.
 */
int ud_qpair_process(struct ud_qpair *qpair, uint32_t max);
/*
 * Processes until at least one entry was completed, by the queue pair's mode of completion.
 * Returns how many, 0 after @timeout_ns, or -ENODEV. Nothing outstanding: 0 at once.
 */
int ud_qpair_wait(struct ud_qpair *qpair, uint64_t timeout_ns);
/* Waits until nothing is outstanding. 0, -ETIMEDOUT, -ENODEV. */
int ud_qpair_drain(struct ud_qpair *qpair, uint64_t timeout_ns);
/*
 * Looks at the clock, and for a dead controller, now. For event loops: call it every io_timeout_ms
 * / 4 or so, since a lost command makes no event. Returns completions, as process.
 */
int ud_qpair_check(struct ud_qpair *qpair);
/*
 * The eventfd of a queue pair with interrupts, readable when ud_qpair_ack is due; -ENOTSUP for
 * UD_POLL. The library owns it.
 */
int ud_qpair_fd(const struct ud_qpair *qpair);
/* For event loops: consumes the eventfd's signal, then processes (in this order: no lost wake-up).
 */
int ud_qpair_ack(struct ud_qpair *qpair);

uint32_t ud_qpair_outstanding(const struct ud_qpair *qpair); /* commands in the queue */
uint16_t ud_qpair_id(const struct ud_qpair *qpair);
void ud_qpair_get_stats(const struct ud_qpair *qpair, struct ud_qpair_stats *stats);

/* ---- I/O ------------------------------------------------------------------------------- */

/*
 * These put a command into the queue and return; no doorbell is rung. ud_qpair_ring rings for all
 * that was put there, as do process and wait: submit a batch, ring once.
 *
 * @buf is DMA memory, a multiple of 4, and belongs to the driver until the callback. @slba and
 * @nblocks count logical blocks of @ns, which must be of @qpair's controller. @callback may be
 * NULL. More than ns->max_blocks is split, and completes once. -EINVAL (nothing, beyond the
 * namespace's end, @buf misaligned), -EFAULT, -EAGAIN, -ENOTSUP, -ENODEV.
 */
#define UD_FUA 1u /* flag: on the medium, not in its cache, before it completes */

int ud_read(struct ud_qpair *qpair, struct ud_ns *ns, void *buf, uint64_t slba, uint32_t nblocks,
	    uint32_t flags, ud_callback *callback, void *arg);
int ud_write(struct ud_qpair *qpair, struct ud_ns *ns, const void *buf, uint64_t slba,
	     uint32_t nblocks, uint32_t flags, ud_callback *callback, void *arg);
/* -EIO with NVME_SC_COMPARE_FAILURE where they differ. */
int ud_compare(struct ud_qpair *qpair, struct ud_ns *ns, const void *buf, uint64_t slba,
	       uint32_t nblocks, ud_callback *callback, void *arg);
int ud_flush(struct ud_qpair *qpair, struct ud_ns *ns, ud_callback *callback, void *arg);
int ud_write_zeroes(struct ud_qpair *qpair, struct ud_ns *ns, uint64_t slba, uint32_t nblocks,
		    uint32_t flags, ud_callback *callback, void *arg);
/* Dataset Management with deallocate: 1 to 256 ranges, copied; checked against the namespace. */
int ud_deallocate(struct ud_qpair *qpair, struct ud_ns *ns, const struct nvme_dsm_range *ranges,
		  unsigned int nranges, ud_callback *callback, void *arg);
/*
 * Any command: @sqe is copied, its cid and, if @buf isn't NULL, its data pointer are filled in.
 * @nbytes at most max_transfer_nbytes. Nothing else is checked.
 */
int ud_raw(struct ud_qpair *qpair, const struct nvme_sqe *sqe, void *buf, uint32_t nbytes,
	   ud_callback *callback, void *arg);

/* Rings for all that was submitted; nothing new: does nothing. */
void ud_qpair_ring(struct ud_qpair *qpair);

/* "LBA Out of Range" and so on; never NULL. */
const char *ud_status_string(uint16_t status);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
