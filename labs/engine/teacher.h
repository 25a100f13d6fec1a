/* SPDX-License-Identifier: MIT */
/* Commands that students don't need. */
#ifndef LABS_TEACHER_H
#define LABS_TEACHER_H

#include "engine/lab.h"

/* @argv: the subcommand and what follows it. -1: it is none of these; 0: *@status is its exit. */
int teacher_command(const struct labs *labs, int argc, char **argv, int *status);

#endif
