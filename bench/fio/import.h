/* SPDX-License-Identifier: MIT */
/*
 * fio's job files as suites: a cell for each job section, with the options that mean the same here.
 * What isn't taken is refused with a sentence that names the line; nothing is passed over but what
 * makes no difference to the measurement (group_reporting, thread, ...).
 */
#ifndef BYPASS_FIO_IMPORT_H
#define BYPASS_FIO_IMPORT_H

#include "core/error.h"
#include "core/suite.h"

/* Does @name end in .fio? */
bool fio_import_matches(const char *name);
/* Reads the file @path. */
int fio_import_load(struct suite **suite, const char *path, struct error *e);
/* Parses @text (NUL-terminated) as the job file @name.fio; fuzzed. */
int fio_import_parse(struct suite **suite, const char *name, const char *text, struct error *e);

#endif
