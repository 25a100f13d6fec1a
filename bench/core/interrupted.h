/* SPDX-License-Identifier: MIT */
/*
 * The one signal flag. The first SIGINT, SIGTERM or SIGHUP asks everything to come to an orderly
 * end (a valid run.json marked partial); the second one ends the process at once.
 */
#ifndef BYPASS_INTERRUPTED_H
#define BYPASS_INTERRUPTED_H

#include <signal.h>
#include <stdbool.h>

extern volatile sig_atomic_t interrupted_signal; /* 0 until one came */

void interrupted_catch(void);
/* A folder that the second signal removes if it is still empty; NULL or a string that stays. */
void interrupted_remove_if_empty(const char *folder);

static inline bool interrupted(void)
{
	return interrupted_signal != 0;
}

#endif
