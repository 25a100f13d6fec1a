// SPDX-License-Identifier: MIT
/*
 * What the kernel counted while another program did the I/O. Of the program's own account only what
 * must be true in itself is checked: the figures rest on it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/evidence_parts.h"
#include "core/tool.h"

/* What the tool may read to start: its program, its libraries, its configuration. */
#define OWN_BYTES (16ull << 20)
/* Tools count run time in milliseconds. */
#define EXACT_NS 100000000ull

static const char own_account[] = "what the tool reports";

static void account_claims(struct cell *cell, const struct pass_facts *f,
			   const struct pass_result *result, const struct tool_report *report)
{
	const struct workload *w = &cell->workload;
	const uint64_t bytes = f->ios * w->bs;
	/* What is in flight when ramping ends may be in one of its sums and not in the other. */
	const uint64_t spare = w->ramp_ns ? (uint64_t)w->iodepth * w->numjobs * w->bs : 0;
	uint64_t off = f->bytes > bytes ? f->bytes - bytes : bytes - f->bytes;
	char expected[96];

	snprintf(expected, sizeof(expected), "%" PRIu64 " bytes%s", bytes,
		 spare ? ", give or take what was in flight when ramping ended" : "");
	cell_add_evidence(
		cell, "the tool moved whole blocks, none failed", expected, own_account, f->phase,
		evidence_verdict(f->ios && off <= spare && f->bytes % w->bs == 0 &&
				 !result->errors),
		"%" PRIu64 " bytes in %" PRIu64 " I/Os by %s, %" PRIu64 " short or dropped",
		f->bytes, f->ios, report->version, result->errors);
	snprintf(expected, sizeof(expected), "%" PRIu64 "%s", f->ios,
		 spare ? ", give or take the same" : "");
	off = report->latencies > f->ios ? report->latencies - f->ios : f->ios - report->latencies;
	cell_add_evidence(cell, "each I/O has its latency", expected, own_account, f->phase,
			  evidence_verdict(off * w->bs <= spare), "%" PRIu64, report->latencies);
	if (result->duration >= EXACT_NS)
		cell_add_evidence(cell, "its run time is exact to 1 %", "at least 100 ms",
				  own_account, f->phase, VERDICT_HELD, "%" PRIu64 " ms",
				  result->duration / 1000000);
	else
		cell_add_evidence(cell, "its run time is exact to 1 %", "at least 100 ms",
				  own_account, f->phase, VERDICT_UNOBSERVED,
				  "%" PRIu64 " ms, counted in whole ones; give more number_ios= or "
				  "runtime=",
				  result->duration / 1000000);
}

/* Of the tool's process, from its start to its end. */
static void storage_claim(struct cell *cell, const struct pass_facts *f, const char *claim,
			  const char *expected, uint64_t bytes, bool ok)
{
	cell_add_evidence(cell, claim, expected, "the tool's rusage", f->phase,
			  evidence_verdict(ok), "%" PRIu64 " bytes", bytes);
}

/* Little beside the workload: else what it read to start could hide what is looked for. */
static void nothing_read_claim(struct cell *cell, const struct pass_facts *f,
			       const struct tool_report *report, const char *claim)
{
	const char *expected = "under 1 in 100 bytes, and 16 MiB for the program itself";
	const uint64_t most = f->bytes / 100 + OWN_BYTES;

	if (f->bytes < 2 * OWN_BYTES)
		cell_add_evidence(cell, claim, expected, "the tool's rusage", f->phase,
				  VERDICT_UNOBSERVED,
				  "too few bytes to tell from those of its start; give more "
				  "number_ios= or runtime=");
	else
		storage_claim(cell, f, claim, expected, report->storage_read,
			      report->storage_read <= most);
}

static void cache_claims(struct cell *cell, const struct target *t, const struct pass_facts *f,
			 const struct tool_report *report)
{
	const struct workload *w = &cell->workload;

	if (w->cache == CACHE_HOT) {
		evidence_residency(cell, f, "every page was in the page cache before",
				   f->resident_before, f->pages);
		if (!rw_writes(w->rw))
			nothing_read_claim(cell, f, report, "served from the page cache");
		return;
	}
	evidence_residency(cell, f, "no page was in the page cache before", f->resident_before, 0);
	if (rw_writes(w->rw))
		return;
	storage_claim(cell, f, "storage was read", "at least the bytes asked for",
		      report->storage_read, report->storage_read >= f->bytes);
	evidence_device(cell, t, f, "the block layer read the bytes", f->bytes, UINT64_MAX,
			"at least the bytes asked for");
}

static void direct_claims(struct cell *cell, const struct target *t, const struct pass_facts *f,
			  const struct tool_report *report)
{
	const uint64_t written = f->writes * cell->workload.bs, read = f->bytes - written;

	evidence_residency(cell, f, "left no page in the page cache", f->resident_after, 0);
	if (read)
		storage_claim(cell, f, "each byte came from storage",
			      "at least as many bytes as were read", report->storage_read,
			      report->storage_read >= read);
	if (written)
		storage_claim(cell, f, "each byte went to storage",
			      "at least as many bytes as were written", report->storage_written,
			      report->storage_written >= written);
	evidence_device(cell, t, f, "the block layer saw the bytes", f->bytes, UINT64_MAX,
			"at least the bytes moved");
}

static void dax_claims(struct cell *cell, const struct target *t, const struct pass_facts *f,
		       const struct tool_report *report)
{
	cell_add_evidence(cell, "the inode is DAX", "STATX_ATTR_DAX set", "statx", f->phase,
			  evidence_verdict(t->dax), "STATX_ATTR_DAX %s on %s (%s)",
			  t->dax ? "set" : "not set", t->text, t->mount_options);
	evidence_residency(cell, f, "no page was in the page cache before", f->resident_before, 0);
	nothing_read_claim(cell, f, report, "nothing was read through the block layer");
	evidence_device(cell, t, f, "the block layer did not see the data", 0, f->bytes / 10,
			"less than a tenth of the bytes moved");
}

static void fault_claim(struct cell *cell, const struct pass_facts *f)
{
	const uint64_t faults = f->delta.faults_minor + f->delta.faults_major;

	if (f->kind == PASS_AGAIN && cell->workload.rw != RW_RANDRW)
		cell_add_evidence(cell, "later accesses do not fault",
				  "under 1 fault in 100 accesses", own_account, f->phase,
				  evidence_verdict(faults <= 1 + f->ios / 100),
				  "%" PRIu64 " faults for %" PRIu64 " accesses", faults, f->ios);
	else if (f->kind == PASS_FIRST_TOUCH)
		cell_add_evidence(cell, "first touches faulted", "at least one fault", own_account,
				  f->phase, evidence_verdict(faults > 0), "%" PRIu64 " faults",
				  faults);
}

void evidence_tool(struct cell *cell, const struct path_ops *ops, const struct target *t,
		   const struct pass_facts *f, const struct pass_result *result,
		   const struct tool_report *report)
{
	account_claims(cell, f, result, report);
	if (ops->traits & PATH_PAGE_CACHE)
		cache_claims(cell, t, f, report);
	if (ops->traits & PATH_NO_CACHE)
		direct_claims(cell, t, f, report);
	if (ops->traits & PATH_DAX)
		dax_claims(cell, t, f, report);
	fault_claim(cell, f);
	evidence_completion(cell, ops, t, f);
}

void evidence_tool_witness(struct cell *cell)
{
	static const char unwatched[] = "the tool is another program, which isn't watched";

	cell_add_evidence(cell, "system calls per I/O", "as the engine promises",
			  "raw_syscalls:sys_enter", PHASE_WITNESS, VERDICT_UNOBSERVED,
			  "%s; strace -cf counts them", unwatched);
	cell_add_evidence(cell, "the right bytes moved", "as they were laid out", "data check",
			  PHASE_WITNESS, VERDICT_UNOBSERVED, "%s", unwatched);
}
