// SPDX-License-Identifier: MIT
#include "report/counters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/format.h"
#include "report/rows.h"

#define WIDTH 80

struct counter {
	const char *heading; /* above the column */
	const char *name;    /* in run.json */
	size_t offset;       /* of its quantity in struct pass_summary */
	/* Where it is not known: the processor's by what the cell says, others by a constant. */
	int cpu; /* enum cpu_counter, or -1 */
	const char *why_not;
};

#define AT(member) offsetof(struct pass_summary, member)
#define CPU(heading, name, index)                                                                  \
	{                                                                                          \
		heading, name, AT(cpu_counters[index]), index, NULL                                \
	}
#define OWN(heading, name, member, why_not)                                                        \
	{                                                                                          \
		heading, name, AT(member), -1, why_not                                             \
	}
#define MACHINE(heading, name, index)                                                              \
	{                                                                                          \
		heading, name, AT(machine_counters[index]), -1, "not shown by that kernel's /proc" \
	}

static const struct counter processor[] = {
	CPU("cycles", "cycles", CPU_CYCLES),
	CPU("instructions", "instructions", CPU_INSTRUCTIONS),
	CPU("cache misses", "cache_misses", CPU_CACHE_MISSES),
	CPU("dTLB misses", "dtlb_misses", CPU_DTLB_MISSES),
};

static const struct counter own[] = {
	OWN("faults", "faults_minor", faults_minor, "not counted"),
	OWN("major faults", "faults_major", faults_major, "not counted"),
	OWN("context switches", "context_switches", context_switches, "not counted"),
	OWN("interrupts", "interrupts", interrupts, "the device's interrupts were not observed"),
	OWN("device bytes", "device_bytes", device_bytes,
	    "the device's counters were not observed"),
};

static const struct counter machine[] = {
	MACHINE("TLB shootdowns", "tlb_shootdowns", MACHINE_TLB_SHOOTDOWNS),
	MACHINE("reclaimed pages", "reclaimed_pages", MACHINE_RECLAIMED_PAGES),
	MACHINE("switches", "machine_context_switches", MACHINE_CONTEXT_SWITCHES),
	MACHINE("interrupts", "machine_interrupts", MACHINE_INTERRUPTS),
};

static const struct quantity *quantity_of(const struct counter *counter, const struct row *row)
{
	return (const struct quantity *)((const char *)row->pass + counter->offset);
}

static bool group_has(const struct counter *counter, const struct group *group)
{
	for (size_t i = 0; i < group->nrows; i++) {
		if (quantity_of(counter, &group->rows[i])->known)
			return true;
	}
	return false;
}

/* What stands in the column of @counter beside @row; in the heading for NULL. */
static const char *text_of(const struct counter *counter, const struct row *row,
			   char text[FORMAT_MAX])
{
	const struct quantity *q;

	if (!row)
		return counter->heading;
	q = quantity_of(counter, row);
	if (!q->known)
		return "-";
	format_per_io(text, FORMAT_MAX, q->median);
	return text;
}

static size_t width_of(const struct counter *counter, const struct group *group)
{
	size_t width = strlen(counter->heading);
	char text[FORMAT_MAX];

	for (size_t i = 0; i < group->nrows; i++) {
		size_t length = strlen(text_of(counter, &group->rows[i], text));

		width = length > width ? length : width;
	}
	return width;
}

static void print_row(FILE *out, const struct counter *counters, size_t n,
		      const struct group *group, const struct row *row, size_t width)
{
	const char *name = row ? row->name : "path";
	char text[FORMAT_MAX];

	format_plain(out, name);
	/* A longer name has a line of its own and leaves the columns their room. */
	if (format_width(name) > width) {
		fputc('\n', out);
		name = "";
	}
	fprintf(out, "%*s", (int)(width - format_width(name)), "");
	for (size_t i = 0; i < n; i++) {
		if (group_has(&counters[i], group))
			fprintf(out, "%*s", (int)width_of(&counters[i], group) + 2,
				text_of(&counters[i], row, text));
	}
	fputc('\n', out);
}

static void print_table(FILE *out, const char *title, const struct counter *counters, size_t n,
			const struct group *group)
{
	size_t width = strlen("path"), others = 0;

	for (size_t i = 0; i < n; i++)
		others += group_has(&counters[i], group) ? width_of(&counters[i], group) + 2 : 0;
	if (!others)
		return;
	for (size_t i = 0; i < group->nrows; i++) {
		if (format_width(group->rows[i].name) > width)
			width = format_width(group->rows[i].name);
	}
	if (width + others > WIDTH)
		width = others + strlen("path") < WIDTH ? WIDTH - others : strlen("path");
	fprintf(out, "%s\n", title);
	print_row(out, counters, n, group, NULL, width);
	for (size_t i = 0; i < group->nrows; i++)
		print_row(out, counters, n, group, &group->rows[i], width);
}

/* The first cell's reason; of a counter that no group has. */
static void print_missing(FILE *out, const struct counter *counter, const struct group *groups,
			  size_t ngroups)
{
	const char *why = counter->why_not;

	for (size_t i = 0; i < ngroups; i++) {
		if (group_has(counter, &groups[i]))
			return;
		for (size_t j = 0; j < groups[i].nrows && counter->cpu >= 0 && !why; j++)
			why = groups[i].rows[j].cell->cpu_counters_why_not[counter->cpu];
	}
	fprintf(out, "no %s: ", counter->name);
	format_wrap(out, strlen(counter->name) + 5, 2, why ? why : "not counted");
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void print_notes(FILE *out, const struct group *groups, size_t ngroups)
{
	bool user_only = false;

	for (size_t i = 0; i < ngroups; i++) {
		for (size_t j = 0; j < groups[i].nrows; j++)
			user_only |= groups[i].rows[j].cell->cpu_counters_user_only;
	}
	if (user_only)
		format_wrap(out, 0, 2,
			    "cycles, instructions and misses: of user space only; to count the "
			    "kernel's too be root or set kernel.perf_event_paranoid=1");
	for (size_t i = 0; i < COUNT(processor); i++)
		print_missing(out, &processor[i], groups, ngroups);
	for (size_t i = 0; i < COUNT(own); i++)
		print_missing(out, &own[i], groups, ngroups);
	for (size_t i = 0; i < COUNT(machine); i++)
		print_missing(out, &machine[i], groups, ngroups);
}

void report_counters(FILE *out, const struct run *run)
{
	struct group *groups = NULL;
	size_t ngroups = 0;

	if (groups_make(run, &groups, &ngroups) < 0) {
		fputs("no memory for the tables\n", out);
		return;
	}
	for (size_t i = 0; i < ngroups; i++) {
		if (!groups[i].nrows)
			continue;
		fputc('\n', out);
		format_wrap(out, 0, 2, groups[i].name);
		print_table(out, "events of the processor, per I/O", processor, COUNT(processor),
			    &groups[i]);
		print_table(out, "events of the threads and the device, per I/O", own, COUNT(own),
			    &groups[i]);
		print_table(out, "events of the whole machine, per I/O", machine, COUNT(machine),
			    &groups[i]);
	}
	fputc('\n', out);
	print_notes(out, groups, ngroups);
	groups_free(groups, ngroups);
}
