/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernel 6.1 and 6.12, so that every other file is written once, for 6.12. */
#ifndef PATHFS_COMPAT_H
#define PATHFS_COMPAT_H

#include <linux/dax.h>
#include <linux/fileattr.h>
#include <linux/fs.h>
#include <linux/iomap.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pfn_t.h>
#include <linux/version.h>
#include <linux/writeback.h>

#define PATHFS_KERNEL_BEFORE(major, minor) (LINUX_VERSION_CODE < KERNEL_VERSION(major, minor, 0))

#if PATHFS_KERNEL_BEFORE(6, 3)
#define mnt_idmap     user_namespace
#define nop_mnt_idmap init_user_ns

static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

#if PATHFS_KERNEL_BEFORE(6, 4)
#define iomap_folio_ops     iomap_page_ops
#define folio_ops           page_ops
#define filemap_splice_read generic_file_splice_read
#endif

/* The size of a fault became the order of its pages. */
#if PATHFS_KERNEL_BEFORE(6, 6)
#define pathfs_fault_size_t enum page_entry_size
#define PATHFS_FAULT_PAGE   PE_SIZE_PTE
#define PATHFS_FAULT_PMD    PE_SIZE_PMD
#define iomap_dirty_folio   filemap_dirty_folio
#else
#define pathfs_fault_size_t unsigned int
#define PATHFS_FAULT_PAGE   0
#define PATHFS_FAULT_PMD    PMD_ORDER
#endif

#if PATHFS_KERNEL_BEFORE(6, 6)
static inline void pathfs_fillattr(struct mnt_idmap *idmap, u32 request_mask, struct inode *inode,
				   struct kstat *stat)
{
	generic_fillattr(idmap, inode, stat);
}
#else
#define pathfs_fillattr generic_fillattr
#endif

#if PATHFS_KERNEL_BEFORE(6, 7)
static inline struct timespec64 inode_get_atime(const struct inode *inode)
{
	return inode->i_atime;
}

static inline struct timespec64 inode_get_mtime(const struct inode *inode)
{
	return inode->i_mtime;
}

static inline void inode_set_atime(struct inode *inode, time64_t seconds, long nanoseconds)
{
	inode->i_atime = (struct timespec64){.tv_sec = seconds, .tv_nsec = nanoseconds};
}

static inline void inode_set_mtime(struct inode *inode, time64_t seconds, long nanoseconds)
{
	inode->i_mtime = (struct timespec64){.tv_sec = seconds, .tv_nsec = nanoseconds};
}

static inline struct timespec64 inode_set_mtime_to_ts(struct inode *inode, struct timespec64 time)
{
	inode->i_mtime = time;
	return time;
}

static inline void simple_inode_init_ts(struct inode *inode)
{
	inode->i_atime = inode->i_mtime = inode_set_ctime_current(inode);
}
#endif

#if PATHFS_KERNEL_BEFORE(6, 8)
#define PATHFS_ERROR_REMOVE .error_remove_page = generic_error_remove_page
#else
#define PATHFS_ERROR_REMOVE .error_remove_folio = generic_error_remove_folio
#endif

#if PATHFS_KERNEL_BEFORE(6, 10)
#define PATHFS_ACCEPT_MAP_SYNC .mmap_supported_flags = MAP_SYNC
#else
#define PATHFS_ACCEPT_MAP_SYNC .fop_flags = FOP_MMAP_SYNC
#endif

/*
 * Around a DAX fault there are no pages of the cache that could be mapped, too. But since mappings
 * have locks of their own, a fault under such a lock is begun anew under the lock of all mappings
 * if map_pages is missing.
 */
#if PATHFS_KERNEL_BEFORE(6, 6)
#define PATHFS_DAX_MAP_PAGES .map_pages = NULL
#else
static inline vm_fault_t pathfs_map_no_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	return 0;
}
#define PATHFS_DAX_MAP_PAGES .map_pages = pathfs_map_no_pages
#endif

/* 6.1 leaves the position to the caller. */
static inline ssize_t pathfs_iomap_buffered_write(struct kiocb *iocb, struct iov_iter *from,
						  const struct iomap_ops *ops)
{
#if PATHFS_KERNEL_BEFORE(6, 6)
	ssize_t ret = iomap_file_buffered_write(iocb, from, ops);

	if (ret > 0)
		iocb->ki_pos += ret;
	return ret;
#else
	return iomap_file_buffered_write(iocb, from, ops, NULL);
#endif
}

/* A bio became part of its ioend. */
#if PATHFS_KERNEL_BEFORE(6, 10)
#define pathfs_ioend_bio(ioend) ((ioend)->io_bio)
#define pathfs_bio_ioend(bio)   ((struct iomap_ioend *)(bio)->bi_private)
#else
#define pathfs_ioend_bio(ioend) (&(ioend)->io_bio)
#define pathfs_bio_ioend(bio)   iomap_ioend_from_bio(bio)
#endif

#if PATHFS_KERNEL_BEFORE(6, 9)
#define PATHFS_MAP_BLOCKS_LENGTH
#else
#define PATHFS_MAP_BLOCKS_LENGTH , unsigned int length
#endif

#endif
