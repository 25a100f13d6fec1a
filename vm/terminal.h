/* SPDX-License-Identifier: MIT */
#ifndef VM_TERMINAL_H
#define VM_TERMINAL_H

#include "vm/protocol.h"

/* vm_terminal_raw() - every key goes to the guest, until the process ends. 0 or a negative errno.
 */
int vm_terminal_raw(void);
void vm_terminal_restore(void);
struct vm_window vm_terminal_window(void);

#endif
