/* SPDX-License-Identifier: MIT */
/*
 * What a group shows, as one sentence: which path is best and by how much, said only when the
 * intervals allow it.
 */
#ifndef BYPASS_REPORT_FINDINGS_H
#define BYPASS_REPORT_FINDINGS_H

#include <stddef.h>

#include "report/rows.h"

#define FINDING_MAX 512

void finding_sentence(enum run_clock clock, const struct group *group, char *out, size_t size);

#endif
