/* SPDX-License-Identifier: MIT */
/*
 * What a group shows, as one sentence: which path is best and by how much. Said only when the
 * intervals don't overlap and the difference is larger than what `bypass compare` takes for none.
 */
#ifndef BYPASS_REPORT_FINDINGS_H
#define BYPASS_REPORT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/rows.h"

#define FINDING_MAX 512

/* False where @out says why there is nothing to say. */
bool finding_sentence(enum run_clock clock, const struct group *group, char *out, size_t size);

#endif
