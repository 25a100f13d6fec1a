// SPDX-License-Identifier: MIT
#include "report/columns.h"

#include <stdio.h>
#include <string.h>

#define QUANTITY(member) offsetof(struct pass_summary, member)

#define DOORBELLS "stores to doorbell registers of the device per I/O"
#define SLEEPS    "waits per I/O that slept until an interrupt"
#define POLLS     "looks for a completion per I/O that found none"

static const struct column columns_ns[] = {
	{"kIOPS", NULL, COLUMN_KILO, QUANTITY(iops), SHOW_ALWAYS,
	 "thousand I/Os per second, median of the repetitions; the ranking is by this"},
	{"95% CI", NULL, COLUMN_KILO_INTERVAL, QUANTITY(iops), SHOW_ALWAYS,
	 "interval of the median kIOPS, from exact order statistics"},
	{"MB/s", NULL, COLUMN_MEGA, QUANTITY(bytes_per_s), SHOW_IN_HTML,
	 "million bytes per second"},
	{"p50", "latency", COLUMN_LATENCY, QUANTITY(latency[P50]), SHOW_ALWAYS,
	 "half of all I/Os took no longer than this; percentiles are of all repetitions merged"},
	{"p90", "latency", COLUMN_LATENCY, QUANTITY(latency[P90]), SHOW_IN_HTML, NULL},
	{"p99", "latency", COLUMN_LATENCY, QUANTITY(latency[P99]), SHOW_ALWAYS, NULL},
	{"p99.9", "latency", COLUMN_LATENCY, QUANTITY(latency[P99_9]), SHOW_ALWAYS, NULL},
	{"p99.99", "latency", COLUMN_LATENCY, QUANTITY(latency[P99_99]), SHOW_IN_HTML, NULL},
	{"max", "latency", COLUMN_LATENCY, QUANTITY(latency[PMAX]), SHOW_IN_HTML, NULL},
	{"cpu", "per I/O", COLUMN_CPU, QUANTITY(cpu), SHOW_ALWAYS,
	 "CPU time of the measuring threads per I/O"},
	{"doorb", "per I/O", COLUMN_PER_IO, QUANTITY(doorbells), SHOW_IF_KNOWN, DOORBELLS},
	{"proof", NULL, COLUMN_PROOF, 0, SHOW_ALWAYS,
	 "claims about the path that were observed to hold, of all claims made"},
	{"syscalls", NULL, COLUMN_PER_IO, QUANTITY(syscalls), SHOW_IN_HTML, "system calls per I/O"},
	{"irq", NULL, COLUMN_PER_IO, QUANTITY(interrupts), SHOW_IN_HTML,
	 "interrupts of the device per I/O"},
	{"switches", NULL, COLUMN_PER_IO, QUANTITY(context_switches), SHOW_IN_HTML,
	 "context switches per I/O"},
	{"faults", NULL, COLUMN_FAULTS, 0, SHOW_IN_HTML, "page faults per I/O, minor and major"},
	{"major", NULL, COLUMN_PER_IO, QUANTITY(faults_major), SHOW_IN_HTML,
	 "page faults per I/O that waited for the device"},
	{"2MiB", NULL, COLUMN_PER_IO, QUANTITY(pmd_faults), SHOW_IN_HTML,
	 "DAX faults per I/O that mapped 2 MiB at once"},
	{"sleeps", NULL, COLUMN_PER_IO, QUANTITY(sleeps), SHOW_IN_HTML, SLEEPS},
	{"polls", NULL, COLUMN_PER_IO, QUANTITY(empty_looks), SHOW_IN_HTML, POLLS},
	{"flushes", NULL, COLUMN_PER_IO, QUANTITY(flushes), SHOW_IN_HTML,
	 "flushes that the device counted, per I/O"},
	{"spread", NULL, COLUMN_SPREAD, QUANTITY(iops), SHOW_IN_HTML,
	 "(largest - smallest) / median over the repetitions"},
	{"outliers", NULL, COLUMN_OUTLIERS, 0, SHOW_IN_HTML,
	 "repetitions flagged by median absolute deviation; they are kept"},
};

#define PER_IO    "instructions per I/O"
#define PER_FAULT "per fault"

static const struct column columns_instructions[] = {
	{"ranked", PER_IO, COLUMN_COUNT, QUANTITY(rank), SHOW_IN_HTML,
	 "work + irq, median of the repetitions; the ranking is by this"},
	{"95% CI", PER_IO, COLUMN_INTERVAL, QUANTITY(rank), SHOW_IN_HTML,
	 "interval of the ranked median, from exact order statistics"},
	{"work", PER_IO, COLUMN_COUNT, QUANTITY(work), SHOW_ALWAYS,
	 "instructions that the measuring thread executes for one I/O, kernel included, less "
	 "copying and waiting"},
	{"irq", PER_IO, COLUMN_COUNT, QUANTITY(irq), SHOW_ALWAYS,
	 "instructions spent outside of the thread: interrupts and kernel workers"},
	{"copy", PER_IO, COLUMN_COUNT, QUANTITY(copy), SHOW_ALWAYS,
	 "the part that is proportional to the bytes; not ranked"},
	{"wait", PER_IO, COLUMN_COUNT, QUANTITY(wait), SHOW_IF_KNOWN,
	 "looking for completions in vain, which depends on the emulated device; not ranked"},
	{"fault", PER_FAULT, COLUMN_COUNT, QUANTITY(fault), SHOW_IF_KNOWN,
	 "instructions of one access that faulted, copying included: the median of those accesses, "
	 "where work is the mean of all"},
	{"spread", NULL, COLUMN_SPREAD, QUANTITY(rank), SHOW_IF_ROOM,
	 "(largest - smallest) / median over the repetitions"},
	{"syscalls", NULL, COLUMN_PER_IO, QUANTITY(syscalls), SHOW_ALWAYS, "system calls per I/O"},
	{"doorb", NULL, COLUMN_PER_IO, QUANTITY(doorbells), SHOW_IF_KNOWN, DOORBELLS},
	{"faults", NULL, COLUMN_FAULTS, 0, SHOW_IF_ROOM, "page faults per I/O, minor and major"},
	{"major", NULL, COLUMN_PER_IO, QUANTITY(faults_major), SHOW_IF_KNOWN,
	 "page faults per I/O that waited for the device"},
	{"2MiB", NULL, COLUMN_PER_IO, QUANTITY(pmd_faults), SHOW_IF_KNOWN,
	 "DAX faults per I/O that mapped 2 MiB at once"},
	{"proof", NULL, COLUMN_PROOF, 0, SHOW_ALWAYS,
	 "claims about the path that were observed to hold, of all claims made"},
	{"interrupts", NULL, COLUMN_PER_IO, QUANTITY(interrupts), SHOW_IN_HTML,
	 "interrupts of the device per I/O"},
	{"switches", NULL, COLUMN_PER_IO, QUANTITY(context_switches), SHOW_IN_HTML,
	 "context switches per I/O"},
	{"sleeps", NULL, COLUMN_PER_IO, QUANTITY(sleeps), SHOW_IN_HTML, SLEEPS},
	{"polls", NULL, COLUMN_PER_IO, QUANTITY(empty_looks), SHOW_IN_HTML, POLLS},
	{"flushes", NULL, COLUMN_PER_IO, QUANTITY(flushes), SHOW_IN_HTML,
	 "flushes that the device counted, per I/O"},
	{"outliers", NULL, COLUMN_OUTLIERS, 0, SHOW_IN_HTML,
	 "repetitions flagged by median absolute deviation; they are kept"},
};

const struct column *columns_for(enum run_clock clock, size_t *n)
{
	if (clock == RUN_CLOCK_INSTRUCTIONS) {
		*n = sizeof(columns_instructions) / sizeof(columns_instructions[0]);
		return columns_instructions;
	}
	*n = sizeof(columns_ns) / sizeof(columns_ns[0]);
	return columns_ns;
}

static const struct quantity *quantity_of(const struct column *column, const struct row *row)
{
	return (const struct quantity *)((const char *)row->pass + column->quantity);
}

static uint64_t largest(uint64_t value, const struct quantity *quantity)
{
	return quantity->known && quantity->median > value ? quantity->median : value;
}

struct table_units columns_units(const struct group *group)
{
	struct table_units units = {.confident = true};
	uint64_t latency = 0, cpu = 0;

	for (size_t i = 0; i < group->nrows; i++) {
		const struct row *row = &group->rows[i];

		/* The median decides: the tail of one row must not turn all others to 0.07. */
		latency = largest(latency, &row->pass->latency[P50]);
		cpu = largest(cpu, &row->pass->cpu);
		if (row->cell->nrepetitions < 6)
			units.confident = false;
	}
	units.latency = format_time_unit(latency);
	units.cpu = format_time_unit(cpu);
	return units;
}

static bool is_known(const struct column *column, const struct row *row)
{
	switch (column->form) {
	case COLUMN_FAULTS:
		return row->pass->faults_minor.known || row->pass->faults_major.known;
	case COLUMN_OUTLIERS:
		return row->pass->outliers > 0;
	case COLUMN_PROOF:
		return row->cell->nevidence > 0;
	default:
		return quantity_of(column, row)->known;
	}
}

static bool is_zero(const struct column *column, const struct row *row)
{
	if (column->form == COLUMN_FAULTS)
		return row->pass->faults_minor.median + row->pass->faults_major.median == 0;
	/* A count of 0 is a figure where the column always stands. */
	return (column->form == COLUMN_PER_IO ||
		(column->form == COLUMN_COUNT && column->show == SHOW_IF_KNOWN)) &&
	       quantity_of(column, row)->median == 0;
}

/* In no row of @group is there anything but 0 or a dash. */
static bool is_idle(const struct column *column, const struct group *group)
{
	for (size_t i = 0; i < group->nrows; i++)
		if (is_known(column, &group->rows[i]) && !is_zero(column, &group->rows[i]))
			return false;
	return true;
}

bool column_is_spared(const struct column *column, const struct group *group)
{
	/* Faults say something unless there are none. */
	return column->show == SHOW_IF_ROOM &&
	       (column->form != COLUMN_FAULTS || is_idle(column, group));
}

bool column_shown(const struct column *column, const struct group *group, bool html)
{
	if (column->show == SHOW_ALWAYS || column->show == SHOW_IF_ROOM)
		return true;
	if (column->show == SHOW_IN_HTML && !html)
		return false;
	/* The rarer columns are worth their width only where something happened. */
	return !is_idle(column, group);
}

void column_heading(const struct column *column, const struct table_units *units, char *out,
		    size_t size)
{
	bool interval = column->form == COLUMN_INTERVAL || column->form == COLUMN_KILO_INTERVAL;

	if (column->form == COLUMN_CPU)
		snprintf(out, size, "%s %s", column->heading, units->cpu->name);
	else
		/* From fewer than six values no interval reaches 95 %: it is their range. */
		snprintf(out, size, "%s",
			 interval && !units->confident ? "range" : column->heading);
}

const char *column_unit(const struct column *column, const struct table_units *units)
{
	if (column->form == COLUMN_LATENCY)
		return units->latency->name;
	if (column->over && strcmp(column->over, PER_IO) == 0)
		return "insn/IO";
	if (column->over && strcmp(column->over, PER_FAULT) == 0)
		return "insn/fault";
	return column->over || column->form == COLUMN_PER_IO || column->form == COLUMN_FAULTS
		       ? "per I/O"
		       : "";
}

static void interval_text(const struct quantity *quantity, bool kilo, char *out, size_t size)
{
	char low[FORMAT_MAX / 2], high[FORMAT_MAX / 2];

	if (kilo) {
		format_scaled(low, sizeof(low), quantity->low, 1000);
		format_scaled(high, sizeof(high), quantity->high, 1000);
	} else {
		format_count(low, sizeof(low), quantity->low);
		format_count(high, sizeof(high), quantity->high);
	}
	if (strcmp(low, high) == 0)
		snprintf(out, size, "%s", low);
	else
		snprintf(out, size, "%s-%s", low, high);
}

void column_text(const struct column *column, const struct row *row,
		 const struct table_units *units, char *out, size_t size)
{
	const struct quantity *quantity = quantity_of(column, row);
	uint64_t faults = 0;

	if (!is_known(column, row) && column->form != COLUMN_OUTLIERS) {
		snprintf(out, size, "-");
		return;
	}
	switch (column->form) {
	case COLUMN_COUNT:
		format_count(out, size, quantity->median);
		break;
	case COLUMN_KILO:
		format_scaled(out, size, quantity->median, 1000);
		break;
	case COLUMN_MEGA:
		format_scaled(out, size, quantity->median, 1000000);
		break;
	case COLUMN_INTERVAL:
	case COLUMN_KILO_INTERVAL:
		interval_text(quantity, column->form == COLUMN_KILO_INTERVAL, out, size);
		break;
	case COLUMN_LATENCY:
		format_scaled(out, size, quantity->median, units->latency->ns);
		break;
	case COLUMN_CPU:
		format_scaled(out, size, quantity->median, units->cpu->ns);
		break;
	case COLUMN_PER_IO:
		format_per_io(out, size, quantity->median);
		break;
	case COLUMN_FAULTS:
		if (row->pass->faults_minor.known)
			faults += row->pass->faults_minor.median;
		if (row->pass->faults_major.known)
			faults += row->pass->faults_major.median;
		format_per_io(out, size, faults);
		break;
	case COLUMN_SPREAD:
		format_spread(out, size, row->pass->spread_ppm);
		break;
	case COLUMN_OUTLIERS:
		format_count(out, size, row->pass->outliers);
		break;
	case COLUMN_PROOF:
		snprintf(out, size, "held %zu/%zu", cell_claims_held(row->cell),
			 row->cell->nevidence);
		break;
	}
}
