// SPDX-License-Identifier: MIT
/*
 * Checks in the testbed. One guest runs one after another (engine/guest.sh) and says what was
 * observed; verdicts are made here, of that. A check that takes the guest's kernel down, or never
 * ends, ends that guest; another one goes on with the next check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/attempt.h"
#include "engine/protocol.h"
#include "engine/seal.h"
#include "engine/transcript.h"

/* Of one check. The guest counts it in steps that it could run, so a busy host makes them longer.
 */
#define CHECK_LIMIT_S 45
#define BOOT_LIMIT_S  120
/* Of the whole guest, for each check; and of its silence, in case that it can't even count. */
#define GUEST_LIMIT_S 180
/* The same if it builds, too: an emulated processor is ten to twenty times as slow. */
#define GUEST_BUILD_LIMIT_S 900
#define VERDICT_LIMIT_S     60
#define VM_EXIT_TIMED_OUT   124
#define VM_EXIT_FAILED      125
#define OOPS_LINES_SHOWN    8

struct guest {
	const char *hidden; /* what is built and run there must not see this folder; NULL: it only
			       runs check.sh */
	const struct attempt *attempts;
	struct trial *trials;
	bool *pending;
	unsigned int *seeds;
	size_t n;
	struct attempt host; /* its log has what the launcher says */
	char nonce[LAB_TOKEN_ROOM];
	char plan[1000], output[1000], errors[1000];
};

static unsigned int random_number(void)
{
	unsigned int number = (unsigned int)time(NULL);

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number ^= (unsigned int)getpid() << 12;
	return number;
}

/* A student's own tree has one; who hard-codes its answers finds another when it is graded. */
static unsigned int new_seed(const struct labs *labs)
{
	const char *given = getenv("BYPASS_LAB_SEED");
	unsigned int seed = sealed_seed(labs);

	if (given)
		seed = (unsigned int)strtoul(given, NULL, 10);
	else if (!seed)
		seed = random_number();
	return seed % 1000000000;
}

static void new_nonce(char nonce[LAB_TOKEN_ROOM])
{
	snprintf(nonce, LAB_TOKEN_ROOM, "@%08x%08x%08x%08x", random_number(), random_number(),
		 random_number(), random_number());
}

bool guest_is_possible(const struct attempt *a)
{
	struct utsname name;

	if (uname(&name) == 0 && strcmp(name.machine, "x86_64") == 0)
		return true;
	say(a, "broken: this lab is about the kernel and runs in the testbed, which an x86-64 "
	       "computer is needed for; labs that `bypass lab list` marks as 'any' run here");
	return false;
}

static int write_plan(const struct guest *g)
{
	FILE *plan = fopen(g->plan, "w");

	if (!plan)
		return -1;
	for (size_t i = 0; i < g->n; i++) {
		if (g->pending[i] && g->hidden)
			fprintf(plan, "%zu %s %s %s\n", i, g->trials[i].check->name,
				g->attempts[i].folder, g->attempts[i].work);
		else if (g->pending[i])
			fprintf(plan, "%zu %s %s %u %d\n", i, g->trials[i].check->name,
				g->attempts[i].folder, g->seeds[i], CHECK_LIMIT_S);
	}
	return fclose(plan);
}

/* What runs in the guest, from "--" on. */
static void guest_command(const struct guest *g, struct words *command)
{
	const struct lab *lab = g->host.lab;
	const char *root = g->host.labs->root;

	words_add(command, "--");
	words_add(command, "sh");
	words_add(command, "%s/labs/engine/%s.sh", root, g->hidden ? "sandbox" : "guest");
	words_add(command, "%s", g->nonce);
	words_add(command, "%s", g->plan);
	words_add(command, "%s/%s", g->hidden ? root : lab->folder,
		  g->hidden ? "build/bypass-lab" : "check.sh");
	words_add(command, "%s", root);
	if (!g->hidden)
		return;
	words_add(command, "%s", g->hidden);
	words_add(command, "%s", lab->name);
}

static int run_guest(struct guest *g, size_t npending)
{
	const unsigned int limit_s =
		BOOT_LIMIT_S +
		(unsigned int)npending * (g->hidden ? GUEST_BUILD_LIMIT_S : GUEST_LIMIT_S);
	const struct bounds bounds = {
		.wait_s = limit_s + BOOT_LIMIT_S,
		.silent_s = g->hidden ? 0 : GUEST_LIMIT_S,
		.output = g->output,
	};
	struct words command = {NULL, 0};
	bool waited_long;
	int status;

	words_add(&command, "%s/vm/run", g->host.labs->root);
	words_add(&command, "--clock=ns");
	words_add(&command, "--timeout=%u", limit_s);
	if (g->hidden) {
		words_add(&command, "--memory=2G");
		/* The modules that are built have to come out. */
		for (size_t i = 0; g->host.lab->vm && i < g->n; i++)
			words_add(&command, "--share=%s", g->attempts[i].folder);
	} else {
		words_add(&command, "--pmem=1G,256M");
		words_add(&command, "--nvme=512M");
	}
	guest_command(g, &command);
	status = run_command(&g->host, &command, &bounds, &waited_long);
	if (waited_long)
		return VM_EXIT_TIMED_OUT;
	return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : VM_EXIT_FAILED;
}

/* Bytes as they are, but for NULs, which end no text here. */
static char *read_output(const char *path)
{
	const size_t most = 32u << 20;
	FILE *file = fopen(path, "r");
	size_t length = 0, n;
	char *text = memory_zeroed(1, 1);
	char bytes[1 << 16];

	while (file && length < most && (n = fread(bytes, 1, sizeof(bytes), file)) > 0) {
		text = realloc(text, length + n + 1);
		if (!text)
			memory_exhausted();
		for (size_t i = 0; i < n; i++)
			text[length++] = bytes[i] ? bytes[i] : '?';
		text[length] = '\0';
	}
	if (file)
		fclose(file);
	return text;
}

static enum outcome verdict(const struct attempt *a, unsigned int seed)
{
	char observations[1000];
	const struct bounds bounds = {.wait_s = VERDICT_LIMIT_S, .input = observations};
	struct words command = {NULL, 0};
	bool waited_long;
	int status;

	snprintf(observations, sizeof(observations), "%s/observations", a->folder);
	words_add(&command, "sh");
	words_add(&command, "%s/verdict.sh", a->lab->folder);
	words_add(&command, "%s", a->check->name);
	words_add(&command, "%u", seed);
	status = run_command(a, &command, &bounds, &waited_long);
	if (status >= 0 && !waited_long && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return OUTCOME_PASSED;
	if (status >= 0 && !waited_long && WIFEXITED(status) &&
	    WEXITSTATUS(status) == LAB_EXIT_WRONG)
		return OUTCOME_WRONG;
	return OUTCOME_BROKEN;
}

/* What the check said goes to its log, and what it observed to a file for the verdict. */
static void keep(const struct attempt *a, const struct section *section)
{
	FILE *log = fopen(a->log, "a"), *observations;
	char path[1000];

	snprintf(path, sizeof(path), "%s/observations", a->folder);
	observations = fopen(path, "w");
	if (log && observations) {
		section_copy(section, log, observations);
		fprintf(observations, "observe exit_status %d\n", section->status);
	}
	if (log)
		fclose(log);
	if (observations)
		fclose(observations);
}

/* The lines of the launcher about the guest's end; those of an oops that say most, once more. */
static enum outcome explain_death(const struct guest *g, const struct attempt *a, int vm_status)
{
	static const char *const telling[] = {
		"BUG:", "Oops:", "RIP:", "kernel panic", "Kernel panic", "general protection"};
	char *errors = read_output(g->errors), *save = NULL;
	const bool panic = strstr(errors, "kernel panicked") != NULL;
	unsigned int shown = 0;

	say(a, "%s", errors);
	for (char *line = strtok_r(errors, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		for (size_t i = 0; panic && i < sizeof(telling) / sizeof(telling[0]); i++) {
			if (strstr(line, telling[i]) && shown++ < OOPS_LINES_SHOWN) {
				say(a, "seen: %s", line);
				break;
			}
		}
	}
	free(errors);
	if (panic)
		return OUTCOME_CRASH;
	if (vm_status == VM_EXIT_TIMED_OUT) {
		say(a, "seen: the guest did nothing any more, not even look at the clock");
		return OUTCOME_HANG;
	}
	say(a,
	    "broken: the testbed ended before the check did (status %d); the lines above say "
	    "what is missing, or do: make labs",
	    vm_status);
	return OUTCOME_BROKEN;
}

static enum outcome outcome_of(const struct guest *g, size_t i, const struct section *section,
			       int vm_status)
{
	const struct attempt *a = &g->attempts[i];

	if (!g->hidden)
		say(a, "seed: %u", g->seeds[i]);
	keep(a, section);
	if (section->hung) {
		say(a, "seen: after %d s it still hadn't ended", CHECK_LIMIT_S);
		return OUTCOME_HANG;
	}
	if (!section->ended)
		return explain_death(g, a, vm_status);
	if (g->hidden)
		return section->status < OUTCOME_BROKEN ? (enum outcome)section->status
							: OUTCOME_BROKEN;
	if (section->status == LAB_EXIT_BROKEN)
		return OUTCOME_BROKEN;
	return verdict(a, g->seeds[i]);
}

static size_t count_pending(const struct guest *g)
{
	size_t count = 0;

	for (size_t i = 0; i < g->n; i++)
		count += g->pending[i];
	return count;
}

/* A boot: at least one check less is pending afterwards. */
static void boot(struct guest *g)
{
	struct section *sections = memory_zeroed(g->n, sizeof(*sections));
	int status = VM_EXIT_FAILED;
	bool any = false;
	char *text;

	unlink(g->output);
	unlink(g->errors);
	new_nonce(g->nonce);
	if (write_plan(g))
		say(&g->host, "broken: can't write %s", g->plan);
	else
		status = run_guest(g, count_pending(g));
	text = read_output(g->output);
	transcript_read(text, g->nonce, sections, g->n);
	for (size_t i = 0; i < g->n; i++) {
		if (!g->pending[i] || !sections[i].begun)
			continue;
		g->trials[i].outcome = outcome_of(g, i, &sections[i], status);
		g->pending[i] = false;
		any = true;
	}
	for (size_t i = 0; i < g->n && !any; i++) {
		if (!g->pending[i])
			continue;
		g->trials[i].outcome = explain_death(g, &g->attempts[i], status);
		g->pending[i] = false;
	}
	free(text);
	free(sections);
}

static void try_all(const struct attempt *attempts, struct trial *trials, size_t n,
		    const char *hidden)
{
	struct guest g = {.hidden = hidden, .attempts = attempts, .trials = trials, .n = n};
	char folder[800];

	if (!n)
		return;
	g.pending = memory_zeroed(n, sizeof(*g.pending));
	g.seeds = memory_zeroed(n, sizeof(*g.seeds));
	g.host = (struct attempt){.labs = attempts[0].labs, .lab = attempts[0].lab};
	g.host.log = g.errors;
	snprintf(folder, sizeof(folder), "%.500s/build/labs/%.60s", g.host.labs->root,
		 g.host.lab->name);
	snprintf(g.plan, sizeof(g.plan), "%s/guest.plan", folder);
	snprintf(g.output, sizeof(g.output), "%s/guest.output", folder);
	snprintf(g.errors, sizeof(g.errors), "%s/guest.errors", folder);
	for (size_t i = 0; i < n; i++) {
		g.pending[i] = hidden || trials[i].outcome == OUTCOME_PASSED;
		g.seeds[i] = new_seed(attempts[0].labs);
	}
	while (count_pending(&g))
		boot(&g);
	free(g.pending);
	free(g.seeds);
}

void guest_try(const struct attempt *attempts, struct trial *trials, size_t n)
{
	try_all(attempts, trials, n, NULL);
}

void guest_build(const struct attempt *attempts, struct trial *trials, size_t n, const char *hidden)
{
	try_all(attempts, trials, n, hidden);
}
