// SPDX-License-Identifier: MIT
#include "engine/check.h"
#include "sum.h"

static const int numbers[] = {3, 8, -2, 11};

static void check_sum(void)
{
	const int total = sum(numbers, 4);

	lab_step("added 3, 8, -2 and 11");
	LAB_EXPECT(total == 20, "The sum of 3, 8, -2 and 11 is 20.", "It was %d.", total);
}

static void check_even(void)
{
	const size_t here = is_even(8) + is_even(3), there = count_even(numbers, 4);

	lab_step("asked of 8 and 3 here, and of 3, 8, -2 and 11 in sum.c");
	LAB_EXPECT(here == 1 && there == 2, "Here one is even, there two are.",
		   "Here %zu were, there %zu.", here, there);
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"sum", check_sum}, {"even", check_even}, {NULL, NULL}};

	return lab_main(argc, argv, checks);
}
