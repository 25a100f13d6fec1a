/* SPDX-License-Identifier: MIT */
/*
 * What the launcher (host) and the agent (guest) say to each other over the control port.
 *
 * A message is a header and a payload; both ends run on the same machine, so integers are in its
 * own byte order. The bytes of the command's stdin, stdout and stderr go over ports of their own
 * and carry no framing: the messages say how many of them there were.
 */
#ifndef VM_PROTOCOL_H
#define VM_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

/* The names of the virtio-serial ports, as the guest sees them in /sys/class/virtio-ports. */
#define VM_PORT_CONTROL "bypass.control"
#define VM_PORT_STDIN   "bypass.stdin"
#define VM_PORT_STDOUT  "bypass.stdout"
#define VM_PORT_STDERR  "bypass.stderr"

/* An argument list can be 2 MiB on Linux, and so can the environment. */
#define VM_PAYLOAD_MAX (8u << 20)

enum vm_message_type {
	VM_HELLO = 1,     /* agent: up; payload: kernel release */
	VM_RUN,           /* launcher: payload: an encoded struct vm_request */
	VM_SIGNAL,        /* launcher: payload: uint32_t signal for the command's process group */
	VM_STDIN_END,     /* launcher: payload: uint64_t bytes that stdin had */
	VM_OUTPUT_CLOSED, /* launcher: payload: uint32_t 1 or 2; nobody reads this output any more
			   */
	VM_WINDOW_SIZE,   /* launcher: payload: struct vm_window */
	VM_EXIT,          /* agent: payload: struct vm_exit */
	VM_FAILED,        /* agent: the testbed is at fault; payload: one sentence */
	VM_TYPE_END
};

struct vm_header {
	uint32_t type;   /* enum vm_message_type */
	uint32_t nbytes; /* of payload */
};

struct vm_message {
	enum vm_message_type type;
	const uint8_t *payload; /* in the reader's buffer, valid until vm_reader_drop() */
	uint32_t nbytes;
};

struct vm_window {
	uint16_t rows;
	uint16_t columns;
};

struct vm_exit {
	uint32_t status; /* as a shell gives it: 128 + N for a command that signal N killed */
	uint32_t unused;
	uint64_t stdout_bytes; /* sent to the stdout port before this message */
	uint64_t stderr_bytes;
};

/* What to run. All strings and arrays belong to the caller (encode) or to the payload (decode). */
struct vm_request {
	uint32_t tty;            /* 1: the command gets a terminal */
	struct vm_window window; /* its size */
	const char *cwd;
	const char *setup;  /* script to run first */
	char **setup_argv;  /* NULL-terminated; [0] is the script itself */
	char **argv;        /* NULL-terminated */
	char **environment; /* NULL-terminated, NAME=VALUE */
};

/*
 * vm_request_encode() - returns the payload in a buffer to free(), its size in *nbytes; NULL with
 * no memory or more than VM_PAYLOAD_MAX.
 */
uint8_t *vm_request_encode(const struct vm_request *request, uint32_t *nbytes);

/*
 * vm_request_decode() - returns 0, -EPROTO for anything that vm_request_encode() would not have
 * made, -ENOMEM. Fills *request with pointers into @payload and three arrays that
 * vm_request_free() frees.
 */
int vm_request_decode(const uint8_t *payload, size_t nbytes, struct vm_request *request);
void vm_request_free(struct vm_request *request);

/* Collects bytes from a stream until they make a message. Starts as all zeros. */
struct vm_reader {
	uint8_t *data;
	size_t used;
	size_t capacity;
};

/* vm_reader_fill() - one read(2): returns bytes read, 0 at the end, or a negative errno. */
int vm_reader_fill(struct vm_reader *reader, int fd);
/* vm_reader_add() - the same from memory: returns 0 or -ENOMEM. */
int vm_reader_add(struct vm_reader *reader, const void *data, size_t nbytes);
/* vm_reader_next() - 1: *message is the next one; 0: not all here yet; -EPROTO: not a message. */
int vm_reader_next(const struct vm_reader *reader, struct vm_message *message);
/* vm_reader_drop() - done with what vm_reader_next() gave. */
void vm_reader_drop(struct vm_reader *reader);
void vm_reader_free(struct vm_reader *reader);

/* vm_send() - writes a whole message, waiting where it must; returns 0 or a negative errno. */
int vm_send(int fd, enum vm_message_type type, const void *payload, uint32_t nbytes);

#endif
