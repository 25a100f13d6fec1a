/* SPDX-License-Identifier: MIT */
/*
 * Where the job's thread and its memory are, on a machine whose memory is not equally far from
 * every processor: from the workload's numa_cpu_nodes and numa_mem_policy to nodes of this machine,
 * and threads and pages onto them.
 */
#ifndef BYPASS_PLACEMENT_H
#define BYPASS_PLACEMENT_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/run.h"
#include "core/target.h"
#include "core/workload.h"
#include "paths/path.h"

/* The node of the target's device: -1 where the firmware doesn't say or there is no device. */
int placement_device_node(const struct target *t);
/* As the firmware tells: 10 is a node's own memory; 0 where it isn't told. */
unsigned int placement_distance(int from, int to);
/*
 * The nodes that @w means on this machine and @t (probed). 0, or -EOPNOTSUPP with the why: no such
 * node, or near and far are not known.
 */
int placement_resolve(const struct path_ops *ops, const struct workload *w, const struct target *t,
		      struct placement *p, struct unavailable *why);

/* CPUs that this process may use and that are of @node. */
unsigned int placement_cpus(int node, cpu_set_t *cpus);
/* The calling thread onto any CPU of the node, once and for all jobs; *saved is for leave(). */
int placement_enter(const struct placement *p, cpu_set_t *saved);
void placement_leave(const struct placement *p, const cpu_set_t *saved);
/*
 * The calling thread, which entered or was started by one that did, onto the CPU of job @index
 * alone: the index-th of those that it may use, and from the first one again where there are more
 * jobs than CPUs.
 */
void placement_pin(const struct placement *p, unsigned int index);

/* Moves the whole pages of @buffer to the node and keeps them there, until release. */
int placement_bind(const struct placement *p, void *buffer, size_t nbytes);
/* Gives the pages back, so that whoever gets the addresses next gets pages of no node. */
void placement_release(const struct placement *p, void *buffer, size_t nbytes);

/* What was seen of a job, for the evidence. */
struct placement_seen {
	unsigned int cpu_before, cpu_after;
	int node_before, node_after;
	unsigned int ncpus; /* that it might have used */
	size_t pages, pages_there;
};

/* By the job's thread, before and after its pass. */
void placement_see_thread(struct placement_seen *seen, bool before);
/* Counts the pages of @buffer that are on the node. Negative errno: the kernel doesn't say. */
int placement_see_memory(const struct placement *p, const void *buffer, size_t nbytes,
			 struct placement_seen *seen);

#endif
