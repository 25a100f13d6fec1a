// SPDX-License-Identifier: MIT
/*
 * Power cuts of a disk, from the log of what it was told (powercut_disk.h).
 *
 *   powercut_log LOG DISK-SIZE IMAGE SEED MOMENTS CONTENTS THREADS COMMAND [ARGUMENT]...
 *
 * At each of MOMENTS random places of the log, up to CONTENTS of the possible contents of the disk
 * are written to IMAGE, and COMMAND is run: its last arguments are how many operations of each
 * thread had been acknowledged, and its exit status says if that is there.
 *
 * The model: a write may be on the medium, sector by sector, from when it is sent. It is there for
 * sure when a flush has ended that was sent after the write had ended, or when it has itself ended
 * if it has FUA. Then what an earlier write left in those sectors can't come back.
 */
#include "kmod/tests/powercut_disk.h"
#include "vm/plugins/campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SECTOR = 512 };

/* A request that has been sent: a write, or a flush without data. */
struct request {
	struct request *next; /* those that wait, in the order in which they were sent */
	uint64_t id;
	uint64_t offset;
	uint64_t nbytes;
	const uint8_t *data;
	size_t sent; /* the record */
	size_t ended;
	bool gone[POWERCUT_DISK_MAX_BYTES / SECTOR]; /* what a later write has replaced for good */
};

struct log {
	const uint8_t *bytes;
	uint64_t nbytes;
	const struct powercut_disk_record **records;
	size_t count;
	size_t start; /* of what counts: between these two marks */
	size_t end;
};

struct disk {
	struct log log;
	struct campaign campaign;
	struct request *waiting; /* writes that aren't durable, flushes that haven't ended */
	struct request **last;
	unsigned int overtaken; /* flushes that ended before one that was sent earlier */
};

static void add_record(struct log *log, const struct powercut_disk_record *record)
{
	const uint32_t thread = (uint32_t)(record->id >> 32);

	/* Room is doubled where the count is a power of two. */
	if (!(log->count & (log->count - 1))) {
		log->records = reallocarray(log->records, log->count ? 2 * log->count : 1,
					    sizeof(*log->records));
		if (!log->records)
			campaign_fail("the log is too long", -ENOMEM);
	}
	if (record->kind == POWERCUT_DISK_MARK && thread == POWERCUT_DISK_START)
		log->start = log->count;
	if (record->kind == POWERCUT_DISK_MARK && thread == POWERCUT_DISK_FINISH)
		log->end = log->count;
	log->records[log->count++] = record;
}

static bool is_write(const struct powercut_disk_record *record)
{
	return record->kind == POWERCUT_DISK_WRITE || record->kind == POWERCUT_DISK_WRITE_FUA;
}

static void read_log(struct log *log, const char *path)
{
	const struct powercut_disk_record *record = NULL;
	uint64_t at = 0;

	log->bytes = campaign_map(path, &log->nbytes);
	do {
		record = (const void *)(log->bytes + at);
		if (log->nbytes - at < sizeof(*record) || record->magic != POWERCUT_DISK_MAGIC ||
		    record->nbytes > POWERCUT_DISK_MAX_BYTES || record->nbytes % SECTOR ||
		    log->nbytes - at - sizeof(*record) < record->nbytes)
			campaign_fail("this is no complete log of the target powercut", -EINVAL);
		add_record(log, record);
		at += sizeof(*record) + (is_write(record) ? record->nbytes : 0);
	} while (record->kind != POWERCUT_DISK_LAST);
	if (!log->start || log->end <= log->start)
		campaign_fail("the log has no marks of a load", -EINVAL);
}

static bool overlap(const struct request *one, const struct request *other)
{
	return one->offset < other->offset + other->nbytes &&
	       other->offset < one->offset + one->nbytes;
}

static void send_request(struct disk *disk, size_t at)
{
	const struct powercut_disk_record *record = disk->log.records[at];
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		campaign_fail("requests", -ENOMEM);
	request->id = record->id;
	request->offset = record->offset;
	request->nbytes = record->nbytes;
	request->data = (const uint8_t *)(record + 1);
	request->sent = at;
	for (const struct request *other = disk->waiting; other; other = other->next)
		if (!other->ended && overlap(other, request))
			campaign_fail(
				"of two writes at once of one sector nobody knows which stays",
				-EINVAL);
	*disk->last = request;
	disk->last = &request->next;
}

/* What was sent before `request` can no longer be in the sectors that it has written. */
static void replace_earlier(struct disk *disk, const struct request *request)
{
	for (struct request *earlier = disk->waiting; earlier != request; earlier = earlier->next) {
		if (!overlap(earlier, request))
			continue;
		for (uint64_t done = 0; done < earlier->nbytes; done += SECTOR) {
			const uint64_t offset = earlier->offset + done;

			if (offset >= request->offset && offset < request->offset + request->nbytes)
				earlier->gone[done / SECTOR] = true;
		}
	}
}

/* The request that `link` points to is done with: if it is a write, it is durable. */
static void settle(struct disk *disk, struct request **link)
{
	struct request *request = *link;

	replace_earlier(disk, request);
	for (uint64_t done = 0; done < request->nbytes; done += SECTOR)
		if (!request->gone[done / SECTOR] &&
		    medium_write(&disk->campaign.medium, request->offset + done,
				 request->data + done, SECTOR))
			campaign_fail("a write doesn't fit the disk", -ERANGE);
	*link = request->next;
	if (!*link)
		disk->last = link;
	free(request);
}

/* All writes that had ended before the flush was sent are durable. */
static void settle_before(struct disk *disk, size_t flush_sent)
{
	struct request **link = &disk->waiting;

	while (*link) {
		struct request *request = *link;

		disk->overtaken += !request->nbytes && request->sent < flush_sent;
		if (request->nbytes && request->ended && request->ended < flush_sent)
			settle(disk, link);
		else
			link = &request->next;
	}
}

static void end_request(struct disk *disk, size_t at)
{
	struct request **link = &disk->waiting;
	struct request *request;
	size_t sent;

	while (*link && (*link)->id != disk->log.records[at]->id)
		link = &(*link)->next;
	request = *link;
	if (!request)
		campaign_fail("a request ends that wasn't sent", -EINVAL);
	request->ended = at;
	sent = request->sent;
	if (disk->log.records[sent]->kind == POWERCUT_DISK_WRITE)
		return;
	settle(disk, link);
	if (disk->log.records[sent]->kind == POWERCUT_DISK_FLUSH)
		settle_before(disk, sent);
}

static void apply(struct disk *disk, size_t at)
{
	const struct powercut_disk_record *record = disk->log.records[at];
	const uint32_t thread = (uint32_t)(record->id >> 32);

	if (record->kind == POWERCUT_DISK_END)
		end_request(disk, at);
	else if (record->kind <= POWERCUT_DISK_FLUSH)
		send_request(disk, at);
	else if (record->kind == POWERCUT_DISK_MARK && thread < MEDIUM_THREADS)
		disk->campaign.marks.thread[thread] = (uint32_t)record->id;
}

static void try_request(struct disk *disk, const struct request *request, enum content content)
{
	uint64_t *random = &disk->campaign.random;

	if (content == CONTENT_NOTHING || (content == CONTENT_SOME && medium_random(random) % 2))
		return;
	for (uint64_t done = 0; done < request->nbytes; done += SECTOR) {
		if (request->gone[done / SECTOR] ||
		    (content == CONTENT_PARTS && medium_random(random) % 2))
			continue;
		if (medium_try(&disk->campaign.medium, request->offset + done, request->data + done,
			       SECTOR))
			campaign_fail("a write doesn't fit the disk", -ERANGE);
	}
}

static void try_requests(void *owner, enum content content)
{
	struct disk *disk = owner;

	for (const struct request *request = disk->waiting; request; request = request->next)
		try_request(disk, request, content);
}

/* The power fails before the record `at`, up to which all has happened. */
static void cut(struct disk *disk, size_t at)
{
	bool certain = true;
	char place[64];

	for (const struct request *request = disk->waiting; request; request = request->next)
		certain = certain && !request->nbytes;
	snprintf(place, sizeof(place), "record %zu of %zu", at, disk->log.count);
	campaign_cut(&disk->campaign, place, certain, try_requests, disk);
}

static void cut_often(struct disk *disk)
{
	const struct log *log = &disk->log;
	uint64_t *places = campaign_draw(&disk->campaign, log->start + 1, log->end - log->start);
	size_t at = 0;

	for (unsigned int i = 0; i < disk->campaign.moments; i++) {
		for (; at < places[i]; at++)
			apply(disk, at);
		cut(disk, at);
	}
	free(places);
}

static void free_disk(struct disk *disk)
{
	while (disk->waiting)
		settle(disk, &disk->waiting);
	munmap((void *)(uintptr_t)disk->log.bytes, disk->log.nbytes);
	free(disk->log.records);
	campaign_free(&disk->campaign);
}

int main(int argc, char **argv)
{
	struct disk disk = {.last = &disk.waiting};
	int status;

	if (argc < 9) {
		fprintf(stderr, "usage: powercut_log LOG DISK-SIZE IMAGE SEED MOMENTS CONTENTS "
				"THREADS COMMAND [ARGUMENT]...\n");
		return 2;
	}
	read_log(&disk.log, argv[1]);
	campaign_init(&disk.campaign, strtoull(argv[2], NULL, 10), argv + 3);
	cut_often(&disk);
	status = campaign_result(&disk.campaign);
	printf("; %u times a flush was overtaken by a later one\n", disk.overtaken);
	free_disk(&disk);
	return status;
}
