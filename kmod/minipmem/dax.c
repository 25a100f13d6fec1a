// SPDX-License-Identifier: GPL-2.0
/*
 * DAX. The driver only says where the bytes are; the kernel's fs/dax.c copies them for read() and
 * write(), and maps them for mmap(). A load or a store through a mapping never comes by here.
 */
#include <linux/dax.h>
#include <linux/mm.h>
#include <linux/pfn_t.h>
#include <linux/uio.h>
#include "compat.h"
#include "minipmem.h"

/*
 * Where is page `pgoff` of the device? Returns how many pages from there on lie in one piece, which
 * is nr_pages, or fewer if a bad one comes before: a caller that wanted to map 2 MiB then maps
 * pages. Who comes with DAX_RECOVERY_WRITE has had the error, and will go on to recovery_write().
 */
static long minipmem_direct_access(struct dax_device *dax_dev, pgoff_t pgoff, long nr_pages,
				   enum dax_access_mode mode, void **kaddr, pfn_t *pfn)
{
	struct minipmem *pm = dax_get_private(dax_dev);
	const u64 offset = PFN_PHYS((u64)pgoff);

	/* LAB 8.2: how many of them, up to the end and to the first bad one => nr_pages = 1; */
	nr_pages = min_t(u64, nr_pages, PHYS_PFN(pm->size - offset));
	if (mode != DAX_RECOVERY_WRITE)
		nr_pages = minipmem_good_pages(pm, pgoff, nr_pages);
	if (!nr_pages)
		return MINIPMEM_POISONED;
	/* LAB end */
	/* LAB 8.1: where they are, for the kernel and for a page table => return -EOPNOTSUPP; */
	if (kaddr)
		*kaddr = pm->addr + offset;
	/* It is device memory, and it has struct pages. */
	if (pfn)
		*pfn = phys_to_pfn_t(pm->start + offset, PFN_DEV | PFN_MAP);
	return nr_pages;
	/* LAB end */
}

static int minipmem_zero_page_range(struct dax_device *dax_dev, pgoff_t pgoff, size_t nr_pages)
{
	/* LAB 8.3: they become zeros, and are good again */
	struct minipmem *pm = dax_get_private(dax_dev);

	for (size_t i = 0; i < nr_pages; i++)
		memcpy_flushcache(pm->addr + PFN_PHYS((u64)pgoff + i), page_address(ZERO_PAGE(0)),
				  PAGE_SIZE);
	minipmem_clear_bad(pm, PFN_PHYS((u64)pgoff) >> SECTOR_SHIFT,
			   (sector_t)nr_pages << (PAGE_SHIFT - SECTOR_SHIFT));
	/* LAB end */
	return 0;
}

/* Does this offset cut a bad sector in two? What isn't overwritten of it would stay lost. */
static bool cuts_bad_sector(struct minipmem *pm, u64 offset)
{
	return offset % SECTOR_SIZE && minipmem_is_bad(pm, offset >> SECTOR_SHIFT, 1);
}

/*
 * write() met a bad page. Whole sectors are good again once they are written. Returns how many
 * bytes were; with 0, as for less than a bad sector, write() fails with EFAULT, which fs/dax.c
 * chooses.
 */
static size_t minipmem_recovery_write(struct dax_device *dax_dev, pgoff_t pgoff, void *addr,
				      size_t bytes, struct iov_iter *iter)
{
	struct minipmem *pm = dax_get_private(dax_dev);
	const u64 begin = addr - pm->addr;
	u64 first, end;
	size_t copied;

	if (cuts_bad_sector(pm, begin) || cuts_bad_sector(pm, begin + bytes))
		return 0;
	copied = _copy_from_iter_flushcache(addr, bytes, iter);
	first = DIV_ROUND_UP(begin, SECTOR_SIZE);
	end = (begin + copied) >> SECTOR_SHIFT;
	if (end > first)
		minipmem_clear_bad(pm, first, end - first);
	return copied;
}

const struct dax_operations minipmem_dax_ops = {
	.direct_access = minipmem_direct_access,
	.zero_page_range = minipmem_zero_page_range,
	.recovery_write = minipmem_recovery_write,
};

/*
 * memory_failure() asks here first who owns the page, and we ask the file system: one with a
 * reverse map (xfs -m rmapbt=1) finds the file, or that its own metadata is hit. With -EOPNOTSUPP
 * the kernel searches by itself, from the file that the struct page names; but it takes the mark of
 * a page that reflinked files share for such a name (6.12 oopses at once), so it isn't let.
 */
static int minipmem_memory_failure(struct dev_pagemap *pgmap, unsigned long pfn,
				   unsigned long nr_pages, int mf_flags)
{
	struct minipmem *pm = container_of(pgmap, struct minipmem, pgmap);
	int err = dax_holder_notify_failure(pm->dax_dev, PFN_PHYS((u64)pfn) - pm->start,
					    PFN_PHYS((u64)nr_pages), mf_flags);

	if (err == -EOPNOTSUPP && minipmem_is_shared(READ_ONCE(pfn_to_page(pfn)->mapping)))
		return -EBUSY;
	return err;
}

const struct dev_pagemap_ops minipmem_pagemap_ops = {
	.memory_failure = minipmem_memory_failure,
};
