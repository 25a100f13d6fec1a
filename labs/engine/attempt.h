/* SPDX-License-Identifier: MIT */
/* One check on its way: where its files are, and the commands that build and run it. */
#ifndef LABS_ATTEMPT_H
#define LABS_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/error.h"
#include "engine/lab.h"

struct words {
	char **items; /* owned */
	size_t n;
};

void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
void words_free(struct words *words);

struct attempt {
	const struct labs *labs;
	const struct lab *lab;
	const struct check *check;
	const char *work;      /* the folder of the student's files */
	const char *log;       /* what was said on the way */
	const char *kbuild;    /* where modules are built, or NULL: build/labs/NAME/kbuild */
	char folder[900];      /* build/labs/NAME/TAG/CHECK: what is built */
	struct words replaced; /* files of the project that are built here, from the root */
	struct words spliced;  /* where: as many */
	bool debug;            /* under gdb, on the terminal */
	bool sandboxed;        /* commands run as nobody, with limits; engine/sandbox.c */
};

/* command.c: a line in the log. */
void say(const struct attempt *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct bounds {
	unsigned int cpu_s;    /* processor time; 0: any */
	unsigned int wait_s;   /* then it is killed */
	unsigned int silent_s; /* the same, since @output grew last; 0: any */
	const int *token;      /* the two ends for the check's token, or NULL */
	const char *input;     /* a file for stdin, or NULL: none */
	const char *output;    /* a file for stdout, or NULL: the log */
};

/*
 * Runs a command, which it frees, in a process group of its own that is gone afterwards. Returns
 * waitpid's status, or -1 (said in the log). *@waited_long: it had to be killed.
 */
int run_command(const struct attempt *a, struct words *command, const struct bounds *bounds,
		bool *waited_long);
bool command_succeeds(const struct attempt *a, struct words *command);

/* build.c: splices the student's regions into the reference and builds what the check runs. */
enum outcome build_check(struct attempt *a);
bool has_program(const struct lab *lab);

/* module.c: the module that a lab is about, or NULL. */
const char *module_of(const struct lab *lab);
/* What stands in kmod/MODULE/ itself is built by kbuild, all else into the check's program. */
bool is_of_module(const struct attempt *a, const char *name);
enum outcome build_module(const struct attempt *a);

/* guest.c: whether the testbed can run here; if not, the log says why. */
bool guest_is_possible(const struct attempt *a);
/* Runs in the testbed what was built (OUTCOME_PASSED so far), and says what became of each. */
void guest_try(const struct attempt *attempts, struct trial *trials, size_t n);
/*
 * Builds each in the testbed, where nothing can be written that stays, and if the lab has no kernel
 * module runs it there, too. Hides the folder @hidden from what runs.
 */
void guest_build(const struct attempt *attempts, struct trial *trials, size_t n,
		 const char *hidden);

/* outcome.c: runs the program of a check of user space that was built. */
enum outcome run_check(const struct attempt *a);

/* command.c: the folder becomes that of the user who may do nothing. */
void give_away(const char *folder);
/* command.c: what stands in the folder of an attempt is forgotten; the folder is made. */
int prepare_folder(const struct attempt *a, struct error *e);
void attempt_free(struct attempt *a);

#endif
