// SPDX-License-Identifier: MIT
#include "cli/probe.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/memory.h"
#include "core/sysfs.h"
#include "report/format.h"

/* Where the line's label ends. */
#define COLUMN 8

bool probe_has_program(const char *program)
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

static void write_answer(FILE *out, const char *what, enum answer answer)
{
	if (answer != ANSWER_UNKNOWN)
		fprintf(out, "%s %s; ", what, answer == ANSWER_YES ? "yes" : "no");
}

static void write_kernel(FILE *out, const struct readiness *machine)
{
	static const char *const uring[] = {"all", "few", "nobody"};

	fprintf(out, "IOMMU %s; ", machine->iommus ? "on" : "off");
	write_answer(out, "vfio-pci", machine->vfio_pci);
	write_answer(out, "FS_DAX", machine->fs_dax);
	if (machine->poll_queues >= 0)
		fprintf(out, "NVMe poll queues %d; ", machine->poll_queues);
	if (machine->uring_disabled == 1 || machine->uring_disabled == 2)
		fprintf(out, "io_uring for %s (io_uring_disabled=%u); ",
			uring[machine->uring_disabled], machine->uring_disabled);
}

uint64_t probe_locked_mib(void)
{
	struct rlimit limit;

	/* The limit isn't root's: CAP_IPC_LOCK lifts it. */
	if (geteuid() == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur >> 20;
}

static void write_memory(FILE *out, const struct readiness *machine)
{
	uint64_t locked = probe_locked_mib();

	if (machine->huge_known)
		fprintf(out, "huge pages (optional) %" PRIu64 " of %" PRIu64 " free; ",
			machine->huge_free, machine->huge_total);
	if (locked == UINT64_MAX)
		fputs("locked memory unlimited; ", out);
	else
		fprintf(out, "locked memory %" PRIu64 " of the %u MiB for userdrv-*; ", locked,
			USERDRV_LOCKED_MIB);
}

static int is_disk(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strncmp(entry->d_name, "loop", 4) != 0 &&
	       strncmp(entry->d_name, "ram", 3) != 0;
}

/* Whose /dev/kvm and disks are, where that is a group's. */
static void write_user(FILE *out)
{
	struct device_group group;
	struct passwd entry, *user = NULL;
	struct dirent **disks;
	char strings[1024], disk[300];
	int count;

	if (geteuid() == 0) {
		fputs("user root; ", out);
		return;
	}
	if (getpwuid_r(geteuid(), &entry, strings, sizeof(strings), &user) == 0 && user)
		fprintf(out, "user %s", user->pw_name);
	else
		fprintf(out, "user %u", (unsigned int)geteuid());
	if (readiness_group("/dev/kvm", &group))
		fprintf(out, ", %sin group %s (/dev/kvm)", group.member ? "" : "not ", group.name);
	count = sysfs_entries(&disks, is_disk, "/sys/block");
	snprintf(disk, sizeof(disk), "/dev/%s", count > 0 ? disks[0]->d_name : "none");
	sysfs_free_entries(disks, count);
	if (readiness_group(disk, &group))
		fprintf(out, ", %sin group %s (%s)", group.member ? "" : "not ", group.name, disk);
	fputs("; ", out);
}

static void write_tools(FILE *out)
{
	fprintf(out, "gnuplot %s, fio %s, QEMU %s", probe_has_program("gnuplot") ? "yes" : "no",
		probe_has_program("fio") ? "yes" : "no",
		probe_has_program("qemu-system-x86_64") ? "yes" : "no");
}

void probe_show_machine(const struct probe *p)
{
	const struct readiness *machine = &p->machine;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	char *text;
	size_t size;
	FILE *out = memory_stream(&text, &size);

	fprintf(out, "Linux %s; %ld CPU%s, ", p->kernel.release, cpus, cpus == 1 ? "" : "s");
	if (machine->numa_nodes)
		fprintf(out, "%u NUMA node%s; ", machine->numa_nodes,
			machine->numa_nodes == 1 ? "" : "s");
	else
		fputs("NUMA not known; ", out);
	write_kernel(out, machine);
	write_memory(out, machine);
	write_user(out);
	write_tools(out);
	fclose(out);
	printf("%-*s", COLUMN, "MACHINE");
	format_wrap(stdout, COLUMN, COLUMN, text);
	free(text);
}
