/* SPDX-License-Identifier: MIT */
/*
 * A tree for students (bypass lab pack) has stubs in all sources, and the reference in a file that
 * can't be read by eye or found by grep. It is no secret: what can be checked offline can be
 * unsealed offline, and the project is public.
 */
#ifndef LABS_SEAL_H
#define LABS_SEAL_H

#include "core/error.h"
#include "engine/lab.h"

/* Is the tree one of those? */
bool sealed(const struct labs *labs);
/* The reference's text of a file, named from the root. The caller frees *@text. */
int reference_text(const struct labs *labs, const char *name, char **text, struct error *e);
/* Writes all files of all labs to @stage, with stubs, and sealed as they are. */
int seal_all(const struct labs *labs, const char *stage, unsigned int seed, struct error *e);
/* The number that a sealed tree was made with, and no two students have; 0: this is none. */
unsigned int sealed_seed(const struct labs *labs);

#endif
