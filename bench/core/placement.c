// SPDX-License-Identifier: MIT
#include "core/placement.h"

#include <errno.h>
#include <limits.h>
#include <numaif.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/device.h"
#include "core/sysfs.h"

#define NODES "/sys/devices/system/node"
#define PAGE  4096ul
/* As high as a node's number may be in a workload; a mask for mbind has a bit more. */
#define NODES_MAX 1024
#define WORD_BITS (8 * sizeof(unsigned long))
/* Asked about at once. */
#define PAGES_AT_ONCE 512u

/* Is @number in a list as the kernel writes it: "0-3,8,10-11"? */
static bool list_has(const char *list, unsigned int number)
{
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (number >= first && number <= last)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}

static bool nodes_have(const char *list, int node)
{
	char line[512];

	return node >= 0 && sysfs_read(line, sizeof(line), NODES "/%s", list) &&
	       list_has(line, (unsigned int)node);
}

unsigned int placement_cpus(int node, cpu_set_t *cpus)
{
	char line[512];
	cpu_set_t allowed;

	CPU_ZERO(cpus);
	if (node < 0 || sched_getaffinity(0, sizeof(allowed), &allowed) != 0 ||
	    !sysfs_read(line, sizeof(line), NODES "/node%d/cpulist", node))
		return 0;
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed) && list_has(line, cpu))
			CPU_SET(cpu, cpus);
	}
	return (unsigned int)CPU_COUNT(cpus);
}

unsigned int placement_distance(int from, int to)
{
	char line[1024], *at = line;

	if (!nodes_have("online", to) ||
	    !sysfs_read(line, sizeof(line), NODES "/node%d/distance", from))
		return 0;
	/* A number for each node that is online. */
	for (int node = 0; node < NODES_MAX; node++) {
		unsigned long distance;

		if (!nodes_have("online", node))
			continue;
		distance = strtoul(at, &at, 10);
		if (node == to)
			return (unsigned int)distance;
	}
	return 0;
}

int placement_device_node(const struct target *t)
{
	char link[PATH_MAX], path[PATH_MAX], attribute[PATH_MAX + 16], line[32];

	if (t->device.known)
		sysfs_path(link, sizeof(link), "/sys/block/%s", t->device.name);
	else if (t->device.pci[0])
		sysfs_path(link, sizeof(link), "/sys/bus/pci/devices/%s", t->device.pci);
	else
		return -1;
	if (!realpath(link, path))
		return -1;
	/* The first folder upwards that says one: a namespace's, a PCI device's. */
	for (char *slash; (slash = strrchr(path, '/')) && slash != path; *slash = '\0') {
		snprintf(attribute, sizeof(attribute), "%s/numa_node", path);
		if (read_line(attribute, line, sizeof(line)))
			return atoi(line);
	}
	return -1;
}

/* Can a thread, or else memory, be there? */
static bool fits(int node, bool thread)
{
	cpu_set_t cpus;

	return thread ? placement_cpus(node, &cpus) > 0 : nodes_have("has_memory", node);
}

/* The candidate nearest to @device, or the farthest; of equals the first. -1: none. */
static int extreme(int device, bool thread, bool far)
{
	unsigned int best = 0;
	int found = -1;

	for (int node = 0; node < NODES_MAX; node++) {
		unsigned int distance;

		if (!nodes_have("online", node) || !fits(node, thread))
			continue;
		distance = placement_distance(device, node);
		if (found >= 0 && (far ? distance <= best : distance >= best))
			continue;
		found = node;
		best = distance;
	}
	return found;
}

static int only_node(void)
{
	int found = -1;

	for (int node = 0; node < NODES_MAX; node++) {
		if (!nodes_have("online", node))
			continue;
		if (found >= 0)
			return -1;
		found = node;
	}
	return found;
}

static int refuse_far(const char *option, bool thread, int device, struct unavailable *why)
{
	snprintf(why->reason, sizeof(why->reason),
		 "%s: no node with %s is farther from the device (node %d) than its own", option,
		 thread ? "processors that this program may use" : "memory", device);
	snprintf(why->remedy, sizeof(why->remedy),
		 thread ? "a machine with processors on two nodes; in the testbed --testbed=ns"
			: "a machine with two nodes; in the testbed a suite with numa=2");
	return -EOPNOTSUPP;
}

/* One of the two options: from what it says to a node. */
static int resolve_one(const char *option, unsigned int place, bool thread, int device, int *node,
		       struct unavailable *why)
{
	int near;

	*node = -1;
	if (place == NUMA_ANYWHERE)
		return 0;
	if (place >= NUMA_NODE) {
		*node = (int)(place - NUMA_NODE);
		if (nodes_have("online", *node) && fits(*node, thread))
			return 0;
		snprintf(why->reason, sizeof(why->reason),
			 "%s: this machine has no node %d with %s", option, *node,
			 thread ? "processors that this program may use" : "memory");
		snprintf(why->remedy, sizeof(why->remedy), "another node; numactl -H shows them");
		return -EOPNOTSUPP;
	}
	if (device < 0)
		device = only_node();
	if (device < 0) {
		snprintf(why->reason, sizeof(why->reason),
			 "%s: which node is near the target isn't known: it has no device, or its "
			 "numa_node in /sys is -1",
			 option);
		snprintf(why->remedy, sizeof(why->remedy), "the number of a node");
		return -EOPNOTSUPP;
	}
	near = extreme(device, thread, false);
	*node = place == NUMA_NEAR ? near : extreme(device, thread, true);
	if (place == NUMA_FAR &&
	    placement_distance(device, *node) <= placement_distance(device, near))
		return refuse_far(option, thread, device, why);
	return 0;
}

static unsigned int farthest(const struct placement *p)
{
	const int pairs[][2] = {{p->cpu_node, p->memory_node},
				{p->cpu_node, p->device_node},
				{p->device_node, p->memory_node}};
	unsigned int most = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		unsigned int distance = 0;

		if (pairs[i][0] >= 0 && pairs[i][1] >= 0)
			distance = placement_distance(pairs[i][0], pairs[i][1]);
		most = distance > most ? distance : most;
	}
	return most;
}

int placement_resolve(const struct path_ops *ops, const struct workload *w, const struct target *t,
		      struct placement *p, struct unavailable *why)
{
	int ret;

	*p = (struct placement){false, -1, -1, -1, 0};
	/* Another program is told its node's number, and puts its own threads and memory there. */
	if ((w->numa_cpu_nodes == NUMA_ANYWHERE && w->numa_mem_policy == NUMA_ANYWHERE) ||
	    (ops->traits & PATH_TOOL))
		return 0;
	p->device_node = placement_device_node(t);
	ret = resolve_one("numa_cpu_nodes", w->numa_cpu_nodes, true, p->device_node, &p->cpu_node,
			  why);
	if (!ret)
		ret = resolve_one("numa_mem_policy", w->numa_mem_policy, false, p->device_node,
				  &p->memory_node, why);
	p->asked = !ret;
	p->distance = farthest(p);
	return ret;
}

int placement_enter(const struct placement *p, cpu_set_t *saved)
{
	cpu_set_t cpus;

	if (!p->asked || p->cpu_node < 0)
		return 0;
	if (sched_getaffinity(0, sizeof(*saved), saved) != 0)
		return -errno;
	if (placement_cpus(p->cpu_node, &cpus) == 0)
		return -ENODEV;
	return sched_setaffinity(0, sizeof(cpus), &cpus) == 0 ? 0 : -errno;
}

void placement_leave(const struct placement *p, const cpu_set_t *saved)
{
	if (p->asked && p->cpu_node >= 0)
		sched_setaffinity(0, sizeof(*saved), saved);
}

void placement_pin(const struct placement *p, unsigned int index)
{
	cpu_set_t cpus, one;
	unsigned int n;

	if (p->cpu_node < 0 || !p->asked)
		return;
	n = placement_cpus(p->cpu_node, &cpus);
	for (unsigned int cpu = 0, i = 0; cpu < CPU_SETSIZE && n; cpu++) {
		if (!CPU_ISSET(cpu, &cpus) || i++ != index % n)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		/* If this is refused, the evidence shows where the thread ran. */
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

int placement_bind(const struct placement *p, void *buffer, size_t nbytes)
{
	unsigned long mask[NODES_MAX / WORD_BITS + 1] = {0};

	if (p->memory_node < 0 || !p->asked)
		return 0;
	mask[(size_t)p->memory_node / WORD_BITS] = 1ul << ((size_t)p->memory_node % WORD_BITS);
	if (mbind(buffer, nbytes, MPOL_BIND, mask, NODES_MAX + 1, MPOL_MF_MOVE | MPOL_MF_STRICT))
		return -errno;
	return 0;
}

void placement_release(const struct placement *p, void *buffer, size_t nbytes)
{
	if (p->memory_node < 0 || !p->asked || !buffer)
		return;
	mbind(buffer, nbytes, MPOL_DEFAULT, NULL, 0, 0);
	madvise(buffer, nbytes, MADV_DONTNEED);
}

void placement_see_thread(struct placement_seen *seen, bool before)
{
	unsigned int cpu = 0, node = 0;
	cpu_set_t cpus;

	getcpu(&cpu, &node);
	if (before) {
		seen->cpu_before = cpu;
		seen->node_before = (int)node;
		return;
	}
	seen->cpu_after = cpu;
	seen->node_after = (int)node;
	seen->ncpus = 0;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		seen->ncpus = (unsigned int)CPU_COUNT(&cpus);
}

int placement_see_memory(const struct placement *p, const void *buffer, size_t nbytes,
			 struct placement_seen *seen)
{
	const char *at = buffer;
	void *pages[PAGES_AT_ONCE];
	int nodes[PAGES_AT_ONCE];

	seen->pages = nbytes / PAGE;
	seen->pages_there = 0;
	for (size_t done = 0; done < seen->pages;) {
		size_t n = seen->pages - done < PAGES_AT_ONCE ? seen->pages - done : PAGES_AT_ONCE;

		for (size_t i = 0; i < n; i++)
			pages[i] = (void *)(uintptr_t)(at + (done + i) * PAGE);
		if (move_pages(0, n, pages, NULL, nodes, 0) != 0)
			return -errno;
		for (size_t i = 0; i < n; i++)
			seen->pages_there += nodes[i] == p->memory_node;
		done += n;
	}
	return 0;
}
