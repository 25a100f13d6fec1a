/* SPDX-License-Identifier: MIT */
/* What the parts of the model share. Nothing of this is for users of the model: see ud_soft.h. */
#ifndef SOFT_H
#define SOFT_H

#include <pthread.h>
#include <stdatomic.h>

#include "ud_soft.h"

#define SOFT_PAGE_NBYTES 4096u /* CAP.MPSMIN, and what an IOMMU maps */
#define SOFT_MAX_QUEUES  257   /* with the admin queue */
#define SOFT_MAX_VECTORS 256
#define SOFT_MAX_EVENTS  16
#define SOFT_NFEATURES   0x0c
#define SOFT_NERRORS     64u
#define SOFT_DMA_FAULTS  256u
#define SOFT_NSTALE      64u
#define SOFT_NEVER       UINT64_MAX
#define SOFT_ALL_NS      0xffffffffu
/* An execution's answer: no completion now (an asynchronous event request [5.2]). */
#define SOFT_NO_STATUS 0xffffu

/* Status codes that only a controller needs [4.6.1.2]. */
enum soft_status_code {
	SOFT_SC_SEQUENCE = 0x0c,        /* generic: command sequence error */
	SOFT_SC_SGL_SEGMENT = 0x0d,     /* generic: invalid SGL segment descriptor */
	SOFT_SC_SGL_COUNT = 0x0e,       /* generic: invalid number of SGL descriptors */
	SOFT_SC_SGL_LENGTH = 0x0f,      /* generic: data SGL length invalid */
	SOFT_SC_SGL_TYPE = 0x11,        /* generic: SGL descriptor type invalid */
	SOFT_SC_LOG_PAGE = 0x09,        /* command specific: invalid log page */
	SOFT_SC_QUEUE_DELETION = 0x0c,  /* command specific: invalid queue deletion */
	SOFT_SC_NOT_SAVEABLE = 0x0d,    /* command specific: feature not saveable */
	SOFT_SC_NOT_NS_SPECIFIC = 0x0f, /* command specific: feature not namespace specific */
};

enum soft_state {
	SOFT_DISABLED,
	SOFT_ENABLING, /* CC.EN is set, CSTS.RDY will be at ready_due */
	SOFT_READY,
	SOFT_DISABLING, /* CC.EN is clear, CSTS.RDY will be at ready_due */
	SOFT_FAILED,    /* CSTS.CFS: only CC.EN is looked at */
	SOFT_GONE,
};

struct soft_mapping {
	uint64_t iova;
	size_t nbytes;
	uint8_t *vaddr;
};

/* A piece of a command's data: never crosses a page. */
struct soft_segment {
	uint8_t *vaddr;
	size_t nbytes;
};

struct soft_command {
	struct nvme_sqe sqe;
	struct nvme_cqe cqe; /* being made; head and phase only when it is written */
	struct ud_soft_fault fault;
	uint64_t due_ns;
	uint64_t sequence;         /* order of arrival decides among those due together */
	struct soft_command *next; /* in the free list, or in a completion queue's waiting list */
	size_t heap_index;
	uint16_t sqid;
	bool counted_abort;
	bool over_limit; /* more Aborts than allowed */
	bool cid_conflict;
	bool wrong_sqhd;
	bool stale_phase;
};

struct soft_sq {
	bool live;
	uint16_t cqid;
	uint32_t nentries, head, tail;
	uint64_t iova;
	uint64_t *cids;            /* one bit for each outstanding identifier */
	struct soft_command *held; /* REORDER: waits for another to complete */
	uint64_t fetched;          /* since creation of the model */
};

struct soft_cq {
	bool live;
	bool phase;
	bool interrupts;
	uint16_t vector;
	uint32_t nentries, head, tail;
	uint32_t nsqs; /* submission queues that complete here */
	uint64_t iova;
	struct soft_command *waiting, **waiting_end; /* completions for which there is no room */
};

struct soft_vector {
	int fd;            /* -1: not armed */
	bool immediate;    /* coalescing disabled [5.21.1.9] */
	uint32_t pending;  /* completions since the last interrupt */
	uint64_t deadline; /* aggregation time ends; SOFT_NEVER */
};

struct soft {
	struct ud_transport transport;
	struct ud_soft_config config;

	enum soft_state state;
	uint64_t now_ns;
	uint64_t ready_due, shutdown_due; /* SOFT_NEVER: not under way */
	uint32_t cc;                      /* as last seen */
	uint32_t csts;
	bool shut_down; /* CSTS.SHST isn't 0: nothing is fetched */
	uint64_t enables;

	struct soft_sq sq[SOFT_MAX_QUEUES];
	struct soft_cq cq[SOFT_MAX_QUEUES];
	unsigned int max_live; /* no queue above has ever been created */
	struct soft_vector vectors[SOFT_MAX_VECTORS];
	bool shadow; /* Doorbell Buffer Config has been given [5.7] */
	uint64_t shadow_iova, event_iova;

	struct soft_command **heap; /* outstanding, by due_ns and sequence */
	size_t nheap, heap_room;
	struct soft_command *free;
	struct soft_command **chunks;
	size_t nchunks;
	uint64_t sequence;
	unsigned int naborts;

	struct soft_command *event_requests[SOFT_MAX_EVENTS];
	unsigned int nevent_requests;
	uint32_t events[SOFT_MAX_EVENTS]; /* posted and not yet reported: dword 0 */
	unsigned int nevents;
	uint32_t events_masked; /* by type: until the log page is read */

	uint32_t features[SOFT_NFEATURES];
	struct nvme_error_log_entry errors[SOFT_NERRORS];
	uint64_t nerrors;
	uint8_t *data[UD_SOFT_MAX_NAMESPACES];

	struct soft_mapping *mappings; /* sorted by iova */
	size_t nmappings, mappings_room;
	uint64_t iova_next;
	struct soft_mapping stale[SOFT_NSTALE];
	size_t nstale;
	struct ud_soft_dma_fault dma_faults[SOFT_DMA_FAULTS];
	struct soft_segment *segments;
	size_t nsegments, segments_room;
	uint8_t *bounce; /* 4096 bytes of Identify, logs, DSM ranges */

	struct ud_soft_fault *faults;
	size_t nfaults;
	uint64_t io_fetched, identifies;
	uint64_t random_latency, random_fault, random_iova; /* generators' states */
	struct ud_soft_stats stats;

	/* Threaded only. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t lock_unwanted;
	atomic_bool stop;
	atomic_int lock_wanted; /* callers that the polling thread must let in */
	uint64_t last_doorbell_ns;
};

static inline uint16_t soft_status(unsigned int type, unsigned int code)
{
	return (uint16_t)(NVME_STATUS_DNR | type << 8 | code);
}

static inline struct soft *soft_of(struct ud_transport *t)
{
	return (struct soft *)t;
}

static inline size_t soft_page_nbytes(const struct soft *c)
{
	return (size_t)SOFT_PAGE_NBYTES << ((c->cc >> 7) & 0xf);
}

static inline bool soft_running(const struct soft *c)
{
	return c->state == SOFT_READY;
}

/* soft_controller.c: registers, reset, time. */
uint32_t soft_read32(struct soft *c, size_t offset);
uint64_t soft_read64(struct soft *c, size_t offset);
void soft_write32(struct soft *c, size_t offset, uint32_t value);
void soft_registers_init(struct soft *c);
void soft_step(struct soft *c);
void soft_fail(struct soft *c);
void soft_gone(struct soft *c);
void soft_reset_queues(struct soft *c);
uint64_t soft_next_due(const struct soft *c);

/* soft_queue.c: doorbells, fetching, completing. */
bool soft_doorbells_step(struct soft *c);
void soft_doorbells_idle(struct soft *c);
void soft_fetch_all(struct soft *c);
void soft_complete(struct soft *c, struct soft_command *command, uint16_t status);
void soft_run_due(struct soft *c);

/* soft_completion.c: completion queues and how a fault shapes an entry. */
void soft_cq_post(struct soft *c, struct soft_command *command);
void soft_cq_drain(struct soft *c, unsigned int qid);
void soft_cq_clear(struct soft *c, struct soft_cq *cq);

/* soft_heap.c: commands and their order. */
struct soft_command *soft_command_alloc(struct soft *c);
void soft_command_free(struct soft *c, struct soft_command *command);
int soft_heap_push(struct soft *c, struct soft_command *command);
void soft_heap_remove(struct soft *c, struct soft_command *command);
void soft_heap_release(struct soft *c);

/* soft_interrupt.c */
void soft_interrupt_completion(struct soft *c, unsigned int cqid);
void soft_interrupts_step(struct soft *c);
void soft_interrupt_consumed(struct soft *c, unsigned int cqid);
void soft_interrupts_reset(struct soft *c);

/* soft_dma.c: the IOMMU. Address NULL: refused, and recorded. */
int soft_dma_map(struct soft *c, void *vaddr, size_t nbytes, uint64_t *iova);
int soft_dma_unmap(struct soft *c, uint64_t iova, size_t nbytes);
uint8_t *soft_dma(struct soft *c, const struct soft_command *command, uint64_t iova, size_t nbytes,
		  bool write);
void soft_dma_refuse(struct soft *c, const struct soft_command *command, uint64_t iova,
		     size_t nbytes, bool write, enum ud_soft_dma_reason reason);

/* soft_prp.c: 0 and c->segments, or a status; where the command's data are, PRPs or SGL. */
uint16_t soft_data_walk(struct soft *c, const struct soft_command *command, size_t nbytes,
			bool write);
uint16_t soft_segment_add(struct soft *c, const struct soft_command *command, uint64_t iova,
			  size_t nbytes, bool write);
uint16_t soft_to_host(struct soft *c, const struct soft_command *command, const void *data,
		      size_t nbytes);
uint16_t soft_from_host(struct soft *c, const struct soft_command *command, void *data,
			size_t nbytes);

/* soft_sgl.c: the same for an SGL. */
uint16_t soft_sgl_walk(struct soft *c, const struct soft_command *command, size_t nbytes,
		       bool write);

/* soft_admin.c, soft_admin_queue.c, soft_identify.c, soft_feature.c, soft_log.c, soft_event.c */
uint16_t soft_admin_execute(struct soft *c, struct soft_command *command);
uint16_t soft_admin_create_cq(struct soft *c, struct soft_command *command);
uint16_t soft_admin_create_sq(struct soft *c, struct soft_command *command);
uint16_t soft_admin_delete_cq(struct soft *c, struct soft_command *command);
uint16_t soft_admin_delete_sq(struct soft *c, struct soft_command *command);
uint16_t soft_identify(struct soft *c, struct soft_command *command);
void soft_features_reset(struct soft *c);
uint16_t soft_set_features(struct soft *c, struct soft_command *command);
uint16_t soft_get_features(struct soft *c, struct soft_command *command);
uint16_t soft_get_log_page(struct soft *c, struct soft_command *command);
void soft_log_error(struct soft *c, const struct soft_command *command, uint16_t status);
uint16_t soft_event_request(struct soft *c, struct soft_command *command);
void soft_event_post(struct soft *c, uint8_t type, uint8_t info, uint8_t log_page);
void soft_event_unmask(struct soft *c, uint8_t log_page);
bool soft_event_abort(struct soft *c, uint16_t cid);
void soft_events_reset(struct soft *c);

/* soft_io.c */
uint16_t soft_io_execute(struct soft *c, struct soft_command *command);
int soft_backing_create(struct soft *c);
void soft_backing_release(struct soft *c);
const struct ud_soft_namespace *soft_namespace(const struct soft *c, uint32_t nsid);

/* soft_fault.c: chance, latency, the plan. */
uint64_t soft_random(uint64_t *state);
uint64_t soft_random_below(uint64_t *state, uint64_t bound);
uint64_t soft_latency(struct soft *c, const struct ud_soft_latency *latency);
void soft_fault_choose(struct soft *c, struct soft_command *command);
bool soft_fault_not_ready(struct soft *c);
bool soft_fault_stuck_ready(struct soft *c);
bool soft_fault_bad_identify(struct soft *c);
void soft_trace(struct soft *c, uint64_t what, uint64_t a, uint64_t b);

/* soft_thread.c: threaded mode; lock and unlock do nothing when stepped. */
int soft_thread_start(struct soft *c);
void soft_thread_stop(struct soft *c);
void soft_lock(struct soft *c);
void soft_unlock(struct soft *c);
uint64_t soft_clock_ns(void);

/* ud_soft.c */
void soft_release(struct soft *c);

/* soft_transport.c */
extern const struct ud_transport_ops soft_transport_ops;

#endif
