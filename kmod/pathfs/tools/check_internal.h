/* SPDX-License-Identifier: MIT */
/* What the passes of a check share. They run in the order in which they stand here. */
#ifndef PATHFS_CHECK_INTERNAL_H
#define PATHFS_CHECK_INTERNAL_H

#include "check.h"

/* An extent in this machine's byte order. */
struct run {
	uint32_t file_block;
	uint32_t block;
	uint32_t length;
	uint32_t flags;
};

struct runs {
	struct run *run;
	uint32_t count;
	uint32_t room;
};

/* An inode in use. */
struct node {
	uint32_t ino;
	struct pathfs_inode slot; /* its current copy, fields corrected; the extents are in `map` */
	int current;              /* which slot that is on the medium */
	struct runs map;
	struct runs chain; /* blocks that hold extents */
	uint32_t links;    /* names found */
	bool changed;      /* is to be written */
	bool new_chain;    /* the extents changed: to new blocks */
};

struct check {
	struct image *image;
	const struct check_options *options;
	unsigned int findings;
	uint32_t nblocks;
	uint32_t ninodes;
	uint32_t data_start;
	struct node **nodes; /* by number; NULL: free */
	uint8_t *block_map;  /* what is in use, from the inodes */
	uint8_t *inode_map;
	uint8_t *named_by_lost; /* inodes that a directory without a name names */
};

/* Says what is wrong, and counts it. */
void check_found(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int runs_append(struct runs *runs, struct run run);
uint32_t node_size_blocks(const struct node *node);
bool node_is_dir(const struct node *node);
/* Where a block of a file is; 0: nowhere, or without data. */
uint32_t node_block(const struct node *node, uint32_t file_block);
/* The inode is free from now on. Its blocks stay taken until the bitmap is made anew. */
int check_free_node(struct check *check, struct node *node);
/* An empty directory in place of whatever the inode is. */
int check_new_dir(struct check *check, uint32_t ino, uint16_t permissions);
/* A free block, now in use; 0: none. */
uint32_t check_take_block(struct check *check);

/* check_inodes.c: each inode by itself, then who has which block */
int check_inodes(struct check *check);
int check_blocks(struct check *check);

/* check_names.c: all names from the root; what has no name */
int check_names(struct check *check);

/* check_write.c: link counts, then what changed onto the medium */
void check_links(struct check *check);
int check_write(struct check *check);

#endif
