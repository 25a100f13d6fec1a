/* SPDX-License-Identifier: MIT */
/* Where the project lies, if that can't work. */
#ifndef LABS_PROJECT_PLACE_H
#define LABS_PROJECT_PLACE_H

#include "core/error.h"

/*
 * -EINVAL with a sentence if a folder on a file system of that kind (statfs's f_type) on a kernel
 * of that release is a Windows drive of WSL2.
 */
int place_refuse(const char *root, long fs_type, const char *release, struct error *e);
/* The same of a folder of this computer. */
int place_check(const char *root, struct error *e);

#endif
