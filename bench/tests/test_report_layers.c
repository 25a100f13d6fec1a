// SPDX-License-Identifier: MIT
/* Which layer a function is in, and that the layers of a recorded run add up to its figures. */
#include <criterion/criterion.h>

#include <string.h>

#include "report/layers.h"
#include "tests/fixture_run.h"

Test(report_layers, a_name_and_a_module_tell_the_layer)
{
	static const struct {
		const char *name, *where;
		enum layer layer;
	} expected[] = {
		{"ud_qpair_process", "bypass", LAYER_PROGRAM},
		{"__libc_pread", "libc.so.6", LAYER_PROGRAM},
		{"?", "liburing.so.2.3", LAYER_PROGRAM},
		{"entry_SYSCALL_64_after_hwframe", "kernel", LAYER_ENTRY},
		{"vfs_read", "kernel", LAYER_VFS},
		{"__x64_sys_pread64", "kernel", LAYER_VFS},
		{"x64_sys_call", "kernel", LAYER_ENTRY},
		{"__do_sys_io_uring_enter", "kernel", LAYER_URING},
		{"io_issue_sqe", "kernel", LAYER_URING},
		{"io_schedule", "kernel", LAYER_SCHEDULER},
		{"filemap_read", "kernel", LAYER_MEMORY},
		{"xfs_bmapi_read", "xfs", LAYER_FILE_SYSTEM},
		{"pathfs_iomap_begin", "pathfs", LAYER_FILE_SYSTEM},
		{"iomap_iter", "kernel", LAYER_IOMAP},
		{"dax_iomap_rw", "kernel", LAYER_IOMAP},
		{"__blk_mq_alloc_requests", "kernel", LAYER_BLOCK},
		{"submit_bio", "kernel", LAYER_BLOCK},
		{"nvme_queue_rq", "nvme", LAYER_DRIVER},
		{"pmem_submit_bio", "nd_pmem", LAYER_DRIVER},
		{"dma_map_page_attrs", "kernel", LAYER_DRIVER},
		{"common_interrupt", "kernel", LAYER_INTERRUPT},
		{"__schedule", "kernel", LAYER_SCHEDULER},
		{"schedule_idle", "kernel", LAYER_IDLE},
		{"do_idle", "kernel", LAYER_IDLE},
		{"_raw_spin_lock", "kernel", LAYER_OTHER},
		{"anything", "a_module", LAYER_OTHER},
		{"?", "?", LAYER_OTHER},
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		cr_expect_str_eq(layer_name(layer_of(expected[i].name, expected[i].where)),
				 layer_name(expected[i].layer), "%s in %s", expected[i].name,
				 expected[i].where);
}

Test(report_layers, no_two_have_one_name_or_colour)
{
	for (unsigned int i = 0; i < NLAYERS; i++)
		for (unsigned int j = 0; j < i; j++) {
			cr_expect_str_neq(layer_name((enum layer)i), layer_name((enum layer)j));
			cr_expect_str_neq(layer_colour((enum layer)i), layer_colour((enum layer)j));
		}
}

Test(report_layers, add_up_to_what_was_counted)
{
	struct run *run = fixture_run_recorded();
	size_t checked = 0;

	for (size_t i = 0; i < run->ncells; i++)
		for (unsigned int pass = 0; pass < run->cells[i].npasses; pass++) {
			const struct function_counts *counts = &run->cells[i].functions[pass];
			uint64_t sum[NLAYERS], all = 0;

			layers_sum(counts, sum);
			for (size_t layer = 0; layer < NLAYERS; layer++)
				all += sum[layer];
			cr_expect_eq(all, counts->insn_per_1000_ios, "%s", run->cells[i].id);
			/* A table of names that no longer fits would leave much to the rest. */
			cr_expect_lt(sum[LAYER_OTHER] * 100, all * 20, "%s", run->cells[i].id);
			checked++;
		}
	cr_assert_eq(checked, 5);
	run_free(run);
}

/*
 * Where every operation does the same, the sum of the functions is the figure. A buffered read now
 * and then does more than the median one, and so does a first touch.
 */
Test(report_layers, agree_with_the_figure_of_the_cell)
{
	static const struct {
		const char *path;
		unsigned int pass;
		uint32_t ppm_max;
	} expected[] = {
		{"direct", 0, 10000},   {"dax", 0, 10000},      {"mmap-dax", 1, 10000},
		{"buffered", 0, 30000}, {"mmap-dax", 0, 30000},
	};
	struct run *run = fixture_run_recorded();

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		for (size_t j = 0; j < run->ncells; j++) {
			struct functions_check check;

			if (strcmp(run->cells[j].workload.path, expected[i].path) != 0)
				continue;
			cr_assert(functions_check(&run->cells[j], expected[i].pass, &check));
			cr_expect_leq(check.off_ppm, expected[i].ppm_max, "%s: %lu and %lu",
				      expected[i].path, check.counted, check.figure);
		}
	run_free(run);
}

Test(report_layers, a_cell_whose_functions_were_not_counted_has_no_check)
{
	struct run *run = fixture_run_recorded();
	struct functions_check check;

	cr_assert(functions_check(&run->cells[0], 0, &check));
	run->cells[0].functions[0].ios = 0;
	cr_assert_not(functions_check(&run->cells[0], 0, &check));
	run_free(run);
}
