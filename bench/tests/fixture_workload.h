/* SPDX-License-Identifier: MIT */
/* Workloads from the options that a person would write. */
#ifndef BYPASS_FIXTURE_WORKLOAD_H
#define BYPASS_FIXTURE_WORKLOAD_H

#include "core/workload.h"

/* With @options ("bs=4k rw=read"), on a file in /tmp; fails the test if one is refused. */
struct workload workload_of(const char *options);
void workload_accepts(struct workload *w, const char *name, const char *value);

#endif
