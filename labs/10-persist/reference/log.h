/* SPDX-License-Identifier: MIT */
/*
 * A log in persistent memory: what was appended is there after a power cut, at whatever moment.
 *
 *   commit 8 bytes | length 4 | checksum 4 | data, and nothing up to the next multiple of 8
 *
 * Records follow each other from the medium's first byte. A record counts when its commit word is
 * LOG_COMMITTED, and where that word is 0 the log ends. Behind the end may lie anything: a record
 * that was never finished, or those of an earlier life of the log.
 *
 * So there are two questions with two answers. Which records are there? The commit word says. Is
 * one of them damaged? The checksum says. A power cut alone never damages a record that counts.
 */
#ifndef LAB_LOG_H
#define LAB_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_COMMITTED 0x64657474696d6d6full

struct log_head {
	uint32_t nbytes;   /* of the data */
	uint32_t checksum; /* of length and data */
};

struct log_record {
	uint64_t commit;
	struct log_head head;
	uint8_t data[];
};

struct log {
	uint8_t *medium; /* begins at a cache line */
	size_t nbytes;
	size_t end; /* where the next record goes; its commit word is 0 */
};

typedef void log_each(void *arg, const void *data, uint32_t nbytes);

/* Maps a file on a DAX file system for a log. -EOPNOTSUPP: flushing wouldn't make stores last. */
int log_map(int fd, size_t nbytes, void **medium);
/*
 * Opens what is on @medium and gives each record to @each, in order. An empty log is a medium that
 * begins with a word of 0. -EIO: the medium has damaged a record; those before it were given.
 */
int log_recover(struct log *log, void *medium, size_t nbytes, log_each *each, void *arg);
/* The record is there for ever when this returns 0. -ENOSPC: it doesn't fit. */
int log_append(struct log *log, const void *data, uint32_t nbytes);
/* All records go, or, if the power does first, none. The log is empty for ever when this returns.
 */
void log_restart(struct log *log);

/* CRC-32C as the processor's instruction has it: begins with @crc, and turns no bits over. */
uint32_t log_crc(uint32_t crc, const void *data, size_t nbytes);

#endif
