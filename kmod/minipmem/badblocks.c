// SPDX-License-Identifier: GPL-2.0
/*
 * Bad blocks, set and cleared while the device is in use:
 *
 *   echo 4096 8 >/sys/block/minipmem0/badblocks     sectors 4096 to 4103 can't be read any more
 *   echo -4096 8 >/sys/block/minipmem0/badblocks    they can again, with the bytes that they had
 *   cat /sys/block/minipmem0/badblocks              the list, as every block device shows it
 *
 * A sector is bad for a bio; for DAX, the whole page that it lies in. A write of the whole sector
 * clears it. The list is in memory only: it ends with the module. (HardwareCorrupted in
 * /proc/meminfo counts a page for good: a module can't take that back.)
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sysfs.h>
#include "minipmem.h"

bool minipmem_is_bad(struct minipmem *pm, sector_t sector, sector_t count)
{
	sector_t first;
	int nr_bad;

	return count && badblocks_check(&pm->bad, sector, count, &first, &nr_bad);
}

/* How many pages from `pgoff` on, nr_pages at most, come before the first with a bad sector. */
long minipmem_good_pages(struct minipmem *pm, pgoff_t pgoff, long nr_pages)
{
	/* LAB 8.4: ask the list, which counts in sectors => return nr_pages; */
	const sector_t sector = (sector_t)pgoff << (PAGE_SHIFT - SECTOR_SHIFT);
	/* badblocks_check() counts in an int. */
	const int count = min_t(u64, (u64)nr_pages << (PAGE_SHIFT - SECTOR_SHIFT),
				round_down(INT_MAX, PAGE_SIZE));
	sector_t first;
	int nr_bad;

	if (!badblocks_check(&pm->bad, sector, count, &first, &nr_bad))
		return count >> (PAGE_SHIFT - SECTOR_SHIFT);
	/* What it found may begin before what we asked for. */
	return first <= sector ? 0 : (first - sector) >> (PAGE_SHIFT - SECTOR_SHIFT);
	/* LAB end */
}

/* The pages that these sectors lie in: the first, and the one after the last. */
static void pages_of(struct minipmem *pm, sector_t sector, sector_t count, unsigned long *pfn,
		     unsigned long *end)
{
	*pfn = PHYS_PFN(pm->start + (sector << SECTOR_SHIFT));
	*end = PHYS_PFN(pm->start + ((sector + count - 1) << SECTOR_SHIFT)) + 1;
}

void minipmem_clear_bad(struct minipmem *pm, sector_t sector, sector_t count)
{
	/* LAB 8.5: they are good; a page is when all of its sectors are */
	unsigned long pfn, end;

	if (!minipmem_is_bad(pm, sector, count))
		return;
	badblocks_clear(&pm->bad, sector, count);
	pages_of(pm, sector, count, &pfn, &end);
	for (; pfn < end; pfn++) {
		if (minipmem_good_pages(pm, pfn - PHYS_PFN(pm->start), 1))
			TestClearPageHWPoison(pfn_to_page(pfn));
	}
	/* LAB end */
}

/*
 * Who has the page mapped would never fault again, and so never hear of it. fs/dax.c notes in the
 * struct page which file it belongs to. The inode that we find there may be on its way out, but its
 * memory stays until rcu_read_unlock(), and igrab() takes none that goes. (A page that reflinked
 * files share names none of them, so it stays mapped.)
 */
static void unmap_page(struct page *page)
{
	const struct address_space *mapping;
	struct inode *inode = NULL;
	loff_t offset = 0;

	/* LAB 8.6: find the file that has the page, and take the page out of every page table */
	rcu_read_lock();
	mapping = READ_ONCE(page->mapping);
	if (mapping && !minipmem_is_shared(mapping)) {
		offset = (loff_t)page->index << PAGE_SHIFT;
		inode = igrab(mapping->host);
	}
	rcu_read_unlock();
	if (!inode)
		return;
	/* Pages that a process has copied on write are its own, and good. */
	unmap_mapping_range(inode->i_mapping, offset, PAGE_SIZE, 0);
	iput(inode);
	/* LAB end */
}

/*
 * New faults fail from here on, as direct_access() does. Then the kernel is told, as the processor
 * would tell it: memory_failure() marks the page, tells a file system that wants to know, and sends
 * SIGBUS to the processes that asked for it (PR_MCE_KILL_EARLY). From all others it takes nothing
 * away: their loads would be stopped by the hardware, which here only unmapping can stand for. For
 * a page that no file has mapped it finds nothing to do ("Failed" in the log), which is well.
 *
 * One thing hardware does better: a fault that asked direct_access() just before may map the page
 * just after, and isn't stopped.
 */
static int set_bad(struct minipmem *pm, sector_t sector, sector_t count)
{
	unsigned long pfn, end;

	if (badblocks_set(&pm->bad, sector, count, 1))
		return -ENOSPC;
	pages_of(pm, sector, count, &pfn, &end);
	for (; pfn < end; pfn++) {
		/* Simulated: else the kernel would refuse to unpoison any page from now on. */
		memory_failure(pfn, MF_SW_SIMULATED);
		unmap_page(pfn_to_page(pfn));
		cond_resched();
	}
	return 0;
}

static ssize_t badblocks_show_list(struct device *dev, struct device_attribute *attr, char *page)
{
	struct minipmem *pm = dev_to_disk(dev)->private_data;

	return badblocks_show(&pm->bad, page, 0);
}

static ssize_t badblocks_store_range(struct device *dev, struct device_attribute *attr,
				     const char *page, size_t len)
{
	struct minipmem *pm = dev_to_disk(dev)->private_data;
	const bool clear = page[0] == '-';
	unsigned long long sector, count;
	int err = 0;
	char rest;

	if (sscanf(page + clear, "%llu %llu %c", &sector, &count, &rest) != 2)
		return -EINVAL;
	if (!count || count > INT_MAX || sector >= get_capacity(pm->disk) ||
	    count > get_capacity(pm->disk) - sector)
		return -ERANGE;
	if (clear)
		minipmem_clear_bad(pm, sector, count);
	else
		err = set_bad(pm, sector, count);
	return err ?: len;
}

/*
 * The name that the block layer uses for the list of a disk that has one (gendisk.bb). Its own file
 * takes the same line but would only note it: pages mapped before would stay mapped.
 */
static struct device_attribute badblocks_attribute =
	__ATTR(badblocks, 0644, badblocks_show_list, badblocks_store_range);

static struct attribute *minipmem_attributes[] = {
	&badblocks_attribute.attr,
	NULL,
};

static const struct attribute_group minipmem_disk_group = {
	.attrs = minipmem_attributes,
};

const struct attribute_group *minipmem_disk_groups[] = {
	&minipmem_disk_group,
	NULL,
};
