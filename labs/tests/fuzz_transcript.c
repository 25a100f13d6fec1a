// SPDX-License-Identifier: MIT
/* What a guest says may be anything. The first byte says how many checks it was asked to run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/transcript.h"

enum { CHECKS_MAX = 8 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct section sections[CHECKS_MAX];
	FILE *nowhere = fopen("/dev/null", "w");
	size_t n = size ? data[0] % CHECKS_MAX + 1 : 1;
	char *text = calloc(size + 1, 1);

	if (!text || !nowhere)
		abort();
	if (size)
		memcpy(text, data + 1, size - 1);
	transcript_read(text, "@n", sections, n);
	for (size_t i = 0; i < n; i++) {
		const struct section *s = &sections[i];

		if (s->begun && (s->text < text || s->text + s->length > text + strlen(text)))
			abort();
		if ((s->ended || s->hung) && !s->begun)
			abort();
		section_copy(s, nowhere, nowhere);
	}
	fclose(nowhere);
	free(text);
	return 0;
}
