// SPDX-License-Identifier: MIT
/* Operations on what files hold: each is done in one way, and then read in another. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "model.h"

/* A write or store, as it is handed to whichever process does it. */
struct transfer {
	struct node *node;
	int fd;
	uint8_t *to; /* in a mapping; NULL: a system call */
	const uint8_t *from;
	const uint8_t *bytes; /* what `from` must hold, from the model */
	size_t offset;
	size_t length;
	enum { PLAIN, VECTOR, APPEND } how;
	bool load_first; /* a page that was mapped for reading takes another way when written */
};

/* A file by its name; one without, through a descriptor that still has it. */
int open_node(struct world *world, const struct node *node, int flags)
{
	const struct entry *entry = entry_of(world, node);
	char path[64];
	int fd;

	for (int i = 0; !entry && i < HANDLES; i++)
		if (world->handles[i].node == node)
			snprintf(path, sizeof(path), "/proc/self/fd/%d", world->handles[i].fd);
	fd = open(entry ? node_path(world, node) : path, flags);
	if (fd < 0)
		differ(world, "open with flags %#x: %s", (unsigned int)flags, errno_name(errno));
	return fd;
}

/* Where things break: at the ends of the file, of a block, of 2 MiB. `align` is 1 or a block's. */
static void pick_range(struct world *world, const struct node *node, size_t align, size_t *offset,
		       size_t *length)
{
	uint32_t kind = draw(world, 20);
	size_t limit = kind < 7 ? 600 : kind < 18 ? 64 << 10 : kind < 19 ? 512 << 10 : MAX_IO;

	*length = 1 + draw(world, (uint32_t)limit);
	switch (draw(world, 6)) {
	case 0:
		*offset = node->size;
		break;
	case 1:
		*offset = (1 + draw(world, MAX_SIZE / HUGE_PAGE - 1)) * HUGE_PAGE;
		*offset -= draw(world, 2) ? draw(world, (uint32_t)(*length % HUGE_PAGE) + 1) : 0;
		break;
	case 2:
		*offset = node->size + draw(world, 256 << 10);
		break;
	default:
		*offset = draw(world, (uint32_t)node->size + 4 * BLOCK);
	}
	if (one_in(world, 3))
		*offset -= *offset % BLOCK;
	*offset -= *offset % align;
	*length = (*length + align - 1) / align * align;
	if (*length > MAX_IO)
		*length = MAX_IO;
	if (*offset + *length > MAX_SIZE)
		*offset = MAX_SIZE - *length;
}

/* Returns what the system call does; errno is its own. */
static ssize_t do_transfer(const struct transfer *transfer)
{
	size_t third = transfer->length / 3;
	struct iovec parts[2] = {
		{(uint8_t *)(uintptr_t)transfer->from, third},
		{(uint8_t *)(uintptr_t)(transfer->from + third), transfer->length - third}};

	if (transfer->to) {
		for (size_t i = 0; transfer->load_first && i < transfer->length; i += BLOCK)
			(void)*(const volatile uint8_t *)(transfer->to + i);
		memcpy(transfer->to, transfer->from, transfer->length);
		return (ssize_t)transfer->length;
	}
	if (transfer->how == APPEND)
		return write(transfer->fd, transfer->from, transfer->length);
	if (transfer->how == VECTOR)
		return pwritev(transfer->fd, parts, 2, (off_t)transfer->offset);
	return pwrite(transfer->fd, transfer->from, transfer->length, (off_t)transfer->offset);
}

/* Here or in another process; then the model does the same, and the bytes are read again. */
static void transfer_and_verify(struct world *world, const struct transfer *transfer)
{
	struct node *node = transfer->node;
	int status;

	if (one_in(world, 60)) {
		pid_t pid = fork();

		if (pid == 0) {
			record(world, "(by another process)");
			if (do_transfer(transfer) != (ssize_t)transfer->length)
				differ(world, "a write: %s, or short", errno_name(errno));
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			differ(world, "this program gets no other process");
		if (status)
			exit(1);
	} else {
		ssize_t done = do_transfer(transfer);

		if (done != (ssize_t)transfer->length)
			differ(world, "a write of %zu bytes: got %zd (%s)", transfer->length, done,
			       errno_name(done < 0 ? errno : 0));
	}
	memcpy(node->data + transfer->offset, transfer->bytes, transfer->length);
	if (transfer->offset + transfer->length > node->size)
		resize_node(node, transfer->offset + transfer->length);
	if (transfer->fd >= 0)
		close(transfer->fd);
	verify_range(world, node, transfer->offset, transfer->length);
	verify_status(world, node);
}

void do_write(struct world *world)
{
	struct transfer transfer = {
		.node = pick_file(world), .from = world->source, .bytes = world->source};
	bool direct = world->direct_align && one_in(world, 2);
	int flags = O_WRONLY | (direct ? O_DIRECT : 0);
	static const int durable[] = {O_DSYNC, O_SYNC};

	if (!transfer.node)
		return;
	pick_range(world, transfer.node, direct ? world->direct_align : 1, &transfer.offset,
		   &transfer.length);
	if (!direct && one_in(world, 6) && transfer.node->size + transfer.length <= MAX_SIZE) {
		transfer.how = APPEND;
		transfer.offset = transfer.node->size;
		flags |= O_APPEND;
	} else if (!direct && one_in(world, 6)) {
		transfer.how = VECTOR;
	}
	if (one_in(world, 12))
		flags |= durable[draw(world, 2)];
	fill_random(world, world->source, transfer.length);
	record(world, "write inode %lu (%zu bytes): %zu at %zu, open flags %#x%s",
	       (unsigned long)transfer.node->ino, transfer.node->size, transfer.length,
	       transfer.offset, (unsigned int)flags, transfer.how == VECTOR ? ", pwritev" : "");
	transfer.fd = open_node(world, transfer.node, flags);
	transfer_and_verify(world, &transfer);
}

/* A mapping that is there, or a new one in the last area. */
static uint8_t *some_map(struct world *world, const struct node *node)
{
	uint8_t *map;
	int fd;

	for (int i = 0; i < HANDLES; i++)
		if (world->handles[i].node == node && world->handles[i].map && draw(world, 3))
			return world->handles[i].map;
	fd = open_node(world, node, O_RDWR);
	map = map_node(world, fd, HANDLES);
	close(fd);
	return map;
}

/* A range inside the file; false: there is none. */
static bool pick_inner_range(struct world *world, const struct node *node, size_t *offset,
			     size_t *length)
{
	if (!node || !node->size)
		return false;
	pick_range(world, node, 1, offset, length);
	*offset %= node->size;
	if (*length > node->size - *offset)
		*length = node->size - *offset;
	return true;
}

void do_map_write(struct world *world)
{
	struct transfer transfer = {
		.node = pick_file(world), .fd = -1, .from = world->source, .bytes = world->source};

	if (!pick_inner_range(world, transfer.node, &transfer.offset, &transfer.length))
		return;
	transfer.load_first = one_in(world, 3);
	fill_random(world, world->source, transfer.length);
	record(world, "store inode %lu (%zu bytes): %zu at %zu%s",
	       (unsigned long)transfer.node->ino, transfer.node->size, transfer.length,
	       transfer.offset, transfer.load_first ? ", loaded before" : "");
	transfer.to = some_map(world, transfer.node) + transfer.offset;
	transfer_and_verify(world, &transfer);
	unmap_node(world, HANDLES);
}

/* write() of what another file has mapped: the pages come while the first file is locked. */
void do_copy(struct world *world)
{
	struct transfer transfer = {.node = pick_file(world)};
	struct node *from = pick_file(world);
	bool direct = world->direct_align && one_in(world, 2);
	size_t align = direct ? BLOCK : 1;
	size_t from_offset, length, unused;

	if (!transfer.node || from == transfer.node ||
	    !pick_inner_range(world, from, &from_offset, &length))
		return;
	from_offset -= from_offset % align;
	length -= length % align;
	if (!length || from_offset + length > from->size)
		return;
	pick_range(world, transfer.node, align, &transfer.offset, &unused);
	if (transfer.offset + length > MAX_SIZE)
		return;
	transfer.length = length;
	record(world, "write inode %lu (%zu bytes): %zu at %zu, mapped from inode %lu at %zu%s",
	       (unsigned long)transfer.node->ino, transfer.node->size, length, transfer.offset,
	       (unsigned long)from->ino, from_offset, direct ? ", O_DIRECT" : "");
	transfer.fd = open_node(world, transfer.node, O_WRONLY | (direct ? O_DIRECT : 0));
	transfer.from = some_map(world, from) + from_offset;
	transfer.bytes = from->data + from_offset;
	transfer_and_verify(world, &transfer);
	unmap_node(world, HANDLES);
}

/* A private mapping shows the file until it is stored to; then the file doesn't change. */
void do_private(struct world *world)
{
	struct node *node = pick_file(world);
	size_t offset, length;
	uint8_t *map;
	int fd;

	if (!pick_inner_range(world, node, &offset, &length))
		return;
	record(world, "store inode %lu, private: %zu at %zu", (unsigned long)node->ino, length,
	       offset);
	fd = open_node(world, node, O_RDONLY);
	map = mmap(NULL, node->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		differ(world, "mmap, private: %s", errno_name(errno));
	close(fd);
	if (one_in(world, 2)) {
		memcpy(world->check, map + offset, length);
		verify_bytes(world, node, "a load through a private mapping", world->check, offset,
			     length);
	}
	fill_random(world, world->source, length);
	memcpy(map + offset, world->source, length);
	verify_range(world, node, offset, length);
	if (memcmp(map + offset, world->source, length))
		differ(world, "a private mapping doesn't have what was stored");
	munmap(map, node->size);
}

void do_read(struct world *world)
{
	struct node *node = pick_file(world);
	size_t offset, length;

	if (!node)
		return;
	pick_range(world, node, 1, &offset, &length);
	record(world, "read inode %lu (%zu bytes): %zu at %zu", (unsigned long)node->ino,
	       node->size, length, offset);
	verify_range(world, node, offset, length);
}

/* In the last page nothing keeps a program from it; but it isn't part of the file, ever. */
void do_store_beyond(struct world *world)
{
	struct node *node = pick_file(world);
	size_t start, length;

	if (!node || node->size % BLOCK == 0 || !world->clears_tails)
		return;
	start = node->size + draw(world, (uint32_t)(BLOCK - node->size % BLOCK));
	length = 1 + draw(world, (uint32_t)(BLOCK - start % BLOCK));
	record(world, "store inode %lu (%zu bytes): %zu behind the end, at %zu",
	       (unsigned long)node->ino, node->size, length, start);
	memset(some_map(world, node) + start, 0xee, length);
	unmap_node(world, HANDLES);
	node->has_tail = true;
}

/* Pages behind the last one must give SIGBUS, whatever was there before. */
void do_touch_beyond(struct world *world)
{
	struct node *node = pick_file(world);
	size_t end;

	if (!node)
		return;
	end = (node->size + BLOCK - 1) / BLOCK * BLOCK;
	if (end == MAX_SIZE)
		return;
	end += draw(world, 3) ? 0 : draw(world, (uint32_t)(MAX_SIZE - end));
	record(world, "load inode %lu (%zu bytes): behind the end, at %zu",
	       (unsigned long)node->ino, node->size, end);
	if (!faults(some_map(world, node) + end))
		differ(world, "a load at %zu of a file of %zu: expected SIGBUS", end, node->size);
	unmap_node(world, HANDLES);
}
