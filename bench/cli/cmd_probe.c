// SPDX-License-Identifier: MIT
/* What can be measured here, and what can't and why. Nothing is touched. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/probe.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/memory.h"
#include "core/observe.h"
#include "core/results.h"
#include "core/target.h"
#include "paths/path.h"
#include "report/format.h"

/* Names of the paths that can run on @t: the caller frees them. */
static char *ready_paths(const struct target *t)
{
	char *names;
	size_t size;
	FILE *stream = memory_stream(&names, &size);

	for (unsigned int i = 0; path_table[i]; i++) {
		const struct path_ops *ops = path_table[i];
		struct unavailable why;
		struct workload w;

		workload_defaults(&w);
		if (!(ops->traits & PATH_NOTHING) && !path_probe(ops, &w, t, &why))
			fprintf(stream, "%s ", ops->name);
	}
	fclose(stream);
	return names;
}

void probe_show_target(const char *text)
{
	char holds[48], *paths;
	struct target t;
	struct error e;

	if (target_parse(&t, text, &e) || target_probe(&t, &e)) {
		printf("%-24s no     %s\n", text, e.text);
		return;
	}
	snprintf(holds, sizeof(holds), "%.10s%s%.12s", t.fs_type, t.device.known ? " on " : "",
		 t.device.known ? t.device.part : "");
	paths = ready_paths(&t);
	printf("%-24.24s ready  %s\n  ", t.text, holds);
	format_wrap(stdout, 2, 2, paths);
	free(paths);
}

/* Mounts on a device that can do DAX, and the testbed's media. */
static bool show_mounts(void)
{
	bool dax = false;
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	while (f && getline(&line, &size, f) > 0) {
		unsigned int maj, min;
		char point[200], text[224];
		struct device device;

		if (sscanf(line, "%*d %*d %u:%u %*s %199s", &maj, &min, point) != 3 || !maj)
			continue;
		device_find(&device, ((dev_t)maj << 8) | min);
		if (!device.known || !(device.dax || strncmp(point, "/testbed/", 9) == 0))
			continue;
		if (strncmp(point, "/testbed/.", 10) == 0)
			continue;
		snprintf(text, sizeof(text), "file:%s", point);
		probe_show_target(text);
		dax = dax || device.dax;
	}
	free(line);
	if (f)
		fclose(f);
	return dax;
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char file[512];

		snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, program);
		if (access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

/* What the testbed's launcher found out when it last tried KVM (build/vm/kvm-refusal, line 3). */
static void describe_accelerator(const char *root, char *text, size_t size)
{
	char path[600], line[200] = "";
	FILE *f;

	if (access("/dev/kvm", R_OK | W_OK) != 0) {
		snprintf(text, size, "emulated CPU (no /dev/kvm): counts instructions");
		return;
	}
	snprintf(text, size, "/dev/kvm exists; vm/run says whether it works");
	snprintf(path, sizeof(path), "%s/build/vm/kvm-refusal", root);
	f = fopen(path, "re");
	if (!f)
		return;
	for (int i = 0; i < 3; i++) {
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
	}
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	if (line[0])
		snprintf(text, size, "TCG (KVM fails: %.30s)", line);
}

static void show_testbed(void)
{
	char root[512], line[600], accelerator[64];
	struct error e;

	if (getenv("BYPASS_TESTBED"))
		return;
	if (!in_path("qemu-system-x86_64")) {
		printf("%-24s no     qemu-system-x86_64 is missing; do: make deps\n",
		       "testbed pmem,nvme");
		return;
	}
	if (results_project_root(root, sizeof(root), &e)) {
		printf("%-24s no     %s\n", "testbed pmem,nvme", e.text);
		return;
	}
	snprintf(line, sizeof(line), "%s/build/vm/initramfs-6.1.cpio", root);
	if (results_installed(root) && access(line, R_OK) != 0) {
		printf("%-24s no     no kernel was built before bypass was installed\n"
		       "  in the source tree: make vm kmod && make install\n",
		       "testbed pmem,nvme");
		return;
	}
	snprintf(line, sizeof(line), "%s/vm/run", root);
	describe_accelerator(root, accelerator, sizeof(accelerator));
	printf("%-24s %s  %s\n  make bench\n", "testbed pmem,nvme",
	       access(line, X_OK) == 0 ? "ready" : "no   ", accelerator);
}

/* Paths that no target shown above is ready for, and what would make them so. */
static void show_not_ready(bool dax_seen, bool traced)
{
	printf("%-24s %s\n  %s\n", "NOT READY", "WHY", "DO");
	if (!dax_seen)
		printf("%-24s %s\n  %s\n", "dax mmap-dax", "no DAX-capable device is mounted",
		       "bypass run SUITE --testbed");
	probe_show_user_driver_needs();
	if (!traced)
		printf("%-24s %s\n  %s\n", "witness counts", "tracing needs root and tracefs",
		       "sudo mount -t tracefs tracefs /sys/kernel/tracing; run as root");
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static bool show_proof(void)
{
	bool traced;

	struct observation o;
	struct device none = {0};
	struct tracepoint syscalls;
	struct stat st;

	observe(&none, true, &o);
	tracepoint_open(&syscalls, "raw_syscalls:sys_enter", NULL);
	printf("PROOF   page cache (mincore) yes, DAX (statx) yes, storage bytes %s,\n"
	       "        interrupts %s, system calls %s%s%s\n",
	       yes_no(o.storage_known), yes_no(stat("/proc/interrupts", &st) == 0),
	       yes_no(syscalls.fd >= 0), syscalls.fd >= 0 ? "" : ": ",
	       syscalls.fd >= 0 ? "" : syscalls.why_not);
	traced = syscalls.fd >= 0;
	tracepoint_close(&syscalls);
	return traced;
}

static void show_clocks(void)
{
	struct clock clock;
	uint32_t drift;

	if (environment_clock() == RUN_CLOCK_INSTRUCTIONS) {
		printf("CLOCKS  instructions (this is the testbed)\n");
		return;
	}
	clock_init(&clock, RUN_CLOCK_NS);
	usleep(50000);
	drift = clock_drift_ppm(&clock);
	if (clock.tsc)
		printf("CLOCKS  ns: TSC invariant, %" PRIu64 " MHz, drift %u ppm; ",
		       clock.ticks_per_s / 1000000, drift);
	else
		printf("CLOCKS  ns: CLOCK_MONOTONIC_RAW (TSC not invariant); ");
	printf("instructions: testbed only\n");
}

int cmd_probe(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	bool dax, traced;
	char text[224];
	struct error e;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		puts("bypass probe: what can be measured here, and what can't and why");
		return EXIT_GOOD;
	}
	if (argc > 1) {
		error_set(&e, 0, "probe takes no arguments, not '%s'; leave it out", argv[1]);
		return cli_fail(EXIT_USAGE, &e);
	}
	printf("%-24s %-6s %s\n  %s\n", "TARGET", "STATE", "HOLDS", "PATHS");
	snprintf(text, sizeof(text), "file:%.200s", tmp && *tmp ? tmp : "/tmp");
	probe_show_target(text);
	probe_show_target("file:/dev/shm");
	dax = show_mounts();
	probe_show_nvme();
	show_testbed();
	traced = show_proof();
	show_clocks();
	show_not_ready(dax, traced);
	return EXIT_GOOD;
}
