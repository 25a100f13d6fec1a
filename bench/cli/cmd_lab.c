// SPDX-License-Identifier: MIT
/* The course is a program of its own, built beside this one: labs use bench, not the other way. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/program.h"
#include "core/results.h"

int cmd_lab(int argc, char **argv)
{
	char root[512], program[600];
	struct error e;

	(void)argc;
	if (results_project_root(root, sizeof(root), &e))
		return cli_fail(EXIT_FAILED, &e);
	if (results_installed(root)) {
		error_set(&e, 0,
			  "a lab is a part of the source tree that you write, and this "
			  "bypass is installed; do build/bypass lab in the source tree");
		return cli_fail(EXIT_NOTHING_RAN, &e);
	}
	snprintf(program, sizeof(program), "%s/build/bypass-lab", root);
	setenv(PROGRAM_ENVIRONMENT, program_name(), 1);
	execv(program, argv);
	error_set(&e, -errno, "can't start %s: %s; do: make labs", program, strerror(errno));
	return cli_fail(EXIT_FAILED, &e);
}
