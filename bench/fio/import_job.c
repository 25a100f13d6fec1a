// SPDX-License-Identifier: MIT
#include "fio/import_job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fio/engine.h"

void import_job_defaults(struct import_job *job)
{
	memset(job, 0, sizeof(*job));
	workload_defaults(&job->workload);
	job->workload.rw = RW_READ;
	snprintf(job->ioengine, sizeof(job->ioengine), "psync");
}

/* A line with only a name says 1. */
static int set_flag(const char *name, const char *value, bool *flag, struct error *e)
{
	if (strcmp(value, "") != 0 && strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return error_set(e, -EINVAL, "%s: '%.40s' is neither 0 nor 1; write one", name,
				 value);
	*flag = strcmp(value, "0") != 0;
	return 0;
}

static int set_text(const char *name, const char *value, char *text, size_t size, struct error *e)
{
	if (!*value || strlen(value) >= size)
		return error_set(e, -EINVAL, "%s has no value or one that is too long; give one",
				 name);
	snprintf(text, size, "%s", value);
	return 0;
}

/* One file; fio separates several by colons, and a colon in a name has a backslash before it. */
static int set_filename(struct import_job *job, const char *value, struct error *e)
{
	char name[sizeof(job->filename)] = "";
	size_t n = 0;

	if (set_text("filename", value, name, sizeof(name), e))
		return -EINVAL;
	for (const char *at = name; *at; at++) {
		if (*at == ':')
			return error_set(e, -EINVAL,
					 "filename: '%.60s' names several files; name one", value);
		if (*at == '\\' && at[1])
			at++;
		job->filename[n++] = *at;
	}
	job->filename[n] = '\0';
	return 0;
}

static int set_durability(struct import_job *job, const char *name, const char *value,
			  struct error *e)
{
	static const char *const each[] = {"1", "sync", "dsync"};

	if (strcmp(value, "0") == 0 || strcmp(value, "none") == 0) {
		job->workload.durability = DURABILITY_NONE;
		return 0;
	}
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		if (strcmp(value, each[i]) == 0 && (i == 0 || strcmp(name, "sync") == 0)) {
			job->workload.durability = DURABILITY_DATA;
			return 0;
		}
	}
	return error_set(e, -EINVAL,
			 "%s: '%.40s' makes only some writes durable; write %s=1 for all or leave "
			 "it out",
			 name, value, name);
}

/* Of fio's times this one alone counts microseconds where there is no unit. */
static int set_thinktime(struct import_job *job, const char *value, struct error *e)
{
	char text[32];
	bool plain = *value && strspn(value, "0123456789") == strlen(value);

	if (strlen(value) + 3 > sizeof(text))
		return error_set(e, -EINVAL, "thinktime: '%.40s' is no time; write one", value);
	snprintf(text, sizeof(text), "%s%s", value, plain ? "us" : "");
	return workload_set(&job->workload, "thinktime", text, e);
}

static int set_mixwrite(struct import_job *job, const char *value, struct error *e)
{
	struct error why;
	int ret = workload_set(&job->workload, "rwmixread", value, &why);

	if (ret)
		return error_set(e, ret, "rwmixwrite: '%.40s' is no percentage; write one", value);
	job->workload.rwmixread = 100 - job->workload.rwmixread;
	return 0;
}

/* What makes no difference here: offsets, threads and reports are always as these would have it. */
static bool is_harmless(const char *name)
{
	static const char *const names[] = {
		"group_reporting",
		"thread",
		"name",
		"description",
		"norandommap",
		"randrepeat",
		"allrandrepeat",
		"randseed",
		"random_generator",
		"clat_percentiles",
		"percentile_list",
		"lat_percentiles",
		"slat_percentiles",
		"gtod_reduce",
		"disk_util",
		"unified_rw_reporting",
		"unlink",
		"overwrite",
		"fallocate",
		"allow_file_create",
		"create_on_open",
		"refill_buffers",
		"iodepth_batch_complete_max",
		"fadvise_hint",
		"new_group",
		"iomem_align",
		"mem_align",
		"clocksource",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* Options with the same meaning under our name; NULL: not one of them. */
static const char *our_name(const char *name)
{
	static const struct {
		const char *fio, *ours;
	} names[] = {
		{"rw", "rw"},
		{"readwrite", "rw"},
		{"bs", "bs"},
		{"blocksize", "bs"},
		{"size", "size"},
		{"numjobs", "numjobs"},
		{"iodepth", "iodepth"},
		{"iodepth_batch", "iodepth_batch_submit"},
		{"iodepth_batch_submit", "iodepth_batch_submit"},
		{"iodepth_batch_complete", "iodepth_batch_complete_min"},
		{"iodepth_batch_complete_min", "iodepth_batch_complete_min"},
		{"number_ios", "number_ios"},
		{"runtime", "runtime"},
		{"timeout", "runtime"},
		{"ramp_time", "ramp_time"},
		{"rwmixread", "rwmixread"},
		{"random_distribution", "random_distribution"},
		{"rate_iops", "rate_iops"},
		{"rate_process", "rate_process"},
		{"numa_cpu_nodes", "numa_cpu_nodes"},
		{"numa_mem_policy", "numa_mem_policy"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].fio, name) == 0)
			return names[i].ours;
	}
	return NULL;
}

/* 1: not one of these. */
static int set_flag_option(struct import_job *job, const char *name, const char *value,
			   struct error *e)
{
	bool flag = false;
	int ret;

	if (strcmp(name, "time_based") == 0)
		return set_flag(name, value, &job->workload.time_based, e);
	if (strcmp(name, "fixedbufs") == 0)
		return set_flag(name, value, &job->workload.fixedbufs, e);
	if (strcmp(name, "registerfiles") == 0)
		return set_flag(name, value, &job->workload.registerfiles, e);
	if (strcmp(name, "hipri") == 0)
		return set_flag(name, value, &job->hipri, e);
	if (strcmp(name, "sqthread_poll") == 0)
		return set_flag(name, value, &job->sqthread_poll, e);
	if (strcmp(name, "stonewall") == 0 || strcmp(name, "wait_for_previous") == 0)
		return set_flag(name, value, &job->stonewall, e);
	if (strcmp(name, "direct") == 0)
		return set_flag(name, value, &job->direct, e);
	if (strcmp(name, "buffered") == 0) {
		ret = set_flag(name, value, &flag, e);
		job->direct = !ret && !flag;
		return ret;
	}
	if (strcmp(name, "pre_read") == 0)
		return set_flag(name, value, &job->warm, e);
	if (strcmp(name, "invalidate") == 0) {
		ret = set_flag(name, value, &job->evicted, e);
		job->warm = !ret && !job->evicted;
		return ret;
	}
	return 1;
}

int import_job_set(struct import_job *job, const char *name, const char *value, struct error *e)
{
	const char *ours = our_name(name);
	int ret = set_flag_option(job, name, value, e);

	if (ret != 1)
		return ret;
	if (ours) {
		job->has_size = job->has_size || strcmp(ours, "size") == 0;
		return workload_set(&job->workload, ours, value, e);
	}
	if (strcmp(name, "ioengine") == 0)
		return set_text(name, value, job->ioengine, sizeof(job->ioengine), e);
	if (strcmp(name, "filename") == 0)
		return set_filename(job, value, e);
	if (strcmp(name, "directory") == 0)
		return set_text(name, value, job->directory, sizeof(job->directory), e);
	if (strcmp(name, "fsync") == 0 || strcmp(name, "fdatasync") == 0 ||
	    strcmp(name, "sync") == 0)
		return set_durability(job, name, value, e);
	if (strcmp(name, "thinktime") == 0)
		return set_thinktime(job, value, e);
	if (strcmp(name, "rwmixwrite") == 0)
		return set_mixwrite(job, value, e);
	if (strcmp(name, "io_size") == 0)
		return parse_size(value, &job->io_size, e);
	if (strcmp(name, "offset_increment") == 0)
		return parse_size(value, &job->offset_increment, e);
	if (is_harmless(name))
		return 0;
	return error_set(e, -EINVAL,
			 "bypass doesn't take '%.60s' from a job file; take the line out if the "
			 "cell may go without it",
			 name);
}

static int choose_path(struct import_job *job, struct error *e)
{
	const char *path =
		fio_engine_path(job->ioengine, job->direct, job->hipri, job->sqthread_poll);

	if (!path && fio_engine_path(job->ioengine, !job->direct, job->hipri, job->sqthread_poll))
		return error_set(e, -EINVAL, "no path here is ioengine=%s with direct=%d; %s",
				 job->ioengine, job->direct,
				 job->direct ? "take direct=1 out" : "add direct=1");
	if (!path)
		return error_set(e, -EINVAL,
				 "no path here is ioengine=%s%s; write psync, mmap, libaio or "
				 "io_uring",
				 job->ioengine,
				 job->hipri || job->sqthread_poll ? " with hipri or sqthread_poll"
								  : "");
	return workload_set(&job->workload, "path", path, e);
}

/* fio makes a file that isn't there; for us that is a file of our own, in the same folder. */
static void choose_folder(char *target)
{
	char *path = target + strlen("file:"), *slash = strrchr(path, '/');

	if (access(path, F_OK) == 0 || errno != ENOENT)
		return;
	if (!slash)
		strcpy(path, ".");
	else
		slash[slash == path] = '\0';
}

static int choose_target(struct import_job *job, struct error *e)
{
	const char *name = job->filename[0] ? job->filename : job->directory;
	char target[sizeof(job->filename) + sizeof(job->directory) + 8];

	if (strcmp(job->workload.path, "null") == 0)
		return 0;
	if (job->filename[0] && job->directory[0])
		snprintf(target, sizeof(target), "file:%s/%s", job->directory, job->filename);
	else if (strncmp(name, "/dev/", 5) == 0 && strncmp(name, "/dev/shm", 8) != 0)
		snprintf(target, sizeof(target), "block:%s", name);
	else
		snprintf(target, sizeof(target), "file:%s", *name ? name : ".");
	if (job->filename[0] && strncmp(target, "file:", 5) == 0)
		choose_folder(target);
	return workload_set(&job->workload, "target", target, e);
}

/* As fio by itself: it empties the cache, and each block is then visited once. */
static int choose_cache(struct import_job *job, struct error *e)
{
	struct workload *w = &job->workload;

	if (job->direct || job->warm || strcmp(w->path, "null") == 0)
		return 0;
	w->cache = CACHE_COLD;
	if (!w->time_based && !w->zipf_thousandths)
		return 0;
	return error_set(e, -EINVAL,
			 "fio begins with no page of the file in the page cache, and %s visits "
			 "pages again, which are in it then; add invalidate=0 to have all of them "
			 "there from the beginning%s",
			 w->time_based ? "time_based" : "random_distribution=zipf",
			 w->time_based ? ", or take time_based out" : "");
}

static int choose_amount(struct import_job *job, struct error *e)
{
	struct workload *w = &job->workload;
	uint64_t ios = job->io_size / w->bs;

	if (!job->has_size)
		return error_set(e, -EINVAL,
				 "fio would take all of the file, and bypass has to be told how "
				 "much; add size=");
	if (job->io_size && (!ios || job->io_size % w->bs))
		return error_set(e, -EINVAL,
				 "io_size is not a multiple of bs; make it whole blocks");
	if (ios && (!w->number_ios || ios < w->number_ios))
		w->number_ios = ios;
	if (w->numjobs > 1 && job->offset_increment != w->size)
		return error_set(e, -EINVAL,
				 "each of the %u jobs has a region of its own here, and in fio "
				 "they share one; add offset_increment=%llu, which is size=",
				 w->numjobs, (unsigned long long)w->size);
	if (job->offset_increment && job->offset_increment != w->size)
		return error_set(e, -EINVAL,
				 "offset_increment is not size=, so that regions would overlap or "
				 "have gaps; make them equal");
	return 0;
}

/* As fio has it: of what is submitted at once there is no more than may be in flight. */
static void choose_batch(struct workload *w)
{
	if (w->iodepth_batch_submit > w->iodepth)
		w->iodepth_batch_submit = w->iodepth;
}

int import_job_finish(struct import_job *job, struct error *e)
{
	int ret = choose_path(job, e);

	if (!ret)
		ret = choose_target(job, e);
	if (!ret)
		ret = choose_amount(job, e);
	if (!ret)
		ret = choose_cache(job, e);
	choose_batch(&job->workload);
	return ret ? ret : workload_check(&job->workload, e);
}
