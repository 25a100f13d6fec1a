/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the module share. */
#ifndef PATHFS_H
#define PATHFS_H

#include <linux/blkdev.h>
#include <linux/buffer_head.h>
#include <linux/crc32c.h>
#include "compat.h"
#include "pathfs_format.h"

/* On-disk nonsense, as ext4 and xfs report it. */
#define EFSCORRUPTED EUCLEAN

enum pathfs_dax_mode {
	PATHFS_DAX_INODE, /* the inode's flag decides */
	PATHFS_DAX_ALWAYS,
	PATHFS_DAX_NEVER,
};

struct fs_context;

struct pathfs_sb_info {
	struct super_block *sb;
	struct buffer_head *super_bh;
	/* In a copy of block 0: in super_bh others can write through the block device. */
	const struct pathfs_super *super; /* checked at mount */
	struct pathfs_state *state;

	enum pathfs_dax_mode dax_mode;
	struct dax_device *dax_dev; /* NULL: the device has no DAX */
	u64 dax_offset;             /* of the partition in the DAX device */

	struct workqueue_struct *ioend_workqueue;
	bool damaged; /* something failed: never call this file system clean again */

	struct mutex alloc_lock;  /* the rest of this structure */
	unsigned long *block_map; /* bit set: in use */
	unsigned long *inode_map; /* bit n is inode n + 1 */
	unsigned long
		*owned_map; /* bit set: an inode in memory has the block, which no other may */
	u32 free_blocks;
	u32 free_inodes;
	u32 block_hint; /* where the last search for any block ended */
	u32 inode_hint;
};

/* An extent in memory. */
struct pathfs_run {
	u32 file_block;
	u32 block;
	u32 length;
	u32 flags;
};

/* A growing array of runs. */
struct pathfs_runs {
	struct pathfs_run *run;
	u32 count;
	u32 room;
};

struct pathfs_inode_info {
	struct inode vfs_inode; /* first: only this part survives being freed */

	/*
	 * Order of the locks: i_rwsem, invalidate_lock, then write_lock, map_lock, alloc_lock.
	 * map_lock: the runs. Taken shared by every lookup, exclusive to allocate and free.
	 */
	struct rw_semaphore map_lock;
	struct pathfs_runs map;      /* by file_block, neighbours merged */
	struct pathfs_runs unmapped; /* taken from map, but the inode on the medium may have them */
	u64 map_version;             /* grows with each change of map */

	struct mutex write_lock; /* one writer of the inode at a time; what follows */
	u64 sequence;            /* of the last slot written */
	u64 durable_version;     /* map_version that is on the medium, and the size that is */
	loff_t durable_size;
	u64 chain_version; /* map_version that the extent blocks hold */
	struct pathfs_runs chain;
	/* For fsync: has a write of the inode, and so a flush, begun after it did and ended? */
	unsigned int writes_begun, writes_done;
	u8 slot; /* holds the last durable copy */

	u32 generation;
	u32 flags; /* PATHFS_INODE_* */
	struct timespec64 btime;

	spinlock_t ioend_lock; /* finished writes of unwritten blocks, to be marked as written */
	struct list_head ioend_list;
	struct work_struct ioend_work;
};

static inline struct pathfs_sb_info *pathfs_sb(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct pathfs_inode_info *pathfs_i(const struct inode *inode)
{
	return container_of(inode, struct pathfs_inode_info, vfs_inode);
}

static inline u32 pathfs_crc(const void *data, size_t size)
{
	return crc32c(~0, data, size);
}

/* The checksum of a structure is its first field. */
static inline u32 pathfs_struct_crc(const void *structure, size_t size)
{
	return pathfs_crc(structure + sizeof(__le32), size - sizeof(__le32));
}

/* super.c */
void pathfs_damaged(struct super_block *sb, const char *format, ...) __printf(2, 3);
int pathfs_write_block(struct buffer_head *bh, blk_opf_t flags);
/* With these flags a write is durable when it ends, and so is all that was written before it. */
#define PATHFS_DURABLE (REQ_PREFLUSH | REQ_FUA)

/* state.c */
int pathfs_begin_writing(struct pathfs_sb_info *sbi, struct fs_context *fc);
int pathfs_end_writing(struct pathfs_sb_info *sbi);
void pathfs_free_bitmaps(struct pathfs_sb_info *sbi);

/* balloc.c */
int pathfs_alloc_blocks(struct pathfs_sb_info *sbi, u32 goal, u32 huge_offset, u32 want,
			struct pathfs_run *run);
void pathfs_free_blocks(struct pathfs_sb_info *sbi, u32 block, u32 length);
bool pathfs_own_blocks(struct pathfs_sb_info *sbi, u32 block, u32 length);
void pathfs_disown_blocks(struct pathfs_sb_info *sbi, u32 block, u32 length);
u32 pathfs_alloc_ino(struct pathfs_sb_info *sbi);
void pathfs_free_ino(struct pathfs_sb_info *sbi, u32 ino);

/* No preference for the place within 2 MiB. */
#define PATHFS_ANYWHERE PATHFS_HUGE_BLOCKS

/* Not for data: on a full disk, too, long lists of extents move when they change. */
#define PATHFS_RESERVED_BLOCKS 64

/*
 * With so many a file gets no new blocks and no new holes. It is half of the format's limit: the
 * rest is for splits by writes that are under way, which must not fail.
 */
#define PATHFS_MANY_RUNS (PATHFS_MAX_EXTENTS / 2)

/*
 * Index of the first run that ends after `file_block`: it holds the block or comes after it. Caller
 * holds map_lock. Here because every operation on every path looks up a run.
 */
static inline u32 pathfs_find_run(const struct pathfs_runs *runs, u32 file_block)
{
	u32 low = 0;
	u32 high = runs->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (runs->run[middle].file_block + runs->run[middle].length > file_block)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* extent.c: all but the last want map_lock held */
void pathfs_runs_append(struct pathfs_runs *runs, const struct pathfs_run *run);
void pathfs_map_insert(struct pathfs_inode_info *pi, const struct pathfs_run *run);
void pathfs_map_remove(struct pathfs_inode_info *pi, u32 first, u32 end);
void pathfs_map_mark_written(struct pathfs_inode_info *pi, u32 first, u32 end);
void pathfs_runs_free(struct pathfs_sb_info *sbi, struct pathfs_runs *runs, bool blocks_too);

/* inode.c */
extern struct kmem_cache *pathfs_inode_cache;
struct inode *pathfs_iget(struct super_block *sb, u32 ino);
struct inode *pathfs_new_inode(struct inode *dir, umode_t mode, dev_t rdev);
void pathfs_evict_inode(struct inode *inode);
int pathfs_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		   u32 request_mask, unsigned int query_flags);
int pathfs_fileattr_get(struct dentry *dentry, struct fileattr *fa);
int pathfs_fileattr_set(struct mnt_idmap *idmap, struct dentry *dentry, struct fileattr *fa);

struct pathfs_inode *pathfs_read_slots(struct super_block *sb, u32 ino, struct buffer_head **bh);

/* inode_write.c */
int pathfs_write_inode_now(struct inode *inode);
int pathfs_write_inode(struct inode *inode, struct writeback_control *wbc);
int pathfs_fsync(struct file *file, loff_t start, loff_t end, int datasync);

/* dir.c: names in directory blocks */
struct pathfs_slot_ref {
	struct buffer_head *bh;
	struct pathfs_dirent *entry; /* in bh */
};
int pathfs_find_entry(struct inode *dir, const struct qstr *name, struct pathfs_slot_ref *ref);
int pathfs_add_entry(struct inode *dir, const struct qstr *name, struct inode *inode);
int pathfs_set_entry(struct inode *dir, struct pathfs_slot_ref *ref, struct inode *inode);
int pathfs_remove_entry(struct inode *dir, struct pathfs_slot_ref *ref);
int pathfs_dir_is_empty(struct inode *dir);
extern const struct file_operations pathfs_dir_operations;

/* namei.c: operations on names */
extern const struct inode_operations pathfs_dir_inode_operations;
extern const struct inode_operations pathfs_special_inode_operations;
extern const struct inode_operations pathfs_symlink_inode_operations;

/* file.c */
extern const struct file_operations pathfs_file_operations;

/* space.c: truncate, fallocate, fiemap, seek */
extern const struct inode_operations pathfs_file_inode_operations;
int pathfs_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
long pathfs_fallocate(struct file *file, int mode, loff_t offset, loff_t length);
int pathfs_zero_range(struct inode *inode, loff_t start, loff_t end);
int pathfs_wait_for_idle_pages(struct inode *inode);

/* iomap.c */
extern const struct iomap_ops pathfs_iomap_ops;
extern const struct iomap_dio_ops pathfs_dio_ops;
extern const struct address_space_operations pathfs_aops;
extern const struct address_space_operations pathfs_dax_aops;
int pathfs_map_range(struct inode *inode, u32 first, u32 end, bool written, struct pathfs_run *run,
		     u64 *version);
void pathfs_ioend_work(struct work_struct *work);

#endif
