// SPDX-License-Identifier: MIT
/*
 * The paths "fio:ENGINE": the cell is written as an fio job and the installed fio runs it. As our
 * own paths, libaio and io_uring are always direct; "+direct" and "+dax" say it of the others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/environment.h"
#include "fio/engine.h"
#include "fio/job.h"
#include "fio/run.h"
#include "paths/dax.h"
#include "paths/file_io.h"

static int unavailable(struct unavailable *why, const char *reason, const char *remedy)
{
	snprintf(why->reason, sizeof(why->reason), "%s", reason);
	snprintf(why->remedy, sizeof(why->remedy), "%s", remedy);
	return -EOPNOTSUPP;
}

/* Does the list that `fio --enghelp` prints have a line of that name? */
static bool engine_is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(list, name); at; at = strstr(at + 1, name)) {
		bool begins = at == list || strchr(" \t\n", at[-1]);

		if (begins && (at[n] == '\0' || strchr(" \t\n", at[n])))
			return true;
	}
	return false;
}

static int probe_fio(const char *ioengine, struct unavailable *why)
{
	static const char *const argv[] = {"fio", "--enghelp", NULL};
	struct fio_output output;
	struct error e;
	int ret = 0;

	if (!fio_installed())
		return unavailable(why, "fio isn't installed", "apt-get install fio");
	if (fio_run(argv, -1, -1, &output, &e))
		ret = unavailable(why, e.text, "apt-get install fio");
	else if (!engine_is_listed(output.text, ioengine))
		ret = unavailable(why, "the installed fio is built without this engine",
				  "another path fio:ENGINE, or apt-get install fio");
	fio_output_free(&output);
	return ret;
}

static int fio_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	const struct fio_engine *engine = fio_engine_of(w->path);
	int ret;

	if (environment_clock() == RUN_CLOCK_INSTRUCTIONS)
		return unavailable(why, "fio tells times, and this clock counts instructions",
				   "the ns clock: on this machine, or --testbed=ns");
	ret = fio_job_check(w, engine, why);
	if (ret)
		return ret;
	/* A file is made for it alone; a disk is there once, with contents that others check. */
	if (t->kind == TARGET_BLOCK && rw_writes(w->rw))
		return unavailable(why, "fio would overwrite what other cells check on this disk",
				   "a target on a file system, or bypass export --fio");
	if (engine->hipri && !t->device.polled)
		return unavailable(why, "the disk's driver has no poll queues",
				   "an NVMe disk, nvme loaded with poll_queues=1");
	if (engine->direct)
		ret = file_io_probe_direct(w, t, why);
	return ret ? ret : probe_fio(engine->ioengine, why);
}

static int fio_probe_dax(const struct workload *w, const struct target *t, struct unavailable *why)
{
	int ret = dax_probe(w, t, why);

	return ret ? ret : fio_probe(w, t, why);
}

static const struct path_ops paths[] = {
	{
		.name = "fio:psync",
		.description = "fio, engine psync, through the page cache",
		.api = "pread/pwrite",
		.cache = "page cache",
		.completion = "synchronous",
		.traits = PATH_TOOL | PATH_PAGE_CACHE,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
	{
		.name = "fio:psync+direct",
		.description = "fio, engine psync, direct=1",
		.api = "pread/pwrite",
		.cache = "bypassed",
		.completion = "interrupt",
		.traits = PATH_TOOL | PATH_NO_CACHE,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
	{
		.name = "fio:psync+dax",
		.description = "fio, engine psync, on a file that has to be DAX",
		.api = "pread/pwrite",
		.cache = "bypassed",
		.completion = "synchronous",
		.traits = PATH_TOOL | PATH_DAX,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe_dax,
	},
	{
		.name = "fio:pvsync2",
		.description = "fio, engine pvsync2, through the page cache",
		.api = "preadv2/pwritev2",
		.cache = "page cache",
		.completion = "synchronous",
		.traits = PATH_TOOL | PATH_PAGE_CACHE,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
	{
		.name = "fio:pvsync2+direct",
		.description = "fio, engine pvsync2, direct=1",
		.api = "preadv2/pwritev2",
		.cache = "bypassed",
		.completion = "interrupt",
		.traits = PATH_TOOL | PATH_NO_CACHE,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
	{
		.name = "fio:mmap",
		.description = "fio, engine mmap, a mapping of the page cache",
		.api = "load/store",
		.cache = "page cache",
		.completion = "synchronous",
		.traits = PATH_TOOL | PATH_PAGE_CACHE,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
	{
		.name = "fio:mmap+dax",
		.description = "fio, engine mmap, on a file that has to be DAX",
		.api = "load/store",
		.cache = "bypassed",
		.completion = "synchronous",
		.traits = PATH_TOOL | PATH_DAX,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe_dax,
	},
	{
		.name = "fio:libaio",
		.description = "fio, engine libaio with O_DIRECT",
		.api = "libaio",
		.cache = "bypassed",
		.completion = "interrupt",
		.traits = PATH_TOOL | PATH_NO_CACHE | PATH_SLEEPS,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
	{
		.name = "fio:io_uring",
		.description = "fio, engine io_uring with O_DIRECT",
		.api = "io_uring",
		.cache = "bypassed",
		.completion = "interrupt",
		.traits = PATH_TOOL | PATH_NO_CACHE | PATH_SLEEPS | PATH_RING,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
	{
		.name = "fio:io_uring+hipri",
		.description = "fio, engine io_uring with O_DIRECT, the kernel polls the disk",
		.api = "io_uring",
		.cache = "bypassed",
		.completion = "polling",
		.traits = PATH_TOOL | PATH_NO_CACHE | PATH_POLLED | PATH_RING,
		.clock_use = CLOCK_USE_FUNCTION,
		.probe = fio_probe,
	},
};

const struct path_ops *fio_path(size_t index)
{
	return index < sizeof(paths) / sizeof(paths[0]) ? &paths[index] : NULL;
}
