// SPDX-License-Identifier: GPL-2.0
/*
 * A device-mapper target that records what a disk is told and what it answers: when each write and
 * each flush is sent, with the data, and when it has ended.
 *
 *   0 SECTORS powercut DISK LOG          LOG is a device or a file
 *   message: mark THREAD NUMBER
 *
 * From the two ends of each request it follows what must be on the medium: a flush makes those
 * writes durable that had ended before it was sent. dm-log-writes keeps one order of writes, which
 * can't say so. There a flush takes the writes that have ended with it when it is sent, and puts
 * them into the log when it ends. If a second flush is sent later and ends earlier, they stand
 * behind it: as if they could still be lost, and as if they had replaced newer writes of the same
 * sectors.
 */
#define DM_MSG_PREFIX "powercut"
#include <linux/bio.h>
#include <linux/bvec.h>
#include <linux/device-mapper.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "../powercut_disk.h"

struct recorded {
	struct list_head list;
	struct powercut_disk_record record;
	u8 data[];
};

struct recorder {
	struct dm_dev *disk;
	struct file *log;
	loff_t end;
	spinlock_t lock;
	struct list_head list; /* what is not yet in the log, in the order in which it happened */
	atomic64_t ids;
	bool failed;
	struct work_struct work;
};

static struct recorded *new_recorded(u32 kind, size_t nbytes, gfp_t gfp)
{
	struct recorded *recorded = kvmalloc(sizeof(*recorded) + nbytes, gfp);

	if (recorded)
		recorded->record = (struct powercut_disk_record){
			.magic = POWERCUT_DISK_MAGIC, .kind = kind, .nbytes = nbytes};
	return recorded;
}

/* It happens now. May be called from an interrupt. */
static void record(struct recorder *recorder, struct recorded *recorded)
{
	unsigned long flags;

	spin_lock_irqsave(&recorder->lock, flags);
	list_add_tail(&recorded->list, &recorder->list);
	spin_unlock_irqrestore(&recorder->lock, flags);
	queue_work(system_unbound_wq, &recorder->work);
}

static void write_log(struct work_struct *work)
{
	struct recorder *recorder = container_of(work, struct recorder, work);
	struct recorded *recorded, *next;
	LIST_HEAD(list);

	spin_lock_irq(&recorder->lock);
	list_splice_init(&recorder->list, &list);
	spin_unlock_irq(&recorder->lock);
	list_for_each_entry_safe(recorded, next, &list, list)
	{
		size_t nbytes = sizeof(recorded->record);

		if (recorded->record.kind <= POWERCUT_DISK_WRITE_FUA)
			nbytes += recorded->record.nbytes;
		if (kernel_write(recorder->log, &recorded->record, nbytes, &recorder->end) !=
		    nbytes)
			WRITE_ONCE(recorder->failed, true);
		kvfree(recorded);
	}
}

static void copy_data(struct bio *bio, u8 *to)
{
	struct bvec_iter iter;
	struct bio_vec bvec;

	bio_for_each_segment(bvec, bio, iter)
	{
		memcpy_from_bvec(to, &bvec);
		to += bvec.bv_len;
	}
}

/* The record of its end is made with that of its begin: at the end there may be no memory. */
static int powercut_map(struct dm_target *ti, struct bio *bio)
{
	struct recorder *recorder = ti->private;
	struct recorded **end = dm_per_bio_data(bio, sizeof(*end));
	struct recorded *begin;
	u32 kind = POWERCUT_DISK_WRITE;

	*end = NULL;
	bio_set_dev(bio, recorder->disk->bdev);
	if (!op_is_write(bio_op(bio)))
		return DM_MAPIO_REMAPPED;
	if (!bio_sectors(bio))
		kind = POWERCUT_DISK_FLUSH;
	else if (bio->bi_opf & REQ_FUA)
		kind = POWERCUT_DISK_WRITE_FUA;
	begin = new_recorded(kind, bio->bi_iter.bi_size, GFP_NOIO);
	*end = new_recorded(POWERCUT_DISK_END, 0, GFP_NOIO);
	/* The device mapper sends a write's flush before it, alone. */
	if (!begin || !*end || (bio->bi_opf & REQ_PREFLUSH && bio_sectors(bio))) {
		kvfree(begin);
		kvfree(*end);
		*end = NULL;
		WRITE_ONCE(recorder->failed, true);
		return DM_MAPIO_KILL;
	}
	begin->record.offset = bio->bi_iter.bi_sector << SECTOR_SHIFT;
	copy_data(bio, begin->data);
	begin->record.id = atomic64_inc_return(&recorder->ids);
	(*end)->record.id = begin->record.id;
	record(recorder, begin);
	return DM_MAPIO_REMAPPED;
}

static int powercut_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *status)
{
	struct recorder *recorder = ti->private;
	struct recorded **end = dm_per_bio_data(bio, sizeof(*end));

	if (*end) {
		if (*status)
			WRITE_ONCE(recorder->failed, true);
		record(recorder, *end);
	}
	return DM_ENDIO_DONE;
}

static int powercut_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			    unsigned int maxlen)
{
	struct recorded *mark;
	u32 thread, number;

	if (argc != 3 || strcmp(argv[0], "mark") || kstrtou32(argv[1], 10, &thread) ||
	    kstrtou32(argv[2], 10, &number))
		return -EINVAL;
	mark = new_recorded(POWERCUT_DISK_MARK, 0, GFP_KERNEL);
	if (!mark)
		return -ENOMEM;
	mark->record.id = (u64)thread << 32 | number;
	record(ti->private, mark);
	return 0;
}

/* Without its last record a log isn't taken for complete. */
static void powercut_dtr(struct dm_target *ti)
{
	struct recorder *recorder = ti->private;
	struct recorded *last = new_recorded(POWERCUT_DISK_LAST, 0, GFP_KERNEL);

	flush_work(&recorder->work);
	if (READ_ONCE(recorder->failed)) {
		DMERR("something could not be recorded: the log has no end");
		kvfree(last);
	} else if (last) {
		record(recorder, last);
		flush_work(&recorder->work);
	}
	filp_close(recorder->log, NULL);
	dm_put_device(ti, recorder->disk);
	kfree(recorder);
}

static int powercut_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct recorder *recorder;
	int err;

	if (argc != 2 || ti->begin) {
		ti->error = "wanted: 0 SECTORS powercut DISK LOG";
		return -EINVAL;
	}
	recorder = kzalloc(sizeof(*recorder), GFP_KERNEL);
	if (!recorder) {
		ti->error = "no memory";
		return -ENOMEM;
	}
	spin_lock_init(&recorder->lock);
	INIT_LIST_HEAD(&recorder->list);
	INIT_WORK(&recorder->work, write_log);
	err = dm_get_device(ti, argv[0], dm_table_get_mode(ti->table), &recorder->disk);
	if (err) {
		ti->error = "the disk can't be opened";
		goto free;
	}
	recorder->log = filp_open(argv[1], O_WRONLY | O_LARGEFILE, 0);
	err = PTR_ERR_OR_ZERO(recorder->log);
	if (err) {
		ti->error = "the log can't be opened";
		goto put;
	}
	err = dm_set_target_max_io_len(ti, POWERCUT_DISK_MAX_BYTES >> SECTOR_SHIFT);
	if (err)
		goto close;
	ti->num_flush_bios = 1;
	ti->flush_supported = true;
	ti->per_io_data_size = sizeof(struct recorded *);
	ti->private = recorder;
	return 0;

close:
	filp_close(recorder->log, NULL);
put:
	dm_put_device(ti, recorder->disk);
free:
	kfree(recorder);
	return err;
}

static int powercut_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn, void *data)
{
	struct recorder *recorder = ti->private;

	return fn(ti, recorder->disk, 0, ti->len, data);
}

static struct target_type powercut_target = {
	.name = "powercut",
	.version = {1, 0, 0},
	.module = THIS_MODULE,
	.ctr = powercut_ctr,
	.dtr = powercut_dtr,
	.map = powercut_map,
	.end_io = powercut_end_io,
	.message = powercut_message,
	.iterate_devices = powercut_iterate_devices,
};

static int __init powercut_init(void)
{
	return dm_register_target(&powercut_target);
}
module_init(powercut_init);

static void __exit powercut_exit(void)
{
	dm_unregister_target(&powercut_target);
}
module_exit(powercut_exit);

MODULE_DESCRIPTION("device mapper: records what a disk is told, for power cuts");
MODULE_LICENSE("GPL");
