/* SPDX-License-Identifier: MIT */
/*
 * How this program was called, so that what it recommends can be typed as it stands: in a source
 * tree that is "build/bypass run ...". What is stored (run.json, reports, logs) says "bypass".
 */
#ifndef BYPASS_PROGRAM_H
#define BYPASS_PROGRAM_H

/* Its commands, each as COMMAND(name). */
#define PROGRAM_COMMANDS(COMMAND)                                                                  \
	COMMAND(run)                                                                               \
	COMMAND(list)                                                                              \
	COMMAND(probe)                                                                             \
	COMMAND(report)                                                                            \
	COMMAND(compare)                                                                           \
	COMMAND(export)                                                                            \
	COMMAND(bind)                                                                              \
	COMMAND(unbind)                                                                            \
	COMMAND(lab)

/* Tells the name to a program that this one becomes: bypass-lab. */
#define PROGRAM_ENVIRONMENT "BYPASS_PROGRAM"

/* @name: argv[0], which must stay; without a call, or with NULL or "", it is "bypass". */
void program_set_name(const char *name);
const char *program_name(void);
/* @text with that name for each "bypass" before one of its commands; the caller frees it. */
char *program_in_text(const char *text);

#endif
