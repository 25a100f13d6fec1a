// SPDX-License-Identifier: MIT
/*
 * Power cuts of persistent memory, from what vm/plugins/pmem_order.c wrote down.
 *
 *   pmem_replay PREFIX IMAGE SEED MOMENTS CONTENTS THREADS COMMAND [ARGUMENT]...
 *
 * At each of MOMENTS random places of PREFIX.log, CONTENTS of the possible contents of the medium
 * are written to IMAGE, and COMMAND is run: its last arguments are how many operations of each
 * thread had been acknowledged, and its exit status says if that is there.
 *
 * What a line is after a power cut: what it was when it was last flushed with a fence behind by the
 * same processor, or anything that has been stored there since, for a cache may write a line back
 * whenever it likes. What is in one line gets there in the order of the stores; lines are
 * independent.
 */
#include "vm/plugins/medium.h"
#include "vm/plugins/pmem_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CPUS = 64, BLOCK = 4096 };

/* A line that isn't as it was last made durable. */
struct line {
	uint8_t (*versions)[PMEM_LOG_LINE];
	uint32_t count;
	uint32_t room;
	uint64_t first; /* number of versions[0], counted from the start of the log */
	size_t place;   /* in `dirty` */
};

struct flush {
	uint64_t line;
	uint64_t end; /* versions before this number */
};

struct cpu {
	struct flush *flushes; /* without a fence yet */
	size_t count;
	size_t room;
};

struct campaign {
	const uint8_t *log;
	uint64_t log_bytes;
	uint64_t at;
	struct medium medium;
	struct line *lines;
	uint64_t *dirty; /* indices of lines that have versions */
	size_t dirty_count;
	struct cpu cpus[CPUS];
	struct medium_marks marks;
	struct medium_verdicts verdicts;
	uint64_t random;
	unsigned int contents;
	unsigned int threads;
	char *const *command;
};

__attribute__((noreturn)) static void fail(const char *what, int err)
{
	fprintf(stderr, "pmem_replay: %s: %s\n", what, strerror(-err));
	exit(2);
}

static const uint8_t *map_file(const char *prefix, const char *suffix, uint64_t *nbytes)
{
	struct stat status;
	char path[4096];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s%s", prefix, suffix);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &status))
		fail(path, -errno);
	*nbytes = (uint64_t)status.st_size;
	map = mmap(NULL, *nbytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		fail(path, -errno);
	close(fd);
	return map;
}

/* Makes room for one more. */
static void *grow(void *items, size_t count, size_t *room, size_t nbytes)
{
	if (count < *room)
		return items;
	*room = *room * 2 + 4;
	items = reallocarray(items, *room, nbytes);
	if (!items)
		fail("too much has no fence", -ENOMEM);
	return items;
}

static void store(struct campaign *campaign, uint64_t index, const uint8_t *bytes)
{
	struct line *line = &campaign->lines[index];
	size_t room = line->room;

	line->versions = grow(line->versions, line->count, &room, sizeof(*line->versions));
	line->room = (uint32_t)room;
	if (!line->count) {
		line->place = campaign->dirty_count;
		campaign->dirty[campaign->dirty_count++] = index;
	}
	memcpy(line->versions[line->count++], bytes, PMEM_LOG_LINE);
}

/* The versions before the number `end` are history; the last of them is on the medium. */
static void persist(struct campaign *campaign, uint64_t index, uint64_t end)
{
	struct line *line = &campaign->lines[index];
	uint32_t count;
	uint64_t last;

	if (end <= line->first)
		return;
	count = (uint32_t)(end - line->first);
	if (medium_write(&campaign->medium, index * PMEM_LOG_LINE, line->versions[count - 1],
			 PMEM_LOG_LINE))
		fail("a line is outside of the medium", -ERANGE);
	line->count -= count;
	line->first = end;
	memmove(line->versions, line->versions + count, line->count * sizeof(*line->versions));
	if (line->count)
		return;
	free(line->versions);
	line->versions = NULL;
	line->room = 0;
	last = campaign->dirty[--campaign->dirty_count];
	campaign->dirty[line->place] = last;
	campaign->lines[last].place = line->place;
}

static void flush(struct campaign *campaign, struct cpu *cpu, uint64_t index)
{
	const struct line *line = &campaign->lines[index];

	if (!line->count)
		return;
	cpu->flushes = grow(cpu->flushes, cpu->count, &cpu->room, sizeof(*cpu->flushes));
	cpu->flushes[cpu->count++] =
		(struct flush){.line = index, .end = line->first + line->count};
}

static void fence(struct campaign *campaign, struct cpu *cpu)
{
	for (size_t i = 0; i < cpu->count; i++)
		persist(campaign, cpu->flushes[i].line, cpu->flushes[i].end);
	cpu->count = 0;
}

static void mark(struct campaign *campaign, uint64_t value)
{
	if (value >> 32 < MEDIUM_THREADS)
		campaign->marks.thread[value >> 32] = (uint32_t)value;
}

/* Applies the next record and says of which kind it was. */
static uint32_t step(struct campaign *campaign)
{
	struct pmem_log_record record;
	struct cpu *cpu;
	uint64_t index;

	memcpy(&record, campaign->log + campaign->at, sizeof(record));
	campaign->at += sizeof(record);
	cpu = &campaign->cpus[record.cpu % CPUS];
	index = record.line / PMEM_LOG_LINE;
	switch (record.kind) {
	case PMEM_LOG_STORE:
	case PMEM_LOG_STORE_NT:
		store(campaign, index, campaign->log + campaign->at);
		campaign->at += PMEM_LOG_LINE;
		if (record.kind == PMEM_LOG_STORE_NT)
			flush(campaign, cpu, index);
		break;
	case PMEM_LOG_FLUSH:
		flush(campaign, cpu, index);
		break;
	case PMEM_LOG_FLUSH_NOW:
		persist(campaign, index,
			campaign->lines[index].first + campaign->lines[index].count);
		break;
	case PMEM_LOG_FENCE:
		fence(campaign, cpu);
		break;
	case PMEM_LOG_MARK:
		mark(campaign, record.line);
		break;
	default:
		fail("the log is damaged", -EINVAL);
	}
	return record.kind;
}

enum content {
	NOTHING,    /* that isn't flushed and fenced is on the medium */
	EVERYTHING, /* is */
	LINES,      /* some lines, as they are */
	VERSIONS,   /* of each line any version */
};

static void try_line(struct campaign *campaign, uint64_t index, enum content content)
{
	const struct line *line = &campaign->lines[index];
	uint32_t version = line->count;

	if (content == NOTHING)
		version = 0;
	else if (content == LINES)
		version = medium_random(&campaign->random) % 2 ? line->count : 0;
	else if (content == VERSIONS)
		version = (uint32_t)(medium_random(&campaign->random) % (line->count + 1u));
	if (version && medium_try(&campaign->medium, index * PMEM_LOG_LINE,
				  line->versions[version - 1], PMEM_LOG_LINE))
		fail("a line can't be tried", -ENOMEM);
}

static bool ask(struct campaign *campaign, unsigned int number)
{
	const enum content content = number < LINES ? (enum content)number
						    : LINES + medium_random(&campaign->random) % 2;
	int status;

	for (size_t i = 0; i < campaign->dirty_count; i++)
		try_line(campaign, campaign->dirty[i], content);
	status = medium_ask(&campaign->medium, campaign->command, &campaign->marks,
			    campaign->threads);
	medium_undo(&campaign->medium);
	campaign->verdicts.contents++;
	if (!status)
		return true;
	if (status != 1)
		fail("the command for a content couldn't do its work", -ECHILD);
	campaign->verdicts.bad_contents++;
	printf("  at byte %llu of %llu, content %u of %zu lines\n",
	       (unsigned long long)campaign->at, (unsigned long long)campaign->log_bytes, number,
	       campaign->dirty_count);
	return false;
}

/* If nothing is in the caches there is one content. */
static void cut(struct campaign *campaign)
{
	bool good = true;

	for (unsigned int i = 0; i < (campaign->dirty_count ? campaign->contents : 1); i++)
		good = ask(campaign, i) && good;
	campaign->verdicts.moments++;
	campaign->verdicts.bad_moments += !good;
	fflush(stdout);
}

static int compare(const void *one, const void *other)
{
	const uint64_t a = *(const uint64_t *)one;
	const uint64_t b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

static void load_base(struct campaign *campaign, const char *prefix, const char *image)
{
	static const uint8_t zeros[BLOCK];
	uint64_t nbytes;
	const uint8_t *base = map_file(prefix, ".base", &nbytes);
	int err;

	if (nbytes < BLOCK)
		fail("the base is no medium", -EINVAL);
	err = medium_init(&campaign->medium, nbytes, image);
	if (err)
		fail(image, err);
	for (uint64_t at = 0; at < nbytes; at += BLOCK)
		if (memcmp(base + at, zeros, BLOCK))
			medium_write(&campaign->medium, at, base + at, BLOCK);
	munmap((void *)(uintptr_t)base, nbytes);
	campaign->lines = calloc(nbytes / PMEM_LOG_LINE, sizeof(*campaign->lines));
	campaign->dirty = calloc(nbytes / PMEM_LOG_LINE, sizeof(*campaign->dirty));
	if (!campaign->lines || !campaign->dirty)
		fail("the medium is too large", -ENOMEM);
}

/* Half of the moments are right behind an acknowledgement, where most can be missing. */
static void cut_often(struct campaign *campaign, unsigned int count)
{
	uint64_t *moments = calloc(count + 1u, sizeof(*moments));

	if (!moments)
		fail("moments", -ENOMEM);
	for (unsigned int i = 0; i < count; i++)
		moments[i] = medium_random(&campaign->random) % campaign->log_bytes;
	qsort(moments, count, sizeof(*moments), compare);
	for (unsigned int i = 0; i < count; i++) {
		while (campaign->at < moments[i])
			step(campaign);
		while (i % 2 && campaign->at < campaign->log_bytes)
			if (step(campaign) == PMEM_LOG_MARK)
				break;
		cut(campaign);
	}
	free(moments);
}

/* If the log misses a store, nothing that was found out with it is worth anything. */
static void check_end(struct campaign *campaign, const char *prefix)
{
	uint64_t nbytes;
	const uint8_t *end = map_file(prefix, ".end", &nbytes);

	while (campaign->at < campaign->log_bytes)
		step(campaign);
	for (size_t i = 0; i < campaign->dirty_count; i++)
		try_line(campaign, campaign->dirty[i], EVERYTHING);
	if (memcmp(end, campaign->medium.bytes, nbytes) != 0)
		fail("the log doesn't lead to what the medium was in the end", -EILSEQ);
}

static void free_campaign(struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->dirty_count; i++)
		free(campaign->lines[campaign->dirty[i]].versions);
	for (int i = 0; i < CPUS; i++)
		free(campaign->cpus[i].flushes);
	free(campaign->lines);
	free(campaign->dirty);
	medium_free(&campaign->medium);
}

int main(int argc, char **argv)
{
	struct campaign campaign = {0};

	if (argc < 8) {
		fprintf(stderr, "usage: pmem_replay PREFIX IMAGE SEED MOMENTS CONTENTS THREADS "
				"COMMAND [ARGUMENT]...\n");
		return 2;
	}
	campaign.log = map_file(argv[1], ".log", &campaign.log_bytes);
	campaign.random = strtoull(argv[3], NULL, 10);
	campaign.contents = (unsigned int)strtoul(argv[5], NULL, 10);
	campaign.threads = (unsigned int)strtoul(argv[6], NULL, 10);
	campaign.command = argv + 7;
	load_base(&campaign, argv[1], argv[2]);
	cut_often(&campaign, (unsigned int)strtoul(argv[4], NULL, 10));
	check_end(&campaign, argv[1]);
	printf("%u moments, %u contents: %u moments and %u contents are not as acknowledged\n",
	       campaign.verdicts.moments, campaign.verdicts.contents, campaign.verdicts.bad_moments,
	       campaign.verdicts.bad_contents);
	free_campaign(&campaign);
	return campaign.verdicts.bad_contents ? 1 : 0;
}
