// SPDX-License-Identifier: MIT
#include "vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct channel {
	int *ours;
	int *theirs;
};

static int open_channels(const struct channel *channels, size_t count)
{
	int pair[2];

	for (size_t i = 0; i < count; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			return -errno;
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		*channels[i].ours = pair[0];
		*channels[i].theirs = pair[1];
	}
	return 0;
}

static void inherit(int fd)
{
	if (fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, 0);
}

/*
 * Puts all threads of QEMU on one processor, as batch jobs: waking one then never interrupts
 * another. So the thread that emulates a disk runs when the guest's processor sleeps, and not, on a
 * busy host, before the guest's program had the time to go to sleep: what it would then not execute
 * is a quarter of the cost of a direct read. Needs no right; a failure costs repeatability only.
 */
static void run_in_turns(void)
{
	const struct sched_param batch = {.sched_priority = 0};
	const int here = sched_getcpu();
	cpu_set_t one;

	if (here < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(here, &one);
	sched_setaffinity(0, sizeof(one), &one);
	sched_setscheduler(0, SCHED_BATCH, &batch);
}

__attribute__((noreturn)) static void become_qemu(const struct vm_machine *machine, char **argv,
						  int log, int report, pid_t parent)
{
	const struct vm_machine_fds *fds = &machine->fds;
	const int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int err;

	/* Even a SIGKILL of the launcher takes QEMU along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(125); /* it died before the line above */
	if (machine->options->clock == VM_CLOCK_INSTRUCTIONS)
		run_in_turns();
	setsid(); /* Ctrl-C is for the launcher, which passes it on to the command */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	inherit(fds->control);
	inherit(fds->in);
	inherit(fds->out);
	inherit(fds->err);
	inherit(fds->console);
	for (unsigned int i = 0; i < machine->options->pmem.count; i++)
		inherit(fds->pmem[i]);
	for (unsigned int i = 0; i < machine->options->nvme.count; i++)
		inherit(fds->nvme[i]);
	execvp(argv[0], argv);
	err = errno;
	if (write(report, &err, sizeof(err)) < 0)
		_exit(125);
	_exit(125);
}

/* 0 when exec happened, which closes the pipe; otherwise the reason why it didn't. */
static int exec_result(int report)
{
	int err = 0;

	if (read(report, &err, sizeof(err)) != sizeof(err))
		return 0;
	return -err;
}

int vm_qemu_start(struct vm_machine *machine, struct vm_qemu *qemu)
{
	struct vm_machine_fds *fds = &machine->fds;
	const struct channel channels[] = {
		{&qemu->control, &fds->control}, {&qemu->in, &fds->in},
		{&qemu->out, &fds->out},         {&qemu->err, &fds->err},
		{&qemu->console, &fds->console},
	};
	const size_t count = sizeof(channels) / sizeof(channels[0]);
	const pid_t self = getpid();
	struct vm_vector arguments = {0};
	int log[2], report[2];
	int err = open_channels(channels, count);

	if (err)
		return err;
	if (pipe2(log, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
		return -errno;
	fcntl(log[0], F_SETFL, O_NONBLOCK);
	vm_machine_arguments(machine, &arguments);
	qemu->pid = fork();
	if (qemu->pid < 0)
		return -errno;
	if (qemu->pid == 0)
		become_qemu(machine, arguments.items, log[1], report[1], self);
	vm_vector_free(&arguments);
	close(log[1]);
	close(report[1]);
	for (size_t i = 0; i < count; i++)
		close(*channels[i].theirs);
	qemu->log = log[0];
	err = exec_result(report[0]);
	close(report[0]);
	if (err)
		vm_qemu_stop(qemu);
	return err;
}

void vm_qemu_stop(struct vm_qemu *qemu)
{
	int status;

	if (qemu->pid > 0) {
		kill(qemu->pid, SIGKILL);
		while (waitpid(qemu->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(qemu->control);
	close(qemu->in);
	close(qemu->out);
	close(qemu->err);
	close(qemu->console);
	close(qemu->log);
	*qemu = (struct vm_qemu){0};
}

void vm_qemu_version(char *version, size_t nbytes)
{
	static const char before[] = "version ";
	char line[256] = "";
	FILE *pipe = popen(VM_QEMU " --version 2>/dev/null", "re");
	char *start;

	version[0] = 0;
	if (!pipe)
		return;
	if (fgets(line, sizeof(line), pipe)) {
		start = strstr(line, before);
		start = start ? start + strlen(before) : line;
		start[strcspn(start, " \n")] = 0;
		snprintf(version, nbytes, "%s", start);
	}
	pclose(pipe);
}
