/* SPDX-License-Identifier: MIT */
/*
 * Counters of the kernel, read before and after a pass: what the evidence and the per-I/O events
 * are made of. Reading them is cheap and happens while the clock stands still.
 */
#ifndef BYPASS_OBSERVE_H
#define BYPASS_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/device.h"

struct observation {
	uint64_t faults_minor, faults_major; /* getrusage */
	uint64_t voluntary_switches, involuntary_switches;
	bool storage_known;
	uint64_t storage_read,
		storage_written; /* /proc/self/io: bytes that reached the block layer */
	struct device_counters device;
	bool interrupts_known;
	uint64_t interrupts;
	char pci_driver[32]; /* bound to the device's controller; empty where not known */
	bool idle_known;
	uint64_t idle; /* ns that all CPUs slept; on the instruction clock: not instructions */
	struct counted machine[NMACHINE_COUNTERS]; /* of all that happened, whoever caused it */
};

/* @before: the pass follows; else it just ended. Decides only what is read closest to the pass. */
void observe(const struct device *device, bool before, struct observation *o);
/* After minus before; known only where both are. */
struct observation observation_delta(const struct observation *before,
				     const struct observation *after);

#define TRACED_THREADS_MAX 64

/*
 * Exact counts of kernel tracepoints, through perf_event_open, for the calling thread and those
 * that it starts afterwards. Events of the block layer: for all threads of the process, since
 * io_uring has workers that take over what would block. Needs root (or perf_event_paranoid <= -1)
 * and tracefs; used in the witness repetition alone, since a traced system call costs three times
 * an untraced one.
 */
struct tracepoint {
	int fd;              /* -1: can't be counted */
	const char *why_not; /* static, if fd is -1 */
	int others[TRACED_THREADS_MAX];
	unsigned int nothers;
};

/* @name "raw_syscalls:sys_enter"; @filter: on the event's fields, or NULL. */
void tracepoint_open(struct tracepoint *t, const char *name, const char *filter);
void tracepoint_close(struct tracepoint *t);
void tracepoint_start(const struct tracepoint *t);
/* Stops counting and gives the count since start; 0 if it can't be counted. */
uint64_t tracepoint_stop(const struct tracepoint *t);

#endif
