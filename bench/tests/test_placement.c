// SPDX-License-Identifier: MIT
/* Which nodes a workload means, on machines made of files; threads and pages, on this one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/evidence.h"
#include "core/placement.h"
#include "core/repetition.h"
#include "core/sysfs.h"
#include "tests/fixture_machine.h"

#define NODES  "/sys/devices/system/node"
#define BUFFER ((size_t)2 << 20)

static struct workload w;
static struct target target;
static struct placement p;
static struct unavailable why;
static struct cell cell;

static void node(int number, const char *cpus, const char *distance)
{
	char path[96];

	snprintf(path, sizeof(path), NODES "/node%d/cpulist", number);
	machine_file(path, cpus);
	snprintf(path, sizeof(path), NODES "/node%d/distance", number);
	machine_file(path, distance);
}

/* Nodes 0 and 2 with a CPU of this computer each, node 3 with memory alone; a disk on node 2. */
static void set_up(void)
{
	cpu_set_t allowed;
	char lists[2][16] = {"", ""};
	unsigned int found = 0;

	machine_make();
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			snprintf(lists[found++], sizeof(lists[0]), "%u\n", cpu);
	}
	machine_file(NODES "/online", "0,2-3\n");
	machine_file(NODES "/has_memory", "0,2-3\n");
	node(0, lists[0], "10 21 31\n");
	node(2, lists[1], "21 10 17\n");
	node(3, "\n", "31 17 10\n");
	machine_file("/sys/devices/pci0000:00/0000:00:04.0/numa_node", "2\n");
	machine_file("/sys/devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1/size", "1\n");
	machine_link("/sys/block/nvme0n1", "../devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1");
	target.kind = TARGET_FILE;
	target.device.known = true;
	strcpy(target.device.name, "nvme0n1");
	workload_defaults(&w);
	strcpy(w.path, "direct");
}

static void tear_down(void)
{
	cell_release(&cell);
	machine_remove();
}

TestSuite(placement, .init = set_up, .fini = tear_down);

static int resolve(unsigned int cpu, unsigned int memory)
{
	w.numa_cpu_nodes = cpu;
	w.numa_mem_policy = memory;
	memset(&why, 0, sizeof(why));
	return placement_resolve(path_find(w.path), &w, &target, &p, &why);
}

static void refused(int result, const char *words)
{
	cr_assert_eq(result, -EOPNOTSUPP);
	cr_assert_not_null(strstr(why.reason, words), "%s", why.reason);
	cr_assert_neq(why.remedy[0], '\0');
	cr_assert_not(p.asked);
}

Test(placement, near_is_the_node_of_the_device_and_far_the_farthest_from_it)
{
	cr_assert_eq(resolve(NUMA_NEAR, NUMA_FAR), 0, "%s", why.reason);
	cr_assert(p.asked);
	cr_assert_eq(p.device_node, 2);
	cr_assert_eq(p.cpu_node, 2);
	cr_assert_eq(p.memory_node, 0);
	cr_assert_eq(p.distance, 21);
	cr_assert_eq(resolve(NUMA_FAR, NUMA_NEAR), 0);
	cr_assert_eq(p.cpu_node, 0);
	cr_assert_eq(p.memory_node, 2);
}

Test(placement, of_all_on_one_node_has_that_nodes_own_distance)
{
	cr_assert_eq(resolve(NUMA_NEAR, NUMA_NEAR), 0);
	cr_assert_eq(p.distance, 10);
}

Test(placement, that_nothing_asks_for_is_anywhere)
{
	cr_assert_eq(resolve(NUMA_ANYWHERE, NUMA_ANYWHERE), 0);
	cr_assert_not(p.asked);
}

Test(placement, by_number_needs_a_node_that_has_what_is_to_be_there)
{
	cr_assert_eq(resolve(NUMA_ANYWHERE, NUMA_NODE + 3), 0, "%s", why.reason);
	cr_assert_eq(p.memory_node, 3);
	cr_assert_eq(p.cpu_node, -1);
	refused(resolve(NUMA_NODE + 3, NUMA_ANYWHERE), "no node 3 with processors");
	refused(resolve(NUMA_ANYWHERE, NUMA_NODE + 1), "no node 1 with memory");
}

Test(placement, near_a_node_without_processors_is_the_nearest_that_has_some)
{
	machine_file("/sys/devices/pci0000:00/0000:00:04.0/numa_node", "3\n");
	cr_assert_eq(resolve(NUMA_NEAR, NUMA_NEAR), 0);
	cr_assert_eq(p.cpu_node, 2);
	cr_assert_eq(p.memory_node, 3);
	cr_assert_eq(resolve(NUMA_FAR, NUMA_FAR), 0);
	cr_assert_eq(p.cpu_node, 0);
}

Test(placement, near_a_device_of_no_known_node_can_not_be_had)
{
	machine_file("/sys/devices/pci0000:00/0000:00:04.0/numa_node", "-1\n");
	refused(resolve(NUMA_NEAR, NUMA_ANYWHERE), "isn't known");
	target.device.known = false;
	refused(resolve(NUMA_ANYWHERE, NUMA_FAR), "isn't known");
}

Test(placement, on_one_node_is_near_and_never_far)
{
	machine_file("/sys/devices/pci0000:00/0000:00:04.0/numa_node", "-1\n");
	machine_file(NODES "/online", "0\n");
	machine_file(NODES "/has_memory", "0\n");
	machine_file(NODES "/node0/distance", "10\n");
	cr_assert_eq(resolve(NUMA_NEAR, NUMA_NEAR), 0, "%s", why.reason);
	cr_assert_eq(p.cpu_node, 0);
	cr_assert_eq(p.memory_node, 0);
	refused(resolve(NUMA_FAR, NUMA_ANYWHERE), "farther");
	refused(resolve(NUMA_ANYWHERE, NUMA_FAR), "farther");
}

Test(placement, of_persistent_memory_is_that_of_its_namespace)
{
	machine_file("/sys/devices/LNX/ndbus0/region0/pfn0.0/numa_node", "2\n");
	machine_file("/sys/devices/LNX/ndbus0/region0/pfn0.0/block/pmem0/size", "1\n");
	machine_link("/sys/block/pmem0", "../devices/LNX/ndbus0/region0/pfn0.0/block/pmem0");
	strcpy(target.device.name, "pmem0");
	cr_assert_eq(placement_device_node(&target), 2);
}

Test(placement, of_a_disk_of_ours_is_that_of_its_address)
{
	machine_link("/sys/bus/pci/devices/0000:00:04.0",
		     "../../../devices/pci0000:00/0000:00:04.0");
	target.device.known = false;
	strcpy(target.device.pci, "0000:00:04.0");
	cr_assert_eq(placement_device_node(&target), 2);
}

Test(placement, of_another_programs_threads_is_its_own)
{
	strcpy(w.path, "fio:psync");
	cr_assert_eq(resolve(NUMA_NODE, NUMA_NODE + 77), 0);
	cr_assert_not(p.asked);
}

Test(placement, pins_each_job_to_a_cpu_of_its_own_and_begins_again_with_the_first)
{
	const struct placement here = {.asked = true, .cpu_node = 5, .memory_node = -1};
	cpu_set_t before, saved, now, first;

	sched_getaffinity(0, sizeof(before), &before);
	if (CPU_COUNT(&before) < 2)
		cr_skip_test("one CPU");
	/* Node 5 has all of this computer's. */
	node(5, "0-1023\n", "10\n");
	cr_assert_eq(placement_enter(&here, &saved), 0);
	placement_pin(&here, 0);
	sched_getaffinity(0, sizeof(first), &first);
	cr_assert_eq(CPU_COUNT(&first), 1);
	placement_leave(&here, &saved);
	sched_getaffinity(0, sizeof(now), &now);
	cr_assert(CPU_EQUAL(&now, &before));
	placement_pin(&here, 1);
	sched_getaffinity(0, sizeof(now), &now);
	cr_assert_eq(CPU_COUNT(&now), 1);
	cr_assert_not(CPU_EQUAL(&now, &first));
	placement_leave(&here, &saved);
	placement_pin(&here, (unsigned int)CPU_COUNT(&before));
	sched_getaffinity(0, sizeof(now), &now);
	cr_assert(CPU_EQUAL(&now, &first));
	placement_leave(&here, &saved);
}

Test(placement, moves_the_buffer_and_sees_where_it_is)
{
	const struct placement here = {.asked = true, .cpu_node = -1, .memory_node = 0};
	const struct placement elsewhere = {.asked = true, .cpu_node = -1, .memory_node = 1};
	struct placement_seen seen = {0};
	char *buffer = aligned_alloc(BUFFER, BUFFER);
	int mode = -1, ret;

	memset(buffer, 1, BUFFER);
	ret = placement_bind(&here, buffer, BUFFER);
	if (ret == -ENOSYS || ret == -EPERM)
		cr_skip_test("no NUMA system calls here");
	cr_assert_eq(ret, 0);
	cr_assert_eq(placement_see_memory(&here, buffer, BUFFER, &seen), 0);
	cr_assert_eq(seen.pages, BUFFER / 4096);
	cr_assert_eq(seen.pages_there, seen.pages);
	cr_assert_eq(placement_see_memory(&elsewhere, buffer, BUFFER, &seen), 0);
	cr_assert_eq(seen.pages_there, 0);
	cr_assert_eq(get_mempolicy(&mode, NULL, 0, buffer, MPOL_F_ADDR), 0);
	cr_assert_eq(mode, MPOL_BIND);
	placement_release(&here, buffer, BUFFER);
	cr_assert_eq(get_mempolicy(&mode, NULL, 0, buffer, MPOL_F_ADDR), 0);
	cr_assert_eq(mode, MPOL_DEFAULT);
	cr_assert_eq(placement_see_memory(&here, buffer, BUFFER, &seen), 0);
	cr_assert_eq(seen.pages_there, 0, "the pages were given back");
	free(buffer);
}

static int verdict_of(const char *claim)
{
	for (size_t i = 0; i < cell.nevidence; i++) {
		if (strcmp(cell.evidence[i].claim, claim) == 0)
			return (int)cell.evidence[i].verdict;
	}
	return -1;
}

static void judge(const struct placement_seen *seen, int memory_known)
{
	cell_release(&cell);
	memset(&cell, 0, sizeof(cell));
	cell.placement = p;
	cell.workload = w;
	evidence_placement(&cell, PHASE_TIMED, seen, 1, memory_known);
}

Test(placement, is_refuted_by_a_thread_or_a_page_that_is_elsewhere)
{
	static const char thread[] = "the thread ran on its node",
			  buffer[] = "the buffer is on its node";
	struct placement_seen seen = {
		.node_before = 2, .node_after = 2, .ncpus = 1, .pages = 512, .pages_there = 512};

	cr_assert_eq(resolve(NUMA_NEAR, NUMA_FAR), 0);
	judge(&seen, 0);
	cr_assert_eq(verdict_of(thread), VERDICT_HELD);
	cr_assert_eq(verdict_of(buffer), VERDICT_HELD);
	cr_assert_eq(verdict_of("the thread is near the device"), VERDICT_HELD);
	cr_assert_eq(verdict_of("the buffer is far from the device"), VERDICT_HELD);
	judge(&seen, -ENOSYS);
	cr_assert_eq(verdict_of(buffer), VERDICT_UNOBSERVED);
	seen.node_after = 0;
	seen.pages_there--;
	judge(&seen, 0);
	cr_assert_eq(verdict_of(thread), VERDICT_REFUTED);
	cr_assert_eq(verdict_of(buffer), VERDICT_REFUTED);
	seen.node_after = 2;
	seen.ncpus = 2;
	judge(&seen, 0);
	cr_assert_eq(verdict_of(thread), VERDICT_REFUTED);
	p.memory_node = 2;
	judge(&seen, 0);
	cr_assert_eq(verdict_of("the buffer is far from the device"), VERDICT_REFUTED);
}

Test(placement, of_a_repetition_holds_for_each_job_and_ends_with_it)
{
	struct clock clock;
	struct repetition result = {0};
	struct repetition_context c = {
		.clock = &clock, .cell = &cell, .target = &target, .seed = 1};
	struct error e;
	cpu_set_t before, after;

	sysfs_root = "";
	if (!sysfs_exists(NODES "/node0"))
		cr_skip_test("no NUMA here");
	sched_getaffinity(0, sizeof(before), &before);
	clock_init(&clock, RUN_CLOCK_NS);
	workload_defaults(&cell.workload);
	cell.workload.numjobs = 2;
	cell.workload.number_ios = 10;
	cell.workload.numa_cpu_nodes = cell.workload.numa_mem_policy = NUMA_NODE;
	c.ops = path_find("null");
	c.stride = cell.workload.bs;
	memset(&target, 0, sizeof(target));
	cr_assert_eq(target_parse(&target, "null:", &e), 0);
	cr_assert_eq(placement_resolve(c.ops, &cell.workload, &target, &cell.placement, &why), 0,
		     "%s", why.reason);
	cr_assert_eq(repetition_timed(&c, &result, &e), 0, "%s", e.text);
	cr_assert_eq(verdict_of("the thread ran on its node"), VERDICT_HELD);
	cr_assert_eq(verdict_of("the buffer is on its node"), VERDICT_HELD);
	sched_getaffinity(0, sizeof(after), &after);
	cr_assert(CPU_EQUAL(&before, &after));
	free(result.pass[0].latency);
}
