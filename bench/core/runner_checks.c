// SPDX-License-Identifier: MIT
#include "core/runner_checks.h"

#include <errno.h>
#include <stdio.h>

#include "core/offsets.h"
#include "core/sysfs.h"

/* Of the operations that were due, left undone: more, and the target is said not to keep up. */
#define SATURATED_PERCENT 1
/* Of a path that sleeps once for each I/O: fewer sleeps than this, and it is measured again. */
#define SLEEPS_PERCENT 98
/* Of memory, the least that a file has to have for cache=pressed. */
#define PRESSED_PERCENT 80

/* Bytes of memory that this machine has; 0: it doesn't say. */
static uint64_t memory_total(void)
{
	unsigned long long kib = 0;
	char line[128];

	/* The first line: "MemTotal:       24683660 kB". */
	if (sysfs_read(line, sizeof(line), "/proc/meminfo") &&
	    sscanf(line, "MemTotal: %llu kB", &kib) != 1)
		kib = 0;
	return kib << 10;
}

/* A smaller file would fit beside everything else, and nothing would be pressed. */
static int check_pressed(const struct workload *w, struct unavailable *why)
{
	uint64_t total = memory_total(), size = w->size * w->numjobs;
	uint64_t least = total / 100 * PRESSED_PERCENT;

	if (w->cache != CACHE_PRESSED || (total && size >= least))
		return 0;
	if (total)
		snprintf(why->reason, sizeof(why->reason),
			 "cache=pressed needs a file that memory can't hold: it has %llu MiB, and "
			 "%llu MiB of file would press nothing",
			 (unsigned long long)(total >> 20), (unsigned long long)(size >> 20));
	else
		snprintf(why->reason, sizeof(why->reason),
			 "cache=pressed needs a file that memory can't hold, and /proc/meminfo "
			 "doesn't say how much there is");
	snprintf(why->remedy, sizeof(why->remedy),
		 "size=%llum or more, or a suite with memory=512m in the testbed",
		 (unsigned long long)(least >> 20) + 1);
	return -EOPNOTSUPP;
}

int runner_probe(const struct run *run, const struct workload *w, struct unavailable *why)
{
	const char *option = w->rate_iops ? "rate_iops" : "thinktime";

	if (run->clock == RUN_CLOCK_INSTRUCTIONS && (w->rate_iops || w->thinktime_ns)) {
		snprintf(why->reason, sizeof(why->reason),
			 "%s is a question of time, and this run counts instructions", option);
		snprintf(why->remedy, sizeof(why->remedy), "--testbed=ns, or leave %s out", option);
		return -EOPNOTSUPP;
	}
	if (w->zipf_thousandths && w->size / w->bs > OFFSETS_ZIPF_BLOCKS) {
		snprintf(why->reason, sizeof(why->reason),
			 "random_distribution=zipf keeps a table of the blocks, of %u at most, and "
			 "these are %llu",
			 OFFSETS_ZIPF_BLOCKS, (unsigned long long)(w->size / w->bs));
		snprintf(why->remedy, sizeof(why->remedy), "a smaller size= or a larger bs=");
		return -EOPNOTSUPP;
	}
	return check_pressed(w, why);
}

uint64_t runner_sleeps(const struct path_ops *ops, const struct pass_result *pass)
{
	/* A controller model in this process has a thread that leaves the CPU too. */
	if ((ops->traits & PATH_USER_DRIVER) && pass->sleeps < pass->context_switches)
		return pass->sleeps;
	return pass->context_switches;
}

bool runner_raced(const struct cell *cell, const struct path_ops *ops,
		  const struct repetition *repetition)
{
	const struct pass_result *pass = &repetition->pass[0];

	return cell->clock_use == CLOCK_USE_MACHINE &&
	       (ops->traits & (PATH_NO_CACHE | PATH_SLEEPS)) && cell->workload.iodepth == 1 &&
	       !pass->wait && runner_sleeps(ops, pass) * 100 < pass->ios * SLEEPS_PERCENT;
}

void runner_warn_saturated(struct run *run)
{
	for (size_t i = 0; i < run->ncells; i++) {
		const struct cell *cell = &run->cells[i];
		uint64_t ios = 0, backlog = 0;

		for (size_t j = 0; j < cell->nrepetitions * PASSES_MAX; j++) {
			const struct repetition *repetition = &cell->repetitions[j / PASSES_MAX];
			const struct pass_result *pass = &repetition->pass[j % PASSES_MAX];

			ios += pass->backlog_known ? pass->ios : 0;
			backlog += pass->backlog;
		}
		/* Of each pass one may be due just when it ends. */
		if (backlog > cell->nrepetitions &&
		    backlog * 100 > (ios + backlog) * SATURATED_PERCENT)
			run_warn(run, "saturated", "lower rate_iops=",
				 "%s did not keep up: of 100 operations that were due, %llu were "
				 "not started by the end, and its latencies depend on how long it "
				 "was measured",
				 cell->id, (unsigned long long)(backlog * 100 / (ios + backlog)));
	}
}
