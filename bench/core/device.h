/* SPDX-License-Identifier: MIT */
/*
 * The block device under a file: which one it is, what it says of itself, what it has counted.
 */
#ifndef BYPASS_DEVICE_H
#define BYPASS_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

struct device {
	bool known;
	char name[64];          /* of the whole disk: nvme0n1, pmem0 */
	char part[64];          /* of the partition, or the same */
	bool dax;               /* queue/dax: a file system on it can map its medium */
	bool polled;            /* queue/io_poll: the driver has queues without interrupts */
	bool memory;            /* the CPU itself moves the bytes: pmem, brd, zram */
	bool accounted;         /* queue/iostats is on, so zero really means none */
	bool write_cache;       /* volatile: a flush means something */
	uint32_t logical_block; /* bytes */
	char pci[16];           /* address of its controller: 0000:00:04.0; empty where not known */
	char interrupt_name[64]; /* prefix in /proc/interrupts: "nvme0q"; empty where not known */
};

/* What the block layer has counted since boot (Documentation/block/stat.rst). */
struct device_counters {
	bool known;
	uint64_t read_ios, read_bytes, write_ios, write_bytes, flush_ios;
};

/* Finds the device of @dev (st_dev). Leaves known=false for tmpfs, overlay and the like. */
void device_find(struct device *device, dev_t dev);
void device_read_counters(const struct device *device, struct device_counters *counters);
/*
 * Interrupts of the device's I/O queues so far, by the kernel's driver or by one in user space;
 * false where they can't be told.
 */
bool device_read_interrupts(const struct device *device, uint64_t *count);
/* For run.json: model, serial, firmware, scheduler, ...; a new reference. */
json_t *device_describe(const struct device *device);
/* An NVMe disk's, in whole degrees, as member @key of @json; nothing where the kernel shows none.
 */
void device_describe_temperature(const struct device *device, json_t *json, const char *key);

/* First line of a small file (sysfs, procfs) without its newline; false if unreadable. */
bool read_line(const char *path, char *line, size_t size);

#endif
