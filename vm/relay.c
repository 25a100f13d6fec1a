// SPDX-License-Identifier: MIT
#include "vm/relay.h"

#include <errno.h>
#include <unistd.h>

void vm_relay_init(struct vm_relay *relay, int from, int to)
{
	relay->from = from;
	relay->to = to;
	relay->carried = 0;
	relay->start = 0;
	relay->end = 0;
}

void vm_relay_poll(const struct vm_relay *relay, struct pollfd *pollfd)
{
	const bool empty = vm_relay_empty(relay);

	pollfd->fd = empty ? relay->from : relay->to;
	pollfd->events = empty ? POLLIN : POLLOUT;
	pollfd->revents = 0;
}

static enum vm_relay_result relay_write(struct vm_relay *relay)
{
	ssize_t done;

	if (relay->to < 0) {
		relay->start = relay->end;
		return VM_RELAY_GOING;
	}
	done = write(relay->to, relay->buffer + relay->start, relay->end - relay->start);
	if (done < 0)
		return errno == EAGAIN || errno == EINTR ? VM_RELAY_GOING : VM_RELAY_BROKEN;
	relay->start += (size_t)done;
	return VM_RELAY_GOING;
}

enum vm_relay_result vm_relay_step(struct vm_relay *relay, short revents)
{
	ssize_t got;

	if (!revents)
		return VM_RELAY_GOING;
	if (!vm_relay_empty(relay))
		return relay_write(relay);
	got = read(relay->from, relay->buffer, sizeof(relay->buffer));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return VM_RELAY_GOING;
	if (got <= 0) /* a terminal whose other side is gone gives EIO */
		return VM_RELAY_END;
	relay->start = 0;
	relay->end = (size_t)got;
	relay->carried += (uint64_t)got;
	return VM_RELAY_GOING;
}
