// SPDX-License-Identifier: MIT
#include "core/readiness.h"

#include <ctype.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sysfs.h"

#define HUGE_PAGES "/sys/kernel/mm/hugepages/hugepages-2048kB"
#define GROUPS_MAX 1024

unsigned int readiness_count(const char *list)
{
	unsigned int count = 0;

	while (isdigit((unsigned char)*list)) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (last < first || last - first >= UINT_MAX - count)
			return 0;
		count += (unsigned int)(last - first) + 1;
		list = *end == ',' ? end + 1 : end;
	}
	return *list ? 0 : count;
}

static bool read_number(uint64_t *value, const char *path)
{
	char line[32], *end;

	*value = 0;
	if (!sysfs_read(line, sizeof(line), "%s", path) || !isdigit((unsigned char)line[0]))
		return false;
	*value = strtoull(line, &end, 10);
	return *end == '\0';
}

/* A line of the kernel's configuration: what it answers about @option. */
static enum answer answer_of(const char *line, const char *option)
{
	size_t n = strlen(option);

	if (strncmp(line, "# ", 2) == 0 && strncmp(line + 2, option, n) == 0 &&
	    strcmp(line + 2 + n, " is not set") == 0)
		return ANSWER_NO;
	if (strncmp(line, option, n) != 0 || line[n] != '=')
		return ANSWER_UNKNOWN;
	return line[n + 1] == 'y' || line[n + 1] == 'm' ? ANSWER_YES : ANSWER_NO;
}

/* What depends on an option that is off isn't even mentioned; but a configuration it must be. */
static enum answer search_config(FILE *f, const char *option)
{
	enum answer answer = ANSWER_UNKNOWN;
	bool is_config = false;
	char *line = NULL;
	size_t size = 0;

	while (answer == ANSWER_UNKNOWN && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		is_config = is_config || strncmp(line, "CONFIG_", 7) == 0;
		answer = answer_of(line, option);
	}
	free(line);
	return answer == ANSWER_UNKNOWN && is_config ? ANSWER_NO : answer;
}

/* The running kernel's own, which it keeps compressed. */
static enum answer search_compressed(const char *option)
{
	char path[PATH_MAX], command[PATH_MAX + 32];
	enum answer answer;
	FILE *f;

	sysfs_path(path, sizeof(path), "/proc/config.gz");
	if (access(path, R_OK) != 0)
		return ANSWER_UNKNOWN;
	snprintf(command, sizeof(command), "gzip -dc '%s' 2>/dev/null", path);
	f = popen(command, "re");
	if (!f)
		return ANSWER_UNKNOWN;
	answer = search_config(f, option);
	pclose(f);
	return answer;
}

enum answer readiness_kernel_option(const char *release, const char *option)
{
	static const char *const before[] = {"/boot/config-", "/lib/modules/"};
	static const char *const after[] = {"", "/config"};
	enum answer answer = search_compressed(option);

	for (size_t i = 0; answer == ANSWER_UNKNOWN && i < 2; i++) {
		char path[PATH_MAX];
		FILE *f;

		sysfs_path(path, sizeof(path), "%s%s%s", before[i], release, after[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		answer = search_config(f, option);
		fclose(f);
	}
	return answer;
}

/* Each line begins with a module's file: "kernel/drivers/vfio/pci/vfio-pci.ko.xz: ...". */
static bool is_listed(FILE *f, const char *name)
{
	size_t size = 0, n = strlen(name);
	bool found = false;
	char *line = NULL;

	while (!found && getline(&line, &size, f) > 0) {
		char *slash;

		line[strcspn(line, ":\n")] = '\0';
		slash = strrchr(line, '/');
		found = slash && strncmp(slash + 1, name, n) == 0 &&
			strncmp(slash + 1 + n, ".ko", 3) == 0;
	}
	free(line);
	return found;
}

enum answer readiness_module(const char *release, const char *name)
{
	static const char *const lists[] = {"modules.dep", "modules.builtin"};
	enum answer answer = ANSWER_UNKNOWN;
	char loaded[64];

	snprintf(loaded, sizeof(loaded), "%s", name);
	for (char *c = loaded; *c; c++)
		*c = *c == '-' ? '_' : *c;
	if (sysfs_exists("/sys/module/%s", loaded))
		return ANSWER_YES;
	for (size_t i = 0; answer != ANSWER_YES && i < 2; i++) {
		char path[PATH_MAX];
		FILE *f;

		sysfs_path(path, sizeof(path), "/lib/modules/%s/%s", release, lists[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		answer = is_listed(f, name) ? ANSWER_YES : ANSWER_NO;
		fclose(f);
	}
	return answer;
}

static bool is_amd(void)
{
	char path[PATH_MAX], line[256];
	bool amd = false;
	FILE *f;

	sysfs_path(path, sizeof(path), "/proc/cpuinfo");
	f = fopen(path, "re");
	while (f && !amd && fgets(line, sizeof(line), f))
		amd = strncmp(line, "vendor_id", 9) == 0 && strstr(line, "AMD");
	if (f)
		fclose(f);
	return amd;
}

static unsigned int count_iommus(void)
{
	struct dirent **entries;
	int count = sysfs_entries(&entries, NULL, "/sys/class/iommu");

	sysfs_free_entries(entries, count);
	return count > 0 ? (unsigned int)count : 0;
}

void readiness_read(struct readiness *r, const char *release)
{
	char line[256];
	uint64_t value;

	memset(r, 0, sizeof(*r));
	if (sysfs_read(line, sizeof(line), "/sys/devices/system/node/online"))
		r->numa_nodes = readiness_count(line);
	r->iommus = count_iommus();
	r->amd = is_amd();
	r->huge_known = read_number(&r->huge_free, HUGE_PAGES "/free_hugepages") &&
			read_number(&r->huge_total, HUGE_PAGES "/nr_hugepages");
	if (read_number(&value, "/proc/sys/kernel/io_uring_disabled"))
		r->uring_disabled = (unsigned int)value;
	r->poll_queues = -1;
	if (read_number(&value, "/sys/module/nvme/parameters/poll_queues"))
		r->poll_queues = (int)value;
	r->fs_dax = readiness_kernel_option(release, "CONFIG_FS_DAX");
	r->vfio_pci = readiness_module(release, "vfio-pci");
}

static bool is_member(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int n = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < n; i++) {
		if (groups[i] == group)
			return true;
	}
	return getegid() == group;
}

bool readiness_group(const char *path, struct device_group *group)
{
	struct group entry, *found = NULL;
	char place[PATH_MAX], strings[4096];
	struct stat st;

	sysfs_path(place, sizeof(place), "%s", path);
	if (stat(place, &st) != 0 || !(st.st_mode & (S_IRGRP | S_IWGRP)))
		return false;
	if (getgrgid_r(st.st_gid, &entry, strings, sizeof(strings), &found) == 0 && found)
		snprintf(group->name, sizeof(group->name), "%s", found->gr_name);
	else
		snprintf(group->name, sizeof(group->name), "%u", (unsigned int)st.st_gid);
	group->member = is_member(st.st_gid);
	return true;
}
