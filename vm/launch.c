// SPDX-License-Identifier: MIT
/*
 * The launcher behind vm/run and vm/shell: starts QEMU, runs one command in the guest through the
 * agent, passes its streams on and ends with its exit status. Read in this order: main() here,
 * machine.c (what the machine is made of), session.c (what happens while it runs), guest/agent.c.
 */
#include "vm/accel.h"
#include "vm/backing.h"
#include "vm/machine.h"
#include "vm/options.h"
#include "vm/qemu.h"
#include "vm/session.h"
#include "vm/terminal.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TESTBED_FAILED 125

/* A guest on a loaded computer without KVM takes a while; with KVM it is up at once or never. */
#define BOOT_LIMIT_S     180
#define KVM_BOOT_LIMIT_S 30

struct launcher {
	struct vm_options options;
	char project[PATH_MAX]; /* the source tree */
	char folder[PATH_MAX];  /* build/vm: kernels, initramfs, this program */
	char kernel_folder[PATH_MAX + 32];
	char kernel[PATH_MAX + 64];
	char initramfs[PATH_MAX + 64];
	char qemu_version[64];
	struct vm_machine machine;
	struct vm_qemu qemu;
	struct vm_session session;
	struct vm_accel_verdict verdict;
	int signals;
};

__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
	va_list arguments;

	fputs("vm: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return TESTBED_FAILED;
}

/* The program is PROJECT/build/vm/launch, and everything else is found from there. */
static int find_files(struct launcher *launcher)
{
	const char *version = launcher->options.kernel;
	ssize_t length = readlink("/proc/self/exe", launcher->folder, PATH_MAX - 1);

	if (length <= 0)
		return complain("can't read /proc/self/exe: %s", strerror(errno));
	launcher->folder[length] = 0;
	dirname(launcher->folder);
	memcpy(launcher->project, launcher->folder, PATH_MAX);
	dirname(launcher->project);
	dirname(launcher->project);
	snprintf(launcher->kernel_folder, sizeof(launcher->kernel_folder), "%s/kernel-%s",
		 launcher->folder, version);
	snprintf(launcher->kernel, sizeof(launcher->kernel), "%s/vmlinux", launcher->kernel_folder);
	snprintf(launcher->initramfs, sizeof(launcher->initramfs), "%s/initramfs-%s.cpio",
		 launcher->folder, version);
	if (!access(launcher->kernel, R_OK) && !access(launcher->initramfs, R_OK))
		return 0;
	if (!strcmp(version, "debug"))
		return complain("the debug kernel isn't built, so there is nothing to boot; do: "
				"make vm-debug-kernel");
	return complain("kernel %s isn't unpacked, so there is nothing to boot; do: make "
			"build/vm/initramfs-%s.cpio",
			version, version);
}

static int share_results(struct launcher *launcher)
{
	char path[PATH_MAX + 16], sentence[256];

	snprintf(path, sizeof(path), "%s/results", launcher->project);
	if (access(path, W_OK))
		return 0;
	if (vm_options_share(&launcher->options, path, sentence, sizeof(sentence)))
		return complain("%s", sentence);
	return 0;
}

static int open_media(const struct vm_sizes *sizes, int *fds)
{
	for (unsigned int i = 0; i < sizes->count; i++) {
		fds[i] = vm_backing_open(sizes->nbytes[i]);
		if (fds[i] < 0)
			return complain("can't make a file of %llu MiB in %s for a disk: %s; set "
					"TMPDIR to a folder with room",
					(unsigned long long)(sizes->nbytes[i] >> 20),
					vm_backing_folder(), strerror(-fds[i]));
	}
	return 0;
}

/* Which of our variables mean something to the command in the guest. */
static bool passed_on(const char *variable)
{
	static const char *const names[] = {
		"PATH=",    "HOME=",         "TERM=",          "LANG=",       "LC_",      "BYPASS_",
		"NO_COLOR", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "GCOV_PREFIX", "COLUMNS=", "TZ=",
	};

	/* Those that the launcher says itself. */
	static const char *const ours[] = {
		"BYPASS_TESTBED=",      "BYPASS_CLOCK=",     "BYPASS_ACCEL=",
		"BYPASS_QEMU_VERSION=", "BYPASS_CPU_MODEL=",
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strncmp(variable, ours[i], strlen(ours[i])))
			return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return true;
	return false;
}

static void make_environment(const struct launcher *launcher, struct vm_vector *environment)
{
	const char *path = getenv("PATH");

	const bool instructions = launcher->options.clock == VM_CLOCK_INSTRUCTIONS;

	vm_vector_add(environment, "BYPASS_TESTBED=1");
	vm_vector_add(environment, "BYPASS_CLOCK=%s", instructions ? "instructions" : "ns");
	vm_vector_add(environment, "BYPASS_ACCEL=%s", launcher->machine.kvm ? "kvm" : "tcg");
	vm_vector_add(environment, "BYPASS_QEMU_VERSION=%s", launcher->qemu_version);
	vm_vector_add(environment, "BYPASS_CPU_MODEL=%s", vm_machine_cpu(launcher->machine.kvm));
	for (char **variable = environ; *variable; variable++)
		if (passed_on(*variable))
			vm_vector_add(environment, "%s", *variable);
	/* mount, modprobe and mkfs are there, and a user's PATH may not say so. */
	if (path && !strstr(path, "/sbin"))
		for (size_t i = 0; i < environment->count; i++)
			if (!strncmp(environment->items[i], "PATH=", 5)) {
				vm_vector_add(environment, "%s:/usr/sbin:/sbin",
					      environment->items[i]);
				free(environment->items[i]);
				environment->items[i] = environment->items[--environment->count];
				environment->items[environment->count] = NULL;
				break;
			}
}

static int run_command(struct launcher *launcher)
{
	struct vm_vector environment = {0}, setup = {0};
	char cwd[PATH_MAX], script[PATH_MAX + 32];
	struct vm_request request = {.cwd = cwd, .setup = script};
	int status;

	if (!getcwd(cwd, sizeof(cwd)))
		return complain("the current folder is gone: %s", strerror(errno));
	snprintf(script, sizeof(script), "%s/vm/guest/setup", launcher->project);
	vm_vector_add(&setup, "%s", script);
	vm_vector_add(&setup, "%s", launcher->kernel_folder);
	for (unsigned int i = 0; i < launcher->options.share_count; i++) {
		vm_vector_add(&setup, "share%u", i);
		vm_vector_add(&setup, "%s", launcher->options.shares[i]);
	}
	make_environment(launcher, &environment);
	request.setup_argv = setup.items;
	request.argv = launcher->options.command;
	request.environment = environment.items;
	if (launcher->options.tty) {
		request.tty = 1;
		request.window = vm_terminal_window();
		vm_terminal_raw();
	}
	status = vm_session_run(&launcher->session, &request);
	vm_terminal_restore();
	vm_vector_free(&environment);
	vm_vector_free(&setup);
	return status;
}

static int boot(struct launcher *launcher, bool kvm, int limit_s)
{
	int err;

	launcher->machine.kvm = kvm;
	err = vm_qemu_start(&launcher->machine, &launcher->qemu);
	if (err)
		return err;
	vm_session_init(&launcher->session, &launcher->options, &launcher->qemu, launcher->signals);
	return vm_session_boot(&launcher->session, limit_s);
}

static void end_guest(struct launcher *launcher)
{
	vm_qemu_stop(&launcher->qemu);
	vm_session_free(&launcher->session);
}

/* QEMU's own words without its name and the numbers that differ from try to try. */
static void failure_reason(const struct vm_session *session, int err, char *reason, size_t nbytes)
{
	const char *line = vm_console_find(&session->log, "rror: ");
	char *end;

	if (err == -ETIMEDOUT)
		snprintf(reason, nbytes, "its guest was not up after %d s", KVM_BOOT_LIMIT_S);
	else if (line)
		snprintf(reason, nbytes, "%s", strstr(line, "rror: ") + strlen("rror: "));
	else if (session->log.count)
		snprintf(reason, nbytes, "%.150s", session->log.lines[0]);
	else
		snprintf(reason, nbytes, "its guest ended before it was up");
	end = strstr(reason, " to 0x");
	if (end)
		*end = 0;
}

/* Boots with KVM if that may work, else without; 0 or a negative errno of the last try. */
static int boot_somehow(struct launcher *launcher)
{
	const struct vm_options *options = &launcher->options;
	struct vm_accel_verdict *verdict = &launcher->verdict;
	bool tried = false;
	int err;

	if (options->accel == VM_ACCEL_KVM)
		return boot(launcher, true, BOOT_LIMIT_S);
	if (options->accel == VM_ACCEL_AUTO && options->clock == VM_CLOCK_NS) {
		vm_accel_recall(launcher->folder, launcher->qemu_version, verdict);
		if (!verdict->hopeless) {
			tried = true;
			err = boot(launcher, true, KVM_BOOT_LIMIT_S);
			if (!err || err == -EINTR || err == -ENOENT)
				return err;
			failure_reason(&launcher->session, err, verdict->reason,
				       sizeof(verdict->reason));
			end_guest(launcher);
		}
	}
	err = boot(launcher, false, BOOT_LIMIT_S);
	if (!err && tried)
		vm_accel_remember(launcher->folder, launcher->qemu_version, verdict->reason);
	return err;
}

static int explain_boot(const struct launcher *launcher, int err)
{
	char sentence[160];

	switch (err) {
	case -EINTR:
		return 128 + launcher->session.signal;
	case -ENOENT:
		return complain(VM_QEMU " isn't installed, so there is no testbed; do: sudo "
					"apt-get install qemu-system-x86");
	case -ETIMEDOUT:
		snprintf(sentence, sizeof(sentence),
			 "the guest was not up after %d s; is this computer overloaded?",
			 BOOT_LIMIT_S);
		break;
	case -EPIPE:
		snprintf(sentence, sizeof(sentence),
			 "the guest ended before it was up; QEMU or its console says why:");
		break;
	default:
		return complain("can't start " VM_QEMU ": %s", strerror(-err));
	}
	vm_session_explain(&launcher->session, sentence);
	return TESTBED_FAILED;
}

/* The one line that says what the figures will be worth. */
static void announce(const struct launcher *launcher)
{
	const struct vm_accel_verdict *verdict = &launcher->verdict;
	char why[200] = "";

	if (!launcher->machine.kvm && verdict->reason[0])
		snprintf(why, sizeof(why), " (KVM fails: %s)", verdict->reason);
	fprintf(stderr, "vm: kernel %s, %s%s, clock %s\n", launcher->session.release,
		launcher->machine.kvm ? "KVM" : "TCG", why,
		launcher->options.clock == VM_CLOCK_INSTRUCTIONS ? "instructions" : "ns");
}

static int take_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCHLD};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int launch(struct launcher *launcher)
{
	struct vm_machine *machine = &launcher->machine;
	int status, err;

	if (find_files(launcher) || share_results(launcher))
		return TESTBED_FAILED;
	if (open_media(&launcher->options.pmem, machine->fds.pmem) ||
	    open_media(&launcher->options.nvme, machine->fds.nvme))
		return TESTBED_FAILED;
	vm_qemu_version(launcher->qemu_version, sizeof(launcher->qemu_version));
	machine->options = &launcher->options;
	machine->kernel = launcher->kernel;
	machine->initramfs = launcher->initramfs;
	launcher->signals = take_signals();
	err = boot_somehow(launcher);
	if (err) {
		status = explain_boot(launcher, err);
	} else {
		announce(launcher);
		status = run_command(launcher);
	}
	end_guest(launcher);
	return status;
}

int main(int argc, char **argv)
{
	static struct launcher launcher;
	char sentence[512];

	if (vm_options_parse(argc, argv, &launcher.options, sentence, sizeof(sentence))) {
		fprintf(stderr, "vm: %s\n", sentence);
		return 2;
	}
	if (launcher.options.help) {
		fputs(vm_options_help, stdout);
		return 0;
	}
	return launch(&launcher);
}
