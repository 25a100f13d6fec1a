// SPDX-License-Identifier: MIT
#include "image.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int fail(struct image *image, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct image *image, int err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(image->problem, sizeof(image->problem), format, arguments);
	va_end(arguments);
	return err;
}

/* The remainder of each byte, so that a block costs 4,096 steps instead of eight times that. */
static const uint32_t *crc_table(void)
{
	static uint32_t table[256];

	for (uint32_t byte = 1; !table[255] && byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		table[byte] = crc;
	}
	return table;
}

uint32_t image_crc(uint32_t seed, const void *data, size_t size)
{
	const uint32_t *table = crc_table();
	const uint8_t *byte = data;
	uint32_t crc = seed;

	for (; size > 0; size--, byte++)
		crc = crc >> 8 ^ table[(crc ^ *byte) & 0xff];
	return crc;
}

uint32_t image_struct_crc(const void *structure, size_t size)
{
	return image_crc(~0U, (const uint8_t *)structure + sizeof(__le32), size - sizeof(__le32));
}

uint32_t image_name_crc(const char *name, uint8_t length)
{
	return image_crc(image_crc(~0U, &length, sizeof(length)), name, length);
}

bool image_name_is_sound(const struct pathfs_dirent *entry)
{
	return entry->name_len > 0 &&
	       le32_to_cpu(entry->name_crc) == image_name_crc(entry->name, entry->name_len) &&
	       !memchr(entry->name, '/', entry->name_len) &&
	       !memchr(entry->name, 0, entry->name_len);
}

static int device_size(int fd, const struct stat *stat, uint64_t *bytes)
{
	if (S_ISREG(stat->st_mode))
		*bytes = (uint64_t)stat->st_size;
	else if (!S_ISBLK(stat->st_mode))
		return -ENOTBLK;
	else if (ioctl(fd, BLKGETSIZE64, bytes) < 0)
		return -errno;
	return 0;
}

int image_open_device(struct image *image, const char *path, bool write)
{
	struct stat status;
	uint64_t bytes;
	int flags = write ? O_RDWR : O_RDONLY;
	int err;

	memset(image, 0, sizeof(*image));
	image->fd = -1;
	if (stat(path, &status) < 0)
		return fail(image, -errno, "%s: %s", path, strerror(errno));
	/* On a block device, O_EXCL is refused while it is mounted. */
	if (write && S_ISBLK(status.st_mode))
		flags |= O_EXCL;
	image->fd = open(path, flags | O_CLOEXEC);
	if (image->fd < 0 && errno == EBUSY)
		return fail(image, -EBUSY, "%s is mounted or in use; unmount it first", path);
	if (image->fd < 0)
		return fail(image, -errno, "%s can't be opened: %s", path, strerror(errno));
	err = device_size(image->fd, &status, &bytes);
	if (err) {
		image_close(image);
		return fail(image, err, "%s is neither a block device nor a file", path);
	}
	image->device_blocks = bytes / PATHFS_BLOCK_SIZE;
	return 0;
}

int image_open(struct image *image, const char *path, bool write)
{
	static const char refused[] = "the checksum of its superblock is wrong";
	uint8_t block[PATHFS_BLOCK_SIZE];
	const char *problem;
	int err = image_open_device(image, path, write);

	if (err)
		return err;
	if (image->device_blocks == 0 || image_read(image, 0, 1, block)) {
		image_close(image);
		return fail(image, -EIO, "%s: the superblock can't be read", path);
	}
	memcpy(&image->super, block, sizeof(image->super));
	problem = pathfs_super_problem(&image->super, image->device_blocks);
	if (!problem &&
	    le32_to_cpu(image->super.crc) != image_struct_crc(&image->super, sizeof(image->super)))
		problem = refused;
	if (problem) {
		image_close(image);
		return fail(image, -EUCLEAN, "%s: %s", path, problem);
	}
	return 0;
}

void image_close(struct image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
}

int image_read(struct image *image, uint64_t block, uint64_t count, void *data)
{
	size_t size = count * PATHFS_BLOCK_SIZE;
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(image->fd, (uint8_t *)data + done, size - done,
				    (off_t)(block * PATHFS_BLOCK_SIZE + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(image, got ? -errno : -EIO, "block %llu can't be read: %s",
				    (unsigned long long)block, got ? strerror(errno) : "too short");
		done += (size_t)got;
	}
	return 0;
}

int image_write(struct image *image, uint64_t block, uint64_t count, const void *data)
{
	size_t size = count * PATHFS_BLOCK_SIZE;
	size_t done = 0;

	while (done < size) {
		ssize_t put = pwrite(image->fd, (const uint8_t *)data + done, size - done,
				     (off_t)(block * PATHFS_BLOCK_SIZE + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(image, put ? -errno : -EIO, "block %llu can't be written: %s",
				    (unsigned long long)block, put ? strerror(errno) : "no space");
		done += (size_t)put;
	}
	return 0;
}

int image_sync(struct image *image)
{
	if (fsync(image->fd) < 0)
		return fail(image, -errno, "what was written isn't safe: %s", strerror(errno));
	return 0;
}

static uint64_t slots_block(const struct image *image, uint32_t ino)
{
	return le32_to_cpu(image->super.inode_table) + (ino - 1) / PATHFS_INODES_PER_BLOCK;
}

static size_t slots_offset(uint32_t ino)
{
	return (ino - 1) % PATHFS_INODES_PER_BLOCK * PATHFS_INODE_SIZE;
}

int image_read_slots(struct image *image, uint32_t ino, struct pathfs_inode slots[PATHFS_SLOTS])
{
	uint8_t block[PATHFS_BLOCK_SIZE];
	int err = image_read(image, slots_block(image, ino), 1, block);

	if (!err)
		memcpy(slots, block + slots_offset(ino), PATHFS_INODE_SIZE);
	return err;
}

int image_write_slots(struct image *image, uint32_t ino,
		      const struct pathfs_inode slots[PATHFS_SLOTS])
{
	uint8_t block[PATHFS_BLOCK_SIZE];
	int err = image_read(image, slots_block(image, ino), 1, block);

	if (err)
		return err;
	memcpy(block + slots_offset(ino), slots, PATHFS_INODE_SIZE);
	return image_write(image, slots_block(image, ino), 1, block);
}

static bool slot_is_valid(const struct pathfs_inode *slot, uint32_t ino)
{
	return le32_to_cpu(slot->ino) == ino &&
	       le32_to_cpu(slot->crc) == image_struct_crc(slot, sizeof(*slot));
}

int image_current_slot(const struct pathfs_inode slots[PATHFS_SLOTS], uint32_t ino)
{
	bool valid0 = slot_is_valid(&slots[0], ino);
	bool valid1 = slot_is_valid(&slots[1], ino);

	if (valid0 && valid1)
		return pathfs_later_slot(slots);
	if (valid1)
		return 1;
	return valid0 ? 0 : -1;
}

int image_read_state(struct image *image, struct pathfs_state *state)
{
	uint8_t block[PATHFS_BLOCK_SIZE];
	int err = image_read(image, 0, 1, block);

	if (!err)
		memcpy(state, block + PATHFS_STATE_OFFSET, sizeof(*state));
	return err;
}

bool image_state_is_clean(const struct pathfs_state *state)
{
	return le32_to_cpu(state->crc) == image_struct_crc(state, sizeof(*state)) &&
	       le32_to_cpu(state->clean) == 1;
}

size_t image_map_size(uint32_t nbits)
{
	return ((size_t)nbits + PATHFS_BITS_PER_BLOCK - 1) / PATHFS_BITS_PER_BLOCK *
	       PATHFS_BLOCK_SIZE;
}

static uint32_t count_free(const uint8_t *map, uint32_t nbits)
{
	uint32_t count = 0;

	for (uint32_t bit = 0; bit < nbits; bit++)
		count += !image_bit(map, bit);
	return count;
}

int image_write_clean(struct image *image, const uint8_t *block_map, const uint8_t *inode_map)
{
	uint32_t nblocks = le32_to_cpu(image->super.nblocks);
	uint32_t ninodes = le32_to_cpu(image->super.ninodes);
	size_t block_map_size = image_map_size(nblocks);
	size_t inode_map_size = image_map_size(ninodes);
	union {
		uint8_t bytes[PATHFS_BLOCK_SIZE];
		struct pathfs_super super;
	} block = {{0}};
	struct pathfs_state *state = (struct pathfs_state *)(block.bytes + PATHFS_STATE_OFFSET);
	int err;

	block.super = image->super;
	state->clean = cpu_to_le32(1);
	state->free_blocks = cpu_to_le32(count_free(block_map, nblocks));
	state->free_inodes = cpu_to_le32(count_free(inode_map, ninodes));
	state->block_bitmap_crc = cpu_to_le32(image_crc(~0U, block_map, block_map_size));
	state->inode_bitmap_crc = cpu_to_le32(image_crc(~0U, inode_map, inode_map_size));
	state->crc = cpu_to_le32(image_struct_crc(state, sizeof(*state)));
	err = image_write(image, le32_to_cpu(image->super.block_bitmap),
			  block_map_size / PATHFS_BLOCK_SIZE, block_map);
	if (!err)
		err = image_write(image, le32_to_cpu(image->super.inode_bitmap),
				  inode_map_size / PATHFS_BLOCK_SIZE, inode_map);
	if (!err)
		err = image_sync(image);
	if (!err)
		err = image_write(image, 0, 1, &block);
	return err ? err : image_sync(image);
}
