// SPDX-License-Identifier: MIT
#include "core/functions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

static int by_name(const void *a, const void *b)
{
	const struct function_count *x = a, *y = b;
	const int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->where, y->where);
}

static int by_count(const void *a, const void *b)
{
	const struct function_count *x = a, *y = b;

	if (x->insn_per_1000_ios != y->insn_per_1000_ios)
		return x->insn_per_1000_ios > y->insn_per_1000_ios ? -1 : 1;
	return by_name(a, b);
}

static void sort(struct function_counts *counts, int (*order)(const void *, const void *))
{
	if (counts->count)
		qsort(counts->list, counts->count, sizeof(*counts->list), order);
}

/* One entry for each function, whose count so far is of executions. */
static void merge(struct function_counts *counts)
{
	size_t kept = 0;

	sort(counts, by_name);
	for (size_t i = 0; i < counts->count; i++) {
		struct function_count *one = &counts->list[i];

		if (kept && by_name(&counts->list[kept - 1], one) == 0) {
			counts->list[kept - 1].insn_per_1000_ios += one->insn_per_1000_ios;
			free(one->name);
			free(one->where);
		} else {
			counts->list[kept++] = *one;
		}
	}
	counts->count = kept;
}

static uint64_t per_1000(uint64_t executions, uint64_t ios)
{
	return (executions * 1000 + ios / 2) / ios;
}

/* ADDRESS OPERATION VAIN */
static bool take_line(struct function_counts *counts, const char *line,
		      const struct symbols *symbols)
{
	uint64_t address, operation, vain;
	struct symbol symbol;
	int n = 0;

	if (sscanf(line, "%" SCNx64 " %" SCNu64 " %" SCNu64 "%n", &address, &operation, &vain,
		   &n) != 3 ||
	    (line[n] != '\n' && line[n] != '\0') || operation > UINT64_MAX / 2000)
		return false;
	if (!operation)
		return true;
	symbol = symbols_find(symbols, address);
	counts->list = memory_append(counts->list, counts->count, sizeof(*counts->list));
	counts->list[counts->count++] = (struct function_count){
		memory_string(symbol.name), memory_string(symbol.where), operation};
	counts->insn_per_1000_ios += operation;
	return true;
}

int functions_read(struct function_counts *counts, const char *path, const struct symbols *symbols,
		   uint64_t ios, struct error *e)
{
	FILE *file = fopen(path, "r");
	char line[128];
	bool sound = true;

	if (!file)
		return error_set(e, -errno,
				 "can't read the instruction counts in %s: %s; they are made by "
				 "`bypass run --testbed --functions`",
				 path, strerror(errno));
	while (sound && fgets(line, sizeof(line), file))
		sound = take_line(counts, line, symbols);
	fclose(file);
	if (!sound || !ios) {
		functions_free(counts);
		return error_set(e, -EINVAL,
				 "%s holds no instruction counts of operations; run again", path);
	}
	merge(counts);
	counts->ios = ios;
	counts->insn_per_1000_ios = per_1000(counts->insn_per_1000_ios, ios);
	for (size_t i = 0; i < counts->count; i++)
		counts->list[i].insn_per_1000_ios =
			per_1000(counts->list[i].insn_per_1000_ios, ios);
	sort(counts, by_count);
	return 0;
}

void functions_free(struct function_counts *counts)
{
	for (size_t i = 0; i < counts->count; i++) {
		free(counts->list[i].name);
		free(counts->list[i].where);
	}
	free(counts->list);
	memset(counts, 0, sizeof(*counts));
}
