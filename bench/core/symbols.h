/* SPDX-License-Identifier: MIT */
/*
 * Names of functions by address: the kernel's (/proc/kallsyms) and this process's own (the symbol
 * tables of the files that are mapped in it, read by libelf).
 */
#ifndef BYPASS_SYMBOLS_H
#define BYPASS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct symbols;

/* Owned by the struct symbols. */
struct symbol {
	const char *name;  /* without what a compiler adds: no ".isra.0", ".cold" */
	const char *where; /* "kernel", a module's name, "bypass", "libc.so.6", "[vdso]" */
};

/*
 * Reads them as they are now. -EPERM if the kernel hides its addresses, with what to do; -ENOENT
 * and others with a sentence. Files that can't be read give no names.
 */
int symbols_load(struct symbols **symbols, struct error *e);
/* The same of a text like /proc/kallsyms, and no process. Lines that aren't symbols are left out.
 */
struct symbols *symbols_of_kernel(const char *kallsyms);
void symbols_free(struct symbols *symbols);
/*
 * The function that @address is in. What has no symbol is "?" in its file, or "?" in "?".
 */
struct symbol symbols_find(const struct symbols *symbols, uint64_t address);

#endif
