/* SPDX-License-Identifier: MIT */
/* Runs the installed fio as a child and keeps what it prints. */
#ifndef BYPASS_FIO_RUN_H
#define BYPASS_FIO_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

struct fio_output {
	char *text;     /* standard output; owned */
	char *messages; /* standard error; owned */
	int status;     /* of exit; 128 + N after signal N */
	/* Bytes that it made the block layer move, its own program included. */
	uint64_t storage_read, storage_written;
};

/* Is there a program `fio` in PATH? */
bool fio_installed(void);
/*
 * Runs `fio` with @argv (argv[0] is "fio", NULL at the end). @input is its standard input, @file is
 * a descriptor that it has too, under the same number; -1: none. -EINTR when interrupted: it has
 * ended all the same. Free with fio_output_free, whatever is returned.
 */
int fio_run(const char *const argv[], int input, int file, struct fio_output *output,
	    struct error *e);
void fio_output_free(struct fio_output *output);

#endif
