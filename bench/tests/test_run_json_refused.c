// SPDX-License-Identifier: MIT
/* A damaged run.json is refused, with a sentence that says where. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture_run_json.h"

/* Puts @value at @path ("cells/0/id") of a good file, or takes it out for NULL. */
static json_t *damaged(const char *path, const char *value)
{
	struct run *run = fixture_run_full(RUN_CLOCK_INSTRUCTIONS);
	json_t *json = run_to_json(run), *at = json, *new = NULL;
	char *copy = strdup(path), *save = NULL;
	char *name = strtok_r(copy, "/", &save), *next;

	run_free(run);
	for (; (next = strtok_r(NULL, "/", &save)); name = next) {
		at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
				       : json_object_get(at, name);
		cr_assert_not_null(at, "%s in %s", name, path);
	}
	if (value) {
		new = json_loads(value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		cr_assert_not_null(new, "%s", value);
	}
	if (!value)
		json_object_del(at, name);
	else if (json_is_array(at))
		json_array_set_new(at, strtoul(name, NULL, 10), new);
	else
		json_object_set_new(at, name, new);
	free(copy);
	return json;
}

static void refuses(const char *path, const char *value, const char *part)
{
	json_t *json = damaged(path, value);
	struct run *run = NULL;
	struct error e = {""};

	cr_assert_eq(run_from_json(&run, json, &e), -EINVAL, "%s=%s", path, value);
	cr_assert(strstr(e.text, part), "%s=%s: '%s' lacks '%s'", path, value, e.text, part);
	cr_assert_null(run);
	json_decref(json);
}

Test(run_json_refused, refuses_wrong_types_and_ranges_and_says_where)
{
	refuses("schema_version", NULL, "schema_version must");
	refuses("status", "\"done\"", "status must be complete or partial");
	refuses("seed", "7", "seed must");
	refuses("seed", "\"-7\"", "seed must");
	refuses("seed", "\"18446744073709551616\"", "seed must");
	refuses("run_id", "7", "run_id must be a string");
	refuses("run_id", "\"a\\u0000b\"", "run_id must be a string");
	refuses("run_id", "\"0123456789012345678901234567890123456789012345678901234567890123\"",
		"run_id is longer than 63");
	refuses("clock", "\"cycles\"", "clock has a value");
	refuses("runs", "-1", "runs must be a whole number");
	refuses("runs", "1.0", "runs must be a whole number");
	refuses("runs", "5000000000", "runs must be a whole number");
	refuses("argv/1", "null", "argv must hold strings");
	refuses("null_path", NULL, "null_path must");
	refuses("null_path/per_1000_ops_insn", "\"x\"", "null_path must");
	refuses("warnings/0/text", NULL, "warnings[0].text is missing");
	refuses("environment", "[]", "environment must be an object");
	refuses("cells", "{}", "cells must be a list");
	refuses("cells/1", "7", "cells must hold objects");
	refuses("cells/1/workload", "7", "cells[1].workload must be an object");
	refuses("cells/1/workload/bs", "0", "cells[1].bs must");
	refuses("cells/1/workload/numjobs", "257", "cells[1].numjobs must");
	refuses("cells/1/workload/iodepth", "0", "cells[1].iodepth must");
	refuses("cells/1/workload/iodepth", "4097", "cells[1].iodepth must");
	refuses("cells/1/workload/aggregation_threshold", "257", "aggregation_threshold must");
	refuses("cells/1/workload/aggregation_time_ns", "25500001", "aggregation_time_ns must");
	refuses("cells/1/row", "7", "cells[1].row must be a string");
	refuses("cells/1/workload/populate", "1", "cells[1].populate must be true or false");
	refuses("cells/0/evidence/1/verdict", "\"maybe\"", "cells[0].evidence[1].verdict has");
}

Test(run_json_refused, refuses_repetitions_that_can_not_be)
{
	refuses("cells/0/repetitions/1/passes", "[{},{},{}]", "passes has more than 2");
	refuses("cells/0/repetitions/1/passes/1/ios", NULL,
		"cells[0].repetitions[1].passes[1].ios is missing");
	refuses("cells/0/repetitions/1/passes/1/duration_insn", NULL, "duration_insn is missing");
	refuses("cells/0/repetitions/1/passes/1/device", "{}", "bytes is missing");
	refuses("cells/0/repetitions/1/passes/1/device", "7", "bytes is missing");
	refuses("cells/0/repetitions/1/passes/1/machine_insn", "null", "machine_insn must");
	refuses("cells/0/repetitions/1/passes/1/wait_insn", "-1", "wait_insn must");
	refuses("cells/0/repetitions/1/passes/1/polls", "1.5", "polls must");
	refuses("cells/0/half_block_insn", "[[1,2],[3]]", "half_block_insn must hold lists");
	refuses("cells/0/half_block_insn", "[1]", "half_block_insn must hold lists");
	refuses("cells/0/half_block_insn", "[[-1]]", "half_block_insn must be a whole number");
}

Test(run_json_refused, refuses_histograms_that_can_not_be)
{
	static const char histogram[] = "cells/0/repetitions/1/passes/1/histogram_insn";

	refuses(histogram, "[1]", "pairs");
	refuses(histogram, "[[1]]", "pairs");
	refuses(histogram, "[[1,0]]", "from 1");
	refuses(histogram, "[[257,1]]", "bucket limits");
	refuses(histogram, "[[5,1],[5,1]]", "ascending");
	refuses(histogram, "[[5,1],[4,1]]", "ascending");
	refuses(histogram, "[[9223372036854775807,1]]", "bucket limits");
	refuses(histogram, "[[4,281474976710656],[5,1]]", "2^48");
}

Test(run_json_refused, of_a_later_bypass_is_read_if_its_version_is_ours)
{
	json_t *json = damaged("cells/0/colour", "\"blue\"");
	struct run *run = NULL;
	struct error e = {""};

	json_object_set_new(json, "mood", json_integer(7));
	cr_assert_eq(run_from_json(&run, json, &e), 0, "%s", e.text);
	run_free(run);
	json_decref(json);
	refuses("schema_version", "2", "reads up to 1");
	refuses("schema_version", "0", "schema_version must");
}
