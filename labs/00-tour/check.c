// SPDX-License-Identifier: MIT
/*
 * The checks of lab 0: that something was predicted, and then what it is compared with. Nobody
 * loses a point for a wrong prediction.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "engine/check.h"
#include "reference/predictions.h"

#define MOST_INSTRUCTIONS 10000000u
#define MOST_SYSCALLS     1000
#define SHORTEST_REASON   20
/* Room for a number of a table. */
#define DIGITS 16

static const char *const names[NPATHS] = {"buffered", "direct", "dax", "mmap-dax", "userdrv-poll"};

static void check_numbers(void)
{
	bool different = false;

	lab_step("look at predicted_instructions");
	for (unsigned int i = 0; i < NPATHS; i++) {
		LAB_EXPECT(predicted_instructions[i] > 0 &&
				   predicted_instructions[i] <= MOST_INSTRUCTIONS,
			   "each path has a prediction between 1 and 10,000,000; a rough one is "
			   "better "
			   "than none",
			   "%s has %u", names[i], predicted_instructions[i]);
		different = different || predicted_instructions[i] != predicted_instructions[0];
	}
	LAB_EXPECT(different, "the five paths do different things, and so cost differently",
		   "all have %u", predicted_instructions[0]);
}

static void check_syscalls(void)
{
	lab_step("look at predicted_syscalls");
	for (unsigned int i = 0; i < NPATHS; i++)
		LAB_EXPECT(predicted_syscalls[i] >= 0 && predicted_syscalls[i] <= MOST_SYSCALLS,
			   "each path has a prediction between 0 and 1,000", "%s has %d", names[i],
			   predicted_syscalls[i]);
}

static void check_reasons(void)
{
	lab_step("look at predicted_reasons");
	for (unsigned int i = 0; i < NPATHS; i++) {
		const char *reason = predicted_reasons[i];

		LAB_EXPECT(reason && strlen(reason) >= SHORTEST_REASON,
			   "each path has a reason of 20 characters or more", "%s has '%s'",
			   names[i], reason ? reason : "");
		for (unsigned int j = 0; j < i; j++)
			LAB_EXPECT(strcmp(reason, predicted_reasons[j]) != 0,
				   "each path has a reason of its own", "%s has that of %s",
				   names[i], names[j]);
	}
}

static void shell(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void shell(const char *what, const char *format, ...)
{
	char command[4000];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	lab_step("%s", what);
	fflush(stdout);
	status = system(command);
	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status))
		lab_broken(
			"%s: that ended with status %d; the words above it in the log say what is "
			"missing, or do: make labs",
			what, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* The median of quantity @name in @group, or -1. */
static double median(const json_t *summary, const char *group, const char *name)
{
	const json_t *value = json_object_get(json_object_get(summary, group), name);
	const json_t *number = json_object_get(value, "median");

	return json_is_number(number) ? json_number_value(number) : -1;
}

/* 1234567 as 1,234,567. */
static void group_digits(char text[DIGITS], unsigned int number)
{
	if (number >= 1000000)
		snprintf(text, DIGITS, "%u,%03u,%03u", number / 1000000, number / 1000 % 1000,
			 number % 1000);
	else if (number >= 1000)
		snprintf(text, DIGITS, "%u,%03u", number / 1000, number % 1000);
	else
		snprintf(text, DIGITS, "%u", number);
}

/* The last pass over the file: of a mapping the one that finds its pages there. */
static const json_t *last_pass(const json_t *run, const char *path)
{
	const json_t *cells = json_object_get(run, "cells"), *cell, *passes;
	size_t i;

	json_array_foreach(cells, i, cell)
	{
		const char *name = json_string_value(json_object_get(cell, "path"));

		passes = json_object_get(cell, "summary");
		if (name && strcmp(name, path) == 0 && json_array_size(passes))
			return json_array_get(passes, json_array_size(passes) - 1);
	}
	lab_broken("%s was not measured; the words above in the log say why", path);
}

/* Predictions are seldom right; which of two paths is the cheaper one may be. */
static void print_order(const double measured[NPATHS])
{
	unsigned int right = 0, all = 0;

	for (unsigned int i = 0; i < NPATHS; i++) {
		for (unsigned int j = 0; j < i; j++) {
			all++;
			right += (predicted_instructions[i] < predicted_instructions[j]) ==
				 (measured[i] < measured[j]);
		}
	}
	lab_tell("%u of %u pairs of paths are in the order that you predicted", right, all);
}

static void compare(const char *file)
{
	double measured[NPATHS];
	json_error_t error;
	json_t *run = json_load_file(file, 0, &error);

	if (!run)
		lab_broken("%s can't be read: %s", file, error.text);
	lab_tell("               instructions per read   system calls per read");
	lab_tell("path           predicted  measured  predicted measured    predicted is");
	for (unsigned int i = 0; i < NPATHS; i++) {
		const json_t *summary = last_pass(run, names[i]);
		double syscalls = median(summary, "per_1000_ios", "syscalls"), ratio;
		char predicted[DIGITS], counted[DIGITS], off[DIGITS];
		bool high;

		measured[i] = median(summary, "per_io", "rank_insn");
		if (measured[i] <= 0 || syscalls < 0)
			lab_broken("%s has no figures in %s", names[i], file);
		high = predicted_instructions[i] >= measured[i];
		ratio = predicted_instructions[i] / measured[i];
		group_digits(predicted, predicted_instructions[i]);
		group_digits(counted, (unsigned int)(measured[i] + 0.5));
		ratio = high ? ratio : 1 / ratio;
		if (ratio < 1000)
			snprintf(off, sizeof(off), "%.1f", ratio);
		else
			group_digits(off, (unsigned int)(ratio + 0.5));
		/* With the six columns that it is indented by, the row fits 80. */
		lab_tell("%-12s  %10s %9s  %9d %8.2f  %6s x too %s", names[i], predicted, counted,
			 predicted_syscalls[i], syscalls / 1000, off, high ? "high" : "low");
	}
	print_order(measured);
	json_decref(run);
}

/* Where a teacher has work tried that others have handed in; vm/guest/setup gives the name. */
static bool inside_testbed(void)
{
	char name[64] = "";

	return gethostname(name, sizeof(name) - 1) == 0 && strcmp(name, "testbed") == 0;
}

static void check_tour(void)
{
	char folder[1000], root[1000], file[1100];
	struct utsname computer;

	check_numbers();
	check_syscalls();
	if (inside_testbed()) {
		printf("not measured: the testbed has no testbed of its own\n");
		return;
	}
	if (uname(&computer) == 0 && strcmp(computer.machine, "x86_64") != 0)
		lab_broken("the tour is measured in the testbed, which an x86-64 computer is "
			   "needed for; the other checks of this lab run here");
	lab_find_folders(__FILE__, folder, root, sizeof(folder));
	shell("bypass probe", "'%s/build/bypass' probe", root);
	shell("bypass run labs/00-tour/tour.ini --testbed",
	      "'%s/build/bypass' run '%s/labs/00-tour/tour.ini' --testbed --results='%s/results' "
	      "--export-json='%s/tour.json'",
	      root, root, folder, folder);
	snprintf(file, sizeof(file), "%s/tour.json", folder);
	compare(file);
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"numbers", check_numbers},
		{"syscalls", check_syscalls},
		{"reasons", check_reasons},
		{"tour", check_tour},
		{NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
