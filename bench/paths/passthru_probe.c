// SPDX-License-Identifier: MIT
#include "paths/passthru.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/sysfs.h"

#define PAGE 4096u

static bool kernel_before(unsigned int wanted_major, unsigned int wanted_minor)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) == 0)
		sscanf(name.release, "%u.%u", &major, &minor);
	return major < wanted_major || (major == wanted_major && minor < wanted_minor);
}

bool passthru_device(const struct device *device, char *path, size_t size)
{
	unsigned int instance, ns;
	int end = 0;

	if (!device->known || strcmp(device->part, device->name) != 0 ||
	    sscanf(device->name, "nvme%un%u%n", &instance, &ns, &end) != 2 || device->name[end])
		return false;
	sysfs_path(path, size, "/dev/ng%un%u", instance, ns);
	return true;
}

static int refuse(struct unavailable *why, const char *remedy)
{
	snprintf(why->remedy, sizeof(why->remedy), "%s", remedy);
	return -EOPNOTSUPP;
}

static int probe_device(const struct workload *w, const struct target *t, struct unavailable *why)
{
	char path[64];

	if (t->kind != TARGET_BLOCK) {
		snprintf(why->reason, sizeof(why->reason),
			 "NVMe commands know nothing of files: they name blocks of a disk");
		return refuse(why, "a target of block:, nvme: or testbed:disk");
	}
	if (!passthru_device(&t->device, path, sizeof(path))) {
		snprintf(why->reason, sizeof(why->reason), "%s isn't a whole NVMe disk", t->text);
		return refuse(why, "a whole disk, as in block:/dev/nvme0n1");
	}
	if (access(path, F_OK) != 0) {
		snprintf(why->reason, sizeof(why->reason), "%s has no generic device %s",
			 t->device.name, path);
		return refuse(why, "Linux 5.13 or later, and udev or devtmpfs");
	}
	if (faccessat(AT_FDCWD, path, rw_writes(w->rw) ? R_OK | W_OK : R_OK, AT_EACCESS) != 0) {
		snprintf(why->reason, sizeof(why->reason), "can't open %s: %s", path,
			 strerror(errno));
		return refuse(why, "run bypass with sudo");
	}
	return 0;
}

/* A command is never split: what the block layer would cut into pieces doesn't fit into one. */
static int probe_size(const struct workload *w, const struct target *t, struct unavailable *why)
{
	char line[32];
	uint64_t most = UINT64_MAX;

	if (w->bs % t->device.logical_block) {
		snprintf(why->reason, sizeof(why->reason),
			 "NVMe commands move whole logical blocks of %u bytes",
			 t->device.logical_block);
		snprintf(why->remedy, sizeof(why->remedy), "bs= a multiple of %u",
			 t->device.logical_block);
		return -EOPNOTSUPP;
	}
	if (sysfs_read(line, sizeof(line), "/sys/block/%s/queue/max_hw_sectors_kb", t->device.name))
		most = strtoull(line, NULL, 10) * 1024;
	/* A page of the buffer is a segment of its own, if the worst comes to the worst. */
	if (sysfs_read(line, sizeof(line), "/sys/block/%s/queue/max_segments", t->device.name) &&
	    strtoull(line, NULL, 10) * PAGE < most)
		most = strtoull(line, NULL, 10) * PAGE;
	if (w->bs <= most)
		return 0;
	snprintf(why->reason, sizeof(why->reason),
		 "one command of %s moves at most %llu KiB, and bs=%llu is more", t->device.name,
		 (unsigned long long)most / 1024, (unsigned long long)w->bs);
	snprintf(why->remedy, sizeof(why->remedy), "bs=%lluk or less",
		 (unsigned long long)most / 1024);
	return -EOPNOTSUPP;
}

static int probe_kernel(unsigned int flags, struct unavailable *why)
{
	int ret = ring_probe(PASSTHRU_RING_FLAGS | flags, why);

	if (ret)
		return ret;
	if (kernel_before(6, 2) && geteuid() != 0) {
		snprintf(why->reason, sizeof(why->reason),
			 "before Linux 6.2 only root may send NVMe commands");
		return refuse(why, "run bypass with sudo");
	}
	if ((flags & IORING_SETUP_IOPOLL) && kernel_before(6, 1)) {
		snprintf(why->reason, sizeof(why->reason),
			 "this kernel can't poll for NVMe commands of io_uring");
		return refuse(why, "Linux 6.1 or later");
	}
	return 0;
}

int passthru_probe_flags(const struct workload *w, const struct target *t, unsigned int flags,
			 struct unavailable *why)
{
	int ret = probe_device(w, t, why);

	if (!ret)
		ret = probe_size(w, t, why);
	if (!ret)
		ret = probe_kernel(flags, why);
	if (!ret && (flags & IORING_SETUP_IOPOLL))
		ret = ring_probe_poll_queues(t, why);
	return ret;
}
