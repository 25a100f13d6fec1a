// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on names. The order of what is written is what fsck.pathfs relies on: an inode is on
 * the medium before an entry names it, and no entry names it when it is freed.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include "pathfs.h"

static struct dentry *pathfs_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct pathfs_slot_ref ref;
	struct inode *inode = NULL;
	int found;

	if (dentry->d_name.len > PATHFS_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	found = pathfs_find_entry(dir, &dentry->d_name, &ref);
	if (found < 0)
		return ERR_PTR(found);
	if (found) {
		u32 ino = le32_to_cpu(ref.entry->ino);
		u32 generation = le32_to_cpu(ref.entry->generation);

		brelse(ref.bh);
		inode = pathfs_iget(dir->i_sb, ino);
		if (!IS_ERR(inode) && pathfs_i(inode)->generation != generation) {
			pathfs_damaged(dir->i_sb, "directory %lu names an inode %u that is gone",
				       dir->i_ino, ino);
			iput(inode);
			inode = ERR_PTR(-EFSCORRUPTED);
		}
	}
	return d_splice_alias(inode, dentry);
}

/* The inode is made, locked as new: onto the medium, then its name. */
static int add_new(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	int err = pathfs_write_inode_now(inode);

	if (!err)
		err = pathfs_add_entry(dir, &dentry->d_name, inode);
	if (err) {
		clear_nlink(inode);
		discard_new_inode(inode);
		return err;
	}
	d_instantiate_new(dentry, inode);
	return 0;
}

static int make(struct inode *dir, struct dentry *dentry, umode_t mode, dev_t rdev)
{
	struct inode *inode;

	if (dentry->d_name.len > PATHFS_NAME_MAX)
		return -ENAMETOOLONG;
	inode = pathfs_new_inode(dir, mode, rdev);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	return add_new(dir, dentry, inode);
}

static int pathfs_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			 umode_t mode, bool excl)
{
	return make(dir, dentry, mode, 0);
}

static int pathfs_mknod(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			umode_t mode, dev_t rdev)
{
	return make(dir, dentry, mode, rdev);
}

static int pathfs_mkdir(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			umode_t mode)
{
	return make(dir, dentry, mode | S_IFDIR, 0);
}

/* The target of a symlink is in a block of its own, on the medium before the inode. */
static int write_target(struct inode *inode, const char *target, size_t length)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	struct buffer_head *bh;
	struct pathfs_run run;
	u64 version;
	int err = pathfs_map_range(inode, 0, 1, false, &run, &version);

	if (err < 0)
		return err;
	bh = sb_getblk(inode->i_sb, run.block);
	if (!bh)
		return -ENOMEM;
	lock_buffer(bh);
	memset(bh->b_data, 0, PATHFS_BLOCK_SIZE);
	memcpy(bh->b_data, target, length);
	err = pathfs_write_block(bh, 0);
	brelse(bh);
	if (err)
		return err;
	i_size_write(inode, length);
	down_write(&pi->map_lock);
	pathfs_map_mark_written(pi, 0, 1);
	up_write(&pi->map_lock);
	return 0;
}

static int pathfs_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			  const char *target)
{
	size_t length = strlen(target);
	struct inode *inode;
	int err;

	if (length > PATHFS_SYMLINK_MAX || dentry->d_name.len > PATHFS_NAME_MAX)
		return -ENAMETOOLONG;
	inode = pathfs_new_inode(dir, S_IFLNK | 0777, 0);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	err = write_target(inode, target, length);
	if (err) {
		clear_nlink(inode);
		discard_new_inode(inode);
		return err;
	}
	return add_new(dir, dentry, inode);
}

static const char *pathfs_get_link(struct dentry *dentry, struct inode *inode,
				   struct delayed_call *done)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);
	size_t length = i_size_read(inode);
	struct buffer_head *bh;
	u32 block = 0;
	char *target;

	if (!dentry)
		return ERR_PTR(-ECHILD);
	down_read(&pi->map_lock);
	if (pi->map.count && pi->map.run[0].file_block == 0)
		block = pi->map.run[0].block;
	up_read(&pi->map_lock);
	if (!block) {
		pathfs_damaged(inode->i_sb, "symlink %lu has no target", inode->i_ino);
		return ERR_PTR(-EFSCORRUPTED);
	}
	bh = sb_bread(inode->i_sb, block);
	if (!bh)
		return ERR_PTR(-EIO);
	target = kmemdup_nul(bh->b_data, length, GFP_KERNEL);
	brelse(bh);
	if (!target)
		return ERR_PTR(-ENOMEM);
	set_delayed_call(done, kfree_link, target);
	return target;
}

static int pathfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(old);
	int err;

	if (dentry->d_name.len > PATHFS_NAME_MAX)
		return -ENAMETOOLONG;
	/* After a crash one link too many is corrected; one too few could free a file. */
	inode_set_ctime_current(inode);
	inc_nlink(inode);
	err = pathfs_write_inode_now(inode);
	if (!err)
		err = pathfs_add_entry(dir, &dentry->d_name, inode);
	if (err) {
		drop_nlink(inode);
		mark_inode_dirty(inode);
		return err;
	}
	ihold(inode);
	d_instantiate(dentry, inode);
	return 0;
}

/*
 * One name less. If it was the last, the inode is freed when nobody has the file open any more;
 * until then writeback writes it as free, so that a crash leaves nothing to look after.
 */
static void drop_link(struct inode *inode)
{
	/* It had more names than it knew of. */
	if (!inode->i_nlink) {
		pathfs_damaged(inode->i_sb, "inode %lu has more names than links", inode->i_ino);
		return;
	}
	inode_set_ctime_current(inode);
	drop_nlink(inode);
	mark_inode_dirty(inode);
}

static int pathfs_unlink(struct inode *dir, struct dentry *dentry)
{
	struct pathfs_slot_ref ref;
	int found = pathfs_find_entry(dir, &dentry->d_name, &ref);
	int err;

	if (found <= 0)
		return found ? found : -ENOENT;
	err = pathfs_remove_entry(dir, &ref);
	if (!err)
		drop_link(d_inode(dentry));
	return err;
}

static int pathfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	int empty = pathfs_dir_is_empty(d_inode(dentry));

	if (empty <= 0)
		return empty ? empty : -ENOTEMPTY;
	return pathfs_unlink(dir, dentry);
}

/*
 * Between the two writes the file has both names, and fsck.pathfs counts two links. The new name is
 * never missing, and what had it before keeps it until the very store that changes it.
 */
static int pathfs_rename(struct mnt_idmap *idmap, struct inode *old_dir, struct dentry *old,
			 struct inode *new_dir, struct dentry *new, unsigned int flags)
{
	struct inode *inode = d_inode(old);
	struct inode *replaced = d_inode(new);
	struct pathfs_slot_ref ref;
	int found, err;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	if (new->d_name.len > PATHFS_NAME_MAX)
		return -ENAMETOOLONG;
	if (replaced && S_ISDIR(replaced->i_mode)) {
		int empty = pathfs_dir_is_empty(replaced);

		if (empty <= 0)
			return empty ? empty : -ENOTEMPTY;
	}
	found = pathfs_find_entry(new_dir, &new->d_name, &ref);
	if (found < 0)
		return found;
	if (found)
		err = pathfs_set_entry(new_dir, &ref, inode);
	else
		err = pathfs_add_entry(new_dir, &new->d_name, inode);
	if (err)
		return err;
	found = pathfs_find_entry(old_dir, &old->d_name, &ref);
	if (found <= 0) {
		pathfs_damaged(old_dir->i_sb, "directory %lu has lost a name", old_dir->i_ino);
		return found ? found : -EFSCORRUPTED;
	}
	err = pathfs_remove_entry(old_dir, &ref);
	if (err)
		return err;
	inode_set_ctime_current(inode);
	mark_inode_dirty(inode);
	if (replaced)
		drop_link(replaced);
	return 0;
}

const struct inode_operations pathfs_dir_inode_operations = {
	.lookup = pathfs_lookup,
	.create = pathfs_create,
	.mknod = pathfs_mknod,
	.mkdir = pathfs_mkdir,
	.symlink = pathfs_symlink,
	.link = pathfs_link,
	.unlink = pathfs_unlink,
	.rmdir = pathfs_rmdir,
	.rename = pathfs_rename,
	.getattr = pathfs_getattr,
	.setattr = pathfs_setattr,
	.fileattr_get = pathfs_fileattr_get,
	.fileattr_set = pathfs_fileattr_set,
};

const struct inode_operations pathfs_symlink_inode_operations = {
	.get_link = pathfs_get_link,
	.getattr = pathfs_getattr,
	.setattr = pathfs_setattr,
};

const struct inode_operations pathfs_special_inode_operations = {
	.getattr = pathfs_getattr,
	.setattr = pathfs_setattr,
};
