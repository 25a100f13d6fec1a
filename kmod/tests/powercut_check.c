// SPDX-License-Identifier: MIT
/*
 * What a power cut left: is all there that had been acknowledged, and nothing that can't be?
 *
 *   powercut_check DEVICE FSCK FOLDER SEED dax|nodax NUMBER NUMBER NUMBER
 *
 * FSCK repairs DEVICE, which is mounted on FOLDER, compared with the model and unmounted. The
 * numbers say how many operations of each thread had been acknowledged; the next one of each may
 * have begun. Exit status 0: it is as it must be; 1: it isn't.
 */
#include "powercut_model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct check {
	const char *folder;
	int problems;
	int known_names; /* names that were found and belong there */
};

__attribute__((format(printf, 2, 3))) static void problem(struct check *check, const char *format,
							  ...)
{
	va_list arguments;

	if (check->problems++ >= 5)
		return;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* The bytes at `at` of a line, if the operation `value` was the last to write them. */
static bool is_value(const uint8_t *line, size_t at, uint32_t thread,
		     const struct powercut_file *file, uint32_t index, uint32_t value)
{
	uint8_t expected[POWERCUT_LINE] = {0};

	if (value)
		powercut_fill_line(expected, thread, file->id, index, value);
	return !memcmp(line + at, expected + at, sizeof(uint64_t));
}

/*
 * A store of eight bytes is all that stays whole: while operations are not durable, each word of a
 * line may be of another of them.
 */
static bool line_may_be(const uint8_t *bytes, uint32_t thread, const struct powercut_file *file,
			uint32_t index)
{
	const struct powercut_line *line = &file->lines[index];

	for (size_t at = 0; at < POWERCUT_LINE; at += sizeof(uint64_t)) {
		bool found = is_value(bytes, at, thread, file, index, line->durable);

		for (uint32_t i = 0; i < line->pending_count && !found; i++)
			found = is_value(bytes, at, thread, file, index, line->pending[i]);
		if (!found)
			return false;
	}
	return true;
}

static void check_lines(struct check *check, const char *path, uint32_t thread,
			const struct powercut_file *file, const uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		const uint8_t *line = bytes + (size_t)i * POWERCUT_LINE;
		int64_t value;

		if (line_may_be(line, thread, file, i))
			continue;
		value = powercut_read_line(line, thread, file->id, i);
		if (value < 0)
			problem(check, "%s: line %u has bytes that can't be there", path, i);
		else
			problem(check, "%s: line %u is of operation %lld, but %u was acknowledged",
				path, i, (long long)value, file->lines[i].durable);
	}
}

static void check_file(struct check *check, const char *path, uint32_t thread,
		       const struct powercut_file *file)
{
	static uint8_t bytes[POWERCUT_LINES * POWERCUT_LINE + 1];
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0) {
		problem(check, "%s: %s", path, strerror(errno));
		return;
	}
	got = read(fd, bytes, sizeof(bytes));
	close(fd);
	check->known_names++;
	if (got < 0 || got % POWERCUT_LINE || got / POWERCUT_LINE < file->least ||
	    got / POWERCUT_LINE > file->most)
		problem(check, "%s: %zd bytes, not %u to %u", path, got,
			file->least * POWERCUT_LINE, file->most * POWERCUT_LINE);
	else
		check_lines(check, path, thread, file, bytes, (uint32_t)got / POWERCUT_LINE);
}

/* A name whose operation had not begun or had returned. */
static void check_name(struct check *check, const struct powercut_model *model, int name,
		       const struct powercut_file *file)
{
	struct stat status;
	char path[4096];

	powercut_path(check->folder, model->thread, name, path);
	if (file)
		check_file(check, path, model->thread, file);
	else if (!lstat(path, &status))
		problem(check, "%s: is there and shouldn't be", path);
}

static bool exists(const struct check *check, const struct powercut_model *model, int name,
		   struct stat *status)
{
	char path[4096];

	return !lstat(powercut_path(check->folder, model->thread, name, path), status);
}

/* A rename that may have begun: the file has its new name, its old one, or both. */
static void check_rename(struct check *check, const struct powercut_model *model,
			 const struct powercut_operation *operation)
{
	const struct powercut_file *file = model->names[operation->name];
	const struct powercut_file *replaced = model->names[operation->other];
	struct stat old, new;
	const bool has_old = exists(check, model, operation->name, &old);
	const bool has_new = exists(check, model, operation->other, &new);

	if (!has_old) {
		check_name(check, model, operation->other, file);
		return;
	}
	check_name(check, model, operation->name, file);
	if (has_new && new.st_ino == old.st_ino)
		check->known_names++;
	else
		check_name(check, model, operation->other, replaced);
}

/* `operation` may have begun. */
static void check_thread(struct check *check, struct powercut_model *model,
			 const struct powercut_operation *operation)
{
	const bool rename = operation->kind == POWERCUT_RENAME;
	struct powercut_file empty = {0};
	struct stat status;

	if (rename)
		check_rename(check, model, operation);
	else if (!powercut_changes_names(operation))
		powercut_begin(model, operation);
	for (int name = 0; name < POWERCUT_NAMES; name++) {
		const struct powercut_file *file = model->names[name];

		if (rename && (name == operation->name || name == operation->other))
			continue;
		if (name == operation->name && powercut_changes_names(operation)) {
			if (exists(check, model, name, &status))
				check_name(check, model, name, file ? file : &empty);
			continue;
		}
		check_name(check, model, name, file);
	}
}

/* Names that nobody gave. lost+found isn't looked at: fsck puts what nobody names there. */
static void check_folders(struct check *check)
{
	int found = 0;

	for (int i = 0; i < POWERCUT_FOLDERS; i++) {
		char path[4096];
		DIR *folder;

		snprintf(path, sizeof(path), "%s/folder%d", check->folder, i);
		folder = opendir(path);
		if (!folder) {
			problem(check, "%s: %s", path, strerror(errno));
			continue;
		}
		for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
			found += entry->d_name[0] != '.';
		closedir(folder);
	}
	if (found != check->known_names)
		problem(check, "%d names in the folders, %d belong there", found,
			check->known_names);
}

static void check_all(struct check *check, char **argv)
{
	for (uint32_t thread = 0; thread < POWERCUT_THREADS; thread++) {
		const unsigned long done = strtoul(argv[6 + thread], NULL, 10);
		struct powercut_operation operation;
		struct powercut_model model;

		powercut_model_init(&model, strtoull(argv[4], NULL, 10), thread,
				    !strcmp(argv[5], "dax"));
		for (unsigned long i = 0; i < done; i++) {
			operation = powercut_next(&model);
			if (!powercut_changes_names(&operation))
				powercut_begin(&model, &operation);
			powercut_acknowledge(&model, &operation);
		}
		operation = powercut_next(&model);
		check_thread(check, &model, &operation);
		powercut_model_free(&model);
	}
	check_folders(check);
}

/* The exit status of fsck; 1 is "repaired". What it says is left out. */
static int run_fsck(const char *fsck, const char *option, const char *device)
{
	const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		dup2(null, STDOUT_FILENO);
		execl(fsck, fsck, option, device, (char *)NULL);
		_exit(127);
	}
	close(null);
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return 127;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	struct check check = {0};
	int status;

	if (argc != 6 + POWERCUT_THREADS) {
		fprintf(stderr,
			"usage: powercut_check DEVICE FSCK FOLDER SEED dax|nodax NUMBER...\n");
		return 2;
	}
	check.folder = argv[3];
	status = run_fsck(argv[2], "-qy", argv[1]);
	if (status > 1)
		problem(&check, "fsck doesn't repair it: exit status %d", status);
	if (mount(argv[1], argv[3], "pathfs", 0, "dax=never")) {
		problem(&check, "it can't be mounted: %s", strerror(errno));
		return 1;
	}
	check_all(&check, argv);
	if (umount(argv[3]))
		problem(&check, "it can't be unmounted: %s", strerror(errno));
	if (run_fsck(argv[2], "-qn", argv[1]))
		problem(&check, "fsck finds something in what it has repaired");
	return check.problems ? 1 : 0;
}
