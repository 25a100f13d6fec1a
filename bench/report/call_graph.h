/* SPDX-License-Identifier: MIT */
/*
 * What the kernel calls for one operation of a cell, as recorded once and kept in docs/call-graphs.
 */
#ifndef BYPASS_REPORT_CALL_GRAPH_H
#define BYPASS_REPORT_CALL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/run.h"

#define CALL_GRAPH_NAME_MAX 64

/*
 * "6.1/xfs-dax-read": the graph of what @cell did. False where none was recorded of this kernel,
 * file system, medium and operation: the graph of another would be a wrong answer.
 */
bool call_graph_name(const struct run *run, const struct cell *cell,
		     char name[CALL_GRAPH_NAME_MAX]);
/* The graph itself; malloc'd. NULL if there is no such file beside the program, or no memory. */
char *call_graph_read(const char *name);

#endif
