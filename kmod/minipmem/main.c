// SPDX-License-Identifier: GPL-2.0
/*
 * The range and what is put onto it. Boot with some memory reserved, then load:
 *
 *   memmap=256M$0x40000000                           kernel option; a boot loader may want \$
 *   insmod minipmem.ko start=0x40000000 size=256M
 *
 * and /dev/minipmem0 is there. What is in it outlives the module, not the machine's power, unless
 * the range is persistent memory.
 */
#define pr_fmt(fmt) "minipmem: " fmt

#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include "compat.h"
#include "minipmem.h"

static u64 range_start;
static u64 range_size;

/* As on the kernel's command line: 0x40000000, 1G, 256M. */
static int bytes_set(const char *value, const struct kernel_param *param)
{
	char *end;

	*(u64 *)param->arg = memparse(value, &end);
	return end == value || (*end && *end != '\n') ? -EINVAL : 0;
}

static int bytes_get(char *page, const struct kernel_param *param)
{
	return sysfs_emit(page, "0x%llx\n", *(u64 *)param->arg);
}

static const struct kernel_param_ops bytes_ops = {.set = bytes_set, .get = bytes_get};

module_param_cb(start, &bytes_ops, &range_start, 0444);
MODULE_PARM_DESC(start, "physical address of the reserved range");
module_param_cb(size, &bytes_ops, &range_size, 0444);
MODULE_PARM_DESC(size, "its size in bytes (K, M and G are understood)");

static int add_length(struct resource *res, void *sum)
{
	*(u64 *)sum += resource_size(res);
	return 0;
}

/*
 * Is all of the range memory that the kernel keeps its hands off? System RAM holds somebody's data;
 * and where the map of physical memory has nothing, a store would go to a device or nowhere.
 */
static bool range_is_reserved(void)
{
	static const unsigned long kinds[] = {
		IORES_DESC_RESERVED, /* memmap=SIZE$START, or the firmware's doing */
		IORES_DESC_PERSISTENT_MEMORY_LEGACY, /* memmap=SIZE!START */
		IORES_DESC_PERSISTENT_MEMORY,        /* an NVDIMM */
		IORES_DESC_SOFT_RESERVED,            /* CXL or high-bandwidth memory set aside */
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		u64 covered = 0;

		walk_iomem_res_desc(kinds[i], IORESOURCE_MEM, range_start,
				    range_start + range_size - 1, &covered, add_length);
		if (covered == range_size)
			return true;
	}
	return false;
}

static int check_range(void)
{
	if (!range_size) {
		pr_err("no range is given; reserve one with the kernel option "
		       "memmap=256M$0x40000000 and load with start=0x40000000 size=256M\n");
		return -EINVAL;
	}
	/* PMD mappings want it, and so does the kernel's map of struct pages. */
	if (!IS_ALIGNED(range_start | range_size, SZ_2M) ||
	    range_start + range_size < range_start) {
		pr_err("start=%#llx size=%#llx isn't in steps of 2 MiB; reserve and give multiples "
		       "of 2M, as in memmap=256M$0x40000000\n",
		       range_start, range_size);
		return -EINVAL;
	}
	if (!range_is_reserved()) {
		pr_err("%#llx to %#llx isn't reserved memory (/proc/iomem says what it is); boot "
		       "with memmap=%lluM$%#llx\n",
		       range_start, range_start + range_size - 1, range_size / SZ_1M, range_start);
		return -EINVAL;
	}
	return 0;
}

static void put_gendisk(void *pm)
{
	put_disk(((struct minipmem *)pm)->disk);
}

static int alloc_disk_for(struct device *dev, struct minipmem *pm)
{
	pm->disk = minipmem_alloc_disk();
	if (IS_ERR(pm->disk))
		return PTR_ERR(pm->disk);
	strscpy(pm->disk->disk_name, "minipmem0", DISK_NAME_LEN);
	pm->disk->fops = &minipmem_block_ops;
	pm->disk->private_data = pm;
	set_capacity(pm->disk, pm->size >> SECTOR_SHIFT);
	return devm_add_action_or_reset(dev, put_gendisk, pm);
}

static void remove_dax(void *data)
{
	struct minipmem *pm = data;

	dax_remove_host(pm->disk);
	kill_dax(pm->dax_dev);
	put_dax(pm->dax_dev);
}

static int add_dax(struct device *dev, struct minipmem *pm)
{
	int err;

	pm->dax_dev = alloc_dax(pm, &minipmem_dax_ops);
	if (IS_ERR(pm->dax_dev))
		return PTR_ERR(pm->dax_dev);
	/* write() is to bypass the processor's cache: nothing flushes it afterwards. */
	set_dax_nocache(pm->dax_dev);
	/* read() is to survive a machine check. */
	set_dax_nomc(pm->dax_dev);
	/* Stores through a mapping do stay in the cache: fsync() and msync() have to flush it. */
	dax_write_cache(pm->dax_dev, true);
	/* Flushing is all that a store needs to last, so a process may do it alone: MAP_SYNC. */
	set_dax_synchronous(pm->dax_dev);
	err = devm_add_action_or_reset(dev, remove_dax, pm);
	if (err)
		return err;
	/* So that fs_dax_get_by_bdev() finds one from the other. */
	return dax_add_host(pm->dax_dev, pm->disk);
}

static void remove_disk(void *pm)
{
	del_gendisk(((struct minipmem *)pm)->disk);
}

/* Everything is released by devm, last taken first. */
static int __init minipmem_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct minipmem *pm = devm_kzalloc(dev, sizeof(*pm), GFP_KERNEL);
	int err;

	if (!pm)
		return -ENOMEM;
	pm->start = range_start;
	pm->size = range_size;
	if (!devm_request_mem_region(dev, pm->start, pm->size, "minipmem")) {
		pr_err("%#llx to %#llx is in use by another driver; unload the one that "
		       "/proc/iomem names (nd_pmem?) or give another range\n",
		       range_start, range_start + range_size - 1);
		return -EBUSY;
	}
	pm->pgmap.type = MEMORY_DEVICE_FS_DAX;
	pm->pgmap.range = (struct range){pm->start, pm->start + pm->size - 1};
	pm->pgmap.nr_range = 1;
	pm->pgmap.ops = &minipmem_pagemap_ops;
	pm->addr = devm_memremap_pages(dev, &pm->pgmap);
	if (IS_ERR(pm->addr))
		return PTR_ERR(pm->addr);
	err = devm_init_badblocks(dev, &pm->bad);
	if (err)
		return err;
	err = alloc_disk_for(dev, pm);
	if (err)
		return err;
	err = add_dax(dev, pm);
	if (err)
		return err;
	err = device_add_disk(dev, pm->disk, minipmem_disk_groups);
	if (err)
		return err;
	return devm_add_action_or_reset(dev, remove_disk, pm);
}

static struct platform_driver minipmem_driver = {
	.driver = {.name = "minipmem"},
};

static struct platform_device *minipmem_device;

static int __init minipmem_init(void)
{
	int err = check_range();

	if (err)
		return err;
	minipmem_device =
		platform_create_bundle(&minipmem_driver, minipmem_probe, NULL, 0, NULL, 0);
	return PTR_ERR_OR_ZERO(minipmem_device);
}
module_init(minipmem_init);

static void __exit minipmem_exit(void)
{
	platform_device_unregister(minipmem_device);
	platform_driver_unregister(&minipmem_driver);
}
module_exit(minipmem_exit);

MODULE_DESCRIPTION("a DAX-capable block device on reserved memory, with bad blocks on request");
MODULE_LICENSE("GPL");
