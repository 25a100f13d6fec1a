// SPDX-License-Identifier: MIT
#include "core/environment.h"

#include <dirent.h>
#include <gnu/libc-version.h>
#include <numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/device.h"
#include "version.h"

static void set(json_t *json, const char *key, const char *value)
{
	json_object_set_new(json, key, value ? json_string(value) : json_null());
}

static void set_line(json_t *json, const char *key, const char *path)
{
	char line[4096];

	set(json, key, read_line(path, line, sizeof(line)) ? line : NULL);
}

/* One value of /proc/cpuinfo or /proc/meminfo. */
static void set_field(json_t *json, const char *key, const char *path, const char *field)
{
	char line[4096];
	size_t n = strlen(field);
	FILE *f = fopen(path, "re");

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
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		set_line(json, entry->d_name, path);
	}
	if (dir)
		closedir(dir);
	return json;
}

static json_t *idle_states(void)
{
	json_t *json = json_array();

	for (unsigned int i = 0; i < 16; i++) {
		char path[128], line[64];

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cpuidle/state%u/name",
			 i);
		if (!read_line(path, line, sizeof(line)))
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
	return json_pack("{s:s,s:s,s:s}", "bypass", BYPASS_VERSION, "libc", gnu_get_libc_version(),
			 "jansson", jansson_version_str());
}

enum run_clock environment_clock(void)
{
	const char *clock = getenv("BYPASS_CLOCK");

	return clock && strcmp(clock, "instructions") == 0 ? RUN_CLOCK_INSTRUCTIONS : RUN_CLOCK_NS;
}

static bool hypervisor(void)
{
	char line[8192];
	bool found = false;
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor");
	if (f)
		fclose(f);
	return found;
}

static void warn(struct run *run, json_t *json)
{
	const char *accelerator = getenv("BYPASS_ACCEL");
	const char *governor = json_string_value(json_object_get(json, "governor"));
	double load[1];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (run->clock == RUN_CLOCK_INSTRUCTIONS)
		return; /* a count doesn't depend on any of these */
	if (accelerator && strcmp(accelerator, "tcg") == 0)
		run_warn(run, "emulated", "--clock=instructions counts instead",
			 "emulated CPU: its time is not time; nothing here is ranked");
	else if (hypervisor())
		run_warn(run, "virtual", "compare within this run only, or use hardware",
			 "a virtual machine: others share its CPUs and its disks");
	if (governor && strcmp(governor, "performance") != 0)
		run_warn(run, "governor", "cpupower frequency-set -g performance", "governor=%s",
			 governor);
	if (getloadavg(load, 1) == 1 && load[0] > 0.5 * (double)cpus)
		run_warn(run, "load", "wait until the machine is idle",
			 "other work is running: load %.1f on %ld CPUs", load[0], cpus);
	if (run->runs < 6)
		run_warn(run, "few-runs", "--runs=9",
			 "%u run%s no 95%% interval; the whole range is shown", run->runs,
			 run->runs == 1 ? " gives" : "s give");
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
	set_line(json, "smt", "/sys/devices/system/cpu/smt/control");
	set_line(json, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
	json_object_set_new(json, "cstates", idle_states());
	set_line(json, "thp", "/sys/kernel/mm/transparent_hugepage/enabled");
	set_line(json, "clocksource",
		 "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	json_object_set_new(json, "tsc_invariant", json_boolean(clock_tsc_invariant()));
	set_field(json, "memory", "/proc/meminfo", "MemTotal");
	json_object_set_new(json, "numa", numa_nodes());
	json_object_set_new(json, "mitigations", mitigations());
	json_object_set_new(json, "versions", versions());
	json_object_set_new(json, "testbed", json_boolean(getenv("BYPASS_TESTBED") != NULL));
	set(json, "accelerator", getenv("BYPASS_ACCEL"));
	set(json, "emulated_cpu", getenv("BYPASS_CPU_MODEL"));
	set(json, "qemu", getenv("BYPASS_QEMU_VERSION"));
	warn(run, json);
}
