// SPDX-License-Identifier: MIT
/* bypass lab: the course's command. `bypass lab ...` runs this program. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/program.h"
#include "core/results.h"
#include "engine/lab.h"
#include "engine/project_place.h"
#include "engine/progress.h"
#include "engine/subcommand.h"
#include "engine/teacher.h"

static const char usage[] =
	"bypass lab list               the labs, what each takes, how far you are\n"
	"bypass lab start N            write labs/work/NAME/: the sources, with your part cut out\n"
	"bypass lab check N [--only CHECK]   build and try your work; points per check\n"
	"bypass lab hint N             the next hint for the first check that fails\n"
	"bypass lab debug N CHECK      one check under gdb\n"
	"bypass lab status             points of the labs that you started\n"
	"bypass lab reset N            begin anew; your files are kept beside\n"
	"\n"
	"For teachers (docs/teaching.md):\n"
	"bypass lab pack FILE.tar.gz [SEED]   a tree for one student, without the answers\n"
	"bypass lab grade DIR [N] [--format=csv|json]   try the work of each student: DIR/NAME/\n"
	"\n"
	"N is a lab's number or name. The handout is labs/NAME/README.md.\n"
	"Exit status: 0 good; 1 a check didn't pass; 2 usage; 4 something is missing here.\n";

static unsigned int points_of(const struct lab *lab)
{
	unsigned int points = 0;

	for (size_t i = 0; i < lab->nchecks; i++)
		points += lab->checks[i].points;
	return points;
}

static int cmd_list(const struct labs *labs)
{
	for (size_t i = 0; i < labs->count; i++) {
		const struct lab *lab = &labs->list[i];

		printf("%2u  %-20s %5s h  %-3s  %2u points  %s\n", lab->number, lab->name + 3,
		       lab->hours, lab->vm ? "VM" : "any", points_of(lab),
		       lab_started(lab) ? "started" : "");
		printf("    %s\n", lab->title);
	}
	printf("\nlabs/README.md says how it works; begin with: %s lab start N\n", program_name());
	return EXIT_GOOD;
}

static int cmd_start(const struct labs *labs, const struct lab *lab)
{
	struct error e;

	if (lab_start(labs, lab, VARIANT_UNSOLVED, &e))
		return subcommand_fail(EXIT_NOT_PASSED, &e);
	printf("lab %u: %s\n", lab->number, lab->title);
	printf("  read    labs/%s/README.md\n", lab->name);
	for (size_t i = 0; i < lab->nfiles; i++) {

		printf("  edit    labs/work/%s/%s\n", lab->name, file_name(lab->files[i]));
	}
	printf("  try     %s lab check %u\n", program_name(), lab->number);
	return EXIT_GOOD;
}

static int cmd_reset(const struct labs *labs, const struct lab *lab)
{
	char kept[700];
	struct error e;

	if (lab_reset(labs, lab, kept, sizeof(kept), &e))
		return subcommand_fail(EXIT_NOT_PASSED, &e);
	printf("lab %u begins anew; what you had is in %s\n", lab->number, kept);
	return EXIT_GOOD;
}

/* The lines of the log that explain an outcome: all of a wrong answer, else the last ones. */
static void show_log(const char *log, enum outcome outcome)
{
	static const char *const telling[] = {"step: ", "expected: ", "seen: ", "broken: "};
	const char *line;
	struct error e;
	bool any = false;
	char *text, *logged;
	size_t lines = 0;

	if (read_text(log, &logged, &e))
		return;
	text = program_in_text(logged);
	free(logged);
	for (line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
			if (strncmp(line, telling[i], strlen(telling[i])) == 0) {
				printf("      %.*s\n", (int)strcspn(line, "\n"), line);
				any = true;
			}
		}
	}
	/* A compiler's first words are the ones to read. */
	for (line = text; *line && (outcome == OUTCOME_BUILD || !any) && lines < 12; lines++) {
		printf("      %.*s\n", (int)strcspn(line, "\n"), line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	free(text);
}

/* What a check has measured. */
static void show_told(const char *log)
{
	static const char told[] = "told: ";
	struct error e;
	char *text;

	if (read_text(log, &text, &e))
		return;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, told, strlen(told)) == 0)
			printf("      %.*s\n", (int)(strcspn(line, "\n") - strlen(told)),
			       line + strlen(told));
	}
	free(text);
}

struct tally {
	const struct lab *lab;
	unsigned int points, most;
	bool broken;
};

static void show_trial(const struct trial *trial, void *context)
{
	const struct check *check = trial->check;
	struct tally *tally = context;
	const bool passed = trial->outcome == OUTCOME_PASSED;
	int width;

	progress_note(tally->lab, check->name, outcome_names[trial->outcome]);
	tally->most += check->points;
	tally->points += passed ? check->points : 0;
	tally->broken = tally->broken || trial->outcome == OUTCOME_BROKEN;
	width = printf("%-7s %u/%u  %s:", passed ? "pass" : "FAIL", passed ? check->points : 0,
		       check->points, check->name);
	printf("%s%s\n", (size_t)width + 1 + strlen(check->sentence) > 80 ? "\n      " : " ",
	       check->sentence);
	show_told(trial->log);
	if (!passed) {
		printf("      %s\n", outcome_names[trial->outcome]);
		show_log(trial->log, trial->outcome);
		printf("      log: labs/work/%s/%s.log", tally->lab->name, check->name);
		if (trial->outcome != OUTCOME_BROKEN)
			printf("   hint: %s lab hint %u", program_name(), tally->lab->number);
		putchar('\n');
	}
	fflush(stdout);
}

static struct trial trial_of(const struct lab *lab, const struct check *check)
{
	struct trial trial = {.check = check, .work = lab->work, .tag = "yours"};

	snprintf(trial.log, sizeof(trial.log), "%s/%s.log", lab->work, check->name);
	return trial;
}

static int cmd_check(const struct labs *labs, const struct lab *lab, const char *only)
{
	struct tally tally = {.lab = lab};
	struct trial *trials;
	size_t ntrials = 0;
	struct error e;

	if (!lab_started(lab)) {
		error_set(&e, 0, "lab %u isn't started; do: bypass lab start %u", lab->number,
			  lab->number);
		return subcommand_fail(EXIT_USAGE, &e);
	}
	if (only && !lab_find_check(lab, only)) {
		error_set(&e, 0, "lab %u has no check '%s'; labs/%s/README.md names them",
			  lab->number, only, lab->name);
		return subcommand_fail(EXIT_USAGE, &e);
	}
	trials = memory_zeroed(lab->nchecks, sizeof(*trials));
	for (size_t i = 0; i < lab->nchecks; i++) {
		if (!only || strcmp(only, lab->checks[i].name) == 0)
			trials[ntrials++] = trial_of(lab, &lab->checks[i]);
	}
	if (lab->vm)
		fprintf(stderr, "bypass lab: builds the checks, then boots the testbed; that takes "
				"about a minute\n");
	lab_try(labs, lab, trials, ntrials, show_trial, &tally);
	free(trials);
	printf("%u of %u points\n", tally.points, tally.most);
	if (tally.broken)
		return EXIT_BROKEN;
	return tally.points == tally.most ? EXIT_GOOD : EXIT_NOT_PASSED;
}

static int cmd_hint(const struct lab *lab)
{
	char path[900], said[32];
	unsigned int shown;
	struct error e;
	char *text, *hint;

	for (size_t i = 0; i < lab->nchecks; i++) {
		const struct check *check = &lab->checks[i];

		if (progress_of(lab, check->name, said, sizeof(said)) &&
		    strcmp(said, outcome_names[OUTCOME_PASSED]) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/hints/%s.md", lab->folder, check->name);
		if (read_text(path, &text, &e))
			return subcommand_fail(EXIT_BROKEN, &e);
		shown = progress_hints(lab, check->name);
		hint = text;
		for (unsigned int n = 0; n < shown && hint; n++) {
			hint = strstr(hint, "\n---\n");
			hint = hint ? hint + strlen("\n---\n") : NULL;
		}
		if (!hint) {
			printf("%s: that was the last hint; read the steps of "
			       "labs/%s/README.md again, then `%s lab debug %u %s`\n",
			       check->name, lab->name, program_name(), lab->number, check->name);
		} else {
			char *end = strstr(hint, "\n---\n");

			if (end)
				*end = '\0';
			printf("%s, hint %u:\n%s\n", check->name, shown + 1, hint);
			progress_note_hint(lab, check->name, shown + 1);
		}
		free(text);
		return EXIT_GOOD;
	}
	printf("lab %u: every check has passed; no hint is needed\n", lab->number);
	return EXIT_GOOD;
}

static int cmd_debug(const struct labs *labs, const struct lab *lab, const char *name)
{
	const struct check *check = lab_find_check(lab, name);
	struct trial trial;
	struct error e;

	if (!check) {
		error_set(&e, 0, "lab %u has no check '%s'; labs/%s/README.md names them",
			  lab->number, name, lab->name);
		return subcommand_fail(EXIT_USAGE, &e);
	}
	if (lab->vm) {
		error_set(&e, 0,
			  "lab %u runs in the testbed, where gdb has no program to hold; read "
			  "labs/work/%s/%s.log, or try by hand in vm/shell",
			  lab->number, lab->name, name);
		return subcommand_fail(EXIT_USAGE, &e);
	}
	trial = trial_of(lab, check);
	lab_debug(labs, lab, &trial);
	if (trial.outcome == OUTCOME_BUILD)
		show_log(trial.log, OUTCOME_BUILD);
	return EXIT_GOOD;
}

static int cmd_status(const struct labs *labs)
{
	char said[32];

	for (size_t i = 0; i < labs->count; i++) {
		const struct lab *lab = &labs->list[i];
		unsigned int points = 0;

		if (!lab_started(lab))
			continue;
		for (size_t j = 0; j < lab->nchecks; j++) {
			if (progress_of(lab, lab->checks[j].name, said, sizeof(said)) &&
			    strcmp(said, outcome_names[OUTCOME_PASSED]) == 0)
				points += lab->checks[j].points;
		}
		printf("%2u  %-20s %2u of %2u points\n", lab->number, lab->name + 3, points,
		       points_of(lab));
	}
	return EXIT_GOOD;
}

/* @argv: the subcommand and what follows it. */
static int dispatch(const struct labs *labs, int argc, char **argv)
{
	const char *command = argv[0];
	const struct lab *lab = NULL;
	struct error e;
	int status;

	if (strcmp(command, "list") == 0 && argc == 1)
		return cmd_list(labs);
	if (strcmp(command, "status") == 0 && argc == 1)
		return cmd_status(labs);
	if (!teacher_command(labs, argc, argv, &status))
		return status;
	if (argc >= 2) {
		lab = labs_find(labs, argv[1]);
		if (!lab) {
			error_set(&e, 0, "there is no lab '%s'; bypass lab list shows them",
				  argv[1]);
			return subcommand_fail(EXIT_USAGE, &e);
		}
	}
	if (lab && strcmp(command, "start") == 0 && argc == 2)
		return cmd_start(labs, lab);
	if (lab && strcmp(command, "reset") == 0 && argc == 2)
		return cmd_reset(labs, lab);
	if (lab && strcmp(command, "hint") == 0 && argc == 2)
		return cmd_hint(lab);
	if (lab && strcmp(command, "debug") == 0 && argc == 3)
		return cmd_debug(labs, lab, argv[2]);
	if (lab && strcmp(command, "check") == 0 && argc == 2)
		return cmd_check(labs, lab, NULL);
	if (lab && strcmp(command, "check") == 0 && argc == 4 && strcmp(argv[2], "--only") == 0)
		return cmd_check(labs, lab, argv[3]);
	fputs(usage, stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct labs labs;
	char root[512];
	struct error e;
	int status;

	/* `bypass lab` became this program. */
	program_set_name(getenv(PROGRAM_ENVIRONMENT));
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return EXIT_GOOD;
	}
	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (results_project_root(root, sizeof(root), &e) || place_check(root, &e) ||
	    labs_load(&labs, root, &e))
		return subcommand_fail(EXIT_BROKEN, &e);
	status = dispatch(&labs, argc - 1, argv + 1);
	labs_free(&labs);
	return status;
}
