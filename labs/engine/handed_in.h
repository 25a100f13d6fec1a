/* SPDX-License-Identifier: MIT */
/* Work that was handed in: by people who may have had more in mind than a lab. */
#ifndef LABS_HANDED_IN_H
#define LABS_HANDED_IN_H

#include <stddef.h>

#include "core/error.h"
#include "engine/lab.h"

/*
 * Copies from @folder/LAB/ the lab's own files, and nothing else, into @to: only regular files of a
 * megabyte at most that are reached by no symbolic link. *@missing: how many it couldn't take, each
 * of which is told on stderr.
 */
int hand_in(const struct lab *lab, const char *folder, const char *to, unsigned int *missing,
	    struct error *e);

/* Are they names for a table and a path? Letters, digits and "_.@+-". */
int is_student_name(const char *name);

/* bypass lab grade: @only may be NULL: all labs. Returns the exit status of the command. */
int grade(const struct labs *labs, const char *folder, const struct lab *only, int json);

/* In the guest: builds what @plan lists, as nobody, and says what became of it. */
int in_guest(const struct labs *labs, const struct lab *lab, const char *nonce, const char *plan);

#endif
