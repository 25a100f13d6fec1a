// SPDX-License-Identifier: MIT
#include "core/interrupted.h"

#include <unistd.h>

volatile sig_atomic_t interrupted_signal;

static void on_signal(int signal)
{
	if (interrupted_signal)
		_exit(128 + signal);
	interrupted_signal = signal;
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
