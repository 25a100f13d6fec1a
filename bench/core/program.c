// SPDX-License-Identifier: MIT
#include "core/program.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

static const char usual[] = "bypass";
static const char *called = usual;

void program_set_name(const char *name)
{
	called = name && *name ? name : usual;
}

const char *program_name(void)
{
	return called;
}

/* Whether @at begins with the usual name and one of its commands. */
static bool is_command(const char *at)
{
#define NAME(command) #command,
	static const char *const commands[] = {PROGRAM_COMMANDS(NAME) "--help"};
	size_t n = strlen(usual);

	if (strncmp(at, usual, n) != 0 || at[n] != ' ')
		return false;
	at += n + 1;
	n = strspn(at, "-abcdefghijklmnopqrstuvwxyz");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strlen(commands[i]) == n && strncmp(at, commands[i], n) == 0)
			return true;
	}
	return false;
}

char *program_in_text(const char *text)
{
	char *result;
	size_t size;
	FILE *out = memory_stream(&result, &size);

	for (const char *at = text; *at; at++) {
		bool begins = at == text || at[-1] == ' ' || at[-1] == '`';

		if (begins && is_command(at)) {
			fputs(called, out);
			at += strlen(usual) - 1;
		} else {
			fputc(*at, out);
		}
	}
	fclose(out);
	return result;
}
