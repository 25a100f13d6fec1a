// SPDX-License-Identifier: MIT
#include "tests/fixture_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

#ifndef TEST_DATA
#define TEST_DATA "bench/tests/data"
#endif
#define REPETITIONS 9

struct quantity fixture_quantity(uint64_t median, uint64_t low, uint64_t high)
{
	return (struct quantity){.known = true, .median = median, .low = low, .high = high};
}

static struct quantity exactly(uint64_t value)
{
	return fixture_quantity(value, value, value);
}

struct cell *fixture_cell(struct run *run, const char *path, const char *group,
			  unsigned int npasses)
{
	struct cell *cell;
	char name[sizeof(cell->group)];

	/* @group may be that of a cell of the array that moves now. */
	snprintf(name, sizeof(name), "%s", group);
	run->cells = memory_append(run->cells, run->ncells, sizeof(*run->cells));
	cell = &run->cells[run->ncells++];
	workload_defaults(&cell->workload);
	snprintf(cell->workload.path, sizeof(cell->workload.path), "%s", path);
	snprintf(cell->workload.target, sizeof(cell->workload.target), "testbed:pmem/xfs");
	snprintf(cell->group, sizeof(cell->group), "%s", name);
	snprintf(cell->id, sizeof(cell->id), "%.60s %s", path, name);
	cell->workload.rw = RW_RANDREAD;
	cell->workload.bs = 4096;
	cell->workload.size = 64 << 20;
	cell->status = CELL_MEASURED;
	cell->npasses = npasses;
	for (unsigned int i = 0; i < REPETITIONS; i++)
		cell_add_repetition(cell, 1 + i / 3, i % 3);
	if (npasses == 2) {
		cell->summary[0].kind = PASS_FIRST_TOUCH;
		cell->summary[1].kind = PASS_AGAIN;
	}
	return cell;
}

struct cost {
	uint64_t work, irq, copy, noise, syscalls, faults, fault;
};

static void set_cost(struct cell *cell, unsigned int pass, const struct cost *cost)
{
	struct pass_summary *summary = &cell->summary[pass];
	uint64_t rank = cost->work + cost->irq;

	summary->work = exactly(cost->work);
	summary->irq = exactly(cost->irq);
	summary->wait = exactly(0);
	if (cost->copy)
		summary->copy = exactly(cost->copy);
	summary->rank = fixture_quantity(rank, rank - cost->noise, rank + cost->noise);
	summary->spread_ppm = (uint32_t)(cost->noise * 2000000 / rank);
	summary->cpu = exactly(cost->work + cost->copy);
	summary->syscalls = exactly(cost->syscalls);
	summary->faults_minor = exactly(cost->faults);
	summary->faults_major = exactly(0);
	if (cost->fault)
		summary->fault = exactly(cost->fault);
}

static void prove(struct cell *cell, const char *inode, bool cache_known)
{
	cell_add_evidence(cell, "the inode is DAX", inode, "statx", PHASE_TIMED, VERDICT_HELD, "%s",
			  inode);
	cell_add_evidence(cell, "the right bytes moved", "offset and generation in every block",
			  "a sample of 64 blocks", PHASE_TIMED, VERDICT_HELD, "64 of 64");
	cell_add_evidence(cell, "one system call per I/O", "1.00", "raw_syscalls:sys_enter",
			  PHASE_WITNESS, VERDICT_HELD, "1.00");
	if (cache_known)
		cell_add_evidence(cell, "not served from the page cache", "no page resident",
				  "mincore on a fresh mapping", PHASE_TIMED, VERDICT_HELD,
				  "0 of 16,384 pages");
	else
		cell_add_evidence(cell, "the block layer saw the bytes", "4,096 bytes per I/O",
				  "the device's stat", PHASE_TIMED, VERDICT_UNOBSERVED,
				  "iostats is off; echo 1 > queue/iostats");
}

static void add_read_cells(struct run *run)
{
	static const char group[] = "4k randread, hot, durability none, testbed:pmem/xfs";
	static const struct {
		const char *path;
		struct cost cost;
		bool cache_known;
	} simple[] = {
		{"direct", {6530, 0, 512, 4, 1000, 0, 0}, false},
		{"buffered", {1606, 0, 512, 0, 1000, 0, 0}, true},
		{"uring", {5210, 2870, 512, 31, 1003, 0, 0}, false},
		{"dax", {2100, 0, 558, 0, 1000, 0, 0}, true},
	};
	struct cell *cell;

	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		cell = fixture_cell(run, simple[i].path, group, 1);
		set_cost(cell, 0, &simple[i].cost);
		prove(cell, i == 3 ? "STATX_ATTR_DAX set" : "STATX_ATTR_DAX not set",
		      simple[i].cache_known);
	}
	cell = fixture_cell(run, "mmap-dax", group, 2);
	set_cost(cell, 0, &(struct cost){5020, 0, 512, 12, 0, 1000, 4928});
	set_cost(cell, 1, &(struct cost){8, 0, 512, 0, 0, 0, 0});
	prove(cell, "STATX_ATTR_DAX set", true);
	cell = fixture_cell(run, "mmap-private", group, 2);
	set_cost(cell, 0, &(struct cost){340, 0, 512, 2, 0, 62, 3530});
	set_cost(cell, 1, &(struct cost){8, 0, 512, 0, 0, 0, 0});
	prove(cell, "STATX_ATTR_DAX not set", true);
	cell = fixture_cell(run, "uring-iopoll", group, 1);
	set_cost(cell, 0, &(struct cost){100, 0, 0, 0, 1000, 0, 0});
	cell_add_evidence(cell, "completion came without an interrupt", "0 interrupts per I/O",
			  "/proc/interrupts", PHASE_TIMED, VERDICT_REFUTED, "%s",
			  "1.00 interrupts per I/O");
	free(cell->remedy);
	cell->remedy = memory_string("load nvme with poll_queues=1");
	cell = fixture_cell(run, "passthru", group, 0);
	cell_set_status(cell, CELL_UNAVAILABLE, "sudo setfacl -m u:$USER:rw /dev/ng1n1",
			"/dev/ng1n1 can't be opened: permission denied");
	cell = fixture_cell(run, "libaio", group, 0);
	cell_set_status(cell, CELL_FAILED, NULL, "io_submit: Input/output error at offset 8192");
}

static void add_write_cells(struct run *run)
{
	static const char *const groups[] = {
		[DURABILITY_NONE] = "4k randwrite, hot, durability none, testbed:pmem/xfs",
		[DURABILITY_DATA] = "4k randwrite, hot, durability data, testbed:pmem/xfs",
	};
	static const struct {
		const char *path;
		enum durability durability;
		struct cost cost;
	} cells[] = {
		{"buffered", DURABILITY_NONE, {3306, 0, 512, 9, 1000, 0, 0}},
		{"buffered", DURABILITY_DATA, {21306, 1220, 512, 150, 2000, 0, 0}},
		{"dax", DURABILITY_NONE, {3174, 0, 512, 0, 1000, 0, 0}},
		{"dax", DURABILITY_DATA, {3310, 0, 512, 0, 1000, 0, 0}},
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct cell *cell =
			fixture_cell(run, cells[i].path, groups[cells[i].durability], 1);

		cell->workload.rw = RW_RANDWRITE;
		cell->workload.durability = cells[i].durability;
		set_cost(cell, 0, &cells[i].cost);
		prove(cell, i < 2 ? "STATX_ATTR_DAX not set" : "STATX_ATTR_DAX set", true);
	}
}

static struct run *begin(const char *suite, const char *question, enum run_clock clock)
{
	struct run *run = run_new();

	run->suite = memory_string(suite);
	run->question = memory_string(question);
	run->clock = clock;
	run->complete = true;
	run->seed = 7;
	run->runs = REPETITIONS;
	run->duration_s = 161;
	run->null_known = true;
	run->null_per_op = 41000;
	snprintf(run->id, sizeof(run->id), "0142");
	snprintf(run->started_utc, sizeof(run->started_utc), "2026-11-23T01:16:00Z");
	return run;
}

static void put(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string(value));
}

struct run *fixture_run_instructions(void)
{
	struct run *run = begin("quick", "What does a stored 4 KiB cost by every path?",
				RUN_CLOCK_INSTRUCTIONS);
	json_t *versions = json_object(), *target = json_object();

	run->boots = 3;
	run->null_per_op = 8520;
	put(run->environment, "kernel", "6.1.0-56-amd64");
	put(run->environment, "cpu", "QEMU TCG CPU, erms and fsrm off");
	put(run->environment, "accelerator", "tcg, icount shift=0");
	put(run->environment, "cmdline", "console=ttyS0 mitigations=off");
	json_object_set_new(run->environment, "smt", json_false());
	json_object_set_new(run->environment, "governor", json_null());
	put(versions, "qemu", "7.2.19");
	put(versions, "xfsprogs", "6.1.0");
	json_object_set_new(run->environment, "versions", versions);
	put(target, "model", "QEMU NVDIMM, fsdax namespace");
	put(target, "fs", "xfs");
	put(target, "mount_options", "rw,dax=always");
	json_object_set_new(target, "lba_bytes", json_integer(4096));
	json_object_set_new(run->targets, "testbed:pmem/xfs", target);
	add_read_cells(run);
	add_write_cells(run);
	return run;
}

struct queue_cell {
	const char *path, *row;
	unsigned int iodepth;
	struct cost cost;
	uint64_t wait, doorbells, sleeps, polls;
};

static void add_queue_cell(struct run *run, const char *group, const struct queue_cell *data)
{
	struct cell *cell = fixture_cell(run, data->path, group, 1);
	struct pass_summary *summary = &cell->summary[0];

	cell->workload.iodepth = data->iodepth;
	snprintf(cell->row, sizeof(cell->row), "%s", data->row);
	set_cost(cell, 0, &data->cost);
	summary->wait = exactly(data->wait);
	if (data->doorbells) {
		summary->doorbells = exactly(data->doorbells);
		summary->sleeps = exactly(data->sleeps);
		summary->empty_looks = exactly(data->polls);
	}
	prove(cell, "no inode", true);
}

struct run *fixture_run_queues(void)
{
	static const char *const groups[] = {
		"4k randread, hot, durability none, testbed:disk",
		"4k randread, QD32, hot, durability none, testbed:disk",
	};
	static const struct queue_cell depths[] = {
		{"uring", "", 1, {7120, 2870, 0, 31, 1003, 0, 0}, 0, 0, 0, 0},
		{"userdrv-poll", "", 1, {212, 0, 0, 0, 0, 0, 0}, 18460, 2000, 0, 97000},
		{"userdrv-hybrid", "", 1, {1320, 1204, 0, 11, 2000, 0, 0}, 900, 2000, 1000, 3000},
		{"uring", "", 32, {4030, 1010, 0, 20, 63, 0, 0}, 0, 0, 0, 0},
		{"userdrv-poll", "", 32, {160, 0, 0, 0, 0, 0, 0}, 0, 1031, 0, 0},
	};
	static const struct queue_cell coalescings[] = {
		{"userdrv-irq", "1/0", 32, {940, 1180, 0, 11, 2000, 0, 0}, 0, 1500, 800, 0},
		{"userdrv-irq", "8/100us", 32, {610, 290, 0, 11, 800, 0, 0}, 0, 1200, 200, 0},
		{"userdrv-irq", "32/25500us", 32, {580, 212, 0, 11, 600, 0, 0}, 0, 1100, 40, 0},
		{"userdrv-poll", "", 32, {160, 0, 0, 0, 0, 0, 0}, 12040, 1031, 0, 4000},
	};
	struct run *run = begin("polling", "When does polling pay?", RUN_CLOCK_INSTRUCTIONS);
	size_t i;

	run->boots = 3;
	for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
		add_queue_cell(run, groups[depths[i].iodepth > 1], &depths[i]);
	for (i = 0; i < sizeof(coalescings) / sizeof(coalescings[0]); i++)
		add_queue_cell(run,
			       "coalescing: 4k randread, QD32, hot, durability none, "
			       "testbed:disk",
			       &coalescings[i]);
	return run;
}

/* Latencies with a tail: most near @latency_ns, one of 128 about 1.5 times, one of 2048 4 times. */
static struct histogram *latencies(uint64_t latency_ns)
{
	struct histogram *h = memory_zeroed(1, sizeof(*h));
	uint64_t noise = 12345;

	for (unsigned int i = 0; i < 90000; i++) {
		uint64_t value = latency_ns, wave = 0;

		/* The sum of four uniform numbers is bell enough for a picture. */
		for (unsigned int j = 0; j < 4; j++) {
			noise = noise * 6364136223846793005u + 1442695040888963407u;
			wave += (noise >> 33) % 1000;
		}
		value += latency_ns * wave / 16000;
		if (i % 128 == 0)
			value += latency_ns / 2 + (noise >> 40) % (latency_ns / 2);
		if (i % 2048 == 0)
			value *= 3;
		histogram_record(h, value);
	}
	return h;
}

void fixture_ns_numbers(struct cell *cell, uint64_t iops, uint64_t latency_ns)
{
	static const uint32_t ppm[NPERCENTILES] = {500000, 900000, 990000, 999000, 999900, 1000000};
	struct pass_summary *summary = &cell->summary[0];

	summary->iops = fixture_quantity(iops, iops - iops / 100, iops + iops / 90);
	summary->bytes_per_s = exactly(iops * 4096);
	summary->spread_ppm = 23000;
	free(summary->merged);
	summary->merged = latencies(latency_ns);
	for (int i = 0; i < NPERCENTILES; i++)
		summary->latency[i] = exactly(histogram_percentile(summary->merged, ppm[i]));
	summary->cpu = exactly(latency_ns / 15);
	summary->interrupts = exactly(1000);
	summary->context_switches = exactly(1000);
	summary->faults_minor = exactly(0);
}

struct run *fixture_run_ns(void)
{
	static const char group[] = "4k randread, cold, durability none, nvme:S64GN1";
	static const struct {
		const char *path;
		uint64_t iops, latency;
	} cells[] = {
		{"direct", 12120, 72000},
		{"userdrv-poll", 13900, 63000},
		{"uring", 12210, 71500},
		{"libaio", 11800, 74000},
	};
	struct run *run = begin("api-ladder", "What does each API cost?", RUN_CLOCK_NS);
	struct cell *cell;

	put(run->environment, "kernel", "6.12.9");
	put(run->environment, "cpu", "AMD EPYC 9354P");
	put(run->environment, "governor", "powersave");
	put(run->targets, "nvme:S64GN1",
	    "PM9A3 1.92TB fw GDC7, PCIe 4.0 x4, node 0 (local), Samsung SSD with 512 byte blocks");
	run_warn(run, "governor", "cpupower frequency-set -g performance",
		 "the CPU's governor is powersave, so clocks change while measuring");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		cell = fixture_cell(run, cells[i].path, group, 1);
		fixture_ns_numbers(cell, cells[i].iops, cells[i].latency);
		prove(cell, "STATX_ATTR_DAX not set", i != 2);
	}
	cell = fixture_cell(run, "uring-iopoll", group, 1);
	fixture_ns_numbers(cell, 99000, 9000);
	cell_add_evidence(cell, "completion came without an interrupt", "0 interrupts per I/O",
			  "/proc/interrupts", PHASE_TIMED, VERDICT_REFUTED, "%s",
			  "1.00 interrupts per I/O");
	return run;
}

struct run *fixture_run_recorded(void)
{
	struct run *run;
	struct error e = {""};

	cr_assert_eq(run_read(&run, TEST_DATA "/run-functions.json", &e), 0, "%s", e.text);
	return run;
}
