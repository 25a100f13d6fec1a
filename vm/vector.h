/* SPDX-License-Identifier: MIT */
/* A growing, NULL-terminated vector of strings: argument lists and environments. */
#ifndef VM_VECTOR_H
#define VM_VECTOR_H

#include <stddef.h>

struct vm_vector {
	char **items; /* NULL-terminated once something was added */
	size_t count;
};

/* Adds one formatted string. Running out of memory here ends the process with a message. */
__attribute__((format(printf, 2, 3))) void vm_vector_add(struct vm_vector *vector,
							 const char *format, ...);
void vm_vector_free(struct vm_vector *vector);

#endif
