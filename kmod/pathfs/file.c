// SPDX-License-Identifier: GPL-2.0
/*
 * The story on one page: a write takes one of three branches, a read likewise, a page fault one of
 * two.
 *
 *   buffered  to the page cache; iomap asks where the blocks are, and writeback writes them later
 *   direct    iomap builds bios from the user's own pages, and the block layer sends them
 *   dax       the processor copies to and from the medium; a fault maps the medium itself
 *
 * On every branch the question "which blocks?" goes to pathfs_iomap_begin, in iomap.c.
 */
#include <linux/dax.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/uio.h>
#include "pathfs.h"
#include "trace.h"

static int lock_inode(struct kiocb *iocb, struct inode *inode, bool shared)
{
	if (shared ? inode_trylock_shared(inode) : inode_trylock(inode))
		return 0;
	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;
	if (shared)
		inode_lock_shared(inode);
	else
		inode_lock(inode);
	return 0;
}

static void unlock_inode(struct inode *inode, bool shared)
{
	if (shared)
		inode_unlock_shared(inode);
	else
		inode_unlock(inode);
}

/* Limits, privileges, times; and zeros between the old end of the file and the write. */
static ssize_t prepare_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t count = generic_write_checks(iocb, from);
	loff_t size;
	int err;

	if (count <= 0)
		return count;
	size = i_size_read(inode);
	if (iocb->ki_pos > size) {
		if (iocb->ki_flags & IOCB_NOWAIT)
			return -EAGAIN;
		err = pathfs_zero_range(inode, size,
					min(iocb->ki_pos, round_up(size, PATHFS_BLOCK_SIZE)));
		if (err)
			return err;
	}
	err = kiocb_modified(iocb);
	return err ? err : count;
}

static ssize_t pathfs_dax_write(struct kiocb *iocb, struct iov_iter *from)
{
	/* LAB 7.3: alone with the file: prepare, event, copy, the end of the file; then durable if asked => return -EOPNOTSUPP; */
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret = lock_inode(iocb, inode, false);

	if (ret)
		return ret;
	ret = prepare_write(iocb, from);
	if (ret > 0) {
		trace_pathfs_write(iocb, from, PATHFS_DAX);
		ret = dax_iomap_rw(iocb, from, &pathfs_iomap_ops);
		if (iocb->ki_pos > i_size_read(inode)) {
			i_size_write(inode, iocb->ki_pos);
			mark_inode_dirty(inode);
		}
	}
	inode_unlock(inode);
	return ret > 0 ? generic_write_sync(iocb, ret) : ret;
	/* LAB end */
}

/*
 * Whole blocks inside the file can be written by many at once. A write that moves the end of the
 * file, or one that zeroes the rest of a block, is alone, and is done before another begins.
 */
static bool must_be_alone(const struct kiocb *iocb, const struct iov_iter *from)
{
	const struct inode *inode = file_inode(iocb->ki_filp);
	loff_t end = iocb->ki_pos + iov_iter_count(from);

	return iocb->ki_flags & IOCB_APPEND || end > i_size_read(inode) || !IS_NOSEC(inode) ||
	       (iocb->ki_pos | end) % PATHFS_BLOCK_SIZE;
}

static ssize_t pathfs_direct_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	bool alone = must_be_alone(iocb, from);
	ssize_t ret = lock_inode(iocb, inode, !alone);

	if (ret)
		return ret;
	/* The file may have been cut while we waited for it. */
	if (!alone && must_be_alone(iocb, from)) {
		inode_unlock_shared(inode);
		alone = true;
		ret = lock_inode(iocb, inode, false);
		if (ret)
			return ret;
	}
	ret = prepare_write(iocb, from);
	if (ret > 0) {
		if (alone) {
			inode_dio_wait(inode);
			/* We wait for it here, and nobody would poll. */
			iocb->ki_flags &= ~IOCB_HIPRI;
		}
		trace_pathfs_write(iocb, from, PATHFS_DIRECT);
		ret = iomap_dio_rw(iocb, from, &pathfs_iomap_ops, &pathfs_dio_ops,
				   alone ? IOMAP_DIO_FORCE_WAIT : 0, NULL, 0);
	}
	unlock_inode(inode, !alone);
	return ret;
}

static ssize_t pathfs_buffered_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret = lock_inode(iocb, inode, false);

	if (ret)
		return ret;
	ret = prepare_write(iocb, from);
	if (ret > 0) {
		loff_t size = i_size_read(inode);

		trace_pathfs_write(iocb, from, PATHFS_BUFFERED);
		ret = pathfs_iomap_buffered_write(iocb, from, &pathfs_iomap_ops);
		/* iomap has moved the end of the file. */
		if (i_size_read(inode) != size)
			mark_inode_dirty(inode);
	}
	inode_unlock(inode);
	return ret > 0 ? generic_write_sync(iocb, ret) : ret;
}

static ssize_t pathfs_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	/* LAB 7.1: which branch? If a direct write says -ENOTBLK, through the cache => return -EOPNOTSUPP; */
	if (IS_DAX(file_inode(iocb->ki_filp)))
		return pathfs_dax_write(iocb, from);
	if (iocb->ki_flags & IOCB_DIRECT) {
		ssize_t ret = pathfs_direct_write(iocb, from);

		/* Pages of the cache are in the way: then through the cache. */
		if (ret != -ENOTBLK)
			return ret;
	}
	return pathfs_buffered_write(iocb, from);
	/* LAB end */
}

/*
 * The branches of a read are not inline: pathfs_file_read_iter only jumps to one of them, and saves
 * no registers for what the others call.
 */
static noinline ssize_t pathfs_dax_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	const loff_t limit = inode->i_sb->s_maxbytes;
	ssize_t ret;

	/* The kernel asks for an extent at the end of the read, and there are none from here on. */
	if (iocb->ki_pos >= limit)
		return 0;
	iov_iter_truncate(to, limit - iocb->ki_pos);
	if (!iov_iter_count(to))
		return 0;
	ret = lock_inode(iocb, inode, true);
	if (ret)
		return ret;
	trace_pathfs_read(iocb, to, PATHFS_DAX);
	ret = dax_iomap_rw(iocb, to, &pathfs_iomap_ops);
	inode_unlock_shared(inode);
	file_accessed(iocb->ki_filp);
	return ret;
}

static noinline ssize_t pathfs_direct_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	ret = lock_inode(iocb, inode, true);
	if (ret)
		return ret;
	trace_pathfs_read(iocb, to, PATHFS_DIRECT);
	file_accessed(iocb->ki_filp);
	ret = iomap_dio_rw(iocb, to, &pathfs_iomap_ops, NULL, 0, NULL, 0);
	inode_unlock_shared(inode);
	return ret;
}

static noinline ssize_t pathfs_traced_buffered_read(struct kiocb *iocb, struct iov_iter *to)
{
	trace_pathfs_read(iocb, to, PATHFS_BUFFERED);
	return filemap_read(iocb, to, 0);
}

static ssize_t pathfs_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	/* LAB 7.2: which branch? If nobody traces, a buffered read is filemap_read alone => return -EOPNOTSUPP; */
	struct inode *inode = file_inode(iocb->ki_filp);

	if (IS_DAX(inode))
		return pathfs_dax_read(iocb, to);
	if (iocb->ki_flags & IOCB_DIRECT)
		return pathfs_direct_read(iocb, to);
	if (trace_pathfs_read_enabled())
		return pathfs_traced_buffered_read(iocb, to);
	return filemap_read(iocb, to, 0);
	/* LAB end */
}

/*
 * DAX: iomap_begin says where the page is on the medium, and that goes into the page table, as a
 * PTE or a PMD. If the mapping is MAP_SYNC and the blocks are so new that the inode on the medium
 * doesn't have them, the entry is made only after the inode is durable: a store that is flushed
 * from the cache afterwards is then found again after a power cut.
 */
static vm_fault_t pathfs_dax_fault(struct vm_fault *vmf, pathfs_fault_size_t size, bool write)
{
	/* LAB 9.2: dax_iomap_fault, and around it what a truncate, a freeze and MAP_SYNC need => return VM_FAULT_SIGBUS; */
	struct inode *inode = file_inode(vmf->vma->vm_file);
	vm_fault_t ret;
	pfn_t pfn;

	trace_pathfs_fault(vmf, PATHFS_DAX, size, write);
	if (write) {
		sb_start_pagefault(inode->i_sb);
		file_update_time(vmf->vma->vm_file);
	}
	filemap_invalidate_lock_shared(inode->i_mapping);
	ret = dax_iomap_fault(vmf, size, &pfn, NULL, &pathfs_iomap_ops);
	if (ret & VM_FAULT_NEEDDSYNC)
		ret = dax_finish_sync_fault(vmf, size, pfn);
	filemap_invalidate_unlock_shared(inode->i_mapping);
	if (write)
		sb_end_pagefault(inode->i_sb);
	return ret;
	/* LAB end */
}

static bool is_shared_write(const struct vm_fault *vmf)
{
	/* LAB 9.3: will the file itself change? => return false; */
	return vmf->flags & FAULT_FLAG_WRITE && vmf->vma->vm_flags & VM_SHARED;
	/* LAB end */
}

static vm_fault_t pathfs_cache_fault(struct vm_fault *vmf)
{
	trace_pathfs_fault(vmf, PATHFS_BUFFERED, PATHFS_FAULT_PAGE, is_shared_write(vmf));
	return filemap_fault(vmf);
}

static vm_fault_t pathfs_fault(struct vm_fault *vmf)
{
	return pathfs_dax_fault(vmf, PATHFS_FAULT_PAGE, is_shared_write(vmf));
}

/*
 * For 2 MiB at once; if that can't be, VM_FAULT_FALLBACK, and pathfs_fault is asked for a page.
 * Where nothing is mapped in a whole 1 GiB, the kernel asks for that first; fs/dax.c always says
 * FALLBACK.
 */
static vm_fault_t pathfs_huge_fault(struct vm_fault *vmf, pathfs_fault_size_t size)
{
	/* LAB 9.4: the same as for a page, but larger => return VM_FAULT_FALLBACK; */
	return pathfs_dax_fault(vmf, size, is_shared_write(vmf));
	/* LAB end */
}

/* A page that was mapped for reading is written: it needs blocks, and to become dirty. */
static vm_fault_t pathfs_page_mkwrite(struct vm_fault *vmf)
{
	/* LAB 9.1: an event, then blocks and dirt from iomap_page_mkwrite, safe from freeze and truncate => return VM_FAULT_SIGBUS; */
	struct inode *inode = file_inode(vmf->vma->vm_file);
	vm_fault_t ret;

	trace_pathfs_fault(vmf, PATHFS_BUFFERED, PATHFS_FAULT_PAGE, true);
	sb_start_pagefault(inode->i_sb);
	file_update_time(vmf->vma->vm_file);
	filemap_invalidate_lock_shared(inode->i_mapping);
	ret = iomap_page_mkwrite(vmf, &pathfs_iomap_ops);
	filemap_invalidate_unlock_shared(inode->i_mapping);
	sb_end_pagefault(inode->i_sb);
	return ret;
	/* LAB end */
}

/* The same for memory without a page of the cache, which is DAX. */
static vm_fault_t pathfs_pfn_mkwrite(struct vm_fault *vmf)
{
	return pathfs_dax_fault(vmf, PATHFS_FAULT_PAGE, true);
}

static const struct vm_operations_struct pathfs_vm_operations = {
	.fault = pathfs_cache_fault,
	.map_pages = filemap_map_pages,
	.page_mkwrite = pathfs_page_mkwrite,
};

static const struct vm_operations_struct pathfs_dax_vm_operations = {
	.fault = pathfs_fault,
	PATHFS_DAX_MAP_PAGES,
	.huge_fault = pathfs_huge_fault,
	.page_mkwrite = pathfs_pfn_mkwrite,
	.pfn_mkwrite = pathfs_pfn_mkwrite,
};

static int pathfs_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct inode *inode = file_inode(file);

	/* MAP_SYNC promises what only DAX on synchronous memory can keep. */
	if (!daxdev_mapping_supported(vma, pathfs_sb(inode->i_sb)->dax_dev))
		return -EOPNOTSUPP;
	file_accessed(file);
	vma->vm_ops = &pathfs_vm_operations;
	if (IS_DAX(inode)) {
		vma->vm_ops = &pathfs_dax_vm_operations;
		vm_flags_set(vma, VM_HUGEPAGE);
	}
	return 0;
}

static int pathfs_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT | FMODE_CAN_ODIRECT;
	return generic_file_open(inode, file);
}

static loff_t pathfs_llseek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file->f_mapping->host;

	if (whence != SEEK_HOLE && whence != SEEK_DATA)
		return generic_file_llseek(file, offset, whence);
	inode_lock_shared(inode);
	if (whence == SEEK_HOLE)
		offset = iomap_seek_hole(inode, offset, &pathfs_iomap_ops);
	else
		offset = iomap_seek_data(inode, offset, &pathfs_iomap_ops);
	inode_unlock_shared(inode);
	if (offset < 0)
		return offset;
	return vfs_setpos(file, offset, inode->i_sb->s_maxbytes);
}

const struct file_operations pathfs_file_operations = {
	.open = pathfs_open,
	.llseek = pathfs_llseek,
	.read_iter = pathfs_file_read_iter,
	.write_iter = pathfs_file_write_iter,
	.iopoll = iocb_bio_iopoll,
	.mmap = pathfs_mmap,
	PATHFS_ACCEPT_MAP_SYNC,
	.get_unmapped_area = thp_get_unmapped_area,
	.fsync = pathfs_fsync,
	.fallocate = pathfs_fallocate,
	.splice_read = filemap_splice_read,
	.splice_write = iter_file_splice_write,
};
