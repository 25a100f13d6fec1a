/* SPDX-License-Identifier: MIT */
/* For test programs that run in the testbed, one after the other and without a framework. */
#ifndef VFIO_CHECK_H
#define VFIO_CHECK_H

#include <stdbool.h>
#include <stdio.h>

struct checks {
	unsigned int passed;
	unsigned int failed;
};

/* Counts and prints one check; its name is the sentence that must hold. */
static inline bool check(struct checks *checks, bool holds, const char *sentence)
{
	printf("%-7s %s\n", holds ? "ok" : "FAILED", sentence);
	fflush(stdout);
	if (holds)
		checks->passed++;
	else
		checks->failed++;
	return holds;
}

/* Prints the sum; gives the exit status. */
static inline int checks_end(const struct checks *checks)
{
	printf("%u passed, %u failed\n", checks->passed, checks->failed);
	return checks->failed || !checks->passed;
}

#endif
