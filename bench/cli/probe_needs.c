// SPDX-License-Identifier: MIT
/* What isn't ready: paths with the same reason share a row. */
#include "cli/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/sysfs.h"
#include "report/format.h"

#define NEEDS_MAX   24
#define NAMES_WIDTH 24

struct need {
	char names[160];
	char why[256], remedy[256];
};

struct needs {
	struct need list[NEEDS_MAX];
	unsigned int count;
};

static void add(struct needs *needs, const char *name, const char *why, const char *remedy)
{
	struct need *need = needs->list;
	size_t used;

	while (need < needs->list + needs->count &&
	       (strcmp(need->why, why) != 0 || strcmp(need->remedy, remedy) != 0))
		need++;
	if (need == needs->list + NEEDS_MAX)
		return;
	if (need == needs->list + needs->count) {
		needs->count++;
		need->names[0] = '\0';
		snprintf(need->why, sizeof(need->why), "%s", why);
		snprintf(need->remedy, sizeof(need->remedy), "%s", remedy);
	}
	used = strlen(need->names);
	snprintf(need->names + used, sizeof(need->names) - used, "%s%s", used ? " " : "", name);
}

static void print(const struct need *need)
{
	size_t width = format_width(need->names), column = NAMES_WIDTH + 1;

	format_plain(stdout, need->names);
	if (width > NAMES_WIDTH)
		printf("\n%*s", (int)column, "");
	else
		printf("%*s", (int)(column - width), "");
	format_wrap(stdout, column, column, need->why);
	probe_below(need->remedy);
}

static bool is_ready(const struct probe *p, const char *name)
{
	for (unsigned int i = 0; i < PROBE_PATHS_MAX && path_table[i]; i++) {
		if (strcmp(path_table[i]->name, name) == 0)
			return p->path[i].ready;
	}
	return false;
}

static void add_unwritable(struct needs *needs, const char *name, const char *folder)
{
	char why[256], remedy[256];

	snprintf(why, sizeof(why), "this user may not write to %.200s", folder);
	snprintf(remedy, sizeof(remedy), "sudo chown $USER %.200s", folder);
	add(needs, name, why, remedy);
}

/* Of paths that a file system on a device with DAX is needed for; a row above may tell more. */
static void add_dax(struct needs *needs, const struct probe *p, unsigned int path)
{
	const char *name = path_table[path]->name;

	if (p->machine.fs_dax == ANSWER_NO)
		add(needs, name, "this kernel is built without CONFIG_FS_DAX",
		    "bypass run SUITE --testbed");
	else if (p->path[path].likeness > 1)
		add(needs, name, p->path[path].why.reason, p->path[path].why.remedy);
	else if (p->unwritable[0])
		add_unwritable(needs, name, p->unwritable);
	else if (p->pmem)
		add(needs, name, "no persistent memory is mounted for DAX", "see its row above");
	else
		add(needs, name, "no DAX-capable device is mounted", "bypass run SUITE --testbed");
}

/* Of paths of the kernel's NVMe driver: what the disks lack, unless io_uring itself is missing. */
static bool add_nvme(struct needs *needs, const struct probe *p, const char *name, bool polls)
{
	if (!is_ready(p, "uring"))
		return false;
	if (p->nvme == NVME_NONE)
		add(needs, name, "this machine has no NVMe disk",
		    "bypass run irq-vs-poll --testbed");
	else if (p->nvme == NVME_OURS)
		add(needs, name, "the NVMe disks are bound to vfio-pci, for our driver",
		    "sudo bypass unbind ADDRESS, of a row above");
	else if (p->nvme == NVME_UNREADABLE)
		add(needs, name, "this user may not read the NVMe disks", "run bypass with sudo");
	else if (polls && p->machine.poll_queues == 0)
		add(needs, name, "the NVMe driver has no poll queues: poll_queues=0",
		    "boot with nvme.poll_queues=1");
	else
		return false;
	return true;
}

/* What the kernel's switch forbids; where a container's rules do, the path itself says so. */
static bool add_uring(struct needs *needs, const struct probe *p, const char *name)
{
	char why[64];

	if (is_ready(p, "uring") || !p->machine.uring_disabled)
		return false;
	snprintf(why, sizeof(why), "kernel.io_uring_disabled=%u", p->machine.uring_disabled);
	add(needs, name, why, "sudo sysctl kernel.io_uring_disabled=0");
	return true;
}

static void add_path(struct needs *needs, const struct probe *p, unsigned int path)
{
	const struct path_ops *ops = path_table[path];
	bool ring = ops->traits & PATH_RING, polls = ring && (ops->traits & PATH_POLLED);

	if (ops->traits & PATH_DAX) {
		add_dax(needs, p, path);
		return;
	}
	if (ring && add_uring(needs, p, ops->name))
		return;
	if (((ops->traits & PATH_PASSTHRU) || polls) && add_nvme(needs, p, ops->name, polls))
		return;
	add(needs, ops->name, p->path[path].why.reason, p->path[path].why.remedy);
}

static void add_paths(struct needs *needs, const struct probe *p)
{
	for (unsigned int i = 0; i < PROBE_PATHS_MAX && path_table[i]; i++) {
		if (!p->path[i].ready && !(path_table[i]->traits & PATH_NOTHING))
			add_path(needs, p, i);
	}
}

/* What our driver lacks for a disk; for the model in this process it needs nothing. */
static void add_user_driver(struct needs *needs, const struct probe *p)
{
	static const char name[] = "userdrv-* on pci:";
	uint64_t locked = probe_locked_mib();
	char why[96];

	if (p->nvme == NVME_NONE) {
		add(needs, name, "this machine has no NVMe disk",
		    "bypass run irq-vs-poll --testbed");
		return;
	}
	if (!p->machine.iommus)
		add(needs, name, "no IOMMU is on",
		    p->machine.amd ? "turn AMD-Vi (IOMMU) on in the firmware"
				   : "boot with intel_iommu=on, VT-d on in the firmware");
	if (p->machine.vfio_pci == ANSWER_NO)
		add(needs, name, "this kernel has no module vfio-pci",
		    "boot a kernel with CONFIG_VFIO_PCI");
	if (locked >= USERDRV_LOCKED_MIB)
		return;
	snprintf(why, sizeof(why), "%" PRIu64 " MiB of memory may be locked, %u MiB are wanted",
		 locked, USERDRV_LOCKED_MIB);
	add(needs, name, why, "ulimit -l unlimited");
}

static void add_tools(struct needs *needs)
{
	static const struct {
		const char *program, *for_what, *package;
	} tools[] = {
		{"gnuplot", "plots of reports", "gnuplot-nox"},
		{"fio", "paths fio:*", "fio"},
	};

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		char why[64], remedy[64];

		if (probe_has_program(tools[i].program))
			continue;
		snprintf(why, sizeof(why), "%s isn't installed", tools[i].program);
		snprintf(remedy, sizeof(remedy), "sudo apt-get install %s", tools[i].package);
		add(needs, tools[i].for_what, why, remedy);
	}
}

static void add_rights(struct needs *needs)
{
	struct device_group group;
	char why[96], remedy[96];

	if (geteuid() == 0 || getenv("BYPASS_TESTBED") || !sysfs_exists("/dev/kvm") ||
	    access("/dev/kvm", R_OK | W_OK) == 0 || !readiness_group("/dev/kvm", &group) ||
	    group.member)
		return;
	snprintf(why, sizeof(why), "/dev/kvm is for group %s alone", group.name);
	snprintf(remedy, sizeof(remedy), "sudo usermod -aG %s $USER, and log in again", group.name);
	add(needs, "--testbed=ns", why, remedy);
}

static void add_proof(struct needs *needs, const struct probe *p)
{
	static const char name[] = "proof by system calls";

	if (!p->untraced)
		return;
	if (geteuid() != 0)
		add(needs, name, p->untraced, "run bypass with sudo");
	else if (sysfs_exists("/sys/kernel/tracing/events"))
		add(needs, name, p->untraced, "boot a kernel with CONFIG_FTRACE_SYSCALLS");
	else
		add(needs, name, "tracefs isn't mounted",
		    "sudo mount -t tracefs tracefs /sys/kernel/tracing");
}

void probe_show_needs(const struct probe *p)
{
	struct needs needs = {.count = 0};

	add_paths(&needs, p);
	add_user_driver(&needs, p);
	add_rights(&needs);
	add_tools(&needs);
	add_proof(&needs, p);
	if (needs.count)
		printf("\n%-*s %s\n", NAMES_WIDTH, "NOT READY", "WHY (below: what to do)");
	for (unsigned int i = 0; i < needs.count; i++)
		print(&needs.list[i]);
}
