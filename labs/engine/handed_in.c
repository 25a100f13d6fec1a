// SPDX-License-Identifier: MIT
#include "engine/handed_in.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/attempt.h"

enum { FILE_BYTES_MAX = 1 << 20 };

int is_student_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.@+-";
	size_t length = strlen(name);

	return name[0] != '.' && length < 64 && strspn(name, allowed) == length;
}

/* @name in the folder @at, which becomes the file @to. Returns 0, or why not. */
static const char *take(int at, const char *name, const char *to)
{
	static char bytes[FILE_BYTES_MAX + 1];
	struct stat status;
	ssize_t n = 0, got = 0;
	/* O_NONBLOCK: a FIFO would wait for somebody to write to it. */
	int from = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), fd;

	if (from < 0)
		return errno == ELOOP ? "is a symbolic link" : strerror(errno);
	if (fstat(from, &status) || !S_ISREG(status.st_mode)) {
		close(from);
		return "is no regular file";
	}
	while (n <= FILE_BYTES_MAX && (got = read(from, bytes + n, sizeof(bytes) - (size_t)n)) > 0)
		n += got;
	close(from);
	if (got < 0)
		return strerror(errno);
	if (n > FILE_BYTES_MAX)
		return "is larger than a megabyte";
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return strerror(errno);
	got = write(fd, bytes, (size_t)n);
	return close(fd) || got != n ? "can't be copied: is the disk full?" : NULL;
}

int hand_in(const struct lab *lab, const char *folder, const char *to, unsigned int *missing,
	    struct error *e)
{
	char path[1300];
	int student, at;

	*missing = 0;
	snprintf(path, sizeof(path), "%s/x", to);
	if (make_folders(path, e))
		return -EIO;
	student = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	at = openat(student, lab->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (student >= 0)
		close(student);
	if (at < 0)
		return error_set(e, -errno, "there is no folder %s in %s", lab->name, folder);
	for (size_t i = 0; i < lab->nfiles; i++) {
		const char *name = file_name(lab->files[i]), *reason;

		snprintf(path, sizeof(path), "%s/%s", to, name);
		unlink(path);
		reason = take(at, name, path);
		if (!reason)
			continue;
		fprintf(stderr, "bypass lab: %s/%s/%s isn't taken: it %s\n", folder, lab->name,
			name, reason);
		++*missing;
	}
	close(at);
	return 0;
}

/* The log of a check, between lines that the host knows; no line of it can be taken for one. */
static void tell(const char *nonce, unsigned long index, const char *log, enum outcome outcome)
{
	struct error e;
	char *text;

	printf("\n%s begin %lu\n", nonce, index);
	if (!read_text(log, &text, &e)) {
		for (char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
			printf("|%.*s\n", (int)strcspn(line, "\n"), line);
		free(text);
	}
	printf("\n%s end %lu %d\n", nonce, index, (int)outcome);
	fflush(stdout);
}

/* Another guest loads it: out of here by way of the folder that is shared with the host. */
static bool carry_out(const struct attempt *a, const char *to)
{
	const char *module = module_of(a->lab);
	struct words command = {NULL, 0};
	struct attempt here = *a;

	here.sandboxed = false;
	words_add(&command, "cp");
	words_add(&command, "-P");
	if (module)
		words_add(&command, "%s/%s.ko", a->folder, module);
	if (has_program(a->lab))
		words_add(&command, "%s/check", a->folder);
	words_add(&command, "%s/", to);
	return command_succeeds(&here, &command);
}

/* @to: where what was built is wanted. */
static enum outcome build_as_nobody(struct attempt *a, const char *to)
{
	enum outcome outcome;
	struct error e;

	if (prepare_folder(a, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return OUTCOME_BROKEN;
	}
	outcome = build_check(a);
	if (outcome == OUTCOME_PASSED && !a->lab->vm)
		return run_check(a);
	if (outcome == OUTCOME_PASSED && !carry_out(a, to))
		return OUTCOME_BROKEN;
	return outcome;
}

int in_guest(const struct labs *labs, const struct lab *lab, const char *nonce, const char *plan)
{
	char line[3000], check[64], folder[900], work[900];
	unsigned long index;
	struct error e;
	FILE *file = fopen(plan, "r");

	if (!file || make_folders("/run/lab/x", &e))
		return 1;
	setenv("ASAN_OPTIONS", "exitcode=99:detect_leaks=1", 1);
	setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 1);
	while (fgets(line, sizeof(line), file) &&
	       sscanf(line, "%lu %63s %899s %899s", &index, check, folder, work) == 4) {
		struct attempt a = {.labs = labs,
				    .lab = lab,
				    .check = lab_find_check(lab, check),
				    .work = work,
				    .log = "/run/lab/log",
				    .folder = "/run/lab/check",
				    .kbuild = "/run/lab/kbuild",
				    .sandboxed = true};

		if (!a.check)
			break;
		tell(nonce, index, a.log, build_as_nobody(&a, folder));
		attempt_free(&a);
	}
	fclose(file);
	return 0;
}
