// SPDX-License-Identifier: MIT
/* A mapping without a file below it ends a pass, and not the program. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fixture_worker.h"

TestSuite(worker_sigbus, .init = loop_set_up, .fini = loop_tear_down);

static int load(struct path_job *job, uint64_t offset, bool write)
{
	(void)write;
	memcpy(job->buffer, job->map + offset, LOOP_BS);
	return 0;
}

/* A mapping whose file ends before the mapping does. */
static char *map_of_nothing(void)
{
	FILE *f = tmpfile();
	char *map;

	cr_assert_not_null(f);
	cr_assert_eq(ftruncate(fileno(f), (off_t)loop.workload.size), 0);
	map = mmap(NULL, loop.workload.size, PROT_READ, MAP_SHARED, fileno(f), 0);
	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(ftruncate(fileno(f), 0), 0);
	fclose(f);
	return map;
}

Test(worker_sigbus, survives_a_mapping_whose_file_was_cut_short)
{
	static const struct path_ops loading = {
		.name = "loading", .submit = load, .traits = PATH_MAPPING};

	worker_catch_sigbus();
	loop.target.foreign = true;
	loop_use(&loading);
	loop.worker.job.map = map_of_nothing();
	/* More than once: the signal must not stay blocked after the first. */
	for (unsigned int i = 0; i < 3; i++) {
		loop_pass(10);
		cr_assert_eq(loop.worker.first_error, -EIO);
		cr_assert_eq(loop.worker.errors, 1);
		cr_assert_eq(loop.worker.ios, 0);
	}
	munmap(loop.worker.job.map, loop.workload.size);
}

Test(worker_sigbus, ends_the_process_at_a_sigbus_outside_a_pass)
{
	int status;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		worker_catch_sigbus();
		_exit(*(volatile char *)map_of_nothing());
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 128 + SIGBUS);
}
