// SPDX-License-Identifier: MIT
#include "core/environment.h"

#include <gnu/libc-version.h>
#include <limits.h>
#include <numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/sysfs.h"
#include "core/warnings.h"
#include "version.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void set(json_t *json, const char *key, const char *value)
{
	json_object_set_new(json, key, value ? json_string(value) : json_null());
}

static void set_line(json_t *json, const char *key, const char *path)
{
	char line[4096];

	set(json, key, sysfs_read(line, sizeof(line), "%s", path) ? line : NULL);
}

/* One value of /proc/cpuinfo or /proc/meminfo. */
static void set_field(json_t *json, const char *key, const char *path, const char *field)
{
	char line[4096], place[PATH_MAX];
	size_t n = strlen(field);
	FILE *f;

	sysfs_path(place, sizeof(place), "%s", path);
	f = fopen(place, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char *value = strchr(line, ':');

		if (strncmp(line, field, n) != 0 || !value)
			continue;
		value++;
		value += strspn(value, " \t");
		value[strcspn(value, "\n")] = '\0';
		set(json, key, value);
		break;
	}
	if (f)
		fclose(f);
}

static json_t *mitigations(void)
{
	static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
	json_t *json = json_object();
	struct dirent **entries;
	int count = sysfs_entries(&entries, NULL, folder);

	for (int i = 0; i < count; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		set_line(json, entries[i]->d_name, path);
	}
	sysfs_free_entries(entries, count);
	return json;
}

static json_t *idle_states(void)
{
	json_t *json = json_array();

	for (unsigned int i = 0; i < 16; i++) {
		char line[64];

		if (!sysfs_read(line, sizeof(line),
				"/sys/devices/system/cpu/cpu0/cpuidle/state%u/name", i))
			break;
		json_array_append_new(json, json_string(line));
	}
	return json;
}

static json_t *numa_nodes(void)
{
	json_t *json = json_array();

	if (numa_available() < 0)
		return json;
	for (int node = 0; node <= numa_max_node(); node++) {
		long long size = numa_node_size64(node, NULL);

		if (size >= 0)
			json_array_append_new(json, json_pack("{s:i,s:I}", "node", node,
							      "memory_bytes", (json_int_t)size));
	}
	return json;
}

static json_t *versions(void)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "bypass", BYPASS_VERSION, "compiler", COMPILER,
			 "libc", gnu_get_libc_version(), "jansson", jansson_version_str());
}

enum run_clock environment_clock(void)
{
	const char *clock = getenv("BYPASS_CLOCK");

	return clock && strcmp(clock, "instructions") == 0 ? RUN_CLOCK_INSTRUCTIONS : RUN_CLOCK_NS;
}

static bool hypervisor(void)
{
	char line[8192], path[PATH_MAX];
	bool found = false;
	FILE *f;

	sysfs_path(path, sizeof(path), "/proc/cpuinfo");
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor");
	if (f)
		fclose(f);
	return found;
}

/* intel_pstate has a switch of its own; other drivers share one. */
static void record_turbo(json_t *json)
{
	static const char *const files[] = {"/sys/devices/system/cpu/intel_pstate/no_turbo",
					    "/sys/devices/system/cpu/cpufreq/boost"};
	char line[16];

	for (unsigned int i = 0; i < 2; i++) {
		if (!sysfs_read(line, sizeof(line), "%s", files[i]))
			continue;
		set(json, "turbo", (line[0] == '1') == (i == 1) ? "on" : "off");
		set(json, "turbo_file", files[i]);
		return;
	}
	set(json, "turbo", NULL);
}

/* What else ran in the last minute, before this run began to. */
static void record_load(json_t *json)
{
	char line[64];

	if (!sysfs_read(line, sizeof(line), "/proc/loadavg"))
		line[0] = '\0';
	line[strcspn(line, " ")] = '\0';
	set(json, "load_average", line[0] ? line : NULL);
}

static void record_smt(json_t *json)
{
	char line[16];

	set_line(json, "smt", "/sys/devices/system/cpu/smt/control");
	if (sysfs_read(line, sizeof(line), "/sys/devices/system/cpu/smt/active"))
		json_object_set_new(json, "smt_active", json_boolean(line[0] == '1'));
}

void environment_record(struct run *run)
{
	json_t *json = run->environment;
	struct utsname u;

	if (uname(&u) == 0) {
		set(json, "kernel", u.release);
		set(json, "kernel_build", u.version);
		set(json, "architecture", u.machine);
	}
	set_line(json, "cmdline", "/proc/cmdline");
	set_field(json, "cpu", "/proc/cpuinfo", "model name");
	set_field(json, "microcode", "/proc/cpuinfo", "microcode");
	json_object_set_new(json, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	record_smt(json);
	set_line(json, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
	record_turbo(json);
	record_load(json);
	json_object_set_new(json, "cstates", idle_states());
	set_line(json, "thp", "/sys/kernel/mm/transparent_hugepage/enabled");
	set_line(json, "clocksource",
		 "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	json_object_set_new(json, "tsc_invariant", json_boolean(clock_tsc_invariant()));
	json_object_set_new(json, "hypervisor", json_boolean(hypervisor()));
	set_field(json, "memory", "/proc/meminfo", "MemTotal");
	json_object_set_new(json, "numa", numa_nodes());
	json_object_set_new(json, "mitigations", mitigations());
	json_object_set_new(json, "versions", versions());
	json_object_set_new(json, "testbed", json_boolean(getenv("BYPASS_TESTBED") != NULL));
	set(json, "accelerator", getenv("BYPASS_ACCEL"));
	set(json, "emulated_cpu", getenv("BYPASS_CPU_MODEL"));
	set(json, "qemu", getenv("BYPASS_QEMU_VERSION"));
	warn_about_machine(run);
}
