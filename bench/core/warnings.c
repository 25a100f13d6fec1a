// SPDX-License-Identifier: MIT
#include "core/warnings.h"

#include <stdlib.h>
#include <string.h>

/* Load per CPU from which on others are in the way. */
#define LOAD_PER_CPU 0.5
/* Parts per million that the clock's calibration may be off. */
#define DRIFT_PPM 200
/* Fewer repetitions give no 95 % interval of a median; fewer boots no idea of how they differ. */
#define RUNS_MIN  6
#define BOOTS_MIN 3
/* In a shorter one a single slice that the scheduler gave to somebody else is some percent. */
#define SHORT_NS 100000000ull
/* The interval of a median, from end to end: wider, and only large differences can be told. */
#define NOISY_PERCENT 10

static const char *text_of(const struct run *run, const char *member)
{
	const char *text = json_string_value(json_object_get(run->environment, member));

	return text ? text : "";
}

static void warn_about_virtual(struct run *run)
{
	const char *source = text_of(run, "clocksource");

	if (json_is_true(json_object_get(run->environment, "hypervisor")))
		run_warn(run, "virtual", "compare within this run only, or use hardware",
			 "a virtual machine: others share its CPUs and its disks");
	if (source[0] && strcmp(source, "tsc") != 0 &&
	    strcmp(text_of(run, "architecture"), "x86_64") == 0)
		run_warn(run, "clocksource",
			 "boot with clocksource=tsc, if the kernel trusts the TSC here (dmesg)",
			 "clocksource=%s: the kernel itself reads the time more slowly than from "
			 "the TSC",
			 source);
}

static void warn_about_speed(struct run *run)
{
	const char *governor = text_of(run, "governor"), *file = text_of(run, "turbo_file");
	char remedy[160];

	if (governor[0] && strcmp(governor, "performance") != 0)
		run_warn(run, "governor", "cpupower frequency-set -g performance", "governor=%s",
			 governor);
	if (strcmp(text_of(run, "turbo"), "on") != 0)
		return;
	snprintf(remedy, sizeof(remedy), "echo %d >%.120s, as root",
		 strstr(file, "no_turbo") != NULL, file);
	run_warn(run, "turbo", remedy,
		 "turbo is on: a core is faster while it is cool and the others sleep");
}

/* "Mitigation: ..." in /sys/devices/system/cpu/vulnerabilities: each costs something. */
static void warn_about_mitigations(struct run *run)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach(json_object_get(run->environment, "mitigations"), name, value)
	{
		const char *text = json_string_value(value);

		n += text && strncmp(text, "Mitigation", 10) == 0;
	}
	if (n)
		run_warn(run, "mitigations",
			 "compare with runs that have the same, or boot a machine that runs "
			 "nothing else with mitigations=off",
			 "%zu mitigation%s against the CPU's weaknesses: entering the kernel "
			 "costs more than without",
			 n, n == 1 ? "" : "s");
}

static void warn_about_others(struct run *run)
{
	double load = atof(text_of(run, "load_average"));
	json_int_t cpus = json_integer_value(json_object_get(run->environment, "cpus"));

	if (json_is_true(json_object_get(run->environment, "smt_active")))
		run_warn(run, "smt", "echo off >/sys/devices/system/cpu/smt/control, as root",
			 "SMT is on: two threads share a core, and what runs on one slows the "
			 "other");
	if (load > LOAD_PER_CPU * (double)cpus)
		run_warn(run, "load", "wait until the machine is idle",
			 "other work is running: load %.1f on %d CPUs", load, (int)cpus);
}

void warn_about_machine(struct run *run)
{
	if (run->clock == RUN_CLOCK_INSTRUCTIONS)
		return; /* a count doesn't depend on any of these */
	if (strcmp(text_of(run, "accelerator"), "tcg") == 0) {
		run_warn(run, "emulated", "--testbed=instructions counts instead",
			 "emulated CPU: its time is not time; nothing here is ranked");
		return;
	}
	warn_about_virtual(run);
	warn_about_speed(run);
	warn_about_others(run);
	warn_about_mitigations(run);
}

void warn_about_clock(struct run *run, bool tsc, uint32_t drift_ppm)
{
	if (run->clock == RUN_CLOCK_NS && !tsc)
		run_warn(run, "tsc",
			 "measure on a CPU whose flags have constant_tsc and nonstop_tsc, or take "
			 "small differences for nothing",
			 "the TSC is not invariant here: timed with CLOCK_MONOTONIC_RAW, which "
			 "costs more per operation");
	if (drift_ppm > DRIFT_PPM)
		run_warn(run, "clock-drift", "run again on an idle machine",
			 "the clock's calibration is off by %u ppm", drift_ppm);
}

static void warn_about_count(struct run *run)
{
	if (run->clock == RUN_CLOCK_INSTRUCTIONS) {
		if (run->boots && run->boots < BOOTS_MIN)
			run_warn(run, "few-boots", "--runs=3 or more, which are three boots",
				 "%u boot%s: how much boots differ can't be seen", run->boots,
				 run->boots == 1 ? "" : "s");
	} else if (run->runs < RUNS_MIN) {
		run_warn(run, "few-runs", "--runs=9",
			 "%u run%s no 95%% interval; the whole range is shown", run->runs,
			 run->runs == 1 ? " gives" : "s give");
	}
}

/* Of one cell; UINT64_MAX where nothing was measured. */
static uint64_t shortest_pass_ns(const struct cell *cell)
{
	uint64_t shortest = UINT64_MAX;

	for (size_t i = 0; i < cell->nrepetitions; i++) {
		const struct repetition *repetition = &cell->repetitions[i];

		for (unsigned int p = 0; p < repetition->npasses; p++) {
			if (repetition->pass[p].duration < shortest)
				shortest = repetition->pass[p].duration;
		}
	}
	return shortest;
}

static void warn_about_length(struct run *run)
{
	const struct cell *worst = NULL;
	uint64_t shortest = SHORT_NS;
	size_t n = 0;

	for (size_t i = 0; i < run->ncells; i++) {
		uint64_t ns = shortest_pass_ns(&run->cells[i]);

		n += ns < SHORT_NS;
		if (ns >= shortest)
			continue;
		shortest = ns;
		worst = &run->cells[i];
	}
	if (worst)
		run_warn(
			run, "short",
			"a larger number_ios= and size=, or --runtime=1 --time_based=1",
			"repetitions of %zu of %zu cells are shorter than %llu ms, down to %.2f ms "
			"(%s): one slice of the scheduler for somebody else shows in them",
			n, run->ncells, SHORT_NS / 1000000, (double)shortest / 1e6, worst->id);
}

static uint64_t interval_percent(const struct cell *cell)
{
	uint64_t widest = 0;

	for (unsigned int p = 0; p < cell->npasses; p++) {
		const struct quantity *iops = &cell->summary[p].iops;
		uint64_t percent;

		if (!iops->known || !iops->median)
			continue;
		percent = (iops->high - iops->low) * 100 / iops->median;
		widest = percent > widest ? percent : widest;
	}
	return widest;
}

static void warn_about_noise(struct run *run)
{
	const struct cell *worst = NULL;
	uint64_t widest = NOISY_PERCENT;
	size_t n = 0;

	for (size_t i = 0; i < run->ncells; i++) {
		uint64_t percent = interval_percent(&run->cells[i]);

		n += percent > NOISY_PERCENT;
		if (percent <= widest)
			continue;
		widest = percent;
		worst = &run->cells[i];
	}
	if (worst)
		run_warn(run, "noisy", "run it on an idle machine, or with more and longer --runs=",
			 "the repetitions of %zu of %zu cells differ much: the interval of their "
			 "I/Os per second is up to %llu%% of the median wide (%s)",
			 n, run->ncells, (unsigned long long)widest, worst->id);
}

void warn_about_result(struct run *run)
{
	warn_about_count(run);
	if (run->clock == RUN_CLOCK_INSTRUCTIONS || strcmp(text_of(run, "accelerator"), "tcg") == 0)
		return;
	warn_about_length(run);
	if (run->runs >= RUNS_MIN)
		warn_about_noise(run);
}
