/* SPDX-License-Identifier: MIT */
/*
 * Private to workload*.c and run_json*.c: what the values are called, and what to say about an
 * option that isn't ours.
 */
#ifndef BYPASS_WORKLOAD_HINTS_H
#define BYPASS_WORKLOAD_HINTS_H

#include "core/error.h"

/* Names by value of each enumeration of workload.h, ending with NULL. */
extern const char *const workload_rw_names[];
extern const char *const workload_cache_names[];
extern const char *const workload_access_names[];
extern const char *const workload_durability_names[];
extern const char *const workload_madvise_names[];
extern const char *const workload_rate_process_names[];

/*
 * Judges an option that struct workload doesn't have: -EINVAL with a sentence that names what to
 * write instead.
 */
int workload_set_foreign(const char *name, struct error *e);

#endif
