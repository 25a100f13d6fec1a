// SPDX-License-Identifier: MIT
/* The options of soft: targets are taken or refused with a sentence, and what is taken can be made.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/soft_options.h"
#include "core/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_config(const struct ud_soft_config *config)
{
	const struct ud_soft_latency *latency = &config->latency;
	const struct ud_soft_namespace *ns = &config->namespaces[0];

	if (ns->block_nbytes != 512 && ns->block_nbytes != 4096)
		abort();
	if (ns->nblocks > (1ull << 40) / ns->block_nbytes)
		abort();
	if (latency->ns > 1000000000 || latency->max_ns > 1000000000)
		abort();
	if (latency->kind != UD_SOFT_LATENCY_FIXED && latency->max_ns < latency->ns)
		abort();
	if (latency->kind == UD_SOFT_LATENCY_LONG_TAIL &&
	    (latency->tail_per_10000 < 1 || latency->tail_per_10000 > 10000))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + sizeof("soft:"));
	struct ud_soft_config config;
	struct error e = {""};
	struct target target;

	memcpy(text, "soft:", 5);
	memcpy(text + 5, data, size);
	text[5 + size] = '\0';
	if (target_parse(&target, text, &e) == 0) {
		if (strcmp(target.text, text) != 0 || soft_options_parse(text + 5, &config, &e))
			abort();
		check_config(&config);
	} else if (!e.text[0]) {
		abort();
	}
	free(text);
	return 0;
}
