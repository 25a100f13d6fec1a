// SPDX-License-Identifier: MIT
#include "core/counters.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sysfs.h"

static const char *const machine_names[NMACHINE_COUNTERS] = {
	[MACHINE_TLB_SHOOTDOWNS] = "tlb_shootdowns",
	[MACHINE_RECLAIMED_PAGES] = "reclaimed_pages",
	[MACHINE_CONTEXT_SWITCHES] = "machine_context_switches",
	[MACHINE_INTERRUPTS] = "machine_interrupts",
};

const char *machine_counter_name(enum machine_counter counter)
{
	return machine_names[counter];
}

const char *machine_counter_why_not(enum machine_counter counter)
{
	static const char *const reasons[NMACHINE_COUNTERS] = {
		[MACHINE_TLB_SHOOTDOWNS] = "/proc/interrupts has no TLB row (a kernel for one CPU, "
					   "or TLBs that hardware empties)",
		[MACHINE_RECLAIMED_PAGES] = "/proc/vmstat has no pgsteal counters",
		[MACHINE_CONTEXT_SWITCHES] = "/proc/stat has no ctxt",
		[MACHINE_INTERRUPTS] = "/proc/stat has no intr",
	};

	return reasons[counter];
}

static void add(struct counted *count, uint64_t value)
{
	count->known = true;
	count->value += value;
}

/* Calls @take with each line of @name; a line may be longer than any buffer (intr has thousands of
 * numbers).
 */
static void each_line(const char *name, void (*take)(const char *line, struct counted *counts),
		      struct counted *counts)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *f;

	sysfs_path(path, sizeof(path), "%s", name);
	f = fopen(path, "re");
	if (!f)
		return;
	while (getline(&line, &size, f) > 0)
		take(line, counts);
	free(line);
	fclose(f);
}

/* " TLB:   12   34   TLB shootdowns": a number for each CPU. */
static void take_interrupts(const char *line, struct counted *counts)
{
	const char *at = line + strspn(line, " ");
	char *end;

	if (strncmp(at, "TLB:", 4) != 0)
		return;
	for (at += 4;; at = end) {
		uint64_t value = strtoull(at, &end, 10);

		if (end == at)
			return;
		add(&counts[MACHINE_TLB_SHOOTDOWNS], value);
	}
}

static void take_stat(const char *line, struct counted *counts)
{
	if (strncmp(line, "ctxt ", 5) == 0)
		add(&counts[MACHINE_CONTEXT_SWITCHES], strtoull(line + 5, NULL, 10));
	else if (strncmp(line, "intr ", 5) == 0)
		add(&counts[MACHINE_INTERRUPTS], strtoull(line + 5, NULL, 10));
}

/* By who took them; pgsteal_anon and pgsteal_file are the same pages by what they held. */
static void take_vmstat(const char *line, struct counted *counts)
{
	static const char *const names[] = {"pgsteal_kswapd ", "pgsteal_direct ",
					    "pgsteal_khugepaged ", "pgsteal_proactive "};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(line, names[i], n) == 0)
			add(&counts[MACHINE_RECLAIMED_PAGES], strtoull(line + n, NULL, 10));
	}
}

void machine_counters_read(struct counted counts[NMACHINE_COUNTERS])
{
	memset(counts, 0, NMACHINE_COUNTERS * sizeof(*counts));
	each_line("/proc/interrupts", take_interrupts, counts);
	each_line("/proc/stat", take_stat, counts);
	each_line("/proc/vmstat", take_vmstat, counts);
}

static const char *const cpu_names[NCPU_COUNTERS] = {
	[CPU_CYCLES] = "cycles",
	[CPU_INSTRUCTIONS] = "instructions",
	[CPU_CACHE_MISSES] = "cache_misses",
	[CPU_DTLB_MISSES] = "dtlb_misses",
};

const char *cpu_counter_name(enum cpu_counter counter)
{
	return cpu_names[counter];
}

#define CACHE_EVENT(cache, op, result) ((cache) | (op) << 8 | (result) << 16)

const struct cpu_event cpu_events[NCPU_COUNTERS] = {
	[CPU_CYCLES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	[CPU_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
	[CPU_CACHE_MISSES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
	[CPU_DTLB_MISSES] = {PERF_TYPE_HW_CACHE,
			     CACHE_EVENT(PERF_COUNT_HW_CACHE_DTLB, PERF_COUNT_HW_CACHE_OP_READ,
					 PERF_COUNT_HW_CACHE_RESULT_MISS)},
};

static const char *why_not(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "perf_event_open is not permitted (root, or kernel.perf_event_paranoid=2 or "
		       "less)";
	case ENOENT:
	case EOPNOTSUPP:
	case ENODEV:
		return "this processor has no such counter, or the machine is a virtual one "
		       "without any";
	case ENOSYS:
		return "this kernel has no perf_event_open";
	default:
		return "perf_event_open failed";
	}
}

static int open_one(struct perf_event_attr *attr, bool user_only)
{
	attr->exclude_kernel = user_only;
	return (int)syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

unsigned int cpu_counters_open(struct cpu_counters *c, const struct cpu_event *events)
{
	unsigned int nopen = 0;

	memset(c, 0, sizeof(*c));
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		struct perf_event_attr attr = {
			.type = events[i].type,
			.size = sizeof(attr),
			.config = events[i].config,
			.disabled = 1,
			.inherit = 1,
			.exclude_hv = 1,
			.read_format =
				PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		};

		c->fd[i] = open_one(&attr, c->user_only);
		/* All of one kind, or none could be compared with another. */
		if (c->fd[i] < 0 && !nopen && !c->user_only &&
		    (errno == EACCES || errno == EPERM)) {
			c->user_only = true;
			c->fd[i] = open_one(&attr, true);
		}
		if (c->fd[i] < 0) {
			c->why_not[i] = why_not(errno);
			c->fd[i] = -1;
		} else {
			nopen++;
		}
	}
	return nopen;
}

static bool read_one(int fd, struct cpu_reading *reading)
{
	return read(fd, reading, sizeof(*reading)) == sizeof(*reading);
}

void cpu_counters_start(struct cpu_counters *c)
{
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		if (c->fd[i] >= 0 && !read_one(c->fd[i], &c->before[i]))
			memset(&c->before[i], 0, sizeof(c->before[i]));
	}
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		if (c->fd[i] >= 0)
			ioctl(c->fd[i], PERF_EVENT_IOC_ENABLE, 0);
	}
}

void cpu_counters_stop(struct cpu_counters *c, struct counted counts[NCPU_COUNTERS])
{
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		if (c->fd[i] >= 0)
			ioctl(c->fd[i], PERF_EVENT_IOC_DISABLE, 0);
	}
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		const struct cpu_reading *before = &c->before[i];
		struct cpu_reading now;

		counts[i] = (struct counted){false, 0};
		if (c->fd[i] < 0)
			continue;
		if (!read_one(c->fd[i], &now))
			c->why_not[i] = "the counter can't be read";
		else if (now.running - before->running < now.enabled - before->enabled)
			c->why_not[i] = "the processor had too few counters, so this one saw only "
					"a part; end other users of perf";
		else
			counts[i] = (struct counted){true, now.value - before->value};
	}
}

void cpu_counters_close(struct cpu_counters *c)
{
	for (unsigned int i = 0; i < NCPU_COUNTERS; i++) {
		if (c->fd[i] >= 0)
			close(c->fd[i]);
		c->fd[i] = -1;
	}
}
