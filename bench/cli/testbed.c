// SPDX-License-Identifier: MIT
/*
 * A run in the testbed, seen from the host: the same plan in several boots of the virtual machine
 * (repetitions within one boot are not independent), merged into one run.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/interrupted.h"
#include "core/memory.h"

#define BOOTS 3
/*
 * NVDIMMs and NVMe disks, one of each for xfs, ext4 and pathfs; the third and fourth disk are alike
 * and without a file system, for the kernel's driver and for ours (vm/guest/with-media).
 */
#define PMEM_SIZES     "1G,1G,1G"
#define NVME_SIZES     "1G,1G,256M,256M,1G"
#define BOOT_TIMEOUT_S 1800
/* In the run's folder, while it runs: what vm/plugins/instruction_counts.c writes. */
#define COUNTS "instruction-counts"

struct arguments {
	char **list;
	size_t n;
};

static void add(struct arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct arguments *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	a->list = memory_append(a->list, a->n, sizeof(*a->list));
	a->list[a->n++] = memory_vformat(format, args);
	va_end(args);
}

static void free_arguments(struct arguments *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->list[i]);
	free(a->list);
}

/* Options that are the host's business, or that the guest is given anew. */
static bool for_host(const char *argument, bool *takes_value)
{
	static const char *const with_value[] = {"-r",        "--runs",          "--seed",
						 "-o",        "--output-format", "--export-json",
						 "--results", "--kernel"};
	size_t n = strcspn(argument, "=");

	*takes_value = false;
	if ((strncmp(argument, "--testbed", 9) == 0 && n == 9) ||
	    (strncmp(argument, "--functions", 11) == 0 && n == 11))
		return true;
	for (unsigned int i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		if (strlen(with_value[i]) == n && strncmp(argument, with_value[i], n) == 0) {
			*takes_value = argument[n] != '=';
			return true;
		}
	}
	return false;
}

static void guest_command(struct arguments *a, const struct run_options *o, unsigned int boot,
			  unsigned int runs, const char *folder)
{
	bool nanoseconds = o->testbed_clock == RUN_CLOCK_NS;

	add(a, "%s/vm/run", o->root);
	add(a, "--clock=%s", nanoseconds ? "ns" : "instructions");
	add(a, "--pmem=" PMEM_SIZES);
	add(a, "--nvme=" NVME_SIZES);
	add(a, "--timeout=%u", BOOT_TIMEOUT_S);
	add(a, "--share=%s", folder);
	if (o->kernel)
		add(a, "--kernel=%s", o->kernel);
	if (o->cells->memory_nbytes)
		add(a, "--memory=%lluM", (unsigned long long)(o->cells->memory_nbytes >> 20));
	if (o->cells->numa)
		add(a, "--numa=%u", o->cells->numa);
	/* The counts of one boot are those of all. */
	if (o->functions && boot == 1)
		add(a, "--plugin=%s/build/vm/plugins/instruction_counts.so,counts=%s/" COUNTS,
		    o->root, folder);
	add(a, "--");
	add(a, "%s/vm/guest/with-media", o->root);
	add(a, "%s/build/bypass", o->root);
	add(a, "run");
	for (int i = 1; i < o->argc; i++) {
		bool takes_value;

		if (!for_host(o->argv[i], &takes_value))
			add(a, "%s", o->argv[i]);
		else if (takes_value)
			i++;
	}
	add(a, "--runs=%u", runs);
	/* Another order in each boot, the same one in every run of this seed. */
	add(a, "--seed=%llu", (unsigned long long)o->seed + boot - 1);
	add(a, "--boot=%u", boot);
	add(a, "--output=%s/boot-%u", folder, boot);
	if (o->functions && boot == 1)
		add(a, "--functions=%s/" COUNTS, folder);
}

/*
 * Waits; the first signal goes on to the launcher, which ends the guest in order. It looks again
 * and again, so that a signal between a look and the wait isn't slept over.
 */
static int wait_for(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	bool forwarded = false;
	pid_t ended;
	int status;

	while ((ended = waitpid(pid, &status, WNOHANG)) != pid) {
		if (ended < 0 && errno != EINTR)
			return -1;
		if (interrupted() && !forwarded) {
			forwarded = true;
			kill(pid, interrupted_signal);
		}
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_boot(const struct arguments *a, struct error *e)
{
	char **argv = memory_zeroed(a->n + 1, sizeof(*argv));
	pid_t pid;
	int status;

	memcpy(argv, a->list, a->n * sizeof(*argv));
	pid = fork();
	if (pid == 0) {
		/* A group of its own: Ctrl-C then reaches it once, through wait_for(). */
		setpgid(0, 0);
		/* However this process ends, no guest is left behind. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execv(argv[0], argv);
		_exit(127);
	}
	free(argv);
	if (pid < 0)
		return error_set(e, -errno, "can't start the testbed: %s; end other programs",
				 strerror(errno));
	setpgid(pid, pid);
	status = wait_for(pid);
	if (interrupted())
		return error_set(e, -EINTR, "interrupted");
	if (status == EXIT_FAILED || status == EXIT_GOOD || status == EXIT_REFUTED ||
	    status == EXIT_NOTHING_RAN)
		return 0;
	return error_set(e, -EIO,
			 "the testbed ended with status %d before the suite did; see what it "
			 "said above",
			 status);
}

/* Takes over what the boot measured, however far it came. */
static int take_boot(struct run *run, const char *folder, unsigned int boot, struct error *e)
{
	char path[700];
	struct run *part;
	int ret;

	snprintf(path, sizeof(path), "%s/boot-%u/run.json", folder, boot);
	ret = run_read(&part, path, e);
	if (!ret) {
		ret = run_merge(run, part, e);
		if (!ret && !part->complete)
			run->complete = false;
		run_free(part);
	}
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	return ret;
}

static void remove_counts(const char *folder)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/" COUNTS, folder);
	unlink(path);
}

int testbed_execute(struct run *run, const struct run_options *o, const char *folder,
		    struct error *e)
{
	unsigned int boots = run->runs < BOOTS ? run->runs : BOOTS;
	unsigned int each = (run->runs + boots - 1) / boots;
	const time_t started = time(NULL);
	int ret = 0;

	run->boots = boots;
	run->runs = each * boots;
	run->complete = true;
	for (unsigned int boot = 1; boot <= boots && !ret; boot++) {
		struct arguments a = {NULL, 0};
		struct error e2;

		/* The guest's own clock may count instructions. */
		fprintf(stderr, "boot %u of %u, after %lld s\n", boot, boots,
			(long long)(time(NULL) - started));
		guest_command(&a, o, boot, each, folder);
		ret = run_boot(&a, e);
		free_arguments(&a);
		remove_counts(folder);
		/* If the boot itself went wrong, that is what to tell, not the missing file. */
		if (take_boot(run, folder, boot, ret ? &e2 : e) && !ret)
			ret = -EIO;
	}
	if (ret)
		run->complete = false;
	/* The guests' own clock doesn't tell: by that of instructions it runs as they execute. */
	run->duration_s = (uint64_t)(time(NULL) - started);
	run_summarize(run);
	return ret;
}
