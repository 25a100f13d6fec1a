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

/* The first page among these blocks that has a user; an idle one has a count of 1. */
static struct page *busy_page_at(struct pathfs_sb_info *sbi, u32 block, u32 length)
{
	u64 place = sbi->dax_offset + ((u64)block << PATHFS_BLOCK_BITS);
	pgoff_t first = PHYS_PFN(place);
	pfn_t pfn;

	while (length) {
		/* The mode that bad pages don't stop. */
		long count = dax_direct_access(sbi->dax_dev, first, length, DAX_RECOVERY_WRITE,
					       NULL, &pfn);

		if (count <= 0)
			return NULL;
		count = min_t(long, count, length);
		for (long i = 0; i < count; i++)
			if (page_ref_count(pfn_t_to_page(pfn) + i) > 1)
				return pfn_t_to_page(pfn) + i;
		first += count;
		length -= count;
	}
	return NULL;
}

/*
 * With DAX the pages that a device reads or writes by DMA *are* the file's blocks. They can't be
 * given to another file before the device is done. This takes the blocks from `first` to before
 * `end` out of all mappings, so that no new users come, and looks for one that is there. So does
 * dax_layout_busy_page, but not in a file that is no longer mapped.
 */
static struct page *busy_page(struct inode *inode, u32 first, u32 end)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct page *page = NULL;
	int id;

	if (!IS_DAX(inode) || first >= end)
		return NULL;
	unmap_mapping_pages(inode->i_mapping, first, end - first, false);
	down_read(&pi->map_lock);
	id = dax_read_lock();
	for (u32 i = pathfs_find_run(&pi->map, first); i < pi->map.count && !page; i++) {
		const struct pathfs_run *run = &pi->map.run[i];
		u32 from = max(run->file_block, first);
		u32 to = min(run->file_block + run->length, end);

		if (from >= to)
			break;
		page = busy_page_at(pathfs_sb(inode->i_sb), run->block + from - run->file_block,
				    to - from);
	}
	dax_read_unlock(id);
	up_read(&pi->map_lock);
	return page;
}

/* Caller holds invalidate_lock. */
static int break_layouts(struct inode *inode, u32 first, u32 end)
{
	struct page *page;
	int err = 0;

	while (!err && (page = busy_page(inode, first, end)))
		err = ___wait_var_event(&page->_refcount, page_ref_count(page) == 1,
					TASK_INTERRUPTIBLE, 0, 0,
					wait_without_lock(inode->i_mapping));
	return err;
}

/*
 * The file is about to go. A device ends by itself; but a page may also be in a pipe (vmsplice)
 * that only this process can empty: so not for ever.
 */
int pathfs_wait_for_idle_pages(struct inode *inode)
{
	struct page *page;

	while ((page = busy_page(inode, 0, PATHFS_MAX_FILE_BLOCKS)))
		if (!wait_var_event_timeout(&page->_refcount, page_ref_count(page) == 1, 60 * HZ))
			return -EBUSY;
	return 0;
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

static void remove_blocks(struct inode *inode, u32 first, u32 end)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);

	if (first >= end)
		return;
	down_write(&pi->map_lock);
	pathfs_map_remove(pi, first, end);
	up_write(&pi->map_lock);
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
	err = break_layouts(inode, block_up(size), PATHFS_MAX_FILE_BLOCKS);
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
			remove_blocks(inode, block_up(size), PATHFS_MAX_FILE_BLOCKS);
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
	remove_blocks(inode, block_up(start), end >> PATHFS_BLOCK_BITS);
	/* What is left of the range are the parts of blocks at its ends. */
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
		err = break_layouts(inode, block_up(start), end >> PATHFS_BLOCK_BITS);
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
