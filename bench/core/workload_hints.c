// SPDX-License-Identifier: MIT
/* People arrive with fio's options in their fingers: tell them what each is called here. */
#include "core/workload_hints.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/workload.h"

#define NAME_LIMIT 32

struct hint {
	const char *name;
	const char *instead;
};

/* Options of fio under another name here. */
static const struct hint synonyms[] = {
	{"blocksize", "bs"},
	{"block_size", "bs"},
	{"readwrite", "rw"},
	{"filename", "target"},
	{"directory", "target"},
	{"filesize", "size"},
	{"jobs", "numjobs"},
	{"timeout", "runtime"},
	{"advise", "madvise"},
	{"fadvise_hint", "madvise"},
	{"queue_depth", "iodepth"},
	{"qd", "iodepth"},
	{"depth", "iodepth"},
	{"iodepth_batch", "iodepth_batch_submit"},
	{"iodepth_batch_complete", "iodepth_batch_complete_min"},
	{"coalescing_threshold", "aggregation_threshold"},
	{"coalescing_time", "aggregation_time"},
};

/* Options of fio that there is no one name for. */
static const struct hint hints[] = {
	{"ioengine", "path= chooses how the I/O is done, as in path=direct or path=mmap-dax"},
	{"direct", "path=direct bypasses the page cache, path=buffered goes through it"},
	{"buffered", "path=buffered goes through the page cache, path=direct bypasses it"},
	{"invalidate", "cache=cold evicts the target before each repetition"},
	{"fsync", "durability=data makes every write durable before it returns"},
	{"fdatasync", "durability=data makes every write durable before it returns"},
	{"end_fsync", "durability=data makes every write durable before it returns"},
	{"iodepth_batch_complete_max", "all that has ended is taken at once; leave it out"},
	{"iodepth_low", "iodepth_batch_complete_min= says how many must end before more is "
			"submitted"},
	{"rwmixwrite", "rwmixread= says how many of 100 operations read"},
	{"bsrange", "one block size per cell; sweep it with each.bs=4k,64k"},
	{"bssplit", "one block size per cell; sweep it with each.bs=4k,64k"},
	{"io_size", "number_ios= says how much is done"},
	{"loops", "runs= in [suite] says how often all is repeated"},
	{"thread", "jobs are always threads; leave it out"},
	{"group_reporting", "jobs are always reported together; leave it out"},
	{"norandommap", "offsets are always drawn independently; leave it out"},
	{"randrepeat", "--seed fixes the offsets; leave it out"},
	{"randseed", "--seed fixes the offsets; leave it out"},
	{"rate", "rate_iops= says how many operations start in a second"},
	{"cpus_allowed", "numa_cpu_nodes= says where the threads run"},
	{"sqthread_poll", "path=uring-sqpoll has a kernel thread that looks for submissions"},
	{"verify", "what is read is always checked by sample; leave it out"},
	{"hipri", "path= chooses how completion is noticed; leave it out"},
	{"name", "the [section] is the heading; leave it out"},
	{"runs", "runs= belongs in [suite], --runs on the command line"},
	{"question", "question= belongs in [suite]"},
	{"rows", "rows= belongs in [suite]"},
	{"budget", "budget= belongs in [suite]"},
	{"memory", "memory= belongs in [suite]"},
	{"numa", "numa= belongs in [suite]; numa_cpu_nodes= and numa_mem_policy= place a cell"},
};

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein: the least number of inserted, deleted and changed characters. */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int row[NAME_LIMIT + 1];
	unsigned int i, j, diagonal, above;
	size_t length = strlen(b);

	for (j = 0; j <= length; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		diagonal = row[0];
		row[0] = i + 1;
		for (j = 0; j < length; j++) {
			above = row[j + 1];
			row[j + 1] = min3(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[length];
}

/* The option nearest to @name, or NULL where all are too far to be what was meant. */
static const char *nearest_option(const char *name)
{
	const char *candidate, *nearest = NULL;
	unsigned int d, best = (unsigned int)strlen(name) / 3 + 1;
	size_t i;

	if (strlen(name) > NAME_LIMIT)
		return NULL;
	for (i = 0; (candidate = workload_option_name(i)); i++) {
		d = edit_distance(name, candidate);
		if (d <= best && d < strlen(candidate)) {
			nearest = candidate;
			best = d - (d > 0);
		}
	}
	return nearest;
}

static int unknown_option(const char *name, struct error *e)
{
	const char *nearest = nearest_option(name);
	char known[512] = "";
	size_t i;

	for (i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		if (strcmp(name, synonyms[i].name) == 0)
			nearest = synonyms[i].instead;
	}
	if (nearest)
		return error_set(e, -EINVAL, "unknown option '%.60s'; did you mean %s?", name,
				 nearest);
	for (i = 0; workload_option_name(i); i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 i ? ", " : "", workload_option_name(i));
	return error_set(e, -EINVAL, "unknown option '%.60s'; there are %s", name, known);
}

int workload_set_foreign(const char *name, struct error *e)
{
	size_t i;

	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strcmp(name, hints[i].name) == 0)
			return error_set(e, -EINVAL, "'%s' is not an option here: %s", name,
					 hints[i].instead);
	}
	return unknown_option(name, e);
}
