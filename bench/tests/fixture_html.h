/* SPDX-License-Identifier: MIT */
/* HTML reports, for tests of what is in them. All assert that it works. */
#ifndef BYPASS_FIXTURE_HTML_H
#define BYPASS_FIXTURE_HTML_H

#include "core/run.h"

/* The report of @run; malloc'd. */
char *fixture_html(const struct run *run);
/* Every element that is opened is closed, in order; void elements aside. */
void fixture_html_check_nesting(const char *html);

#endif
