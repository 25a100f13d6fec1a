// SPDX-License-Identifier: MIT
#include "core/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/evidence_parts.h"
#include "core/pattern.h"

#define HUGE_PAGE ((uint64_t)2 << 20)
/* Of a file whose contents alone are written, and where few of them are. */
#define METADATA_BYTES 65536u
#define PAGE           ((uint64_t)4096)

/*
 * What others may do to a cell's page cache without refuting it: where the machine reclaims memory
 * on its own, a few pages of any file come and go. One in a hundred; none where nobody else is.
 */
static uint64_t spare(uint64_t total)
{
	return evidence_alone() ? 0 : total / 100;
}

void evidence_residency(struct cell *cell, const struct pass_facts *f, const char *claim,
			int64_t resident, uint64_t expected)
{
	/* Of a memory that is full, pages are being written back and taken all the time. */
	const uint64_t room = cell->workload.cache == CACHE_PRESSED ? f->pages / 100 : 0;
	char text[64];

	snprintf(text, sizeof(text), "%s%" PRIu64 " of %" PRIu64 " pages resident",
		 room              ? "up to "
		 : spare(expected) ? "at least "
				   : "",
		 expected - spare(expected) + room, f->pages);
	if (resident < 0)
		cell_add_evidence(
			cell, claim, text, "mincore", f->phase, VERDICT_UNOBSERVED, "mincore: %s",
			resident == -EPERM ? "shown to the file's owner only; own it or run as root"
					   : strerror((int)-resident));
	else
		cell_add_evidence(
			cell, claim, text, "mincore", f->phase,
			evidence_verdict((uint64_t)resident <= expected + room &&
					 (uint64_t)resident + spare(expected) >= expected),
			"%" PRId64 " of %" PRIu64 " pages resident", resident, f->pages);
}

/* Bytes that this process made the block layer move. */
static void note_storage(struct cell *cell, const struct pass_facts *f, const char *claim,
			 bool write, uint64_t low, uint64_t high, const char *expected)
{
	uint64_t bytes = write ? f->delta.storage_written : f->delta.storage_read;

	if (!f->delta.storage_known)
		cell_add_evidence(
			cell, claim, expected, "/proc/self/io", f->phase, VERDICT_UNOBSERVED,
			"this kernel keeps no I/O accounting (CONFIG_TASK_IO_ACCOUNTING)");
	else
		cell_add_evidence(cell, claim, expected, "/proc/self/io", f->phase,
				  evidence_verdict(bytes >= low && bytes <= high),
				  "%" PRIu64 " bytes", bytes);
}

void evidence_device(struct cell *cell, const struct target *t, const struct pass_facts *f,
		     const char *claim, uint64_t low, uint64_t high, const char *expected)
{
	uint64_t bytes = f->delta.device.read_bytes + f->delta.device.write_bytes;
	char source[96];
	bool ok = bytes >= low && bytes <= high;

	snprintf(source, sizeof(source), "/sys/block/%s/stat", t->device.name);
	if (!t->device.known || !f->delta.device.known)
		cell_add_evidence(cell, claim, expected, "/sys/block/*/stat", f->phase,
				  VERDICT_UNOBSERVED, "%s has no block device of its own",
				  t->fs_type);
	else if (!t->device.accounted)
		cell_add_evidence(
			cell, claim, expected, source, f->phase, VERDICT_UNOBSERVED,
			"accounting is off; do: echo 1 | sudo tee /sys/block/%s/queue/iostats",
			t->device.name);
	else if (!ok && !evidence_alone())
		cell_add_evidence(cell, claim, expected, source, f->phase, VERDICT_UNOBSERVED,
				  "%" PRIu64 " bytes, but others use this disk too", bytes);
	else
		cell_add_evidence(cell, claim, expected, source, f->phase, evidence_verdict(ok),
				  "%" PRIu64 " bytes", bytes);
}

/* Memory was full of the file, and what came in during the pass took the place of something. */
static void pressed_claims(struct cell *cell, const struct pass_facts *f)
{
	static const char fits[] = "the file does not fit into memory";
	static const char reclaimed[] = "pages were reclaimed";
	const struct counted *taken = &f->delta.machine[MACHINE_RECLAIMED_PAGES];
	char text[64];

	snprintf(text, sizeof(text), "fewer than %" PRIu64 " pages resident", f->pages);
	if (f->resident_before < 0)
		cell_add_evidence(cell, fits, text, "mincore", f->phase, VERDICT_UNOBSERVED,
				  "mincore: %s", strerror((int)-f->resident_before));
	else
		cell_add_evidence(cell, fits, text, "mincore", f->phase,
				  evidence_verdict((uint64_t)f->resident_before < f->pages),
				  "%" PRId64 " of %" PRIu64 " pages resident", f->resident_before,
				  f->pages);
	if (!rw_writes(cell->workload.rw))
		note_storage(cell, f, "storage was read", false, 1, UINT64_MAX,
			     "more than 0 bytes");
	if (!taken->known)
		cell_add_evidence(cell, reclaimed, "more than 0", "/proc/vmstat", f->phase,
				  VERDICT_UNOBSERVED, "%s",
				  machine_counter_why_not(MACHINE_RECLAIMED_PAGES));
	else if (!taken->value && !evidence_alone())
		cell_add_evidence(cell, reclaimed, "more than 0", "/proc/vmstat", f->phase,
				  VERDICT_UNOBSERVED,
				  "none, but others may have given memory back meanwhile");
	else
		cell_add_evidence(cell, reclaimed, "more than 0", "/proc/vmstat", f->phase,
				  evidence_verdict(taken->value > 0), "%" PRIu64 " pages",
				  taken->value);
}

static void page_cache_claims(struct cell *cell, const struct target *t, const struct pass_facts *f)
{
	const struct workload *w = &cell->workload;

	if (f->kind == PASS_AGAIN)
		return;
	if (w->cache == CACHE_PRESSED) {
		pressed_claims(cell, f);
		return;
	}
	if (w->cache == CACHE_HOT) {
		evidence_residency(cell, f, "every page was in the page cache before",
				   f->resident_before, f->pages);
		if (!rw_writes(w->rw))
			note_storage(cell, f, "served from the page cache", false, 0,
				     spare(f->bytes),
				     evidence_alone() ? "0 bytes read from storage"
						      : "under 1 in 100 bytes read from storage");
		return;
	}
	evidence_residency(cell, f, "no page was in the page cache before", f->resident_before, 0);
	if (rw_writes(w->rw))
		return;
	note_storage(cell, f, "storage was read", false, f->bytes, UINT64_MAX,
		     "at least the bytes asked for");
	evidence_device(cell, t, f, "the block layer read the bytes", f->bytes, UINT64_MAX,
			"at least the bytes asked for");
}

static void direct_claims(struct cell *cell, const struct target *t, const struct pass_facts *f)
{
	uint64_t written = f->writes * cell->workload.bs, read = f->bytes - written;

	evidence_residency(cell, f, "left no page in the page cache", f->resident_after, 0);
	if (read)
		note_storage(cell, f, "each byte came from storage", false, read, read,
			     "as many bytes as were read");
	if (written)
		/* A tenth more: the block that holds the file's times is dirtied now and then. */
		note_storage(cell, f, "each byte went to storage", true, written,
			     written + written / 10 + METADATA_BYTES,
			     "as many bytes as were written, and a little metadata");
	evidence_device(cell, t, f, "the block layer saw the bytes", f->bytes, UINT64_MAX,
			"at least the bytes moved");
}

/* Nothing that our driver or an NVMe command of ours moves is accounted by the block layer. */
static void unaccounted_claims(struct cell *cell, const struct pass_facts *f)
{
	static const char zero[] = "0 bytes moved by the block layer for this process";

	if (f->writes < f->ios)
		note_storage(cell, f, "nothing was read through the block layer", false, 0, 0,
			     zero);
	if (f->writes)
		note_storage(cell, f, "nothing was written through the block layer", true, 0, 0,
			     zero);
}

static void passthru_claims(struct cell *cell, const struct target *t, const struct pass_facts *f)
{
	evidence_residency(cell, f, "left no page in the page cache", f->resident_after, 0);
	unaccounted_claims(cell, f);
	evidence_device(cell, t, f, "the block layer saw none of the bytes", 0, 0, "0 bytes");
	evidence_commands(cell, f);
}

static void dax_claims(struct cell *cell, const struct target *t, const struct pass_facts *f)
{
	cell_add_evidence(cell, "the inode is DAX", "STATX_ATTR_DAX set", "statx", f->phase,
			  evidence_verdict(t->dax), "STATX_ATTR_DAX %s on %s (%s)",
			  t->dax ? "set" : "not set", t->text, t->mount_options);
	if (f->kind != PASS_AGAIN)
		evidence_residency(cell, f, "no page was in the page cache before",
				   f->resident_before, 0);
	note_storage(cell, f, "nothing was read through the block layer", false, 0, 0,
		     "0 bytes read from storage");
	/* A tenth: a written file's times and the journal are metadata, which do go that way. */
	evidence_device(cell, t, f, "the block layer did not see the data", 0, f->bytes / 10,
			"less than a tenth of the bytes moved");
}

static void first_touch_claims(struct cell *cell, const struct path_ops *ops,
			       const struct pass_facts *f)
{
	const struct workload *w = &cell->workload;
	uint64_t minor = f->delta.faults_minor, major = f->delta.faults_major;
	bool hot = w->cache == CACHE_HOT;

	if (w->populate) {
		cell_add_evidence(cell, "populated: the first touch does not fault", "0 faults",
				  "getrusage", f->phase,
				  evidence_verdict(minor + major <= 1 + f->ios / 100),
				  "%" PRIu64 " minor, %" PRIu64 " major", minor, major);
		return;
	}
	cell_add_evidence(cell, "first touches faulted", "at least one fault", "getrusage",
			  f->phase, evidence_verdict(minor + major > 0),
			  "%" PRIu64 " minor, %" PRIu64 " major for %" PRIu64 " I/Os", minor, major,
			  f->ios);
	/* Under pressure some faults find their page and others don't. */
	if ((ops->traits & PATH_PAGE_CACHE) && w->cache != CACHE_PRESSED)
		cell_add_evidence(cell,
				  hot ? "no fault waited for the device" : "faults read the device",
				  hot ? "no major fault (1 in 100 where others run)"
				      : "at least one major fault",
				  "getrusage", f->phase,
				  evidence_verdict(hot ? major <= spare(f->ios) : major > 0),
				  "%" PRIu64 " major", major);
	/* No fault-around on DAX: the count tells the size of what was mapped. */
	if ((ops->traits & PATH_DAX) && w->hugepage)
		cell_add_evidence(
			cell, "a fault maps 2 MiB", "one fault for each 2 MiB touched", "getrusage",
			f->phase, evidence_verdict(minor + major <= w->size / HUGE_PAGE + 8),
			"%" PRIu64 " faults for %" PRIu64 " MiB", minor + major, w->size >> 20);
	else if (ops->traits & PATH_DAX)
		cell_add_evidence(
			cell, "a fault maps 4 KiB", "one fault for each page touched", "getrusage",
			f->phase, evidence_verdict(minor + major >= f->bytes / PAGE),
			"%" PRIu64 " faults for %" PRIu64 " pages", minor + major, f->bytes / PAGE);
}

static void mapping_claims(struct cell *cell, const struct path_ops *ops,
			   const struct pass_facts *f)
{
	const struct workload *w = &cell->workload;
	uint64_t faults = f->delta.faults_minor + f->delta.faults_major;

	if (f->kind == PASS_FIRST_TOUCH) {
		first_touch_claims(cell, ops, f);
		return;
	}
	/* msync writes the pages back and protects them again; a read page faults when written. */
	if (w->rw == RW_RANDRW || (w->durability == DURABILITY_DATA && !w->sync))
		return;
	/* Nor do pages stay that memory has no room for. */
	if (w->cache == CACHE_PRESSED && (ops->traits & PATH_PAGE_CACHE))
		return;
	cell_add_evidence(cell, "later accesses do not fault", "under 1 fault in 100 accesses",
			  "getrusage", f->phase, evidence_verdict(faults <= 1 + f->ios / 100),
			  "%" PRIu64 " faults for %" PRIu64 " accesses", faults, f->ios);
}

void evidence_timed(struct cell *cell, const struct path_ops *ops, const struct target *t,
		    const struct pass_facts *f)
{
	if (ops->traits & PATH_NOTHING)
		return;
	if (ops->traits & PATH_PAGE_CACHE)
		page_cache_claims(cell, t, f);
	if (ops->traits & PATH_PASSTHRU)
		passthru_claims(cell, t, f);
	else if (ops->traits & PATH_NO_CACHE)
		direct_claims(cell, t, f);
	if (ops->traits & PATH_DAX)
		dax_claims(cell, t, f);
	if (ops->traits & PATH_MAPPING)
		mapping_claims(cell, ops, f);
	if (ops->traits & PATH_USER_DRIVER)
		unaccounted_claims(cell, f);
	evidence_completion(cell, ops, t, f);
}

static const char flushed[] = "a flush or FUA went to the device with each write";
static const char one_each[] = "at least one for each write";

/*
 * Where FUA isn't enough, a thread of the kernel ends an asynchronous write with a flush, and one
 * flush is enough for all that were in flight. Those threads aren't traced: their flushes are in
 * the disk's account (FUA isn't), and where others run, theirs too.
 */
static void async_flush_claim(struct cell *cell, const struct target *t, const struct pass_facts *f,
			      const struct witness_facts *x)
{
	bool known = f->delta.device.known && t->device.accounted;
	uint64_t flushes = known ? f->delta.device.flush_ios : 0;
	bool by_itself = x->nflushes >= f->writes;
	bool enough = x->nflushes + flushes * cell->workload.iodepth >= f->writes;
	enum verdict verdict = evidence_verdict(enough);

	if (enough ? !by_itself && !evidence_alone() : !known)
		verdict = VERDICT_UNOBSERVED;
	cell_add_evidence(cell, flushed, "one for each write, or for all in flight",
			  "block:block_bio_queue", PHASE_WITNESS, verdict,
			  "%" PRIu64 " by the process and %" PRIu64
			  " flushes of the disk for %" PRIu64 " writes%s",
			  x->nflushes, flushes, f->writes,
			  known ? "" : " (the disk's account is off)");
}

static void flush_claim(struct cell *cell, const struct path_ops *ops, const struct target *t,
			const struct pass_facts *f, const struct witness_facts *x)
{
	if (ops->traits & PATH_PASSTHRU)
		cell_add_evidence(cell, flushed, one_each, "none", PHASE_WITNESS,
				  VERDICT_UNOBSERVED,
				  "each command has the FUA bit, which is counted nowhere");
	else if (x->flushes.fd < 0)
		cell_add_evidence(cell, flushed, one_each, "block:block_bio_queue", PHASE_WITNESS,
				  VERDICT_UNOBSERVED, "%s", x->flushes.why_not);
	else if (ops->start)
		async_flush_claim(cell, t, f, x);
	else
		cell_add_evidence(cell, flushed, one_each, "block:block_bio_queue", PHASE_WITNESS,
				  evidence_verdict(x->nflushes >= f->writes),
				  "%" PRIu64 " for %" PRIu64 " writes", x->nflushes, f->writes);
}

/*
 * To a device without a volatile cache the block layer sends no flushes: what arrived is stored. On
 * DAX the data don't arrive as requests; the CPU's flushes that store them are counted nowhere.
 */
static void arrival_claim(struct cell *cell, const struct path_ops *ops, const struct target *t,
			  const struct pass_facts *f)
{
	static const char claim[] = "each write arrived at a device without a volatile cache";
	static const char expected[] = "at least the bytes written";
	uint64_t arrived = f->delta.device.write_bytes;
	char source[96];

	snprintf(source, sizeof(source), "/sys/block/%s/stat", t->device.name);
	if ((ops->traits & PATH_DAX) || !t->device.accounted || !f->delta.device.known)
		cell_add_evidence(cell, claim, expected, source, PHASE_WITNESS, VERDICT_UNOBSERVED,
				  (ops->traits & PATH_DAX)
					  ? "flushed from the CPU's caches, which nothing counts"
					  : "the device's account is off");
	else
		cell_add_evidence(cell, claim, expected, source, PHASE_WITNESS,
				  evidence_verdict(arrived >= f->writes * cell->workload.bs),
				  "%" PRIu64 " bytes", arrived);
}

static void pmd_claim(struct cell *cell, const struct witness_facts *x)
{
	static const char claim[] = "the fault handler installed 2 MiB entries";

	if (x->pmd_faults.fd < 0)
		cell_add_evidence(cell, claim, "at least one", "fs_dax:dax_pmd_fault_done",
				  PHASE_WITNESS, VERDICT_UNOBSERVED, "%s", x->pmd_faults.why_not);
	else
		cell_add_evidence(cell, claim, "at least one", "fs_dax:dax_pmd_fault_done",
				  PHASE_WITNESS, evidence_verdict(x->npmd_faults > 0),
				  "%" PRIu64 " of them", x->npmd_faults);
}

/* Of a mapping, the faults: how many there are getrusage tells. */
static void branch_claim(struct cell *cell, const struct path_ops *ops, const struct pass_facts *f,
			 const struct witness_facts *x)
{
	bool mapping = ops->traits & PATH_MAPPING;
	const char *claim = ops->traits & PATH_DAX        ? "pathfs took its DAX branch"
			    : ops->traits & PATH_NO_CACHE ? "pathfs took its direct branch"
							  : "pathfs took its page-cache branch";
	const char *expected = mapping ? "in faults" : "in each I/O";

	if (x->branch.fd < 0)
		cell_add_evidence(cell, claim, expected, x->branch_event, PHASE_WITNESS,
				  VERDICT_UNOBSERVED, "%s", x->branch.why_not);
	else
		cell_add_evidence(cell, claim, expected, x->branch_event, PHASE_WITNESS,
				  evidence_verdict(x->nbranch >= (mapping ? 1 : f->ios)),
				  "%" PRIu64 " times in %" PRIu64 " I/Os", x->nbranch, f->ios);
}

void evidence_witness(struct cell *cell, const struct path_ops *ops, const struct target *t,
		      const struct pass_facts *f, const struct witness_facts *x)
{
	const struct workload *w = &cell->workload;

	/* Of a mapping, the second pass: the first one's faults are told by getrusage. */
	if (!(ops->traits & PATH_MAPPING) || f->kind == PASS_AGAIN)
		evidence_syscalls(cell, ops, f, x);
	if (f->kind == PASS_FIRST_TOUCH && (ops->traits & PATH_DAX) && w->hugepage)
		pmd_claim(cell, x);
	if (f->kind != PASS_AGAIN && x->branch_event[0])
		branch_claim(cell, ops, f, x);
	/* A flushed cache line behind MAP_SYNC never becomes a request: nothing to see there. */
	if (f->kind != PASS_AGAIN && w->durability == DURABILITY_DATA && !w->sync &&
	    t->device.known) {
		if (t->device.write_cache || (ops->traits & PATH_PASSTHRU))
			flush_claim(cell, ops, t, f, x);
		else
			arrival_claim(cell, ops, t, f);
	}
	if (w->sync && f->kind != PASS_AGAIN)
		cell_add_evidence(cell, "the mapping is MAP_SYNC", "accepted",
				  "mmap(MAP_SHARED_VALIDATE)", PHASE_WITNESS, VERDICT_HELD,
				  "accepted");
}

void evidence_data(struct cell *cell, const struct target *t, enum phase phase, const char *what,
		   uint64_t where)
{
	const char *claim = phase == PHASE_TIMED ? "sampled blocks had the right bytes"
						 : "every byte of the file is right";

	if (t->kind == TARGET_NULL)
		return;
	if (t->foreign)
		cell_add_evidence(cell, claim, "offset and generation of each sector", "data check",
				  phase, VERDICT_UNOBSERVED,
				  "the file is not ours, its contents are unknown");
	else if (what)
		cell_add_evidence(cell, claim, "offset and generation of each sector", "data check",
				  phase, VERDICT_REFUTED, "%s at byte %" PRIu64, what, where);
	else
		cell_add_evidence(cell, claim, "offset and generation of each sector", "data check",
				  phase, VERDICT_HELD, "right");
}

void evidence_writes(struct cell *cell, const struct path_ops *ops, uint64_t writes, int64_t newest)
{
	static const char claim[] = "what was written is in the file";
	const struct workload *w = &cell->workload;
	/* A touching store changes the stamp of the page's first sector and nothing else. */
	uint64_t unit = w->access == ACCESS_TOUCH ? PAGE : PATTERN_SECTOR;
	uint64_t expected = writes * (w->bs > unit ? w->bs / unit : 1);
	char text[64];

	/* A second pass of mixed accesses writes blocks that the first one only read. */
	if (!rw_writes(w->rw) || (ops->traits & PATH_PRIVATE) ||
	    (w->rw == RW_RANDRW && (ops->traits & PATH_MAPPING)))
		return;
	snprintf(text, sizeof(text), "%" PRIu64 " sectors of this round", expected);
	if (newest < 0)
		cell_add_evidence(cell, claim, text, "data check", PHASE_WITNESS,
				  VERDICT_UNOBSERVED, "the file can't be read: %s",
				  strerror((int)-newest));
	else
		cell_add_evidence(cell, claim, text, "data check", PHASE_WITNESS,
				  evidence_verdict((uint64_t)newest == expected),
				  "%" PRId64 " sectors", newest);
}
