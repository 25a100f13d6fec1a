// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/results.h"
#include "fio/engine.h"
#include "paths/path.h"
#include "report/format.h"

static void say_path(const struct path_ops *ops)
{
	printf("%-18s ", ops->name);
	format_wrap(stdout, 19, 21, ops->description);
}

static int list_paths(void)
{
	for (unsigned int i = 0; path_table[i]; i++)
		say_path(path_table[i]);
	for (size_t i = 0; fio_path(i); i++)
		say_path(fio_path(i));
	return EXIT_GOOD;
}

static int list_targets(void)
{
	fputs("file:DIR            a file of our own in that folder, removed at the end\n"
	      "file:PATH           a file that exists, which is only read\n"
	      "testbed:pmem-dax/FS persistent memory with DAX, FS is xfs, ext4 or pathfs\n"
	      "testbed:pmem/FS     the same medium and file system without DAX\n"
	      "testbed:nvme/FS     an NVMe disk\n"
	      "testbed:disk        an NVMe disk without a file system, by either driver\n"
	      "block:/dev/NAME     a disk of this machine, by the kernel's driver\n"
	      "pci:ADDRESS         an NVMe disk bound to vfio-pci, by our driver\n"
	      "nvme:SERIAL         an NVMe disk, by whichever driver it is bound to\n"
	      "soft:latency=10us   an NVMe controller modelled in this process, by our driver\n"
	      "\n"
	      "Disks are only read, unless --allow-writes=SERIAL names one that is empty.\n"
	      "testbed: targets exist in the virtual machine: bypass run SUITE --testbed\n",
	      stdout);
	return EXIT_GOOD;
}

static int is_suite(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".ini") == 0;
}

static void say_suite(const struct suite *suite)
{
	char budget[FORMAT_MAX];

	printf("%s (%zu cells", suite->name, suite->ncells);
	if (suite->budget_ns) {
		format_duration(budget, sizeof(budget), suite->budget_ns / 1000000000);
		printf(", at most %s", budget);
	}
	printf(")\n  ");
	format_wrap(stdout, 2, 2, suite->question);
}

static int list_suites(void)
{
	char root[512], folder[600];
	struct dirent **entries;
	struct error e;
	int n, status = EXIT_GOOD;

	if (results_project_root(root, sizeof(root), &e))
		return cli_fail(EXIT_FAILED, &e);
	snprintf(folder, sizeof(folder), "%s/bench/suites", root);
	n = scandir(folder, &entries, is_suite, alphasort);
	for (int i = 0; i < n; i++) {
		struct suite *suite = NULL;

		*strrchr(entries[i]->d_name, '.') = '\0';
		if (suite_load(&suite, folder, entries[i]->d_name, &e))
			status = cli_fail(EXIT_FAILED, &e);
		else
			say_suite(suite);
		suite_free(suite);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return status;
}

int cmd_list(int argc, char **argv)
{
	const char *what = argv[1];
	struct error e;

	if (argc != 2) {
		error_set(&e, 0, "list shows one thing; do: bypass list paths|suites|targets");
		return cli_fail(EXIT_USAGE, &e);
	}
	if (strcmp(what, "paths") == 0)
		return list_paths();
	if (strcmp(what, "suites") == 0)
		return list_suites();
	if (strcmp(what, "targets") == 0)
		return list_targets();
	if (strcmp(what, "--help") == 0) {
		puts("bypass list paths|suites|targets");
		return EXIT_GOOD;
	}
	error_set(&e, 0, "nothing to list under '%s'; give paths, suites or targets", what);
	return cli_fail(EXIT_USAGE, &e);
}
