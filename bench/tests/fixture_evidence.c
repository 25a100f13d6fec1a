// SPDX-License-Identifier: MIT
#include "tests/fixture_evidence.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct cell cell;
struct target target;
struct pass_facts facts;
struct witness_facts witness;

/* An honest pass of reads from the page cache of a file on a disk; each test bends it. */
void evidence_set_up(void)
{
	unsetenv("BYPASS_TESTBED");
	workload_defaults(&cell.workload);
	cell.workload.iodepth_batch_submit = 0;
	cell.workload.bs = BS;
	cell.workload.size = (uint64_t)PAGES * 4096;
	target.kind = TARGET_FILE;
	strcpy(target.text, "file:/somewhere");
	strcpy(target.fs_type, "ext4");
	strcpy(target.device.name, "sda");
	target.device.known = true;
	target.device.accounted = true;
	target.device.write_cache = true;
	facts.kind = PASS_ALL;
	facts.phase = PHASE_TIMED;
	facts.ios = IOS;
	facts.bytes = BYTES;
	facts.pages = PAGES;
	facts.resident_before = facts.resident_after = PAGES;
	facts.delta.storage_known = true;
	facts.delta.device.known = true;
	witness.syscalls.fd = witness.pmd_faults.fd = witness.flushes.fd = 3;
	witness.nsyscalls = IOS;
}

void evidence_tear_down(void)
{
	cell_release(&cell);
}

void forget(void)
{
	struct workload w = cell.workload;

	cell_release(&cell);
	memset(&cell, 0, sizeof(cell));
	cell.workload = w;
}

/* Verdict of @claim, or NOTHING_SAID. */
int verdict_of(const char *claim, enum phase phase)
{
	int verdict = NOTHING_SAID;

	for (size_t i = 0; i < cell.nevidence; i++) {
		const struct evidence *piece = &cell.evidence[i];

		if (strcmp(piece->claim, claim) != 0 || piece->phase != phase)
			continue;
		cr_assert_eq(verdict, NOTHING_SAID, "'%s' stands twice", claim);
		verdict = (int)piece->verdict;
		cr_assert_neq(piece->expected[0], '\0');
		cr_assert_neq(piece->observed[0], '\0');
		cr_assert_neq(piece->source[0], '\0');
	}
	return verdict;
}

/* A verdict that one fresh pass of @ops gives to @claim. */
int timed_on(const struct path_ops *ops, const char *claim)
{
	forget();
	evidence_timed(&cell, ops, &target, &facts);
	return verdict_of(claim, PHASE_TIMED);
}

int witnessed_on(const struct path_ops *ops, const char *claim)
{
	forget();
	evidence_witness(&cell, ops, &target, &facts, &witness);
	return verdict_of(claim, PHASE_WITNESS);
}

int timed(const char *path, const char *claim)
{
	return timed_on(path_find(path), claim);
}

int witnessed(const char *path, const char *claim)
{
	return witnessed_on(path_find(path), claim);
}

void make_cold(void)
{
	cell.workload.cache = CACHE_COLD;
	facts.resident_before = 0;
	facts.delta.storage_read = BYTES;
	facts.delta.device.read_bytes = BYTES;
	facts.delta.device.read_ios = IOS;
}

/* What a truthful O_DIRECT pass looks like. */
void make_direct(void)
{
	facts.resident_before = facts.resident_after = 0;
	facts.delta.storage_read = BYTES;
	facts.delta.device.read_bytes = BYTES;
	facts.delta.device.read_ios = IOS;
}

void make_dax(void)
{
	target.dax = true;
	facts.resident_before = facts.resident_after = 0;
}
