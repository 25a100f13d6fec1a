// SPDX-License-Identifier: MIT
#include "paths/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fio/engine.h"

extern const struct path_ops path_null, path_buffered, path_direct, path_dax, path_mmap_shared,
	path_mmap_private, path_mmap_dax, path_libaio, path_uring, path_uring_iopoll,
	path_uring_sqpoll, path_passthru, path_passthru_iopoll, path_userdrv_poll, path_userdrv_irq,
	path_userdrv_hybrid;

const struct path_ops *const path_table[] = {
	&path_null,
	&path_buffered,
	&path_direct,
	&path_dax,
	&path_mmap_shared,
	&path_mmap_private,
	&path_mmap_dax,
	&path_libaio,
	&path_uring,
	&path_uring_iopoll,
	&path_uring_sqpoll,
	&path_passthru,
	&path_passthru_iopoll,
	&path_userdrv_poll,
	&path_userdrv_irq,
	&path_userdrv_hybrid,
	NULL,
};

const struct path_ops *path_find(const char *name)
{
	for (unsigned int i = 0; path_table[i]; i++) {
		if (strcmp(path_table[i]->name, name) == 0)
			return path_table[i];
	}
	for (size_t i = 0; fio_path(i); i++) {
		if (strcmp(fio_path(i)->name, name) == 0)
			return fio_path(i);
	}
	return NULL;
}

int path_probe(const struct path_ops *ops, const struct workload *w, const struct target *t,
	       struct unavailable *why)
{
	if (t->kind == TARGET_USERDRV && !(ops->traits & PATH_USER_DRIVER)) {
		snprintf(why->reason, sizeof(why->reason),
			 "%s is our driver's: the kernel doesn't see it", t->text);
		snprintf(why->remedy, sizeof(why->remedy), "a target of block: or file:");
		return -EOPNOTSUPP;
	}
	return ops->probe ? ops->probe(w, t, why) : 0;
}
