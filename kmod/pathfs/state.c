// SPDX-License-Identifier: GPL-2.0
/*
 * Clean or not: what a mount for writing begins with and an unmount ends with. In between the
 * bitmaps are in memory only, and the state on the medium says so.
 */
#include <linux/bitmap.h>
#include <linux/fs_context.h>
#include "pathfs.h"

static void *load_bitmap(struct super_block *sb, u32 block, u32 nbits, u32 *crc)
{
	u32 nblocks = DIV_ROUND_UP(nbits, PATHFS_BITS_PER_BLOCK);
	void *bitmap = kvmalloc_array(nblocks, PATHFS_BLOCK_SIZE, GFP_KERNEL);
	struct buffer_head *bh;

	if (!bitmap)
		return ERR_PTR(-ENOMEM);
	for (u32 i = 0; i < nblocks; i++) {
		bh = sb_bread(sb, block + i);
		if (!bh) {
			kvfree(bitmap);
			return ERR_PTR(-EIO);
		}
		memcpy(bitmap + (size_t)i * PATHFS_BLOCK_SIZE, bh->b_data, PATHFS_BLOCK_SIZE);
		brelse(bh);
	}
	*crc = pathfs_crc(bitmap, (size_t)nblocks * PATHFS_BLOCK_SIZE);
	return bitmap;
}

static int store_bitmap(struct super_block *sb, u32 block, u32 nbits, const void *bitmap,
			__le32 *crc)
{
	u32 nblocks = DIV_ROUND_UP(nbits, PATHFS_BITS_PER_BLOCK);
	int err = 0;

	for (u32 i = 0; i < nblocks && !err; i++) {
		struct buffer_head *bh = sb_getblk(sb, block + i);

		if (!bh)
			return -ENOMEM;
		lock_buffer(bh);
		memcpy(bh->b_data, bitmap + (size_t)i * PATHFS_BLOCK_SIZE, PATHFS_BLOCK_SIZE);
		err = pathfs_write_block(bh, 0);
		brelse(bh);
	}
	*crc = cpu_to_le32(pathfs_crc(bitmap, (size_t)nblocks * PATHFS_BLOCK_SIZE));
	return err;
}

static bool state_is_clean(const struct pathfs_sb_info *sbi)
{
	return le32_to_cpu(sbi->state->crc) == pathfs_struct_crc(sbi->state, sizeof(*sbi->state)) &&
	       le32_to_cpu(sbi->state->clean) == 1;
}

static int write_state(struct pathfs_sb_info *sbi, const struct pathfs_state *state)
{
	lock_buffer(sbi->super_bh);
	*sbi->state = *state;
	sbi->state->crc = cpu_to_le32(pathfs_struct_crc(sbi->state, sizeof(*sbi->state)));
	return pathfs_write_block(sbi->super_bh, PATHFS_DURABLE);
}

/* Both bitmaps into memory; they can be believed only if the last unmount wrote them. */
static int load_bitmaps(struct pathfs_sb_info *sbi, struct fs_context *fc)
{
	const struct pathfs_super *super = sbi->super;
	u32 nblocks = le32_to_cpu(super->nblocks);
	u32 ninodes = le32_to_cpu(super->ninodes);
	u32 block_crc, inode_crc;
	void *map;

	map = load_bitmap(sbi->sb, le32_to_cpu(super->block_bitmap), nblocks, &block_crc);
	if (IS_ERR(map))
		return PTR_ERR(map);
	sbi->block_map = map;
	map = load_bitmap(sbi->sb, le32_to_cpu(super->inode_bitmap), ninodes, &inode_crc);
	if (IS_ERR(map))
		return PTR_ERR(map);
	sbi->inode_map = map;
	if (block_crc != le32_to_cpu(sbi->state->block_bitmap_crc) ||
	    inode_crc != le32_to_cpu(sbi->state->inode_bitmap_crc)) {
		errorf(fc, "pathfs: the bitmaps are damaged; run fsck.pathfs");
		return -EFSCORRUPTED;
	}
	/* The root has been loaded before, and on a remount many others have. */
	if (!bitmap_subset(sbi->owned_map, sbi->block_map, nblocks)) {
		errorf(fc,
		       "pathfs: the block bitmap lacks blocks that are in use; run fsck.pathfs");
		return -EFSCORRUPTED;
	}
	sbi->block_hint = le32_to_cpu(super->data_start);
	bitmap_set(sbi->block_map, 0, sbi->block_hint);
	sbi->free_blocks = nblocks - bitmap_weight(sbi->block_map, nblocks);
	bitmap_set(sbi->inode_map, 0, PATHFS_FIRST_INO - 1);
	sbi->inode_hint = PATHFS_FIRST_INO - 1;
	sbi->free_inodes = ninodes - bitmap_weight(sbi->inode_map, ninodes);
	return 0;
}

/* From here on, until pathfs_end_writing, the bitmaps on the medium are stale. */
int pathfs_begin_writing(struct pathfs_sb_info *sbi, struct fs_context *fc)
{
	struct pathfs_state state = {};
	int err;

	if (!state_is_clean(sbi)) {
		errorf(fc, "pathfs: it was not unmounted; run fsck.pathfs, or mount it read-only");
		return -EFSCORRUPTED;
	}
	if (bdev_read_only(sbi->sb->s_bdev)) {
		errorf(fc, "pathfs: the device is read-only; mount it with -o ro");
		return -EROFS;
	}
	err = load_bitmaps(sbi, fc);
	return err ? err : write_state(sbi, &state);
}

/* The bitmaps first, then the word that they hold. */
int pathfs_end_writing(struct pathfs_sb_info *sbi)
{
	const struct pathfs_super *super = sbi->super;
	struct pathfs_state state = {
		.clean = cpu_to_le32(1),
		.free_blocks = cpu_to_le32(sbi->free_blocks),
		.free_inodes = cpu_to_le32(sbi->free_inodes),
	};
	int err;

	if (sbi->damaged)
		return 0;
	err = store_bitmap(sbi->sb, le32_to_cpu(super->block_bitmap), le32_to_cpu(super->nblocks),
			   sbi->block_map, &state.block_bitmap_crc);
	if (!err)
		err = store_bitmap(sbi->sb, le32_to_cpu(super->inode_bitmap),
				   le32_to_cpu(super->ninodes), sbi->inode_map,
				   &state.inode_bitmap_crc);
	return err ? err : write_state(sbi, &state);
}

void pathfs_free_bitmaps(struct pathfs_sb_info *sbi)
{
	kvfree(sbi->block_map);
	kvfree(sbi->inode_map);
	sbi->block_map = NULL;
	sbi->inode_map = NULL;
}
