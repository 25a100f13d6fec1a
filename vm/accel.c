// SPDX-License-Identifier: MIT
#include "vm/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REFUSAL "kvm-refusal" /* the file: boot id, QEMU version, reason, a line each */

static void boot_id(char *id, size_t nbytes)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	snprintf(id, nbytes, "unknown");
	if (!file)
		return;
	if (fgets(id, (int)nbytes, file))
		id[strcspn(id, "\n")] = 0;
	fclose(file);
}

static bool read_line(FILE *file, char *line, size_t nbytes)
{
	if (!fgets(line, (int)nbytes, file))
		return false;
	line[strcspn(line, "\n")] = 0;
	return true;
}

void vm_accel_recall(const char *folder, const char *qemu_version, struct vm_accel_verdict *verdict)
{
	char path[PATH_MAX], id[64], stored_id[64], stored_version[64];
	const int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	FILE *file;

	*verdict = (struct vm_accel_verdict){0};
	if (fd < 0) {
		verdict->hopeless = true;
		snprintf(verdict->reason, sizeof(verdict->reason), "/dev/kvm: %s", strerror(errno));
		return;
	}
	close(fd);
	boot_id(id, sizeof(id));
	snprintf(path, sizeof(path), "%s/" REFUSAL, folder);
	file = fopen(path, "re");
	if (!file)
		return;
	verdict->hopeless = read_line(file, stored_id, sizeof(stored_id)) &&
			    read_line(file, stored_version, sizeof(stored_version)) &&
			    read_line(file, verdict->reason, sizeof(verdict->reason)) &&
			    !strcmp(id, stored_id) && !strcmp(qemu_version, stored_version);
	fclose(file);
}

void vm_accel_remember(const char *folder, const char *qemu_version, const char *reason)
{
	char path[PATH_MAX], temporary[PATH_MAX + 16], id[64];
	FILE *file;

	boot_id(id, sizeof(id));
	snprintf(path, sizeof(path), "%s/" REFUSAL, folder);
	snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid());
	file = fopen(temporary, "we");
	if (!file)
		return; /* then the next run tries again */
	fprintf(file, "%s\n%s\n%s\n", id, qemu_version, reason);
	if (fclose(file) || rename(temporary, path))
		unlink(temporary);
}
