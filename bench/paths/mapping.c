// SPDX-License-Identifier: MIT
#include "paths/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/pattern.h"

#define PAGE      4096u
#define HUGE_PAGE (2ul << 20)

static int advise(const struct path_job *job)
{
	static const int advice[] = {
		[MADVISE_NORMAL] = MADV_NORMAL,
		[MADVISE_RANDOM] = MADV_RANDOM,
		[MADVISE_SEQUENTIAL] = MADV_SEQUENTIAL,
	};
	const struct workload *w = job->workload;

	if (w->madvise != MADVISE_NORMAL && madvise(job->map, w->size, advice[w->madvise]) != 0)
		return -errno;
	/* DAX maps 2 MiB without being asked; for everything else the advice is needed. */
	if (madvise(job->map, w->size, w->hugepage ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0 &&
	    errno != EINVAL)
		return -errno;
	return 0;
}

/*
 * A 2 MiB page can be mapped only where address and file offset agree modulo 2 MiB, so the region
 * is placed inside a reservation at such an address; without the option it is placed 4 KiB off, so
 * that every fault maps 4 KiB and the cell measures what its name says.
 */
static void *map_aligned(size_t size, bool huge, int prot, int flags, int fd, off_t offset)
{
	char *reserve, *at;
	void *map;

	size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	reserve = mmap(NULL, size + 2 * HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (reserve == MAP_FAILED)
		return MAP_FAILED;
	at = (char *)(((uintptr_t)reserve + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	at += (uint64_t)offset % HUGE_PAGE + (huge ? 0 : PAGE);
	map = mmap(at, size, prot, flags | MAP_FIXED, fd, offset);
	if (map == MAP_FAILED) {
		int saved = errno;

		munmap(reserve, size + 2 * HUGE_PAGE);
		errno = saved;
		return MAP_FAILED;
	}
	/* Give back what the mapping doesn't cover. */
	if (at > reserve)
		munmap(reserve, (size_t)(at - reserve));
	munmap(at + size, (size_t)(reserve + size + 2 * HUGE_PAGE - (at + size)));
	return map;
}

static int mapping_msync(struct path_job *job, uint64_t offset, bool write);

int mapping_open(struct path_job *job, int flags, struct error *e)
{
	const struct workload *w = job->workload;
	int prot = rw_writes(w->rw) ? PROT_READ | PROT_WRITE : PROT_READ, ret;
	/* MAP_SHARED_VALIDATE has the bits of both. */
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	job->fd = open(job->target->proc_path,
		       O_CLOEXEC | (shared && rw_writes(w->rw) ? O_RDWR : O_RDONLY));
	if (job->fd < 0)
		return error_set(e, -errno,
				 "can't open the file of %s for %s: %s; try another path "
				 "or target",
				 job->target->text, w->path, strerror(errno));
	if (w->populate)
		flags |= MAP_POPULATE;
	job->map = map_aligned(w->size, w->hugepage, prot, flags, job->fd, (off_t)job->base);
	if (job->map == MAP_FAILED) {
		ret = -errno;
		job->map = NULL;
	} else {
		ret = advise(job);
	}
	if (ret) {
		mapping_close(job);
		return error_set(e, ret,
				 "can't map the file of %s for %s: %s; try another path, "
				 "target or mapping option",
				 job->target->text, w->path, strerror(-ret));
	}
	if (w->durability == DURABILITY_DATA)
		job->submit = mapping_msync;
	else if (w->access == ACCESS_TOUCH)
		job->submit = mapping_touch;
	return 0;
}

int mapping_copy(struct path_job *job, uint64_t offset, bool write)
{
	char *at = job->map + (offset - job->base);

	if (write)
		memcpy(at, job->buffer, job->workload->bs);
	else
		memcpy(job->buffer, at, job->workload->bs);
	return 0;
}

/* One load or store for each page of the block: the least that makes it be mapped. */
int mapping_touch(struct path_job *job, uint64_t offset, bool write)
{
	char *at = job->map + (offset - job->base), *end = at + job->workload->bs;

	for (; at < end; at += PAGE) {
		volatile uint64_t *word = (volatile uint64_t *)at;

		if (write)
			word[1] = job->generation; /* struct pattern_stamp.generation */
		else
			(void)*word;
	}
	return 0;
}

int mapping_access(struct path_job *job, uint64_t offset, bool write)
{
	if (job->workload->access == ACCESS_TOUCH)
		return mapping_touch(job, offset, write);
	return mapping_copy(job, offset, write);
}

static int mapping_msync(struct path_job *job, uint64_t offset, bool write)
{
	char *at = job->map + (offset - job->base);
	uintptr_t start = (uintptr_t)at & ~(uintptr_t)(PAGE - 1);

	mapping_access(job, offset, write);
	if (!write)
		return 0;
	if (msync((void *)start, (uintptr_t)at + job->workload->bs - start, MS_SYNC) != 0)
		return -errno;
	return 0;
}

void mapping_close(struct path_job *job)
{
	if (job->map)
		munmap(job->map, job->workload->size);
	job->map = NULL;
	if (job->fd >= 0)
		close(job->fd);
	job->fd = -1;
}
