/* SPDX-License-Identifier: MIT */
/*
 * Persistent memory as a model, for check.c. It records the calls of pmem.h, so it knows which
 * stores are on the medium for certain, and at each call it cuts the power in every way that the
 * rules allow.
 */
#ifndef LAB_MEDIUM_H
#define LAB_MEDIUM_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/check.h"
#include "reference/pmem.h"

#define MEDIUM_NBYTES 2048u
#define MEDIUM_NWORDS (MEDIUM_NBYTES / 8)
#define LINE_NWORDS   (PMEM_LINE_NBYTES / 8)
#define NLINES        (MEDIUM_NWORDS / LINE_NWORDS)
#define PENDING_MAX   1024u
#define SAMPLES       40u

/* What the program sees: it begins at a cache line, all zero. */
static uint64_t medium_memory[MEDIUM_NWORDS] __attribute__((aligned(PMEM_LINE_NBYTES)));

/* Is all right with what a power cut has left, @image? Else @text says what is not. */
typedef bool medium_judge(const uint64_t *image, char *text, size_t size);

/* A word that was stored and is not on the medium for certain. */
struct pending {
	unsigned int call, word;
	uint64_t value;
	bool flushed; /* and no fence since */
};

static uint64_t recorded[MEDIUM_NWORDS]; /* the same, as the calls made it */
static uint64_t certain[MEDIUM_NWORDS];  /* what no power cut takes */
static struct pending pending[PENDING_MAX];
static unsigned int npending, ncalls;
static medium_judge *judge_of;
static const char *expected_of;

/* A number below @below, the same in each run. */
static uint64_t medium_random(uint64_t below)
{
	static uint64_t state = 10;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % below;
}

static unsigned int line_of(const struct pending *p)
{
	return p->word / LINE_NWORDS;
}

/* The power goes, and takes the pending words that @lost says. */
static bool survives(const bool *lost, char *text, size_t size)
{
	uint64_t image[MEDIUM_NWORDS];

	memcpy(image, certain, sizeof(image));
	for (unsigned int i = 0; i < npending; i++) {
		if (!lost[i])
			image[pending[i].word] = pending[i].value;
	}
	return judge_of(image, text, size);
}

static void set_line(bool *lost, unsigned int line, bool value)
{
	for (unsigned int i = 0; i < npending; i++) {
		if (line_of(&pending[i]) == line)
			lost[i] = value;
	}
}

static bool has_lost(const bool *lost, unsigned int line)
{
	for (unsigned int i = 0; i < npending; i++) {
		if (lost[i] && line_of(&pending[i]) == line)
			return true;
	}
	return false;
}

/* The lost words in words; the first of those that one call stored in one line. */
static void describe(const bool *lost, char *what, size_t size)
{
	const struct pending *before = NULL;
	size_t length = 0;

	snprintf(what, size, "nothing was lost");
	for (unsigned int i = 0; i < npending && length + 100 < size; i++) {
		const struct pending *p = &pending[i];

		if (!lost[i])
			continue;
		if (!before || before->call != p->call || line_of(before) != line_of(p))
			length += (size_t)snprintf(
				what + length, size - length,
				"%scall %u's store at %u (line %u, %s)",
				length ? ", " : "lost: ", p->call, p->word * 8, line_of(p),
				p->flushed ? "flushed, no fence since" : "not flushed");
		before = p;
	}
}

/* Shows a crash state that was not survived, with as few lines lost as it isn't survived with. */
static _Noreturn void show(bool *lost)
{
	char text[200] = "", what[600];
	bool fewer[PENDING_MAX];

	for (unsigned int line = 0; line < NLINES; line++) {
		if (!has_lost(lost, line))
			continue;
		memcpy(fewer, lost, sizeof(fewer));
		set_line(fewer, line, false);
		if (!survives(fewer, text, sizeof(text)))
			memcpy(lost, fewer, sizeof(fewer));
	}
	survives(lost, text, sizeof(text));
	describe(lost, what, sizeof(what));
	lab_wrong(expected_of, "the power went after call %u; %s. Recovery gave %s", ncalls, what,
		  text);
}

static void try(bool *lost)
{
	char text[200];

	if (!survives(lost, text, sizeof(text)))
		show(lost);
}

/*
 * What arrives of one line is what was stored in it up to some moment, for the cache writes back
 * lines as they are. Only within one call of pmem_store no word comes before another.
 */
static void lose_by_chance(bool *lost)
{
	for (unsigned int line = 0; line < NLINES; line++) {
		unsigned int cut = ncalls + 1 - (unsigned int)medium_random(12);

		for (unsigned int i = 0; i < npending; i++) {
			if (line_of(&pending[i]) == line)
				lost[i] = pending[i].call > cut ||
					  (pending[i].call == cut && medium_random(2));
		}
	}
}

/* Nothing lost; one line; all but one line; all; and some by chance. */
static void cut_power(void)
{
	bool lost[PENDING_MAX] = {false};

	try(lost);
	for (unsigned int line = 0; line < NLINES && npending; line++) {
		memset(lost, false, sizeof(lost));
		set_line(lost, line, true);
		if (has_lost(lost, line))
			try(lost);
	}
	for (unsigned int line = 0; line < NLINES && npending; line++) {
		memset(lost, true, sizeof(lost));
		set_line(lost, line, false);
		try(lost);
	}
	for (unsigned int i = 0; i < SAMPLES && npending; i++) {
		lose_by_chance(lost);
		try(lost);
	}
}

/* A call was made: is the memory as the calls say, and what would a power cut leave? */
static void called(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void called(const char *format, ...)
{
	char text[100];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lab_step("call %u: %s", ncalls, text);
	for (unsigned int i = 0; i < MEDIUM_NWORDS; i++)
		LAB_EXPECT(medium_memory[i] == recorded[i],
			   "every store to the medium goes through pmem_store or pmem_store_word",
			   "the word at %u was changed past them, before call %u", i * 8, ncalls);
	if (judge_of)
		cut_power();
}

/* From now on the power is cut at each call, and @judge asked. NULL: no more. */
static void medium_watch(medium_judge *judge, const char *expected)
{
	judge_of = judge;
	expected_of = expected;
}

/* The program has come to a point that changes what is expected: one more step, one more cut. */
static void medium_event(const char *text)
{
	ncalls++;
	called("%s", text);
}

static size_t offset_of(const void *address, size_t nbytes, const char *function)
{
	const uintptr_t offset = (uintptr_t)address - (uintptr_t)medium_memory;

	LAB_EXPECT(offset <= MEDIUM_NBYTES && nbytes <= MEDIUM_NBYTES - offset,
		   "the log stays within its medium",
		   "%s of %zu bytes, %" PRIdPTR " bytes behind the begin of one of %u", function,
		   nbytes, (intptr_t)offset, MEDIUM_NBYTES);
	return offset;
}

static void store(size_t offset, const void *from, size_t nbytes)
{
	uint64_t after[MEDIUM_NWORDS];

	ncalls++;
	memcpy(after, recorded, sizeof(after));
	memcpy((uint8_t *)after + offset, from, nbytes);
	for (size_t i = offset / 8; i * 8 < offset + nbytes; i++) {
		LAB_EXPECT(npending < PENDING_MAX, "what was stored is flushed and fenced in time",
			   "%u words wait for it", npending);
		pending[npending++] = (struct pending){
			.call = ncalls, .word = (unsigned int)i, .value = after[i]};
		medium_memory[i] = recorded[i] = after[i];
	}
}

void pmem_store(void *to, const void *from, size_t nbytes)
{
	const size_t offset = offset_of(to, nbytes, "pmem_store");

	store(offset, from, nbytes);
	called("pmem_store of %zu bytes at %zu", nbytes, offset);
}

void pmem_store_word(uint64_t *to, uint64_t value)
{
	const size_t offset = offset_of(to, sizeof(value), "pmem_store_word");

	store(offset, &value, sizeof(value));
	called("pmem_store_word of 0x%" PRIx64 " at %zu", value, offset);
}

void pmem_flush(const void *from, size_t nbytes)
{
	const size_t offset = offset_of(from, nbytes, "pmem_flush");

	ncalls++;
	for (unsigned int i = 0; i < npending && nbytes; i++) {
		if (line_of(&pending[i]) >= offset / PMEM_LINE_NBYTES &&
		    line_of(&pending[i]) <= (offset + nbytes - 1) / PMEM_LINE_NBYTES)
			pending[i].flushed = true;
	}
	called("pmem_flush of %zu bytes at %zu", nbytes, offset);
}

void pmem_fence(void)
{
	unsigned int left = 0;

	ncalls++;
	for (unsigned int i = 0; i < npending; i++) {
		if (pending[i].flushed)
			certain[pending[i].word] = pending[i].value;
		else
			pending[left++] = pending[i];
	}
	npending = left;
	called("pmem_fence");
}

#endif
