// SPDX-License-Identifier: MIT
#include "core/observe.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sysfs.h"

static void observe_storage(struct observation *o)
{
	char line[128];
	unsigned long long value;
	int seen = 0;
	FILE *f = fopen("/proc/self/io", "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "read_bytes: %llu", &value) == 1) {
			o->storage_read = value;
			seen++;
		} else if (sscanf(line, "write_bytes: %llu", &value) == 1) {
			o->storage_written = value;
			seen++;
		}
	}
	fclose(f);
	o->storage_known = seen == 2;
}

/*
 * Time that the CPUs slept, to the nanosecond, as /proc/timer_list shows it (root only): the kernel
 * keeps the part in which somebody waited for I/O apart (update_ts_time_stats). /proc/stat has the
 * same in hundredths of a second, which is no use here.
 */
static void observe_idle(struct observation *o)
{
	char line[256];
	unsigned long long value;
	FILE *f = fopen("/proc/timer_list", "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " .idle_sleeptime : %llu", &value) != 1 &&
		    sscanf(line, " .iowait_sleeptime : %llu", &value) != 1)
			continue;
		o->idle += value;
		o->idle_known = true;
	}
	fclose(f);
}

static void observe_usage(struct observation *o)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	o->faults_minor = (uint64_t)usage.ru_minflt;
	o->faults_major = (uint64_t)usage.ru_majflt;
	o->voluntary_switches = (uint64_t)usage.ru_nvcsw;
	o->involuntary_switches = (uint64_t)usage.ru_nivcsw;
}

void observe(const struct device *device, bool before, struct observation *o)
{
	memset(o, 0, sizeof(*o));
	/* What says least of the pass is read farthest from it. */
	if (before)
		machine_counters_read(o->machine);
	/* Opening and reading files takes faults of its own: they stay outside the two readings. */
	if (!before)
		observe_usage(o);
	observe_storage(o);
	device_read_counters(device, &o->device);
	o->interrupts_known = device_read_interrupts(device, &o->interrupts);
	if (device->pci[0])
		sysfs_read_link(o->pci_driver, sizeof(o->pci_driver),
				"/sys/bus/pci/devices/%s/driver", device->pci);
	observe_idle(o);
	if (before)
		observe_usage(o);
	else
		machine_counters_read(o->machine);
}

struct observation observation_delta(const struct observation *before,
				     const struct observation *after)
{
	struct observation d = *after;

	d.faults_minor -= before->faults_minor;
	d.faults_major -= before->faults_major;
	d.voluntary_switches -= before->voluntary_switches;
	d.involuntary_switches -= before->involuntary_switches;
	d.storage_known = before->storage_known && after->storage_known;
	d.storage_read -= before->storage_read;
	d.storage_written -= before->storage_written;
	d.device.known = before->device.known && after->device.known;
	d.device.read_ios -= before->device.read_ios;
	d.device.read_bytes -= before->device.read_bytes;
	d.device.write_ios -= before->device.write_ios;
	d.device.write_bytes -= before->device.write_bytes;
	d.device.flush_ios -= before->device.flush_ios;
	d.interrupts_known = before->interrupts_known && after->interrupts_known;
	d.interrupts -= before->interrupts;
	d.idle_known = before->idle_known && after->idle_known;
	d.idle -= before->idle;
	for (unsigned int i = 0; i < NMACHINE_COUNTERS; i++) {
		d.machine[i].known = before->machine[i].known && after->machine[i].known;
		d.machine[i].value -= before->machine[i].value;
	}
	return d;
}

static bool tracepoint_id(const char *name, uint64_t *id)
{
	static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	const char *colon = strchr(name, ':');
	char path[256], line[32];

	if (!colon)
		return false;
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/events/%.*s/%s/id", roots[i], (int)(colon - name),
			 name, colon + 1);
		if (read_line(path, line, sizeof(line))) {
			*id = strtoull(line, NULL, 10);
			return true;
		}
	}
	return false;
}

/* Of thread @tid, 0: the caller. */
static int open_event(const struct perf_event_attr *attr, pid_t tid, const char *filter,
		      const char **why_not)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0) {
		*why_not = "perf_event_open is not permitted (root, or perf_event_paranoid=-1)";
		return -errno;
	}
	if (filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter) != 0) {
		close(fd);
		*why_not = "the event's fields can't be filtered";
		return -EOPNOTSUPP;
	}
	return fd;
}

static int open_others(struct tracepoint *t, const struct perf_event_attr *attr, const char *filter)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;
	int fd = 0;

	while (tasks && (task = readdir(tasks)) != NULL) {
		pid_t tid = atoi(task->d_name);

		if (tid == 0 || tid == gettid())
			continue;
		if (t->nothers == TRACED_THREADS_MAX) {
			t->why_not = "this process has too many threads to trace";
			fd = -E2BIG;
			break;
		}
		fd = open_event(attr, tid, filter, &t->why_not);
		if (fd < 0 && fd != -ESRCH)
			break;
		if (fd >= 0) /* else it has ended meanwhile */
			t->others[t->nothers++] = fd;
		fd = 0;
	}
	if (tasks)
		closedir(tasks);
	return fd;
}

void tracepoint_open(struct tracepoint *t, const char *name, const char *filter)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.disabled = 1,
		.inherit = 1,
		.sample_period = 1,
	};
	uint64_t id;

	memset(t, 0, sizeof(*t));
	t->fd = -1;
	if (!tracepoint_id(name, &id)) {
		t->why_not = geteuid() == 0 ? "tracefs has no such event"
					    : "tracing needs root (tracefs)";
		return;
	}
	attr.config = id;
	t->fd = open_event(&attr, 0, filter, &t->why_not);
	if (t->fd >= 0 && strncmp(name, "block:", 6) == 0 && open_others(t, &attr, filter) != 0)
		tracepoint_close(t);
	if (t->fd < 0)
		t->fd = -1;
}

void tracepoint_close(struct tracepoint *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	while (t->nothers)
		close(t->others[--t->nothers]);
}

static void start_event(int fd)
{
	ioctl(fd, PERF_EVENT_IOC_RESET, 0);
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
}

static uint64_t stop_event(int fd)
{
	uint64_t count = 0;

	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

void tracepoint_start(const struct tracepoint *t)
{
	if (t->fd < 0)
		return;
	for (unsigned int i = 0; i < t->nothers; i++)
		start_event(t->others[i]);
	start_event(t->fd);
}

uint64_t tracepoint_stop(const struct tracepoint *t)
{
	uint64_t count;

	if (t->fd < 0)
		return 0;
	count = stop_event(t->fd);
	for (unsigned int i = 0; i < t->nothers; i++)
		count += stop_event(t->others[i]);
	return count;
}
