/* SPDX-License-Identifier: MIT */
/*
 * What a cell does: fio's option names, units and meanings wherever fio has the option.
 */
#ifndef BYPASS_WORKLOAD_H
#define BYPASS_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum rw {
	RW_READ,
	RW_WRITE,
	RW_RANDREAD,
	RW_RANDWRITE,
	RW_RANDRW, /* reads and writes, drawn per I/O by rwmixread */
};

enum cache_state {
	CACHE_HOT,     /* resident before the clock starts */
	CACHE_COLD,    /* evicted before each repetition */
	CACHE_PRESSED, /* memory is full of the file, which is larger: what comes in evicts */
};

enum access {
	ACCESS_COPY,  /* the whole block is copied, as fio does */
	ACCESS_TOUCH, /* one load or store per page */
};

enum durability {
	DURABILITY_NONE,
	DURABILITY_DATA, /* what was written survives a power cut when the operation returns */
};

enum rate_process {
	RATE_LINEAR,  /* one intended start every 1/rate_iops */
	RATE_POISSON, /* intended starts independent of each other, as fio draws them */
};

/* Where a thread or memory is to be. NUMA_NODE + n is node n. */
enum numa_place {
	NUMA_ANYWHERE,
	NUMA_NEAR, /* the node of the target's device */
	NUMA_FAR,  /* the node with memory that is farthest from it */
	NUMA_NODE,
};

enum madvise_kind {
	MADVISE_NORMAL,
	MADVISE_RANDOM,
	MADVISE_SEQUENTIAL,
};

struct workload {
	char path[32];    /* how: buffered, direct, dax, ... */
	char target[224]; /* where: file:PATH, testbed:MEDIUM/FS, ... */
	enum rw rw;
	uint64_t bs;   /* block size, bytes */
	uint64_t size; /* bytes of the target that each job works in */
	unsigned int numjobs;
	unsigned int iodepth; /* operations in flight per job; above 1 on asynchronous paths only */
	unsigned int iodepth_batch_submit; /* submit so many at once; 0: all there is room for */
	unsigned int iodepth_batch_complete_min; /* wait for so many at once; 1 to iodepth */
	uint64_t number_ios;                     /* per job and pass; 0: until runtime */
	uint64_t runtime_ns; /* 0: until number_ios or the whole size was done */
	bool time_based;     /* run for runtime even if size was done */
	uint64_t ramp_ns;    /* run that long before the clock starts */
	enum cache_state cache;
	enum access access;
	enum durability durability;
	/* Mappings only. */
	bool populate; /* MAP_POPULATE */
	bool sync;     /* MAP_SYNC */
	bool hugepage; /* 2 MiB aligned, MADV_HUGEPAGE: faults may map 2 MiB at once */
	enum madvise_kind madvise;
	unsigned int rwmixread; /* percent of randrw's operations that read; 50 */
	/*
	 * Option random_distribution: 0 is uniform ("random"); else zipf:THETA, in thousandths of
	 * THETA.
	 */
	unsigned int zipf_thousandths;
	/*
	 * Open loop: operations are meant to start at this rate, of each job, whatever became of
	 * those before, and latency counts from then. 0: closed loop, one starts when one ended.
	 */
	uint64_t rate_iops;
	enum rate_process rate_process;
	uint64_t thinktime_ns;        /* pause of a job after each operation; closed loop only */
	unsigned int precondition;    /* so often all is written, in order, before the first one */
	bool fixedbufs;               /* io_uring: buffers registered with the kernel */
	bool registerfiles;           /* io_uring: the file registered with the kernel */
	unsigned int numa_cpu_nodes;  /* enum numa_place, of the job's thread */
	unsigned int numa_mem_policy; /* enum numa_place, of buffers and DMA memory: bind:... */
	/* Interrupt coalescing of our driver's controller [NVMe 5.21.1.8]; 1 and 0: none. */
	unsigned int aggregation_threshold; /* completions for one interrupt, 1 to 256 */
	uint64_t aggregation_ns;            /* option aggregation_time: 0 to 25.5 ms by 100 us */
};

void workload_defaults(struct workload *w);
/*
 * Sets one option from its text, e.g. ("bs", "4k"). -EINVAL with a sentence that names the option,
 * what is wrong with the value and what would be right; an unknown name suggests the nearest one.
 */
int workload_set(struct workload *w, const char *name, const char *value, struct error *e);
/*
 * Checks what no single option can tell: bs > size, options that the path has no use for (of a path
 * that there is). workload_check.c.
 */
int workload_check(const struct workload *w, struct error *e);
/* Same path, target and options. */
bool workload_equal(const struct workload *a, const struct workload *b);
/* Whether @option can do anything on @path; of a path that isn't known: yes. */
bool workload_path_has(const char *path, const char *option);
/* The name itself, a static string, if @name is an option with a number; else NULL. */
const char *workload_number_name(const char *name);
/*
 * The value of option @name (one that there is) as people write it, and as workload_set takes it:
 * 4k, 100us, 32, randread, zipf:1.2, bind:near.
 */
void workload_option_text(const struct workload *w, const char *name, char *text, size_t room);
/* Name of option @index in the order of struct workload; NULL after the last. */
const char *workload_option_name(size_t index);
/*
 * fio's units: 4k = 4096, 1m, 2g, plain bytes; k and ki are both 1024 (fio's kb_base=1024). 0 is
 * refused.
 */
int parse_size(const char *text, uint64_t *bytes, struct error *e);
/* fio's times: 10 and 10s are seconds; also us, ms, m, h. */
int parse_time(const char *text, uint64_t *ns, struct error *e);

const char *rw_name(enum rw rw);
const char *cache_name(enum cache_state cache);
const char *access_name(enum access access);
const char *durability_name(enum durability durability);
const char *madvise_name(enum madvise_kind madvise);
static inline bool rw_reads(enum rw rw)
{
	return rw == RW_READ || rw == RW_RANDREAD || rw == RW_RANDRW;
}
static inline bool rw_writes(enum rw rw)
{
	return rw == RW_WRITE || rw == RW_RANDWRITE || rw == RW_RANDRW;
}
static inline bool rw_random(enum rw rw)
{
	return rw == RW_RANDREAD || rw == RW_RANDWRITE || rw == RW_RANDRW;
}

#endif
