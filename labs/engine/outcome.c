// SPDX-License-Identifier: MIT
/* Builds one check with the student's regions in the reference, runs it, and says what became of
 * it. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/memory.h"
#include "engine/lab.h"
#include "engine/protocol.h"

/* Processor time of a check in user space; what waits for ever uses none and is ended later. */
#define CPU_LIMIT_S  20
#define WAIT_LIMIT_S 240
/* A guest has a time-out of its own, and its kernel finds a thread that never comes back. */
#define GUEST_LIMIT_S 600

const char *const outcome_names[] = {"passed", "wrong answer", "build error",
				     "crash",  "hang",         "broken environment"};

struct list {
	char **items;
	size_t n;
};

static void push(struct list *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void push(struct list *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	l->items = memory_append(l->items, l->n, sizeof(*l->items));
	l->items[l->n++] = memory_vformat(format, args);
	va_end(args);
}

static void drop(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct list){NULL, 0};
}

struct attempt {
	const struct labs *labs;
	const struct lab *lab;
	const struct check *check;
	const char *log;
	char folder[900];     /* build/labs/NAME/CHECK */
	struct list replaced; /* reference files that have the student's regions here */
	struct list spliced;  /* where: as many */
	bool debug;
};

static void say(const struct attempt *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void say(const struct attempt *a, const char *format, ...)
{
	FILE *log = fopen(a->log, "a");
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	vfprintf(log, format, args);
	va_end(args);
	fputc('\n', log);
	fclose(log);
}

static char **terminated(struct list *l)
{
	l->items = memory_append(l->items, l->n, sizeof(*l->items));
	return l->items;
}

/* In the child: output to the log, processor time bounded. */
static _Noreturn void become(const struct attempt *a, struct list *command, const int token[2],
			     unsigned int cpu_s)
{
	struct rlimit limit = {cpu_s, cpu_s + 2};
	int log = a->debug ? -1 : open(a->log, O_WRONLY | O_APPEND | O_CREAT, 0666);

	setpgid(0, 0);
	if (log >= 0) {
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
	}
	if (token) {
		dup2(token[0], LAB_TOKEN_IN);
		dup2(token[1], LAB_TOKEN_OUT);
	}
	if (cpu_s && !a->debug)
		setrlimit(RLIMIT_CPU, &limit);
	/* The address space of a sanitized program has no bound; its core would be as large. */
	limit.rlim_cur = limit.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &limit);
	execvp(command->items[0], terminated(command));
	fprintf(stderr, "%s: %s\n", command->items[0], strerror(errno));
	_exit(LAB_EXIT_BROKEN);
}

/* Returns waitpid's status; *@waited_long if it had to be ended. */
static int wait_for(pid_t pid, unsigned int limit_s, bool *waited_long)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct timespec start, now;
	int status = 0;

	*waited_long = false;
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (limit_s && now.tv_sec - start.tv_sec > (time_t)limit_s && !*waited_long) {
			*waited_long = true;
			kill(-pid, SIGKILL);
		}
		nanosleep(&pause, NULL);
	}
	return status;
}

static int run(const struct attempt *a, struct list *command, const int token[2],
	       unsigned int cpu_s, unsigned int limit_s, bool *waited_long)
{
	pid_t pid = fork();

	if (pid == 0)
		become(a, command, token, cpu_s);
	if (pid < 0) {
		say(a, "broken: no process can be made: %s", strerror(errno));
		return -1;
	}
	return wait_for(pid, a->debug ? 0 : limit_s, waited_long);
}

static bool succeeds(const struct attempt *a, struct list *command)
{
	bool waited_long;
	int status = run(a, command, NULL, 0, WAIT_LIMIT_S, &waited_long);

	drop(command);
	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* One file of the lab: if this check has regions in it, the reference with the student's lines. */
static int splice_file(struct attempt *a, const char *name, struct error *e)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	const char *ids[LAB_REGIONS_MAX];
	struct marked reference = {.count = 0}, student = {.count = 0};
	char path[1200], theirs[1200];
	char *text = NULL, *spliced = NULL;
	size_t nids = 0;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", a->labs->root, name);
	ret = read_text(path, &text, e);
	if (!ret)
		ret = marked_parse(&reference, name, text, e);
	free(text);
	for (size_t i = 0; i < a->check->nregions && !ret; i++) {
		if (marked_find(&reference, a->check->regions[i]))
			ids[nids++] = a->check->regions[i];
	}
	if (ret || !nids) {
		marked_free(&reference);
		return ret;
	}
	snprintf(theirs, sizeof(theirs), "%s/%s", a->lab->work, base);
	ret = read_text(theirs, &text, e);
	if (!ret) {
		/* As people type it. */
		snprintf(path, sizeof(path), "labs/work/%s/%s", a->lab->name, base);
		ret = marked_parse(&student, path, text, e);
		free(text);
	}
	if (!ret)
		ret = marked_splice(&reference, &student, ids, nids, &spliced, e);
	if (!ret) {
		push(&a->replaced, "%s", name);
		push(&a->spliced, "%s/%s", a->folder, base);
		ret = write_text(a->spliced.items[a->spliced.n - 1], spliced, e);
	}
	free(spliced);
	marked_free(&reference);
	marked_free(&student);
	return ret;
}

static void compiler(const struct attempt *a, struct list *command)
{
	static const char *const options[] = {"gcc",
					      "-std=gnu11",
					      "-D_GNU_SOURCE",
					      "-g",
					      "-O1",
					      "-fsanitize=address,undefined",
					      "-fno-sanitize-recover=all",
					      "-Wall",
					      "-Wextra",
					      "-fdiagnostics-color=never"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		push(command, "%s", options[i]);
	push(command, "-I%s", a->labs->root);
	push(command, "-I%s/bench", a->labs->root);
	push(command, "-I%s/labs", a->labs->root);
	push(command, "-I%s/userdrv/include", a->labs->root);
}

static bool compile(const struct attempt *a, const char *source, const char *include,
		    const char *object)
{
	struct list command = {NULL, 0};

	compiler(a, &command);
	if (a->lab->record)
		push(&command, "-DUD_RECORD");
	push(&command, "-iquote");
	push(&command, "%s", include);
	push(&command, "-c");
	push(&command, "-o");
	push(&command, "%s", object);
	push(&command, "%s", source);
	return succeeds(a, &command);
}

static bool is_replaced(const struct attempt *a, const char *object)
{
	const char *reference = strstr(object, "/asan/") + strlen("/asan/");

	for (size_t i = 0; i < a->replaced.n; i++) {
		const char *name = a->replaced.items[i];

		if (strncmp(name, reference, strlen(name) - 1) == 0 &&
		    strcmp(reference + strlen(name) - 1, "o") == 0)
			return true;
	}
	return false;
}

/* The reference's objects, as `make labs` made them, but those that the student's replace. */
static bool add_objects(const struct attempt *a, struct list *command)
{
	static const char *const userdrv[] = {"userdrv/src", "userdrv/soft", NULL};
	static const char *const bench[] = {
		"bench/core",  "bench/paths",  "bench/fio", "bench/report",
		"userdrv/src", "userdrv/soft", NULL};
	const char *const *folders = a->lab->link == LINK_BENCH ? bench : userdrv;
	bool any = a->lab->link == LINK_NONE;

	for (; a->lab->link != LINK_NONE && *folders; folders++) {
		char pattern[1200];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s/build/asan/%s/*.o", a->labs->root, *folders);
		if (glob(pattern, 0, NULL, &found))
			continue;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			if (!is_replaced(a, found.gl_pathv[i]))
				push(command, "%s", found.gl_pathv[i]);
			any = true;
		}
		globfree(&found);
	}
	return any;
}

static enum outcome build_program(struct attempt *a)
{
	static const char *const libraries[] = {"-ljansson", "-linih", "-lnuma",
						"-luring",   "-laio",  "-lblkid",
						"-lelf",     "-lm",    "-lpthread"};
	struct list command = {NULL, 0};
	char source[1200], object[1200], include[1200];

	/* The program of the checks first: if that fails, it isn't the student's. */
	snprintf(source, sizeof(source), "%s/check.c", a->lab->folder);
	snprintf(object, sizeof(object), "%s/check.o", a->folder);
	if (!compile(a, source, a->lab->folder, object)) {
		say(a, "broken: the check itself doesn't compile");
		return OUTCOME_BROKEN;
	}
	for (size_t i = 0; i < a->replaced.n; i++) {
		snprintf(include, sizeof(include), "%s/%s", a->labs->root, a->replaced.items[i]);
		*strrchr(include, '/') = '\0';
		snprintf(object, sizeof(object), "%s.o", a->spliced.items[i]);
		if (!compile(a, a->spliced.items[i], include, object))
			return OUTCOME_BUILD;
	}
	push(&command, "gcc");
	push(&command, "-fsanitize=address,undefined");
	push(&command, "-o");
	push(&command, "%s/check", a->folder);
	push(&command, "%s/check.o", a->folder);
	push(&command, "%s/build/labs/engine/check.o", a->labs->root);
	for (size_t i = 0; i < a->spliced.n; i++)
		push(&command, "%s.o", a->spliced.items[i]);
	if (!add_objects(a, &command)) {
		drop(&command);
		say(a, "broken: the reference isn't built; do: make labs");
		return OUTCOME_BROKEN;
	}
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		push(&command, "%s", libraries[i]);
	return succeeds(a, &command) ? OUTCOME_PASSED : OUTCOME_BUILD;
}

static const char *module_of(const struct lab *lab)
{
	return lab->link == LINK_MINIPMEM ? "minipmem" : "pathfs";
}

/* kbuild writes beside its sources: links to the reference's, and the student's file. */
static enum outcome build_module(struct attempt *a)
{
	const char *module = module_of(a->lab);
	struct list command = {NULL, 0};
	char pattern[1200], to[1200];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/kmod/%s/*", a->labs->root, module);
	if (glob(pattern, 0, NULL, &found)) {
		say(a, "broken: there are no sources in %s", pattern);
		return OUTCOME_BROKEN;
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *base = strrchr(found.gl_pathv[i], '/') + 1;
		struct stat status;

		if (stat(found.gl_pathv[i], &status) || !S_ISREG(status.st_mode))
			continue;
		snprintf(to, sizeof(to), "%s/%s", a->folder, base);
		/* The student's lie there already. */
		if (symlink(found.gl_pathv[i], to) && errno != EEXIST)
			say(a, "%s: %s", to, strerror(errno));
	}
	globfree(&found);
	push(&command, "make");
	push(&command, "-s");
	push(&command, "-C");
	push(&command, "%s/build/kmod/headers-6.1/build", a->labs->root);
	push(&command, "M=%s", a->folder);
	push(&command, "CONFIG_DEBUG_INFO_BTF_MODULES=");
	push(&command, "modules");
	return succeeds(a, &command) ? OUTCOME_PASSED : OUTCOME_BUILD;
}

static void program_command(const struct attempt *a, struct list *command)
{
	if (a->debug) {
		push(command, "gdb");
		push(command, "--args");
	}
	push(command, "%s/check", a->folder);
	push(command, "%s", a->check->name);
}

static void script_command(const struct attempt *a, struct list *command)
{
	if (a->lab->vm) {
		push(command, "%s/vm/run", a->labs->root);
		push(command, "--clock=ns");
		push(command, "--pmem=1G,256M");
		push(command, "--nvme=512M");
		push(command, "--timeout=%u", GUEST_LIMIT_S / 2);
		push(command, "--share=%s", a->folder);
		push(command, "--");
	}
	push(command, "sh");
	push(command, "%s/check.sh", a->lab->folder);
	push(command, "%s", a->check->name);
	push(command, "%s", a->labs->root);
	push(command, "%s", a->folder);
}

/* Did the log's last lines come from a kernel that went down? */
static bool log_has(const struct attempt *a, const char *const *words)
{
	struct error e;
	bool found = false;
	char *text;

	if (read_text(a->log, &text, &e))
		return false;
	for (; *words && !found; words++)
		found = strstr(text, *words) != NULL;
	free(text);
	return found;
}

static enum outcome judge(const struct attempt *a, int status, bool waited_long, bool token_back)
{
	static const char *const oops[] = {"Oops:", "BUG:", "kernel panic", "Kernel panic", NULL};
	static const char *const stuck[] = {"soft lockup", "blocked for more than", "hung_task",
					    NULL};

	if (status < 0)
		return OUTCOME_BROKEN;
	if (waited_long) {
		say(a, "seen: it waits for what never comes");
		return OUTCOME_HANG;
	}
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
		say(a, "seen: it used %d s of processor time, as what never ends does",
		    CPU_LIMIT_S);
		return OUTCOME_HANG;
	}
	if (WIFSIGNALED(status)) {
		say(a, "seen: signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
		return OUTCOME_CRASH;
	}
	if (a->lab->vm && WEXITSTATUS(status)) {
		if (log_has(a, stuck) || WEXITSTATUS(status) == 124)
			return OUTCOME_HANG;
		if (log_has(a, oops))
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

/* A script's exit status is its answer; a program must give the token back, too. */
static enum outcome execute(const struct attempt *a, bool program)
{
	char token[LAB_TOKEN_ROOM], back[LAB_TOKEN_ROOM] = "";
	struct list command = {NULL, 0};
	int in[2], out[2], ends[2];
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
	if (program)
		program_command(a, &command);
	else
		script_command(a, &command);
	status = run(a, &command, program ? ends : NULL, program ? CPU_LIMIT_S : 0,
		     a->lab->vm ? GUEST_LIMIT_S : WAIT_LIMIT_S, &waited_long);
	drop(&command);
	close(in[0]);
	close(out[1]);
	if (read(out[0], back, sizeof(back) - 1) < 0)
		back[0] = '\0';
	close(out[0]);
	return judge(a, status, waited_long, !program || strcmp(back, token) == 0);
}

static bool has_program(const struct lab *lab)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/check.c", lab->folder);
	return access(path, R_OK) == 0;
}

/* What an earlier attempt left in its folder. */
static void clean(const struct attempt *a)
{
	char pattern[1000];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*", a->folder);
	if (glob(pattern, GLOB_PERIOD, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
}

static enum outcome attempt(struct attempt *a)
{
	const bool module = a->lab->link == LINK_PATHFS || a->lab->link == LINK_MINIPMEM;
	const bool program = has_program(a->lab);
	enum outcome outcome = OUTCOME_PASSED;
	struct error e;

	for (size_t i = 0; i < a->lab->nfiles; i++) {
		if (!splice_file(a, a->lab->files[i], &e))
			continue;
		say(a, "%s", e.text);
		return OUTCOME_BUILD;
	}
	if (program)
		outcome = build_program(a);
	else if (module)
		outcome = build_module(a);
	return outcome == OUTCOME_PASSED ? execute(a, program) : outcome;
}

enum outcome lab_check(const struct labs *labs, const struct lab *lab, const struct check *check,
		       const char *log, bool debug)
{
	struct attempt a = {.labs = labs, .lab = lab, .check = check, .log = log, .debug = debug};
	enum outcome outcome = OUTCOME_BROKEN;
	char inside[1000];
	struct error e;

	snprintf(a.folder, sizeof(a.folder), "%s/build/labs/%s/%s", labs->root, lab->name,
		 check->name);
	snprintf(inside, sizeof(inside), "%s/", a.folder);
	setenv("ASAN_OPTIONS", "exitcode=99:detect_leaks=1", 1);
	setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 1);
	if (make_folders(inside, &e) || make_folders(log, &e)) {
		fprintf(stderr, "bypass lab: %s\n", e.text);
		return outcome;
	}
	unlink(log);
	clean(&a);
	outcome = attempt(&a);
	drop(&a.replaced);
	drop(&a.spliced);
	return outcome;
}
