// SPDX-License-Identifier: MIT
/* Builds one check, with the student's regions in the reference. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/attempt.h"
#include "engine/seal.h"

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

/* The student's lines for the regions @ids of a file, in the reference. */
static int splice(const struct attempt *a, const struct marked *reference, const char *const *ids,
		  size_t nids, char **spliced, struct error *e)
{
	struct marked student = {.count = 0};
	char path[1300];
	char *text = NULL;
	int ret;

	if (!nids) {
		if (asprintf(spliced, "#line 1 \"%s\"\n%s", reference->name, reference->source) < 0)
			memory_exhausted();
		return 0;
	}
	snprintf(path, sizeof(path), "%s/%s", a->work, file_name(reference->name));
	ret = read_text(path, &text, e);
	if (ret)
		return ret;
	/* As people type it. */
	snprintf(path, sizeof(path), "labs/work/%s/%s", a->lab->name, file_name(reference->name));
	ret = marked_parse(&student, path, text, e);
	free(text);
	if (!ret)
		ret = marked_splice(reference, &student, ids, nids, spliced, e);
	marked_free(&student);
	return ret;
}

static int put(struct attempt *a, const char *name, const char *text, struct error *e)
{
	words_add(&a->replaced, "%s", name);
	words_add(&a->spliced, "%s/%s", a->folder, file_name(name));
	return write_text(a->spliced.items[a->spliced.n - 1], text, e);
}

/*
 * One file of the lab goes into the check's folder if the check has regions in it, or with @always;
 * *@own says whether it had.
 */
static int place_file(struct attempt *a, const char *name, bool always, bool *own, struct error *e)
{
	const char *ids[LAB_REGIONS_MAX];
	struct marked reference = {.count = 0};
	char *text = NULL;
	size_t nids = 0;
	int ret = reference_text(a->labs, name, &text, e);

	if (!ret)
		ret = marked_parse(&reference, name, text, e);
	free(text);
	for (size_t i = 0; i < a->check->nregions && !ret; i++) {
		if (marked_find(&reference, a->check->regions[i]))
			ids[nids++] = a->check->regions[i];
	}
	*own = nids > 0;
	if (!ret && (nids || always)) {
		ret = splice(a, &reference, ids, nids, &text, e);
		if (!ret) {
			ret = put(a, name, text, e);
			free(text);
		}
	}
	marked_free(&reference);
	return ret;
}

/*
 * Headers first: if the student's regions are in one, all files of the lab are built with it. What
 * stands in labs/ has no object among the reference's, so it always comes along.
 */
static int place_files(struct attempt *a, struct error *e)
{
	const struct lab *lab = a->lab;
	bool header = false, own;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < lab->nfiles; i++) {
			const char *name = lab->files[i];
			bool in_labs = strncmp(name, "labs/", 5) == 0;
			int ret;

			if (ends_with(name, ".h") != (pass == 0))
				continue;
			ret = place_file(a, name, header || in_labs, &own, e);
			if (ret)
				return ret;
			header = header || (pass == 0 && own);
		}
	}
	return 0;
}

static bool is_of_program(const struct attempt *a, size_t i)
{
	return ends_with(a->replaced.items[i], ".c") && !is_of_module(a, a->replaced.items[i]);
}

/* Beside a module the program is the check's own, and slow enough in an emulated guest. */
static bool is_sanitized(const struct attempt *a)
{
	return !module_of(a->lab);
}

static void compiler(const struct attempt *a, struct words *command)
{
	static const char *const sanitizers[] = {"-fsanitize=address,undefined",
						 "-fno-sanitize-recover=all"};
	/* What a region that isn't written yet would use is unused, and not worth a word. */
	static const char *const options[] = {"gcc",
					      "-std=gnu11",
					      "-D_GNU_SOURCE",
					      "-g",
					      "-O1",
					      "-Wall",
					      "-Wextra",
					      "-Wno-unused-parameter",
					      "-Wno-unused-variable",
					      "-Wno-unused-but-set-variable",
					      "-Wno-unused-function",
					      "-fdiagnostics-color=never"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		words_add(command, "%s", options[i]);
	for (size_t i = 0; is_sanitized(a) && i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++)
		words_add(command, "%s", sanitizers[i]);
	/* A header with the student's regions is found before the reference's. */
	words_add(command, "-iquote%s", a->folder);
	words_add(command, "-I%s", a->labs->root);
	words_add(command, "-I%s/bench", a->labs->root);
	words_add(command, "-I%s/labs", a->labs->root);
	words_add(command, "-I%s/userdrv/include", a->labs->root);
}

/* @include: the folder that the source's own headers are in. */
static bool compile(const struct attempt *a, const char *source, const char *include,
		    const char *object)
{
	struct words command = {NULL, 0};

	compiler(a, &command);
	if (a->lab->record)
		words_add(&command, "-DUD_RECORD");
	words_add(&command, "-iquote%s", include);
	words_add(&command, "-iquote%s", a->lab->folder);
	words_add(&command, "-iquote%s/reference", a->lab->folder);
	words_add(&command, "-c");
	words_add(&command, "-o");
	words_add(&command, "%s", object);
	words_add(&command, "%s", source);
	return command_succeeds(a, &command);
}

static bool is_replaced(const struct attempt *a, const char *object)
{
	const char *reference = strstr(object, "/asan/") + strlen("/asan/");

	for (size_t i = 0; i < a->replaced.n; i++) {
		const char *name = a->replaced.items[i];

		if (strncmp(name, reference, strlen(name) - 1) == 0 &&
		    strcmp(reference + strlen(name) - 1, "o") == 0)
			return true;
	}
	return false;
}

/* The reference's objects, as `make labs` made them, but those that the student's replace. */
static bool add_objects(const struct attempt *a, struct words *command)
{
	static const char *const userdrv[] = {"userdrv/src", "userdrv/soft", NULL};
	static const char *const bench[] = {
		"bench/core",  "bench/paths",  "bench/fio", "bench/report",
		"userdrv/src", "userdrv/soft", NULL};
	const char *const *folders = a->lab->link == LINK_BENCH ? bench : userdrv;
	bool any = a->lab->link != LINK_USERDRV && a->lab->link != LINK_BENCH;

	for (; (a->lab->link == LINK_USERDRV || a->lab->link == LINK_BENCH) && *folders;
	     folders++) {
		char pattern[1200];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s/build/asan/%s/*.o", a->labs->root, *folders);
		if (glob(pattern, 0, NULL, &found))
			continue;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			if (!is_replaced(a, found.gl_pathv[i]))
				words_add(command, "%s", found.gl_pathv[i]);
			any = true;
		}
		globfree(&found);
	}
	return any;
}

static enum outcome link_program(const struct attempt *a)
{
	static const char *const libraries[] = {"-ljansson", "-linih", "-lnuma",
						"-luring",   "-laio",  "-lblkid",
						"-lelf",     "-lm",    "-lpthread"};
	struct words command = {NULL, 0};
	char runtime[700];

	snprintf(runtime, sizeof(runtime), "%s/build/labs/engine/check%s.o", a->labs->root,
		 is_sanitized(a) ? "" : "-plain");
	words_add(&command, "gcc");
	if (is_sanitized(a))
		words_add(&command, "-fsanitize=address,undefined");
	words_add(&command, "-o");
	words_add(&command, "%s/check", a->folder);
	words_add(&command, "%s/check.o", a->folder);
	words_add(&command, "%s", runtime);
	for (size_t i = 0; i < a->spliced.n; i++) {
		if (is_of_program(a, i))
			words_add(&command, "%s.o", a->spliced.items[i]);
	}
	if (access(runtime, R_OK) || !add_objects(a, &command)) {
		words_free(&command);
		say(a, "broken: the reference isn't built; do: make labs");
		return OUTCOME_BROKEN;
	}
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		words_add(&command, "%s", libraries[i]);
	return command_succeeds(a, &command) ? OUTCOME_PASSED : OUTCOME_BUILD;
}

static enum outcome build_program(const struct attempt *a)
{
	char source[1300], object[1300], include[1300];

	for (size_t i = 0; i < a->spliced.n; i++) {
		if (!is_of_program(a, i))
			continue;
		snprintf(include, sizeof(include), "%s/%s", a->labs->root, a->replaced.items[i]);
		*strrchr(include, '/') = '\0';
		snprintf(object, sizeof(object), "%s.o", a->spliced.items[i]);
		if (!compile(a, a->spliced.items[i], include, object))
			return OUTCOME_BUILD;
	}
	snprintf(source, sizeof(source), "%s/check.c", a->lab->folder);
	snprintf(object, sizeof(object), "%s/check.o", a->folder);
	if (compile(a, source, a->lab->folder, object))
		return link_program(a);
	/* What the student wrote into a header may be why. */
	for (size_t i = 0; i < a->replaced.n; i++) {
		if (ends_with(a->replaced.items[i], ".h") && !is_of_module(a, a->replaced.items[i]))
			return OUTCOME_BUILD;
	}
	say(a, "broken: the check itself doesn't compile");
	return OUTCOME_BROKEN;
}

bool has_program(const struct lab *lab)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/check.c", lab->folder);
	return access(path, R_OK) == 0;
}

enum outcome build_check(struct attempt *a)
{
	const bool module = module_of(a->lab) != NULL;
	enum outcome outcome = OUTCOME_PASSED;
	struct error e;

	if (place_files(a, &e)) {
		say(a, "%s", e.text);
		return OUTCOME_BUILD;
	}
	if (module)
		outcome = build_module(a);
	if (outcome == OUTCOME_PASSED && has_program(a->lab))
		outcome = build_program(a);
	/* The rest of the file is the reference. */
	for (size_t i = 0; i < a->spliced.n && sealed(a->labs); i++)
		unlink(a->spliced.items[i]);
	return outcome;
}
