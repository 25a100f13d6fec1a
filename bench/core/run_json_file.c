// SPDX-License-Identifier: MIT
/* run.json on disk: its layout as text, and files that are either whole or not there. */
#include "core/run_json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"

#define LINE_LENGTH   100
#define FILE_LIMIT    (1ll << 30)
#define NAME_ATTEMPTS 100

static char *compact(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	if (!text)
		memory_exhausted();
	return text;
}

static bool holds_objects(const json_t *array)
{
	return json_is_object(json_array_get(array, 0));
}

static void start_line(FILE *file, unsigned int depth)
{
	fprintf(file, "\n%*s", (int)depth, "");
}

static void dump(const json_t *json, unsigned int depth, FILE *file);

static void dump_object(const json_t *json, unsigned int depth, FILE *file)
{
	json_t *object = (json_t *)(uintptr_t)json; /* jansson's iterators take no const */
	const char *separator = "{";
	json_t *name;
	char *text;
	void *member;

	for (member = json_object_iter(object); member;
	     member = json_object_iter_next(object, member)) {
		name = json_string(json_object_iter_key(member));
		text = compact(name);
		fputs(separator, file);
		start_line(file, depth + 1);
		fprintf(file, "%s: ", text);
		free(text);
		json_decref(name);
		dump(json_object_iter_value(member), depth + 1, file);
		separator = ",";
	}
	start_line(file, depth);
	putc('}', file);
}

/*
 * jansson either puts every number of a histogram on a line of its own or a whole run on one line.
 * We put on one line what fits there, and lists of anything but objects whatever their length.
 */
static void dump(const json_t *json, unsigned int depth, FILE *file)
{
	char *text;
	size_t i;
	bool whole;

	if (json_is_array(json) && holds_objects(json)) {
		putc('[', file);
		for (i = 0; i < json_array_size(json); i++) {
			if (i)
				putc(',', file);
			start_line(file, depth + 1);
			dump(json_array_get(json, i), depth + 1, file);
		}
		start_line(file, depth);
		putc(']', file);
		return;
	}
	text = compact(json);
	whole = !json_is_object(json) || json_object_size(json) == 0 ||
		strlen(text) + depth <= LINE_LENGTH;
	if (whole)
		fputs(text, file);
	free(text);
	if (!whole)
		dump_object(json, depth, file);
}

int run_json_dump(const json_t *json, FILE *file)
{
	dump(json, 0, file);
	putc('\n', file);
	if (fflush(file) || ferror(file))
		return errno ? -errno : -EIO;
	return 0;
}

static const char *remedy_for(int result)
{
	switch (-result) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "free some space or choose another folder";
	case ENOENT:
	case ENOTDIR:
		return "create the folder first";
	case EACCES:
	case EPERM:
	case EROFS:
		return "choose a folder that you may write to";
	default:
		return "check the path and the disk";
	}
}

static int write_to(int fd, const struct run *run, bool sync)
{
	FILE *file = fdopen(fd, "w");
	json_t *json;
	int result;

	if (!file) {
		result = -errno;
		close(fd);
		return result;
	}
	json = run_to_json(run);
	errno = 0;
	result = run_json_dump(json, file);
	json_decref(json);
	if (!result && sync && fsync(fd))
		result = -errno;
	if (fclose(file) && !result)
		result = -errno;
	return result;
}

/* Opens a new file beside @path: rename works only within a file system. */
static int open_beside(const char *path, char *temporary, size_t room)
{
	unsigned int attempt;
	int fd;

	for (attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		if (snprintf(temporary, room, "%s.%u.tmp", path, attempt) >= (int)room)
			return -ENAMETOOLONG;
		fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd >= 0 ? fd : -errno;
	}
	return -EEXIST;
}

static int write_atomically(const struct run *run, const char *path)
{
	char temporary[PATH_MAX];
	int result, fd;

	fd = open_beside(path, temporary, sizeof(temporary));
	if (fd < 0)
		return fd;
	result = write_to(fd, run, true);
	if (!result && rename(temporary, path))
		result = -errno;
	if (result)
		unlink(temporary);
	return result;
}

int run_write(const struct run *run, const char *path, struct error *e)
{
	struct stat status;
	char *real;
	int result;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
		/* A pipe or terminal can't be replaced, and /dev/stdout must not be. */
		result = open(path, O_WRONLY | O_CLOEXEC);
		result = result < 0 ? -errno : write_to(result, run, false);
	} else {
		/* A link stays a link: replace what it points to. */
		real = realpath(path, NULL);
		result = write_atomically(run, real ? real : path);
		free(real);
	}
	if (result)
		return error_set(e, result, "can't write %s: %s; %s", path, strerror(-result),
				 remedy_for(result));
	return 0;
}

static int open_for_reading(const char *path, FILE **file, struct error *e)
{
	struct stat status;
	int result;

	*file = fopen(path, "re");
	if (!*file) {
		result = -errno;
		return error_set(e, result, "can't read %s: %s; name a run.json of bypass run",
				 path, strerror(-result));
	}
	if (fstat(fileno(*file), &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size > FILE_LIMIT) {
		fclose(*file);
		return error_set(e, -EFBIG, "%s is larger than 1 GiB, so it is no run.json of ours",
				 path);
	}
	return 0;
}

int run_read(struct run **run, const char *path, struct error *e)
{
	json_error_t syntax;
	struct error why;
	json_t *json;
	FILE *file;
	int result = open_for_reading(path, &file, e);

	if (result)
		return result;
	json = json_loadf(file, JSON_REJECT_DUPLICATES, &syntax);
	fclose(file);
	if (!json)
		return error_set(e, -EINVAL,
				 "%s:%d is not JSON (%s); the file is damaged: run the suite again",
				 path, syntax.line, syntax.text);
	result = run_from_json(run, json, &why);
	json_decref(json);
	if (result)
		return error_set(e, result, "%s: %s", path, why.text);
	return 0;
}
