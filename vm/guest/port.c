// SPDX-License-Identifier: MIT
#include "vm/guest/port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"

static bool port_has_name(const char *device, const char *name)
{
	char path[300], line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), PORTS "/%s/name", device);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(line, sizeof(line), file))
		line[strcspn(line, "\n")] = 0;
	fclose(file);
	return strcmp(line, name) == 0;
}

static int port_find(const char *name)
{
	char path[300];
	struct dirent *entry;
	DIR *directory = opendir(PORTS);
	int fd = -ENOENT;

	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		if (!port_has_name(entry->d_name, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		break;
	}
	closedir(directory);
	return fd;
}

int port_open(const char *name)
{
	int fd = -ENOENT;

	for (int tries = 0; tries < 1000; tries++) {
		fd = port_find(name);
		if (fd >= 0)
			return fd;
		usleep(10 * 1000);
	}
	return fd;
}
