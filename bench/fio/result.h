/* SPDX-License-Identifier: MIT */
/* What fio reports (--output-format=json+) as what a pass of ours reports. */
#ifndef BYPASS_FIO_RESULT_H
#define BYPASS_FIO_RESULT_H

#include "core/error.h"
#include "core/run.h"
#include "core/tool.h"

/*
 * Reads the output of one job: what stands before the object is passed over, since fio warns there.
 * Fills @result (zeroed but for kind and start) and @report; @result->latency is the caller's.
 * -EPROTO if this isn't what fio prints, -EIO if fio met an error.
 */
int fio_result_parse(const char *text, struct pass_result *result, struct tool_report *report,
		     struct error *e);

#endif
