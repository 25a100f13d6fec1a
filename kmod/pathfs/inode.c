// SPDX-License-Identifier: GPL-2.0
/* An inode: loaded, made, asked and freed. How it is written is in inode_write.c. */
#include <linux/dax.h>
#include <linux/random.h>
#include <linux/writeback.h>
#include "pathfs.h"

static bool may_use_dax(const struct inode *inode)
{
	const struct pathfs_sb_info *sbi = pathfs_sb(inode->i_sb);

	if (!S_ISREG(inode->i_mode) || !sbi->dax_dev)
		return false;
	if (sbi->dax_mode == PATHFS_DAX_INODE)
		return pathfs_i(inode)->flags & PATHFS_INODE_DAX;
	return sbi->dax_mode == PATHFS_DAX_ALWAYS;
}

static void set_operations(struct inode *inode, dev_t rdev)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_flags |= may_use_dax(inode) ? S_DAX : 0;
		inode->i_op = &pathfs_file_inode_operations;
		inode->i_fop = &pathfs_file_operations;
		inode->i_mapping->a_ops = IS_DAX(inode) ? &pathfs_dax_aops : &pathfs_aops;
		/*
		 * Pages of the cache in larger pieces: fewer of them to be found, locked and
		 * mapped. The price, before iomap of 6.6 notes which blocks of a piece are dirty: a
		 * 4 KiB write that is made durable writes the whole piece.
		 */
		mapping_set_large_folios(inode->i_mapping);
		break;
	case S_IFDIR:
		inode->i_op = &pathfs_dir_inode_operations;
		inode->i_fop = &pathfs_dir_operations;
		break;
	case S_IFLNK:
		inode->i_op = &pathfs_symlink_inode_operations;
		break;
	default:
		inode->i_op = &pathfs_special_inode_operations;
		init_special_inode(inode, inode->i_mode, rdev);
	}
}

/* Reads the block with both slots of an inode. Caller releases it. */
struct pathfs_inode *pathfs_read_slots(struct super_block *sb, u32 ino, struct buffer_head **bh)
{
	u32 index = ino - 1;

	*bh = sb_bread(sb, le32_to_cpu(pathfs_sb(sb)->super->inode_table) +
				   index / PATHFS_INODES_PER_BLOCK);
	if (!*bh)
		return NULL;
	return (struct pathfs_inode *)((*bh)->b_data +
				       index % PATHFS_INODES_PER_BLOCK * PATHFS_INODE_SIZE);
}

static bool slot_is_valid(const struct pathfs_inode *slot, u32 ino)
{
	return le32_to_cpu(slot->ino) == ino &&
	       le32_to_cpu(slot->crc) == pathfs_struct_crc(slot, sizeof(*slot));
}

/* Which of the two slots is the inode, or -1. */
static int current_slot(const struct pathfs_inode *slots, u32 ino)
{
	bool valid0 = slot_is_valid(&slots[0], ino);
	bool valid1 = slot_is_valid(&slots[1], ino);

	if (valid0 && valid1)
		return pathfs_later_slot(slots);
	return valid1 ? 1 : valid0 ? 0 : -1;
}

/* Adds a run whose blocks no other inode may have. */
static int own_run(struct inode *inode, struct pathfs_runs *runs, const struct pathfs_run *run)
{
	if (!pathfs_own_blocks(pathfs_sb(inode->i_sb), run->block, run->length)) {
		pathfs_damaged(inode->i_sb, "inode %lu: blocks from %u are free or another's",
			       inode->i_ino, run->block);
		return -EFSCORRUPTED;
	}
	pathfs_runs_append(runs, run);
	return 0;
}

static int load_extents(struct inode *inode, const struct pathfs_extent *extents, u32 count)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct pathfs_runs *map = &pi->map;

	for (u32 i = 0; i < count; i++) {
		const struct pathfs_run *last = map->count ? &map->run[map->count - 1] : NULL;
		struct pathfs_run run = {
			.file_block = le32_to_cpu(extents[i].file_block),
			.block = le32_to_cpu(extents[i].block),
			.length = le32_to_cpu(extents[i].length),
			.flags = le32_to_cpu(extents[i].flags),
		};
		const char *problem =
			pathfs_extent_problem(pathfs_sb(inode->i_sb)->super, &extents[i],
					      last ? (u64)last->file_block + last->length : 0);
		int err;

		if (problem) {
			pathfs_damaged(inode->i_sb, "inode %lu: %s", inode->i_ino, problem);
			return -EFSCORRUPTED;
		}
		err = own_run(inode, map, &run);
		if (err)
			return err;
		inode_add_bytes(inode, (loff_t)run.length << PATHFS_BLOCK_BITS);
	}
	return 0;
}

static int load_extent_block(struct inode *inode, u32 block, u32 count, u32 *next)
{
	const struct pathfs_run chain = {.block = block, .length = 1};
	const struct pathfs_extent_block *list;
	struct buffer_head *bh;
	int err;

	if (!pathfs_in_data_region(pathfs_sb(inode->i_sb)->super, block, 1)) {
		pathfs_damaged(inode->i_sb, "inode %lu: its extents go on in block %u",
			       inode->i_ino, block);
		return -EFSCORRUPTED;
	}
	err = own_run(inode, &pathfs_i(inode)->chain, &chain);
	if (err)
		return err;
	bh = sb_bread(inode->i_sb, block);
	if (!bh)
		return -EIO;
	list = (const struct pathfs_extent_block *)bh->b_data;
	*next = le32_to_cpu(list->next);
	if (le32_to_cpu(list->crc) == pathfs_struct_crc(list, sizeof(*list)) &&
	    le32_to_cpu(list->ino) == inode->i_ino && le32_to_cpu(list->count) == count) {
		err = load_extents(inode, list->extents, count);
	} else {
		pathfs_damaged(inode->i_sb, "inode %lu: block %u doesn't hold its extents",
			       inode->i_ino, block);
		err = -EFSCORRUPTED;
	}
	brelse(bh);
	return err;
}

/* All extents: those in the slot, then the chain of blocks with the others. */
static int load_map(struct inode *inode, const struct pathfs_inode *slot)
{
	u32 left = le32_to_cpu(slot->nr_extents);
	u32 block = le32_to_cpu(slot->extent_block);
	u32 count = min_t(u32, left, PATHFS_INLINE_EXTENTS);
	int err = load_extents(inode, slot->extents, count);

	for (left -= count; left && !err; left -= count) {
		count = min_t(u32, left, PATHFS_BLOCK_EXTENTS);
		err = load_extent_block(inode, block, count, &block);
	}
	if (!err && block) {
		pathfs_damaged(inode->i_sb, "inode %lu: its extents don't end", inode->i_ino);
		err = -EFSCORRUPTED;
	}
	return err;
}

static void load_fields(struct inode *inode, const struct pathfs_inode *slot)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);

	inode->i_mode = le16_to_cpu(slot->mode);
	i_uid_write(inode, le32_to_cpu(slot->uid));
	i_gid_write(inode, le32_to_cpu(slot->gid));
	set_nlink(inode, le32_to_cpu(slot->nlink));
	i_size_write(inode, le64_to_cpu(slot->size));
	inode_set_atime(inode, le64_to_cpu(slot->atime), le32_to_cpu(slot->atime_ns));
	inode_set_mtime(inode, le64_to_cpu(slot->mtime), le32_to_cpu(slot->mtime_ns));
	inode_set_ctime(inode, le64_to_cpu(slot->ctime), le32_to_cpu(slot->ctime_ns));
	pi->btime.tv_sec = le64_to_cpu(slot->btime);
	pi->btime.tv_nsec = le32_to_cpu(slot->btime_ns);
	pi->sequence = le64_to_cpu(slot->sequence);
	pi->generation = le32_to_cpu(slot->generation);
	pi->flags = le32_to_cpu(slot->flags);
	pi->durable_size = inode->i_size;
}

static int read_inode(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	const char *problem = "both slots are damaged";
	const struct pathfs_inode *slot;
	struct pathfs_inode *slots;
	struct buffer_head *bh;
	int index;
	int err = -EFSCORRUPTED;

	slots = pathfs_read_slots(sb, inode->i_ino, &bh);
	if (!slots)
		return -EIO;
	index = current_slot(slots, inode->i_ino);
	if (index < 0)
		goto damaged;
	slot = &slots[index];
	problem = pathfs_inode_problem(slot);
	if (!problem && !slot->nlink)
		problem = "it has a name but no links";
	if (problem)
		goto damaged;
	pathfs_i(inode)->slot = index;
	load_fields(inode, slot);
	err = load_map(inode, slot);
	if (!err)
		set_operations(inode, new_decode_dev(le32_to_cpu(slot->rdev)));
	brelse(bh);
	return err;

damaged:
	pathfs_damaged(sb, "inode %lu: %s", inode->i_ino, problem);
	brelse(bh);
	return err;
}

struct inode *pathfs_iget(struct super_block *sb, u32 ino)
{
	struct inode *inode;
	int err;

	if (ino == 0 || ino > le32_to_cpu(pathfs_sb(sb)->super->ninodes)) {
		pathfs_damaged(sb, "there is no inode %u", ino);
		return ERR_PTR(-EFSCORRUPTED);
	}
	inode = iget_locked(sb, ino);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode->i_state & I_NEW))
		return inode;
	err = read_inode(inode);
	if (err) {
		/* Not an inode that eviction may write or free. */
		iget_failed(inode);
		return ERR_PTR(err);
	}
	unlock_new_inode(inode);
	return inode;
}

/* A free number's slots say how far its sequence and generation have got. */
static int take_over_slots(struct inode *inode)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct pathfs_inode *slots;
	struct buffer_head *bh;
	int index;
	int err = 0;

	slots = pathfs_read_slots(inode->i_sb, inode->i_ino, &bh);
	if (!slots)
		return -EIO;
	index = current_slot(slots, inode->i_ino);
	pi->slot = 1;
	pi->generation = get_random_u32();
	if (index >= 0) {
		pi->slot = index;
		pi->sequence = le64_to_cpu(slots[index].sequence);
		pi->generation = le32_to_cpu(slots[index].generation) + 1;
		if (slots[index].mode) {
			pathfs_damaged(inode->i_sb, "inode %lu: in use, but not in the bitmap",
				       inode->i_ino);
			err = -EFSCORRUPTED;
		}
	}
	brelse(bh);
	return err;
}

/* Returns the inode locked as new and not yet on the medium. */
struct inode *pathfs_new_inode(struct inode *dir, umode_t mode, dev_t rdev)
{
	struct super_block *sb = dir->i_sb;
	struct pathfs_inode_info *pi;
	struct inode *inode;
	int err;

	inode = new_inode(sb);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	pi = pathfs_i(inode);
	inode_init_owner(&nop_mnt_idmap, inode, dir, mode);
	simple_inode_init_ts(inode);
	pi->btime = inode_get_mtime(inode);
	pi->flags = pathfs_i(dir)->flags & PATHFS_INODE_DAX;
	inode->i_ino = pathfs_alloc_ino(pathfs_sb(sb));
	if (!inode->i_ino) {
		err = -ENOSPC;
		goto out_inode;
	}
	if (insert_inode_locked(inode) < 0) {
		pathfs_damaged(sb, "inode %lu: in use, but not in the bitmap", inode->i_ino);
		err = -EFSCORRUPTED;
		goto out_inode;
	}
	err = take_over_slots(inode);
	if (err)
		goto out_locked;
	set_operations(inode, rdev);
	return inode;

out_locked:
	/* Bad before others can have it. */
	iget_failed(inode);
	return ERR_PTR(err);
out_inode:
	/* A bad inode's number is not given back: something is wrong with it, or it has none. */
	make_bad_inode(inode);
	iput(inode);
	return ERR_PTR(err);
}

/* The last reference is gone. Without a name the file goes, too. */
void pathfs_evict_inode(struct inode *inode)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	bool unlinked = !inode->i_nlink && !is_bad_inode(inode) && !sb_rdonly(inode->i_sb);
	int err = unlinked ? pathfs_wait_for_idle_pages(inode) : 0;

	truncate_inode_pages_final(&inode->i_data);
	if (unlinked) {
		sb_start_intwrite(inode->i_sb);
		if (!err) {
			down_write(&pi->map_lock);
			i_size_write(inode, 0);
			pathfs_map_remove(pi, 0, PATHFS_MAX_FILE_BLOCKS);
			up_write(&pi->map_lock);
			err = pathfs_write_inode_now(inode);
		}
		if (!err)
			pathfs_free_ino(pathfs_sb(inode->i_sb), inode->i_ino);
		else
			pathfs_damaged(inode->i_sb, "inode %lu can't be freed (%d)", inode->i_ino,
				       err);
		sb_end_intwrite(inode->i_sb);
	} else if (!is_bad_inode(inode) && pi->map_version != pi->durable_version) {
		/* It could not be written, for want of space or because the device failed. */
		pathfs_damaged(inode->i_sb, "inode %lu lost its last changes", inode->i_ino);
	}
	clear_inode(inode);
}

int pathfs_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		   u32 request_mask, unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);

	pathfs_fillattr(idmap, request_mask, inode, stat);
	stat->result_mask |= STATX_BTIME;
	stat->btime = pathfs_i(inode)->btime;
	return 0;
}

int pathfs_fileattr_get(struct dentry *dentry, struct fileattr *fa)
{
	u32 flags = pathfs_i(d_inode(dentry))->flags;

	fileattr_fill_xflags(fa, flags & PATHFS_INODE_DAX ? FS_XFLAG_DAX : 0);
	return 0;
}

/* The flag counts when the inode is loaded next: pages in the cache can't become DAX in place. */
int pathfs_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry, struct fileattr *fa)
{
	struct inode *inode = d_inode(dentry);
	struct pathfs_inode_info *pi = pathfs_i(inode);

	if (fa->fsx_xflags & ~FS_XFLAG_DAX || fa->fsx_extsize || fa->fsx_projid ||
	    fa->fsx_cowextsize)
		return -EOPNOTSUPP;
	if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode))
		return -EOPNOTSUPP;
	if (fa->fsx_xflags & FS_XFLAG_DAX)
		pi->flags |= PATHFS_INODE_DAX;
	else
		pi->flags &= ~PATHFS_INODE_DAX;
	if (S_ISREG(inode->i_mode) && may_use_dax(inode) != !!IS_DAX(inode))
		d_mark_dontcache(inode);
	inode_set_ctime_current(inode);
	return pathfs_write_inode_now(inode);
}
