// SPDX-License-Identifier: GPL-2.0
/* Changes of what a file has: its size, its blocks, and where it has none. */
#include <linux/dax.h>
#include <linux/falloc.h>
#include <linux/pagemap.h>
#include "pathfs.h"

/* Sleeps without the lock: whoever has the page may need it to finish. */
static void wait_without_lock(struct address_space *mapping)
{
	filemap_invalidate_unlock(mapping);
	schedule();
	filemap_invalidate_lock(mapping);
}

/*
 * With DAX the pages that a device reads or writes by DMA *are* the file's blocks. They can't be
 * given to another file before the device is done. Caller holds invalidate_lock, so no new ones
 * come.
 */
static int break_layouts(struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;
	struct page *page;
	int err = 0;

	if (!IS_DAX(inode))
		return 0;
	while (!err && (page = dax_layout_busy_page(mapping)))
		err = ___wait_var_event(&page->_refcount, atomic_read(&page->_refcount) == 1,
					TASK_INTERRUPTIBLE, 0, 0, wait_without_lock(mapping));
	return err;
}

/* Bytes become zeros where there are blocks; holes stay holes. Caller holds i_rwsem. */
int pathfs_zero_range(struct inode *inode, loff_t start, loff_t end)
{
	loff_t size = i_size_read(inode);
	int err;

	if (start >= end)
		return 0;
	if (IS_DAX(inode))
		return dax_zero_range(inode, start, end - start, NULL, &pathfs_iomap_ops);
	/* iomap takes unwritten blocks for zeros, even under a dirty page: write that first. */
	err = filemap_write_and_wait_range(inode->i_mapping, start, end - 1);
	if (!err)
		err = iomap_zero_range(inode, start, end - start, NULL, &pathfs_iomap_ops);
	/* It takes zeros past the end for a write that moves the end. */
	if (i_size_read(inode) != size)
		i_size_write(inode, size);
	return err;
}

static int remove_blocks(struct inode *inode, u32 first, u32 end)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	int err;

	if (first >= end)
		return 0;
	down_write(&pi->map_lock);
	err = pathfs_map_remove(pi, first, end);
	up_write(&pi->map_lock);
	return err;
}

static u32 block_up(loff_t pos)
{
	return (pos + PATHFS_BLOCK_SIZE - 1) >> PATHFS_BLOCK_BITS;
}

/* Caller holds i_rwsem. */
static int set_size(struct inode *inode, loff_t size)
{
	loff_t old_size = i_size_read(inode);
	int err;

	inode_dio_wait(inode);
	filemap_invalidate_lock(inode->i_mapping);
	err = break_layouts(inode);
	/* The rest of the last block: what is behind the end must be zeros when the file grows. */
	if (!err && size > old_size)
		err = pathfs_zero_range(inode, old_size,
					min(size, round_up(old_size, PATHFS_BLOCK_SIZE)));
	else if (!err)
		err = pathfs_zero_range(inode, size,
					min(old_size, round_up(size, PATHFS_BLOCK_SIZE)));
	if (!err) {
		truncate_setsize(inode, size);
		inode_set_mtime_to_ts(inode, inode_set_ctime_current(inode));
		if (size < old_size)
			err = remove_blocks(inode, block_up(size), PATHFS_MAX_FILE_BLOCKS);
		mark_inode_dirty(inode);
	}
	filemap_invalidate_unlock(inode->i_mapping);
	/* Only a durable inode gives its blocks back. */
	if (!err && size < old_size)
		err = pathfs_write_inode_now(inode);
	return err;
}

int pathfs_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err = setattr_prepare(idmap, dentry, attr);

	if (err)
		return err;
	if (attr->ia_valid & ATTR_SIZE && attr->ia_size != i_size_read(inode)) {
		err = set_size(inode, attr->ia_size);
		if (err)
			return err;
	}
	setattr_copy(idmap, inode, attr);
	mark_inode_dirty(inode);
	return 0;
}

/* Blocks for every hole of the range, unwritten. */
static int allocate(struct inode *inode, loff_t start, loff_t end)
{
	u32 block = start >> PATHFS_BLOCK_BITS;
	u32 last = block_up(end);

	while (block < last) {
		struct pathfs_run run;
		u64 version;
		int ret = pathfs_map_range(inode, block, last, false, &run, &version);

		if (ret < 0)
			return ret;
		block = run.file_block + run.length;
		if (signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* Caller holds i_rwsem and invalidate_lock. */
static int punch(struct inode *inode, loff_t start, loff_t end)
{
	int err = filemap_write_and_wait_range(inode->i_mapping, start, end - 1);

	if (err)
		return err;
	if (READ_ONCE(pathfs_i(inode)->map.count) >= PATHFS_MANY_RUNS)
		return -EFBIG;
	truncate_pagecache_range(inode, start, end - 1);
	err = remove_blocks(inode, block_up(start), end >> PATHFS_BLOCK_BITS);
	/* What is left of the range are the parts of blocks at its ends. */
	if (!err)
		err = pathfs_zero_range(inode, start, min(end, i_size_read(inode)));
	mark_inode_dirty(inode);
	return err;
}

static int grow(struct inode *inode, loff_t size)
{
	loff_t old_size = i_size_read(inode);
	int err;

	if (size <= old_size)
		return 0;
	err = pathfs_zero_range(inode, old_size, min(size, round_up(old_size, PATHFS_BLOCK_SIZE)));
	if (err)
		return err;
	i_size_write(inode, size);
	pagecache_isize_extended(inode, old_size, size);
	mark_inode_dirty(inode);
	return 0;
}

static int change_range(struct file *file, int mode, loff_t start, loff_t end)
{
	struct inode *inode = file_inode(file);
	int err = 0;

	if (!(mode & FALLOC_FL_KEEP_SIZE))
		err = inode_newsize_ok(inode, max(end, i_size_read(inode)));
	if (!err)
		err = file_modified(file);
	if (!err && mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
		err = break_layouts(inode);
		if (!err)
			err = punch(inode, start, end);
	}
	if (!err && !(mode & FALLOC_FL_PUNCH_HOLE))
		err = allocate(inode, start, end);
	if (!err && !(mode & FALLOC_FL_KEEP_SIZE))
		err = grow(inode, end);
	return err;
}

long pathfs_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct inode *inode = file_inode(file);
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) ||
	    !S_ISREG(inode->i_mode))
		return -EOPNOTSUPP;
	inode_lock(inode);
	inode_dio_wait(inode);
	filemap_invalidate_lock(inode->i_mapping);
	err = change_range(file, mode, offset, offset + length);
	filemap_invalidate_unlock(inode->i_mapping);
	if (!err &&
	    (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) || file->f_flags & O_DSYNC))
		err = pathfs_write_inode_now(inode);
	inode_unlock(inode);
	return err;
}

static int pathfs_fiemap(struct inode *inode, struct fiemap_extent_info *info, u64 start,
			 u64 length)
{
	int err;

	inode_lock_shared(inode);
	err = iomap_fiemap(inode, info, start, length, &pathfs_iomap_ops);
	inode_unlock_shared(inode);
	return err;
}

const struct inode_operations pathfs_file_inode_operations = {
	.getattr = pathfs_getattr,
	.setattr = pathfs_setattr,
	.fiemap = pathfs_fiemap,
	.fileattr_get = pathfs_fileattr_get,
	.fileattr_set = pathfs_fileattr_set,
};
