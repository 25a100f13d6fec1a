// SPDX-License-Identifier: MIT
#include "vm/console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OOPS_BEGINS_BEFORE = 5 };

static void add_character(struct vm_console *console, char character)
{
	char *line;

	if (character == '\n') {
		console->column = 0;
		return;
	}
	if ((unsigned char)character < ' ' && character != '\t')
		return;
	/* A line begins with its first character: an ended one isn't followed by an empty one. */
	if (console->column == 0) {
		console->count++;
		memset(console->lines[(console->count - 1) % VM_CONSOLE_LINES], 0,
		       VM_CONSOLE_WIDTH);
	}
	line = console->lines[(console->count - 1) % VM_CONSOLE_LINES];
	if (console->column < VM_CONSOLE_WIDTH - 1)
		line[console->column++] = character;
}

void vm_console_add(struct vm_console *console, const char *text, size_t nbytes)
{
	for (size_t i = 0; i < nbytes; i++)
		add_character(console, text[i]);
}

int vm_console_fill(struct vm_console *console, int fd)
{
	char text[4096];
	const ssize_t got = read(fd, text, sizeof(text));

	if (got < 0)
		return -errno;
	vm_console_add(console, text, (size_t)got);
	return (int)got;
}

static unsigned int oldest(const struct vm_console *console)
{
	return console->count > VM_CONSOLE_LINES ? console->count - VM_CONSOLE_LINES : 0;
}

const char *vm_console_find(const struct vm_console *console, const char *text)
{
	for (unsigned int i = console->count; i > oldest(console); i--) {
		const char *line = console->lines[(i - 1) % VM_CONSOLE_LINES];

		if (strstr(line, text))
			return line;
	}
	return NULL;
}

unsigned int vm_console_first_shown(const struct vm_console *console)
{
	/* The number of the oops; an address that can't be read is said some lines before. */
	const char *oops = vm_console_find(console, "[#1]");
	const char *panic = vm_console_find(console, "Kernel panic");
	const char *reason = oops ? oops : panic;
	unsigned int from = oldest(console);

	if (!panic)
		return console->count - from > VM_CONSOLE_SHOWN ? console->count - VM_CONSOLE_SHOWN
								: from;
	while (console->lines[from % VM_CONSOLE_LINES] != reason)
		from++;
	if (!oops)
		return from;
	return from - oldest(console) > OOPS_BEGINS_BEFORE ? from - OOPS_BEGINS_BEFORE
							   : oldest(console);
}

bool vm_console_print(const struct vm_console *console, const char *prefix)
{
	unsigned int from = vm_console_first_shown(console), to = console->count;

	if (to - from > VM_CONSOLE_SHOWN)
		to = from + VM_CONSOLE_SHOWN;
	for (; from < to; from++)
		fprintf(stderr, "%s%s\n", prefix, console->lines[from % VM_CONSOLE_LINES]);
	return console->count > 0;
}
