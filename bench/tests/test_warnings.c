// SPDX-License-Identifier: MIT
/*
 * What a reader is told before the figures: each warning from a machine made of files or from
 * figures made by hand, with its remedy, in the tables, in the HTML and in run.json.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/environment.h"
#include "core/memory.h"
#include "core/sysfs.h"
#include "core/warnings.h"
#include "report/report.h"
#include "tests/fixture_machine.h"
#include "tests/fixture_run.h"

#define CPU "/sys/devices/system/cpu/"

static struct run *run;

/* A machine that is as it should be. */
static void set_up(void)
{
	unsetenv("BYPASS_ACCEL");
	machine_make();
	machine_file("/proc/cpuinfo", "model name\t: Some CPU\nflags\t\t: fpu constant_tsc\n");
	machine_file("/proc/loadavg", "0.02 0.10 0.20 1/100 4711\n");
	machine_file("/proc/meminfo", "MemTotal:       24683660 kB\n");
	machine_file(CPU "smt/control", "off\n");
	machine_file(CPU "smt/active", "0\n");
	machine_file(CPU "cpu0/cpufreq/scaling_governor", "performance\n");
	machine_file(CPU "intel_pstate/no_turbo", "1\n");
	machine_file(CPU "vulnerabilities/meltdown", "Not affected\n");
	machine_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
	run = run_new();
	run->clock = RUN_CLOCK_NS;
	run->runs = 9;
}

static void tear_down(void)
{
	run_free(run);
	machine_remove();
	sysfs_root = "";
}

TestSuite(warnings, .init = set_up, .fini = tear_down);

static const struct warning *find(const char *code)
{
	for (size_t i = 0; i < run->nwarnings; i++) {
		if (strcmp(run->warnings[i].code, code) == 0)
			return &run->warnings[i];
	}
	return NULL;
}

/* The text without line breaks and what stands at the beginnings of lines. */
static char *flowing(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		bool space = *from == ' ' || *from == '\n';

		if (!space || (to > text && to[-1] != ' '))
			*to++ = space ? ' ' : *from;
	}
	*to = '\0';
	return text;
}

/* HTML has its own words for these. */
static char *unescaped(char *text)
{
	static const char *const names[][2] = {{"&gt;", ">"}, {"&lt;", "<"}, {"&#39;", "'"}};

	for (size_t i = 0; i < 3; i++) {
		for (char *at; (at = strstr(text, names[i][0]));) {
			*at = names[i][1][0];
			memmove(at + 1, at + strlen(names[i][0]),
				strlen(at + strlen(names[i][0])) + 1);
		}
	}
	return text;
}

static void in_tables(const char *sentence)
{
	char *text = NULL;
	size_t size;
	FILE *stream = memory_stream(&text, &size);

	report_tables(stream, run, false);
	fclose(stream);
	cr_assert(strstr(flowing(text), sentence), "'%s' is not in\n%s", sentence, text);
	free(text);
}

static void in_html(const struct warning *warning)
{
	static char text[1 << 20];
	char path[300];
	struct error e;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s", machine_path("/report.html"));
	cr_assert_eq(report_html(run, path, &e), 0, "%s", e.text);
	f = fopen(path, "re");
	cr_assert_not_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	unescaped(text);
	cr_assert(strstr(text, warning->text), "%s", warning->text);
	cr_assert(strstr(text, warning->remedy), "%s", warning->remedy);
}

static void in_run_json(const struct warning *warning)
{
	json_t *json = run_to_json(run), *each;
	struct run *again;
	struct error e;
	size_t i, found = 0;

	json_array_foreach(json_object_get(json, "warnings"), i, each)
	{
		found += strcmp(json_string_value(json_object_get(each, "code")), warning->code) ==
				 0 &&
			 strcmp(json_string_value(json_object_get(each, "text")), warning->text) ==
				 0 &&
			 strcmp(json_string_value(json_object_get(each, "remedy")),
				warning->remedy) == 0;
	}
	cr_assert_eq(found, 1);
	cr_assert_eq(run_from_json(&again, json, &e), 0, "%s", e.text);
	cr_assert_eq(again->nwarnings, run->nwarnings);
	run_free(again);
	json_decref(json);
}

/* The run has warning @code, whose text holds @text and whose remedy holds @remedy. */
static void warns(const char *code, const char *text, const char *remedy)
{
	const struct warning *warning = find(code);
	char sentence[1024];

	cr_assert(warning, "no warning %s", code);
	cr_assert(strstr(warning->text, text), "'%s' doesn't say '%s'", warning->text, text);
	cr_assert_not_null(warning->remedy, "%s has no remedy", code);
	cr_assert(strstr(warning->remedy, remedy), "'%s' doesn't say '%s'", warning->remedy,
		  remedy);
	snprintf(sentence, sizeof(sentence), "WARN %s; do: %s", warning->text, warning->remedy);
	in_tables(sentence);
	in_html(warning);
	in_run_json(warning);
}

Test(warnings, a_machine_that_is_as_it_should_be_gets_none)
{
	environment_record(run);
	warn_about_clock(run, true, 3);
	cr_assert_eq(run->nwarnings, 0, "%s", run->nwarnings ? run->warnings[0].text : "");
}

Test(warnings, what_a_machine_does_not_show_is_no_warning)
{
	machine_command(
		"rm -rf sys/devices/system/cpu proc/loadavg sys/devices/system/clocksource");
	environment_record(run);
	cr_assert_eq(run->nwarnings, 0, "%s", run->nwarnings ? run->warnings[0].text : "");
}

Test(warnings, a_governor_that_is_not_performance)
{
	machine_file(CPU "cpu0/cpufreq/scaling_governor", "powersave\n");
	environment_record(run);
	warns("governor", "governor=powersave", "cpupower frequency-set -g performance");
}

Test(warnings, turbo_of_intel_pstate)
{
	machine_file(CPU "intel_pstate/no_turbo", "0\n");
	environment_record(run);
	warns("turbo", "turbo is on", "echo 1 >/sys/devices/system/cpu/intel_pstate/no_turbo");
}

Test(warnings, turbo_of_other_drivers)
{
	machine_command("rm -r sys/devices/system/cpu/intel_pstate");
	machine_file(CPU "cpufreq/boost", "1\n");
	environment_record(run);
	warns("turbo", "turbo is on", "echo 0 >/sys/devices/system/cpu/cpufreq/boost");
	run_free(run);
	run = run_new();
	run->runs = 9;
	machine_file(CPU "cpufreq/boost", "0\n");
	environment_record(run);
	cr_assert_null(find("turbo"));
}

Test(warnings, smt)
{
	machine_file(CPU "smt/control", "on\n");
	machine_file(CPU "smt/active", "1\n");
	environment_record(run);
	warns("smt", "SMT is on", "echo off >/sys/devices/system/cpu/smt/control");
}

Test(warnings, mitigations_are_counted)
{
	machine_file(CPU "vulnerabilities/retbleed", "Mitigation: untrained return thunk\n");
	machine_file(CPU "vulnerabilities/spectre_v2", "Mitigation: Retpolines\n");
	machine_file(CPU "vulnerabilities/mds", "Vulnerable\n");
	environment_record(run);
	warns("mitigations", "2 mitigations against", "mitigations=off");
}

Test(warnings, other_load)
{
	char load[64];

	snprintf(load, sizeof(load), "%ld.00 0.10 0.20 1/100 4711\n",
		 sysconf(_SC_NPROCESSORS_ONLN));
	machine_file("/proc/loadavg", load);
	environment_record(run);
	warns("load", "other work is running", "wait until the machine is idle");
}

Test(warnings, a_virtual_machine)
{
	machine_file("/proc/cpuinfo", "flags\t\t: fpu constant_tsc hypervisor\n");
	environment_record(run);
	warns("virtual", "a virtual machine", "use hardware");
}

Test(warnings, a_clock_source_that_is_not_the_tsc)
{
	machine_file("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		     "kvm-clock\n");
	environment_record(run);
	warns("clocksource", "clocksource=kvm-clock", "clocksource=tsc");
}

Test(warnings, emulated_time_and_nothing_besides)
{
	setenv("BYPASS_ACCEL", "tcg", 1);
	machine_file(CPU "smt/active", "1\n");
	environment_record(run);
	warns("emulated", "its time is not time", "--testbed=instructions");
	cr_assert_eq(run->nwarnings, 1);
}

Test(warnings, a_count_of_instructions_depends_on_none_of_these)
{
	setenv("BYPASS_ACCEL", "tcg", 1);
	machine_file(CPU "smt/active", "1\n");
	machine_file(CPU "cpu0/cpufreq/scaling_governor", "powersave\n");
	run->clock = RUN_CLOCK_INSTRUCTIONS;
	environment_record(run);
	cr_assert_eq(run->nwarnings, 0);
}

Test(warnings, a_tsc_that_is_not_invariant)
{
	warn_about_clock(run, false, 0);
	warns("tsc", "not invariant", "constant_tsc");
}

Test(warnings, a_clock_that_drifts)
{
	warn_about_clock(run, true, 200);
	cr_assert_eq(run->nwarnings, 0);
	warn_about_clock(run, true, 201);
	warns("clock-drift", "201 ppm", "idle machine");
}

/* A cell of @n repetitions of @ns each. */
static struct cell *add_cell(const char *path, unsigned int n, uint64_t ns)
{
	struct cell *cell = fixture_cell(run, path, "4k randread", 1);

	cr_assert_leq(n, cell->nrepetitions);
	cell->nrepetitions = n;
	for (unsigned int i = 0; i < n; i++) {
		cell->repetitions[i].npasses = 1;
		cell->repetitions[i].pass[0].duration = ns;
		cell->repetitions[i].pass[0].ios = 1000;
	}
	return cell;
}

Test(warnings, too_few_repetitions)
{
	add_cell("buffered", 5, 1000000000);
	run->runs = 5;
	warn_about_result(run);
	warns("few-runs", "5 runs give no 95% interval", "--runs=9");
}

Test(warnings, too_few_boots)
{
	run->clock = RUN_CLOCK_INSTRUCTIONS;
	run->boots = 2;
	warn_about_result(run);
	warns("few-boots", "2 boots", "--runs=3");
	cr_assert_eq(run->nwarnings, 1);
}

Test(warnings, nine_runs_and_three_boots_are_enough)
{
	add_cell("buffered", 9, 1000000000)->summary[0].iops = fixture_quantity(1000, 950, 1050);
	warn_about_result(run);
	run->clock = RUN_CLOCK_INSTRUCTIONS;
	run->boots = 3;
	warn_about_result(run);
	cr_assert_eq(run->nwarnings, 0, "%s", run->nwarnings ? run->warnings[0].text : "");
}

Test(warnings, repetitions_too_short_name_the_shortest)
{
	add_cell("direct", 9, 99000000);
	add_cell("buffered", 9, 1500000);
	add_cell("libaio", 9, 100000000);
	warn_about_result(run);
	warns("short", "2 of 3 cells are shorter than 100 ms, down to 1.50 ms (buffered",
	      "--runtime=1");
	cr_assert_eq(run->nwarnings, 1);
}

Test(warnings, repetitions_that_differ_too_much_name_the_worst)
{
	add_cell("direct", 9, 1000000000)->summary[0].iops = fixture_quantity(1000, 940, 1060);
	add_cell("buffered", 9, 1000000000)->summary[0].iops = fixture_quantity(1000, 900, 1150);
	warn_about_result(run);
	warns("noisy", "2 of 2 cells differ much", "idle machine");
	warns("noisy", "up to 25% of the median wide (buffered", "idle machine");
	cr_assert_eq(run->nwarnings, 1);
}

Test(warnings, emulated_time_is_neither_short_nor_noisy)
{
	json_object_set_new(run->environment, "accelerator", json_string("tcg"));
	add_cell("buffered", 9, 1500000)->summary[0].iops = fixture_quantity(1000, 900, 1150);
	warn_about_result(run);
	cr_assert_eq(run->nwarnings, 0);
}
