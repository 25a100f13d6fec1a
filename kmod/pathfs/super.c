// SPDX-License-Identifier: GPL-2.0
/*
 * pathfs: a file system small enough to read, for the three ways that a write can take (page cache,
 * direct, DAX) and the two of a page fault. Start with file.c; iomap.c is what all of them ask.
 */
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/statfs.h>
#include "pathfs.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

/* Something is wrong on the medium: from now on only fsck.pathfs can call it clean. */
void pathfs_damaged(struct super_block *sb, const char *format, ...)
{
	struct va_format message;
	va_list arguments;

	va_start(arguments, format);
	message.fmt = format;
	message.va = &arguments;
	pr_err_ratelimited("pathfs (%s): %pV; unmount it and run fsck.pathfs\n", sb->s_id,
			   &message);
	va_end(arguments);
	pathfs_sb(sb)->damaged = true;
}

/*
 * Writes a metadata block, which the caller has locked and changed, and waits. Metadata buffers are
 * never marked dirty: the kernel would write them when it likes, and the order would be lost.
 */
int pathfs_write_block(struct buffer_head *bh, blk_opf_t flags)
{
	set_buffer_uptodate(bh);
	get_bh(bh);
	bh->b_end_io = end_buffer_write_sync;
	submit_bh(REQ_OP_WRITE | REQ_SYNC | REQ_META | REQ_PRIO | flags, bh);
	wait_on_buffer(bh);
	return buffer_uptodate(bh) ? 0 : -EIO;
}

static void free_sbi(struct pathfs_sb_info *sbi)
{
	pathfs_free_bitmaps(sbi);
	kvfree(sbi->owned_map);
	kfree(sbi->super);
	brelse(sbi->super_bh);
	fs_put_dax(sbi->dax_dev, NULL);
	if (sbi->ioend_workqueue)
		destroy_workqueue(sbi->ioend_workqueue);
	kfree(sbi);
}

static void end_writing(struct pathfs_sb_info *sbi)
{
	if (pathfs_end_writing(sbi))
		pr_err("pathfs (%s): the bitmaps can't be written; run fsck.pathfs\n",
		       sbi->sb->s_id);
}

static void pathfs_put_super(struct super_block *sb)
{
	struct pathfs_sb_info *sbi = pathfs_sb(sb);

	if (!sb_rdonly(sb))
		end_writing(sbi);
	sb->s_fs_info = NULL;
	free_sbi(sbi);
}

/*
 * The data of all files are on the device by now. Their last blocks may have become written ones
 * while the kernel waited for that, and so their inodes dirty after it had passed by: once more.
 */
static int pathfs_sync_fs(struct super_block *sb, int wait)
{
	if (!wait)
		return 0;
	sync_inodes_sb(sb);
	return blkdev_issue_flush(sb->s_bdev);
}

static int pathfs_statfs(struct dentry *dentry, struct kstatfs *statfs)
{
	struct super_block *sb = dentry->d_sb;
	struct pathfs_sb_info *sbi = pathfs_sb(sb);
	bool counted = sbi->block_map;

	statfs->f_type = PATHFS_MAGIC;
	statfs->f_bsize = PATHFS_BLOCK_SIZE;
	statfs->f_blocks = le32_to_cpu(sbi->super->nblocks) - le32_to_cpu(sbi->super->data_start);
	statfs->f_bfree = counted ? sbi->free_blocks : le32_to_cpu(sbi->state->free_blocks);
	statfs->f_bavail = statfs->f_bfree - min_t(u64, statfs->f_bfree, PATHFS_RESERVED_BLOCKS);
	statfs->f_files = le32_to_cpu(sbi->super->ninodes);
	statfs->f_ffree = counted ? sbi->free_inodes : le32_to_cpu(sbi->state->free_inodes);
	statfs->f_namelen = PATHFS_NAME_MAX;
	statfs->f_fsid = u64_to_fsid(huge_encode_dev(sb->s_bdev->bd_dev));
	return 0;
}

static const struct constant_table pathfs_dax_modes[] = {
	{"inode", PATHFS_DAX_INODE},
	{"always", PATHFS_DAX_ALWAYS},
	{"never", PATHFS_DAX_NEVER},
	{},
};

static int pathfs_show_options(struct seq_file *file, struct dentry *root)
{
	const struct constant_table *mode;

	for (mode = pathfs_dax_modes; mode->name; mode++)
		if (mode->value == pathfs_sb(root->d_sb)->dax_mode)
			seq_printf(file, ",dax=%s", mode->name);
	return 0;
}

static struct inode *pathfs_alloc_inode(struct super_block *sb)
{
	struct pathfs_inode_info *pi = alloc_inode_sb(sb, pathfs_inode_cache, GFP_KERNEL);
	const size_t after = offsetofend(struct pathfs_inode_info, vfs_inode);

	if (!pi)
		return NULL;
	/* The first part, vfs_inode, was initialised once and stays so. */
	memset((void *)pi + after, 0, sizeof(*pi) - after);
	init_rwsem(&pi->map_lock);
	mutex_init(&pi->write_lock);
	spin_lock_init(&pi->ioend_lock);
	INIT_LIST_HEAD(&pi->ioend_list);
	INIT_WORK(&pi->ioend_work, pathfs_ioend_work);
	return &pi->vfs_inode;
}

static void pathfs_free_inode(struct inode *inode)
{
	kmem_cache_free(pathfs_inode_cache, pathfs_i(inode));
}

static void forget_runs(struct inode *inode, struct pathfs_runs *runs)
{
	for (u32 i = 0; i < runs->count; i++)
		pathfs_disown_blocks(pathfs_sb(inode->i_sb), runs->run[i].block,
				     runs->run[i].length);
	pathfs_runs_free(NULL, runs, false);
}

static void pathfs_destroy_inode(struct inode *inode)
{
	struct pathfs_inode_info *pi = pathfs_i(inode);

	forget_runs(inode, &pi->map);
	forget_runs(inode, &pi->unmapped);
	forget_runs(inode, &pi->chain);
}

static const struct super_operations pathfs_super_operations = {
	.alloc_inode = pathfs_alloc_inode,
	.free_inode = pathfs_free_inode,
	.destroy_inode = pathfs_destroy_inode,
	.write_inode = pathfs_write_inode,
	.evict_inode = pathfs_evict_inode,
	.put_super = pathfs_put_super,
	.sync_fs = pathfs_sync_fs,
	.statfs = pathfs_statfs,
	.show_options = pathfs_show_options,
};

static int read_super(struct pathfs_sb_info *sbi, struct fs_context *fc)
{
	struct super_block *sb = sbi->sb;
	const struct pathfs_super *super;
	const char *problem;

	if (!sb_set_blocksize(sb, PATHFS_BLOCK_SIZE)) {
		errorf(fc, "pathfs: the device doesn't take blocks of 4096 bytes");
		return -EINVAL;
	}
	sbi->super_bh = sb_bread(sb, 0);
	if (!sbi->super_bh) {
		errorf(fc, "pathfs: the superblock can't be read");
		return -EIO;
	}
	super = sbi->super = kmemdup(sbi->super_bh->b_data, PATHFS_BLOCK_SIZE, GFP_KERNEL);
	if (!super)
		return -ENOMEM;
	problem = pathfs_super_problem(super, bdev_nr_bytes(sb->s_bdev) >> PATHFS_BLOCK_BITS);
	if (!problem && le32_to_cpu(super->crc) != pathfs_struct_crc(super, sizeof(*super)))
		problem = "the checksum of its superblock is wrong";
	if (problem) {
		if (!(fc->sb_flags & SB_SILENT))
			errorf(fc, "pathfs: can't mount %s: %s", sb->s_id, problem);
		return le32_to_cpu(super->magic) == PATHFS_MAGIC ? -EFSCORRUPTED : -EINVAL;
	}
	sbi->state = (void *)super + PATHFS_STATE_OFFSET;
	return 0;
}

static int find_dax(struct pathfs_sb_info *sbi, struct fs_context *fc)
{
	sbi->dax_dev = fs_dax_get_by_bdev(sbi->sb->s_bdev, &sbi->dax_offset, NULL, NULL);
	if (sbi->dax_dev || sbi->dax_mode != PATHFS_DAX_ALWAYS)
		return 0;
	errorf(fc,
	       "pathfs: dax=always, but %s can't do DAX; use persistent memory in mode fsdax, or "
	       "dax=inode",
	       sbi->sb->s_id);
	return -EINVAL;
}

static int mount_root(struct super_block *sb, struct fs_context *fc)
{
	struct inode *root = pathfs_iget(sb, PATHFS_ROOT_INO);

	if (IS_ERR(root)) {
		errorf(fc, "pathfs: the root directory can't be read; run fsck.pathfs");
		return PTR_ERR(root);
	}
	if (!S_ISDIR(root->i_mode)) {
		iput(root);
		errorf(fc, "pathfs: the root is not a directory; run fsck.pathfs");
		return -EFSCORRUPTED;
	}
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int pathfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	const enum pathfs_dax_mode *dax_mode = fc->fs_private;
	struct pathfs_sb_info *sbi = kzalloc(sizeof(*sbi), GFP_KERNEL);
	int err;

	if (!sbi)
		return -ENOMEM;
	sbi->sb = sb;
	sbi->dax_mode = *dax_mode;
	mutex_init(&sbi->alloc_lock);
	sb->s_fs_info = sbi;
	sb->s_op = &pathfs_super_operations;
	sb->s_magic = PATHFS_MAGIC;
	sb->s_maxbytes =
		min_t(u64, (u64)PATHFS_MAX_FILE_BLOCKS << PATHFS_BLOCK_BITS, MAX_LFS_FILESIZE);
	sb->s_time_gran = 1;
	/* What is more in an inode is nonsense, and one more must not make it 0. */
	sb->s_max_links = S32_MAX;
	sb->s_flags |= SB_NOSEC;

	err = read_super(sbi, fc);
	if (!err)
		err = find_dax(sbi, fc);
	if (err)
		goto out;
	err = -ENOMEM;
	sbi->ioend_workqueue = alloc_workqueue("pathfs-ioend/%s", WQ_MEM_RECLAIM, 0, sb->s_id);
	if (!sbi->ioend_workqueue)
		goto out;
	sbi->owned_map =
		kvcalloc(BITS_TO_LONGS(le32_to_cpu(sbi->super->nblocks)), sizeof(long), GFP_KERNEL);
	if (!sbi->owned_map)
		goto out;
	err = mount_root(sb, fc);
	if (!err && !sb_rdonly(sb))
		err = pathfs_begin_writing(sbi, fc);
	if (!err)
		return 0;
	/* With a root still set, ->put_super would be called and would write. */
	dput(sb->s_root);
	sb->s_root = NULL;
out:
	sb->s_fs_info = NULL;
	free_sbi(sbi);
	return err;
}

static const struct fs_parameter_spec pathfs_parameters[] = {
	fsparam_enum("dax", 0, pathfs_dax_modes),
	{},
};

static int pathfs_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	enum pathfs_dax_mode *dax_mode = fc->fs_private;
	struct fs_parse_result result;
	int opt = fs_parse(fc, pathfs_parameters, param, &result);

	if (opt < 0)
		return opt;
	*dax_mode = result.uint_32;
	return 0;
}

static int pathfs_get_tree(struct fs_context *fc)
{
	return get_tree_bdev(fc, pathfs_fill_super);
}

/* mount -o remount: writing may begin and end. An inode is DAX or not since it was loaded. */
static int pathfs_reconfigure(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	struct pathfs_sb_info *sbi = pathfs_sb(sb);
	const enum pathfs_dax_mode *dax_mode = fc->fs_private;
	bool read_only = fc->sb_flags & SB_RDONLY;

	if (*dax_mode != sbi->dax_mode) {
		errorf(fc, "pathfs: dax= can't be changed while mounted; unmount it first");
		return -EINVAL;
	}
	sync_filesystem(sb);
	if (read_only == !!sb_rdonly(sb))
		return 0;
	if (!read_only)
		return pathfs_begin_writing(sbi, fc);
	/* In an emergency writers go on: what they do keeps the medium from being called clean. */
	if (fc->sb_flags & SB_FORCE)
		return 0;
	/* Nobody writes any more, so it can be read-only whether or not it can be called clean. */
	end_writing(sbi);
	pathfs_free_bitmaps(sbi);
	return 0;
}

static void pathfs_free_fc(struct fs_context *fc)
{
	kfree(fc->fs_private);
}

static const struct fs_context_operations pathfs_context_operations = {
	.parse_param = pathfs_parse_param,
	.get_tree = pathfs_get_tree,
	.reconfigure = pathfs_reconfigure,
	.free = pathfs_free_fc,
};

static int pathfs_init_fs_context(struct fs_context *fc)
{
	enum pathfs_dax_mode *dax_mode = kzalloc(sizeof(*dax_mode), GFP_KERNEL);

	if (!dax_mode)
		return -ENOMEM;
	if (fc->purpose == FS_CONTEXT_FOR_RECONFIGURE)
		*dax_mode = pathfs_sb(fc->root->d_sb)->dax_mode;
	fc->fs_private = dax_mode;
	fc->ops = &pathfs_context_operations;
	return 0;
}

static struct file_system_type pathfs_type = {
	.owner = THIS_MODULE,
	.name = "pathfs",
	.fs_flags = FS_REQUIRES_DEV,
	.init_fs_context = pathfs_init_fs_context,
	.parameters = pathfs_parameters,
	.kill_sb = kill_block_super,
};

struct kmem_cache *pathfs_inode_cache;

static void init_once(void *object)
{
	struct pathfs_inode_info *pi = object;

	inode_init_once(&pi->vfs_inode);
}

static int __init pathfs_init(void)
{
	int err;

	pathfs_inode_cache = kmem_cache_create("pathfs_inode", sizeof(struct pathfs_inode_info), 0,
					       SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, init_once);
	if (!pathfs_inode_cache)
		return -ENOMEM;
	err = register_filesystem(&pathfs_type);
	if (err)
		kmem_cache_destroy(pathfs_inode_cache);
	return err;
}

static void __exit pathfs_exit(void)
{
	unregister_filesystem(&pathfs_type);
	/* Inodes are freed after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(pathfs_inode_cache);
}

module_init(pathfs_init);
module_exit(pathfs_exit);
MODULE_ALIAS_FS("pathfs");
MODULE_DESCRIPTION("A small file system with every path: page cache, direct, DAX");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: crc32c");
