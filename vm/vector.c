// SPDX-License-Identifier: MIT
#include "vm/vector.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noreturn)) static void out_of_memory(void)
{
	fprintf(stderr, "vm: out of memory\n");
	exit(125);
}

void vm_vector_add(struct vm_vector *vector, const char *format, ...)
{
	char **items = realloc(vector->items, (vector->count + 2) * sizeof(*items));
	va_list arguments;
	char *item;

	if (!items)
		out_of_memory();
	vector->items = items;
	va_start(arguments, format);
	if (vasprintf(&item, format, arguments) < 0)
		out_of_memory();
	va_end(arguments);
	vector->items[vector->count++] = item;
	vector->items[vector->count] = NULL;
}

void vm_vector_free(struct vm_vector *vector)
{
	for (size_t i = 0; i < vector->count; i++)
		free(vector->items[i]);
	free(vector->items);
	vector->items = NULL;
	vector->count = 0;
}
