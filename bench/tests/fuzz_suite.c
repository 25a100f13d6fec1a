// SPDX-License-Identifier: MIT
/* Any text is a suite or an error with a sentence; what was accepted stays valid. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/suite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cells(struct suite *suite)
{
	struct error e;
	size_t i;

	for (i = 0; i < suite->ncells; i++) {
		if (!suite->cells[i].workload.path[0] || !suite->cells[i].section[0])
			abort();
	}
	if (suite->ncells == 0 || suite->ncells > 4096)
		abort();
	if (suite_override(suite, "target", "file:/tmp/x", &e) ||
	    workload_check(&suite->cells[0].workload, &e))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct suite *suite = NULL;
	struct error e = {""};

	if (suite_parse(&suite, "fuzz", text, &e) == 0)
		check_cells(suite);
	else if (!e.text[0] || suite)
		abort();
	suite_free(suite);
	free(text);
	return 0;
}
