// SPDX-License-Identifier: MIT
/* No I/O at all: what remains is the cost of the harness, which every other figure contains. */
#include "paths/path.h"

static int null_open(struct path_job *job, struct error *e)
{
	(void)job;
	(void)e;
	return 0;
}

static int null_submit(struct path_job *job, uint64_t offset, bool write)
{
	(void)job;
	(void)offset;
	(void)write;
	return 0;
}

static void null_close(struct path_job *job)
{
	(void)job;
}

extern const struct path_ops path_null;
const struct path_ops path_null = {
	.name = "null",
	.description = "nothing: the cost of the harness itself",
	.api = "none",
	.cache = "none",
	.completion = "synchronous",
	.traits = PATH_NOTHING,
	.clock_use = CLOCK_USE_EXACT,
	.open = null_open,
	.submit = null_submit,
	.close = null_close,
};
