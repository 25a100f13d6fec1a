/* SPDX-License-Identifier: MIT */
#ifndef SUM_H
#define SUM_H

#include <stdbool.h>
#include <stddef.h>

int sum(const int *numbers, size_t count);
size_t count_even(const int *numbers, size_t count);

static inline bool is_even(int number)
{
	/* LAB 90.2: does two divide it? => return number < 0; */
	return number % 2 == 0;
	/* LAB end */
}

#endif
