// SPDX-License-Identifier: MIT
/* The checks of lab 10: the student's log on a model of persistent memory (medium.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/check.h"
#include "reference/log.h"
#include "medium.h"
#include "reference/pmem.h"

#define RECORDS_MAX 64u
#define DATA_MAX    512u

struct records {
	unsigned int n;
	uint32_t nbytes[RECORDS_MAX];
	uint8_t data[RECORDS_MAX][DATA_MAX];
};

static struct records promised, found; /* what must be there; what recovery gave */
static enum { IDLE, APPENDING, RESTARTING } under_way;
static uint8_t appending[DATA_MAX]; /* what log_append was given and hasn't returned from */
static uint32_t appending_nbytes;

static void keep(void *arg, const void *data, uint32_t nbytes)
{
	struct records *records = arg;

	LAB_EXPECT(records->n < RECORDS_MAX, "recovery ends at the log's end",
		   "it gave more than %u records, which are more than there ever were", records->n);
	LAB_EXPECT(nbytes <= DATA_MAX, "recovery gives records as they were appended",
		   "one of %u bytes, while the longest had %u", nbytes, DATA_MAX);
	memcpy(records->data[records->n], data, nbytes);
	records->nbytes[records->n++] = nbytes;
}

/* On a copy of its own: whoever reads past its end is caught by the address sanitizer. */
static int recover(const uint64_t *image, size_t *end)
{
	uint64_t copy[MEDIUM_NWORDS] __attribute__((aligned(PMEM_LINE_NBYTES)));
	struct log log;
	int ret;

	memcpy(copy, image, sizeof(copy));
	found.n = 0;
	ret = log_recover(&log, copy, MEDIUM_NBYTES, keep, &found);
	if (end)
		*end = log.end;
	return ret;
}

/* Does record @i that recovery gave differ from these bytes? Says so in @text. */
static bool differs(unsigned int i, const uint8_t *data, uint32_t nbytes, char *text, size_t size)
{
	if (found.nbytes[i] != nbytes) {
		snprintf(text, size, "record %u with %u bytes instead of %u", i, found.nbytes[i],
			 nbytes);
		return true;
	}
	for (uint32_t j = 0; j < nbytes; j++) {
		if (found.data[i][j] == data[j])
			continue;
		snprintf(text, size, "record %u with 0x%02x instead of 0x%02x as byte %u", i,
			 found.data[i][j], data[j], j);
		return true;
	}
	return false;
}

static const char power_cut[] = "whenever the power goes, recovery gives every record whose "
				"log_append had returned, perhaps "
				"the one under way, and nothing else";

/* May recovery answer so, if the power goes now and leaves @image? */
static bool is_right(const uint64_t *image, char *text, size_t size)
{
	const int ret = recover(image, NULL);

	if (ret) {
		snprintf(text, size, "%u records, then %s, as if the medium were damaged", found.n,
			 strerror(-ret));
		return false;
	}
	if (under_way == RESTARTING && found.n == 0)
		return true;
	for (unsigned int i = 0; i < found.n && i < promised.n; i++) {
		if (differs(i, promised.data[i], promised.nbytes[i], text, size))
			return false;
	}
	if (found.n == promised.n)
		return true;
	if (under_way == APPENDING && found.n == promised.n + 1)
		return !differs(promised.n, appending, appending_nbytes, text, size);
	snprintf(text, size, "%u records instead of %u", found.n, promised.n);
	return false;
}

/* An empty log. */
static void begin(struct log *log, bool power_is_cut)
{
	*log = (struct log){.medium = (uint8_t *)medium_memory, .nbytes = MEDIUM_NBYTES};
	medium_watch(power_is_cut ? is_right : NULL, power_cut);
}

static void append(struct log *log, const void *data, uint32_t nbytes)
{
	int ret;

	lab_step("log_append of %u bytes, record %u", nbytes, promised.n);
	memcpy(appending, data, nbytes);
	appending_nbytes = nbytes;
	under_way = APPENDING;
	ret = log_append(log, data, nbytes);
	LAB_EXPECT(!ret, "a record that fits is appended", "%s", strerror(-ret));
	under_way = IDLE;
	memcpy(promised.data[promised.n], data, nbytes);
	promised.nbytes[promised.n++] = nbytes;
	medium_event("log_append has returned");
}

static void append_random(struct log *log, uint32_t nbytes)
{
	uint8_t data[DATA_MAX];

	for (uint32_t i = 0; i < nbytes; i++)
		data[i] = (uint8_t)medium_random(256);
	append(log, data, nbytes);
}

static void restart(struct log *log)
{
	lab_step("log_restart");
	under_way = RESTARTING;
	log_restart(log);
	under_way = IDLE;
	promised.n = 0;
	medium_event("log_restart has returned");
}

/* Records of less than a line, of several, and such as end where a line ends. */
static void append_some(struct log *log)
{
	static const uint32_t sizes[] = {40, 200, 1, 32, 0, 63, 100, 48, 8, 112};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		append_random(log, sizes[i]);
}

static void check_append(void)
{
	struct log log;

	begin(&log, true);
	append_some(&log);
}

/* Places are used again, while behind them lie records of an earlier life. */
static void check_stale(void)
{
	struct log log;

	begin(&log, true);
	for (unsigned int life = 0; life < 4; life++) {
		for (unsigned int i = 0; i < 12 - 3 * life; i++)
			append_random(&log, 8 * (life + 1));
		restart(&log);
		for (unsigned int i = 0; i < 2; i++)
			append_random(&log, 24);
		restart(&log);
	}
}

static void check_restart(void)
{
	struct log log;

	begin(&log, true);
	append_some(&log);
	restart(&log);
	append_random(&log, 72);
	restart(&log);
}

/* What recovery says of @image, which has one bit turned over, is no lie. */
static void expect_damage_found(const uint64_t *image, const char *which)
{
	const int ret = recover(image, NULL);
	char text[200];

	for (unsigned int i = 0; i < found.n; i++) {
		if (i >= promised.n)
			snprintf(text, sizeof(text), "a record %u that never was", i);
		else if (!differs(i, promised.data[i], promised.nbytes[i], text, sizeof(text)))
			continue;
		lab_wrong("recovery never gives a record that wasn't appended so",
			  "with %s recovery gave %s", which, text);
	}
	LAB_EXPECT(ret == -EIO || (!ret && found.n == promised.n),
		   "a damaged record ends recovery with -EIO and doesn't vanish silently",
		   "with %s recovery returned %d after %u of %u records", which, ret, found.n,
		   promised.n);
}

static void damage_each_bit(const struct log *log)
{
	uint64_t image[MEDIUM_NWORDS];

	for (size_t bit = 0; bit < log->end * 8 + 64; bit++) {
		char which[60];

		snprintf(which, sizeof(which), "bit %zu of the medium's byte %zu turned over",
			 bit % 8, bit / 8);
		memcpy(image, medium_memory, sizeof(image));
		image[bit / 64] ^= 1ull << bit % 64;
		expect_damage_found(image, which);
	}
}

static void check_damage(void)
{
	static const uint8_t zeros[DATA_MAX];
	struct log log;

	begin(&log, false);
	append_random(&log, 100);
	append(&log, zeros, 96);
	append_random(&log, 7);
	append(&log, zeros, 3);
	damage_each_bit(&log);
}

static void recover_anything(void)
{
	uint64_t image[MEDIUM_NWORDS];

	lab_step("a medium that holds anything: recovery must not look beyond its end");
	for (unsigned int i = 0; i < 3000; i++) {
		memcpy(image, medium_memory, sizeof(image));
		for (unsigned int j = 0; j < 4; j++)
			image[medium_random(MEDIUM_NWORDS)] =
				medium_random(2) ? LOG_COMMITTED
						 : medium_random(1u << 16) << medium_random(40);
		image[MEDIUM_NWORDS - 1 - i % 3] = LOG_COMMITTED;
		(void)recover(image, NULL);
	}
}

static void check_recover(void)
{
	struct log log;
	size_t end;
	int ret;

	begin(&log, true);
	append_some(&log);
	ret = recover(medium_memory, &end);
	LAB_EXPECT(!ret && end == log.end, "after recovery log->end is where the next record goes",
		   "%zu instead of %zu", end, log.end);
	restart(&log);
	append_random(&log, 24);
	medium_watch(NULL, NULL);
	damage_each_bit(&log);
	lab_step("a medium full of records");
	while (log_append(&log, appending, 200) == 0)
		;
	ret = recover(medium_memory, &end);
	LAB_EXPECT(!ret && end == log.end, "a full log is recovered to its end",
		   "to %zu instead of %zu, and %s", end, log.end, strerror(-ret));
	recover_anything();
}

/* As the kernel does it: only MAP_SHARED_VALIDATE looks whether the file can do what is asked. */
static bool file_is_dax;
static unsigned int nmapped;
static int mapped_flags;

int pmem_map(int fd, size_t nbytes, int flags, void **address)
{
	(void)fd, (void)nbytes;
	lab_step("mmap with flags 0x%x of a file that is %sDAX", (unsigned int)flags,
		 file_is_dax ? "" : "not ");
	if ((flags & MAP_TYPE) != MAP_SHARED_VALIDATE)
		flags &= ~MAP_SYNC;
	if ((flags & MAP_SYNC) && !file_is_dax)
		return -EOPNOTSUPP;
	nmapped++;
	mapped_flags = flags;
	*address = medium_memory;
	return 0;
}

static void check_map(void)
{
	void *medium = NULL;
	int ret;

	file_is_dax = true;
	ret = log_map(3, MEDIUM_NBYTES, &medium);
	LAB_EXPECT(!ret && medium == medium_memory, "a DAX file can be mapped", "%s",
		   strerror(-ret));
	LAB_EXPECT((mapped_flags & MAP_TYPE) != MAP_PRIVATE,
		   "what is stored in the mapping goes to the file", "the mapping is private");
	LAB_EXPECT(mapped_flags & MAP_SYNC,
		   "a flushed store to a block that the file has just got lasts: with MAP_SYNC the "
		   "kernel has made the block's place in the file last before",
		   "the mapping came about without MAP_SYNC");
	file_is_dax = false;
	nmapped = 0;
	ret = log_map(4, MEDIUM_NBYTES, &medium);
	LAB_EXPECT(ret == -EOPNOTSUPP && !nmapped,
		   "a file that isn't DAX is refused with -EOPNOTSUPP: to flush a line of the page "
		   "cache keeps nothing",
		   "log_map returned %d, and the page cache was mapped %u times", ret, nmapped);
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"damage", check_damage},   {"order", check_append},
		{"stale", check_stale},     {"commit", check_append},
		{"restart", check_restart}, {"recover", check_recover},
		{"map", check_map},         {NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
