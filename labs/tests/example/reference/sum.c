// SPDX-License-Identifier: MIT
#include "sum.h"

int sum(const int *numbers, size_t count)
{
	int total = 0;

	/* LAB 90.1: add them up => */
	for (size_t i = 0; i < count; i++)
		total += numbers[i];
	/* LAB end */
	return total;
}

/* Uses what the header has, so that a student's header must be the one that is found. */
size_t count_even(const int *numbers, size_t count)
{
	size_t even = 0;

	for (size_t i = 0; i < count; i++)
		even += is_even(numbers[i]);
	return even;
}
