// SPDX-License-Identifier: MIT
#include "vm/terminal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* What atexit() needs to find again: there is one terminal to a process. */
static struct termios saved;
static bool changed;

void vm_terminal_restore(void)
{
	if (changed)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	changed = false;
}

int vm_terminal_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved))
		return -errno;
	raw = saved;
	cfmakeraw(&raw);
	changed = true;
	atexit(vm_terminal_restore);
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) ? -errno : 0;
}

struct vm_window vm_terminal_window(void)
{
	struct vm_window window = {.rows = 24, .columns = 80};
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row) {
		window.rows = size.ws_row;
		window.columns = size.ws_col;
	}
	return window;
}
