/* SPDX-License-Identifier: MIT */
#ifndef BYPASS_PATHS_DAX_H
#define BYPASS_PATHS_DAX_H

#include "paths/path.h"

/*
 * Can the device below be mapped at all? Whether the file system then really does it is not asked
 * here: a mount with DAX silently off must be measured and refuted, not passed over.
 */
int dax_probe(const struct workload *w, const struct target *t, struct unavailable *why);

#endif
