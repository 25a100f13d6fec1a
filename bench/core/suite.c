// SPDX-License-Identifier: MIT
/*
 * From the text of a suite to its cells. suite_scan.c refuses what inih would get silently wrong
 * and notes on which line each key stands; then inih parses, and each key is judged here.
 */
#include "core/suite.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/suite_scan.h"

#define CELLS_LIMIT  4096
#define SWEEPS_LIMIT 16
#define RUNS_DEFAULT 9
#define RUNS_LIMIT   1000
#define EACH         "each."

/* One `each.NAME=a,b,c`. */
struct sweep {
	char name[64];
	char **values;
	size_t nvalues;
};

struct parser {
	struct suite *suite;
	const struct suite_lines *lines;
	size_t next_key; /* inih tells no line numbers: this counts its calls */
	struct workload global;
	/* The section being read. */
	char section[64];
	unsigned int section_line;
	struct workload workload;
	struct sweep sweeps[SWEEPS_LIMIT];
	size_t nsweeps;
	struct error *e;
	int result; /* of the first error; all that follows is passed over */
};

static int fail_at(struct parser *parser, unsigned int line, const char *why)
{
	parser->result =
		error_set(parser->e, -EINVAL, "%s.ini:%u: %s", parser->suite->name, line, why);
	return parser->result;
}

/* Splits at commas; blanks around the values don't count. They and the list are the caller's. */
static char **split_values(const char *list, size_t *nvalues)
{
	char **values = NULL;
	const char *end;
	size_t length, n = 0;

	for (;; list = end + 1) {
		list += strspn(list, " \t");
		end = strchrnul(list, ',');
		length = (size_t)(end - list);
		while (length && strchr(" \t", list[length - 1]))
			length--;
		values = memory_append(values, n, sizeof(*values));
		values[n] = memory_zeroed(length + 1, 1);
		memcpy(values[n++], list, length);
		if (!*end)
			break;
	}
	*nvalues = n;
	return values;
}

static void free_values(char **values, size_t nvalues)
{
	for (size_t v = 0; v < nvalues; v++)
		free(values[v]);
	free(values);
}

static void forget_sweeps(struct parser *parser)
{
	for (size_t i = 0; i < parser->nsweeps; i++)
		free_values(parser->sweeps[i].values, parser->sweeps[i].nvalues);
	memset(parser->sweeps, 0, sizeof(parser->sweeps));
	parser->nsweeps = 0;
}

static int add_cell(struct parser *parser, const struct workload *w)
{
	struct suite *suite = parser->suite;
	struct workload checked = *w;
	struct suite_cell *cell;
	struct error why, in_section;

	/* The target may come from the command line. */
	if (!checked.target[0])
		snprintf(checked.target, sizeof(checked.target), "file:");
	if (workload_check(&checked, &why)) {
		error_set(&in_section, 0, "[%s] %s", parser->section, why.text);
		return fail_at(parser, parser->section_line, in_section.text);
	}
	if (suite->ncells == CELLS_LIMIT)
		return fail_at(parser, parser->section_line,
			       "the suite has more than 4096 cells; sweep less");
	suite->cells = memory_append(suite->cells, suite->ncells, sizeof(*suite->cells));
	cell = &suite->cells[suite->ncells++];
	snprintf(cell->section, sizeof(cell->section), "%s", parser->section);
	cell->workload = *w;
	return 0;
}

/* All combinations of the sweeps from number @sweep on; the last varies fastest. */
static int expand(struct parser *parser, size_t sweep, const struct workload *w)
{
	struct workload varied;
	size_t v;
	int result = 0;

	if (sweep == parser->nsweeps)
		return add_cell(parser, w);
	for (v = 0; !result && v < parser->sweeps[sweep].nvalues; v++) {
		varied = *w;
		/* Each value was tried when it was read. */
		workload_set(&varied, parser->sweeps[sweep].name, parser->sweeps[sweep].values[v],
			     NULL);
		result = expand(parser, sweep + 1, &varied);
	}
	return result;
}

/* Before anything is expanded: sixteen sweeps of a hundred values would take for ever. */
static bool too_many_cells(const struct parser *parser)
{
	size_t i, cells = 1;

	for (i = 0; i < parser->nsweeps; i++) {
		cells *= parser->sweeps[i].nvalues;
		if (cells > CELLS_LIMIT)
			return true;
	}
	return false;
}

static void finish_section(struct parser *parser)
{
	if (parser->section[0] && !parser->result) {
		if (too_many_cells(parser))
			fail_at(parser, parser->section_line,
				"the section has more than 4096 cells; sweep less");
		else
			expand(parser, 0, &parser->workload);
	}
	forget_sweeps(parser);
	parser->section[0] = '\0';
}

static int add_row_option(struct parser *parser, unsigned int line, const char *text)
{
	struct suite *suite = parser->suite;
	const char *name = workload_number_name(text);
	struct error why;
	size_t i;

	for (i = 0; name && i < suite->nrows && suite->rows[i] != name; i++)
		;
	if (name && i == suite->nrows && i < SUITE_ROWS_MAX) {
		suite->rows[suite->nrows++] = name;
		return 0;
	}
	if (!name)
		error_set(&why, 0,
			  "rows: '%.60s' is no option with a number; name some, as in "
			  "rows=iodepth,bs",
			  text);
	else if (i < suite->nrows)
		error_set(&why, 0, "rows has %s twice; take one out", name);
	else
		error_set(&why, 0, "rows has more than %d options; leave some out", SUITE_ROWS_MAX);
	return fail_at(parser, line, why.text);
}

static int set_rows(struct parser *parser, unsigned int line, const char *list)
{
	size_t v, nvalues;
	char **values = split_values(list, &nvalues);

	for (v = 0; v < nvalues && !parser->result; v++)
		add_row_option(parser, line, values[v]);
	free_values(values, nvalues);
	return parser->result;
}

static int set_runs(struct parser *parser, unsigned int line, const char *value)
{
	unsigned long runs;
	struct error why;
	char *end;

	runs = strtoul(value, &end, 10);
	if (strspn(value, "0123456789") != strlen(value) || runs < 1 || runs > RUNS_LIMIT) {
		error_set(&why, 0, "runs: '%.60s' is not a whole number from 1 to %d; write one",
			  value, RUNS_LIMIT);
		return fail_at(parser, line, why.text);
	}
	parser->suite->runs = (unsigned int)runs;
	return 0;
}

/* Of budget, memory and numa: what @value means, or why it doesn't. */
static int set_need(struct suite *suite, const char *name, const char *value, struct error *why)
{
	struct error form;
	uint64_t bytes, ns;

	if (strcmp(name, "budget") == 0) {
		if (!parse_time(value, &ns, &form) && ns) {
			suite->budget_ns = ns;
			return 0;
		}
		return error_set(why, -EINVAL, "budget: '%.60s' is no time; write one, as in 5m",
				 value);
	}
	if (strcmp(name, "memory") == 0) {
		if (!parse_size(value, &bytes, &form) && bytes % (1 << 20) == 0 &&
		    bytes >= 256ull << 20 && bytes <= 1ull << 40) {
			suite->memory_nbytes = bytes;
			return 0;
		}
		return error_set(why, -EINVAL,
				 "memory: '%.60s' is no size from 256m to 1t in whole MiB; write "
				 "one, as in 512m",
				 value);
	}
	if (strspn(value, "12345678") != 1 || value[1])
		return error_set(why, -EINVAL,
				 "numa: '%.60s' is no number of memory nodes from 1 to 8; write "
				 "one",
				 value);
	suite->numa = (unsigned int)(value[0] - '0');
	return 0;
}

static int set_suite_key(struct parser *parser, unsigned int line, const char *name,
			 const char *value)
{
	struct suite *suite = parser->suite;
	struct error why;

	if (strcmp(name, "runs") == 0)
		return set_runs(parser, line, value);
	if (strcmp(name, "rows") == 0)
		return set_rows(parser, line, value);
	if (strcmp(name, "question") == 0) {
		free(suite->question);
		suite->question = memory_string(value);
		return 0;
	}
	if (strcmp(name, "budget") == 0 || strcmp(name, "memory") == 0 ||
	    strcmp(name, "numa") == 0) {
		if (!set_need(suite, name, value, &why))
			return 0;
		return fail_at(parser, line, why.text);
	}
	error_set(&why, 0,
		  "[suite] has no '%.60s'; it has question, runs, rows, budget, memory and numa, "
		  "and options of all cells belong in [global]",
		  name);
	return fail_at(parser, line, why.text);
}

/* Every value must be accepted, and no two may mean the same. */
static int check_sweep(struct parser *parser, unsigned int line, const struct sweep *sweep)
{
	struct workload *tried = memory_zeroed(sweep->nvalues, sizeof(*tried));
	struct error why;
	size_t v, u;

	for (v = 0; v < sweep->nvalues && !parser->result; v++) {
		tried[v] = parser->workload;
		if (!sweep->values[v][0]) {
			error_set(&why, 0,
				  "each.%s has an empty value; separate values by one comma",
				  sweep->name);
			fail_at(parser, line, why.text);
		} else if (workload_set(&tried[v], sweep->name, sweep->values[v], &why)) {
			fail_at(parser, line, why.text);
		}
		for (u = 0; u < v && !parser->result; u++) {
			if (!workload_equal(&tried[u], &tried[v]))
				continue;
			error_set(&why, 0,
				  "each.%s has the same value twice: '%.60s'; take one out",
				  sweep->name, sweep->values[v]);
			fail_at(parser, line, why.text);
		}
	}
	free(tried);
	return parser->result;
}

static int add_sweep(struct parser *parser, unsigned int line, const char *name, const char *list)
{
	struct sweep *sweep;

	if (parser->nsweeps == SWEEPS_LIMIT)
		return fail_at(parser, line, "a section has at most 16 sweeps; split it");
	sweep = &parser->sweeps[parser->nsweeps++];
	snprintf(sweep->name, sizeof(sweep->name), "%s", name);
	sweep->values = split_values(list, &sweep->nvalues);
	return check_sweep(parser, line, sweep);
}

static int set_option(struct parser *parser, struct workload *w, unsigned int line,
		      const char *name, const char *value)
{
	struct error why;

	if (workload_set(w, name, value, &why))
		return fail_at(parser, line, why.text);
	return 0;
}

static int set_section_key(struct parser *parser, unsigned int line, const char *section,
			   const char *name, const char *value)
{
	if (strcmp(section, parser->section) != 0) {
		finish_section(parser);
		if (parser->result)
			return parser->result;
		snprintf(parser->section, sizeof(parser->section), "%s", section);
		parser->section_line = line;
		parser->workload = parser->global;
	}
	if (strncmp(name, EACH, strlen(EACH)) == 0)
		return add_sweep(parser, line, name + strlen(EACH), value);
	return set_option(parser, &parser->workload, line, name, value);
}

/* inih calls this for each key; 0 tells it that the key is wrong. */
static int handle_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *parser = user;
	unsigned int line;

	if (parser->result || parser->next_key >= parser->lines->nkeys)
		return 0;
	line = parser->lines->key_line[parser->next_key++];
	if (strcmp(section, "suite") == 0)
		return set_suite_key(parser, line, name, value) == 0;
	if (strcmp(section, "global") != 0)
		return set_section_key(parser, line, section, name, value) == 0;
	if (strncmp(name, EACH, strlen(EACH)) == 0)
		return fail_at(parser, line,
			       "[global] can't sweep; put each. into the sections that it is "
			       "about") == 0;
	return set_option(parser, &parser->global, line, name, value) == 0;
}

static int check_suite(const struct suite *suite, struct error *e)
{
	if (!suite->question)
		return error_set(e, -EINVAL,
				 "%s.ini has no question; add question= to its [suite] section",
				 suite->name);
	if (!suite->ncells)
		return error_set(e, -EINVAL,
				 "%s.ini has no cells; add a section with each.path=", suite->name);
	return 0;
}

int suite_parse(struct suite **suite, const char *name, const char *text, struct error *e)
{
	struct suite *new = memory_zeroed(1, sizeof(*new));
	struct suite_lines lines = {NULL, 0};
	struct parser parser;

	snprintf(new->name, sizeof(new->name), "%s", name);
	new->runs = RUNS_DEFAULT;
	memset(&parser, 0, sizeof(parser));
	parser.suite = new;
	parser.lines = &lines;
	parser.e = e;
	workload_defaults(&parser.global);
	parser.result = suite_scan(&lines, new->name, text, e);
	/* The scan leaves inih nothing to complain about or pass over: a defect of ours if it does.
	 */
	if (!parser.result &&
	    (ini_parse_string(text, handle_key, &parser) || parser.next_key != lines.nkeys) &&
	    !parser.result)
		fail_at(&parser, 0, "inih reads this file otherwise than bypass; report it");
	finish_section(&parser);
	free(lines.key_line);
	if (!parser.result)
		parser.result = check_suite(new, e);
	if (parser.result) {
		suite_free(new);
		return parser.result;
	}
	*suite = new;
	return 0;
}

/* The same cell under two headings is two cells: each table is whole by itself. */
static bool contains(const struct suite_cell *cells, size_t ncells, const struct suite_cell *cell,
		     bool any_section)
{
	size_t i;

	for (i = 0; i < ncells; i++) {
		if ((any_section || strcmp(cells[i].section, cell->section) == 0) &&
		    workload_equal(&cells[i].workload, &cell->workload))
			return true;
	}
	return false;
}

int suite_override(struct suite *suite, const char *option, const char *value, struct error *e)
{
	size_t i, kept = 0;
	int result;

	for (i = 0; i < suite->ncells; i++) {
		/* Whether it is accepted depends on no cell, so only the first can fail. */
		result = workload_set(&suite->cells[i].workload, option, value, e);
		if (result)
			return result;
		if (contains(suite->cells, kept, &suite->cells[i], false))
			continue;
		suite->cells[kept++] = suite->cells[i];
	}
	suite->ncells = kept;
	return 0;
}

void suite_merge_sections(struct suite *suite)
{
	size_t i, kept = 0;

	for (i = 0; i < suite->ncells; i++) {
		if (!contains(suite->cells, kept, &suite->cells[i], true))
			suite->cells[kept++] = suite->cells[i];
	}
	suite->ncells = kept;
}

void suite_free(struct suite *suite)
{
	if (!suite)
		return;
	free(suite->question);
	free(suite->cells);
	free(suite);
}
