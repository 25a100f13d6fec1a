/* SPDX-License-Identifier: MIT */
/* How each subcommand of `bypass lab` ends. */
#ifndef LABS_SUBCOMMAND_H
#define LABS_SUBCOMMAND_H

#include "core/error.h"

enum subcommand_exit { EXIT_GOOD = 0, EXIT_NOT_PASSED = 1, EXIT_USAGE = 2, EXIT_BROKEN = 4 };

/* Tells @e on stderr. Returns @status. */
int subcommand_fail(enum subcommand_exit status, const struct error *e);

#endif
