// SPDX-License-Identifier: MIT
#include "fio/engine.h"

#include <string.h>

/* Where a job file's engine fits several of our paths, the first that fits. */
static const struct fio_engine engines[] = {
	{.path = "null", .ioengine = "null"},
	{.path = "buffered", .ioengine = "psync"},
	{.path = "direct", .ioengine = "psync", .direct = true},
	{.path = "dax", .ioengine = "psync"},
	{.path = "mmap-shared", .ioengine = "mmap", .mapping = true},
	{.path = "mmap-dax", .ioengine = "mmap", .mapping = true},
	{.path = "libaio", .ioengine = "libaio", .direct = true, .queue = true},
	{.path = "uring", .ioengine = "io_uring", .direct = true, .queue = true},
	{.path = "uring-iopoll",
	 .ioengine = "io_uring",
	 .direct = true,
	 .queue = true,
	 .hipri = true},
	{.path = "uring-sqpoll",
	 .ioengine = "io_uring",
	 .direct = true,
	 .queue = true,
	 .sqthread_poll = true},
	{.path = "fio:psync", .ioengine = "psync"},
	{.path = "fio:psync+direct", .ioengine = "psync", .direct = true},
	{.path = "fio:psync+dax", .ioengine = "psync"},
	{.path = "fio:pvsync2", .ioengine = "pvsync2"},
	{.path = "fio:pvsync2+direct", .ioengine = "pvsync2", .direct = true},
	{.path = "fio:mmap", .ioengine = "mmap", .mapping = true},
	{.path = "fio:mmap+dax", .ioengine = "mmap", .mapping = true},
	{.path = "fio:libaio", .ioengine = "libaio", .direct = true, .queue = true},
	{.path = "fio:io_uring", .ioengine = "io_uring", .direct = true, .queue = true},
	{.path = "fio:io_uring+hipri",
	 .ioengine = "io_uring",
	 .direct = true,
	 .queue = true,
	 .hipri = true},
};

#define NENGINES (sizeof(engines) / sizeof(engines[0]))

const struct fio_engine *fio_engine_of(const char *path)
{
	for (size_t i = 0; i < NENGINES; i++) {
		if (strcmp(engines[i].path, path) == 0)
			return &engines[i];
	}
	return NULL;
}

/* Engines that make one blocking call for each operation: the same thing to the kernel. */
static bool is_synchronous(const char *ioengine)
{
	static const char *const names[] = {"psync", "sync", "vsync", "pvsync", "pvsync2"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], ioengine) == 0)
			return true;
	}
	return false;
}

const char *fio_engine_path(const char *ioengine, bool direct, bool hipri, bool sqthread_poll)
{
	if (is_synchronous(ioengine))
		ioengine = "psync";
	for (size_t i = 0; i < NENGINES; i++) {
		const struct fio_engine *engine = &engines[i];

		if (strcmp(engine->ioengine, ioengine) == 0 && engine->direct == direct &&
		    engine->hipri == hipri && engine->sqthread_poll == sqthread_poll &&
		    path_find(engine->path))
			return engine->path;
	}
	return NULL;
}
