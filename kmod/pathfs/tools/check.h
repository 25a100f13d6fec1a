/* SPDX-License-Identifier: MIT */
/* Finds what is wrong in a pathfs and repairs it. */
#ifndef PATHFS_CHECK_H
#define PATHFS_CHECK_H

#include "image.h"

struct check_options {
	bool repair;                                         /* else only look */
	void (*report)(void *context, const char *sentence); /* one for each finding; may be NULL */
	void *context;
};

/*
 * Returns 0 and in *findings how many things were wrong, all of them repaired if that was asked; or
 * a negative errno if it couldn't be done. The image is opened for writing if it may repair.
 */
int check_filesystem(struct image *image, const struct check_options *options,
		     unsigned int *findings);

#endif
