// SPDX-License-Identifier: MIT
/* Whatever a program called fio prints: a pass whose parts fit together, or an error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fio/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pass_result result = {.kind = PASS_ALL};
	struct tool_report report = {.writes = 0};
	char *text = strndup((const char *)data, size);
	struct error e = {""};
	int ret;

	ret = fio_result_parse(text, &result, &report, &e);
	if (ret && (!e.text[0] || result.latency))
		abort();
	if (!ret && histogram_total(result.latency) != report.latencies)
		abort();
	free(result.latency);
	free(text);
	return 0;
}
