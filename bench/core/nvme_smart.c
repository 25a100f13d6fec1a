// SPDX-License-Identifier: MIT
#include "core/nvme_smart.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/sysfs.h"
#include "userdrv/include/nvme_spec.h"

#define ALL_NAMESPACES 0xffffffffu

static int get_log(int fd, struct nvme_smart_log *log)
{
	/* Number of dwords, less one, and which log [5.14, dword 10]. */
	struct nvme_passthru_cmd command = {
		.opcode = NVME_ADMIN_GET_LOG_PAGE,
		.nsid = ALL_NAMESPACES,
		.addr = (uint64_t)(uintptr_t)log,
		.data_len = sizeof(*log),
		.cdw10 = (sizeof(*log) / 4 - 1) << 16 | NVME_LOG_SMART,
	};
	int ret = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command);

	if (ret > 0)
		return -EIO; /* a status of the controller's */
	return ret < 0 ? -errno : 0;
}

static void say(struct nvme_smart *smart, const char *device, int error)
{
	bool forbidden = error == -EACCES || error == -EPERM;

	snprintf(smart->why_not, sizeof(smart->why_not), "the SMART log of %s can't be read: %s%s",
		 device, strerror(-error), forbidden ? "; run bypass with sudo" : "");
}

void nvme_smart_read(const char *disk, struct nvme_smart *smart)
{
	char controller[32], path[96];
	struct nvme_smart_log log;
	int fd, ret;

	memset(smart, 0, sizeof(*smart));
	sysfs_read_link(controller, sizeof(controller), "/sys/block/%s/device", disk);
	/* A disk with several controllers belongs to its subsystem; each has a log of its own. */
	if (strncmp(controller, "nvme", 4) != 0 || strchr(controller, '-')) {
		snprintf(smart->why_not, sizeof(smart->why_not),
			 "%s isn't the disk of one NVMe controller", disk);
		return;
	}
	sysfs_path(path, sizeof(path), "/dev/%s", controller);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		say(smart, path, -errno);
		return;
	}
	ret = get_log(fd, &log);
	close(fd);
	if (ret) {
		say(smart, path, ret);
		return;
	}
	smart->known = true;
	smart->read_commands = le64toh(log.host_read_commands[0]);
	smart->write_commands = le64toh(log.host_write_commands[0]);
}

struct nvme_smart nvme_smart_delta(const struct nvme_smart *before, const struct nvme_smart *after)
{
	struct nvme_smart d = before->known ? *after : *before;

	d.read_commands = after->read_commands - before->read_commands;
	d.write_commands = after->write_commands - before->write_commands;
	return d;
}
