// SPDX-License-Identifier: MIT
/* Any JSON is a run or an error with a sentence; a run that was read is written and read alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const struct run *run)
{
	json_t *json = run_to_json(run);
	char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text;
}

static void check_round_trip(const struct run *run)
{
	char *first = text_of(run), *second;
	struct run *again = NULL;
	struct error e;
	json_t *json = json_loads(first, JSON_REJECT_DUPLICATES, NULL);

	if (!json || run_from_json(&again, json, &e))
		abort();
	json_decref(json);
	second = text_of(again);
	if (strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	run_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *run = NULL;
	struct error e = {""};
	json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	if (!json)
		return 0;
	if (run_from_json(&run, json, &e) == 0)
		check_round_trip(run);
	else if (!e.text[0] || run)
		abort();
	run_free(run);
	json_decref(json);
	return 0;
}
