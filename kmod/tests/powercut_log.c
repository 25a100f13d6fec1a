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
#include "vm/plugins/medium.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

struct campaign {
	struct log log;
	struct medium medium;
	struct medium_marks marks;
	struct medium_verdicts verdicts;
	struct request *waiting; /* writes that aren't durable, flushes that haven't ended */
	struct request **last;
	unsigned int overtaken; /* flushes that ended before one that was sent earlier */
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

static void map_log(struct log *log, const char *path)
{
	const int file = open(path, O_RDONLY);
	const off_t nbytes = file < 0 ? -1 : lseek(file, 0, SEEK_END);
	void *bytes;

	if (nbytes < 0)
		fail(path, -errno);
	bytes = mmap(NULL, (size_t)nbytes, PROT_READ, MAP_SHARED, file, 0);
	if (bytes == MAP_FAILED)
		fail(path, -errno);
	close(file);
	log->bytes = bytes;
	log->nbytes = (uint64_t)nbytes;
}

static void add_record(struct log *log, const struct powercut_disk_record *record)
{
	const uint32_t thread = (uint32_t)(record->id >> 32);

	/* Room is doubled where the count is a power of two. */
	if (!(log->count & (log->count - 1))) {
		log->records = reallocarray(log->records, log->count ? 2 * log->count : 1,
					    sizeof(*log->records));
		if (!log->records)
			fail("the log is too long", -ENOMEM);
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

	map_log(log, path);
	do {
		record = (const void *)(log->bytes + at);
		if (log->nbytes - at < sizeof(*record) || record->magic != POWERCUT_DISK_MAGIC ||
		    record->nbytes > POWERCUT_DISK_MAX_BYTES || record->nbytes % SECTOR ||
		    log->nbytes - at - sizeof(*record) < record->nbytes)
			fail("this is no complete log of the target powercut", -EINVAL);
		add_record(log, record);
		at += sizeof(*record) + (is_write(record) ? record->nbytes : 0);
	} while (record->kind != POWERCUT_DISK_LAST);
	if (!log->start || log->end <= log->start)
		fail("the log has no marks of a load", -EINVAL);
}

static bool overlap(const struct request *one, const struct request *other)
{
	return one->offset < other->offset + other->nbytes &&
	       other->offset < one->offset + one->nbytes;
}

static void send_request(struct campaign *campaign, size_t at)
{
	const struct powercut_disk_record *record = campaign->log.records[at];
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		fail("requests", -ENOMEM);
	request->id = record->id;
	request->offset = record->offset;
	request->nbytes = record->nbytes;
	request->data = (const uint8_t *)(record + 1);
	request->sent = at;
	for (const struct request *other = campaign->waiting; other; other = other->next)
		if (!other->ended && overlap(other, request))
			fail("of two writes at once of one sector nobody knows which stays",
			     -EINVAL);
	*campaign->last = request;
	campaign->last = &request->next;
}

/* What was sent before `request` can no longer be in the sectors that it has written. */
static void replace_earlier(struct campaign *campaign, const struct request *request)
{
	for (struct request *earlier = campaign->waiting; earlier != request;
	     earlier = earlier->next) {
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
static void settle(struct campaign *campaign, struct request **link)
{
	struct request *request = *link;

	replace_earlier(campaign, request);
	for (uint64_t done = 0; done < request->nbytes; done += SECTOR)
		if (!request->gone[done / SECTOR] &&
		    medium_write(&campaign->medium, request->offset + done, request->data + done,
				 SECTOR))
			fail("a write doesn't fit the disk", -ERANGE);
	*link = request->next;
	if (!*link)
		campaign->last = link;
	free(request);
}

/* All writes that had ended before the flush was sent are durable. */
static void settle_before(struct campaign *campaign, size_t flush_sent)
{
	struct request **link = &campaign->waiting;

	while (*link) {
		struct request *request = *link;

		campaign->overtaken += !request->nbytes && request->sent < flush_sent;
		if (request->nbytes && request->ended && request->ended < flush_sent)
			settle(campaign, link);
		else
			link = &request->next;
	}
}

static void end_request(struct campaign *campaign, size_t at)
{
	struct request **link = &campaign->waiting;
	struct request *request;
	size_t sent;

	while (*link && (*link)->id != campaign->log.records[at]->id)
		link = &(*link)->next;
	request = *link;
	if (!request)
		fail("a request ends that wasn't sent", -EINVAL);
	request->ended = at;
	sent = request->sent;
	if (campaign->log.records[sent]->kind == POWERCUT_DISK_WRITE)
		return;
	settle(campaign, link);
	if (campaign->log.records[sent]->kind == POWERCUT_DISK_FLUSH)
		settle_before(campaign, sent);
}

static void apply(struct campaign *campaign, size_t at)
{
	const struct powercut_disk_record *record = campaign->log.records[at];
	const uint32_t thread = (uint32_t)(record->id >> 32);

	if (record->kind == POWERCUT_DISK_END)
		end_request(campaign, at);
	else if (record->kind <= POWERCUT_DISK_FLUSH)
		send_request(campaign, at);
	else if (record->kind == POWERCUT_DISK_MARK && thread < MEDIUM_THREADS)
		campaign->marks.thread[thread] = (uint32_t)record->id;
}

enum content {
	NOTHING,    /* of what waits is on the medium */
	EVERYTHING, /* is */
	WRITES,     /* some of them */
	SECTORS,    /* some of each: a sector is all that a disk keeps whole */
};

static void try_request(struct campaign *campaign, const struct request *request,
			enum content content)
{
	if (content == NOTHING || (content == WRITES && medium_random(&campaign->random) % 2))
		return;
	for (uint64_t done = 0; done < request->nbytes; done += SECTOR) {
		if (request->gone[done / SECTOR] ||
		    (content == SECTORS && medium_random(&campaign->random) % 2))
			continue;
		if (medium_try(&campaign->medium, request->offset + done, request->data + done,
			       SECTOR))
			fail("a write doesn't fit the disk", -ERANGE);
	}
}

static bool ask(struct campaign *campaign, size_t at, unsigned int number)
{
	const enum content content = number < WRITES
					     ? (enum content)number
					     : WRITES + medium_random(&campaign->random) % 2;
	int status;

	for (const struct request *request = campaign->waiting; request; request = request->next)
		try_request(campaign, request, content);
	status = medium_ask(&campaign->medium, campaign->command, &campaign->marks,
			    campaign->threads);
	medium_undo(&campaign->medium);
	campaign->verdicts.contents++;
	if (!status)
		return true;
	if (status != 1)
		fail("the command for a content couldn't do its work", -ECHILD);
	campaign->verdicts.bad_contents++;
	printf("  at record %zu of %zu, content %u\n", at, campaign->log.count, number);
	return false;
}

/* The power fails before the record `at`, up to which all has happened. */
static void cut(struct campaign *campaign, size_t at)
{
	unsigned int contents = 1;
	bool good = true;

	for (const struct request *request = campaign->waiting; request; request = request->next)
		if (request->nbytes)
			contents = campaign->contents;
	for (unsigned int i = 0; i < contents; i++)
		good = ask(campaign, at, i) && good;
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

/* Random records in their order. */
static size_t *draw_moments(struct campaign *campaign, unsigned int count)
{
	const struct log *log = &campaign->log;
	size_t *moments = calloc(count + 1u, sizeof(*moments));

	if (!moments)
		fail("moments", -ENOMEM);
	for (unsigned int i = 0; i < count; i++)
		moments[i] =
			log->start + 1 + medium_random(&campaign->random) % (log->end - log->start);
	qsort(moments, count, sizeof(*moments), compare);
	return moments;
}

static void read_arguments(struct campaign *campaign, char **argv)
{
	int err;

	read_log(&campaign->log, argv[1]);
	err = medium_init(&campaign->medium, strtoull(argv[2], NULL, 10), argv[3]);
	if (err)
		fail(argv[3], err);
	campaign->random = strtoull(argv[4], NULL, 10);
	campaign->contents = (unsigned int)strtoul(argv[6], NULL, 10);
	campaign->threads = (unsigned int)strtoul(argv[7], NULL, 10);
	campaign->command = argv + 8;
	campaign->last = &campaign->waiting;
}

static void finish(struct campaign *campaign)
{
	while (campaign->waiting)
		settle(campaign, &campaign->waiting);
	munmap((void *)(uintptr_t)campaign->log.bytes, campaign->log.nbytes);
	free(campaign->log.records);
	medium_free(&campaign->medium);
}

int main(int argc, char **argv)
{
	struct campaign campaign = {0};
	const struct medium_verdicts *verdicts = &campaign.verdicts;
	unsigned int count;
	size_t *moments;
	size_t at = 0;

	if (argc < 9) {
		fprintf(stderr, "usage: powercut_log LOG DISK-SIZE IMAGE SEED MOMENTS CONTENTS "
				"THREADS COMMAND [ARGUMENT]...\n");
		return 2;
	}
	read_arguments(&campaign, argv);
	count = (unsigned int)strtoul(argv[5], NULL, 10);
	moments = draw_moments(&campaign, count);
	for (unsigned int i = 0; i < count; i++) {
		for (; at < moments[i]; at++)
			apply(&campaign, at);
		cut(&campaign, at);
	}
	printf("%u moments, %u contents: %u moments and %u contents are not as acknowledged; "
	       "%u times a flush was overtaken by a later one\n",
	       verdicts->moments, verdicts->contents, verdicts->bad_moments, verdicts->bad_contents,
	       campaign.overtaken);
	free(moments);
	finish(&campaign);
	return verdicts->bad_contents ? 1 : 0;
}
