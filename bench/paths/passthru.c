// SPDX-License-Identifier: MIT
/*
 * NVMe commands put into an io_uring (IORING_OP_URING_CMD) for the kernel's own driver, by the
 * namespace's generic character device /dev/ngXnY: no file system, no page cache, no block layer
 * but for the driver's queue. Completions by interrupt (passthru) or from its poll queues
 * (-iopoll).
 *
 * Commands name logical blocks of the whole namespace, so a partition can't be the target. They are
 * written to only where the block device may be (target_block.c), which stays claimed meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "paths/file_io.h"
#include "paths/passthru.h"
#include "userdrv/include/nvme_spec.h"

struct passthru {
	struct ring ring;
	struct nvme_uring_cmd read, write; /* less address and first logical block */
	uint16_t fixed_buffers;            /* flag of the entry */
	unsigned int shift;                /* from bytes to logical blocks */
};

static int passthru_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	return passthru_probe_flags(w, t, 0, why);
}

static int iopoll_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	return passthru_probe_flags(w, t, IORING_SETUP_IOPOLL, why);
}

/* By the disk that the target has open, and so keeps its name: not by what was there once. */
static int open_generic(struct path_job *job, struct error *e)
{
	const struct target *t = job->target;
	struct device device = {.known = false};
	struct stat st;
	char path[64];

	if (fstat(t->fd, &st) == 0)
		device_find(&device, st.st_rdev);
	if (!passthru_device(&device, path, sizeof(path)))
		return error_set(e, -ENODEV, "%s is no whole NVMe disk any more; see `lsblk`",
				 t->text);
	if (rw_writes(job->workload->rw) && t->foreign)
		return error_set(e, -EPERM, "%s may only be read; take rw=randread", t->text);
	job->fd = open(path, (rw_writes(job->workload->rw) ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (job->fd < 0)
		return error_set(e, -errno, "can't open %s: %s; run bypass with sudo", path,
				 strerror(errno));
	return 0;
}

struct nvme_uring_cmd passthru_command(const struct workload *w, uint32_t logical_block,
				       uint32_t nsid, bool write)
{
	struct nvme_uring_cmd command = {
		.opcode = write ? NVME_NVM_WRITE : NVME_NVM_READ,
		.nsid = nsid,
		.data_len = (uint32_t)w->bs,
		.cdw12 = (uint32_t)(w->bs / logical_block - 1), /* counted from 0 [6.9, 6.15] */
	};

	if (write && w->durability == DURABILITY_DATA)
		command.cdw12 |= NVME_RW_FUA;
	return command;
}

static int open_commands(struct path_job *job, unsigned int flags, struct error *e)
{
	const uint32_t block = job->target->device.logical_block;
	struct passthru *p;
	int nsid, ret = open_generic(job, e);

	if (ret)
		return ret;
	nsid = ioctl(job->fd, NVME_IOCTL_ID);
	p = nsid > 0 ? calloc(1, sizeof(*p)) : NULL;
	if (!p) {
		ret = nsid > 0 ? -ENOMEM : -ENODEV;
		file_io_close(job);
		return error_set(e, ret, "can't send NVMe commands to %s: %s; see `dmesg`",
				 job->target->text, strerror(-ret));
	}
	p->read = passthru_command(job->workload, block, (uint32_t)nsid, false);
	p->write = passthru_command(job->workload, block, (uint32_t)nsid, true);
	p->shift = (unsigned int)__builtin_ctz(block);
	if (job->workload->fixedbufs)
		p->fixed_buffers = IORING_URING_CMD_FIXED;
	return ring_open(job, &p->ring, PASSTHRU_RING_FLAGS | flags, e);
}

static int passthru_open(struct path_job *job, struct error *e)
{
	return open_commands(job, 0, e);
}

static int iopoll_open(struct path_job *job, struct error *e)
{
	return open_commands(job, IORING_SETUP_IOPOLL, e);
}

static int start(struct path_job *job, struct path_io *io)
{
	struct passthru *p = job->own;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring.uring);
	const uint64_t slba = io->offset >> p->shift;
	struct nvme_uring_cmd *command;

	if (!sqe)
		return -EBUSY;
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, p->ring.fd, NULL, 0, 0);
	sqe->cmd_op = NVME_URING_CMD_IO;
	sqe->uring_cmd_flags = p->fixed_buffers;
	ring_finish_entry(job, &p->ring, sqe, io);
	command = (void *)sqe->cmd;
	*command = io->write ? p->write : p->read;
	command->addr = (uint64_t)(uintptr_t)io->buffer;
	command->cdw10 = (uint32_t)slba;
	command->cdw11 = (uint32_t)(slba >> 32);
	return 0;
}

extern const struct path_ops path_passthru, path_passthru_iopoll;
const struct path_ops path_passthru = {
	.name = "passthru",
	.description = "NVMe commands by io_uring to the kernel's driver, interrupts",
	.api = "io_uring",
	.cache = "bypassed",
	.completion = "interrupt",
	.traits = PATH_NO_CACHE | PATH_SLEEPS | PATH_RING | PATH_PASSTHRU,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = passthru_probe,
	.open = passthru_open,
	.start = start,
	.give = ring_give,
	.reap = ring_reap_asleep,
	.close = ring_close,
};

const struct path_ops path_passthru_iopoll = {
	.name = "passthru-iopoll",
	.description = "NVMe commands by io_uring, the kernel polls the disk: no interrupt",
	.api = "io_uring",
	.cache = "bypassed",
	.completion = "polling",
	.traits = PATH_NO_CACHE | PATH_POLLED | PATH_RING | PATH_PASSTHRU,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = iopoll_probe,
	.open = iopoll_open,
	.start = start,
	.give = ring_give,
	.reap = ring_reap_polled,
	.close = ring_close,
};
