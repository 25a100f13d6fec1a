// SPDX-License-Identifier: MIT
/* Lines of name=value: each is taken or refused with a sentence, and never half taken. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/workload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_line(struct workload *w, char *line)
{
	char *value = strchr(line, '=');
	struct workload before = *w;
	struct error e = {""};
	uint64_t number;

	if (value)
		*value++ = '\0';
	if (workload_set(w, line, value, &e) && (!e.text[0] || !workload_equal(w, &before)))
		abort();
	if (value && parse_size(value, &number, &e) == 0 && (number == 0 || number > INT64_MAX))
		abort();
	if (value && parse_time(value, &number, &e) == 0 && number > INT64_MAX)
		abort();
}

/* Whatever was accepted can be divided and named, and each option is taken as it is shown. */
static void check_accepted(const struct workload *w)
{
	struct workload again;
	const char *name;
	char shown[64];
	size_t i;

	if (w->bs == 0 || w->size % w->bs || !rw_name(w->rw) || !cache_name(w->cache) ||
	    !access_name(w->access) || !durability_name(w->durability) ||
	    !madvise_name(w->madvise) || w->iodepth_batch_complete_min < 1 ||
	    w->iodepth_batch_complete_min > w->iodepth)
		abort();
	for (i = 0; (name = workload_option_name(i)); i++) {
		if (strcmp(name, "path") == 0 || strcmp(name, "target") == 0)
			continue;
		again = *w;
		workload_option_text(w, name, shown, sizeof(shown));
		if (workload_set(&again, name, shown, NULL) || !workload_equal(&again, w))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *line, *save = NULL;
	struct error e = {""};
	struct workload w;

	workload_defaults(&w);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		set_line(&w, line);
	if (workload_check(&w, &e) == 0)
		check_accepted(&w);
	else if (!e.text[0])
		abort();
	free(text);
	return 0;
}
