// SPDX-License-Identifier: MIT
#include "core/device.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/sysfs.h"

bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return false;
	ok = fgets(line, (int)size, f) != NULL;
	fclose(f);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static bool read_attribute(const struct device *device, const char *attribute, char *line,
			   size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/block/%s/%s", device->name, attribute);
	return read_line(path, line, size);
}

static uint64_t read_number(const struct device *device, const char *attribute)
{
	char line[64];

	return read_attribute(device, attribute, line, sizeof(line)) ? strtoull(line, NULL, 10) : 0;
}

/* nvme0n1 -> "nvme0q": the driver names its vectors after the controller (nvme_setup_irqs). */
static void find_interrupt_name(struct device *device)
{
	unsigned int controller;

	if (sscanf(device->name, "nvme%un", &controller) == 1)
		snprintf(device->interrupt_name, sizeof(device->interrupt_name), "nvme%uq",
			 controller);
}

/* The last part of the device's place in /sys that is a PCI address: .../0000:00:04.0/nvme/... */
static void find_pci(struct device *device, const char *path)
{
	unsigned int domain, bus, slot, function;

	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		int end = 0;

		if (sscanf(at, "/%5x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) == 4 &&
		    at[end] == '/')
			snprintf(device->pci, sizeof(device->pci), "%.*s", end - 1, at + 1);
	}
}

void device_find(struct device *device, dev_t dev)
{
	char link[64], path[PATH_MAX], partition[PATH_MAX + 16], line[64];
	char *slash;

	memset(device, 0, sizeof(*device));
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	if (!realpath(link, path))
		return;
	slash = strrchr(path, '/');
	snprintf(device->part, sizeof(device->part), "%.63s", slash + 1);
	snprintf(partition, sizeof(partition), "%s/partition", path);
	if (access(partition, F_OK) == 0) {
		*slash = '\0';
		slash = strrchr(path, '/');
	}
	snprintf(device->name, sizeof(device->name), "%.63s", slash + 1);
	device->known = true;
	device->dax = read_number(device, "queue/dax") == 1;
	device->polled = read_number(device, "queue/io_poll") == 1;
	device->accounted = read_number(device, "queue/iostats") == 1;
	device->logical_block = (uint32_t)read_number(device, "queue/logical_block_size");
	device->memory =
		strncmp(device->name, "pmem", 4) == 0 || strncmp(device->name, "ram", 3) == 0 ||
		strncmp(device->name, "zram", 4) == 0 || strncmp(device->name, "minipmem", 8) == 0;
	device->write_cache = read_attribute(device, "queue/write_cache", line, sizeof(line)) &&
			      strcmp(line, "write back") == 0;
	find_interrupt_name(device);
	find_pci(device, path);
}

void device_read_counters(const struct device *device, struct device_counters *counters)
{
	unsigned long long v[17] = {0};
	char path[256], line[512];
	int n;

	memset(counters, 0, sizeof(*counters));
	if (!device->known)
		return;
	snprintf(path, sizeof(path), "/sys/block/%s/stat", device->name);
	if (!read_line(path, line, sizeof(line)))
		return;
	n = sscanf(line,
		   "%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu "
		   "%llu %llu",
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9], &v[10],
		   &v[11], &v[12], &v[13], &v[14], &v[15], &v[16]);
	if (n < 11)
		return;
	counters->known = true;
	counters->read_ios = v[0];
	counters->read_bytes = v[2] * 512; /* always in sectors of 512 bytes */
	counters->write_ios = v[4];
	counters->write_bytes = v[6] * 512;
	counters->flush_ios = v[15];
}

/* Sum of the per-CPU counts of one line of /proc/interrupts. */
static uint64_t sum_line(const char *line)
{
	const char *at = strchr(line, ':');
	uint64_t sum = 0;

	if (!at)
		return 0;
	at++;
	for (;;) {
		char *end;

		while (*at == ' ')
			at++;
		if (!isdigit((unsigned char)*at))
			return sum;
		sum += strtoull(at, &end, 10);
		if (*end != ' ') /* "65536-edge": the counts are over */
			return sum;
		at = end;
	}
}

/*
 * Is it a line of one of the device's I/O queues? Those of the kernel's driver end in "nvme0q1",
 * those of a driver in user space in "vfio-msix[1](0000:00:04.0)". The kernel's queue 0 is the
 * admin queue; ours looks at that one without interrupts.
 */
static bool is_io_queue(const struct device *device, const char *line)
{
	char address[24];
	const char *name;

	if (device->interrupt_name[0]) {
		name = strstr(line, device->interrupt_name);
		return name && name[strlen(device->interrupt_name)] != '0';
	}
	snprintf(address, sizeof(address), "(%s)", device->pci);
	name = strstr(line, "vfio-");
	return name && strstr(name, address);
}

bool device_read_interrupts(const struct device *device, uint64_t *count)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	/* A driver in user space that polls asks for no vectors: no line is an answer too. */
	bool found = !device->interrupt_name[0];
	FILE *f;

	*count = 0;
	if (!device->interrupt_name[0] && (device->known || !device->pci[0]))
		return false;
	sysfs_path(path, sizeof(path), "/proc/interrupts");
	f = fopen(path, "re");
	if (!f)
		return false;
	while (getline(&line, &size, f) > 0) {
		if (!is_io_queue(device, line))
			continue;
		*count += sum_line(line);
		found = true;
	}
	free(line);
	fclose(f);
	return found;
}

/* Where each vector of the device's I/O queues may interrupt, in the order of the vectors. */
static json_t *irq_affinity(const struct device *device)
{
	char path[PATH_MAX], cpus[128], *line = NULL;
	json_t *list = json_array();
	size_t size = 0;
	FILE *f;

	sysfs_path(path, sizeof(path), "/proc/interrupts");
	f = device->interrupt_name[0] ? fopen(path, "re") : NULL;
	while (f && getline(&line, &size, f) > 0) {
		if (is_io_queue(device, line) &&
		    sysfs_read(cpus, sizeof(cpus), "/proc/irq/%d/smp_affinity_list", atoi(line)))
			json_array_append_new(list, json_string(cpus));
	}
	free(line);
	if (f)
		fclose(f);
	return list;
}

void device_describe_temperature(const struct device *device, json_t *json, const char *key)
{
	struct dirent **entries;
	char line[32], *end;
	unsigned int controller;
	int count;

	if (sscanf(device->name, "nvme%un", &controller) != 1)
		return;
	count = sysfs_entries(&entries, NULL, "/sys/class/nvme/nvme%u", controller);
	for (int i = 0; i < count; i++) {
		long millidegrees;

		/* The driver's own sensors; the first is the composite one. */
		if (strncmp(entries[i]->d_name, "hwmon", 5) != 0 ||
		    !sysfs_read(line, sizeof(line), "/sys/class/nvme/nvme%u/%s/temp1_input",
				controller, entries[i]->d_name))
			continue;
		millidegrees = strtol(line, &end, 10);
		if (end != line && !*end)
			json_object_set_new(json, key, json_integer(millidegrees / 1000));
	}
	sysfs_free_entries(entries, count);
}

static void describe_queues(const struct device *device, json_t *json)
{
	json_t *affinity = irq_affinity(device);
	char line[32];

	if (json_array_size(affinity))
		json_object_set(json, "irq_affinity", affinity);
	json_decref(affinity);
	if (device->interrupt_name[0] &&
	    sysfs_read(line, sizeof(line), "/sys/module/nvme/parameters/poll_queues"))
		json_object_set_new(json, "poll_queues", json_string(line));
}

static void describe_line(const struct device *device, json_t *json, const char *key,
			  const char *attribute)
{
	char line[256];
	size_t n;

	if (!read_attribute(device, attribute, line, sizeof(line)))
		return;
	n = strlen(line);
	while (n && line[n - 1] == ' ')
		line[--n] = '\0';
	json_object_set_new(json, key, json_string(line));
}

json_t *device_describe(const struct device *device)
{
	json_t *json = json_object();

	if (!device->known) {
		json_object_set_new(json, "reason",
				    json_string("no block device of its own below this file"));
		return json;
	}
	json_object_set_new(json, "name", json_string(device->part));
	describe_line(device, json, "model", "device/model");
	describe_line(device, json, "serial", "device/serial");
	describe_line(device, json, "firmware", "device/firmware_rev");
	describe_line(device, json, "pcie_link_speed", "device/device/current_link_speed");
	describe_line(device, json, "pcie_link_width", "device/device/current_link_width");
	describe_line(device, json, "scheduler", "queue/scheduler");
	describe_line(device, json, "write_cache", "queue/write_cache");
	describe_line(device, json, "io_poll", "queue/io_poll");
	json_object_set_new(json, "lba_bytes", json_integer(device->logical_block));
	json_object_set_new(json, "size_bytes",
			    json_integer((json_int_t)read_number(device, "size") * 512));
	json_object_set_new(json, "rotational",
			    json_boolean(read_number(device, "queue/rotational") == 1));
	json_object_set_new(json, "dax", json_boolean(device->dax));
	json_object_set_new(json, "iostats", json_boolean(device->accounted));
	describe_queues(device, json);
	device_describe_temperature(device, json, "temperature_c_before");
	return json;
}
