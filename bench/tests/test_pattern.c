// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/pattern.h"

#define BLOCK 4096u
#define AT    (7ull * BLOCK)

static unsigned char block[BLOCK];
static struct pattern_fault fault;

static void write_block(uint64_t offset, uint64_t generation)
{
	pattern_fill(block, sizeof(block));
	pattern_stamp_block(block, sizeof(block), offset, generation);
}

Test(pattern, block_is_right_where_it_was_written)
{
	write_block(AT, 1);
	cr_assert_eq(pattern_check(block, BLOCK, AT, 1, &fault), 0);
	cr_assert_null(fault.what);
}

Test(pattern, block_of_an_older_round_is_right_too)
{
	write_block(AT, 2);
	cr_assert_eq(pattern_check(block, BLOCK, AT, 9, &fault), 0);
}

Test(pattern, block_is_right_at_offset_zero_and_beyond_32_bits)
{
	write_block(0, 1);
	cr_assert_eq(pattern_check(block, BLOCK, 0, 1, &fault), 0);
	write_block(5ull << 40, 1);
	cr_assert_eq(pattern_check(block, BLOCK, 5ull << 40, 1, &fault), 0);
}

Test(pattern, half_a_block_can_be_checked_alone)
{
	write_block(AT, 1);
	cr_assert_eq(pattern_check(block + BLOCK / 2, BLOCK / 2, AT + BLOCK / 2, 1, &fault), 0);
}

Test(pattern, zero_block_is_told)
{
	memset(block, 0, sizeof(block));
	/* Also at the start of the file, where the offset itself is zero. */
	for (uint64_t at = 0; at <= AT; at += BLOCK) {
		cr_assert_eq(pattern_check(block, BLOCK, at, 1, &fault), -EILSEQ);
		cr_assert_eq(fault.offset, at);
		cr_assert_str_eq(fault.what, "wrong offset");
	}
}

Test(pattern, block_from_another_place_is_told)
{
	write_block(AT, 1);
	cr_assert_eq(pattern_check(block, BLOCK, AT + BLOCK, 1, &fault), -EILSEQ);
	cr_assert_eq(fault.offset, AT + BLOCK);
	cr_assert_str_eq(fault.what, "wrong offset");
}

Test(pattern, block_shifted_by_one_sector_is_told)
{
	write_block(AT, 1);
	cr_assert_eq(pattern_check(block + PATTERN_SECTOR, BLOCK - PATTERN_SECTOR, AT, 1, &fault),
		     -EILSEQ);
	cr_assert_eq(fault.offset, AT);
	cr_assert_str_eq(fault.what, "wrong offset");
}

Test(pattern, every_flipped_byte_is_told_with_its_sector)
{
	for (unsigned int i = 0; i < BLOCK; i++) {
		write_block(AT, 1);
		block[i] ^= 0x10;
		cr_assert_eq(pattern_check(block, BLOCK, AT, 1, &fault), -EILSEQ, "byte %u", i);
		cr_assert_eq(fault.offset, AT + i / PATTERN_SECTOR * PATTERN_SECTOR);
		if (i % PATTERN_SECTOR >= sizeof(struct pattern_stamp))
			cr_assert_str_eq(fault.what, "damaged bytes");
	}
}

Test(pattern, generation_that_was_never_written_is_told)
{
	write_block(AT, 4);
	cr_assert_eq(pattern_check(block, BLOCK, AT, 3, &fault), -EILSEQ);
	cr_assert_str_eq(fault.what, "wrong generation");
	write_block(AT, 0);
	cr_assert_eq(pattern_check(block, BLOCK, AT, 3, &fault), -EILSEQ);
	cr_assert_str_eq(fault.what, "wrong generation");
}

Test(pattern, first_wrong_sector_of_several_is_named)
{
	write_block(AT, 1);
	block[3 * PATTERN_SECTOR + 100] ^= 1;
	memset(block + 5 * PATTERN_SECTOR, 0, PATTERN_SECTOR);
	cr_assert_eq(pattern_check(block, BLOCK, AT, 1, &fault), -EILSEQ);
	cr_assert_eq(fault.offset, AT + 3 * PATTERN_SECTOR);
	cr_assert_str_eq(fault.what, "damaged bytes");
}

Test(pattern, stamping_changes_nothing_but_the_stamps)
{
	unsigned char before[BLOCK];

	write_block(AT, 1);
	memcpy(before, block, sizeof(before));
	pattern_stamp_block(block, BLOCK, AT + BLOCK, 2);
	for (unsigned int i = 0; i < BLOCK; i++) {
		if (i % PATTERN_SECTOR >= sizeof(struct pattern_stamp))
			cr_assert_eq(block[i], before[i]);
	}
	cr_assert_eq(pattern_check(block, BLOCK, AT + BLOCK, 2, &fault), 0);
}
