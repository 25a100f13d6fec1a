// SPDX-License-Identifier: MIT
/* Messages between launcher and agent: nothing that comes in is believed before it is checked. */
#include "vm/protocol.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The encoded form of a request: this, then the strings in the order of the fields. */
struct request_head {
	uint32_t tty;
	struct vm_window window;
	uint32_t setup_argc;
	uint32_t argc;
	uint32_t environment_count;
};

static uint32_t vector_count(char *const *vector)
{
	uint32_t count = 0;

	while (vector[count])
		count++;
	return count;
}

static size_t vector_bytes(char *const *vector)
{
	size_t nbytes = 0;

	for (; *vector; vector++)
		nbytes += strlen(*vector) + 1;
	return nbytes;
}

static uint8_t *put_vector(uint8_t *at, char *const *vector)
{
	for (; *vector; vector++)
		at = (uint8_t *)stpcpy((char *)at, *vector) + 1;
	return at;
}

uint8_t *vm_request_encode(const struct vm_request *request, uint32_t *nbytes)
{
	const struct request_head head = {
		.tty = request->tty,
		.window = request->window,
		.setup_argc = vector_count(request->setup_argv),
		.argc = vector_count(request->argv),
		.environment_count = vector_count(request->environment),
	};
	const size_t total = sizeof(head) + strlen(request->cwd) + 1 + strlen(request->setup) + 1 +
			     vector_bytes(request->setup_argv) + vector_bytes(request->argv) +
			     vector_bytes(request->environment);
	uint8_t *payload, *at;

	if (total > VM_PAYLOAD_MAX)
		return NULL;
	payload = malloc(total);
	if (!payload)
		return NULL;
	memcpy(payload, &head, sizeof(head));
	at = payload + sizeof(head);
	at = (uint8_t *)stpcpy((char *)at, request->cwd) + 1;
	at = (uint8_t *)stpcpy((char *)at, request->setup) + 1;
	at = put_vector(at, request->setup_argv);
	at = put_vector(at, request->argv);
	put_vector(at, request->environment);
	*nbytes = (uint32_t)total;
	return payload;
}

/* The string at *at, which moves behind it; NULL when no NUL comes before @end. */
static char *take_string(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *start = *at;
	const uint8_t *nul = start < end ? memchr(start, 0, (size_t)(end - start)) : NULL;

	if (!nul)
		return NULL;
	*at = nul + 1;
	return (char *)(uintptr_t)start;
}

static int take_vector(const uint8_t **at, const uint8_t *end, uint32_t count, char ***vector)
{
	/* Each string has at least its NUL: a larger count is a lie, and not worth an allocation.
	 */
	if (count > (size_t)(end - *at))
		return -EPROTO;
	*vector = calloc((size_t)count + 1, sizeof(**vector));
	if (!*vector)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		(*vector)[i] = take_string(at, end);
		if (!(*vector)[i])
			return -EPROTO;
	}
	return 0;
}

int vm_request_decode(const uint8_t *payload, size_t nbytes, struct vm_request *request)
{
	const uint8_t *at = payload, *end = payload + nbytes;
	struct request_head head;
	int err = -EPROTO;

	memset(request, 0, sizeof(*request));
	if (nbytes < sizeof(head))
		return -EPROTO;
	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	request->tty = head.tty;
	request->window = head.window;
	request->cwd = take_string(&at, end);
	request->setup = take_string(&at, end);
	if (head.tty > 1 || head.argc == 0 || !request->cwd || !request->setup)
		goto fail;
	err = take_vector(&at, end, head.setup_argc, &request->setup_argv);
	if (!err)
		err = take_vector(&at, end, head.argc, &request->argv);
	if (!err)
		err = take_vector(&at, end, head.environment_count, &request->environment);
	if (!err && at != end)
		err = -EPROTO;
	if (!err)
		return 0;
fail:
	vm_request_free(request);
	return err;
}

void vm_request_free(struct vm_request *request)
{
	free(request->setup_argv);
	free(request->argv);
	free(request->environment);
	memset(request, 0, sizeof(*request));
}

static int reader_reserve(struct vm_reader *reader, size_t nbytes)
{
	size_t capacity = reader->capacity ? reader->capacity : 4096;
	uint8_t *data;

	while (capacity - reader->used < nbytes)
		capacity *= 2;
	if (capacity == reader->capacity)
		return 0;
	data = realloc(reader->data, capacity);
	if (!data)
		return -ENOMEM;
	reader->data = data;
	reader->capacity = capacity;
	return 0;
}

int vm_reader_fill(struct vm_reader *reader, int fd)
{
	ssize_t got;
	int err = reader_reserve(reader, 4096);

	if (err)
		return err;
	got = read(fd, reader->data + reader->used, reader->capacity - reader->used);
	if (got < 0)
		return -errno;
	reader->used += (size_t)got;
	return (int)got;
}

int vm_reader_add(struct vm_reader *reader, const void *data, size_t nbytes)
{
	int err = reader_reserve(reader, nbytes);

	if (err || nbytes == 0)
		return err;
	memcpy(reader->data + reader->used, data, nbytes);
	reader->used += nbytes;
	return 0;
}

int vm_reader_next(const struct vm_reader *reader, struct vm_message *message)
{
	struct vm_header header;

	if (reader->used < sizeof(header))
		return 0;
	memcpy(&header, reader->data, sizeof(header));
	if (header.type == 0 || header.type >= VM_TYPE_END || header.nbytes > VM_PAYLOAD_MAX)
		return -EPROTO;
	if (reader->used - sizeof(header) < header.nbytes)
		return 0;
	message->type = header.type;
	message->payload = reader->data + sizeof(header);
	message->nbytes = header.nbytes;
	return 1;
}

void vm_reader_drop(struct vm_reader *reader)
{
	struct vm_message message;
	size_t nbytes;

	if (vm_reader_next(reader, &message) != 1)
		return;
	nbytes = sizeof(struct vm_header) + message.nbytes;
	reader->used -= nbytes;
	memmove(reader->data, reader->data + nbytes, reader->used);
}

void vm_reader_free(struct vm_reader *reader)
{
	free(reader->data);
	memset(reader, 0, sizeof(*reader));
}

static int write_all(int fd, const void *data, size_t nbytes)
{
	const uint8_t *at = data;

	while (nbytes) {
		ssize_t done = write(fd, at, nbytes);

		if (done < 0 && errno == EAGAIN) {
			struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

			poll(&pollfd, 1, -1);
			continue;
		}
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		at += done;
		nbytes -= (size_t)done;
	}
	return 0;
}

int vm_send(int fd, enum vm_message_type type, const void *payload, uint32_t nbytes)
{
	const struct vm_header header = {.type = type, .nbytes = nbytes};
	int err = write_all(fd, &header, sizeof(header));

	return err ? err : write_all(fd, payload, nbytes);
}
