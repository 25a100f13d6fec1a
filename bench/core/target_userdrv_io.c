// SPDX-License-Identifier: MIT
/* I/O of the harness itself on a disk of our driver: one piece at a time through a bounce buffer.
 */
#include "core/target_userdrv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/holds.h"

#define PIECE (1u << 20)

int target_userdrv_open_service(struct userdrv_target *u)
{
	int ret = ud_qpair_create(u->ctrlr, NULL, &u->service);

	return ret ? ret : ud_dma_alloc(u->ctrlr, PIECE, UD_NODE_DEVICE, &u->bounce);
}

static void piece_done(void *arg, int error, uint16_t status, uint32_t result)
{
	struct userdrv_target *u = arg;

	(void)status, (void)result;
	u->piece_error = error;
}

/* Each I/O ends: the driver's own time-out and reset see to it. */
static int finish(struct userdrv_target *u)
{
	int ret = ud_qpair_drain(u->service, UINT64_MAX);

	return ret ? ret : u->piece_error;
}

static int move_piece(struct userdrv_target *u, bool write, uint64_t slba, uint32_t nblocks)
{
	void *bounce = u->bounce.vaddr;
	int ret;

	if (write)
		ret = ud_write(u->service, u->ns, bounce, slba, nblocks, 0, piece_done, u);
	else
		ret = ud_read(u->service, u->ns, bounce, slba, nblocks, 0, piece_done, u);
	return ret ? ret : finish(u);
}

int target_userdrv_flush(const struct target *t)
{
	struct userdrv_target *u = t->userdrv;
	int ret;

	if (!ud_ctrlr_info(u->ctrlr)->volatile_write_cache)
		return 0;
	ret = ud_flush(u->service, u->ns, piece_done, u);
	return ret ? ret : finish(u);
}

ssize_t target_userdrv_read(const struct target *t, void *buffer, size_t nbytes, uint64_t at)
{
	struct userdrv_target *u = t->userdrv;
	const uint8_t shift = u->ns->block_shift;
	size_t done = 0;

	if (at >= u->ns->nbytes)
		return 0;
	if (nbytes > u->ns->nbytes - at)
		nbytes = u->ns->nbytes - at;
	while (done < nbytes) {
		/* Whole blocks around what is wanted, as many as the buffer holds. */
		uint64_t from = (at + done) & ~((uint64_t)u->ns->block_nbytes - 1);
		size_t skip = (size_t)(at + done - from), n = nbytes - done;
		uint64_t nblocks;
		int ret;

		if (n > PIECE - skip)
			n = PIECE - skip;
		nblocks = (skip + n + u->ns->block_nbytes - 1) >> shift;
		ret = move_piece(u, false, from >> shift, (uint32_t)nblocks);
		if (ret)
			return ret;
		memcpy((char *)buffer + done, (char *)u->bounce.vaddr + skip, n);
		done += n;
	}
	return (ssize_t)done;
}

ssize_t target_userdrv_write(const struct target *t, const void *buffer, size_t nbytes, uint64_t at)
{
	struct userdrv_target *u = t->userdrv;
	const uint8_t shift = u->ns->block_shift;
	size_t done = 0;

	if ((at | nbytes) & (u->ns->block_nbytes - 1))
		return -EINVAL;
	while (done < nbytes) {
		size_t n = nbytes - done < PIECE ? nbytes - done : PIECE;
		int ret;

		memcpy(u->bounce.vaddr, (const char *)buffer + done, n);
		ret = move_piece(u, true, (at + done) >> shift, (uint32_t)(n >> shift));
		if (ret)
			return ret;
		done += n;
	}
	return (ssize_t)done;
}

/* Copies a part of the namespace to the same place of @fd. */
static int copy_part(const struct target *t, int fd, uint64_t at, size_t nbytes)
{
	char *buffer =
		mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t n;

	if (buffer == MAP_FAILED)
		return -ENOMEM;
	n = target_userdrv_read(t, buffer, nbytes, at);
	if (n > 0 && pwrite(fd, buffer, (size_t)n, (off_t)at) != n)
		n = -ENOSPC;
	munmap(buffer, nbytes);
	return n < 0 ? (int)n : 0;
}

int target_userdrv_holds(const struct target *t, char *what, size_t nbytes)
{
	const struct ud_ns *ns = t->userdrv->ns;
	size_t part = ns->nbytes < PIECE ? (size_t)ns->nbytes : PIECE;
	/* As long as the disk, so that each signature is where libblkid looks for it. */
	int fd = memfd_create("bypass-disk", MFD_CLOEXEC), ret = 0;
	struct holds holds;
	char path[32];

	if (fd < 0 || ftruncate(fd, (off_t)ns->nbytes) != 0)
		ret = -errno;
	if (!ret)
		ret = copy_part(t, fd, 0, part);
	if (!ret)
		ret = copy_part(t, fd, ns->nbytes - part, part);
	snprintf(what, nbytes, "%s", strerror(-ret));
	if (!ret) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ret = device_holds(path, &holds);
		snprintf(what, nbytes, "%s", ret ? holds.what : "");
	}
	if (fd >= 0)
		close(fd);
	return ret;
}
