// SPDX-License-Identifier: MIT
/*
 * Power cuts of a disk, from the log that the kernel's dm-log-writes made of it.
 *
 *   powercut_log LOG DISK-SIZE IMAGE SEED MOMENTS CONTENTS THREADS COMMAND [ARGUMENT]...
 *
 * At each of MOMENTS random places of the log, up to CONTENTS of the possible contents of the disk
 * are written to IMAGE, and COMMAND is run: its last arguments are how many operations of each
 * thread had been acknowledged, and its exit status says if that is there.
 *
 * The log's format is in Documentation/admin-guide/device-mapper/log-writes.rst and the kernel's
 * driver. What its order means: a flush stands behind the writes that it made durable and that
 * completed since the flush before; a write with FUA stands where it completed. So a cut before a
 * write that waits for a flush keeps any of the sectors of those that wait together, and a cut
 * before a write with FUA any of its own.
 */
#include "vm/plugins/medium.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SECTOR = 512,
	LOG_FLUSH = 1,
	LOG_FUA = 2,
	LOG_DISCARD = 4,
	LOG_MARK = 8,
};

#define LOG_MAGIC 0x6a736677736872ull

/* The first sector of the log. */
struct log_super {
	uint64_t magic;
	uint64_t version;
	uint64_t nr_entries;
	uint32_t sector_size;
} __attribute__((packed));

/* The first bytes of a sector; then the data, in whole sectors. A mark's text is in that sector. */
struct log_entry {
	uint64_t sector;
	uint64_t nr_sectors;
	uint64_t flags;
	uint64_t data_len;
};

struct entry {
	uint64_t offset; /* on the disk */
	uint64_t nbytes;
	uint64_t flags;
	uint64_t data; /* where in the log */
	uint32_t thread;
	uint32_t number;
};

enum {
	MARK_START = 0xfffe,
	MARK_END = 0xffff,
};

struct log {
	int file;
	struct entry *entries;
	size_t count;
	size_t start; /* of what counts: between these two marks */
	size_t end;
};

struct campaign {
	struct log log;
	struct medium medium;
	struct medium_marks marks;
	struct medium_verdicts verdicts;
	uint64_t random;
	unsigned int contents;
	unsigned int threads;
	char *const *command;
};

__attribute__((noreturn)) static void fail(const char *what, int err)
{
	fprintf(stderr, "powercut_log: %s: %s\n", what, strerror(-err));
	exit(2);
}

static void read_at(const struct log *log, void *bytes, size_t nbytes, uint64_t offset)
{
	if (pread(log->file, bytes, nbytes, (off_t)offset) != (ssize_t)nbytes)
		fail("the log can't be read", -EIO);
}

static void read_mark(const char *sector, struct log *log, struct entry *entry, size_t index)
{
	if (sscanf(sector + sizeof(struct log_entry), "%" SCNu32 "-%" SCNu32, &entry->thread,
		   &entry->number) != 2)
		return;
	if (entry->thread == MARK_START)
		log->start = index;
	else if (entry->thread == MARK_END)
		log->end = index;
}

static void read_log(struct log *log, const char *path)
{
	char sector[SECTOR + 1] = "";
	struct log_super super;
	struct log_entry raw;
	uint64_t at = SECTOR;

	log->file = open(path, O_RDONLY);
	if (log->file < 0)
		fail(path, -errno);
	read_at(log, &super, sizeof(super), 0);
	if (le64toh(super.magic) != LOG_MAGIC || le32toh(super.sector_size) != SECTOR)
		fail("this is no log of dm-log-writes with sectors of 512 bytes", -EINVAL);
	log->count = le64toh(super.nr_entries);
	log->entries = calloc(log->count, sizeof(*log->entries));
	if (!log->entries)
		fail("the log is too long", -ENOMEM);
	for (size_t i = 0; i < log->count; i++) {
		struct entry *entry = &log->entries[i];

		read_at(log, sector, SECTOR, at);
		memcpy(&raw, sector, sizeof(raw));
		*entry = (struct entry){.offset = le64toh(raw.sector) * SECTOR,
					.nbytes = le64toh(raw.nr_sectors) * SECTOR,
					.flags = le64toh(raw.flags),
					.data = at + SECTOR};
		if (entry->flags & LOG_MARK)
			read_mark(sector, log, entry, i);
		at += SECTOR;
		if (!(entry->flags & LOG_DISCARD))
			at += entry->nbytes;
	}
	if (!log->start || log->end <= log->start)
		fail("the log has no marks of a load", -EINVAL);
}

/* Does it wait in the disk's cache for the next flush? */
static bool waits(const struct entry *entry)
{
	return entry->nbytes && !(entry->flags & (LOG_FLUSH | LOG_FUA | LOG_MARK));
}

static void read_data(const struct log *log, const struct entry *entry, uint8_t **bytes)
{
	*bytes = calloc(1, entry->nbytes);
	if (!*bytes)
		fail("an entry is too long", -ENOMEM);
	if (!(entry->flags & LOG_DISCARD))
		read_at(log, *bytes, entry->nbytes, entry->data);
}

static void apply(struct campaign *campaign, const struct entry *entry)
{
	uint8_t *bytes;
	int err;

	if (entry->flags & LOG_MARK) {
		if (entry->thread < MEDIUM_THREADS)
			campaign->marks.thread[entry->thread] = entry->number;
		return;
	}
	if (!entry->nbytes)
		return;
	read_data(&campaign->log, entry, &bytes);
	err = medium_write(&campaign->medium, entry->offset, bytes, entry->nbytes);
	if (err)
		fail("an entry doesn't fit the disk", err);
	free(bytes);
}

enum content {
	NOTHING,    /* of what waits is on the disk */
	EVERYTHING, /* is */
	WRITES,     /* some of them, in their order */
	SECTORS,    /* some of each: a sector is all that a disk keeps whole */
};

/* What waits at the entry `from` is tried on the medium. */
static void try_entry(struct campaign *campaign, const struct entry *entry, enum content content)
{
	uint8_t *bytes;

	if (content == NOTHING || (content == WRITES && medium_random(&campaign->random) % 2))
		return;
	read_data(&campaign->log, entry, &bytes);
	for (uint64_t done = 0; done < entry->nbytes; done += SECTOR) {
		if (content == SECTORS && medium_random(&campaign->random) % 2)
			continue;
		if (medium_try(&campaign->medium, entry->offset + done, bytes + done, SECTOR))
			fail("an entry doesn't fit the disk", -ERANGE);
	}
	free(bytes);
}

static bool ask(struct campaign *campaign, size_t from, size_t end, unsigned int number)
{
	const enum content content = number < WRITES
					     ? (enum content)number
					     : WRITES + medium_random(&campaign->random) % 2;
	int status;

	for (size_t i = from; i < end; i++)
		try_entry(campaign, &campaign->log.entries[i], content);
	status = medium_ask(&campaign->medium, campaign->command, &campaign->marks,
			    campaign->threads);
	medium_undo(&campaign->medium);
	campaign->verdicts.contents++;
	if (!status)
		return true;
	if (status != 1)
		fail("the command for a content couldn't do its work", -ECHILD);
	campaign->verdicts.bad_contents++;
	printf("  at entry %zu of %zu, content %u\n", from, campaign->log.count, number);
	return false;
}

/* The power fails before the entry `from`, up to which all is applied. */
static void cut(struct campaign *campaign, size_t from)
{
	const struct log *log = &campaign->log;
	size_t end = from;
	bool good = true;

	while (end < log->count && waits(&log->entries[end]))
		end++;
	if (end == from && log->entries[from].nbytes)
		end = from + 1;
	for (unsigned int i = 0; i < (end > from ? campaign->contents : 1); i++)
		good = ask(campaign, from, end, i) && good;
	campaign->verdicts.moments++;
	campaign->verdicts.bad_moments += !good;
	fflush(stdout);
}

static int compare(const void *one, const void *other)
{
	const size_t a = *(const size_t *)one;
	const size_t b = *(const size_t *)other;

	return a < b ? -1 : a > b;
}

/* Random entries in their order; of those that wait together, the first stands for all. */
static size_t *draw_moments(struct campaign *campaign, unsigned int count)
{
	const struct log *log = &campaign->log;
	size_t *moments = calloc(count + 1u, sizeof(*moments));

	if (!moments)
		fail("moments", -ENOMEM);
	for (unsigned int i = 0; i < count; i++) {
		size_t at =
			log->start + 1 + medium_random(&campaign->random) % (log->end - log->start);

		while (waits(&log->entries[at]) && waits(&log->entries[at - 1]))
			at--;
		moments[i] = at;
	}
	qsort(moments, count, sizeof(*moments), compare);
	return moments;
}

int main(int argc, char **argv)
{
	struct campaign campaign = {0};
	unsigned int count;
	size_t *moments;
	size_t at = 0;
	int err;

	if (argc < 9) {
		fprintf(stderr, "usage: powercut_log LOG DISK-SIZE IMAGE SEED MOMENTS CONTENTS "
				"THREADS COMMAND [ARGUMENT]...\n");
		return 2;
	}
	read_log(&campaign.log, argv[1]);
	err = medium_init(&campaign.medium, strtoull(argv[2], NULL, 10), argv[3]);
	if (err)
		fail(argv[3], err);
	campaign.random = strtoull(argv[4], NULL, 10);
	count = (unsigned int)strtoul(argv[5], NULL, 10);
	campaign.contents = (unsigned int)strtoul(argv[6], NULL, 10);
	campaign.threads = (unsigned int)strtoul(argv[7], NULL, 10);
	campaign.command = argv + 8;
	moments = draw_moments(&campaign, count);
	for (unsigned int i = 0; i < count; i++) {
		for (; at < moments[i]; at++)
			apply(&campaign, &campaign.log.entries[at]);
		cut(&campaign, at);
	}
	printf("%u moments, %u contents: %u moments and %u contents are not as acknowledged\n",
	       campaign.verdicts.moments, campaign.verdicts.contents, campaign.verdicts.bad_moments,
	       campaign.verdicts.bad_contents);
	free(moments);
	free(campaign.log.entries);
	medium_free(&campaign.medium);
	return campaign.verdicts.bad_contents ? 1 : 0;
}
