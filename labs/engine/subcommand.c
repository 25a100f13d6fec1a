// SPDX-License-Identifier: MIT
#include "engine/subcommand.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/program.h"

int subcommand_fail(enum subcommand_exit status, const struct error *e)
{
	char *text = program_in_text(e->text);

	fprintf(stderr, "bypass lab: %s\n", text);
	free(text);
	return status;
}
