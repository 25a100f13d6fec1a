// SPDX-License-Identifier: MIT
/* Whether threads and memory were on the nodes that the workload names. */
#include "core/evidence.h"

#include <stdio.h>
#include <string.h>

#include "core/evidence_parts.h"

static void thread_claim(struct cell *cell, enum phase phase, const struct placement_seen *seen,
			 unsigned int njobs)
{
	int node = cell->placement.cpu_node;
	char expected[48], shared[48] = "";
	bool there = seen->node_before == node && seen->node_after == node;
	cpu_set_t cpus;
	unsigned int ncpus;

	if (node < 0)
		return;
	ncpus = placement_cpus(node, &cpus);
	if (njobs > ncpus)
		snprintf(shared, sizeof(shared), "; %u jobs on %u CPU%s of it", njobs, ncpus,
			 ncpus == 1 ? "" : "s");
	snprintf(expected, sizeof(expected), "one CPU of node %d, before and after", node);
	cell_add_evidence(cell, "the thread ran on its node", expected, "getcpu, sched_getaffinity",
			  phase, evidence_verdict(there && seen->ncpus == 1),
			  "CPU %u (node %d) before, CPU %u (node %d) after, %u CPU%s allowed%s",
			  seen->cpu_before, seen->node_before, seen->cpu_after, seen->node_after,
			  seen->ncpus, seen->ncpus == 1 ? "" : "s", shared);
}

static void memory_claim(struct cell *cell, enum phase phase, const struct placement_seen *seen,
			 int known)
{
	static const char claim[] = "the buffer is on its node";
	char expected[48];

	if (cell->placement.memory_node < 0)
		return;
	snprintf(expected, sizeof(expected), "each page on node %d", cell->placement.memory_node);
	if (known)
		cell_add_evidence(cell, claim, expected, "move_pages", phase, VERDICT_UNOBSERVED,
				  "the kernel doesn't say where pages are: %s", strerror(-known));
	else
		cell_add_evidence(cell, claim, expected, "move_pages", phase,
				  evidence_verdict(seen->pages && seen->pages_there == seen->pages),
				  "%zu of %zu pages", seen->pages_there, seen->pages);
}

/* Near and far are as the firmware tells; a node's own distance is 10. */
static void distance_claim(struct cell *cell, enum phase phase, unsigned int place, int node,
			   const char *what)
{
	int device = cell->placement.device_node;
	bool far = place == NUMA_FAR;
	unsigned int distance, own;
	enum verdict verdict;
	char claim[64], source[64];

	if ((place != NUMA_NEAR && !far) || device < 0)
		return;
	distance = placement_distance(device, node);
	own = placement_distance(device, device);
	snprintf(claim, sizeof(claim), "%s %s the device", what, far ? "is far from" : "is near");
	snprintf(source, sizeof(source), "/sys/devices/system/node/node%d/distance", device);
	verdict = evidence_verdict(distance > own);
	/* A node without processors has a nearest one that isn't its own. */
	if (!far)
		verdict = node == device ? VERDICT_HELD : VERDICT_UNOBSERVED;
	cell_add_evidence(cell, claim, far ? "farther than its own node" : "on its own node",
			  source, phase, verdict,
			  "device on node %d, %s on node %d: distance %u, its own %u", device, what,
			  node, distance, own);
}

void evidence_placement(struct cell *cell, enum phase phase, const struct placement_seen *seen,
			unsigned int njobs, int memory_known)
{
	const struct workload *w = &cell->workload;

	thread_claim(cell, phase, seen, njobs);
	memory_claim(cell, phase, seen, memory_known);
	distance_claim(cell, phase, w->numa_cpu_nodes, cell->placement.cpu_node, "the thread");
	distance_claim(cell, phase, w->numa_mem_policy, cell->placement.memory_node, "the buffer");
}
