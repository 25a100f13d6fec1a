// SPDX-License-Identifier: MIT
/*
 * Run in the guest on the instruction clock: what one getppid() and one 4 KiB page-cache read cost
 * by the time-stamp counter, which is the same number in every boot, and how far the thread's CPU
 * clock is from that counter. Output: "getppid N pread N drift_ppb N".
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS 1001

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(uint64_t *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static int64_t thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Thread clock minus counter over a loop of @turns, by the median: others may run in some of them.
 */
static int64_t distance(uint32_t turns, int64_t *window)
{
	static uint64_t distances[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		const int64_t start_ns = thread_ns();
		const uint64_t start = __rdtsc();
		int64_t count;

		for (volatile uint32_t k = 0; k < turns; k++)
			;
		count = (int64_t)(__rdtsc() - start);
		distances[i] = (uint64_t)(thread_ns() - start_ns - count);
		*window = count;
	}
	return (int64_t)median(distances);
}

/* Of two windows, so that what the clock calls themselves cost falls out; in parts per billion. */
static int64_t drift_ppb(void)
{
	int64_t brief_window, long_window;
	const int64_t brief = distance(1000, &brief_window);
	const int64_t along = distance(100000, &long_window);

	return (along - brief) * 1000000000 / (long_window - brief_window);
}

int main(int argc, char **argv)
{
	static uint64_t getppid_counts[ROUNDS], pread_counts[ROUNDS];
	static char block[4096];
	const int fd = open(argc > 1 ? argv[1] : "/dev/shm/clock", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || pwrite(fd, block, sizeof(block), 0) != sizeof(block)) {
		perror("clock: can't write its file");
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = __rdtsc();

		syscall(SYS_getppid);
		getppid_counts[i] = __rdtsc() - start;
		start = __rdtsc();
		if (pread(fd, block, sizeof(block), 0) != sizeof(block))
			return 1;
		pread_counts[i] = __rdtsc() - start;
	}
	printf("getppid %" PRIu64 " pread %" PRIu64 " drift_ppb %" PRId64 "\n",
	       median(getppid_counts), median(pread_counts), drift_ppb());
	return 0;
}
