/* SPDX-License-Identifier: MIT */
#ifndef VM_BACKING_H
#define VM_BACKING_H

#include <stdint.h>

/*
 * vm_backing_open() - a sparse file without a name in ${TMPDIR:-/tmp}: it is gone with the last
 * process that has it open, however that ends. Returns the descriptor or a negative errno.
 */
int vm_backing_open(uint64_t nbytes);

/* vm_backing_folder() - where such files are. */
const char *vm_backing_folder(void);

#endif
