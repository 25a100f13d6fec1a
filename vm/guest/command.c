// SPDX-License-Identifier: MIT
#include "vm/guest/command.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* setup_argv is: script, folder of kernel modules, then pairs of a 9p tag and its folder. */
#define FIRST_SHARE 2

static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

__attribute__((noreturn)) static void execute(char *const *argv, char **environment)
{
	int err;

	environ = environment; /* execvp() looks for the command in its PATH */
	execvp(argv[0], argv);
	err = errno;
	fprintf(stderr, "vm: %s: %s\n", argv[0],
		err == ENOENT ? "command not found in the guest" : strerror(err));
	_exit(err == ENOENT ? 127 : 126);
}

/* The last line that the script said is its reason. */
static void last_line(int fd, char *line, size_t nbytes)
{
	const off_t size = lseek(fd, 0, SEEK_END);
	const off_t from = size > (off_t)nbytes - 1 ? size - (off_t)nbytes + 1 : 0;
	ssize_t got = pread(fd, line, nbytes - 1, from);
	char *newline;

	if (got < 0)
		got = 0;
	while (got > 0 && line[got - 1] == '\n')
		got--;
	line[got] = 0;
	newline = strrchr(line, '\n');
	if (newline)
		memmove(line, newline + 1, strlen(newline));
}

int command_setup(const struct vm_request *request, char *sentence, size_t nbytes)
{
	const int log = memfd_create("setup", MFD_CLOEXEC);
	char line[256];
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		default_signals();
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		execute(request->setup_argv, request->environment);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		snprintf(sentence, nbytes, "the guest can't start its set-up: %s", strerror(errno));
		return -1;
	}
	if (status == 0) {
		close(log);
		return 0;
	}
	last_line(log, line, sizeof(line));
	snprintf(sentence, nbytes, "the guest's set-up failed: %s", line);
	return -1;
}

__attribute__((noreturn)) static void child(const struct vm_request *request)
{
	default_signals();
	if (chdir(request->cwd)) {
		fprintf(stderr, "vm: can't enter %s in the guest: %s\n", request->cwd,
			strerror(errno));
		_exit(125);
	}
	execute(request->argv, request->environment);
}

static int start_on_terminal(const struct vm_request *request, struct command *command)
{
	struct winsize size = {.ws_row = request->window.rows, .ws_col = request->window.columns};

	command->pid = forkpty(&command->out, NULL, NULL, &size);
	if (command->pid < 0)
		return -1;
	if (command->pid == 0)
		child(request);
	fcntl(command->out, F_SETFD, FD_CLOEXEC);
	fcntl(command->out, F_SETFL, O_NONBLOCK);
	command->in = command->out;
	command->err = -1;
	return 0;
}

static int start_on_pipes(const struct vm_request *request, struct command *command)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return -1;
	command->pid = fork();
	if (command->pid < 0)
		return -1;
	if (command->pid == 0) {
		setsid();
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		child(request);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	command->in = in[1];
	command->out = out[0];
	command->err = err[0];
	/* Only our own ends: a command that found its stdout non-blocking would be surprised. */
	fcntl(command->in, F_SETFL, O_NONBLOCK);
	fcntl(command->out, F_SETFL, O_NONBLOCK);
	fcntl(command->err, F_SETFL, O_NONBLOCK);
	return 0;
}

int command_start(const struct vm_request *request, struct command *command)
{
	return request->tty ? start_on_terminal(request, command)
			    : start_on_pipes(request, command);
}

void command_sync_shares(const struct vm_request *request)
{
	char **share = request->setup_argv + FIRST_SHARE;

	for (; share[0] && share[1]; share += 2) {
		int fd = open(share[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			continue;
		syncfs(fd);
		close(fd);
	}
}
