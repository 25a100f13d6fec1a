/* SPDX-License-Identifier: MIT */
/* Carries a stream of bytes from one descriptor to another without ever blocking its caller. */
#ifndef VM_RELAY_H
#define VM_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm_relay {
	int from;          /* -1: nothing more to read */
	int to;            /* -1: what is read is dropped */
	uint64_t carried;  /* bytes read so far */
	size_t start, end; /* what the buffer holds */
	/*
	 * One page: a pipe that poll() calls writable takes that much (PIPE_BUF) without blocking,
	 * so descriptors that others share needn't be made non-blocking.
	 */
	uint8_t buffer[4096];
};

void vm_relay_init(struct vm_relay *relay, int from, int to);

/* vm_relay_poll() - fills in what to wait for: the reader when empty, the writer when not. */
void vm_relay_poll(const struct vm_relay *relay, struct pollfd *pollfd);

enum vm_relay_result {
	VM_RELAY_GOING, /* more may come */
	VM_RELAY_END,   /* the reader is at its end, and all of it is written */
	VM_RELAY_BROKEN /* the writer takes no more */
};

/* vm_relay_step() - moves what can be moved after poll() gave @revents. */
enum vm_relay_result vm_relay_step(struct vm_relay *relay, short revents);

static inline bool vm_relay_empty(const struct vm_relay *relay)
{
	return relay->start == relay->end;
}

#endif
