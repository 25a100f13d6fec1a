// SPDX-License-Identifier: GPL-2.0
/*
 * Where in the medium a piece of a file lies. One iomap_begin answers for every path: buffered,
 * direct and DAX, read, written, faulted or reported.
 */
#include <linux/blkdev.h>
#include "pathfs.h"
#include "trace.h"

static int zero_blocks(struct inode *inode, u32 block, u32 length)
{
	const unsigned int to_sectors = PATHFS_BLOCK_BITS - SECTOR_SHIFT;

	return blkdev_issue_zeroout(inode->i_sb->s_bdev, (sector_t)block << to_sectors,
				    (sector_t)length << to_sectors, GFP_NOFS, BLKDEV_ZERO_NOUNMAP);
}

/*
 * Where the next blocks should go: behind those of the block before, so that the file stays in one
 * piece; else to a place that huge pages can map, if they ever will be.
 */
static void choose_place(struct inode *inode, u32 first, u32 count, u32 index, u32 *goal,
			 u32 *huge_offset)
{
	/* LAB 9.5: behind the block before; else where the file's 2 MiB can be the medium's => *goal = 0; *huge_offset = PATHFS_ANYWHERE; */
	const struct pathfs_runs *map = &pathfs_i(inode)->map;

	*goal = 0;
	*huge_offset = PATHFS_ANYWHERE;
	if (index > 0) {
		const struct pathfs_run *before = &map->run[index - 1];
		u64 place = (u64)before->block + (first - before->file_block);

		if (place < le32_to_cpu(pathfs_sb(inode->i_sb)->super->nblocks))
			*goal = place;
	}
	if (S_ISREG(inode->i_mode) && (IS_DAX(inode) || count >= PATHFS_HUGE_BLOCKS))
		*huge_offset = first % PATHFS_HUGE_BLOCKS;
	/* LAB end */
}

/* Blocks for the hole at `first`, or for the start of it. Caller holds map_lock exclusively. */
static int fill_hole(struct inode *inode, u32 first, u32 count, u32 index, bool written,
		     struct pathfs_run *run)
{
	struct pathfs_sb_info *sbi = pathfs_sb(inode->i_sb);
	struct pathfs_inode_info *pi = pathfs_i(inode);
	u32 goal, huge_offset;
	int err;

	if (pi->map.count >= PATHFS_MANY_RUNS)
		return -EFBIG;
	if (S_ISREG(inode->i_mode) && READ_ONCE(sbi->free_blocks) <= PATHFS_RESERVED_BLOCKS)
		return -ENOSPC;
	choose_place(inode, first, count, index, &goal, &huge_offset);
	err = pathfs_alloc_blocks(sbi, goal, huge_offset, count, run);
	if (err)
		return err;
	run->file_block = first;
	/* LAB 7.4: unwritten, or written and full of zeros => run->flags = 0; */
	run->flags = written ? 0 : PATHFS_EXTENT_UNWRITTEN;
	/* Somebody's old data are there: gone before anyone can see the blocks. */
	if (written)
		err = zero_blocks(inode, run->block, run->length);
	/* LAB end */
	if (err)
		pathfs_free_blocks(sbi, run->block, run->length);
	else
		pathfs_map_insert(pi, run);
	return err;
}

/* Blocks that are allocated but unwritten become zeros that are written. */
static int write_zeros(struct inode *inode, struct pathfs_run *run)
{
	int err = zero_blocks(inode, run->block, run->length);

	if (!err)
		pathfs_map_mark_written(pathfs_i(inode), run->file_block,
					run->file_block + run->length);
	run->flags = 0;
	return err;
}

/* Cuts a run to what lies from `first` to before `end`. */
static void trim(struct pathfs_run *run, u32 first, u32 end)
{
	if (run->file_block < first) {
		u32 skipped = first - run->file_block;

		run->file_block += skipped;
		run->block += skipped;
		run->length -= skipped;
	}
	run->length = min(run->length, end - run->file_block);
}

/*
 * Makes sure that there are blocks at `first`, and as many of those up to `end` as lie in a row;
 * with `written`, that they don't need a conversion either, as DAX wants it. Says in `run` what is
 * there and of which version of the map. Returns 1 if it had to do something, 0 if all was there,
 * or a negative errno.
 */
int pathfs_map_range(struct inode *inode, u32 first, u32 end, bool written, struct pathfs_run *run,
		     u64 *version)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	int err = 0;
	int changed = 0;
	u32 index;

	down_write(&pi->map_lock);
	index = pathfs_find_run(&pi->map, first);
	if (index < pi->map.count && pi->map.run[index].file_block <= first) {
		*run = pi->map.run[index];
		trim(run, first, end);
		if (written && run->flags & PATHFS_EXTENT_UNWRITTEN) {
			changed = 1;
			err = write_zeros(inode, run);
		}
	} else {
		if (index < pi->map.count)
			end = min(end, pi->map.run[index].file_block);
		changed = 1;
		err = fill_hole(inode, first, end - first, index, written, run);
	}
	*version = pi->map_version;
	up_write(&pi->map_lock);
	if (!err && changed)
		mark_inode_dirty(inode);
	return err ? err : changed;
}

/*
 * What is at `first`. Returns false for a hole, and then `run` is that hole as far as `end`. Caller
 * holds map_lock.
 */
static inline bool look_up(const struct pathfs_inode_info *pi, u32 first, u32 end,
			   struct pathfs_run *run)
{
	u32 index = pathfs_find_run(&pi->map, first);

	if (index < pi->map.count && pi->map.run[index].file_block <= first) {
		*run = pi->map.run[index];
		return true;
	}
	if (index < pi->map.count)
		end = pi->map.run[index].file_block;
	*run = (struct pathfs_run){.file_block = first, .length = end - first};
	return false;
}

/*
 * After a write through the cache has asked for unwritten blocks, writeback may mark them as
 * written and drop their pages: the write would then zero the rest of a page that has data. It asks
 * again.
 */
static bool pathfs_iomap_valid(struct inode *inode, const struct iomap *iomap)
{
	return iomap->validity_cookie == READ_ONCE(pathfs_i(inode)->map_version);
}

static const struct iomap_folio_ops pathfs_folio_ops = {
	.iomap_valid = pathfs_iomap_valid,
};

static inline void fill_iomap(struct inode *inode, const struct pathfs_run *run, bool hole,
			      unsigned int flags, u64 version, struct iomap *iomap)
{
	struct pathfs_sb_info *sbi = pathfs_sb(inode->i_sb);
	struct pathfs_inode_info *pi = pathfs_i(inode);

	iomap->offset = (loff_t)run->file_block << PATHFS_BLOCK_BITS;
	iomap->length = (u64)run->length << PATHFS_BLOCK_BITS;
	iomap->flags = 0;
	iomap->bdev = inode->i_sb->s_bdev;
	iomap->dax_dev = sbi->dax_dev;
	iomap->validity_cookie = version;
	iomap->folio_ops = NULL;
	if (hole) {
		iomap->type = IOMAP_HOLE;
		iomap->addr = IOMAP_NULL_ADDR;
		return;
	}
	iomap->type = IOMAP_MAPPED;
	if (run->flags & PATHFS_EXTENT_UNWRITTEN) {
		iomap->type = IOMAP_UNWRITTEN;
		iomap->folio_ops = &pathfs_folio_ops;
	}
	iomap->addr = (u64)run->block << PATHFS_BLOCK_BITS;
	if (flags & IOMAP_DAX)
		iomap->addr += sbi->dax_offset;
	/* LAB 9.6: would a power cut forget where this is, or that it belongs to the file? => */
	/* The blocks or the size aren't durable: MAP_SYNC and O_DSYNC must see to it. */
	if (flags & IOMAP_WRITE &&
	    (version != pi->durable_version || i_size_read(inode) != pi->durable_size))
		iomap->flags |= IOMAP_F_DIRTY;
	/* LAB end */
}

static int pathfs_iomap_begin(struct inode *inode, loff_t pos, loff_t length, unsigned int flags,
			      struct iomap *iomap, struct iomap *srcmap)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	u32 first = pos >> PATHFS_BLOCK_BITS;
	u32 end = min_t(u64, (pos + length + PATHFS_BLOCK_SIZE - 1) >> PATHFS_BLOCK_BITS,
			PATHFS_MAX_FILE_BLOCKS);
	bool nowait = flags & IOMAP_NOWAIT;
	struct pathfs_run run;
	bool found, written, too_many;
	u64 version;
	int changed = 0;

	if (!down_read_trylock(&pi->map_lock)) {
		if (nowait)
			return -EAGAIN;
		down_read(&pi->map_lock);
	}
	found = look_up(pi, first, end, &run);
	version = pi->map_version;
	too_many = pi->map.count >= PATHFS_MANY_RUNS;
	up_read(&pi->map_lock);

	written = found && !(run.flags & PATHFS_EXTENT_UNWRITTEN);
	/* LAB 7.5: a write gets the blocks that it needs and hasn't got => if (flags & IOMAP_WRITE && !written) return -EOPNOTSUPP; */
	if (flags & IOMAP_WRITE && !written) {
		if (too_many)
			return -EFBIG;
		/* The page cache writes unwritten blocks later; DAX gives out the blocks. */
		if (!found || flags & IOMAP_DAX) {
			if (nowait)
				return -EAGAIN;
			changed = pathfs_map_range(inode, first, end, flags & IOMAP_DAX, &run,
						   &version);
			if (changed < 0)
				return changed;
			found = true;
		}
	}
	/* LAB end */
	fill_iomap(inode, &run, !found, flags, version, iomap);
	/* Pages of zeros that stood for the hole must be unmapped. */
	if (changed && flags & IOMAP_DAX)
		iomap->flags |= IOMAP_F_NEW;
	trace_pathfs_iomap(inode, pos, length, flags, iomap);
	return 0;
}

/* No iomap_end: blocks that a write got and didn't fill stay unwritten, which reads as zeros. */
const struct iomap_ops pathfs_iomap_ops = {
	.iomap_begin = pathfs_iomap_begin,
};

/* The data of these bytes are on the medium. */
static void mark_written(struct inode *inode, loff_t pos, size_t size)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);

	down_write(&pi->map_lock);
	pathfs_map_mark_written(pi, pos >> PATHFS_BLOCK_BITS,
				(pos + size + PATHFS_BLOCK_SIZE - 1) >> PATHFS_BLOCK_BITS);
	up_write(&pi->map_lock);
	mark_inode_dirty(inode);
}

static int pathfs_dio_end_io(struct kiocb *iocb, ssize_t size, int error, unsigned int flags)
{
	/* LAB 7.6: size bytes are on the medium: now the map and the end of the file may say so => return error; */
	struct inode *inode = file_inode(iocb->ki_filp);
	loff_t end = iocb->ki_pos + size;

	if (error || size <= 0)
		return error;
	if (flags & IOMAP_DIO_UNWRITTEN)
		mark_written(inode, iocb->ki_pos, size);
	/* A write past the end of the file is alone: it holds i_rwsem until it is done. */
	if (end > i_size_read(inode)) {
		i_size_write(inode, end);
		mark_inode_dirty(inode);
	}
	return 0;
	/* LAB end */
}

const struct iomap_dio_ops pathfs_dio_ops = {
	.end_io = pathfs_dio_end_io,
};

static int pathfs_read_folio(struct file *file, struct folio *folio)
{
	return iomap_read_folio(folio, &pathfs_iomap_ops);
}

static void pathfs_readahead(struct readahead_control *readahead)
{
	iomap_readahead(readahead, &pathfs_iomap_ops);
}

static int pathfs_map_blocks(struct iomap_writepage_ctx *context, struct inode *inode,
			     loff_t offset PATHFS_MAP_BLOCKS_LENGTH)
{
	/* LAB 7.7: where writeback puts the block at offset, unless iomap has the answer already => return -EOPNOTSUPP; */
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct iomap *iomap = &context->iomap;
	u32 first = offset >> PATHFS_BLOCK_BITS;
	struct pathfs_run run;
	u64 version;
	bool found;

	if (iomap->validity_cookie == READ_ONCE(pi->map_version) && offset >= iomap->offset &&
	    offset < iomap->offset + iomap->length)
		return 0;
	down_read(&pi->map_lock);
	found = look_up(pi, first, first + 1, &run);
	version = pi->map_version;
	up_read(&pi->map_lock);
	fill_iomap(inode, &run, !found, 0, version, iomap);
	return 0;
	/* LAB end */
}

/* In a kernel thread, since it may sleep. The pages count as under writeback until here. */
void pathfs_ioend_work(struct work_struct *work)
{
	struct pathfs_inode_info *pi = container_of(work, struct pathfs_inode_info, ioend_work);
	struct iomap_ioend *ioend;
	LIST_HEAD(list);

	spin_lock_irq(&pi->ioend_lock);
	list_replace_init(&pi->ioend_list, &list);
	spin_unlock_irq(&pi->ioend_lock);
	iomap_sort_ioends(&list);
	while ((ioend = list_first_entry_or_null(&list, struct iomap_ioend, io_list))) {
		int err;

		list_del_init(&ioend->io_list);
		iomap_ioend_try_merge(ioend, &list);
		err = blk_status_to_errno(pathfs_ioend_bio(ioend)->bi_status);
		if (!err)
			mark_written(ioend->io_inode, ioend->io_offset, ioend->io_size);
		iomap_finish_ioends(ioend, err);
	}
}

static void pathfs_end_bio(struct bio *bio)
{
	struct iomap_ioend *ioend = pathfs_bio_ioend(bio);
	struct pathfs_inode_info *pi = pathfs_i(ioend->io_inode);
	unsigned long flags;

	spin_lock_irqsave(&pi->ioend_lock, flags);
	if (list_empty(&pi->ioend_list))
		queue_work(pathfs_sb(ioend->io_inode->i_sb)->ioend_workqueue, &pi->ioend_work);
	list_add_tail(&ioend->io_list, &pi->ioend_list);
	spin_unlock_irqrestore(&pi->ioend_lock, flags);
}

static int pathfs_prepare_ioend(struct iomap_ioend *ioend, int status)
{
	if (ioend->io_type == IOMAP_UNWRITTEN)
		pathfs_ioend_bio(ioend)->bi_end_io = pathfs_end_bio;
	return status;
}

static const struct iomap_writeback_ops pathfs_writeback_ops = {
	.map_blocks = pathfs_map_blocks,
	.prepare_ioend = pathfs_prepare_ioend,
};

static int pathfs_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
	struct iomap_writepage_ctx context = {};

	return iomap_writepages(mapping, wbc, &context, &pathfs_writeback_ops);
}

const struct address_space_operations pathfs_aops = {
	.read_folio = pathfs_read_folio,
	.readahead = pathfs_readahead,
	.writepages = pathfs_writepages,
	.dirty_folio = iomap_dirty_folio,
	.release_folio = iomap_release_folio,
	.invalidate_folio = iomap_invalidate_folio,
	.migrate_folio = filemap_migrate_folio,
	.is_partially_uptodate = iomap_is_partially_uptodate,
	PATHFS_ERROR_REMOVE,
};

/* With DAX there are no pages to write: what is dirty is in the processor's cache. */
static int pathfs_dax_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
	return dax_writeback_mapping_range(mapping, pathfs_sb(mapping->host->i_sb)->dax_dev, wbc);
}

const struct address_space_operations pathfs_dax_aops = {
	.writepages = pathfs_dax_writepages,
	.dirty_folio = noop_dirty_folio,
};
