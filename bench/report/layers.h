/* SPDX-License-Identifier: MIT */
/*
 * To which part of the machine a function belongs, told by its name and by the module it is in: a
 * count of hundreds of functions, as a dozen layers that a person can look at.
 */
#ifndef BYPASS_REPORT_LAYERS_H
#define BYPASS_REPORT_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/functions.h"
#include "core/run.h"

/* From the caller down to the device; then what the kernel does beside it. */
enum layer {
	LAYER_PROGRAM, /* the program itself, its libraries, our driver */
	LAYER_ENTRY,
	LAYER_VFS,
	LAYER_URING,
	LAYER_MEMORY, /* page cache, faults, the caller's pages, copying */
	LAYER_FILE_SYSTEM,
	LAYER_IOMAP, /* and DAX */
	LAYER_BLOCK,
	LAYER_DRIVER,
	LAYER_INTERRUPT,
	LAYER_SCHEDULER,
	LAYER_IDLE, /* around the halt of a processor that waits */
	LAYER_OTHER,
	NLAYERS,
};

/* Of function @name in @where: "kernel", a module, a program or a library. */
enum layer layer_of(const char *name, const char *where);
const char *layer_name(enum layer layer);
/* "#rrggbb", light: black letters stand on it. The same in every picture. */
const char *layer_colour(enum layer layer);
/* Instructions per 1000 I/Os in each layer. */
void layers_sum(const struct function_counts *counts, uint64_t sum[NLAYERS]);

/*
 * What was counted for pass @pass beside the figure that the cell has: work + irq + copy, since
 * who counts functions can't tell which of their instructions copy. False if there is no figure, or
 * nothing was counted.
 */
struct functions_check {
	uint64_t counted; /* per I/O, without what the idle processor does */
	uint64_t figure;
	uint32_t off_ppm; /* of the figure */
};
bool functions_check(const struct cell *cell, unsigned int pass, struct functions_check *check);

#endif
