// SPDX-License-Identifier: MIT
/* How completions came: by interrupt or not, through which driver, for how many system calls. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/evidence_parts.h"
#include "core/pci_device.h"

/* Operations in flight in the whole cell. */
static uint64_t in_flight(const struct workload *w)
{
	return (uint64_t)w->iodepth * w->numjobs;
}

/*
 * The device's lines of /proc/interrupts are everybody's, unless the driver is ours: few of them
 * are few of this cell's too, many may be others'.
 */
static enum verdict interrupt_verdict(const struct path_ops *ops, bool ok, bool few)
{
	if ((ops->traits & PATH_USER_DRIVER) || evidence_alone())
		return evidence_verdict(ok);
	return ok && few ? VERDICT_HELD : VERDICT_UNOBSERVED;
}

static const char *others(const struct path_ops *ops)
{
	return (ops->traits & PATH_USER_DRIVER) || evidence_alone() ? "" : ", which others use too";
}

struct seen {
	bool known;
	uint64_t interrupts;
	const char *source;
};

static struct seen interrupts_seen(const struct path_ops *ops, const struct target *t,
				   const struct pass_facts *f)
{
	if (f->delta.interrupts_known)
		return (struct seen){true, f->delta.interrupts, "/proc/interrupts"};
	/* Of a model no kernel knows anything. */
	if ((ops->traits & PATH_USER_DRIVER) && !t->device.pci[0])
		return (struct seen){true, f->counters.interrupts, "the controller model's count"};
	return (struct seen){false, 0, NULL};
}

/*
 * None is expected, and on the testbed's disks none is seen. A few are let pass: on a file system
 * its journal is written through the queues that interrupt. A path that was not polled after all
 * has one for each I/O, or one for as many as are in flight.
 */
static void polled_claim(struct cell *cell, const struct path_ops *ops, const struct pass_facts *f,
			 const struct seen *seen)
{
	uint64_t few = f->ios / 100, half = f->ios / in_flight(&cell->workload) / 2;

	if (few > half)
		few = half;
	cell_add_evidence(cell, "completion came without interrupt",
			  "no interrupts (under 1 for 100 I/Os)", seen->source, f->phase,
			  interrupt_verdict(ops, seen->interrupts <= 1 + few, true),
			  "%" PRIu64 " interrupts for %" PRIu64 " I/Os%s", seen->interrupts, f->ios,
			  others(ops));
}

/*
 * One interrupt can tell of as many completions as were in flight, or as the controller was told to
 * gather: never of more.
 */
static void interrupt_claim(struct cell *cell, const struct path_ops *ops, const struct target *t,
			    const struct pass_facts *f, const struct seen *seen)
{
	const struct workload *w = &cell->workload;
	/* Without the device's account, what was asked for: one request each, if direct. */
	bool counted = t->device.accounted && !(ops->traits & (PATH_USER_DRIVER | PATH_PASSTHRU));
	uint64_t ios = counted ? f->delta.device.read_ios + f->delta.device.write_ios : f->ios;
	uint64_t most = in_flight(w);
	char expected[96] = "about one interrupt for each I/O";
	bool enough;

	if (w->aggregation_threshold > most)
		most = w->aggregation_threshold;
	if (most > 1)
		snprintf(expected, sizeof(expected), "at least one interrupt for %" PRIu64 " I/Os",
			 most);
	enough = seen->interrupts * most * 10 >= ios * 9 && seen->interrupts > 0;
	cell_add_evidence(cell, "completion came by interrupt", expected, seen->source, f->phase,
			  interrupt_verdict(ops, enough, false),
			  "%" PRIu64 " interrupts for %" PRIu64 " I/Os of the device%s",
			  seen->interrupts, ios, others(ops));
}

static void driver_claim(struct cell *cell, const struct target *t, const struct pass_facts *f)
{
	const char *driver = f->delta.pci_driver;
	char source[64];

	if (!t->device.pci[0])
		return; /* a model: no kernel has ever seen it */
	snprintf(source, sizeof(source), "/sys/bus/pci/devices/%s/driver", t->device.pci);
	cell_add_evidence(cell, "the kernel's NVMe driver doesn't have the device",
			  "bound to vfio-pci", source, f->phase,
			  evidence_verdict(pci_driver_is_vfio(driver)), "%s%s",
			  driver[0] ? "bound to " : "not bound to any driver", driver);
}

void evidence_completion(struct cell *cell, const struct path_ops *ops, const struct target *t,
			 const struct pass_facts *f)
{
	bool sleeps = ops->traits & PATH_SLEEPS, polled = ops->traits & PATH_POLLED;
	struct seen seen = interrupts_seen(ops, t, f);

	if (ops->traits & PATH_USER_DRIVER)
		driver_claim(cell, t, f);
	if (!seen.known)
		return; /* a device of memory, or one whose vectors can't be told */
	/* One that looks first and then sleeps leaves the device's interrupts on. */
	if (polled && !sleeps)
		polled_claim(cell, ops, f, &seen);
	else if (sleeps || (ops->traits & PATH_NO_CACHE))
		interrupt_claim(cell, ops, t, f, &seen);
}

/*
 * The log is of the whole controller, and not every one moves with each command: it refutes only
 * where nothing else runs.
 */
void evidence_commands(struct cell *cell, const struct pass_facts *f)
{
	static const char claim[] = "the device executed one command for each I/O";
	const struct nvme_smart *smart = &f->smart;
	const uint64_t reads = f->ios - f->writes;
	const bool ok = smart->read_commands == reads && smart->write_commands == f->writes;
	char expected[96];

	snprintf(expected, sizeof(expected), "%" PRIu64 " reads and %" PRIu64 " writes", reads,
		 f->writes);
	if (!smart->known)
		cell_add_evidence(cell, claim, expected, "SMART log", f->phase, VERDICT_UNOBSERVED,
				  "%s", smart->why_not);
	else
		cell_add_evidence(
			cell, claim, expected, "SMART log", f->phase,
			ok || evidence_alone() ? evidence_verdict(ok) : VERDICT_UNOBSERVED,
			"%" PRIu64 " reads and %" PRIu64 " writes%s", smart->read_commands,
			smart->write_commands, ok || evidence_alone() ? "" : " of everybody");
}

/* What a path may do in the kernel for @ios operations; from @low to @high system calls. */
struct syscall_rule {
	const char *claim, *expected;
	uint64_t low, high;
};

/*
 * A look takes so many @calls: each gives the device what was started, and finds at least one that
 * ended. Smaller batches than there is room for are given by a call of their own.
 */
static struct syscall_rule queue_rule(const struct workload *w, unsigned int calls, uint64_t ios)
{
	static const struct {
		const char *claim, *expected;
	} texts[] = {
		[1] = {"at most one system call per I/O", "1, or less with more in flight"},
		[2] = {"at most two system calls per I/O", "2, or less with more in flight"},
		[3] = {"at most three system calls per I/O", "3, or less with more in flight"},
	};
	const bool gives = w->iodepth_batch_submit && w->iodepth_batch_submit < w->iodepth;
	const unsigned int most = gives ? calls + 1 : calls;

	return (struct syscall_rule){texts[most].claim, texts[most].expected,
				     calls * ios / w->iodepth, most * ios};
}

static struct syscall_rule syscall_rule(const struct cell *cell, const struct path_ops *ops,
					const struct pass_facts *f)
{
	const struct workload *w = &cell->workload;
	bool msync = (ops->traits & PATH_MAPPING) && w->durability == DURABILITY_DATA && !w->sync;

	if ((ops->traits & PATH_USER_DRIVER) && (ops->traits & PATH_SLEEPS))
		/* ppoll and read of the eventfd; a third where another signal came between. */
		return (struct syscall_rule){"system calls only to sleep", "2 for each sleep, or 3",
					     0, 3 * f->counters.sleeps};
	if (ops->traits & PATH_USER_DRIVER)
		return (struct syscall_rule){"no system call per I/O", "0", 0, 0};
	if (ops->traits & PATH_KERNEL_THREAD)
		/* It sleeps after a second without work; the next one wakes it. */
		return (struct syscall_rule){"fewer system calls than I/Os",
					     "under 1 in 10, to wake the kernel's thread", 0,
					     f->ios / 10};
	if (ops->start)
		return queue_rule(w, ops->traits & PATH_RING ? 1 : 2, f->ios);
	if (msync)
		return (struct syscall_rule){"one system call per I/O", "1", f->writes, f->writes};
	if (ops->traits & (PATH_MAPPING | PATH_NOTHING))
		return (struct syscall_rule){"no system call per I/O", "0", 0, 0};
	return (struct syscall_rule){"one system call per I/O", "1", f->ios, f->ios};
}

void evidence_syscalls(struct cell *cell, const struct path_ops *ops, const struct pass_facts *f,
		       const struct witness_facts *x)
{
	struct syscall_rule rule = syscall_rule(cell, ops, f);

	/*
	 * The kernel stops polling when it wants the CPU for others, and has nothing to poll while
	 * a worker of its own has the request: how often it has to be told again says nothing.
	 */
	if (ops->start && (ops->traits & PATH_POLLED) && !(ops->traits & PATH_USER_DRIVER))
		return;
	/* What an empty pass makes is taken off already; two may come from elsewhere (a signal). */
	if (x->syscalls.fd < 0)
		cell_add_evidence(cell, rule.claim, rule.expected, "raw_syscalls:sys_enter",
				  PHASE_WITNESS, VERDICT_UNOBSERVED, "%s", x->syscalls.why_not);
	else
		cell_add_evidence(
			cell, rule.claim, rule.expected, "raw_syscalls:sys_enter", PHASE_WITNESS,
			evidence_verdict(x->nsyscalls >= rule.low && x->nsyscalls <= rule.high + 2),
			"%" PRIu64 " system calls for %" PRIu64 " I/Os", x->nsyscalls, f->ios);
}
