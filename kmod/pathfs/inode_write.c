// SPDX-License-Identifier: GPL-2.0
/*
 * An inode onto the medium, as the rules in pathfs_format.h want it: into the slot that doesn't
 * hold the last durable copy; long lists of extents to new blocks before; blocks given back after.
 */
#include <linux/writeback.h>
#include "pathfs.h"

static void store_extent(struct pathfs_extent *extent, const struct pathfs_run *run)
{
	extent->file_block = cpu_to_le32(run->file_block);
	extent->block = cpu_to_le32(run->block);
	extent->length = cpu_to_le32(run->length);
	extent->flags = cpu_to_le32(run->flags);
}

static void fill_slot(struct inode *inode, struct pathfs_inode *slot)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct timespec64 atime = inode_get_atime(inode);
	struct timespec64 mtime = inode_get_mtime(inode);
	struct timespec64 ctime = inode_get_ctime(inode);
	u32 count = min_t(u32, pi->map.count, PATHFS_INLINE_EXTENTS);

	memset(slot, 0, sizeof(*slot));
	slot->ino = cpu_to_le32(inode->i_ino);
	slot->sequence = cpu_to_le64(pi->sequence + 1);
	slot->generation = cpu_to_le32(pi->generation);
	/* Without a link it is free: the mode says so. */
	slot->mode = cpu_to_le16(inode->i_nlink ? inode->i_mode : 0);
	slot->nlink = cpu_to_le32(inode->i_nlink);
	slot->flags = cpu_to_le32(pi->flags);
	slot->uid = cpu_to_le32(i_uid_read(inode));
	slot->gid = cpu_to_le32(i_gid_read(inode));
	slot->size = cpu_to_le64(i_size_read(inode));
	slot->atime = cpu_to_le64(atime.tv_sec);
	slot->mtime = cpu_to_le64(mtime.tv_sec);
	slot->ctime = cpu_to_le64(ctime.tv_sec);
	slot->btime = cpu_to_le64(pi->btime.tv_sec);
	slot->atime_ns = cpu_to_le32(atime.tv_nsec);
	slot->mtime_ns = cpu_to_le32(mtime.tv_nsec);
	slot->ctime_ns = cpu_to_le32(ctime.tv_nsec);
	slot->btime_ns = cpu_to_le32(pi->btime.tv_nsec);
	slot->rdev = cpu_to_le32(new_encode_dev(inode->i_rdev));
	slot->nr_extents = cpu_to_le32(pi->map.count);
	slot->extent_block = cpu_to_le32(pi->chain.count ? pi->chain.run[0].block : 0);
	for (u32 i = 0; i < count; i++)
		store_extent(&slot->extents[i], &pi->map.run[i]);
	slot->crc = cpu_to_le32(pathfs_struct_crc(slot, sizeof(*slot)));
}

static int write_extent_block(struct inode *inode, u32 block, u32 next, u32 from)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct buffer_head *bh = sb_getblk(inode->i_sb, block);
	struct pathfs_extent_block *list;
	u32 count = min_t(u32, pi->map.count - from, PATHFS_BLOCK_EXTENTS);
	int err;

	if (!bh)
		return -ENOMEM;
	lock_buffer(bh);
	list = (struct pathfs_extent_block *)bh->b_data;
	memset(list, 0, sizeof(*list));
	list->ino = cpu_to_le32(inode->i_ino);
	list->next = cpu_to_le32(next);
	list->count = cpu_to_le32(count);
	for (u32 i = 0; i < count; i++)
		store_extent(&list->extents[i], &pi->map.run[from + i]);
	list->crc = cpu_to_le32(pathfs_struct_crc(list, sizeof(*list)));
	err = pathfs_write_block(bh, 0);
	brelse(bh);
	return err;
}

/* Writes the extents that the slot has no room for to new blocks, which become pi->chain. */
static int write_chain(struct inode *inode)
{
	struct pathfs_sb_info *sbi = pathfs_sb(inode->i_sb);
	struct pathfs_inode_info *pi = pathfs_i(inode);
	u32 from = PATHFS_INLINE_EXTENTS;
	u32 nblocks = 0;
	int err = 0;

	if (pi->map.count > from)
		nblocks = DIV_ROUND_UP(pi->map.count - from, PATHFS_BLOCK_EXTENTS);
	while (pi->chain.count < nblocks && !err) {
		struct pathfs_run run = {};
		u32 goal = pi->chain.count ? pi->chain.run[pi->chain.count - 1].block + 1 : 0;

		err = pathfs_alloc_blocks(sbi, goal, PATHFS_ANYWHERE, 1, &run);
		if (!err)
			pathfs_runs_append(&pi->chain, &run);
	}
	for (u32 i = 0; i < nblocks && !err; i++, from += PATHFS_BLOCK_EXTENTS)
		err = write_extent_block(inode, pi->chain.run[i].block,
					 i + 1 < nblocks ? pi->chain.run[i + 1].block : 0, from);
	return err;
}

static int write_slot(struct inode *inode, const struct pathfs_inode *slot)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct pathfs_inode *slots;
	struct buffer_head *bh;
	int err;

	slots = pathfs_read_slots(inode->i_sb, inode->i_ino, &bh);
	if (!slots)
		return -EIO;
	lock_buffer(bh);
	slots[!pi->slot] = *slot;
	err = pathfs_write_block(bh, PATHFS_DURABLE);
	brelse(bh);
	return err;
}

/* The medium's inode no longer has the first `count` runs of pi->unmapped: they are free. */
static void release_unmapped(struct inode *inode, u32 count)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct pathfs_runs *unmapped = &pi->unmapped;

	down_write(&pi->map_lock);
	for (u32 i = 0; i < count; i++)
		pathfs_free_blocks(pathfs_sb(inode->i_sb), unmapped->run[i].block,
				   unmapped->run[i].length);
	unmapped->count -= count;
	memmove(unmapped->run, unmapped->run + count, unmapped->count * sizeof(*unmapped->run));
	up_write(&pi->map_lock);
}

/*
 * Makes the inode durable, after all data written so far: into the slot that doesn't hold the last
 * durable copy. Then the blocks that the old copy had and the new one hasn't are free.
 */
int pathfs_write_inode_now(struct inode *inode)
{
	struct pathfs_sb_info *sbi = pathfs_sb(inode->i_sb);
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct pathfs_runs old_chain = {};
	struct pathfs_inode slot;
	u32 unmapped;
	u64 version;
	bool new_chain;
	int err = 0;

	mutex_lock(&pi->write_lock);
	WRITE_ONCE(pi->writes_begun, pi->writes_begun + 1);
	down_read(&pi->map_lock);
	version = pi->map_version;
	unmapped = pi->unmapped.count;
	new_chain = pi->chain_version != version;
	if (new_chain) {
		old_chain = pi->chain;
		pi->chain = (struct pathfs_runs){};
		err = write_chain(inode);
	}
	if (!err)
		fill_slot(inode, &slot);
	up_read(&pi->map_lock);
	if (!err)
		err = write_slot(inode, &slot);
	if (err) {
		/*
		 * If the slot was written all the same, it names the new chain: then its blocks
		 * must not be used again.
		 */
		if (new_chain) {
			pathfs_runs_free(sbi, &pi->chain, err == -ENOSPC);
			pi->chain = old_chain;
		}
		goto out;
	}
	WRITE_ONCE(pi->writes_done, pi->writes_begun);
	pi->slot = !pi->slot;
	pi->sequence++;
	WRITE_ONCE(pi->durable_size, le64_to_cpu(slot.size));
	WRITE_ONCE(pi->durable_version, version);
	if (new_chain) {
		pi->chain_version = version;
		pathfs_runs_free(sbi, &old_chain, true);
	}
	if (unmapped)
		release_unmapped(inode, unmapped);
out:
	mutex_unlock(&pi->write_lock);
	if (err && err != -ENOSPC)
		pathfs_damaged(inode->i_sb, "inode %lu can't be written (%d)", inode->i_ino, err);
	return err;
}

int pathfs_write_inode(struct inode *inode, struct writeback_control *wbc)
{
	return pathfs_write_inode_now(inode);
}

static bool differs_from_medium(const struct inode *inode)
{
	const struct pathfs_inode_info *pi = pathfs_i(inode);

	return READ_ONCE(pi->map_version) != READ_ONCE(pi->durable_version) ||
	       i_size_read(inode) != READ_ONCE(pi->durable_size);
}

/* Data, then the inode if it changed; names are durable since the operation that made them. */
int pathfs_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct inode *inode = file->f_mapping->host;
	struct pathfs_inode_info *pi = pathfs_i(inode);
	unsigned int writes_begun;
	bool changed;
	int err = file_write_and_wait_range(file, start, end);

	if (err)
		return err;
	writes_begun = READ_ONCE(pi->writes_begun);
	changed = differs_from_medium(inode);
	if (changed || !datasync)
		err = sync_inode_metadata(inode, 1);
	/* Another thread has changed it, but not marked it as dirty yet: our data may need that. */
	if (!err && changed && differs_from_medium(inode))
		err = pathfs_write_inode_now(inode);
	/*
	 * Writing the inode flushes the disk. That serves here, too, if the write began after our
	 * data were written, and has ended: one of another thread may be under way still.
	 */
	if (!err && (int)(READ_ONCE(pi->writes_done) - writes_begun) <= 0)
		err = blkdev_issue_flush(inode->i_sb->s_bdev);
	return err;
}
