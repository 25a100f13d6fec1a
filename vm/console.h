/* SPDX-License-Identifier: MIT */
/* The last lines of a text stream: of the guest's serial console, and of what QEMU says. */
#ifndef VM_CONSOLE_H
#define VM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#define VM_CONSOLE_LINES 256 /* kept: a panic with all its traces is longer than a screen */
#define VM_CONSOLE_SHOWN 64  /* printed */
#define VM_CONSOLE_WIDTH 256

struct vm_console {
	unsigned int count; /* lines begun so far; the current one is lines[(count - 1) % LINES] */
	size_t column;      /* in the current line */
	char lines[VM_CONSOLE_LINES][VM_CONSOLE_WIDTH];
};

/* vm_console_add() - control characters are left out, long lines cut. */
void vm_console_add(struct vm_console *console, const char *text, size_t nbytes);

/* vm_console_fill() - one read(2) into it: bytes read, 0 at the end, or a negative errno. */
int vm_console_fill(struct vm_console *console, int fd);

/* vm_console_find() - the last line that contains @text, or NULL. */
const char *vm_console_find(const struct vm_console *console, const char *text);

/*
 * vm_console_first_shown() - which line is printed first: of the last ones, or, since the traces of
 * every processor can push it far up, where a panic begins, or the oops that led to it.
 */
unsigned int vm_console_first_shown(const struct vm_console *console);

/* vm_console_print() - to stderr, each line after @prefix; false when there was none. */
bool vm_console_print(const struct vm_console *console, const char *prefix);

#endif
