// SPDX-License-Identifier: MIT
#include "report/call_graph.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/results.h"

/* Of `make call-graphs`: the longest has 3.3 KB. */
#define GRAPH_SIZE_MAX 65536

/*
 * The operation in the words of the file's name, or NULL. They were recorded for 4 KiB, of files
 * whose blocks are allocated, without a flush; a mapping's read fault is that of 4 KiB.
 */
static const char *operation_of(const struct workload *w)
{
	bool reads = w->rw == RW_READ || w->rw == RW_RANDREAD;
	bool writes = w->rw == RW_WRITE || w->rw == RW_RANDWRITE;
	bool volatile_write = writes && w->durability == DURABILITY_NONE;

	if (strcmp(w->path, "dax") == 0)
		return reads ? "dax-read" : volatile_write ? "dax-write" : NULL;
	if (strcmp(w->path, "direct") == 0)
		return reads ? "direct-read" : NULL;
	if (strcmp(w->path, "buffered") == 0)
		return volatile_write ? "buffered-write" : NULL;
	if (strcmp(w->path, "mmap-dax") != 0 || w->populate)
		return NULL;
	if (w->hugepage)
		return volatile_write && !w->sync ? "dax-fault-2m" : NULL;
	if (w->sync)
		return writes ? "dax-fault-map-sync" : NULL;
	return reads ? "dax-fault-4k" : NULL;
}

bool call_graph_name(const struct run *run, const struct cell *cell, char name[CALL_GRAPH_NAME_MAX])
{
	const char *kernel = json_string_value(json_object_get(run->environment, "kernel"));
	const json_t *target = json_object_get(run->targets, cell->workload.target), *device;
	const char *fs = json_string_value(json_object_get(target, "fs")), *disk;
	const char *operation = operation_of(&cell->workload);
	unsigned int major, minor;

	device = json_object_get(target, "device");
	disk = json_string_value(json_object_get(device, "name"));
	if (!kernel || !fs || !disk || !operation)
		return false;
	if (strncmp(disk, "pmem", 4) != 0 || (strcmp(fs, "xfs") && strcmp(fs, "pathfs")))
		return false;
	if (sscanf(kernel, "%u.%u", &major, &minor) != 2) // NOLINT(cert-err34-c)
		return false;
	snprintf(name, CALL_GRAPH_NAME_MAX, "%u.%u/%s-%s", major, minor, fs, operation);
	return true;
}

static char *read_text(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text;
	size_t n;

	if (!in)
		return NULL;
	text = malloc(GRAPH_SIZE_MAX);
	if (text) {
		n = fread(text, 1, GRAPH_SIZE_MAX - 1, in);
		text[n] = '\0';
	}
	fclose(in);
	return text;
}

char *call_graph_read(const char *name)
{
	/* Of the sources, and of what `make install` made. */
	static const char *const folders[] = {"docs", "../../share/doc/bypass/docs"};
	char root[512], path[PATH_MAX], *text = NULL;
	struct error e;

	if (results_project_root(root, sizeof(root), &e))
		return NULL;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !text; i++) {
		snprintf(path, sizeof(path), "%s/%s/call-graphs/%s.txt", root, folders[i], name);
		text = read_text(path);
	}
	return text;
}
