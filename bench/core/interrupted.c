// SPDX-License-Identifier: MIT
#include "core/interrupted.h"

#include <unistd.h>

volatile sig_atomic_t interrupted_signal;
static const char *volatile empty_folder;

static void on_signal(int signal)
{
	if (interrupted_signal) {
		if (empty_folder)
			rmdir(empty_folder);
		_exit(128 + signal);
	}
	interrupted_signal = signal;
}

void interrupted_remove_if_empty(const char *folder)
{
	empty_folder = folder;
}

void interrupted_catch(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	/* A reader that went away (`bypass list | head`) is told by EPIPE, not by death. */
	signal(SIGPIPE, SIG_IGN);
}
