// SPDX-License-Identifier: MIT
#include "core/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void memory_exhausted(void)
{
	fputs("bypass: out of memory; end other programs or run fewer cells\n", stderr);
	exit(1);
}

void *memory_zeroed(size_t count, size_t size)
{
	/* calloc(0) may return NULL, which would look like exhaustion. */
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		memory_exhausted();
	return memory;
}

void *memory_append(void *array, size_t count, size_t size)
{
	char *grown = reallocarray(array, count + 1, size);

	if (!grown)
		memory_exhausted();
	memset(grown + count * size, 0, size);
	return grown;
}

char *memory_string(const char *text)
{
	char *copy;

	if (!text)
		return NULL;
	copy = strdup(text);
	if (!copy)
		memory_exhausted();
	return copy;
}

char *memory_vformat(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		memory_exhausted();
	return text;
}

FILE *memory_stream(char **text, size_t *size)
{
	FILE *stream = open_memstream(text, size);

	if (!stream)
		memory_exhausted();
	return stream;
}
