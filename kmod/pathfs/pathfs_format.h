/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * pathfs on the medium. The module, mkfs, fsck and the dump tool share this file.
 *
 *   block 0        superblock (never rewritten) and, 512 bytes in, the state (clean or not)
 *   then           block bitmap, inode bitmap: both valid only while the state says clean
 *   then           inode table: each inode has two slots of 512 bytes
 *   data_start     a multiple of 2 MiB: file data, directory blocks, extent blocks, symlink targets
 *
 * There is no journal. What a power cut may leave is limited by four rules:
 *
 *   1. An inode is written to the slot that doesn't hold its last durable copy, then flushed. A
 * torn slot fails its checksum, and the other one still holds what was durable.
 *   2. A block is free for others only after the inode that gave it up is durable without it. Lists
 * of more extents than a slot holds are written to new blocks, never over the old ones.
 *   3. An inode is durable before the directory entry that names it, and an entry is gone before
 *      its inode is. An entry is linked and unlinked by one aligned store of eight bytes.
 *   4. The bitmaps are written at unmount only. Until then fsck rebuilds them from the inodes.
 *
 * All numbers are little-endian. A checksum is CRC-32C, seed ~0, not inverted, of what follows it.
 */
#ifndef PATHFS_FORMAT_H
#define PATHFS_FORMAT_H

#include <linux/types.h>

#ifndef __KERNEL__
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
/* The kernel's names, and its types: sparse finds a number that was used without its conversion. */
#ifdef __CHECKER__
#define __force __attribute__((force))
#else
#define __force
#endif
#define le16_to_cpu(x) le16toh((__force __u16)(__le16)(x))
#define le32_to_cpu(x) le32toh((__force __u32)(__le32)(x))
#define le64_to_cpu(x) le64toh((__force __u64)(__le64)(x))
#define cpu_to_le16(x) ((__force __le16)htole16(x))
#define cpu_to_le32(x) ((__force __le32)htole32(x))
#define cpu_to_le64(x) ((__force __le64)htole64(x))
#endif

#define PATHFS_MAGIC          0x70617468 /* "path" */
#define PATHFS_DIR_MAGIC      0x64697268 /* "dirh" */
#define PATHFS_VERSION        1
#define PATHFS_BLOCK_BITS     12
#define PATHFS_BLOCK_SIZE     (1 << PATHFS_BLOCK_BITS)
#define PATHFS_BITS_PER_BLOCK (PATHFS_BLOCK_SIZE * 8)
#define PATHFS_HUGE_BLOCKS    512 /* 2 MiB, what one PMD maps */

#define PATHFS_ROOT_INO       1
#define PATHFS_LOST_FOUND_INO 2
#define PATHFS_FIRST_INO      3
#define PATHFS_MIN_INODES     8

#define PATHFS_NAME_MAX    255
#define PATHFS_SYMLINK_MAX (PATHFS_BLOCK_SIZE - 1)

#define PATHFS_STATE_OFFSET     512
#define PATHFS_SLOT_SIZE        512
#define PATHFS_SLOTS            2
#define PATHFS_INODE_SIZE       (PATHFS_SLOTS * PATHFS_SLOT_SIZE)
#define PATHFS_INODES_PER_BLOCK (PATHFS_BLOCK_SIZE / PATHFS_INODE_SIZE)
#define PATHFS_INLINE_EXTENTS   25
#define PATHFS_BLOCK_EXTENTS    255
/* Bounds memory and the time to write an inode. */
#define PATHFS_MAX_EXTENTS 262144
/* The last file block would make the end of an extent overflow 32 bits. */
#define PATHFS_MAX_FILE_BLOCKS 0xfffffffeU

struct pathfs_super {
	__le32 crc;
	__le32 magic;
	__le32 version;
	__le32 block_size;
	__le32 nblocks;      /* of the whole file system, block 0 included */
	__le32 ninodes;      /* inode numbers are 1 to ninodes */
	__le32 block_bitmap; /* first block of each region; each ends where the next begins */
	__le32 inode_bitmap;
	__le32 inode_table;
	__le32 data_start;
	__u8 uuid[16];
	char label[32]; /* padded with zeros, not terminated */
};

/* Rewritten at mount and unmount, in a sector of its own. A torn state reads as "not clean". */
struct pathfs_state {
	__le32 crc;
	__le32 clean; /* 1: the bitmaps and the counts below hold */
	__le32 free_blocks;
	__le32 free_inodes;
	__le32 block_bitmap_crc; /* of all blocks of the bitmap */
	__le32 inode_bitmap_crc;
};

#define PATHFS_EXTENT_UNWRITTEN 0x1 /* allocated, but reads as zeros */
#define PATHFS_EXTENT_FLAGS     PATHFS_EXTENT_UNWRITTEN

/* `length` blocks of the file from `file_block` lie on the medium from `block`. */
struct pathfs_extent {
	__le32 file_block;
	__le32 block;
	__le32 length;
	__le32 flags;
};

#define PATHFS_INODE_DAX   0x1 /* wants DAX, as FS_XFLAG_DAX; inherited from the directory */
#define PATHFS_INODE_FLAGS PATHFS_INODE_DAX

/* One slot. Of the two, the valid one with the later sequence number is the inode. */
struct pathfs_inode {
	__le32 crc;
	__le32 ino; /* its own number: a slot in a wrong place is seen */
	__le64 sequence;
	__le32 generation; /* changes when a number is used again: an old entry can't name a new
			      file */
	__le16 mode;       /* 0: free */
	__le16 reserved;
	__le32 nlink; /* a directory has 1 */
	__le32 flags;
	__le32 uid;
	__le32 gid;
	__le64 size;
	__le64 atime;
	__le64 mtime;
	__le64 ctime;
	__le64 btime;
	__le32 atime_ns;
	__le32 mtime_ns;
	__le32 ctime_ns;
	__le32 btime_ns;
	__le32 nr_extents;
	__le32 extent_block; /* first of the chain that holds what the slot doesn't; 0: none */
	__le32 rdev;
	__le32 reserved2;
	struct pathfs_extent extents[PATHFS_INLINE_EXTENTS]; /* by file_block, no two overlap */
};

struct pathfs_extent_block {
	__le32 crc;
	__le32 ino;
	__le32 next; /* 0: the last */
	__le32 count;
	struct pathfs_extent extents[PATHFS_BLOCK_EXTENTS];
};

/*
 * A name. `ino` and `generation` are one aligned word of eight bytes: what changes when a name is
 * given to another inode. An entry with ino 0 is free. There are no entries "." and "..".
 */
struct pathfs_dirent {
	__le32 ino;
	__le32 generation;
	__le32 name_crc; /* of name_len and name; of a free entry 0 */
	__u8 name_len;
	__u8 reserved[3];
	char name[256]; /* padded with zeros */
};

#define PATHFS_BLOCK_DIRENTS 15

struct pathfs_dir_block {
	__le32 magic;
	__le32 ino; /* of the directory */
	__le32 generation;
	__le32 reserved;
	struct pathfs_dirent entries[PATHFS_BLOCK_DIRENTS];
};

/* Which of two valid slots is the inode. After the last number comes 0. */
static inline int pathfs_later_slot(const struct pathfs_inode slots[PATHFS_SLOTS])
{
	return (__s64)(le64_to_cpu(slots[1].sequence) - le64_to_cpu(slots[0].sequence)) > 0;
}

_Static_assert(sizeof(struct pathfs_inode) == PATHFS_SLOT_SIZE, "a slot");
_Static_assert(sizeof(struct pathfs_extent_block) == PATHFS_BLOCK_SIZE, "a block");
_Static_assert(sizeof(struct pathfs_dir_block) == PATHFS_BLOCK_SIZE, "a block");

/* What is checked before a superblock is believed; NULL, or what is wrong. The checksum is not. */
static inline const char *pathfs_super_problem(const struct pathfs_super *super,
					       __u64 device_blocks)
{
	__u64 nblocks = le32_to_cpu(super->nblocks);
	__u64 ninodes = le32_to_cpu(super->ninodes);
	__u64 block_bitmap = le32_to_cpu(super->block_bitmap);
	__u64 inode_bitmap = le32_to_cpu(super->inode_bitmap);
	__u64 inode_table = le32_to_cpu(super->inode_table);
	__u64 data_start = le32_to_cpu(super->data_start);

	if (le32_to_cpu(super->magic) != PATHFS_MAGIC)
		return "there is no pathfs on it";
	if (le32_to_cpu(super->version) != PATHFS_VERSION)
		return "its version is unknown";
	if (le32_to_cpu(super->block_size) != PATHFS_BLOCK_SIZE)
		return "its block size is not 4096";
	if (nblocks > device_blocks)
		return "it is larger than its device";
	if (ninodes < PATHFS_MIN_INODES || ninodes % PATHFS_INODES_PER_BLOCK)
		return "its number of inodes is wrong";
	if (block_bitmap != 1 || inode_bitmap - block_bitmap != (nblocks + PATHFS_BITS_PER_BLOCK -
								 1) / PATHFS_BITS_PER_BLOCK)
		return "its block bitmap is misplaced";
	if (inode_table - inode_bitmap !=
	    (ninodes + PATHFS_BITS_PER_BLOCK - 1) / PATHFS_BITS_PER_BLOCK)
		return "its inode bitmap is misplaced";
	if (data_start < inode_table + ninodes / PATHFS_INODES_PER_BLOCK ||
	    data_start % PATHFS_HUGE_BLOCKS || data_start >= nblocks)
		return "its data region is misplaced";
	return NULL;
}

/* Are `length` blocks from `block` all in the data region? */
static inline bool pathfs_in_data_region(const struct pathfs_super *super, __u64 block,
					 __u64 length)
{
	return length > 0 && block >= le32_to_cpu(super->data_start) &&
	       block + length <= le32_to_cpu(super->nblocks);
}

/* `next_file_block` is where the extent before it ended; NULL, or what is wrong. */
static inline const char *pathfs_extent_problem(const struct pathfs_super *super,
						const struct pathfs_extent *extent,
						__u64 next_file_block)
{
	__u64 file_block = le32_to_cpu(extent->file_block);
	__u64 length = le32_to_cpu(extent->length);

	if (file_block < next_file_block)
		return "extent out of order";
	if (file_block + length > PATHFS_MAX_FILE_BLOCKS)
		return "extent beyond the largest file";
	if (!pathfs_in_data_region(super, le32_to_cpu(extent->block), length))
		return "extent outside the data region";
	if (le32_to_cpu(extent->flags) & ~PATHFS_EXTENT_FLAGS)
		return "extent with unknown flags";
	return NULL;
}

/* The fields of an inode in use, extents apart; NULL, or what is wrong. */
static inline const char *pathfs_inode_problem(const struct pathfs_inode *inode)
{
	__u64 size = le64_to_cpu(inode->size);

	switch (le16_to_cpu(inode->mode) & S_IFMT) {
	case S_IFDIR:
		if (size % PATHFS_BLOCK_SIZE)
			return "directory size is not a number of blocks";
		break;
	case S_IFLNK:
		if (size == 0 || size > PATHFS_SYMLINK_MAX)
			return "symlink of impossible length";
		break;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	default:
		return "unknown type";
	}
	if (size > (__u64)PATHFS_MAX_FILE_BLOCKS << PATHFS_BLOCK_BITS)
		return "impossible size";
	if (le32_to_cpu(inode->nr_extents) > PATHFS_MAX_EXTENTS)
		return "too many extents";
	if (le32_to_cpu(inode->flags) & ~PATHFS_INODE_FLAGS)
		return "unknown flags";
	if (le32_to_cpu(inode->atime_ns) >= 1000000000 ||
	    le32_to_cpu(inode->mtime_ns) >= 1000000000 ||
	    le32_to_cpu(inode->ctime_ns) >= 1000000000 ||
	    le32_to_cpu(inode->btime_ns) >= 1000000000)
		return "impossible time";
	return NULL;
}

#endif
