// SPDX-License-Identifier: MIT
#include "vm/plugins/fixture_rules.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

FILE *rule_create(const char *folder, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

/* What the replay shows its command, of each content: the first byte of both pieces. */
static void run(const struct replay *replay, const char *folder, char *seen, int nbytes)
{
	char command[2048];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "%s %s/log %s %s/image 1 1 2 1 /bin/sh -c 'head -c 1 %s/image; "
		 "head -c %u %s/image | tail -c 1; printf \" \"' 2>&1",
		 replay->program, folder, replay->size, folder, folder, replay->second + 1, folder);
	pipe = popen(command, "r");
	if (!pipe || !fgets(seen, nbytes, pipe))
		seen[0] = 0;
	if (pipe)
		pclose(pipe);
}

static bool rule_holds(const struct replay *replay, const char *folder, const struct rule *rule)
{
	/* If nothing can be missing there may be one content only. */
	const bool one = !strcmp(rule->least, rule->most);
	char expected[16], seen[256];
	bool good;

	snprintf(expected, sizeof(expected), "%s %s", rule->least, one ? "" : rule->most);
	replay->write_log(folder, rule->records);
	run(replay, folder, seen, sizeof(seen));
	good = !strncmp(seen, expected, strlen(expected));
	printf("%s  %s\n", good ? "ok    " : "FAILED", rule->sentence);
	if (!good)
		printf("        %s, not %s\n", seen, expected);
	return good;
}

int rules_hold(const struct replay *replay, const struct rule *rules, size_t count)
{
	char folder[] = "/tmp/rules-XXXXXX";
	char command[64];
	size_t failed = 0;

	if (!mkdtemp(folder))
		return 2;
	for (size_t i = 0; i < count; i++)
		failed += !rule_holds(replay, folder, &rules[i]);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	if (system(command))
		return 2;
	printf("%zu passed, %zu failed\n", count - failed, failed);
	return failed != 0;
}
