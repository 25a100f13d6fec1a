/* SPDX-License-Identifier: MIT */
/* What you think that a read of 4 KiB costs on each of five paths, before it was measured. */
#ifndef PREDICTIONS_H
#define PREDICTIONS_H

enum tour_path { BUFFERED, DIRECT, DAX, MMAP_DAX, USERDRV_POLL, NPATHS };

/*
 * Instructions of the processor for one read, kernel included, without the copying of the bytes and
 * without waiting. Of a mapping: an access to a page that was touched before.
 */
extern const unsigned int predicted_instructions[NPATHS];
/* System calls for one read. */
extern const int predicted_syscalls[NPATHS];
/* What has to happen that costs so much, in a line. */
extern const char *const predicted_reasons[NPATHS];

#endif
