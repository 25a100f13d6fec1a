/* SPDX-License-Identifier: MIT */
/* Which way bytes take between a program and where they are stored. */
#ifndef LAB_CLASSIFY_H
#define LAB_CLASSIFY_H

enum way {
	WAY_NONE,             /* to no storage: a pipe, /dev/zero, memory of the program's own */
	WAY_PAGE_CACHE,       /* a file, through the page cache */
	WAY_DIRECT,           /* a file, past the page cache, through the block layer */
	WAY_DAX,              /* a file, past both: loads and stores on the medium */
	WAY_BLOCK_PAGE_CACHE, /* a block device, through a page cache of its own */
	WAY_BLOCK_DIRECT,     /* a block device, past that */
	WAY_NVME_COMMANDS,    /* the program's own NVMe commands, past the block layer */
};

/* Of read() and write() by @fd, as it is now. */
enum way classify(int fd);
/* Of a load or store at @address. */
enum way classify_mapping(const void *address);

#endif
