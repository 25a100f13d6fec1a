// SPDX-License-Identifier: MIT
/* Any text is a job file of cells that can be planned, or an error with a sentence. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fio/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cells(const struct suite *suite)
{
	struct error e;

	if (!suite->ncells || suite->ncells > 4096 || !suite->question)
		abort();
	for (size_t i = 0; i < suite->ncells; i++) {
		if (!suite->cells[i].section[0] || workload_check(&suite->cells[i].workload, &e))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct suite *suite = NULL;
	struct error e = {""};

	if (fio_import_parse(&suite, "fuzz", text, &e) == 0)
		check_cells(suite);
	else if (!e.text[0] || suite)
		abort();
	suite_free(suite);
	free(text);
	return 0;
}
