/* SPDX-License-Identifier: MIT */
/*
 * A repetition that another program does and reports (paths with PATH_TOOL): the cache is prepared
 * and the kernel's counters are read here as for every path, the operations and their times are the
 * tool's. What it says of itself is no evidence; what the kernel counted meanwhile is.
 */
#ifndef BYPASS_TOOL_H
#define BYPASS_TOOL_H

#include "core/evidence.h"
#include "core/repetition.h"

struct tool_report {
	char version[64]; /* "fio-3.33" */
	uint64_t writes;
	uint64_t latencies;                     /* operations in the histogram */
	uint64_t storage_read, storage_written; /* bytes, of the tool's whole life */
};

/* Runs the tool once. 0, -EINTR, or what went wrong with a sentence. */
int tool_repetition(const struct repetition_context *c, struct pass_result *result,
		    struct tool_report *report, struct error *e);

/* evidence_tool.c: what can be said of the pass around which @facts were observed. */
void evidence_tool(struct cell *cell, const struct path_ops *ops, const struct target *t,
		   const struct pass_facts *facts, const struct pass_result *result,
		   const struct tool_report *report);
/* What can't: nothing of a witness is known of another program. */
void evidence_tool_witness(struct cell *cell);

#endif
