// SPDX-License-Identifier: MIT
/* Whatever could be read as a run can be compared with itself, and everything can be printed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_all(const struct comparison *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *json = report_compare_json(c);

	if (!out || json_dumpf(json, out, 0))
		abort();
	report_compare_tables(out, c);
	if (report_compare_csv(out, c))
		abort();
	report_compare_groups(out, c->base);
	fclose(out);
	free(text);
	json_decref(json);
}

/* What is the same can't be called different. */
static void compare_with_itself(struct run *run)
{
	struct run *runs[] = {run, run};
	struct comparison c;
	struct error e = {""};

	for (size_t n = 1; n <= 2; n++) {
		if (comparison_make(&c, (struct compare_side){runs, n},
				    (struct compare_side){runs, 1}, 0.03, &e)) {
			if (!e.text[0])
				abort();
			continue;
		}
		if (comparison_count(&c, COMPARE_FASTER) || comparison_count(&c, COMPARE_SLOWER))
			abort();
		print_all(&c);
		comparison_free(&c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *run = NULL;
	struct error e = {""};
	json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	if (!json)
		return 0;
	if (run_from_json(&run, json, &e) == 0) {
		run_summarize(run);
		compare_with_itself(run);
	}
	run_free(run);
	json_decref(json);
	return 0;
}
