// SPDX-License-Identifier: MIT
/* What can be measured here, and what can't and why. Nothing is touched. */
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
#include "core/observe.h"
#include "core/results.h"
#include "report/format.h"

static const char probe_usage[] =
	"bypass probe: what can be measured here, and what can't and why\n"
	"\n"
	"Prints each target with the paths that are ready on it, each path that is ready\n"
	"on none with the reason and what to do, and the machine's state. It changes\n"
	"nothing.\n";

/* What the testbed's launcher found out when it last tried KVM (build/vm/kvm-refusal, line 3). */
static void describe_accelerator(const char *root, char *text, size_t size)
{
	char path[600], line[200] = "";
	FILE *f;

	if (access("/dev/kvm", R_OK | W_OK) != 0) {
		snprintf(text, size, "emulated CPU (no /dev/kvm): counts instructions");
		return;
	}
	snprintf(text, size,
		 "counts instructions; nanoseconds only if KVM works (vm/run -- true says)");
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
	static const char name[] = "testbed pmem,nvme";
	char root[512], line[600], accelerator[96];
	struct error e;

	if (getenv("BYPASS_TESTBED"))
		return;
	if (!probe_has_program("qemu-system-x86_64")) {
		probe_row(name, "no", "QEMU isn't installed");
		probe_below("make deps");
		return;
	}
	if (results_project_root(root, sizeof(root), &e)) {
		probe_row(name, "no", e.text);
		return;
	}
	snprintf(line, sizeof(line), "%s/build/vm/initramfs-6.1.cpio", root);
	if (results_installed(root) && access(line, R_OK) != 0) {
		probe_row(name, "no", "no kernel was built before bypass was installed");
		probe_below("in the source tree: make vm kmod && make install");
		return;
	}
	snprintf(line, sizeof(line), "%s/vm/run", root);
	describe_accelerator(root, accelerator, sizeof(accelerator));
	probe_row(name, access(line, X_OK) == 0 ? "ready" : "no", accelerator);
	probe_below("make bench");
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void show_proof(const struct probe *p)
{
	struct observation o;
	struct device none = {0};
	char text[256];
	struct stat st;

	observe(&none, true, &o);
	snprintf(text, sizeof(text),
		 "page cache (mincore) yes, DAX (statx) yes, storage bytes %s, interrupts %s, "
		 "system calls %s",
		 yes_no(o.storage_known), yes_no(stat("/proc/interrupts", &st) == 0),
		 yes_no(!p->untraced));
	fputs("PROOF   ", stdout);
	format_wrap(stdout, 8, 8, text);
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

static void look_at_machine(struct probe *p)
{
	struct tracepoint syscalls;

	if (uname(&p->kernel) != 0)
		snprintf(p->kernel.release, sizeof(p->kernel.release), "-");
	readiness_read(&p->machine, p->kernel.release);
	tracepoint_open(&syscalls, "raw_syscalls:sys_enter", NULL);
	p->untraced = syscalls.fd >= 0 ? NULL : syscalls.why_not;
	tracepoint_close(&syscalls);
}

int cmd_probe(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	struct probe p = {.nvme = NVME_NONE};
	char text[224];
	struct error e;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(probe_usage, stdout);
		return EXIT_GOOD;
	}
	if (argc > 1) {
		error_set(&e, 0, "probe takes no arguments, not '%s'; leave it out", argv[1]);
		return cli_fail(EXIT_USAGE, &e);
	}
	look_at_machine(&p);
	printf("%-24s %-6s %s\n", "TARGET", "STATE", "HOLDS (below: its paths)");
	snprintf(text, sizeof(text), "file:%.200s", tmp && *tmp ? tmp : "/tmp");
	probe_show_target(&p, text, NULL);
	probe_show_target(&p, "file:/dev/shm", NULL);
	probe_show_memory(&p);
	probe_show_nvme(&p);
	show_testbed();
	probe_show_needs(&p);
	putchar('\n');
	probe_show_machine(&p);
	show_proof(&p);
	show_clocks();
	return EXIT_GOOD;
}
