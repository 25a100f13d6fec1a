// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/attempt.h"
#include "engine/protocol.h"

/* For a compiler: one that takes longer hangs. */
#define BUILD_LIMIT_S 240

#define NOBODY             65534
#define SANDBOX_FILE_BYTES (64 << 20)
#define SANDBOX_PROCESSES  100

void words_add(struct words *words, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	words->items = memory_append(words->items, words->n, sizeof(*words->items));
	words->items[words->n++] = memory_vformat(format, args);
	va_end(args);
}

void words_free(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct words){NULL, 0};
}

void say(const struct attempt *a, const char *format, ...)
{
	FILE *log = fopen(a->log, "a");
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	vfprintf(log, format, args);
	va_end(args);
	fputc('\n', log);
	fclose(log);
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags, 0666);

	if (fd >= 0)
		dup2(fd, to);
}

void give_away(const char *folder)
{
	if (chown(folder, NOBODY, NOBODY))
		perror(folder);
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	setrlimit(resource, &both);
}

/* Memory is what the guest has: a sanitized program reserves more than any limit would let it. */
static void renounce(void)
{
	limit(RLIMIT_FSIZE, SANDBOX_FILE_BYTES);
	limit(RLIMIT_NPROC, SANDBOX_PROCESSES);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		_exit(LAB_EXIT_BROKEN);
}

/* Whoever left the process group is still that user. */
static void end_all_of_nobody(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		kill(-1, SIGKILL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* In the child: output to the log, processor time bounded. */
static _Noreturn void become(const struct attempt *a, struct words *command,
			     const struct bounds *bounds)
{
	struct rlimit limit = {bounds->cpu_s, bounds->cpu_s + 2};

	if (!a->debug) {
		setpgid(0, 0);
		redirect(bounds->input ? bounds->input : "/dev/null", O_RDONLY, STDIN_FILENO);
		redirect(a->log, O_WRONLY | O_APPEND | O_CREAT, STDERR_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	if (bounds->output)
		redirect(bounds->output, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
	if (bounds->token) {
		dup2(bounds->token[0], LAB_TOKEN_IN);
		dup2(bounds->token[1], LAB_TOKEN_OUT);
	}
	if (bounds->cpu_s && !a->debug)
		setrlimit(RLIMIT_CPU, &limit);
	if (a->sandboxed)
		renounce();
	/* The address space of a sanitized program has no bound; its core would be as large. */
	limit.rlim_cur = limit.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &limit);
	command->items = memory_append(command->items, command->n, sizeof(*command->items));
	execvp(command->items[0], command->items);
	fprintf(stderr, "broken: %s: %s; install it\n", command->items[0], strerror(errno));
	_exit(LAB_EXIT_BROKEN);
}

/* How much was written to the output; 0 where nobody asks. */
static off_t written(const struct bounds *bounds)
{
	struct stat output;

	return bounds->silent_s && stat(bounds->output, &output) == 0 ? output.st_size : 0;
}

static int wait_for(pid_t pid, const struct bounds *bounds, bool *waited_long)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct timespec start, grew, now;
	off_t before = 0, nbytes;
	int status = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	grew = start;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		nbytes = written(bounds);
		if (nbytes != before) {
			before = nbytes;
			grew = now;
		}
		if ((bounds->wait_s && now.tv_sec - start.tv_sec > (time_t)bounds->wait_s) ||
		    (bounds->silent_s && now.tv_sec - grew.tv_sec > (time_t)bounds->silent_s)) {
			*waited_long = true;
			kill(-pid, SIGKILL);
		}
		nanosleep(&pause, NULL);
	}
	/* Whoever it left behind. */
	kill(-pid, SIGKILL);
	return status;
}

int run_command(const struct attempt *a, struct words *command, const struct bounds *bounds,
		bool *waited_long)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		become(a, command, bounds);
	words_free(command);
	*waited_long = false;
	if (pid < 0) {
		say(a, "broken: no process can be made: %s", strerror(errno));
		return -1;
	}
	if (a->debug) {
		/* gdb has the terminal, so it stays in our process group. */
		waitpid(pid, &status, 0);
		return status;
	}
	setpgid(pid, pid);
	status = wait_for(pid, bounds, waited_long);
	if (a->sandboxed)
		end_all_of_nobody();
	return status;
}

bool command_succeeds(const struct attempt *a, struct words *command)
{
	const struct bounds bounds = {.wait_s = BUILD_LIMIT_S};
	bool waited_long;
	int status = run_command(a, command, &bounds, &waited_long);

	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int prepare_folder(const struct attempt *a, struct error *e)
{
	char path[1000];
	glob_t found;

	snprintf(path, sizeof(path), "%s/", a->folder);
	if (make_folders(path, e) || make_folders(a->log, e))
		return -EIO;
	unlink(a->log);
	if (a->sandboxed)
		give_away(a->folder);
	snprintf(path, sizeof(path), "%s/*", a->folder);
	if (glob(path, GLOB_PERIOD, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
	return 0;
}

void attempt_free(struct attempt *a)
{
	words_free(&a->replaced);
	words_free(&a->spliced);
}
