// SPDX-License-Identifier: MIT
#include "fio/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/memory.h"

/* Looks for an interruption between: a wait of its own for each would wake nobody. */
#define LOOK_MS 500
/* After SIGINT fio prints what it has; one that doesn't is ended. */
#define PATIENCE_MS  5000
#define OUTPUT_LIMIT (64 << 20)
#define SECTOR       512u
#define NOT_STARTED  127

bool fio_installed(void)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char file[512];

		snprintf(file, sizeof(file), "%.*s/fio", (int)n, path);
		if (access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

/* In the child, between fork and exec: nothing but system calls. */
_Noreturn static void become_fio(const char *const argv[], int in, int out, int messages, int file)
{
	/* A group of its own: Ctrl-C then reaches it once, through its parent. */
	setpgid(0, 0);
	/* It ends what it started, too. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(messages, STDERR_FILENO);
	if (file >= 0)
		fcntl(file, F_SETFD, 0);
	execvp(argv[0], (char *const *)argv);
	_exit(NOT_STARTED);
}

/* Waits for the child; interrupted, it is asked to end, and then made to. */
static int wait_for(pid_t pid, struct fio_output *output)
{
	struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	struct rusage usage;
	int status, asked_ms = -1;

	while (ended.fd >= 0 && poll(&ended, 1, LOOK_MS) <= 0) {
		if (interrupted() && asked_ms < 0) {
			kill(pid, SIGINT);
			asked_ms = 0;
		} else if (asked_ms >= 0) {
			asked_ms += LOOK_MS;
		}
		if (asked_ms >= PATIENCE_MS)
			kill(pid, SIGKILL);
	}
	if (ended.fd >= 0)
		close(ended.fd);
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	output->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	output->storage_read = (uint64_t)usage.ru_inblock * SECTOR;
	output->storage_written = (uint64_t)usage.ru_oublock * SECTOR;
	return interrupted() ? -EINTR : 0;
}

/* All that was written to @fd, as text. */
static char *read_all(int fd)
{
	off_t nbytes = lseek(fd, 0, SEEK_END);
	char *text;
	ssize_t n;

	if (nbytes < 0 || nbytes > OUTPUT_LIMIT)
		nbytes = 0;
	text = memory_zeroed((size_t)nbytes + 1, 1);
	n = pread(fd, text, (size_t)nbytes, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Above the standard descriptors, whatever the program was started with. */
static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC), high;

	if (fd < 0)
		return -1;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high;
}

int fio_run(const char *const argv[], int input, int file, struct fio_output *output,
	    struct error *e)
{
	int in = input >= 0 ? fcntl(input, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
			    : memory_file("fio-nothing");
	int out = memory_file("fio-output"), messages = memory_file("fio-messages"), ret = 0;
	pid_t pid = -1;

	memset(output, 0, sizeof(*output));
	if (in < 0 || out < 0 || messages < 0)
		ret = -errno;
	if (!ret)
		pid = fork();
	if (pid == 0)
		become_fio(argv, in, out, messages, file);
	if (!ret && pid < 0)
		ret = -errno;
	if (ret) {
		error_set(e, ret, "can't start fio: %s; end other programs", strerror(-ret));
	} else {
		setpgid(pid, pid);
		ret = wait_for(pid, output);
		if (ret)
			error_set(e, ret, ret == -EINTR ? "interrupted" : "can't wait for fio");
		output->text = read_all(out);
		output->messages = read_all(messages);
		if (!ret && output->status == NOT_STARTED)
			ret = error_set(e, -ENOENT, "fio isn't there; do: apt-get install fio");
	}
	for (int i = 0; i < 3; i++) {
		int fd = i == 0 ? in : i == 1 ? out : messages;

		if (fd >= 0)
			close(fd);
	}
	return ret;
}

void fio_output_free(struct fio_output *output)
{
	free(output->text);
	free(output->messages);
	output->text = output->messages = NULL;
}
