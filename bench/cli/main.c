// SPDX-License-Identifier: MIT
/* bypass: the same 4 KiB by every Linux path, with proof of which path served it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/program.h"
#include "version.h"

static const char usage[] =
	"bypass: the same 4 KiB by every Linux path, with proof of which path served it\n"
	"\n"
	"  bypass run SUITE [OPTION...]  run a suite; --testbed: in the virtual machine\n"
	"  bypass run --path=P[,P...] --target=T [--rw=randread --bs=4k ...]\n"
	"  bypass list paths|suites|targets\n"
	"  bypass probe                  what can be measured here, what can't, and why\n"
	"  bypass lab list|start|check|hint ...   the course\n"
	"  bypass bind|unbind PCI        an empty NVMe disk: to our driver, and back\n"
	"  bypass export --fio SUITE     the suite as a job file for fio\n"
	"  bypass report RUN...          tables and report.html of a run, or of @last\n"
	"  bypass compare BASE NEW       is NEW faster or slower, or is it chance?\n"
	"  bypass --version | --help | COMMAND --help\n"
	"\n"
	"Begin with: bypass probe; bypass run quick --testbed\n"
	"\n"
	"Exit status: 0 good; 1 failed, or compare found a difference; 2 usage; 3 a cell\n"
	"was refuted; 4 nothing could run; 130 interrupted.\n";

int cli_fail(int status, const struct error *e)
{
	char *text = program_in_text(e->text);

	fprintf(stderr, "bypass: %s\n", text);
	free(text);
	return status;
}

/* What a full disk or a closed pipe swallowed was not printed. */
static int after_output(int status)
{
	struct error e;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	error_set(&e, 0, "can't write to standard output: %s; send it elsewhere", strerror(errno));
	return cli_fail(status ? status : EXIT_FAILED, &e);
}

int main(int argc, char **argv)
{
#define COMMAND(command) {#command, cmd_##command},
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {PROGRAM_COMMANDS(COMMAND)};
	struct error e;

	program_set_name(argv[0]);
	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return EXIT_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("bypass %s\n", BYPASS_VERSION_FULL);
		return EXIT_GOOD;
	}
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return after_output(commands[i].run(argc - 1, argv + 1));
	}
	error_set(&e, 0, "unknown command '%s'; see `bypass --help`", argv[1]);
	return cli_fail(EXIT_USAGE, &e);
}
