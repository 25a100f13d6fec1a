// SPDX-License-Identifier: MIT
/* Which targets the paths dax and mmap-dax take. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "paths/path.h"

static int probe(const char *path, enum target_kind kind, bool dax, struct unavailable *why)
{
	const struct target target = {
		.kind = kind,
		.text = "/dev/pmem0",
		.device = {.known = true, .dax = dax},
	};
	const struct workload workload = {.access = ACCESS_COPY};

	return path_find(path)->probe(&workload, &target, why);
}

Test(dax, is_for_files_on_memory_not_for_the_memory_as_a_block_device)
{
	static const char *const paths[] = {"dax", "mmap-dax"};
	struct unavailable why;

	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(probe(paths[i], TARGET_FILE, true, &why), 0);
		cr_expect_eq(probe(paths[i], TARGET_FILE, false, &why), -EOPNOTSUPP);
		cr_expect(strstr(why.remedy, "--testbed"));
		cr_expect_eq(probe(paths[i], TARGET_BLOCK, true, &why), -EOPNOTSUPP);
		cr_expect(strstr(why.reason, "file system"));
	}
}
