// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/lab.h"

struct reader {
	struct lab *lab;
	struct error *e;
	int ret;
};

static const char *const link_names[] = {"none", "userdrv", "bench", "pathfs", "minipmem", NULL};

static int refuse(struct reader *reader, const char *what, const char *value)
{
	reader->ret = error_set(reader->e, -EINVAL,
				"%s/lab.ini: %s '%.60s'; engine/lab.h has what a lab.ini may say",
				reader->lab->folder, what, value);
	return 0;
}

/* The next word of *@list, and its length; NULL after the last. */
static const char *next_word(const char **list, size_t *length)
{
	const char *word = *list + strspn(*list, " \t");

	*length = strcspn(word, " \t");
	*list = word + *length;
	return *length ? word : NULL;
}

static void add_file(struct lab *lab, const char *word, size_t length)
{
	lab->files = memory_append(lab->files, lab->nfiles, sizeof(*lab->files));
	lab->files[lab->nfiles] = strndup(word, length);
	if (!lab->files[lab->nfiles++])
		memory_exhausted();
}

static int read_lab_key(struct reader *reader, const char *name, const char *value)
{
	struct lab *lab = reader->lab;
	const char *word;
	size_t length;

	if (strcmp(name, "title") == 0) {
		free(lab->title);
		lab->title = memory_string(value);
	} else if (strcmp(name, "hours") == 0) {
		snprintf(lab->hours, sizeof(lab->hours), "%s", value);
	} else if (strcmp(name, "where") == 0) {
		lab->vm = strcmp(value, "vm") == 0;
		if (!lab->vm && strcmp(value, "any") != 0)
			return refuse(reader, "where is any or vm, not", value);
	} else if (strcmp(name, "link") == 0) {
		unsigned int i = 0;

		while (link_names[i] && strcmp(link_names[i], value) != 0)
			i++;
		if (!link_names[i])
			return refuse(reader, "there is nothing to link by the name of", value);
		lab->link = (enum lab_link)i;
	} else if (strcmp(name, "record") == 0) {
		lab->record = strcmp(value, "1") == 0;
	} else if (strcmp(name, "files") == 0) {
		while ((word = next_word(&value, &length)))
			add_file(lab, word, length);
	} else {
		return refuse(reader, "[lab] has no", name);
	}
	return 1;
}

static int read_check_key(struct reader *reader, const char *check_name, const char *name,
			  const char *value)
{
	struct lab *lab = reader->lab;
	struct check *check = lab->nchecks ? &lab->checks[lab->nchecks - 1] : NULL;
	const char *word;
	size_t length;

	if (!check || strcmp(check->name, check_name) != 0) {
		if (lab_find_check(lab, check_name) || strlen(check_name) >= sizeof(check->name) ||
		    strcspn(check_name, "/ ") != strlen(check_name))
			return refuse(reader, "there can't be a check", check_name);
		lab->checks = memory_append(lab->checks, lab->nchecks, sizeof(*lab->checks));
		check = &lab->checks[lab->nchecks++];
		snprintf(check->name, sizeof(check->name), "%s", check_name);
		check->points = 1;
	}
	if (strcmp(name, "sentence") == 0) {
		free(check->sentence);
		check->sentence = memory_string(value);
	} else if (strcmp(name, "points") == 0 || strcmp(name, "seconds") == 0) {
		if (strspn(value, "0123456789") != strlen(value) || strlen(value) > 3 || !*value)
			return refuse(reader, "points and seconds are numbers, not", value);
		*(*name == 'p' ? &check->points : &check->seconds) =
			(unsigned int)strtoul(value, NULL, 10);
	} else if (strcmp(name, "regions") == 0) {
		while ((word = next_word(&value, &length))) {
			if (check->nregions == LAB_REGIONS_MAX || length >= REGION_ID_MAX)
				return refuse(reader, "there can't be a region", word);
			snprintf(check->regions[check->nregions++], REGION_ID_MAX, "%.*s",
				 (int)length, word);
		}
	} else {
		return refuse(reader, "[check] has no", name);
	}
	return 1;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;

	if (strcmp(section, "lab") == 0)
		return read_lab_key(reader, name, value);
	if (strncmp(section, "check ", 6) == 0)
		return read_check_key(reader, section + 6, name, value);
	return refuse(reader, "there is no section", section);
}

/* All of a student's files lie in one folder. */
static int check_names(const struct lab *lab, struct error *e)
{
	for (size_t i = 0; i < lab->nfiles; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(file_name(lab->files[i]), file_name(lab->files[j])) == 0)
				return error_set(
					e, -EINVAL,
					"%s/lab.ini: %.200s and %.200s have the same name; a "
					"student's folder can't hold both",
					lab->folder, lab->files[j], lab->files[i]);
		}
	}
	return 0;
}

int lab_parse(struct lab *lab, const char *text, struct error *e)
{
	struct reader reader = {lab, e, 0};
	int line = ini_parse_string(text, on_key, &reader);

	if (reader.ret)
		return reader.ret;
	if (line)
		return error_set(e, -EINVAL, "%s/lab.ini:%d isn't NAME=VALUE; mend it", lab->folder,
				 line);
	if (!lab->title || !lab->nchecks)
		return error_set(e, -EINVAL, "%s/lab.ini has no title or no checks; add them",
				 lab->folder);
	for (size_t i = 0; i < lab->nchecks; i++) {
		if (!lab->checks[i].sentence)
			return error_set(e, -EINVAL, "%s/lab.ini: check %s has no sentence; add it",
					 lab->folder, lab->checks[i].name);
	}
	return check_names(lab, e);
}

static int load_lab(struct lab *lab, struct error *e)
{
	char path[700];
	char *text;
	int ret;

	snprintf(path, sizeof(path), "%s/lab.ini", lab->folder);
	ret = read_text(path, &text, e);
	if (ret)
		return ret;
	ret = lab_parse(lab, text, e);
	free(text);
	return ret;
}

/* "04-io-queues" */
static int is_lab(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]) &&
	       isdigit((unsigned char)entry->d_name[1]) && entry->d_name[2] == '-' &&
	       strlen(entry->d_name) < 60;
}

/* A folder without one is a lab that is only being written. */
static bool has_lab_ini(const struct lab *lab)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/lab.ini", lab->folder);
	return access(path, F_OK) == 0;
}

void lab_free(struct lab *lab)
{
	for (size_t i = 0; i < lab->nfiles; i++)
		free(lab->files[i]);
	for (size_t i = 0; i < lab->nchecks; i++)
		free(lab->checks[i].sentence);
	free(lab->files);
	free(lab->checks);
	free(lab->title);
}

int labs_load(struct labs *labs, const char *root, struct error *e)
{
	struct dirent **entries = NULL;
	const char *work = getenv("BYPASS_LAB_WORK");
	char folder[600];
	int n, ret = 0;

	memset(labs, 0, sizeof(*labs));
	snprintf(labs->root, sizeof(labs->root), "%s", root);
	snprintf(folder, sizeof(folder), "%.500s/labs", root);
	n = scandir(folder, &entries, is_lab, alphasort);
	if (n < 0)
		return error_set(e, -errno, "can't read %s: %s; run it from the project's tree",
				 folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		struct lab lab = {.number = (unsigned int)strtoul(name, NULL, 10)};

		snprintf(lab.name, sizeof(lab.name), "%.60s", name);
		snprintf(lab.folder, sizeof(lab.folder), "%.500s/labs/%.60s", root, name);
		snprintf(lab.work, sizeof(lab.work), "%.500s%s/%.60s", work ? work : root,
			 work ? "" : "/labs/work", name);
		if (ret || !has_lab_ini(&lab)) {
			free(entries[i]);
			continue;
		}
		ret = load_lab(&lab, e);
		if (ret) {
			lab_free(&lab);
		} else {
			labs->list = memory_append(labs->list, labs->count, sizeof(*labs->list));
			labs->list[labs->count++] = lab;
		}
		free(entries[i]);
	}
	free(entries);
	if (ret)
		labs_free(labs);
	return ret;
}

void labs_free(struct labs *labs)
{
	for (size_t i = 0; i < labs->count; i++)
		lab_free(&labs->list[i]);
	free(labs->list);
	memset(labs, 0, sizeof(*labs));
}

const struct lab *labs_find(const struct labs *labs, const char *name)
{
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	for (size_t i = 0; i < labs->count; i++) {
		const struct lab *lab = &labs->list[i];

		if ((isdigit((unsigned char)*name) && !*end && lab->number == number) ||
		    strcmp(lab->name, name) == 0 || strcmp(lab->name + 3, name) == 0)
			return lab;
	}
	return NULL;
}

const struct check *lab_find_check(const struct lab *lab, const char *name)
{
	for (size_t i = 0; lab->checks && i < lab->nchecks; i++) {
		if (strcmp(lab->checks[i].name, name) == 0)
			return &lab->checks[i];
	}
	return NULL;
}
