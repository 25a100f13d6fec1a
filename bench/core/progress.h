/* SPDX-License-Identifier: MIT */
/*
 * How far a run is: a bar with the time left on a terminal, plain lines elsewhere, on stderr. Where
 * the clock counts instructions no time is said: it would not be the reader's.
 */
#ifndef BYPASS_PROGRESS_H
#define BYPASS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool terminal, timed;
	char label[48];
	size_t done, total;
	uint64_t start_ns, shown_ns;
	unsigned int shown_percent;
};

/* @unit: what there are @total of, one of them. @timed: clock_raw_ns() is time here. */
void progress_start(struct progress *p, const char *label, const char *unit, size_t total,
		    bool timed);
/* One more of the total is done; @what is what comes next (shown on a terminal). */
void progress_step(struct progress *p, const char *what);
/* Removes the bar. */
void progress_end(struct progress *p);

#endif
