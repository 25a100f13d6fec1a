// SPDX-License-Identifier: MIT
#include "report/gnuplot.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/file.h"

extern char **environ;

/* The child's three standard streams. */
enum {
	SCRIPT,
	DRAWING,
	COMPLAINT,
	NFILES,
};

/* All that @fd holds, NUL-terminated; NULL without memory or on a read error. */
static char *read_all(int fd, size_t *nbytes)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t used = 0;
	char *text = size < 0 ? NULL : malloc((size_t)size + 1);

	while (text && used < (size_t)size) {
		ssize_t got = pread(fd, text + used, (size_t)size - used, (off_t)used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(text);
			return NULL;
		}
		used += (size_t)got;
	}
	if (text)
		text[used] = '\0';
	if (nbytes)
		*nbytes = used;
	return text;
}

/* Starts gnuplot without the user's start-up file: a report looks the same for everybody. */
static int start(const int *fd, pid_t *pid)
{
	char *const argv[] = {(char *)"gnuplot", (char *)"--default-settings", NULL};
	posix_spawn_file_actions_t actions;
	int result = posix_spawn_file_actions_init(&actions);

	if (result)
		return -result;
	for (int i = 0; i < NFILES && !result; i++)
		result = posix_spawn_file_actions_adddup2(&actions, fd[i], i);
	if (!result)
		result = posix_spawnp(pid, "gnuplot", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -result;
}

static int wait_for(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int refuse(const int *fd, int status, struct error *e)
{
	char *complaint = read_all(fd[COMPLAINT], NULL), *line = complaint;

	/* gnuplot shows the place of an error first, as a copy of the line and a caret. */
	for (char *c = complaint; c && *c; c++)
		if (strncmp(c, "line ", 5) == 0 || strncmp(c, "\"", 1) == 0)
			line = c;
	if (line)
		line[strcspn(line, "\n")] = '\0';
	error_set(e, -EIO,
		  "the report was not written: gnuplot, which draws its plots, %s %d%s%s; "
		  "do: %s",
		  WIFSIGNALED(status) ? "was killed by signal" : "ended with status",
		  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		  line && *line ? ": " : "", line ? line : "",
		  line && strstr(line, "ambiguous terminal")
			  ? "apt-get install gnuplot-nox, which can draw it"
			  : "gnuplot --version (5.2 or later is needed)");
	free(complaint);
	return -EIO;
}

static int run_child(const int *fd, char **drawing, size_t *nbytes, struct error *e)
{
	int status, result;
	pid_t pid = -1;

	result = start(fd, &pid);
	if (result == -ENOENT || result == -EACCES)
		return error_set(
			e, result,
			"the report was not written: gnuplot, which draws its plots, is not "
			"installed; do: apt-get install gnuplot-nox");
	if (result < 0)
		return error_set(e, result, "the report was not written: gnuplot can't start: %s",
				 strerror(-result));
	result = wait_for(pid, &status);
	if (result < 0)
		return error_set(e, result, "the report was not written: waiting for gnuplot: %s",
				 strerror(-result));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return refuse(fd, status, e);
	*drawing = read_all(fd[DRAWING], nbytes);
	if (!*drawing)
		return error_set(e, -ENOMEM, "the report was not written: no memory for its plots");
	return 0;
}

/*
 * The streams are files in memory: neither side can block on the other as with pipes, and there
 * is nothing to remove, whatever happens to this process.
 */
int gnuplot_run(const char *script, size_t length, char **drawing, size_t *nbytes, struct error *e)
{
	int fd[NFILES] = {-1, -1, -1};
	int result = 0;

	for (int i = 0; i < NFILES && result == 0; i++) {
		fd[i] = memfd_create("bypass-plot", MFD_CLOEXEC);
		if (fd[i] < 0)
			result = -errno;
	}
	if (result == 0)
		result = file_write(fd[SCRIPT], script, length);
	if (result == 0 && lseek(fd[SCRIPT], 0, SEEK_SET) < 0)
		result = -errno;
	if (result < 0)
		error_set(e, result, "the report was not written: no file for gnuplot's script: %s",
			  strerror(-result));
	else
		result = run_child(fd, drawing, nbytes, e);
	for (int i = 0; i < NFILES; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return result;
}

/* Parts of a document that a page doesn't need; what is between the two goes, they included. */
static const struct {
	const char *begin, *end;
} unneeded[] = {
	{"<?xml", "?>"},
	{"<!DOCTYPE", ">"},
	{"<!--", "-->"},
	{"<title>", "</title>"},
	{"<desc>", "</desc>"},
	/* Point symbols and text boxes: we draw neither. */
	{"<defs>\n\n\t<circle id='gpDot'", "</defs>"},
	/* Namespaces: the HTML parser knows SVG, and they look like links to elsewhere. */
	{" xmlns=\"", "\""},
	{" xmlns:xlink=\"", "\""},
};

/* What an id or a reference to one begins with. */
static const char *const before_id[] = {" id=\"", " id='", "url(#", "href='#", "href=\"#"};

/* Bytes to leave out at @text, or 0. */
static size_t skip(const char *text, const char *end)
{
	for (size_t i = 0; i < sizeof(unneeded) / sizeof(unneeded[0]); i++) {
		size_t length = strlen(unneeded[i].begin);
		const char *last;

		if (strncmp(text, unneeded[i].begin, length) != 0)
			continue;
		last = strstr(text + length, unneeded[i].end);
		if (last && last < end)
			return (size_t)(last - text) + strlen(unneeded[i].end);
	}
	return 0;
}

int gnuplot_inline_svg(FILE *out, const char *svg, unsigned int index, const char *prefix)
{
	static const char close_tag[] = "</svg>";
	const char *text = strstr(svg, "<svg"), *end;

	for (unsigned int i = 0; text && i < index; i++)
		text = strstr(text + 1, "<svg");
	end = text ? strstr(text, close_tag) : NULL;
	if (!end)
		return -ENOENT;
	end += strlen(close_tag);
	while (text < end) {
		size_t length = skip(text, end);

		if (length) {
			text += length;
			continue;
		}
		for (size_t i = 0; i < sizeof(before_id) / sizeof(before_id[0]); i++) {
			length = strlen(before_id[i]);
			if (strncmp(text, before_id[i], length) != 0)
				continue;
			fprintf(out, "%s%s", before_id[i], prefix);
			text += length;
			break;
		}
		fputc(*text, out);
		text++;
	}
	fputc('\n', out);
	return 0;
}
