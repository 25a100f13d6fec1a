// SPDX-License-Identifier: MIT
/* The model of a run: building it up, and letting go of it. */
#include "core/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

struct run *run_new(void)
{
	struct run *run = memory_zeroed(1, sizeof(*run));

	run->schema_version = RUN_SCHEMA_VERSION;
	run->environment = json_object();
	run->targets = json_object();
	if (!run->environment || !run->targets)
		memory_exhausted();
	return run;
}

static void evidence_release(struct evidence *evidence)
{
	free(evidence->claim);
	free(evidence->expected);
	free(evidence->observed);
	free(evidence->source);
}

void cell_release(struct cell *cell)
{
	size_t i;
	unsigned int p;

	for (i = 0; i < cell->nevidence; i++)
		evidence_release(&cell->evidence[i]);
	for (i = 0; i < cell->nrepetitions; i++) {
		for (p = 0; p < PASSES_MAX; p++)
			free(cell->repetitions[i].pass[p].latency);
	}
	for (p = 0; p < PASSES_MAX; p++) {
		free(cell->half_block[p]);
		functions_free(&cell->functions[p]);
		free(cell->summary[p].merged);
	}
	for (i = 0; i < NCPU_COUNTERS; i++)
		free(cell->cpu_counters_why_not[i]);
	free(cell->evidence);
	free(cell->repetitions);
	free(cell->reason);
	free(cell->remedy);
}

void run_free(struct run *run)
{
	size_t i;
	int a;

	if (!run)
		return;
	for (i = 0; i < run->ncells; i++)
		cell_release(&run->cells[i]);
	for (i = 0; i < run->nwarnings; i++) {
		free(run->warnings[i].text);
		free(run->warnings[i].remedy);
	}
	for (a = 0; a < run->argc; a++)
		free(run->argv[a]);
	for (i = 0; i < run->nshared; i++)
		free(run->shared[i]);
	free(run->cells);
	free(run->warnings);
	free(run->argv);
	free(run->shared);
	free(run->suite);
	free(run->question);
	json_decref(run->environment);
	json_decref(run->targets);
	free(run);
}

void run_warn(struct run *run, const char *code, const char *remedy, const char *format, ...)
{
	struct warning *warning;
	va_list args;

	run->warnings = memory_append(run->warnings, run->nwarnings, sizeof(*run->warnings));
	warning = &run->warnings[run->nwarnings++];
	snprintf(warning->code, sizeof(warning->code), "%s", code);
	warning->remedy = memory_string(remedy);
	va_start(args, format);
	warning->text = memory_vformat(format, args);
	va_end(args);
}

const char *run_share_string(struct run *run, const char *text)
{
	size_t i;

	for (i = 0; i < run->nshared; i++) {
		if (strcmp(run->shared[i], text) == 0)
			return run->shared[i];
	}
	run->shared = memory_append(run->shared, run->nshared, sizeof(*run->shared));
	run->shared[run->nshared] = memory_string(text);
	return run->shared[run->nshared++];
}

/* A refutation stands: no later good news makes the figures of that cell usable again. */
static void set_status(struct cell *cell, enum cell_status status, const char *remedy, char *reason)
{
	if (cell->status == CELL_REFUTED && status != CELL_REFUTED) {
		free(reason);
		return;
	}
	free(cell->reason);
	free(cell->remedy);
	cell->status = status;
	cell->reason = reason;
	cell->remedy = memory_string(remedy);
}

void cell_set_status(struct cell *cell, enum cell_status status, const char *remedy,
		     const char *reason_format, ...)
{
	char *reason = NULL;
	va_list args;

	if (reason_format && *reason_format) {
		va_start(args, reason_format);
		reason = memory_vformat(reason_format, args);
		va_end(args);
	}
	set_status(cell, status, remedy, reason);
}

/* What decides: a contradiction, then a gap, then agreement. */
static unsigned int verdict_weight(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_REFUTED:
		return 2;
	case VERDICT_UNOBSERVED:
		return 1;
	case VERDICT_HELD:
		break;
	}
	return 0;
}

void cell_take_evidence(struct cell *cell, struct evidence piece)
{
	size_t i;

	for (i = 0; i < cell->nevidence; i++) {
		if (cell->evidence[i].phase == piece.phase &&
		    strcmp(cell->evidence[i].claim, piece.claim) == 0)
			break;
	}
	if (i == cell->nevidence) {
		cell->evidence =
			memory_append(cell->evidence, cell->nevidence, sizeof(*cell->evidence));
		cell->evidence[cell->nevidence++] = piece;
	} else if (verdict_weight(piece.verdict) > verdict_weight(cell->evidence[i].verdict)) {
		evidence_release(&cell->evidence[i]);
		cell->evidence[i] = piece;
	} else {
		evidence_release(&piece);
	}
}

void cell_add_evidence(struct cell *cell, const char *claim, const char *expected,
		       const char *source, enum phase phase, enum verdict verdict,
		       const char *observed_format, ...)
{
	struct evidence piece = {
		.claim = memory_string(claim ? claim : ""),
		.expected = memory_string(expected ? expected : ""),
		.source = memory_string(source ? source : ""),
		.phase = phase,
		.verdict = verdict,
	};
	va_list args;

	va_start(args, observed_format);
	piece.observed = memory_vformat(observed_format, args);
	va_end(args);
	/* The first contradiction is the reason; later ones are in the evidence. */
	if (verdict == VERDICT_REFUTED && cell->status != CELL_REFUTED)
		cell_set_status(cell, CELL_REFUTED, NULL, "%s: %s, expected %s", piece.claim,
				piece.observed, piece.expected);
	cell_take_evidence(cell, piece);
}

struct repetition *cell_add_repetition(struct cell *cell, unsigned int boot, unsigned int order)
{
	struct repetition *repetition;

	cell->repetitions =
		memory_append(cell->repetitions, cell->nrepetitions, sizeof(*cell->repetitions));
	repetition = &cell->repetitions[cell->nrepetitions++];
	repetition->boot = boot;
	repetition->order = order;
	return repetition;
}

void cell_add_half_block(struct cell *cell, const uint64_t per_io[PASSES_MAX])
{
	unsigned int p;

	for (p = 0; p < PASSES_MAX; p++) {
		cell->half_block[p] = memory_append(cell->half_block[p], cell->nhalf_block,
						    sizeof(*cell->half_block[p]));
		cell->half_block[p][cell->nhalf_block] = per_io[p];
	}
	cell->nhalf_block++;
}

size_t cell_boots(const struct cell *cell, unsigned int *boots)
{
	size_t i, j, count = 0;

	for (i = 0; i < cell->nrepetitions; i++) {
		for (j = 0; j < count && boots[j] != cell->repetitions[i].boot; j++)
			;
		if (j == count)
			boots[count++] = cell->repetitions[i].boot;
	}
	return count;
}

const char *pass_kind_name(enum pass_kind kind)
{
	static const char *const names[] = {"all", "first-touch", "again"};

	return names[kind];
}
