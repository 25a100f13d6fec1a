/* SPDX-License-Identifier: MIT */
/*
 * Allocation for the model of a run. A program that can't get these few kilobytes ends with one
 * sentence: nothing here could go on without them, so nobody has to check. Never used on the I/O
 * path.
 */
#ifndef BYPASS_MEMORY_H
#define BYPASS_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Ends the program with exit status 1. */
_Noreturn void memory_exhausted(void);
/* Zeroed memory for @count things of @size bytes; the caller frees it. */
void *memory_zeroed(size_t count, size_t size);
/* Returns @array, moved and grown from @count to @count + 1 elements; the new one is zeroed. */
void *memory_append(void *array, size_t count, size_t size);
/* An owned copy; NULL stays NULL. */
char *memory_string(const char *text);
/*
 * Writes into a text of its own, which is @text and the caller's once the stream is closed.
 */
FILE *memory_stream(char **text, size_t *size);
char *memory_vformat(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

#endif
