// SPDX-License-Identifier: GPL-2.0
/*
 * Names in the blocks of a directory: found by looking at each. Every change is durable when the
 * function returns. Callers hold the directory's i_rwsem.
 */
#include "pathfs.h"

static u32 name_crc(const char *name, u8 length)
{
	u32 crc = pathfs_crc(&length, sizeof(length));

	return crc32c(crc, name, length);
}

static u32 dir_blocks(const struct inode *dir)
{
	return i_size_read(dir) >> PATHFS_BLOCK_BITS;
}

/* Reads a block of a directory, whose size has promised it. */
static struct buffer_head *read_dir_block(struct inode *dir, u32 file_block)
{
	struct pathfs_inode_info *pi = pathfs_i(dir);
	const struct pathfs_dir_block *block;
	struct buffer_head *bh;
	u32 place = 0;
	u32 index;

	down_read(&pi->map_lock);
	index = pathfs_find_run(&pi->map, file_block);
	if (index < pi->map.count && pi->map.run[index].file_block <= file_block)
		place = pi->map.run[index].block + (file_block - pi->map.run[index].file_block);
	up_read(&pi->map_lock);
	if (!place) {
		pathfs_damaged(dir->i_sb, "directory %lu has a hole", dir->i_ino);
		return ERR_PTR(-EFSCORRUPTED);
	}
	bh = sb_bread(dir->i_sb, place);
	if (!bh)
		return ERR_PTR(-EIO);
	block = (const struct pathfs_dir_block *)bh->b_data;
	if (le32_to_cpu(block->magic) != PATHFS_DIR_MAGIC ||
	    le32_to_cpu(block->ino) != dir->i_ino ||
	    le32_to_cpu(block->generation) != pi->generation) {
		pathfs_damaged(dir->i_sb, "directory %lu: block %u isn't its own", dir->i_ino,
			       place);
		brelse(bh);
		return ERR_PTR(-EFSCORRUPTED);
	}
	return bh;
}

/* Writes a locked block of a directory. If that fails, the medium has the old names or the new. */
static int write_dir_block(struct inode *dir, struct buffer_head *bh, blk_opf_t flags)
{
	int err = pathfs_write_block(bh, flags);

	if (err)
		pathfs_damaged(dir->i_sb, "directory %lu can't be written", dir->i_ino);
	return err;
}

static struct pathfs_dirent *dir_entries(struct buffer_head *bh)
{
	return ((struct pathfs_dir_block *)bh->b_data)->entries;
}

static bool entry_is_sound(const struct pathfs_dirent *entry)
{
	return entry->name_len > 0 &&
	       le32_to_cpu(entry->name_crc) == name_crc(entry->name, entry->name_len) &&
	       !memchr(entry->name, '/', entry->name_len) &&
	       !memchr(entry->name, 0, entry->name_len);
}

/* Returns 1 and a reference that the caller releases if the name is there, else 0. */
int pathfs_find_entry(struct inode *dir, const struct qstr *name, struct pathfs_slot_ref *ref)
{
	for (u32 i = 0; i < dir_blocks(dir); i++) {
		struct buffer_head *bh = read_dir_block(dir, i);
		struct pathfs_dirent *entry;

		if (IS_ERR(bh))
			return PTR_ERR(bh);
		entry = dir_entries(bh);
		for (u32 j = 0; j < PATHFS_BLOCK_DIRENTS; j++, entry++) {
			if (!entry->ino || entry->name_len != name->len ||
			    memcmp(entry->name, name->name, name->len) || !entry_is_sound(entry))
				continue;
			*ref = (struct pathfs_slot_ref){.bh = bh, .entry = entry};
			return 1;
		}
		brelse(bh);
	}
	return 0;
}

static void fill_entry(struct pathfs_dirent *entry, const struct qstr *name, struct inode *inode)
{
	memset(entry, 0, sizeof(*entry));
	entry->name_len = name->len;
	memcpy(entry->name, name->name, name->len);
	entry->name_crc = cpu_to_le32(name_crc(entry->name, entry->name_len));
	entry->ino = cpu_to_le32(inode->i_ino);
	entry->generation = cpu_to_le32(pathfs_i(inode)->generation);
}

/* The directory has changed: mtime, which may reach the medium later. */
static void touch_dir(struct inode *dir)
{
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
	mark_inode_dirty(dir);
}

/* A new block with the one name: on the medium before the directory has it. */
static int append_block(struct inode *dir, const struct qstr *name, struct inode *inode)
{
	struct pathfs_inode_info *pi = pathfs_i(dir);
	struct pathfs_dir_block *block;
	struct pathfs_run run;
	struct buffer_head *bh;
	u32 file_block = dir_blocks(dir);
	u64 version;
	int err;

	if (file_block >= PATHFS_MAX_FILE_BLOCKS - 1)
		return -ENOSPC;
	err = pathfs_map_range(dir, file_block, file_block + 1, false, &run, &version);
	if (err < 0)
		return err;
	bh = sb_getblk(dir->i_sb, run.block);
	if (!bh)
		return -ENOMEM;
	lock_buffer(bh);
	block = (struct pathfs_dir_block *)bh->b_data;
	memset(block, 0, sizeof(*block));
	block->magic = cpu_to_le32(PATHFS_DIR_MAGIC);
	block->ino = cpu_to_le32(dir->i_ino);
	block->generation = cpu_to_le32(pi->generation);
	fill_entry(&block->entries[0], name, inode);
	err = pathfs_write_block(bh, 0);
	brelse(bh);
	if (err)
		return err;
	down_write(&pi->map_lock);
	pathfs_map_mark_written(pi, file_block, file_block + 1);
	up_write(&pi->map_lock);
	i_size_write(dir, (loff_t)(file_block + 1) << PATHFS_BLOCK_BITS);
	err = pathfs_write_inode_now(dir);
	if (err)
		i_size_write(dir, (loff_t)file_block << PATHFS_BLOCK_BITS);
	return err;
}

/* Gives the inode, which is on the medium, a name that the directory doesn't have yet. */
int pathfs_add_entry(struct inode *dir, const struct qstr *name, struct inode *inode)
{
	int err;

	touch_dir(dir);
	for (u32 i = 0; i < dir_blocks(dir); i++) {
		struct buffer_head *bh = read_dir_block(dir, i);
		struct pathfs_dirent *entry;

		if (IS_ERR(bh))
			return PTR_ERR(bh);
		entry = dir_entries(bh);
		for (u32 j = 0; j < PATHFS_BLOCK_DIRENTS; j++, entry++) {
			if (entry->ino)
				continue;
			lock_buffer(bh);
			fill_entry(entry, name, inode);
			err = write_dir_block(dir, bh, PATHFS_DURABLE);
			brelse(bh);
			return err;
		}
		brelse(bh);
	}
	return append_block(dir, name, inode);
}

/* The name is now another inode's: eight bytes change at once. Releases the reference. */
int pathfs_set_entry(struct inode *dir, struct pathfs_slot_ref *ref, struct inode *inode)
{
	u64 word = inode->i_ino | (u64)pathfs_i(inode)->generation << 32;
	int err;

	BUILD_BUG_ON(offsetof(struct pathfs_dirent, generation) != sizeof(__le32));
	lock_buffer(ref->bh);
	WRITE_ONCE(*(__le64 *)ref->entry, cpu_to_le64(word));
	err = write_dir_block(dir, ref->bh, PATHFS_DURABLE);
	brelse(ref->bh);
	touch_dir(dir);
	return err;
}

/* Releases the reference. */
int pathfs_remove_entry(struct inode *dir, struct pathfs_slot_ref *ref)
{
	int err;

	lock_buffer(ref->bh);
	WRITE_ONCE(*(__le64 *)ref->entry, 0);
	/* Else the next name in this place, half written, could be this one. */
	ref->entry->name_crc = 0;
	err = write_dir_block(dir, ref->bh, PATHFS_DURABLE);
	brelse(ref->bh);
	touch_dir(dir);
	return err;
}

/* 1, 0 or a negative errno. */
int pathfs_dir_is_empty(struct inode *dir)
{
	for (u32 i = 0; i < dir_blocks(dir); i++) {
		struct buffer_head *bh = read_dir_block(dir, i);
		bool used = false;

		if (IS_ERR(bh))
			return PTR_ERR(bh);
		for (u32 j = 0; j < PATHFS_BLOCK_DIRENTS; j++)
			used = used || dir_entries(bh)[j].ino;
		brelse(bh);
		if (used)
			return 0;
	}
	return 1;
}

/* Positions 0 and 1 are "." and ".."; then each place for a name has its own. */
static int pathfs_readdir(struct file *file, struct dir_context *context)
{
	struct inode *dir = file_inode(file);

	if (!dir_emit_dots(file, context))
		return 0;
	while ((context->pos - 2) / PATHFS_BLOCK_DIRENTS < dir_blocks(dir)) {
		u32 file_block = (context->pos - 2) / PATHFS_BLOCK_DIRENTS;
		u32 index = (context->pos - 2) % PATHFS_BLOCK_DIRENTS;
		struct buffer_head *bh = read_dir_block(dir, file_block);
		bool room = true;

		if (IS_ERR(bh))
			return PTR_ERR(bh);
		for (; index < PATHFS_BLOCK_DIRENTS && room; index++) {
			const struct pathfs_dirent *entry = &dir_entries(bh)[index];

			if (entry->ino && entry_is_sound(entry))
				room = dir_emit(context, entry->name, entry->name_len,
						le32_to_cpu(entry->ino), DT_UNKNOWN);
			if (room)
				context->pos++;
		}
		brelse(bh);
		if (!room)
			break;
	}
	return 0;
}

const struct file_operations pathfs_dir_operations = {
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = pathfs_readdir,
	.fsync = pathfs_fsync,
};
