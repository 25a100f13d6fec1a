// SPDX-License-Identifier: MIT
/* A lab.ini that may say anything: it is read, or refused with a sentence. */
#include <stdlib.h>
#include <string.h>

#include "engine/lab.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct lab lab = {.number = 1, .name = "01-any", .folder = "labs/01-any"};
	struct error e = {""};
	char *text = strndup((const char *)data, size);

	if (!text)
		abort();
	if (lab_parse(&lab, text, &e)) {
		if (!*e.text)
			abort();
	} else {
		if (!lab.title || !lab.nchecks)
			abort();
		for (size_t i = 0; i < lab.nchecks; i++) {
			if (lab_find_check(&lab, lab.checks[i].name) != &lab.checks[i])
				abort();
		}
	}
	lab_free(&lab);
	free(text);
	return 0;
}
