/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernel 6.1 and 6.12, so that every other file is written once. */
#ifndef MINIPMEM_COMPAT_H
#define MINIPMEM_COMPAT_H

#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/version.h>

/* A fault on a bad page ends in SIGBUS with either; 6.12 also says BUS_MCEERR_AR, and where. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define MINIPMEM_POISONED (-EIO)
#else
#define MINIPMEM_POISONED (-EHWPOISON)
#endif

/*
 * What the block layer has to know of the device:
 * write cache and FUA    what was written lasts after a flush only, and then it does
 * synchronous            a bio is finished when submit_bio() returns (6.1 has no such flag)
 * DAX                    the device can be asked where its bytes are
 * I/O statistics         kept, unless queue/iostats is set to 0
 */
static inline struct gendisk *minipmem_alloc_disk(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	struct gendisk *disk = blk_alloc_disk(NUMA_NO_NODE);

	if (!disk)
		return ERR_PTR(-ENOMEM);
	blk_queue_write_cache(disk->queue, true, true);
	blk_queue_flag_set(QUEUE_FLAG_DAX, disk->queue);
	blk_queue_flag_set(QUEUE_FLAG_NONROT, disk->queue);
	blk_queue_flag_set(QUEUE_FLAG_IO_STAT, disk->queue);
	blk_queue_physical_block_size(disk->queue, PAGE_SIZE);
	blk_queue_max_hw_sectors(disk->queue, UINT_MAX);
	return disk;
#else
	struct queue_limits limits = {
		.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA | BLK_FEAT_SYNCHRONOUS |
			    BLK_FEAT_DAX | BLK_FEAT_IO_STAT,
		.physical_block_size = PAGE_SIZE,
		.max_hw_sectors = UINT_MAX,
	};

	return blk_alloc_disk(&limits, NUMA_NO_NODE);
#endif
}

#endif
