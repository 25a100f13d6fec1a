// SPDX-License-Identifier: MIT
#include "engine/teacher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/handed_in.h"
#include "engine/seal.h"
#include "engine/subcommand.h"

static int cmd_grade(const struct labs *labs, int argc, char **argv)
{
	const struct lab *only = NULL;
	bool json = false, csv = false;
	struct error e;

	if (argc > 1 && strncmp(argv[argc - 1], "--format=", 9) == 0) {
		json = strcmp(argv[argc - 1] + 9, "json") == 0;
		csv = strcmp(argv[argc - 1] + 9, "csv") == 0;
		argc--;
	} else {
		csv = true;
	}
	if ((argc != 2 && argc != 3) || (!json && !csv)) {
		error_set(&e, 0, "grade wants a folder, maybe a lab, maybe --format=csv or =json");
		return subcommand_fail(EXIT_USAGE, &e);
	}
	if (argc == 3)
		only = labs_find(labs, argv[2]);
	if (argc == 3 && !only) {
		error_set(&e, 0, "there is no lab '%s'; bypass lab list shows them", argv[2]);
		return subcommand_fail(EXIT_USAGE, &e);
	}
	return grade(labs, argv[1], only, json);
}

static int cmd_pack(const struct labs *labs, const char *file, const char *seed)
{
	char script[600], engine[600], number[16];
	struct error e;

	if (sealed(labs)) {
		error_set(&e, 0, "this tree was packed itself; do it in the project's own");
		return subcommand_fail(EXIT_USAGE, &e);
	}
	if (strspn(seed, "0123456789") != strlen(seed) || !strtoul(seed, NULL, 10) ||
	    strlen(seed) > 9) {
		error_set(&e, 0, "the seed is a number from 1 to 999999999, not '%s'", seed);
		return subcommand_fail(EXIT_USAGE, &e);
	}
	snprintf(script, sizeof(script), "%s/labs/engine/pack.sh", labs->root);
	snprintf(engine, sizeof(engine), "%s/build/bypass-lab", labs->root);
	snprintf(number, sizeof(number), "%s", seed);
	execlp("sh", "sh", script, labs->root, engine, number, file, NULL);
	error_set(&e, -errno, "can't start sh: %s", strerror(errno));
	return subcommand_fail(EXIT_BROKEN, &e);
}

int teacher_command(const struct labs *labs, int argc, char **argv, int *status)
{
	const char *command = argv[0];
	struct error e;

	*status = EXIT_GOOD;
	if (strcmp(command, "grade") == 0)
		*status = cmd_grade(labs, argc, argv);
	else if (strcmp(command, "pack") == 0 && (argc == 2 || argc == 3))
		*status = cmd_pack(labs, argv[1], argc == 3 ? argv[2] : "1");
	/* For engine/sandbox.sh, and for engine/pack.sh. */
	else if (strcmp(command, "in-guest") == 0 && argc == 4 && labs_find(labs, argv[3]))
		*status = in_guest(labs, labs_find(labs, argv[3]), argv[1], argv[2]);
	else if (strcmp(command, "seal") != 0 || argc != 3)
		return -1;
	else if (seal_all(labs, argv[1], (unsigned int)strtoul(argv[2], NULL, 10), &e))
		*status = subcommand_fail(EXIT_BROKEN, &e);
	return 0;
}
