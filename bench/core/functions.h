/* SPDX-License-Identifier: MIT */
/*
 * Which function executed how many of an operation's instructions: the exact counts of the
 * testbed's plugin vm/plugins/instruction_counts.c, which watches between marks that the measuring
 * loop sets, with names.
 */
#ifndef BYPASS_FUNCTIONS_H
#define BYPASS_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/symbols.h"

struct function_count {
	char *name;  /* owned */
	char *where; /* owned: "kernel", a module, a program or library */
	uint64_t insn_per_1000_ios;
};

struct function_counts {
	struct function_count *list; /* owned; most instructions first */
	size_t count;
	uint64_t ios;                     /* that were counted; 0: none were */
	uint64_t insn_per_1000_ios;       /* sum over all functions */
	uint64_t clock_insn_per_1000_ios; /* what the clock says of the same operations */
};

/*
 * Reads the plugin's file into @counts, which is zeroed: instructions of operations, without those
 * of vain waiting, shared out over @ios operations. -EINVAL with a sentence for a file that isn't
 * the plugin's; @counts is then empty.
 */
int functions_read(struct function_counts *counts, const char *path, const struct symbols *symbols,
		   uint64_t ios, struct error *e);
void functions_free(struct function_counts *counts);

#endif
