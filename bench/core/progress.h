/* SPDX-License-Identifier: MIT */
/* How far a run is: a bar with the time left on a terminal, plain lines elsewhere, on stderr. */
#ifndef BYPASS_PROGRESS_H
#define BYPASS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool terminal;
	char label[48];
	size_t done, total;
	uint64_t start_ns, shown_ns;
	unsigned int shown_percent;
};

void progress_start(struct progress *p, const char *label, size_t total);
/* One more of the total is done; @what is what comes next (shown on a terminal). */
void progress_step(struct progress *p, const char *what);
/* Removes the bar. */
void progress_end(struct progress *p);

#endif
