/* SPDX-License-Identifier: GPL-2.0 */
/*
 * minipmem: a block device whose medium is a range of physical memory, and which a file system
 * may therefore use in two ways:
 *
 *   bio.c        the way of every disk: a bio, which the driver answers by copying
 *   dax.c        DAX: the file system asks where the bytes are and copies, or maps, them itself
 *   badblocks.c  what of the medium can't be read, for both ways
 *   main.c       the range, its struct pages, and the two devices put onto it
 *
 * Read them in this order: main.c, bio.c, dax.c, badblocks.c.
 */
#ifndef MINIPMEM_H
#define MINIPMEM_H

#include <linux/badblocks.h>
#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/memremap.h>
#include <linux/page-flags.h>

struct minipmem {
	/* The medium: where it is in physical memory, and where the kernel has it mapped. */
	phys_addr_t start;
	u64 size;
	void *addr;
	/* Its struct pages: without them it couldn't be mapped like a file, nor be DMAed to. */
	struct dev_pagemap pgmap;
	struct gendisk *disk;
	struct dax_device *dax_dev;
	/* In sectors of 512 bytes. Has a lock of its own. */
	struct badblocks bad;
};

/* Of a page that several files have (reflink), page->mapping is a mark and no pointer. */
static inline bool minipmem_is_shared(const struct address_space *mapping)
{
	return (unsigned long)mapping & PAGE_MAPPING_FLAGS;
}

/* bio.c */
extern const struct block_device_operations minipmem_block_ops;

/* dax.c */
extern const struct dax_operations minipmem_dax_ops;
extern const struct dev_pagemap_ops minipmem_pagemap_ops;

/* badblocks.c */
extern const struct attribute_group *minipmem_disk_groups[];
bool minipmem_is_bad(struct minipmem *pm, sector_t sector, sector_t count);
long minipmem_good_pages(struct minipmem *pm, pgoff_t pgoff, long nr_pages);
void minipmem_clear_bad(struct minipmem *pm, sector_t sector, sector_t count);

#endif
