// SPDX-License-Identifier: MIT
/* DAX file I/O: dax_iomap_rw asks dax_direct_access for the medium's address and copies. */
#include "paths/dax.h"

#include <errno.h>
#include <stdio.h>

#include "paths/file_io.h"

int dax_probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	(void)w;
	if (t->kind == TARGET_BLOCK) {
		snprintf(why->reason, sizeof(why->reason),
			 "DAX is a way to files: %s needs a file system", t->text);
		snprintf(why->remedy, sizeof(why->remedy),
			 "mount one on it and give a folder there as the target");
		return -EOPNOTSUPP;
	}
	if (t->device.known && t->device.dax)
		return 0;
	snprintf(why->reason, sizeof(why->reason), "no DAX-capable device below %s", t->text);
	snprintf(why->remedy, sizeof(why->remedy),
		 "the testbed has one: bypass run SUITE --testbed");
	return -EOPNOTSUPP;
}

static int dax_open(struct path_job *job, struct error *e)
{
	return file_io_open(job, 0, e);
}

extern const struct path_ops path_dax;
const struct path_ops path_dax = {
	.name = "dax",
	.description = "pread/pwrite on a DAX file: copied straight to or from the medium",
	.api = "pread/pwrite",
	.cache = "bypassed",
	.completion = "synchronous",
	.traits = PATH_DAX,
	.clock_use = CLOCK_USE_EXACT,
	.probe = dax_probe,
	.open = dax_open,
	.submit = file_io_submit,
	.close = file_io_close,
};
