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

/* If it fails, the state in memory is the old one, and the medium may have either. */
static int write_state(struct pathfs_sb_info *sbi, const struct pathfs_state *state)
{
	const struct pathfs_state old = *sbi->state;
	int err;

	lock_buffer(sbi->super_bh);
	*sbi->state = *state;
	sbi->state->crc = cpu_to_le32(pathfs_struct_crc(sbi->state, sizeof(*sbi->state)));
	memcpy(sbi->super_bh->b_data, sbi->super, PATHFS_BLOCK_SIZE);
	err = pathfs_write_block(sbi->super_bh, PATHFS_DURABLE);
	if (err)
		*sbi->state = old;
	return err;
}

/* Both bitmaps count from now on, unless they lack what is in use. Frees them if they do. */
static int use_bitmaps(struct pathfs_sb_info *sbi, unsigned long *block_map,
		       unsigned long *inode_map)
{
	u32 nblocks = le32_to_cpu(sbi->super->nblocks);
	u32 ninodes = le32_to_cpu(sbi->super->ninodes);
	u32 data_start = le32_to_cpu(sbi->super->data_start);

	mutex_lock(&sbi->alloc_lock);
	/* The root has been loaded before, and on a remount many others have, and go on to be. */
	if (!bitmap_subset(sbi->owned_map, block_map, nblocks)) {
		mutex_unlock(&sbi->alloc_lock);
		kvfree(block_map);
		kvfree(inode_map);
		return -EFSCORRUPTED;
	}
	bitmap_set(block_map, 0, data_start);
	sbi->block_map = block_map;
	sbi->block_hint = data_start;
	sbi->free_blocks = nblocks - bitmap_weight(block_map, nblocks);
	bitmap_set(inode_map, 0, PATHFS_FIRST_INO - 1);
	sbi->inode_map = inode_map;
	sbi->inode_hint = PATHFS_FIRST_INO - 1;
	sbi->free_inodes = ninodes - bitmap_weight(inode_map, ninodes);
	mutex_unlock(&sbi->alloc_lock);
	return 0;
}

/* Both bitmaps into memory; they can be believed only if the last unmount wrote them. */
static int load_bitmaps(struct pathfs_sb_info *sbi, struct fs_context *fc)
{
	const struct pathfs_super *super = sbi->super;
	u32 block_crc, inode_crc;
	void *block_map, *inode_map;
	int err;

	block_map = load_bitmap(sbi->sb, le32_to_cpu(super->block_bitmap),
				le32_to_cpu(super->nblocks), &block_crc);
	if (IS_ERR(block_map))
		return PTR_ERR(block_map);
	inode_map = load_bitmap(sbi->sb, le32_to_cpu(super->inode_bitmap),
				le32_to_cpu(super->ninodes), &inode_crc);
	if (IS_ERR(inode_map)) {
		kvfree(block_map);
		return PTR_ERR(inode_map);
	}
	if (block_crc != le32_to_cpu(sbi->state->block_bitmap_crc) ||
	    inode_crc != le32_to_cpu(sbi->state->inode_bitmap_crc)) {
		kvfree(block_map);
		kvfree(inode_map);
		errorf(fc, "pathfs: the bitmaps are damaged; run fsck.pathfs");
		return -EFSCORRUPTED;
	}
	err = use_bitmaps(sbi, block_map, inode_map);
	if (err)
		errorf(fc,
		       "pathfs: the block bitmap lacks blocks that are in use; run fsck.pathfs");
	return err;
}

/*
 * From here on, until pathfs_end_writing, the bitmaps on the medium are stale. If it fails, all is
 * as before: mounted read-only, without bitmaps.
 */
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
	if (err)
		return err;
	err = write_state(sbi, &state);
	if (err) {
		errorf(fc, "pathfs: the device refuses writes; mount it with -o ro");
		pathfs_free_bitmaps(sbi);
	}
	return err;
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

/* Inodes are loaded meanwhile, and look whether there are bitmaps. */
void pathfs_free_bitmaps(struct pathfs_sb_info *sbi)
{
	unsigned long *block_map, *inode_map;

	mutex_lock(&sbi->alloc_lock);
	block_map = sbi->block_map;
	inode_map = sbi->inode_map;
	sbi->block_map = NULL;
	sbi->inode_map = NULL;
	mutex_unlock(&sbi->alloc_lock);
	kvfree(block_map);
	kvfree(inode_map);
}
