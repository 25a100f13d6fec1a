/* SPDX-License-Identifier: MIT */
/* A new, empty pathfs. */
#ifndef PATHFS_MAKE_H
#define PATHFS_MAKE_H

#include "image.h"

struct make_options {
	uint32_t ninodes;  /* 0: one for each 64 KiB */
	const char *label; /* up to 32 bytes, or NULL */
};

/* On an image opened as a device. What was there is lost. */
int make_filesystem(struct image *image, const struct make_options *options);

#endif
