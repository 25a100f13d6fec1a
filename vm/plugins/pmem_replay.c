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
#include "vm/plugins/campaign.h"
#include "vm/plugins/pmem_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

struct memory {
	const uint8_t *log;
	uint64_t log_bytes;
	uint64_t at;
	struct line *lines;
	uint64_t *dirty; /* indices of lines that have versions */
	size_t dirty_count;
	struct cpu cpus[CPUS];
	struct campaign campaign;
};

static const uint8_t *map_file(const char *prefix, const char *suffix, uint64_t *nbytes)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", prefix, suffix);
	return campaign_map(path, nbytes);
}

/* Makes room for one more. */
static void *grow(void *items, size_t count, size_t *room, size_t nbytes)
{
	if (count < *room)
		return items;
	*room = *room * 2 + 4;
	items = reallocarray(items, *room, nbytes);
	if (!items)
		campaign_fail("too much has no fence", -ENOMEM);
	return items;
}

static void store(struct memory *memory, uint64_t index, const uint8_t *bytes)
{
	struct line *line = &memory->lines[index];
	size_t room = line->room;

	line->versions = grow(line->versions, line->count, &room, sizeof(*line->versions));
	line->room = (uint32_t)room;
	if (!line->count) {
		line->place = memory->dirty_count;
		memory->dirty[memory->dirty_count++] = index;
	}
	memcpy(line->versions[line->count++], bytes, PMEM_LOG_LINE);
}

/* The versions before the number `end` are history; the last of them is on the medium. */
static void persist(struct memory *memory, uint64_t index, uint64_t end)
{
	struct line *line = &memory->lines[index];
	uint32_t count;
	uint64_t last;

	if (end <= line->first)
		return;
	count = (uint32_t)(end - line->first);
	if (medium_write(&memory->campaign.medium, index * PMEM_LOG_LINE, line->versions[count - 1],
			 PMEM_LOG_LINE))
		campaign_fail("a line is outside of the medium", -ERANGE);
	line->count -= count;
	line->first = end;
	memmove(line->versions, line->versions + count, line->count * sizeof(*line->versions));
	if (line->count)
		return;
	free(line->versions);
	line->versions = NULL;
	line->room = 0;
	last = memory->dirty[--memory->dirty_count];
	memory->dirty[line->place] = last;
	memory->lines[last].place = line->place;
}

static void flush(struct memory *memory, struct cpu *cpu, uint64_t index)
{
	const struct line *line = &memory->lines[index];

	if (!line->count)
		return;
	cpu->flushes = grow(cpu->flushes, cpu->count, &cpu->room, sizeof(*cpu->flushes));
	cpu->flushes[cpu->count++] =
		(struct flush){.line = index, .end = line->first + line->count};
}

static void fence(struct memory *memory, struct cpu *cpu)
{
	for (size_t i = 0; i < cpu->count; i++)
		persist(memory, cpu->flushes[i].line, cpu->flushes[i].end);
	cpu->count = 0;
}

static void mark(struct memory *memory, uint64_t value)
{
	if (value >> 32 < MEDIUM_THREADS)
		memory->campaign.marks.thread[value >> 32] = (uint32_t)value;
}

/* Applies the next record and says of which kind it was. */
static uint32_t step(struct memory *memory)
{
	struct pmem_log_record record;
	struct cpu *cpu;
	uint64_t index;

	memcpy(&record, memory->log + memory->at, sizeof(record));
	memory->at += sizeof(record);
	cpu = &memory->cpus[record.cpu % CPUS];
	index = record.line / PMEM_LOG_LINE;
	switch (record.kind) {
	case PMEM_LOG_STORE:
	case PMEM_LOG_STORE_NT:
		store(memory, index, memory->log + memory->at);
		memory->at += PMEM_LOG_LINE;
		if (record.kind == PMEM_LOG_STORE_NT)
			flush(memory, cpu, index);
		break;
	case PMEM_LOG_FLUSH:
		flush(memory, cpu, index);
		break;
	case PMEM_LOG_FLUSH_NOW:
		persist(memory, index, memory->lines[index].first + memory->lines[index].count);
		break;
	case PMEM_LOG_FENCE:
		fence(memory, cpu);
		break;
	case PMEM_LOG_MARK:
		mark(memory, record.line);
		break;
	default:
		campaign_fail("the log is damaged", -EINVAL);
	}
	return record.kind;
}

static void try_line(struct memory *memory, uint64_t index, enum content content)
{
	const struct line *line = &memory->lines[index];
	uint32_t version = line->count;

	if (content == CONTENT_NOTHING)
		version = 0;
	else if (content == CONTENT_SOME)
		version = medium_random(&memory->campaign.random) % 2 ? line->count : 0;
	else if (content == CONTENT_PARTS)
		version = (uint32_t)(medium_random(&memory->campaign.random) % (line->count + 1u));
	if (version && medium_try(&memory->campaign.medium, index * PMEM_LOG_LINE,
				  line->versions[version - 1], PMEM_LOG_LINE))
		campaign_fail("a line can't be tried", -ENOMEM);
}

static void try_lines(void *owner, enum content content)
{
	struct memory *memory = owner;

	for (size_t i = 0; i < memory->dirty_count; i++)
		try_line(memory, memory->dirty[i], content);
}

static void cut(struct memory *memory)
{
	char place[96];

	snprintf(place, sizeof(place), "byte %" PRIu64 " of %" PRIu64 ", %zu lines in the caches",
		 memory->at, memory->log_bytes, memory->dirty_count);
	campaign_cut(&memory->campaign, place, !memory->dirty_count, try_lines, memory);
}

/* @argv: PREFIX, and what follows it. */
static void load_base(struct memory *memory, char **argv)
{
	static const uint8_t zeros[BLOCK];
	uint64_t nbytes;
	const uint8_t *base = map_file(argv[0], ".base", &nbytes);

	if (nbytes < BLOCK)
		campaign_fail("the base is no medium", -EINVAL);
	campaign_init(&memory->campaign, nbytes, argv + 1);
	for (uint64_t at = 0; at < nbytes; at += BLOCK)
		if (memcmp(base + at, zeros, BLOCK))
			medium_write(&memory->campaign.medium, at, base + at, BLOCK);
	munmap((void *)(uintptr_t)base, nbytes);
	memory->lines = calloc(nbytes / PMEM_LOG_LINE, sizeof(*memory->lines));
	memory->dirty = calloc(nbytes / PMEM_LOG_LINE, sizeof(*memory->dirty));
	if (!memory->lines || !memory->dirty)
		campaign_fail("the medium is too large", -ENOMEM);
}

/* Half of the moments are right behind an acknowledgement, where most can be missing. */
static void cut_often(struct memory *memory)
{
	uint64_t *places = campaign_draw(&memory->campaign, 0, memory->log_bytes);

	for (unsigned int i = 0; i < memory->campaign.moments; i++) {
		while (memory->at < places[i])
			step(memory);
		while (i % 2 && memory->at < memory->log_bytes)
			if (step(memory) == PMEM_LOG_MARK)
				break;
		cut(memory);
	}
	free(places);
}

/* If the log misses a store, nothing that was found out with it is worth anything. */
static void check_end(struct memory *memory, const char *prefix)
{
	uint64_t nbytes;
	const uint8_t *end = map_file(prefix, ".end", &nbytes);

	while (memory->at < memory->log_bytes)
		step(memory);
	try_lines(memory, CONTENT_EVERYTHING);
	if (memcmp(end, memory->campaign.medium.bytes, nbytes) != 0)
		campaign_fail("the log doesn't lead to what the medium was in the end", -EILSEQ);
}

static void free_memory(struct memory *memory)
{
	for (size_t i = 0; i < memory->dirty_count; i++)
		free(memory->lines[memory->dirty[i]].versions);
	for (int i = 0; i < CPUS; i++)
		free(memory->cpus[i].flushes);
	free(memory->lines);
	free(memory->dirty);
	campaign_free(&memory->campaign);
}

int main(int argc, char **argv)
{
	struct memory memory = {0};
	int status;

	if (argc < 8) {
		fprintf(stderr, "usage: pmem_replay PREFIX IMAGE SEED MOMENTS CONTENTS THREADS "
				"COMMAND [ARGUMENT]...\n");
		return 2;
	}
	memory.log = map_file(argv[1], ".log", &memory.log_bytes);
	load_base(&memory, argv + 1);
	cut_often(&memory);
	check_end(&memory, argv[1]);
	status = campaign_result(&memory.campaign);
	putchar('\n');
	free_memory(&memory);
	return status;
}
