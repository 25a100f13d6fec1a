/* SPDX-License-Identifier: MIT */
#ifndef VM_SIZE_H
#define VM_SIZE_H

#include <stdint.h>

/*
 * vm_parse_size() - bytes from a number with an optional suffix k, M, G, T (powers of 1024, either
 * case, optionally followed by "iB" or "B"). Returns 0; -EINVAL for anything else; -ERANGE for more
 * than an int64_t holds.
 */
int vm_parse_size(const char *text, uint64_t *nbytes);

/* vm_parse_number() - a decimal number within the limits: 0, -EINVAL or -ERANGE. */
int vm_parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *number);

#endif
