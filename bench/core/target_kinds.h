/* SPDX-License-Identifier: MIT */
/* What target.c calls for targets that are no files; each function as its namesake in target.h. */
#ifndef BYPASS_TARGET_KINDS_H
#define BYPASS_TARGET_KINDS_H

#include <sys/types.h>
#include "core/target.h"

/* "block:/dev/...", "/dev/...", "nvme:SERIAL", "testbed:disk". */
bool target_block_matches(const char *text);
int target_block_parse(struct target *t, const char *text, struct error *e);
int target_block_probe(struct target *t, struct error *e);
int target_block_open(struct target *t, uint64_t size, bool writes, struct error *e);
void target_block_describe(const struct target *t, json_t *json);

/* "pci:...", a bare PCI address, "soft:...", "nvme:SERIAL/vfio", "testbed:disk/vfio". */
bool target_userdrv_matches(const char *text);
int target_userdrv_parse(struct target *t, const char *text, struct error *e);
int target_userdrv_probe(struct target *t, struct error *e);
int target_userdrv_open(struct target *t, uint64_t size, bool writes, struct error *e);
void target_userdrv_close(struct target *t);
void target_userdrv_describe(const struct target *t, json_t *json);
/* As pread and pwrite on the whole namespace; any offset and length. Negative errno. */
ssize_t target_userdrv_read(const struct target *t, void *buffer, size_t nbytes, uint64_t at);
ssize_t target_userdrv_write(const struct target *t, const void *buffer, size_t nbytes,
			     uint64_t at);
/* What was written is on the medium. */
int target_userdrv_flush(const struct target *t);

/*
 * Serial number whose disk may be written (--allow-writes), or NULL. Set once, before targets are
 * opened; target_block.c.
 */
extern const char *target_writable_serial;

/* Lays out @size bytes with the pattern of generation 1 (target_fill.c); for all kinds. */
int target_lay_out(struct target *t, uint64_t size, struct error *e);

#endif
