// SPDX-License-Identifier: MIT
/*
 * Many wrong file systems, one after the other: mount refuses each or it is used.
 *
 *   corrupt DEVICE FOLDER SEED COUNT [OPTIONS [FSCK]]
 *
 * DEVICE holds a sound pathfs with some files. Image n is made from SEED + n alone, so that it can
 * be made again by itself. OPTIONS are those of mount. With FSCK every fourth image, as it was
 * left, is repaired by that program, must then be clean, and must mount. After each image the
 * kernel's log is read: a warning or worse is a failure, and so is what takes longer than two
 * minutes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "corrupt.h"

enum { HANG_SECONDS = 120, LOG_ROOM = 9000, MAX_FAILURES = 10 };

struct campaign {
	struct sample sample;
	const char *device;
	const char *folder;
	const char *options;
	const char *fsck;
	int log;
	unsigned long long seed; /* of this image */
	long mounted;
	long repaired;
	long failures;
};

static struct campaign the_campaign; /* for the signal handler */

static void fail(struct campaign *campaign, const char *what)
{
	printf("image of seed %llu: %s\n", campaign->seed, what);
	for (int i = 0; i < campaign->sample.nr_steps; i++)
		printf("    %s\n", campaign->sample.steps[i]);
	if (++campaign->failures == MAX_FAILURES)
		exit(1);
}

/* It interrupts a system call of this program, never a function that prints. */
static void on_alarm(int signal)
{
	(void)signal;
	fail(&the_campaign, "it hangs");
	exit(1);
}

static void write_image(struct campaign *campaign)
{
	size_t size = (size_t)campaign->sample.nblocks * PATHFS_BLOCK_SIZE;
	int fd = open(campaign->device, O_RDWR | O_DIRECT);

	if (fd < 0 || pwrite(fd, campaign->sample.bad, size, 0) != (ssize_t)size) {
		perror(campaign->device);
		exit(2);
	}
	close(fd);
}

static void unmount(struct campaign *campaign)
{
	if (!umount(campaign->folder))
		return;
	fail(campaign, "it can't be unmounted");
	exit(1);
}

static bool mounts(const struct campaign *campaign, unsigned long flags)
{
	return !mount(campaign->device, campaign->folder, "pathfs", flags, campaign->options);
}

/* For writing, or else for reading. Returns true if it could be mounted. */
static bool use(struct campaign *campaign)
{
	if (!mounts(campaign, 0) && !mounts(campaign, MS_RDONLY))
		return false;
	use_folder(&campaign->sample, campaign->folder);
	unmount(campaign);
	return true;
}

/* Exit status of FSCK; -1: it was killed. */
static int run_fsck(const struct campaign *campaign, const char *option)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl(campaign->fsck, campaign->fsck, option, campaign->device, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* 8: the superblock is wrong, and nothing can be done without one. */
static void repair(struct campaign *campaign)
{
	int status = run_fsck(campaign, "-y");

	if (status == 8)
		return;
	if (status != 0 && status != 1) {
		char what[80];

		snprintf(what, sizeof(what), "fsck can't repair what is left of it (status %d)",
			 status);
		fail(campaign, what);
	}
	if (status > 1 || status < 0)
		return;
	if (run_fsck(campaign, "-n"))
		fail(campaign, "fsck finds more after it repaired what is left of it");
	else if (!mounts(campaign, 0))
		fail(campaign, "what fsck repaired doesn't mount");
	else
		unmount(campaign);
	campaign->repaired++;
}

/* Each read gives one line. */
static void read_log(struct campaign *campaign)
{
	static const char *const complaints[] = {
		"WARNING:",          "BUG:", "Oops", "blocked for more", "general protection",
		"possible recursive"};
	char line[LOG_ROOM];

	for (;;) {
		ssize_t got = read(campaign->log, line, sizeof(line) - 1);

		if (got < 0 && errno == EPIPE)
			continue; /* lines were lost; the next one is there */
		if (got <= 0)
			return;
		line[got] = 0;
		line[strcspn(line, "\n")] = 0;
		for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints); i++)
			if (strstr(line, complaints[i]))
				fail(campaign, line);
	}
}

static void open_log(struct campaign *campaign)
{
	campaign->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (campaign->log < 0 || lseek(campaign->log, 0, SEEK_END) < 0) {
		perror("/dev/kmsg");
		exit(2);
	}
}

static void run_image(struct campaign *campaign, unsigned long long seed)
{
	campaign->seed = seed;
	campaign->sample.random = seed;
	alarm(HANG_SECONDS);
	sample_corrupt(&campaign->sample);
	write_image(campaign);
	campaign->mounted += use(campaign);
	if (campaign->fsck && seed % 4 == 0)
		repair(campaign);
	alarm(0);
	read_log(campaign);
}

int main(int argc, char **argv)
{
	struct campaign *campaign = &the_campaign;
	unsigned long long seed;
	long count;

	if (argc < 5 || argc > 7) {
		fprintf(stderr, "usage: corrupt DEVICE FOLDER SEED COUNT [OPTIONS [FSCK]]\n");
		return 2;
	}
	campaign->device = argv[1];
	campaign->folder = argv[2];
	seed = strtoull(argv[3], NULL, 10);
	count = strtol(argv[4], NULL, 10);
	campaign->options = argc > 5 ? argv[5] : "";
	campaign->fsck = argc > 6 ? argv[6] : NULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (sample_read(&campaign->sample, campaign->device))
		return 2;
	open_log(campaign);
	signal(SIGALRM, on_alarm);
	for (long i = 0; i < count; i++)
		run_image(campaign, seed + (unsigned long long)i);
	printf("%ld corrupted images: %ld refused, %ld mounted, %ld of what was left repaired, "
	       "%ld failures\n",
	       count, count - campaign->mounted, campaign->mounted, campaign->repaired,
	       campaign->failures);
	return campaign->failures || !campaign->mounted;
}
