/* SPDX-License-Identifier: MIT */
/*
 * An io_uring of one job: what the paths share that have one. It has as many entries as the job has
 * operations in flight, and belongs to the thread that opens it.
 */
#ifndef BYPASS_RING_H
#define BYPASS_RING_H

#include <liburing.h>

#include "paths/path.h"

/* The first member of what job->own points to, which is one piece of calloc. */
struct ring {
	struct io_uring uring;
	unsigned int in_flight; /* started and not yet ended */
	/* What makes an entry of the job's file and buffers, registered or not. */
	int fd; /* job->fd, or its place among the registered files */
	uint8_t flags;
	uint8_t read_opcode, write_opcode; /* of a file */
	/* The result of an operation that did all: bytes; of an NVMe command, its status. */
	int complete;
};

/* Is there an io_uring with @flags for us, and one that can wait with a time-out? As path probe. */
int ring_probe(unsigned int flags, struct unavailable *why);
/* Has the driver of the target's disk queues without interrupts? As path probe. */
int ring_probe_poll_queues(const struct target *t, struct unavailable *why);
/*
 * Makes @r, zeroed, the job's ring on job->fd, and registers what the workload asks for. On failure
 * frees @r and closes job->fd.
 */
int ring_open(struct path_job *job, struct ring *r, unsigned int flags, struct error *e);
/* The same on the target's file, opened with O_DIRECT; reads and writes whole blocks. */
int ring_open_direct(struct path_job *job, unsigned int flags, struct error *e);
/* A read or write of the file; path start. */
int ring_start(struct path_job *job, struct path_io *io);
/* What every entry has, after its operation has been prepared. */
static inline void ring_finish_entry(const struct path_job *job, struct ring *r,
				     struct io_uring_sqe *sqe, struct path_io *io)
{
	sqe->flags = r->flags;
	sqe->buf_index = (uint16_t)(io - job->ios); /* of no meaning unless registered */
	io_uring_sqe_set_data(sqe, io);
	r->in_flight++;
}
/* Path give. */
int ring_give(struct path_job *job);
/* Tells of all that lie in the completion ring, which is memory of ours: no system call. */
unsigned int ring_take(struct path_job *job);
/* Path reap: asleep until an interrupt, or while the kernel polls. */
int ring_reap_asleep(struct path_job *job, unsigned int min);
int ring_reap_polled(struct path_job *job, unsigned int min);
/* When a wait that began now has to give up: a time that is cheap to compare with. */
uint64_t ring_deadline(const struct path_job *job);
bool ring_too_late(uint64_t deadline);
void ring_close(struct path_job *job);

#endif
