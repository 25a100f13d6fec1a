// SPDX-License-Identifier: MIT
/* Writing all of a target in order, by the harness itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/pattern.h"
#include "core/target_kinds.h"

#define CHUNK (1u << 20)

static ssize_t write_target(const struct target *t, const void *buffer, size_t nbytes, uint64_t at)
{
	ssize_t n;

	if (t->kind == TARGET_USERDRV)
		return target_userdrv_write(t, buffer, nbytes, at);
	n = pwrite(t->fd, buffer, nbytes, (off_t)at);
	return n < 0 ? -errno : n;
}

/* On the medium, not in a cache. */
static int flush_target(const struct target *t)
{
	if (t->kind == TARGET_USERDRV)
		return target_userdrv_flush(t);
	return fsync(t->fd) != 0 ? -errno : 0;
}

static int write_pattern(struct target *t, uint64_t size, uint64_t generation)
{
	char *buffer = aligned_alloc(4096, CHUNK);
	int ret = 0;

	if (!buffer)
		return -ENOMEM;
	pattern_fill(buffer, CHUNK);
	for (uint64_t at = 0; at < size && !ret; at += CHUNK) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		ssize_t written;

		pattern_stamp_block(buffer, n, at, generation);
		written = write_target(t, buffer, n, at);
		if (written != (ssize_t)n)
			ret = written < 0 ? (int)written : -EIO;
		else if (interrupted())
			ret = -EINTR;
	}
	free(buffer);
	return ret ? ret : flush_target(t);
}

int target_lay_out(struct target *t, uint64_t size, struct error *e)
{
	int ret = 0;

	/* One allocation request for all of it gives the file system the chance of one extent. */
	if (t->kind == TARGET_FILE && fallocate(t->fd, 0, 0, (off_t)size) != 0 && errno == ENOSPC)
		ret = -ENOSPC;
	if (!ret)
		ret = write_pattern(t, size, 1);
	if (ret == -EINTR)
		return error_set(e, ret, "interrupted while laying out %s", t->text);
	if (ret)
		return error_set(e, ret,
				 "can't lay out %llu MiB in %s: %s; free some space or give a "
				 "smaller size=",
				 (unsigned long long)(size >> 20), t->text, strerror(-ret));
	t->size = size;
	t->generation = 1;
	return 0;
}

int target_fill(struct target *t, uint64_t size, struct error *e)
{
	int ret;

	if (t->foreign)
		return error_set(e, -EPERM,
				 "%s isn't ours and is not written; leave precondition out",
				 t->text);
	if (t->kind == TARGET_NULL)
		return 0;
	ret = write_pattern(t, size, t->generation);
	if (ret == -EINTR)
		return error_set(e, ret, "interrupted while preconditioning %s", t->text);
	if (ret)
		return error_set(e, ret,
				 "can't write all of %s to precondition it: %s; look at the "
				 "kernel's log",
				 t->text, strerror(-ret));
	return 0;
}
