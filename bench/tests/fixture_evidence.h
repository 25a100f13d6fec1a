/* SPDX-License-Identifier: MIT */
/* Facts of an honest pass, made by hand, for the tests of evidence to bend. */
#ifndef BYPASS_FIXTURE_EVIDENCE_H
#define BYPASS_FIXTURE_EVIDENCE_H

#include "core/evidence.h"

#define PAGES 1024u
#define IOS   1000u
#define BS    4096u
#define BYTES ((uint64_t)IOS * BS)

#define NOTHING_SAID (-1)

extern struct cell cell;
extern struct target target;
extern struct pass_facts facts;
extern struct witness_facts witness;

/* An honest pass of reads from the page cache of a file on a disk. */
void evidence_set_up(void);
void evidence_tear_down(void);
/* Drops the cell's evidence and keeps its workload. */
void forget(void);
/* Verdict of @claim, or NOTHING_SAID. */
int verdict_of(const char *claim, enum phase phase);
/* The verdict that one fresh pass of @path gives to @claim. */
int timed(const char *path, const char *claim);
int witnessed(const char *path, const char *claim);
int timed_on(const struct path_ops *ops, const char *claim);
int witnessed_on(const struct path_ops *ops, const char *claim);
/* What a truthful pass of the kind looks like. */
void make_cold(void);
void make_direct(void);
void make_dax(void);

#endif
