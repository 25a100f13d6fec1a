// SPDX-License-Identifier: MIT
/* Runs one check that was built, and says what became of it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/attempt.h"
#include "engine/protocol.h"

/* Processor time of a check in user space; what waits for ever uses none and is ended later. */
#define CPU_LIMIT_S   20
#define WAIT_LIMIT_S  60
#define SANDBOX_TIMES 4

const char *const outcome_names[] = {"passed", "wrong answer", "build error",
				     "crash",  "hang",         "broken environment"};

/* Where it is emulated, a check may take longer. */
static unsigned int limit_s(const struct attempt *a, unsigned int usual)
{
	const unsigned int seconds = a->check->seconds ? a->check->seconds : usual;

	return seconds * (a->sandboxed ? SANDBOX_TIMES : 1);
}

static enum outcome judge(const struct attempt *a, int status, bool waited_long, bool token_back)
{
	if (status < 0)
		return OUTCOME_BROKEN;
	if (waited_long) {
		say(a, "seen: it waits for what never comes");
		return OUTCOME_HANG;
	}
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
		say(a, "seen: it used %u s of processor time, as what never ends does",
		    limit_s(a, CPU_LIMIT_S));
		return OUTCOME_HANG;
	}
	if (WIFSIGNALED(status)) {
		say(a, "seen: signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
		return OUTCOME_CRASH;
	}
	switch (WEXITSTATUS(status)) {
	case 0:
		if (token_back)
			return OUTCOME_PASSED;
		say(a, "seen: the program ended before the check did");
		return OUTCOME_CRASH;
	case LAB_EXIT_WRONG:
		return OUTCOME_WRONG;
	case LAB_EXIT_SANITIZER:
		return OUTCOME_CRASH;
	default:
		return OUTCOME_BROKEN;
	}
}

static void make_token(char token[LAB_TOKEN_ROOM])
{
	unsigned char bytes[16] = {0};

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		bytes[0] = (unsigned char)time(NULL);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
}

/* A program must give the token back. */
enum outcome run_check(const struct attempt *a)
{
	char token[LAB_TOKEN_ROOM], back[LAB_TOKEN_ROOM] = "";
	struct words command = {NULL, 0};
	int in[2], out[2], ends[2];
	const struct bounds bounds = {.cpu_s = limit_s(a, CPU_LIMIT_S),
				      .wait_s = limit_s(a, WAIT_LIMIT_S),
				      .token = ends};
	bool waited_long = false;
	int status;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC | O_NONBLOCK)) {
		say(a, "broken: no pipe can be made: %s", strerror(errno));
		return OUTCOME_BROKEN;
	}
	make_token(token);
	if (write(in[1], token, strlen(token)) < 0)
		return OUTCOME_BROKEN;
	close(in[1]);
	ends[0] = in[0];
	ends[1] = out[1];
	if (a->debug) {
		words_add(&command, "gdb");
		words_add(&command, "--args");
	}
	words_add(&command, "%s/check", a->folder);
	words_add(&command, "%s", a->check->name);
	status = run_command(a, &command, &bounds, &waited_long);
	close(in[0]);
	close(out[1]);
	if (read(out[0], back, sizeof(back) - 1) < 0)
		back[0] = '\0';
	close(out[0]);
	return judge(a, status, waited_long, strcmp(back, token) == 0);
}

static int begin(struct attempt *a, const struct labs *labs, const struct lab *lab,
		 const struct trial *trial)
{
	struct error e;

	*a = (struct attempt){.labs = labs,
			      .lab = lab,
			      .check = trial->check,
			      .work = trial->work,
			      .log = trial->log};
	snprintf(a->folder, sizeof(a->folder), "%s/build/labs/%s/%s/%s", labs->root, lab->name,
		 trial->tag, trial->check->name);
	if (!prepare_folder(a, &e))
		return 0;
	fprintf(stderr, "bypass lab: %s\n", e.text);
	return -1;
}

/*
 * Two at the same lab would build in the same folders, and one judge what the other built. Returns
 * a descriptor to close at the end, or -1 with a word.
 */
static int wait_for_turn(const struct labs *labs, const struct lab *lab)
{
	struct error e;
	char path[700];
	int fd;

	snprintf(path, sizeof(path), "%s/build/labs/%s/turn", labs->root, lab->name);
	if (make_folders(path, &e)) {
		fprintf(stderr, "bypass lab: %s\n", e.text);
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		fprintf(stderr,
			"bypass lab: lab %u is being checked by another program; "
			"waiting for its end (Ctrl-C leaves it alone)\n",
			lab->number);
		if (!flock(fd, LOCK_EX))
			return fd;
	} else if (fd >= 0) {
		return fd;
	}
	fprintf(stderr, "bypass lab: %s can't be locked: %s; check that you may write there\n",
		path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void sanitizers(void)
{
	setenv("ASAN_OPTIONS", "exitcode=99:detect_leaks=1", 1);
	setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 1);
}

void lab_try(const struct labs *labs, const struct lab *lab, struct trial *trials, size_t ntrials,
	     trial_done *done, void *context)
{
	struct attempt *attempts = memory_zeroed(ntrials, sizeof(*attempts));
	const int turn = wait_for_turn(labs, lab);
	unsigned int most = 0;

	sanitizers();
	for (size_t i = 0; i < ntrials; i++) {
		struct attempt *a = &attempts[i];

		trials[i].outcome = OUTCOME_BROKEN;
		if (turn >= 0 && !begin(a, labs, lab, &trials[i]) &&
		    (!lab->vm || guest_is_possible(a)))
			trials[i].outcome = build_check(a);
		most = trials[i].again > most ? trials[i].again : most;
		for (unsigned int n = 0;
		     !lab->vm && trials[i].outcome == OUTCOME_PASSED && n <= trials[i].again; n++)
			trials[i].outcome = run_check(a);
		if (!lab->vm && done)
			done(&trials[i], context);
	}
	/* Each in a guest of its own; what hasn't passed is left out of it. */
	for (unsigned int n = 0; lab->vm && n <= most; n++)
		guest_try(attempts, trials, ntrials);
	for (size_t i = 0; i < ntrials; i++) {
		if (lab->vm && done)
			done(&trials[i], context);
		attempt_free(&attempts[i]);
	}
	free(attempts);
	if (turn >= 0)
		close(turn);
}

void lab_try_handed_in(const struct labs *labs, const struct lab *lab, struct trial *trials,
		       size_t ntrials, const char *hidden)
{
	struct attempt *attempts = memory_zeroed(ntrials, sizeof(*attempts));
	const int turn = wait_for_turn(labs, lab);
	bool possible = turn >= 0;

	for (size_t i = 0; i < ntrials; i++) {
		trials[i].outcome = OUTCOME_BROKEN;
		possible = possible && !begin(&attempts[i], labs, lab, &trials[i]) &&
			   guest_is_possible(&attempts[i]);
	}
	if (possible)
		guest_build(attempts, trials, ntrials, hidden);
	if (possible && lab->vm)
		guest_try(attempts, trials, ntrials);
	free(attempts);
	if (turn >= 0)
		close(turn);
}

void lab_debug(const struct labs *labs, const struct lab *lab, struct trial *trial)
{
	const int turn = wait_for_turn(labs, lab);
	struct attempt a;

	sanitizers();
	trial->outcome = OUTCOME_BROKEN;
	if (turn < 0)
		return;
	if (!begin(&a, labs, lab, trial)) {
		trial->outcome = build_check(&a);
		a.debug = true;
		if (trial->outcome == OUTCOME_PASSED)
			trial->outcome = run_check(&a);
		attempt_free(&a);
	}
	close(turn);
}
