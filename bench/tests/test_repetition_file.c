// SPDX-License-Identifier: MIT
/* A repetition on a real file moves the right bytes, and says where they are wrong. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/worker.h"
#include "tests/fixture_repetition.h"

TestSuite(repetition_file, .init = once_set_up, .fini = once_tear_down);

Test(repetition_file, on_a_file_moves_the_right_bytes_on_every_path_that_runs_anywhere)
{
	static const char *const names[] = {"buffered", "mmap-shared", "mmap-private"};

	once_use_file("buffered");
	for (unsigned int rw = RW_READ; rw <= RW_RANDRW; rw++) {
		for (unsigned int n = 0; n < 3; n++) {
			once.cell.workload.rw = (enum rw)rw;
			once.context.ops = path_find(names[n]);
			once_timed();
			once_witnessed();
		}
	}
	cr_assert_eq(once_evidence("sampled blocks had the right bytes", PHASE_TIMED)->verdict,
		     VERDICT_HELD);
	cr_assert_eq(once_evidence("every byte of the file is right", PHASE_WITNESS)->verdict,
		     VERDICT_HELD);
}

Test(repetition_file, touching_a_file_leaves_it_right)
{
	once_use_file("mmap-shared");
	once.cell.workload.rw = RW_RANDWRITE;
	once.cell.workload.access = ACCESS_TOUCH;
	once_timed();
	once_witnessed();
	cr_assert_eq(once_evidence("every byte of the file is right", PHASE_WITNESS)->verdict,
		     VERDICT_HELD);
}

/* A wrong byte in the file, behind the back of the program. */
static void damage_at(uint64_t offset)
{
	int fd = open(once.target.proc_path, O_WRONLY);

	cr_assert_eq(pwrite(fd, "!", 1, (off_t)offset), 1);
	close(fd);
}

Test(repetition_file, on_a_damaged_file_is_refuted_by_its_samples)
{
	once_use_file("buffered");
	for (uint64_t at = 0; at < once.target.size; at += ONCE_BS)
		damage_at(at + 100);
	once_timed();
	cr_assert_eq(once_evidence("sampled blocks had the right bytes", PHASE_TIMED)->verdict,
		     VERDICT_REFUTED);
	cr_assert_eq(once.cell.status, CELL_REFUTED);
}

Test(repetition_file, on_a_file_with_one_damaged_byte_is_refuted_by_the_witness)
{
	once_use_file("buffered");
	damage_at(77 * ONCE_BS + 600);
	once_witnessed();
	cr_assert_eq(once_evidence("every byte of the file is right", PHASE_WITNESS)->verdict,
		     VERDICT_REFUTED);
	cr_assert_not_null(strstr(once.cell.reason, "damaged bytes"), "%s", once.cell.reason);
}

/* Cuts the file off below the mapping in the middle of the first pass. */
static int cutting_submit(struct path_job *job, uint64_t offset, bool write)
{
	int fd;

	if (++asked.ncalls == 10) {
		fd = open(once.target.proc_path, O_WRONLY);
		cr_assert_eq(ftruncate(fd, 0), 0);
		close(fd);
	}
	return path_find("mmap-shared")->submit(job, offset, write);
}

Test(repetition_file, of_a_mapping_whose_file_is_cut_short_fails_and_goes_on_living)
{
	static struct path_ops cutting;

	once_use_file("mmap-shared");
	worker_catch_sigbus();
	cutting = *path_find("mmap-shared");
	cutting.submit = cutting_submit;
	once.context.ops = &cutting;
	once_fails(-EIO);
	cr_assert_eq(asked.ncalls, 10);
	cr_assert_not_null(strstr(once.error.text, "mmap-shared"), "%s", once.error.text);
	cr_assert_eq(once.result.npasses, 0);
}
