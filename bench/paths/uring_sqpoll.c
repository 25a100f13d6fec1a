// SPDX-License-Identifier: MIT
/*
 * io_uring with O_DIRECT and a thread of the kernel that looks for what was put into the ring, so
 * that giving it to the device is no system call. Completions come by the device's interrupt to
 * that thread, and are looked for in the ring, which is memory of ours. As fio's sqthread_poll.
 *
 * Both sides look all the time: each job takes two CPUs. After a second without work the kernel's
 * thread sleeps, and the next one that is put in wakes it by a system call.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "core/interrupted.h"
#include "paths/file_io.h"
#include "paths/ring.h"

/* Between two questions to the clock, which may be a system call. */
#define LOOKS 4096u

static unsigned int usable_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (unsigned int)CPU_COUNT(&cpus) : 1;
}

static int probe(const struct workload *w, const struct target *t, struct unavailable *why)
{
	unsigned int cpus = usable_cpus(), needed = 2 * w->numjobs;
	int ret = file_io_probe_direct(w, t, why);

	if (!ret)
		ret = ring_probe(IORING_SETUP_SQPOLL, why);
	if (ret || cpus >= needed)
		return ret;
	snprintf(
		why->reason, sizeof(why->reason),
		"each job and the kernel's thread that submits for it need a CPU of their own: %u, "
		"and there %s %u",
		needed, cpus == 1 ? "is" : "are", cpus);
	snprintf(why->remedy, sizeof(why->remedy),
		 "%s; the testbed has 2 with --testbed=ns, and one on the instruction clock",
		 w->numjobs > 1 ? "a smaller numjobs=, or more CPUs" : "a machine with more CPUs");
	return -EOPNOTSUPP;
}

static int open_job(struct path_job *job, struct error *e)
{
	return ring_open_direct(job, IORING_SETUP_SQPOLL, e);
}

/* Leaves more of the core to its other thread. */
static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static int reap(struct path_job *job, unsigned int min)
{
	struct ring *r = job->own;
	unsigned int ended, looks = 0;
	uint64_t deadline = 0;
	int ret = io_uring_submit(&r->uring);

	ended = ring_take(job);
	while (ended < min && (ret >= 0 || ret == -EINTR)) {
		relax();
		ended += ring_take(job);
		if (++looks % LOOKS)
			continue;
		if (!deadline)
			deadline = ring_deadline(job);
		else if (ring_too_late(deadline) || interrupted())
			break;
	}
	return ret < 0 && ret != -EINTR ? ret : (int)ended;
}

extern const struct path_ops path_uring_sqpoll;
const struct path_ops path_uring_sqpoll = {
	.name = "uring-sqpoll",
	.description = "io_uring with O_DIRECT, a kernel thread submits: no system call",
	.api = "io_uring",
	.cache = "bypassed",
	.completion = "interrupt",
	.traits = PATH_NO_CACHE | PATH_RING | PATH_KERNEL_THREAD,
	.clock_use = CLOCK_USE_MACHINE,
	.probe = probe,
	.open = open_job,
	.start = ring_start,
	.give = ring_give,
	.reap = reap,
	.close = ring_close,
};
