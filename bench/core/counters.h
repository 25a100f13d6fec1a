/* SPDX-License-Identifier: MIT */
/*
 * What an operation costs besides time: events of the processor, counted for the threads that
 * measure, and events of the whole machine, whoever caused them.
 */
#ifndef BYPASS_COUNTERS_H
#define BYPASS_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

struct counted {
	bool known;
	uint64_t value;
};

/* ---- of the machine: /proc, read around a pass ------------------------------------------- */

enum machine_counter {
	MACHINE_TLB_SHOOTDOWNS,   /* interrupts by which one CPU empties another one's TLB */
	MACHINE_RECLAIMED_PAGES,  /* that memory was short of and took from somebody */
	MACHINE_CONTEXT_SWITCHES, /* of all threads */
	MACHINE_INTERRUPTS,       /* of all devices and CPUs, timers included */
	NMACHINE_COUNTERS,
};

/* As it stands in run.json: "tlb_shootdowns". */
const char *machine_counter_name(enum machine_counter counter);
/* One sentence's worth: why a kernel doesn't show it. */
const char *machine_counter_why_not(enum machine_counter counter);
void machine_counters_read(struct counted counts[NMACHINE_COUNTERS]);

/* ---- of the processor: perf_event_open --------------------------------------------------- */

enum cpu_counter {
	CPU_CYCLES,
	CPU_INSTRUCTIONS,
	CPU_CACHE_MISSES, /* of the last level */
	CPU_DTLB_MISSES,  /* of loads */
	NCPU_COUNTERS,
};

const char *cpu_counter_name(enum cpu_counter counter); /* "cycles" */

/* What is counted, as perf_event_open has it. */
struct cpu_event {
	uint32_t type;
	uint64_t config;
};
extern const struct cpu_event cpu_events[NCPU_COUNTERS];

/*
 * For the calling thread and those that it starts while they are open. Kernel and user, or where
 * that is not permitted user only. To save and restore them costs every context switch something,
 * so they are counted in a repetition that is not timed.
 */
struct cpu_counters {
	int fd[NCPU_COUNTERS];              /* -1: can't be counted */
	const char *why_not[NCPU_COUNTERS]; /* static, where fd is -1 or stop() found it so */
	bool user_only;
	/* Where they stood at the start: to reset one leaves what ended threads counted. */
	struct cpu_reading {
		uint64_t value, enabled, running; /* as the kernel lays it out */
	} before[NCPU_COUNTERS];
};

/* Opens all that can be; returns how many that are. @events: cpu_events but in tests. */
unsigned int cpu_counters_open(struct cpu_counters *c, const struct cpu_event *events);
void cpu_counters_start(struct cpu_counters *c);
/*
 * Stops and reads. A counter that had to share the processor's with others, so that it saw only a
 * part, is not known: what it missed is a guess.
 */
void cpu_counters_stop(struct cpu_counters *c, struct counted counts[NCPU_COUNTERS]);
void cpu_counters_close(struct cpu_counters *c);

#endif
