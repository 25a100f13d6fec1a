// SPDX-License-Identifier: MIT
#include "vm/session.h"
#include "vm/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* How long a command may take to react to a signal, and to a time-out. */
#define SIGNAL_GRACE_MS  10000
#define TIMEOUT_GRACE_MS 3000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void vm_session_init(struct vm_session *session, const struct vm_options *options,
		     struct vm_qemu *qemu, int signals)
{
	*session = (struct vm_session){
		.options = options,
		.qemu = qemu,
		.signals = signals,
		.kill_at_ms = INT64_MAX,
	};
	vm_relay_init(&session->in, -1, qemu->in);
	vm_relay_init(&session->out, qemu->out, STDOUT_FILENO);
	vm_relay_init(&session->err, qemu->err, STDERR_FILENO);
}

void vm_session_free(struct vm_session *session)
{
	vm_reader_free(&session->reader);
}

static void receive(struct vm_session *session, const struct vm_message *message)
{
	const int length = (int)message->nbytes;

	switch (message->type) {
	case VM_HELLO:
		session->hello = true;
		snprintf(session->release, sizeof(session->release), "%.*s", length,
			 (const char *)message->payload);
		break;
	case VM_EXIT:
		if (message->nbytes != sizeof(session->end))
			break;
		memcpy(&session->end, message->payload, sizeof(session->end));
		session->exited = true;
		break;
	case VM_FAILED:
		snprintf(session->failure, sizeof(session->failure), "%.*s", length,
			 (const char *)message->payload);
		break;
	default:
		snprintf(session->failure, sizeof(session->failure),
			 "the guest sent a message of type %d, which only the launcher sends",
			 message->type);
	}
}

static void read_control(struct vm_session *session)
{
	struct vm_message message;
	int got = vm_reader_fill(&session->reader, session->qemu->control);

	if (got == -EAGAIN || got == -EINTR)
		return;
	if (got <= 0)
		session->ended = true;
	while ((got = vm_reader_next(&session->reader, &message)) > 0) {
		receive(session, &message);
		vm_reader_drop(&session->reader);
	}
	if (got < 0)
		snprintf(session->failure, sizeof(session->failure),
			 "what the guest sent is no message");
}

static void forward_signal(struct vm_session *session, uint32_t number)
{
	if (session->hello)
		vm_send(session->qemu->control, VM_SIGNAL, &number, sizeof(number));
}

static void read_signals(struct vm_session *session)
{
	struct signalfd_siginfo info;
	struct vm_window window;

	while (read(session->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			break; /* the control channel says the same */
		case SIGWINCH:
			window = vm_terminal_window();
			if (session->options->tty && session->hello)
				vm_send(session->qemu->control, VM_WINDOW_SIZE, &window,
					sizeof(window));
			break;
		default:
			if (session->signal) {
				session->second_signal = true;
				break;
			}
			session->signal = (int)info.ssi_signo;
			session->kill_at_ms = now_ms() + SIGNAL_GRACE_MS;
			forward_signal(session, info.ssi_signo);
		}
	}
}

static void read_text(struct vm_console *console, int *fd)
{
	const int got = vm_console_fill(console, *fd);

	if (got == 0 || (got < 0 && got != -EAGAIN && got != -EINTR)) {
		close(*fd);
		*fd = -1;
	}
}

static void step_output(struct vm_session *session, struct vm_relay *relay, short revents,
			uint32_t number, bool *closed)
{
	switch (vm_relay_step(relay, revents)) {
	case VM_RELAY_GOING:
		break;
	case VM_RELAY_END: /* QEMU ended */
		relay->from = -1;
		break;
	case VM_RELAY_BROKEN:
		/* As with `| head`: the command finds its own output closed. */
		*closed = true;
		relay->to = -1;
		relay->start = relay->end;
		vm_send(session->qemu->control, VM_OUTPUT_CLOSED, &number, sizeof(number));
		break;
	}
}

static void step_input(struct vm_session *session, short revents)
{
	struct vm_relay *relay = &session->in;

	if (vm_relay_step(relay, revents) == VM_RELAY_GOING)
		return;
	relay->from = -1;
	relay->start = relay->end;
	vm_send(session->qemu->control, VM_STDIN_END, &relay->carried, sizeof(relay->carried));
}

/* One round of waiting, until @until_ms at most. */
static void step(struct vm_session *session, int64_t until_ms)
{
	struct vm_qemu *qemu = session->qemu;
	const int64_t left = until_ms - now_ms();
	struct pollfd polls[7] = {
		{.fd = qemu->control, .events = POLLIN},
		{.fd = session->signals, .events = POLLIN},
		{.fd = qemu->console, .events = POLLIN},
		{.fd = qemu->log, .events = POLLIN},
	};

	vm_relay_poll(&session->out, &polls[4]);
	vm_relay_poll(&session->err, &polls[5]);
	vm_relay_poll(&session->in, &polls[6]);
	if (poll(polls, 7, left < 0 ? 0 : left > 60000 ? 60000 : (int)left) <= 0)
		return;
	if (polls[2].revents)
		read_text(&session->console, &qemu->console);
	if (polls[3].revents)
		read_text(&session->log, &qemu->log);
	step_output(session, &session->out, polls[4].revents, 1, &session->stdout_closed);
	step_output(session, &session->err, polls[5].revents, 2, &session->stderr_closed);
	step_input(session, polls[6].revents);
	if (polls[0].revents)
		read_control(session);
	if (polls[1].revents)
		read_signals(session);
}

/* QEMU is gone: what it wrote before is still in the sockets. */
static void drain(struct vm_session *session)
{
	const int64_t until_ms = now_ms() + 5000;
	struct vm_qemu *qemu = session->qemu;
	struct pollfd polls[2];

	while (now_ms() < until_ms && (qemu->console >= 0 || qemu->log >= 0)) {
		polls[0] = (struct pollfd){.fd = qemu->console, .events = POLLIN};
		polls[1] = (struct pollfd){.fd = qemu->log, .events = POLLIN};
		poll(polls, 2, 100);
		if (polls[0].revents)
			read_text(&session->console, &qemu->console);
		if (polls[1].revents)
			read_text(&session->log, &qemu->log);
	}
	while (now_ms() < until_ms && (session->out.from >= 0 || !vm_relay_empty(&session->out) ||
				       session->err.from >= 0 || !vm_relay_empty(&session->err))) {
		vm_relay_poll(&session->out, &polls[0]);
		vm_relay_poll(&session->err, &polls[1]);
		poll(polls, 2, 100);
		step_output(session, &session->out, polls[0].revents, 1, &session->stdout_closed);
		step_output(session, &session->err, polls[1].revents, 2, &session->stderr_closed);
	}
}

int vm_session_boot(struct vm_session *session, int limit_s)
{
	const int64_t limit_ms = now_ms() + (int64_t)limit_s * 1000;

	while (!session->hello) {
		step(session, limit_ms);
		if (session->signal)
			return -EINTR;
		if (session->ended || session->failure[0]) {
			drain(session);
			return -EPIPE;
		}
		if (now_ms() >= limit_ms)
			return -ETIMEDOUT;
	}
	return 0;
}

static bool output_complete(const struct vm_session *session)
{
	return (session->stdout_closed || (session->out.carried >= session->end.stdout_bytes &&
					   vm_relay_empty(&session->out))) &&
	       (session->stderr_closed || (session->err.carried >= session->end.stderr_bytes &&
					   vm_relay_empty(&session->err)));
}

void vm_session_explain(const struct vm_session *session, const char *sentence)
{
	vm_terminal_restore();
	fprintf(stderr, "vm: %s\n", sentence);
	vm_console_print(&session->log, "");
	if (vm_console_print(&session->console, "  | "))
		fprintf(stderr, "vm: above: the last lines of the guest's console\n");
}

static int explain_end(const struct vm_session *session)
{
	char sentence[640];

	if (session->failure[0]) {
		snprintf(sentence, sizeof(sentence), "%s", session->failure);
	} else if (vm_console_find(&session->console, "Kernel panic")) {
		snprintf(sentence, sizeof(sentence),
			 "the guest's kernel panicked while the command ran; the console says "
			 "where:");
	} else {
		snprintf(sentence, sizeof(sentence),
			 "the guest ended without an exit status; its console may say why, or try "
			 "more --memory:");
	}
	vm_session_explain(session, sentence);
	return 125;
}

/* The guest didn't react in time, or nobody wants to wait for it. */
static int explain_kill(const struct vm_session *session)
{
	char sentence[160];

	if (session->timed_out) {
		snprintf(sentence, sizeof(sentence),
			 "the command ran over %u s and didn't end when asked to; if it needs more "
			 "time, raise --timeout",
			 session->options->timeout_s);
		vm_session_explain(session, sentence);
		return 124;
	}
	if (!session->second_signal)
		vm_session_explain(session, "the command didn't end within 10 s of the signal, so "
					    "the machine was stopped");
	return 128 + session->signal;
}

static int finish(struct vm_session *session)
{
	if (session->timed_out) {
		fprintf(stderr,
			"vm: the command ran over %u s and was ended; if it needs more time, raise "
			"--timeout\n",
			session->options->timeout_s);
		return 124;
	}
	return (int)(session->end.status & 0xff);
}

int vm_session_run(struct vm_session *session, const struct vm_request *request)
{
	const unsigned int timeout_s = session->options->timeout_s;
	const int64_t timeout_at_ms = timeout_s ? now_ms() + (int64_t)timeout_s * 1000 : INT64_MAX;
	const uint64_t nothing = 0;
	uint32_t nbytes;
	uint8_t *payload = vm_request_encode(request, &nbytes);

	if (!payload) {
		fprintf(stderr, "vm: the command and its environment are longer than 8 MiB\n");
		return 126;
	}
	vm_send(session->qemu->control, VM_RUN, payload, nbytes);
	free(payload);
	/* A terminal's keys belong to the user, unless the command was given the terminal. */
	if (session->options->tty || !isatty(STDIN_FILENO))
		session->in.from = STDIN_FILENO;
	else
		vm_send(session->qemu->control, VM_STDIN_END, &nothing, sizeof(nothing));
	for (;;) {
		const int64_t next_ms = session->timed_out ? INT64_MAX : timeout_at_ms;

		step(session, next_ms < session->kill_at_ms ? next_ms : session->kill_at_ms);
		if (session->exited && output_complete(session))
			return finish(session);
		if (session->ended) {
			drain(session);
			return session->exited ? finish(session) : explain_end(session);
		}
		if (session->failure[0])
			return explain_end(session);
		if (session->second_signal || now_ms() >= session->kill_at_ms)
			return explain_kill(session);
		if (!session->timed_out && now_ms() >= timeout_at_ms) {
			session->timed_out = true;
			session->kill_at_ms = now_ms() + TIMEOUT_GRACE_MS;
			forward_signal(session, SIGTERM);
		}
	}
}
