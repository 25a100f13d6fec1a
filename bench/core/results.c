// SPDX-License-Identifier: MIT
#include "core/results.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int results_project_root(char *root, size_t size, struct error *e)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return error_set(e, -errno,
				 "can't find where bypass is: /proc/self/exe: %s; mount /proc",
				 strerror(errno));
	path[n] = '\0';
	/* ROOT/build/bypass, ROOT/build/asan/bypass, ... */
	for (char *slash = strrchr(path, '/'); slash && slash != path; slash = strrchr(path, '/')) {
		char suites[PATH_MAX + 16];

		*slash = '\0';
		snprintf(suites, sizeof(suites), "%s/bench/suites", path);
		if (access(suites, R_OK) == 0 && strlen(path) < size) {
			strcpy(root, path);
			return 0;
		}
	}
	return error_set(e, -ENOENT,
			 "can't find bench/suites above the program; run bypass from its "
			 "build tree, or install it with make install");
}

bool results_installed(const char *root)
{
	char marker[PATH_MAX];

	snprintf(marker, sizeof(marker), "%s/INSTALLED", root);
	return access(marker, F_OK) == 0;
}

/* root may write anywhere, so the marker of `make install` is asked first. */
static bool kept_in_project(const char *root)
{
	char results[PATH_MAX];

	if (results_installed(root))
		return false;
	snprintf(results, sizeof(results), "%s/results", root);
	return euidaccess(access(results, F_OK) == 0 ? results : root, W_OK) == 0;
}

void results_default(const char *root, char *results, size_t size)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (kept_in_project(root))
		snprintf(results, size, "%s/results", root);
	else if (data && data[0] == '/')
		snprintf(results, size, "%s/bypass/results", data);
	else if (home && home[0] == '/')
		snprintf(results, size, "%s/.local/share/bypass/results", home);
	else /* It can't be written, and whoever tries is told how to name another. */
		snprintf(results, size, "%s/results", root);
}

/* Makes @folder and those above it; what can't be made shows when @folder is used. */
static void make_folders(const char *folder)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", folder);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
}

int results_new(const char *results, char *folder, size_t size, struct error *e)
{
	unsigned long newest = 0;
	struct dirent *entry;
	DIR *dir;

	make_folders(results);
	if (mkdir(results, 0777) != 0 && errno != EEXIST)
		return error_set(e, -errno,
				 "can't make the results folder %s: %s; give another with "
				 "--results=DIR",
				 results, strerror(errno));
	dir = opendir(results);
	if (!dir)
		return error_set(e, -errno,
				 "can't read the results folder %s: %s; give another with "
				 "--results=DIR",
				 results, strerror(errno));
	while ((entry = readdir(dir))) {
		char *end;
		unsigned long n = strtoul(entry->d_name, &end, 10);

		if (!*end && n > newest && n < 1000000)
			newest = n;
	}
	closedir(dir);
	/* mkdir decides: two runs at once get two folders. */
	for (unsigned long n = newest + 1; n < newest + 1000; n++) {
		snprintf(folder, size, "%s/%04lu", results, n);
		if (mkdir(folder, 0777) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return error_set(e, -errno,
			 "can't write to the results folder %s: %s; give another with "
			 "--results=DIR",
			 results, strerror(errno));
}

void results_set_last(const char *results, const char *folder)
{
	const char *name = strrchr(folder, '/');
	char link[PATH_MAX], temporary[PATH_MAX];

	snprintf(link, sizeof(link), "%s/last", results);
	snprintf(temporary, sizeof(temporary), "%s/.last-%d", results, (int)getpid());
	if (symlink(name ? name + 1 : folder, temporary) == 0 && rename(temporary, link) != 0)
		unlink(temporary);
}

int results_find(const char *results, const char *name, char *path, size_t size, struct error *e)
{
	bool number = *name && strspn(name, "0123456789") == strlen(name);
	struct stat st;

	snprintf(path, size, "%s/%s/run.json", results, name);
	if (strcmp(name, "@last") == 0)
		snprintf(path, size, "%s/last/run.json", results);
	else if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(path, size, "%s/run.json", name);
	else if (!number && stat(path, &st) != 0)
		snprintf(path, size, "%s", name);
	if (stat(path, &st) == 0)
		return 0;
	return error_set(e, -errno,
			 "no run '%s' (%s: %s); give a folder of results/, its run.json or "
			 "@last",
			 name, path, strerror(errno));
}
