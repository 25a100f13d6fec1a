// SPDX-License-Identifier: MIT
#include "tests/fixture_workload.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct workload workload_of(const char *options)
{
	char text[512], *rest = NULL;
	struct workload w;

	cr_assert_lt(snprintf(text, sizeof(text), "target=file:/tmp/x %s", options),
		     (int)sizeof(text));
	workload_defaults(&w);
	for (char *o = strtok_r(text, " ", &rest); o; o = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(o, '=');

		cr_assert_not_null(value, "%s", o);
		*value++ = '\0';
		workload_accepts(&w, o, value);
	}
	return w;
}

void workload_accepts(struct workload *w, const char *name, const char *value)
{
	struct error e = {""};

	cr_assert_eq(workload_set(w, name, value, &e), 0, "%s=%s: %s", name, value, e.text);
}
