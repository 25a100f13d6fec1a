// SPDX-License-Identifier: GPL-2.0
/*
 * Which blocks and inodes are free. Both bitmaps are in memory from mount to unmount, and only a
 * clean unmount writes them: after a crash fsck.pathfs makes them anew from the inodes.
 */
#include <linux/bitmap.h>
#include "pathfs.h"

/* The free blocks from `block` on, at most `want`. */
static u32 free_run_at(const struct pathfs_sb_info *sbi, u32 block, u32 want)
{
	u64 end = min_t(u64, (u64)block + want, le32_to_cpu(sbi->super->nblocks));

	return find_next_bit(sbi->block_map, end, block) - block;
}

/* A whole free 2 MiB, or as many of them in a row as `want` fills, if there is such a place. */
static u32 find_huge(const struct pathfs_sb_info *sbi, u32 want)
{
	u32 nblocks = le32_to_cpu(sbi->super->nblocks);
	u32 start = le32_to_cpu(sbi->super->data_start);
	u64 length = roundup((u64)want, PATHFS_HUGE_BLOCKS);
	unsigned long block;

	if (length <= sbi->free_blocks) {
		block = bitmap_find_next_zero_area(sbi->block_map, nblocks, start, length,
						   PATHFS_HUGE_BLOCKS - 1);
		if (block < nblocks)
			return block;
	}
	block = bitmap_find_next_zero_area(sbi->block_map, nblocks, start, PATHFS_HUGE_BLOCKS,
					   PATHFS_HUGE_BLOCKS - 1);
	return block < nblocks ? block : 0;
}

/* The next free block after the last search, around the end if need be. */
static u32 find_any(struct pathfs_sb_info *sbi)
{
	u32 nblocks = le32_to_cpu(sbi->super->nblocks);
	unsigned long block = find_next_zero_bit(sbi->block_map, nblocks, sbi->block_hint);

	if (block >= nblocks)
		block = find_next_zero_bit(sbi->block_map, nblocks,
					   le32_to_cpu(sbi->super->data_start));
	return block < nblocks ? block : 0;
}

/*
 * Finds 1 to `want` blocks that lie in a row: at `goal` (0: none) if that is free; else
 * `huge_offset` blocks into a free, aligned 2 MiB, so that one PMD can map them; else anywhere.
 * Block 0 is the superblock's, so that 0 can mean "none".
 */
int pathfs_alloc_blocks(struct pathfs_sb_info *sbi, u32 goal, u32 huge_offset, u32 want,
			struct pathfs_run *run)
{
	u32 block = 0;

	want = min(want, le32_to_cpu(sbi->super->nblocks));
	mutex_lock(&sbi->alloc_lock);
	if (goal && goal < le32_to_cpu(sbi->super->nblocks) && !test_bit(goal, sbi->block_map))
		block = goal;
	if (!block && huge_offset < PATHFS_HUGE_BLOCKS) {
		block = find_huge(sbi, huge_offset + want);
		if (block)
			block += huge_offset;
	}
	if (!block) {
		block = find_any(sbi);
		sbi->block_hint = block;
	}
	if (!block) {
		mutex_unlock(&sbi->alloc_lock);
		return -ENOSPC;
	}
	run->block = block;
	run->length = free_run_at(sbi, block, want);
	bitmap_set(sbi->block_map, block, run->length);
	bitmap_set(sbi->owned_map, block, run->length);
	sbi->free_blocks -= run->length;
	mutex_unlock(&sbi->alloc_lock);
	return 0;
}

void pathfs_free_blocks(struct pathfs_sb_info *sbi, u32 block, u32 length)
{
	u64 end = (u64)block + length;

	mutex_lock(&sbi->alloc_lock);
	if (find_next_zero_bit(sbi->block_map, end, block) < end) {
		/* Two files had it. Nobody gets it until fsck has looked. */
		mutex_unlock(&sbi->alloc_lock);
		pathfs_damaged(sbi->sb, "blocks %u to %llu were freed twice", block, end - 1);
		return;
	}
	bitmap_clear(sbi->block_map, block, length);
	bitmap_clear(sbi->owned_map, block, length);
	sbi->free_blocks += length;
	mutex_unlock(&sbi->alloc_lock);
}

/*
 * An inode is loaded that has these blocks. False if another one in memory has one of them, too, or
 * if one counts as free: with DAX both would map the same page, which the kernel can't have.
 */
bool pathfs_own_blocks(struct pathfs_sb_info *sbi, u32 block, u32 length)
{
	u64 end = (u64)block + length;
	bool sound;

	mutex_lock(&sbi->alloc_lock);
	sound = find_next_bit(sbi->owned_map, end, block) >= end &&
		(!sbi->block_map || find_next_zero_bit(sbi->block_map, end, block) >= end);
	if (sound)
		bitmap_set(sbi->owned_map, block, length);
	mutex_unlock(&sbi->alloc_lock);
	return sound;
}

/* The inode is no longer in memory. */
void pathfs_disown_blocks(struct pathfs_sb_info *sbi, u32 block, u32 length)
{
	mutex_lock(&sbi->alloc_lock);
	bitmap_clear(sbi->owned_map, block, length);
	mutex_unlock(&sbi->alloc_lock);
}

/* Returns 0 if there is none. */
u32 pathfs_alloc_ino(struct pathfs_sb_info *sbi)
{
	u32 ninodes = le32_to_cpu(sbi->super->ninodes);
	unsigned long bit;

	mutex_lock(&sbi->alloc_lock);
	bit = find_next_zero_bit(sbi->inode_map, ninodes, sbi->inode_hint);
	if (bit >= ninodes)
		bit = find_next_zero_bit(sbi->inode_map, ninodes, PATHFS_FIRST_INO - 1);
	if (bit >= ninodes) {
		mutex_unlock(&sbi->alloc_lock);
		return 0;
	}
	__set_bit(bit, sbi->inode_map);
	sbi->inode_hint = bit + 1;
	sbi->free_inodes--;
	mutex_unlock(&sbi->alloc_lock);
	return bit + 1;
}

void pathfs_free_ino(struct pathfs_sb_info *sbi, u32 ino)
{
	mutex_lock(&sbi->alloc_lock);
	if (__test_and_clear_bit(ino - 1, sbi->inode_map))
		sbi->free_inodes++;
	mutex_unlock(&sbi->alloc_lock);
}
