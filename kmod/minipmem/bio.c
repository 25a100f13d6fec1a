// SPDX-License-Identifier: GPL-2.0
/*
 * The way of every disk. There is no queue and no interrupt: submit_bio() copies and is done.
 *
 * A store to memory stays in the processor's cache until something pushes it out, so a write here
 * bypasses the cache (memcpy_flushcache), and a flush waits until such stores have arrived
 * (pmem_wmb). Between the two the bytes are what a disk's volatile write cache holds.
 */
#include <linux/bio.h>
#include <linux/part_stat.h>
#include <linux/uaccess.h>
#include "minipmem.h"

static blk_status_t minipmem_read(struct minipmem *pm, void *to, sector_t sector, unsigned int len)
{
	const void *from = pm->addr + (sector << SECTOR_SHIFT);

	if (minipmem_is_bad(pm, sector, len >> SECTOR_SHIFT))
		return BLK_STS_IOERR;
	/* It survives a machine check, should the memory be worse than our list knows. */
	return copy_mc_to_kernel(to, from, len) ? BLK_STS_IOERR : BLK_STS_OK;
}

static void minipmem_write(struct minipmem *pm, const void *from, sector_t sector, unsigned int len)
{
	memcpy_flushcache(pm->addr + (sector << SECTOR_SHIFT), from, len);
	minipmem_clear_bad(pm, sector, len >> SECTOR_SHIFT);
}

static blk_status_t minipmem_copy(struct minipmem *pm, struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec bvec;

	bio_for_each_segment(bvec, bio, iter) {
		void *memory = bvec_kmap_local(&bvec);
		blk_status_t status = BLK_STS_OK;

		if (op_is_write(bio_op(bio)))
			minipmem_write(pm, memory, iter.bi_sector, bvec.bv_len);
		else
			status = minipmem_read(pm, memory, iter.bi_sector, bvec.bv_len);
		flush_dcache_page(bvec.bv_page);
		kunmap_local(memory);
		if (status)
			return status;
	}
	return BLK_STS_OK;
}

/* Only blk-mq counts flushes by itself; a driver of bios that wants them in `stat` does it. */
static void minipmem_flush(struct bio *bio, bool counted)
{
	const u64 begin = ktime_get_ns();

	pmem_wmb();
	if (!counted)
		return;
	part_stat_lock();
	part_stat_inc(bio->bi_bdev, ios[STAT_FLUSH]);
	part_stat_add(bio->bi_bdev, nsecs[STAT_FLUSH], ktime_get_ns() - begin);
	part_stat_unlock();
}

static void minipmem_submit_bio(struct bio *bio)
{
	struct minipmem *pm = bio->bi_bdev->bd_disk->private_data;
	const bool counted = blk_queue_io_stat(pm->disk->queue);
	unsigned long begin = 0;

	/* The flush asked for comes before the data, and may be all that is asked for. */
	if (bio->bi_opf & REQ_PREFLUSH)
		minipmem_flush(bio, counted);
	if (bio_has_data(bio)) {
		if (counted)
			begin = bio_start_io_acct(bio);
		bio->bi_status = minipmem_copy(pm, bio);
		/* FUA: these bytes, too, before the bio ends. */
		if (bio->bi_opf & REQ_FUA)
			pmem_wmb();
		if (counted)
			bio_end_io_acct(bio, begin);
	}
	bio_endio(bio);
}

/* Being the owner, the module can't be removed while the device is open or mounted. */
const struct block_device_operations minipmem_block_ops = {
	.owner = THIS_MODULE,
	.submit_bio = minipmem_submit_bio,
};
