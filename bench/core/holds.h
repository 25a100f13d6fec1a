/* SPDX-License-Identifier: MIT */
/*
 * Is anything on this disk? One that holds something is never written, nor taken away from the
 * kernel; nor is one of which it can't be told.
 *
 * Looked for: mounts, swap, holders (dm, md) and partitions, of the disk, its partitions and what
 * is built on them; signatures of file systems, volumes, swap and partition tables (libblkid); an
 * exclusive claim by somebody. What can't be seen: that a process has the disk open without a
 * claim, and data without a signature. Hence the serial number that must be typed.
 */
#ifndef BYPASS_HOLDS_H
#define BYPASS_HOLDS_H

/* The first finding. */
struct holds {
	char device[64]; /* on which: "nvme0n1", or the path that was asked for */
	/* "a partition table (gpt)", "mounted on /x", "held by dm-0"; or why it can't be told. */
	char what[160];
	char type[32]; /* the same in a word: "gpt", "xfs", "mounted"; "none" or "unknown" */
};

/*
 * 0: nothing; 1: something, in @h; negative errno: can't be told, why is in @h.
 * @block_device: a path in /dev; of a regular file only the signatures are looked for.
 */
int device_holds(const char *block_device, struct holds *h);
/* As device_holds, where the caller has opened the device with O_EXCL and so claims it itself. */
int device_holds_claimed(int fd, const char *block_device, struct holds *h);
/*
 * The same of all disks of the NVMe controller ("nvme0"). No disk, or a controller that isn't
 * live, is -ENODEV: what it holds can't be told.
 */
int controller_holds(const char *controller, struct holds *h);

#endif
