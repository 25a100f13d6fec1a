/* SPDX-License-Identifier: MIT */
/*
 * What a run is made of: the model that the runner fills, run.json stores and the reports read.
 *
 * Ownership: a struct run owns all that it points to; run_free() releases it. Strings are owned
 * copies (NULL = not known) unless they are arrays. Durations and costs are in the run's clock:
 * nanoseconds or instructions (design: two clocks).
 */
#ifndef BYPASS_RUN_H
#define BYPASS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "core/counters.h"
#include "core/error.h"
#include "core/functions.h"
#include "core/histogram.h"
#include "core/workload.h"

#define RUN_SCHEMA_VERSION 1

enum run_clock {
	RUN_CLOCK_NS,
	RUN_CLOCK_INSTRUCTIONS,
};

/* What a cell's instruction counts may be used for. */
enum clock_use {
	CLOCK_USE_EXACT,    /* no sleeping: the thread's count, equal to the digit */
	CLOCK_USE_MACHINE,  /* waits for a device: ranked by thread + irq */
	CLOCK_USE_FUNCTION, /* not a figure at all: emulated time */
};

/* What an operation's latency is counted from. */
enum latency_from {
	LATENCY_FROM_START,
	LATENCY_FROM_INTENDED_START, /* open loop: however late it was started */
};

/*
 * A pass is one timed stretch of a repetition. Most paths have one. A mapping has two, over the
 * same blocks in the same order: the first touch, which faults, and the same accesses again.
 */
enum pass_kind {
	PASS_ALL,
	PASS_FIRST_TOUCH,
	PASS_AGAIN,
};
#define PASSES_MAX 2

struct pass_result {
	enum pass_kind kind;
	uint64_t start;    /* since the run began, in ns of the wall clock */
	uint64_t duration; /* in the clock's unit */
	uint64_t ios;
	uint64_t bytes;
	uint64_t errors;
	struct histogram *latency; /* in the clock's unit; NULL where nothing was recorded */
	uint64_t op_total;         /* sum over the single operations, see accounting.c */
	uint64_t op_median;        /* instruction clock: exact median of the single operations */
	uint64_t fault_median;     /* exact median of those operations that faulted; 0 if none */
	uint64_t thread;           /* CPU of the measuring threads, in the clock's unit, all ios */
	uint64_t machine;          /* elapsed minus idle of all CPUs, all ios */
	bool machine_known;
	uint64_t faults_minor, faults_major;
	uint64_t context_switches;
	uint64_t interrupts; /* of the target's device; valid if interrupts_known */
	bool interrupts_known;
	uint64_t device_bytes; /* read + written as the block layer counted; valid if ..._known */
	uint64_t device_ios;
	uint64_t flushes;
	bool device_known;
	/*
	 * Spent looking for completions in vain, all ios. It is in neither op_total nor op_median;
	 * by the instruction clock it is taken out of thread and machine too.
	 */
	uint64_t wait;
	/* Open loop: operations that were due when the pass was over and had not been started. */
	uint64_t backlog;
	bool backlog_known;
	/* Counted by the path itself (struct path_counters); doorbells 0: a path without. */
	uint64_t doorbells, sleeps, empty_looks;
	struct counted machine_counters[NMACHINE_COUNTERS]; /* of the whole machine */
};

struct repetition {
	unsigned int boot;  /* 0 natively, else 1.. */
	unsigned int order; /* position in the executed sequence of this boot */
	struct pass_result pass[PASSES_MAX];
	unsigned int npasses;
};

enum verdict {
	VERDICT_HELD,
	VERDICT_REFUTED,
	VERDICT_UNOBSERVED,
};

enum phase {
	PHASE_TIMED,
	PHASE_WITNESS,
};

struct evidence {
	char *claim;    /* "the inode is DAX" */
	char *expected; /* "STATX_ATTR_DAX set" */
	char *observed; /* "set"; for unobserved: why not and how to get it */
	char *source;   /* "statx" */
	enum verdict verdict;
	enum phase phase;
};

enum cell_status {
	CELL_PLANNED, /* not run (yet): an interrupted run has these */
	CELL_MEASURED,
	CELL_REFUTED,     /* a claim was contradicted: shown, never ranked */
	CELL_UNAVAILABLE, /* can't run here; reason and remedy say why and how to get it */
	CELL_FAILED,      /* started and broke: reason says how */
};

/* Median and exact order-statistic interval over repetitions. */
struct quantity {
	bool known;
	uint64_t median, low, high;
};

/* Whether a device that is written to has settled, by SNIA's rule; see statistics_steady_state. */
struct steady_state {
	enum steady_verdict {
		STEADY_NOT_JUDGED,
		STEADY_REACHED,
		STEADY_NOT_REACHED,
	} verdict;
	uint32_t range_ppm, slope_ppm; /* where judged */
	const char *reason;            /* why it isn't judged; a constant */
};

/* Indexes of latency percentiles, see percentile_ppm[] in run_summary.c. */
enum percentile {
	P50,
	P90,
	P99,
	P99_9,
	P99_99,
	PMAX,
	NPERCENTILES,
};

struct pass_summary {
	enum pass_kind kind;
	struct quantity iops;        /* ns clock only */
	struct quantity bytes_per_s; /* ns clock only */
	struct quantity
		latency[NPERCENTILES]; /* point: merged histogram; interval: per-rep values */
	struct quantity work, irq, wait, copy; /* per I/O, instruction clock */
	struct quantity rank;                  /* work + irq; the ranking is by this median */
	struct quantity fault; /* per fault, mappings: cost of an access that faulted */
	struct quantity cpu;   /* thread CPU per I/O, clock's unit */
	/* Events per 1000 I/Os (medians over repetitions). */
	struct quantity faults_minor, faults_major, interrupts, context_switches, syscalls;
	struct quantity pmd_faults;
	struct quantity device_bytes, flushes;
	struct quantity doorbells, sleeps, empty_looks; /* known where the path has them */
	struct quantity machine_counters[NMACHINE_COUNTERS], cpu_counters[NCPU_COUNTERS];
	uint32_t spread_ppm;      /* (max - min) / median of rank (instructions) or of iops (ns) */
	uint32_t outliers;        /* repetitions flagged by median absolute deviation, kept */
	struct histogram *merged; /* all repetitions' latencies; owned */
};

/* Where a cell's threads and memory were, if its workload says; nodes: -1 is anywhere. */
struct placement {
	bool asked;
	int cpu_node, memory_node;
	int device_node;       /* -1: not known */
	unsigned int distance; /* the largest between two of these; 10: all are one; 0: not known */
};

struct cell {
	char id[192];    /* unique within the run: made of what makes the cell */
	char group[128]; /* cells of one group are compared: the workload without its path */
	char row[64];    /* what the suite's rows= says of this cell: follows the path; or empty */
	struct workload workload;
	const char *api;        /* pread, mmap, ...: static strings from the path table */
	const char *cache;      /* "page cache", "bypassed", "none": static */
	const char *completion; /* "synchronous", "interrupt", "polling": static */
	enum clock_use clock_use;
	enum latency_from latency_from;
	enum cell_status status;
	char *reason; /* for unavailable, failed, refuted: one sentence */
	char *remedy; /* what to do about it, or NULL */
	struct evidence *evidence;
	size_t nevidence;
	struct repetition *repetitions;
	size_t nrepetitions;
	/*
	 * Thread cost per I/O of the same cell at half the block size, for the copy column
	 * (instruction clock). Entry i is for the i-th boot that has repetitions here; 0 means
	 * not measured in that boot. See cell_add_half_block and cell_boots.
	 */
	uint64_t *half_block[PASSES_MAX];
	size_t nhalf_block;
	/* Counted in the witness repetition, per 1000 I/Os; low and high are the median. */
	struct quantity syscalls[PASSES_MAX];
	struct quantity pmd_faults[PASSES_MAX]; /* DAX faults that mapped 2 MiB */
	/* Counted in a repetition of their own, likewise; and why one that isn't known is not. */
	struct quantity cpu_counters[PASSES_MAX][NCPU_COUNTERS];
	char *cpu_counters_why_not[NCPU_COUNTERS];
	bool cpu_counters_user_only; /* what the kernel did for the threads isn't in them */
	struct function_counts
		functions[PASSES_MAX]; /* of one repetition, if they were asked for */
	struct placement placement;
	/* Derived by run_summarize(). */
	struct pass_summary summary[PASSES_MAX];
	unsigned int npasses;
	struct steady_state steady_state;
};

struct warning {
	char code[32]; /* "governor", "virtual-clock", ... */
	char *text;
	char *remedy; /* or NULL */
};

struct run {
	int schema_version;
	char id[64];    /* name of its folder */
	char *suite;    /* or "cell" for one made of options */
	char *question; /* the suite's question */
	char **argv;
	int argc;
	uint64_t seed;
	enum run_clock clock;
	bool complete;
	char started_utc[32]; /* 2026-11-23T01:16:00Z */
	uint64_t duration_s;
	unsigned int runs;  /* repetitions asked for */
	unsigned int boots; /* 0 natively */
	bool null_known;
	uint64_t null_per_op; /* cost of the harness itself: the null path, clock's unit, in 1/1000
			       */
	json_t *environment;  /* object, see docs/results-format.md; never NULL */
	json_t *targets;      /* object: target string -> description; never NULL */
	struct warning *warnings;
	size_t nwarnings;
	struct cell *cells;
	size_t ncells;
	/* What api, cache and completion point to in a run that was read from a file. */
	char **shared;
	size_t nshared;
};

struct run *run_new(void);
void run_free(struct run *run);
/* Frees what a cell owns; for one that is not part of a run. */
void cell_release(struct cell *cell);
void run_warn(struct run *run, const char *code, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * Adds one piece of evidence (strings are copied) and sets the cell's status on a refutation. Each
 * claim stands once for each phase: of several observations the worst verdict stays.
 */
void cell_add_evidence(struct cell *cell, const char *claim, const char *expected,
		       const char *source, enum phase phase, enum verdict verdict,
		       const char *observed_format, ...) __attribute__((format(printf, 7, 8)));
/* The same for a piece whose strings become the cell's; leaves the status alone. */
void cell_take_evidence(struct cell *cell, struct evidence piece);
/* Appends an empty repetition and returns it (valid until the next append). */
struct repetition *cell_add_repetition(struct cell *cell, unsigned int boot, unsigned int order);
/*
 * Adds what half a block cost in the boot of the repetitions added last, one value per pass (0: not
 * measured).
 */
void cell_add_half_block(struct cell *cell, const uint64_t per_io[PASSES_MAX]);
/*
 * Fills @boots (room for nrepetitions) with the different boot numbers, in order of appearance, and
 * returns how many there are. Entry i of half_block belongs to boots[i].
 */
size_t cell_boots(const struct cell *cell, unsigned int *boots);
/*
 * An empty or NULL @reason_format leaves no reason. A refuted cell stays refuted, whatever comes
 * later.
 */
void cell_set_status(struct cell *cell, enum cell_status status, const char *remedy,
		     const char *reason_format, ...) __attribute__((format(printf, 4, 5)));
/* A copy of @text that lives as long as @run; equal texts share one. */
const char *run_share_string(struct run *run, const char *text);
/*
 * Appends the repetitions and evidence of @from (another boot of the same plan) to @into. Each
 * claim keeps its worst verdict, each cell its worst status. @into keeps its id, seed,
 * runs and duration; boots becomes the highest boot number. On failure @into is unchanged. Call
 * run_summarize after the last.
 */
int run_merge(struct run *into, const struct run *from, struct error *e);
/* Instructions that one I/O of @pass costs its thread, copying included; 0 if it did none. */
uint64_t pass_thread_cost(const struct cell *cell, const struct pass_result *pass);
/* Fills every cell's summary from its repetitions. */
void run_summarize(struct run *run);
/*
 * The figure that pass @pass is ranked by on the clock of instructions, of each repetition that has
 * one, and its boot: both arrays have room for nrepetitions. Returns how many. Call run_summarize()
 * first.
 */
size_t cell_ranked_values(const struct run *run, const struct cell *cell, unsigned int pass,
			  uint64_t *values, unsigned int *boots);
const char *pass_kind_name(enum pass_kind kind); /* "all", "first-touch", "again" */

/* run_json.c: the file format. Writing is atomic (temporary file, fsync, rename). */
int run_write(const struct run *run, const char *path, struct error *e);
/* Reads any schema version up to today's. The result has its summaries computed. */
int run_read(struct run **run, const char *path, struct error *e);
json_t *run_to_json(const struct run *run);
int run_from_json(struct run **run, const json_t *json, struct error *e);

#endif
