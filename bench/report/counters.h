/* SPDX-License-Identifier: MIT */
/* What one I/O costs in events: of the processor, of the kernel, of the device, of the machine. */
#ifndef BYPASS_REPORT_COUNTERS_H
#define BYPASS_REPORT_COUNTERS_H

#include <stdio.h>

#include "core/run.h"

/*
 * A line for each measured cell and pass, in tables by who was counted: the processor, the threads
 * and their device, the whole machine. A counter that no cell has is named below, once, with the
 * reason.
 */
void report_counters(FILE *out, const struct run *run);

#endif
