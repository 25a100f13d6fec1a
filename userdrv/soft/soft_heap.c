// SPDX-License-Identifier: MIT
/* Commands under way: their memory, and a heap that gives the one which is due first. */
#include <errno.h>
#include <stdlib.h>

#include "soft.h"

#define CHUNK      256u
#define MAX_CHUNKS 4096u

static int chunk_add(struct soft *c)
{
	struct soft_command **chunks, *chunk;

	if (c->nchunks == MAX_CHUNKS)
		return -ENOMEM;
	chunks = reallocarray(c->chunks, c->nchunks + 1, sizeof(struct soft_command *));
	if (!chunks)
		return -ENOMEM;
	c->chunks = chunks;
	chunk = calloc(CHUNK, sizeof(*chunk));
	if (!chunk)
		return -ENOMEM;
	c->chunks[c->nchunks++] = chunk;
	for (size_t i = 0; i < CHUNK; i++) {
		chunk[i].next = c->free;
		c->free = &chunk[i];
	}
	return 0;
}

struct soft_command *soft_command_alloc(struct soft *c)
{
	struct soft_command *command;

	if (!c->free && chunk_add(c))
		return NULL;
	command = c->free;
	c->free = command->next;
	*command = (struct soft_command){.sequence = c->sequence++};
	c->stats.outstanding++;
	return command;
}

void soft_command_free(struct soft *c, struct soft_command *command)
{
	if (command->counted_abort)
		c->naborts--;
	if (c->sq[command->sqid].held == command)
		c->sq[command->sqid].held = NULL;
	command->next = c->free;
	c->free = command;
	c->stats.outstanding--;
}

static bool before(const struct soft_command *a, const struct soft_command *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->sequence < b->sequence;
}

static void place(struct soft *c, size_t i, struct soft_command *command)
{
	c->heap[i] = command;
	command->heap_index = i;
}

static void sift_up(struct soft *c, size_t i)
{
	struct soft_command *command = c->heap[i];

	while (i && before(command, c->heap[(i - 1) / 2])) {
		place(c, i, c->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(c, i, command);
}

static void sift_down(struct soft *c, size_t i)
{
	struct soft_command *command = c->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= c->nheap)
			break;
		if (child + 1 < c->nheap && before(c->heap[child + 1], c->heap[child]))
			child++;
		if (!before(c->heap[child], command))
			break;
		place(c, i, c->heap[child]);
		i = child;
	}
	place(c, i, command);
}

int soft_heap_push(struct soft *c, struct soft_command *command)
{
	if (c->nheap == c->heap_room) {
		size_t room = c->heap_room ? 2 * c->heap_room : CHUNK;
		struct soft_command **heap =
			reallocarray(c->heap, room, sizeof(struct soft_command *));

		if (!heap)
			return -ENOMEM;
		c->heap = heap;
		c->heap_room = room;
	}
	place(c, c->nheap++, command);
	sift_up(c, c->nheap - 1);
	return 0;
}

void soft_heap_remove(struct soft *c, struct soft_command *command)
{
	size_t i = command->heap_index;
	struct soft_command *last = c->heap[--c->nheap];

	if (last == command)
		return;
	place(c, i, last);
	sift_up(c, i);
	sift_down(c, last->heap_index);
}

void soft_heap_release(struct soft *c)
{
	for (size_t i = 0; i < c->nchunks; i++)
		free(c->chunks[i]);
	free((void *)c->chunks);
	free((void *)c->heap);
}
