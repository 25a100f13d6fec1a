// SPDX-License-Identifier: MIT
/*
 * The guest's process 1: runs one command for the launcher, carries its stdin, stdout and stderr
 * over virtio-serial ports, and reports how it ended. Static, because it starts before anybody
 * knows which C library the host's root holds.
 */
#include "vm/guest/command.h"
#include "vm/guest/port.h"
#include "vm/protocol.h"
#include "vm/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

struct agent {
	int control;
	int signals; /* signalfd: SIGCHLD */
	struct vm_reader reader;
	struct vm_request request;
	struct command command;
	struct vm_relay in, out, err;
	uint64_t stdin_end; /* how many bytes stdin has; UINT64_MAX: not known yet */
};

/* Process 1 may not end: the launcher ends the machine. */
static void wait_for_the_end(void)
{
	for (;;)
		pause();
}

__attribute__((format(printf, 2, 3))) static void fail(const struct agent *agent,
						       const char *format, ...)
{
	char sentence[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	fprintf(stderr, "agent: %s\n", sentence); /* the console */
	vm_send(agent->control, VM_FAILED, sentence, (uint32_t)strlen(sentence));
	wait_for_the_end();
}

static void open_ports(struct agent *agent)
{
	int in, out, err;

	agent->control = port_open(VM_PORT_CONTROL);
	in = port_open(VM_PORT_STDIN);
	out = port_open(VM_PORT_STDOUT);
	err = port_open(VM_PORT_STDERR);
	if (agent->control < 0 || in < 0 || out < 0 || err < 0) {
		fprintf(stderr, "agent: a virtio-serial port is missing: can't reach the host\n");
		wait_for_the_end();
	}
	vm_relay_init(&agent->in, in, -1);
	vm_relay_init(&agent->out, -1, out);
	vm_relay_init(&agent->err, -1, err);
}

static void receive_signal(const struct agent *agent, const struct vm_message *message)
{
	uint32_t number;

	if (message->nbytes != sizeof(number))
		return;
	memcpy(&number, message->payload, sizeof(number));
	if (agent->command.pid > 0 && number < 64)
		kill(-agent->command.pid, (int)number);
}

static void receive_output_closed(struct agent *agent, const struct vm_message *message)
{
	uint32_t number;
	struct vm_relay *relay;

	if (message->nbytes != sizeof(number))
		return;
	memcpy(&number, message->payload, sizeof(number));
	relay = number == 2 ? &agent->err : &agent->out;
	/* Closing our end lets the command's next write fail, as it would on the host. */
	if (relay->from >= 0)
		close(relay->from);
	relay->from = -1;
	relay->start = relay->end;
}

static void receive(struct agent *agent, const struct vm_message *message)
{
	struct winsize size = {0};
	struct vm_window window;

	switch (message->type) {
	case VM_SIGNAL:
		receive_signal(agent, message);
		break;
	case VM_STDIN_END:
		if (message->nbytes == sizeof(agent->stdin_end))
			memcpy(&agent->stdin_end, message->payload, sizeof(agent->stdin_end));
		break;
	case VM_OUTPUT_CLOSED:
		receive_output_closed(agent, message);
		break;
	case VM_WINDOW_SIZE:
		if (message->nbytes != sizeof(window) || !agent->request.tty)
			break;
		memcpy(&window, message->payload, sizeof(window));
		size.ws_row = window.rows;
		size.ws_col = window.columns;
		ioctl(agent->command.out, TIOCSWINSZ, &size);
		break;
	default:
		fail(agent, "the launcher sent a message of type %d, which the agent doesn't know",
		     message->type);
	}
}

static void read_control(struct agent *agent)
{
	struct vm_message message;
	int got = vm_reader_fill(&agent->reader, agent->control);

	if (got == -EAGAIN || got == -EINTR)
		return;
	if (got <= 0)
		wait_for_the_end(); /* the launcher is gone, and takes the machine with it */
	while ((got = vm_reader_next(&agent->reader, &message)) > 0) {
		receive(agent, &message);
		vm_reader_drop(&agent->reader);
	}
	if (got < 0)
		fail(agent, "what the launcher sent is no message");
}

static void receive_request(struct agent *agent)
{
	struct pollfd pollfd = {.fd = agent->control, .events = POLLIN};
	struct vm_message message;
	int got;

	while ((got = vm_reader_next(&agent->reader, &message)) == 0) {
		poll(&pollfd, 1, -1);
		got = vm_reader_fill(&agent->reader, agent->control);
		if (got == 0)
			wait_for_the_end();
	}
	if (got < 0 || message.type != VM_RUN)
		fail(agent, "the launcher's first message is no run request");
	if (vm_request_decode(message.payload, message.nbytes, &agent->request))
		fail(agent, "the launcher's run request can't be read");
	/* The request points into the message, so the reader starts afresh with what follows it. */
	struct vm_reader rest = {0};
	const size_t used = sizeof(struct vm_header) + message.nbytes;

	if (vm_reader_add(&rest, agent->reader.data + used, agent->reader.used - used))
		fail(agent, "out of memory");
	agent->reader = rest;
}

/* Takes every dead child (process 1 inherits orphans); true when the command is among them. */
static bool reap(struct agent *agent, int *status)
{
	struct signalfd_siginfo ignored;
	bool ended = false;
	int one;
	pid_t pid;

	while (read(agent->signals, &ignored, sizeof(ignored)) > 0)
		;
	while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
		if (pid != agent->command.pid)
			continue;
		*status = one;
		ended = true;
	}
	return ended;
}

static void step_stdin(struct agent *agent, short revents)
{
	struct vm_relay *relay = &agent->in;

	if (vm_relay_step(relay, revents) == VM_RELAY_BROKEN) {
		/* The command reads no more: what still comes is read and dropped. */
		close(relay->to);
		relay->to = -1;
		relay->start = relay->end;
	}
	if (relay->to >= 0 && vm_relay_empty(relay) && relay->carried == agent->stdin_end) {
		if (!agent->request.tty)
			close(relay->to);
		relay->to = -1;
	}
}

static void step_output(struct vm_relay *relay, short revents)
{
	if (vm_relay_step(relay, revents) != VM_RELAY_END)
		return;
	close(relay->from);
	relay->from = -1;
}

/* What the command has left in its pipes; others may still hold them open, so not until the end. */
static void drain(struct vm_relay *relay)
{
	struct pollfd pollfd;

	while (relay->from >= 0 || !vm_relay_empty(relay)) {
		vm_relay_poll(relay, &pollfd);
		if (poll(&pollfd, 1, pollfd.events == POLLIN ? 0 : -1) == 0)
			return;
		step_output(relay, pollfd.revents);
	}
}

static int serve(struct agent *agent)
{
	struct pollfd polls[5];
	int status;

	for (;;) {
		polls[0] = (struct pollfd){.fd = agent->control, .events = POLLIN};
		polls[1] = (struct pollfd){.fd = agent->signals, .events = POLLIN};
		vm_relay_poll(&agent->in, &polls[2]);
		vm_relay_poll(&agent->out, &polls[3]);
		vm_relay_poll(&agent->err, &polls[4]);
		if (poll(polls, 5, -1) < 0)
			continue;
		if (polls[0].revents)
			read_control(agent);
		step_stdin(agent, polls[2].revents);
		/* A message may just have closed an output: its events are of the past. */
		step_output(&agent->out, agent->out.from < 0 ? 0 : polls[3].revents);
		step_output(&agent->err, agent->err.from < 0 ? 0 : polls[4].revents);
		if (polls[1].revents && reap(agent, &status))
			return status;
	}
}

static void report(struct agent *agent, int status)
{
	struct vm_exit end = {0};

	drain(&agent->out);
	drain(&agent->err);
	command_sync_shares(&agent->request);
	end.status = WIFSIGNALED(status) ? 128u + (uint32_t)WTERMSIG(status)
					 : (uint32_t)WEXITSTATUS(status);
	end.stdout_bytes = agent->out.carried;
	end.stderr_bytes = agent->err.carried;
	vm_send(agent->control, VM_EXIT, &end, sizeof(end));
}

int main(void)
{
	static struct agent agent = {.stdin_end = UINT64_MAX};
	struct utsname name;
	char sentence[512];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	agent.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	open_ports(&agent);
	uname(&name);
	vm_send(agent.control, VM_HELLO, name.release, (uint32_t)strlen(name.release));
	receive_request(&agent);
	if (command_setup(&agent.request, sentence, sizeof(sentence)))
		fail(&agent, "%s", sentence);
	if (command_start(&agent.request, &agent.command))
		fail(&agent, "the command can't be started: %s", strerror(errno));
	agent.in.to = agent.command.in;
	agent.out.from = agent.command.out;
	agent.err.from = agent.command.err;
	report(&agent, serve(&agent));
	wait_for_the_end();
}
