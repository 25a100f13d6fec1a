// SPDX-License-Identifier: MIT
#include "fio/job.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static int refuse(struct unavailable *why, const char *remedy,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->reason, sizeof(why->reason), format, args);
	va_end(args);
	snprintf(why->remedy, sizeof(why->remedy), "%s", remedy);
	return -EOPNOTSUPP;
}

bool fio_job_first_touch(const struct workload *w)
{
	return w->cache == CACHE_COLD;
}

/* Bytes alone end such a job, and those that fio did while ramping would count. */
static bool ends_by_itself(const struct workload *w)
{
	return !w->time_based || w->number_ios || w->cache == CACHE_COLD;
}

static int check_mapping(const struct workload *w, struct unavailable *why)
{
	const char *option = NULL;

	if (w->durability == DURABILITY_DATA)
		return refuse(why, "durability=none, or path=fio:psync",
			      "fio times msync apart from the store that it makes durable");
	if (w->access == ACCESS_TOUCH)
		option = "access=touch";
	else if (w->populate)
		option = "populate";
	else if (w->sync)
		option = "sync";
	else if (w->hugepage)
		option = "hugepage";
	else if (w->madvise == (rw_random(w->rw) ? MADVISE_SEQUENTIAL : MADVISE_RANDOM))
		option = "this madvise";
	if (option)
		return refuse(why, "the cell without it", "fio's mmap engine has no %s", option);
	if (!fio_job_first_touch(w) && ends_by_itself(w))
		return refuse(why, "runtime=1 time_based=1, without number_ios",
			      "fio touches a mapping for the first time while it ramps, and only "
			      "a job that runs by the clock goes on after that");
	return 0;
}

int fio_job_check(const struct workload *w, const struct fio_engine *engine,
		  struct unavailable *why)
{
	if (!engine)
		return refuse(why, "a path that the kernel serves", "fio has nothing like path %s",
			      w->path);
	if (w->rate_iops)
		return refuse(why, "the cell without rate_iops",
			      "fio counts latency from when an operation started, not from when "
			      "rate_iops meant it to start");
	if (w->cache == CACHE_PRESSED)
		return refuse(why, "cache=hot or cache=cold",
			      "fio has no way to fill memory with the file before it starts");
	if (w->numa_cpu_nodes == NUMA_NEAR || w->numa_cpu_nodes == NUMA_FAR ||
	    w->numa_mem_policy == NUMA_NEAR || w->numa_mem_policy == NUMA_FAR)
		return refuse(why, "the node's number, as in numa_cpu_nodes=0",
			      "fio knows NUMA nodes by number alone");
	if (engine->mapping)
		return check_mapping(w, why);
	if (w->ramp_ns && ends_by_itself(w))
		return refuse(why, "runtime=1 time_based=1, or no ramp_time",
			      "what fio does while ramping would be missing from the operations "
			      "that end the job");
	return 0;
}

/* The option as people write it, if it hasn't its default. */
static void write_option(FILE *out, const struct workload *w, const char *name)
{
	char text[224], plain[224];
	struct workload defaults;

	workload_defaults(&defaults);
	workload_option_text(w, name, text, sizeof(text));
	workload_option_text(&defaults, name, plain, sizeof(plain));
	if (strcmp(text, plain) != 0)
		fprintf(out, "%s=%s\n", name, text);
}

/* A colon would separate two names. */
static void write_filename(FILE *out, const char *filename)
{
	fputs("filename=", out);
	for (; *filename; filename++) {
		if (*filename == ':')
			fputc('\\', out);
		fputc(*filename, out);
	}
	fputc('\n', out);
}

static void write_file(FILE *out, const struct workload *w, const struct fio_place *place)
{
	if (place->directory)
		fprintf(out, "directory=%s\n", place->directory);
	if (place->filename)
		write_filename(out, place->filename);
	fprintf(out, "size=%" PRIu64 "\n", w->size);
	if (w->numjobs > 1)
		fprintf(out, "numjobs=%u\noffset_increment=%" PRIu64 "\n", w->numjobs, w->size);
}

static void write_cache(FILE *out, const struct workload *w, const struct fio_engine *engine,
			const struct fio_place *place)
{
	if (place->prepared || engine->direct || strcmp(engine->ioengine, "null") == 0)
		fputs("invalidate=0\n", out);
	else if (w->cache == CACHE_HOT)
		fputs("pre_read=1\n", out);
	else
		fputs("invalidate=1\n", out);
	/* A path of ours tells the kernel what a file is read like, a mapping only if asked. */
	if (engine->mapping && w->madvise == MADVISE_NORMAL)
		fputs("fadvise_hint=0\n", out);
}

static void write_engine(FILE *out, const struct workload *w, const struct fio_engine *engine)
{
	fprintf(out, "ioengine=%s\n", engine->ioengine);
	/* As our buffers are; else what is copied to crosses lines of the cache. */
	fputs("iomem_align=4k\n", out);
	if (engine->direct)
		fputs("direct=1\n", out);
	if (engine->hipri)
		fputs("hipri=1\n", out);
	if (engine->sqthread_poll)
		fputs("sqthread_poll=1\n", out);
	if (!engine->queue)
		return;
	/*
	 * Our loop takes all that has ended; fio by itself takes one after the other.
	 */
	fprintf(out, "iodepth=%u\niodepth_batch_submit=%u\n", w->iodepth,
		w->iodepth_batch_submit ? w->iodepth_batch_submit : w->iodepth);
	fprintf(out, "iodepth_batch_complete_min=%u\niodepth_batch_complete_max=%u\n",
		w->iodepth_batch_complete_min, w->iodepth);
	write_option(out, w, "fixedbufs");
	write_option(out, w, "registerfiles");
}

/* How long: what ends first, the operations or the time. */
static void write_end(FILE *out, const struct workload *w, const struct fio_engine *engine)
{
	uint64_t ios = w->number_ios, nblocks = w->size / w->bs;

	if (ios > nblocks && w->cache == CACHE_COLD)
		ios = nblocks;
	if (ios)
		fprintf(out, "number_ios=%" PRIu64 "\nio_size=%" PRIu64 "\n", ios, ios * w->bs);
	write_option(out, w, "runtime");
	if (w->time_based && !ends_by_itself(w))
		fputs("time_based=1\n", out);
	if (engine->mapping && !fio_job_first_touch(w) && !w->ramp_ns)
		fputs("ramp_time=1s\n", out);
	else
		write_option(out, w, "ramp_time");
}

void fio_job_write(FILE *out, const char *section, const struct workload *w,
		   const struct fio_engine *engine, const struct fio_place *place)
{
	/*
	 * As our loop has it: drawn with repetition, or each block once before any comes again. The
	 * latter costs more where the file is larger than the CPU's caches: nothing is found there.
	 */
	bool once = w->cache == CACHE_COLD || engine->mapping;

	/* One alone is a process, as fio by itself has it: its calls look up no shared table. */
	fprintf(out, "[%s]\nstonewall\nthread=%d\ngroup_reporting=1\n", section, w->numjobs > 1);
	write_engine(out, w, engine);
	write_file(out, w, place);
	fprintf(out, "rw=%s\nbs=%" PRIu64 "\n", rw_name(w->rw), w->bs);
	write_option(out, w, "rwmixread");
	if (rw_random(w->rw))
		fprintf(out, "norandommap=%d\n", !once);
	write_option(out, w, "random_distribution");
	if (w->durability == DURABILITY_DATA)
		fputs("sync=dsync\n", out);
	write_option(out, w, "thinktime");
	write_option(out, w, "numa_cpu_nodes");
	write_option(out, w, "numa_mem_policy");
	write_end(out, w, engine);
	write_cache(out, w, engine, place);
	/* Blocking calls: from the call on. Queues: from the submission on. As our loop has it. */
	fprintf(out, "lat_percentiles=%d\nclat_percentiles=%d\n", engine->queue, !engine->queue);
	if (place->seeded)
		fprintf(out, "randseed=%" PRIu64 "\n", place->seed >> 1);
}

void fio_job_section(char *section, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		section[n++] =
			isalnum((unsigned char)*text) || strchr("._=+@/,", *text) ? *text : '-';
	section[n] = '\0';
}
