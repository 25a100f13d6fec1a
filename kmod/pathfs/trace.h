/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints: each names the branch that was taken. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pathfs

#if !defined(PATHFS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PATHFS_TRACE_H

#include <linux/tracepoint.h>
#include <linux/uio.h>
#include "compat.h"

#ifndef PATHFS_TRACE_BRANCH
#define PATHFS_TRACE_BRANCH
enum pathfs_branch {
	PATHFS_BUFFERED,
	PATHFS_DIRECT,
	PATHFS_DAX,
};
#endif

TRACE_DEFINE_ENUM(PATHFS_BUFFERED);
TRACE_DEFINE_ENUM(PATHFS_DIRECT);
TRACE_DEFINE_ENUM(PATHFS_DAX);

#define pathfs_show_branch(branch) \
	__print_symbolic(branch, { PATHFS_BUFFERED, "buffered" }, { PATHFS_DIRECT, "direct" }, \
			 { PATHFS_DAX, "dax" })

DECLARE_EVENT_CLASS(pathfs_io,
	TP_PROTO(const struct kiocb *iocb, const struct iov_iter *iter, enum pathfs_branch branch),
	TP_ARGS(iocb, iter, branch),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(int, branch)
		__field(loff_t, pos)
		__field(size_t, count)
	),
	TP_fast_assign(
		__entry->dev = file_inode(iocb->ki_filp)->i_sb->s_dev;
		__entry->ino = file_inode(iocb->ki_filp)->i_ino;
		__entry->branch = branch;
		__entry->pos = iocb->ki_pos;
		__entry->count = iov_iter_count(iter);
	),
	TP_printk("dev %d:%d ino %lu branch %s pos %lld count %zu", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->ino, pathfs_show_branch(__entry->branch),
		  __entry->pos, __entry->count)
);

DEFINE_EVENT(pathfs_io, pathfs_read,
	TP_PROTO(const struct kiocb *iocb, const struct iov_iter *iter, enum pathfs_branch branch),
	TP_ARGS(iocb, iter, branch));

DEFINE_EVENT(pathfs_io, pathfs_write,
	TP_PROTO(const struct kiocb *iocb, const struct iov_iter *iter, enum pathfs_branch branch),
	TP_ARGS(iocb, iter, branch));

TRACE_EVENT(pathfs_fault,
	TP_PROTO(const struct vm_fault *vmf, enum pathfs_branch branch, pathfs_fault_size_t size,
		 bool write),
	TP_ARGS(vmf, branch, size, write),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(int, branch)
		__field(pgoff_t, pgoff)
		__field(int, level)
		__field(bool, write)
	),
	TP_fast_assign(
		__entry->dev = file_inode(vmf->vma->vm_file)->i_sb->s_dev;
		__entry->ino = file_inode(vmf->vma->vm_file)->i_ino;
		__entry->branch = branch;
		__entry->pgoff = vmf->pgoff;
		__entry->level = size == PATHFS_FAULT_PAGE ? 0 : size == PATHFS_FAULT_PMD ? 1 : 2;
		__entry->write = write;
	),
	TP_printk("dev %d:%d ino %lu branch %s page %lu size %s %s", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->ino, pathfs_show_branch(__entry->branch),
		  __entry->pgoff,
		  __print_symbolic(__entry->level, { 0, "pte" }, { 1, "pmd" }, { 2, "pud" }),
		  __entry->write ? "write" : "read")
);

TRACE_EVENT(pathfs_iomap,
	TP_PROTO(const struct inode *inode, loff_t pos, loff_t length, unsigned int flags,
		 const struct iomap *iomap),
	TP_ARGS(inode, pos, length, flags, iomap),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(loff_t, pos)
		__field(loff_t, length)
		__field(unsigned int, flags)
		__field(unsigned int, type)
		__field(unsigned int, result)
		__field(u64, addr)
		__field(loff_t, offset)
		__field(u64, mapped)
	),
	TP_fast_assign(
		__entry->dev = inode->i_sb->s_dev;
		__entry->ino = inode->i_ino;
		__entry->pos = pos;
		__entry->length = length;
		__entry->flags = flags;
		__entry->type = iomap->type;
		__entry->result = iomap->flags;
		__entry->addr = iomap->addr;
		__entry->offset = iomap->offset;
		__entry->mapped = iomap->length;
	),
	TP_printk("dev %d:%d ino %lu pos %lld length %lld for %s -> %s%s offset %lld length %llu addr 0x%llx",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino, __entry->pos,
		  __entry->length,
		  __print_flags(__entry->flags, "|", { IOMAP_WRITE, "write" },
				{ IOMAP_ZERO, "zero" }, { IOMAP_REPORT, "report" },
				{ IOMAP_FAULT, "fault" }, { IOMAP_DIRECT, "direct" },
				{ IOMAP_NOWAIT, "nowait" }, { IOMAP_DAX, "dax" }),
		  __print_symbolic(__entry->type, { IOMAP_HOLE, "hole" },
				   { IOMAP_MAPPED, "written" }, { IOMAP_UNWRITTEN, "unwritten" }),
		  __entry->result & IOMAP_F_NEW ? " (new)" : "", __entry->offset, __entry->mapped,
		  __entry->addr)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
