// SPDX-License-Identifier: MIT
/* Builds a kernel module with the student's regions in it. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/attempt.h"
#include "engine/seal.h"

const char *module_of(const struct lab *lab)
{
	if (lab->link == LINK_PATHFS)
		return "pathfs";
	return lab->link == LINK_MINIPMEM ? "minipmem" : NULL;
}

bool is_of_module(const struct attempt *a, const char *name)
{
	const char *module = module_of(a->lab);
	char folder[64];

	if (!module)
		return false;
	snprintf(folder, sizeof(folder), "kmod/%s/", module);
	return strncmp(name, folder, strlen(folder)) == 0 && !strchr(name + strlen(folder), '/');
}

/* Unless it is there already: kbuild goes by the time of the last change. */
static int write_changed(const char *text, const char *to, struct error *e)
{
	char *there = NULL;
	struct error none;
	int ret = 0;

	if (read_text(to, &there, &none) || strcmp(text, there) != 0)
		ret = write_text(to, text, e);
	free(there);
	return ret;
}

/*
 * kbuild writes beside its sources. All checks of a lab are built in one folder, so that only what
 * differs from the check before is compiled again.
 */
static int fill_kbuild(const struct attempt *a, const char *folder, struct error *e)
{
	char pattern[1200], to[1300];
	glob_t found;
	int ret = 0;

	snprintf(pattern, sizeof(pattern), "%s/kmod/%s/*", a->labs->root, module_of(a->lab));
	if (glob(pattern, 0, NULL, &found))
		return error_set(e, -ENOENT, "there are no sources in %s", pattern);
	for (size_t i = 0; i < found.gl_pathc && !ret; i++) {
		const char *from = found.gl_pathv[i];
		char name[300], *text = NULL;
		struct stat status;

		if (stat(from, &status) || !S_ISREG(status.st_mode))
			continue;
		for (size_t j = 0; j < a->replaced.n; j++) {
			if (is_of_module(a, a->replaced.items[j]) &&
			    strcmp(file_name(a->replaced.items[j]), file_name(from)) == 0)
				ret = read_text(a->spliced.items[j], &text, e);
		}
		snprintf(name, sizeof(name), "kmod/%s/%s", module_of(a->lab), file_name(from));
		snprintf(to, sizeof(to), "%s/%s", folder, file_name(from));
		if (!ret && !text)
			ret = reference_text(a->labs, name, &text, e);
		if (!ret)
			ret = write_changed(text, to, e);
		free(text);
	}
	globfree(&found);
	return ret;
}

enum outcome build_module(const struct attempt *a)
{
	const char *module = module_of(a->lab);
	struct words command = {NULL, 0};
	char folder[800], built[900], to[1000];
	struct attempt here = *a;
	struct error e;

	here.sandboxed = false;

	if (a->kbuild)
		snprintf(folder, sizeof(folder), "%s", a->kbuild);
	else
		snprintf(folder, sizeof(folder), "%.500s/build/labs/%s/kbuild", a->labs->root,
			 a->lab->name);
	snprintf(built, sizeof(built), "%s/%s.ko", folder, module);
	snprintf(to, sizeof(to), "%s/%s.ko", a->folder, module);
	if (make_folders(built, &e) || fill_kbuild(a, folder, &e)) {
		say(a, "broken: %s", e.text);
		return OUTCOME_BROKEN;
	}
	if (a->sandboxed)
		give_away(folder);
	unlink(built);
	words_add(&command, "make");
	words_add(&command, "-s");
	words_add(&command, "-j2");
	words_add(&command, "-C");
	words_add(&command, "%s/build/kmod/headers-6.1/build", a->labs->root);
	words_add(&command, "M=%s", folder);
	words_add(&command, "CONFIG_DEBUG_INFO_BTF_MODULES=");
	words_add(&command, "KCFLAGS=-Wno-unused-variable -Wno-unused-function");
	words_add(&command, "modules");
	if (!command_succeeds(a, &command))
		return OUTCOME_BUILD;
	words_add(&command, "cp");
	words_add(&command, "-P");
	words_add(&command, "%s", built);
	words_add(&command, "%s", to);
	return command_succeeds(&here, &command) ? OUTCOME_PASSED : OUTCOME_BROKEN;
}
