/* SPDX-License-Identifier: MIT */
/*
 * A model of an NVMe controller in this process: a transport that needs no hardware.
 *
 * Two ways to run it:
 * - stepped: one thread, virtual time. Nothing happens but inside ud_soft_step, ud_soft_advance
 *   and the transport's wait, wait_vector and now_ns. The same seed and the same calls give the
 *   same trace (ud_soft_stats.trace), addresses and faults included.
 * - threaded: a thread of the model polls the doorbells, time is CLOCK_MONOTONIC.
 *
 * The model keeps to the specification, revision 1.4, and refuses what the specification and an
 * IOMMU would refuse. Linked only into tests, examples and `bypass`.
 *
 * Doorbell rule: a doorbell is memory which the model sets to UD_SOFT_DOORBELL_IDLE once it has
 * noticed the value, so a second store of the same value is noticed too. Several stores
 * between two steps count as one.
 *
 * Thread rule, stepped: one thread for everything. Threaded: as transport.h says; the functions
 * below may be called by any thread but not at the same time as the transport's close.
 */
#ifndef UD_SOFT_H
#define UD_SOFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../src/transport.h"
#include "../include/nvme_spec.h"

#define UD_SOFT_MAX_NAMESPACES 16
#define UD_SOFT_DOORBELL_IDLE  0xffffffffu

enum ud_soft_mode { UD_SOFT_STEPPED, UD_SOFT_THREADED };

enum ud_soft_backing {
	UD_SOFT_SPARSE, /* memory as it is written; what was never written reads as zeros */
	UD_SOFT_RAM,    /* all memory taken at creation: no page fault while measuring */
	UD_SOFT_NONE,   /* writes are dropped, reads give zeros */
};

struct ud_soft_namespace {
	uint64_t nblocks;      /* 0: inactive */
	uint32_t block_nbytes; /* 512 or 4096 */
};

/* Time from fetching a command to its completion. */
struct ud_soft_latency {
	enum {
		UD_SOFT_LATENCY_FIXED,     /* ns */
		UD_SOFT_LATENCY_UNIFORM,   /* ns to max_ns */
		UD_SOFT_LATENCY_LONG_TAIL, /* ns; a few doubled again and again, up to max_ns */
	} kind;
	uint64_t ns;
	uint64_t max_ns;
	uint32_t tail_per_10000; /* commands that are in the tail, of 10,000 */
};

enum ud_soft_fault_kind {
	UD_SOFT_FAULT_NONE,
	UD_SOFT_FAULT_STATUS,       /* not executed, completes with .status */
	UD_SOFT_FAULT_LOST,         /* executed, never completes; an abort doesn't find it */
	UD_SOFT_FAULT_STUCK,        /* never completes; an abort ends it */
	UD_SOFT_FAULT_LATE,         /* completes .delay_ns later than it should */
	UD_SOFT_FAULT_DUPLICATE,    /* completes twice */
	UD_SOFT_FAULT_REORDER,      /* after the queue's next command, or .delay_ns at the latest */
	UD_SOFT_FAULT_UNKNOWN_CID,  /* its completion has the identifier of no command */
	UD_SOFT_FAULT_SPURIOUS,     /* completes; before it another completion, of no command */
	UD_SOFT_FAULT_WRONG_SQID,   /* its completion names another queue */
	UD_SOFT_FAULT_WRONG_SQHD,   /* its completion has a random queue head */
	UD_SOFT_FAULT_STALE_PHASE,  /* its completion is written with the phase bit inverted */
	UD_SOFT_FAULT_FATAL,        /* CSTS.CFS; nothing is done until a reset */
	UD_SOFT_FAULT_GONE,         /* the BAR reads as ones, for ever */
	UD_SOFT_FAULT_NOT_READY,    /* .nth counts enables: CSTS.RDY is never set */
	UD_SOFT_FAULT_STUCK_READY,  /* .nth counts disables: CSTS.RDY is never cleared */
	UD_SOFT_FAULT_BAD_IDENTIFY, /* .nth counts Identify commands: random bytes in the data */
	UD_SOFT_FAULT_KINDS,
};

#define UD_SOFT_FAULT_BIT(kind) (1u << (kind))
#define UD_SOFT_ANY_QUEUE       0xffffu /* all I/O queues counted together */

/* One line of a fault plan. Counting never starts again, not even at a reset. */
struct ud_soft_fault {
	enum ud_soft_fault_kind kind;
	uint16_t sqid;     /* 0: admin; UD_SOFT_ANY_QUEUE */
	uint16_t status;   /* status field without phase bit: SCT << 8 | SC, NVME_STATUS_DNR */
	uint64_t nth;      /* which command of the queue, from 0 */
	uint64_t every;    /* then each every-th command after it; 0: only once */
	uint64_t delay_ns; /* for LATE and REORDER */
};

/* Faults by chance, from the seed. */
struct ud_soft_random_faults {
	uint32_t per_10000; /* commands that meet a fault, of 10,000 */
	uint32_t kinds;     /* UD_SOFT_FAULT_BIT of each kind that may occur */
	uint64_t limit;     /* faults in all; 0: no limit */
	uint64_t max_delay_ns;
	bool admin; /* admin commands too */
};

struct ud_soft_config {
	enum ud_soft_mode mode;
	uint64_t seed;
	unsigned int nqueues;       /* I/O queue pairs, 1 to 256 */
	unsigned int queue_entries; /* largest queue, 2 to 65536: CAP.MQES + 1 */
	unsigned int mdts;          /* largest transfer: 4096 << mdts bytes; 0: no limit */
	unsigned int dstrd;         /* CAP.DSTRD, 0 to 10 */
	unsigned int mpsmax;        /* CAP.MPSMAX: largest page 4096 << mpsmax, 0 to 4 */
	unsigned int ready_timeout; /* CAP.TO, units of 500 ms */
	uint64_t ready_ns;          /* from CC.EN to CSTS.RDY, both ways */
	uint64_t shutdown_ns;       /* from CC.SHN to CSTS.SHST done */
	unsigned int nvectors;      /* 0 to 256 */
	unsigned int abort_limit;   /* aborts at once, 1 to 256 */
	unsigned int event_limit;   /* asynchronous event requests at once, 1 to 16 */
	uint16_t oncs;              /* NVME_ONCS_* */
	bool volatile_write_cache;
	bool shadow_doorbells;
	bool sgl;                 /* SGLs are offered for I/O commands, at any address */
	unsigned int nnamespaces; /* Identify's NN */
	struct ud_soft_namespace namespaces[UD_SOFT_MAX_NAMESPACES];
	enum ud_soft_backing backing;
	struct ud_soft_latency latency;       /* I/O commands */
	struct ud_soft_latency admin_latency; /* admin commands */
	/*
	 * Stepped: each call of now_ns lets so much time pass (and steps), so that a loop which
	 * only polls and looks at the clock comes to an end. 0: the clock stands between steps.
	 */
	uint64_t now_step_ns;
	uint64_t idle_ns;   /* threaded: after so long without a doorbell the thread naps */
	uint64_t nap_ns;    /* threaded: how long; 0: never naps */
	bool iova_adjacent; /* mappings without gaps; else gaps of 1 to 64 pages from the seed */
	uint64_t iova_first, iova_last;     /* addresses that may be handed out */
	unsigned int mapping_limit;         /* type1 has 65,535 */
	const struct ud_soft_fault *faults; /* copied */
	size_t nfaults;
	struct ud_soft_random_faults random_faults;
	/*
	 * Hooks to lie with, or NULL: change the 4096 bytes of Identify before they are
	 * transferred; change a completion before it is written (the phase bit included).
	 */
	void (*on_identify)(void *arg, uint8_t cns, uint32_t nsid, void *data);
	void (*on_completion)(void *arg, uint16_t sqid, struct nvme_cqe *cqe);
	void *hook_arg;
};

struct ud_soft_stats {
	uint64_t admin_commands;                                              /* fetched */
	uint64_t io_commands;                                                 /* fetched */
	uint64_t reads, writes, flushes, compares, write_zeroes, deallocates; /* executed well */
	uint64_t fua_writes;
	uint64_t bytes_read, bytes_written; /* by the host */
	uint64_t completions;               /* entries written, duplicates and lies included */
	uint64_t sq_doorbells;              /* values noticed */
	uint64_t cq_doorbells;              /* values noticed */
	uint64_t bad_doorbells; /* values refused: beyond the queue's end, or no such queue */
	uint64_t interrupts;
	uint64_t unarmed_queues; /* completion queues with a vector that nobody had armed by then */
	uint64_t sgl_commands;   /* executed with an SGL as their data pointer */
	uint64_t faults;         /* of the plan, and by chance */
	uint64_t dma_faults;
	uint64_t resets;      /* CC.EN cleared */
	uint64_t aborted;     /* commands ended by Abort, or by deleting their queue */
	uint64_t outstanding; /* commands fetched and not completed, now */
	uint64_t mappings;    /* DMA mappings, now */
	uint64_t trace;       /* hash of all that was fetched, completed and signalled, and when */
};

enum ud_soft_dma_reason {
	UD_SOFT_DMA_UNMAPPED,   /* no mapping has ever been there */
	UD_SOFT_DMA_STALE,      /* a mapping was there and has been undone */
	UD_SOFT_DMA_MISALIGNED, /* an address with an offset where none may be */
};

/* An access that the model refused. */
struct ud_soft_dma_fault {
	enum ud_soft_dma_reason reason;
	bool write; /* by the device to memory */
	uint16_t sqid;
	uint16_t cid;
	uint64_t iova;
	uint64_t nbytes;
	uint64_t time_ns;
};

/*
 * A controller that is good for most tests: stepped, 4 queue pairs of up to 1024 entries, MDTS
 * 128 KiB, 5 vectors, one namespace of 64 MiB in blocks of 512, sparse, no latency, no faults.
 */
void ud_soft_config_init(struct ud_soft_config *config);

/*
 * 0 and a controller that waits for CC.EN; the caller ends it with (*t)->ops->close.
 * @config NULL: as ud_soft_config_init. -EINVAL: a value out of range; -ENOMEM; -EAGAIN: no thread.
 */
int ud_soft_create(const struct ud_soft_config *config, struct ud_transport **t);

/* Stepped: does all that is due now; time stands still. Threaded: nothing. */
void ud_soft_step(struct ud_transport *t);
/* Stepped: lets @ns pass, doing everything when it is due. Threaded: sleeps. */
void ud_soft_advance(struct ud_transport *t, uint64_t ns);
/* The time, without letting any pass. */
uint64_t ud_soft_now(struct ud_transport *t);
/* When the next thing is due, by now_ns's clock; UINT64_MAX: nothing is under way. */
uint64_t ud_soft_next(struct ud_transport *t);

void ud_soft_get_stats(struct ud_transport *t, struct ud_soft_stats *stats);
/* How many accesses were refused; the @index-th of them (the first 256 are kept), else -ENOENT. */
uint64_t ud_soft_dma_faults(struct ud_transport *t);
int ud_soft_dma_fault(struct ud_transport *t, size_t index, struct ud_soft_dma_fault *fault);

/* Adds a line to the fault plan; its nth counts from the controller's creation. -ENOMEM. */
int ud_soft_add_fault(struct ud_transport *t, const struct ud_soft_fault *fault);
/* Counted so far, to aim a fault at a coming command: the next of @sqid has this nth. */
uint64_t ud_soft_commands(struct ud_transport *t, uint16_t sqid);
/* At once: CSTS.CFS; device gone. */
void ud_soft_set_fatal(struct ud_transport *t);
void ud_soft_set_gone(struct ud_transport *t);
/* An asynchronous event [5.2]: completes a request when there is one, and if not masked. */
void ud_soft_event(struct ud_transport *t, uint8_t type, uint8_t info, uint8_t log_page);

/* The namespace's bytes; NULL: no such namespace, or no backing. Owned by @t. */
void *ud_soft_data(struct ud_transport *t, uint32_t nsid, size_t *nbytes);

#endif
