// SPDX-License-Identifier: MIT
#include "report/layers.h"

#include <string.h>

static const struct {
	const char *name, *colour;
} layers[NLAYERS] = {
	/* Paul Tol's "light" scheme, made for areas with letters on them, and a few beside it. */
	[LAYER_PROGRAM] = {"program and libraries", "#77aadd"},
	[LAYER_ENTRY] = {"entry to the kernel", "#99ddff"},
	[LAYER_VFS] = {"VFS", "#c2e0ec"},
	[LAYER_URING] = {"io_uring", "#44bb99"},
	[LAYER_MEMORY] = {"memory and page cache", "#bbcc33"},
	[LAYER_FILE_SYSTEM] = {"file system", "#b5b54a"},
	[LAYER_IOMAP] = {"iomap and DAX", "#eedd88"},
	[LAYER_BLOCK] = {"block layer", "#ee8866"},
	[LAYER_DRIVER] = {"driver and DMA", "#ffaabb"},
	[LAYER_INTERRUPT] = {"interrupt", "#c9a5dc"},
	[LAYER_SCHEDULER] = {"scheduler and timers", "#d3c2a3"},
	[LAYER_IDLE] = {"idle", "#f4f4f4"},
	[LAYER_OTHER] = {"other kernel", "#dddddd"},
};

/* Modules; every other one is a part of the kernel like any other. */
static const struct {
	const char *where;
	enum layer layer;
} modules[] = {
	{"bypass", LAYER_PROGRAM},     {"[vdso]", LAYER_PROGRAM},    {"xfs", LAYER_FILE_SYSTEM},
	{"ext4", LAYER_FILE_SYSTEM},   {"jbd2", LAYER_FILE_SYSTEM},  {"mbcache", LAYER_FILE_SYSTEM},
	{"pathfs", LAYER_FILE_SYSTEM}, {"nvme", LAYER_DRIVER},       {"nvme_core", LAYER_DRIVER},
	{"nd_pmem", LAYER_DRIVER},     {"nd_btt", LAYER_DRIVER},     {"libnvdimm", LAYER_DRIVER},
	{"minipmem", LAYER_DRIVER},    {"virtio_blk", LAYER_DRIVER},
};

/*
 * What names of the kernel's own functions begin with, without leading underscores. The first that
 * fits counts, so exceptions stand before the rule. What fits none is "other kernel": locks, lists,
 * clocks and allocators, which all layers use.
 */
static const struct {
	enum layer layer;
	const char *prefixes; /* separated by spaces */
} rules[] = {
	{LAYER_IDLE, "do_idle cpu_startup_entry default_idle arch_cpu_idle native_safe_halt "
		     "amd_e400_idle cpuidle_ tick_nohz_idle tick_nohz_tick_stopped tick_irq_enter "
		     "tick_check_ ct_idle_ ct_kernel_ schedule_idle set_next_task_idle "
		     "pick_next_task_idle put_prev_task_idle nohz_run_idle timer_clear_idle "
		     "tsc_verify_tsc_adjust local_touch_nmi sched_clock_idle flush_smp_call"},
	{LAYER_ENTRY, "entry_SYSCALL entry_SYSRET syscall_ do_syscall x64_sys_call "
		      "exit_to_user_mode fpregs_assert rseq_ amd_clear_divider "
		      "error_entry error_return sync_regs asm_exc_page_fault"},
	{LAYER_SCHEDULER,
	 "io_schedule schedule sched_ psi_ switch_ update_load_avg update_curr update_rq_clock "
	 "update_min_vruntime update_cfs_group enqueue_ dequeue_ pick_next_ put_prev_ set_next_ "
	 "try_to_wake_up ttwu_ wake_ complete wait_for_ finish_task prepare_task place_entity "
	 "check_preempt check_spread check_cfs clear_buddies resched_ perf_event_task "
	 "rcu_note_context_switch record_times cpuacct_ save_fpregs enter_lazy_tlb native_load_tls "
	 "rdgsbase wrgsbase nr_iowait native_sched_clock mod_timer lock_timer_base timer_ "
	 "calc_wheel detach_if_pending hrtimer_ hrtick_ enqueue_timer get_nohz_timer_target tick_ "
	 "timekeeping_ update_process_times scheduler_tick run_posix smpboot_ kthread_ rcu_gp_ "
	 "mem_cgroup_handle blkcg_maybe sched_text_start add_timer call_timer run_timers"},
	{LAYER_URING, "io_ do_sys_io_uring x64_sys_io_uring ring_"},
	{LAYER_INTERRUPT,
	 "common_interrupt asm_common_interrupt sysvec_ asm_sysvec_ irq_ irqentry_ handle_edge_irq "
	 "handle_irq_event note_interrupt add_interrupt_randomness fast_mix apic_ native_apic "
	 "ct_nmi_ ct_irq_ handle_softirqs raise_softirq restore_regs_and_return "
	 "native_irq_return timer_interrupt"},
	{LAYER_IOMAP, "iomap_ dax_ grab_mapping_entry get_unlocked_entry"},
	{LAYER_BLOCK, "blk bio_ submit_bio bdev_ sbitmap_ wbt_ rq_qos_ elv_ dd_ update_io_ticks "
		      "part_in_flight disk_ bvec_ iocb_bio_iopoll"},
	{LAYER_DRIVER, "nvme_ pmem_ nd_ dma_ swiotlb_ iommu_"},
	{LAYER_MEMORY,
	 "filemap_ folio_ xas_ xa_ page_ readahead_ mark_page workingset_ lru_ balance_dirty "
	 "internal_get_user_pages get_user_pages try_grab gup_ pud_ pmd_ pte_ p4d_ vmf_ "
	 "iov_iter_ import_ copy_ copyin copyout rep_movs memcpy memmove clear_page clear_user "
	 "handle_mm_fault handle_pte_fault do_fault do_read_fault do_shared_fault do_cow_fault "
	 "do_wp_page do_set_pte do_user_addr_fault exc_page_fault find_vma "
	 "lock_vma mas_ mt_ vm_ alloc_page get_page_from_freelist rmqueue mem_cgroup_ charge_ "
	 "try_charge track_pfn lookup_memtype follow_page flush_tlb mem_ "
	 "next_uptodate_page find_next_iomem_res mtree_ interval_ lock_mm_and walk_to_pmd "
	 "walk_system_ram pat_ insert_pfn get_locked_pte pfn_ memtype_ pgd_"},
	{LAYER_VFS, "vfs_ x64_sys_ ksys_ do_p rw_verify_area fget fdget fput security_ apparmor_ "
		    "aa_ bpf_lsm_ fsnotify touch_atime atime_needs_update current_time file_ "
		    "generic_ kiocb_ new_sync_ inode_ mnt_ sb_ mark_inode_dirty"},
};

static bool begins_with_one_of(const char *name, const char *prefixes)
{
	while (*prefixes) {
		size_t length = strcspn(prefixes, " ");

		if (strncmp(name, prefixes, length) == 0)
			return true;
		prefixes += length;
		prefixes += strspn(prefixes, " ");
	}
	return false;
}

enum layer layer_of(const char *name, const char *where)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (strcmp(where, modules[i].where) == 0)
			return modules[i].layer;
	/* libc.so.6, liburing.so.2.3; a kernel's modules have no dot in their names. */
	if (strstr(where, ".so"))
		return LAYER_PROGRAM;
	if (strcmp(where, "kernel") != 0)
		return LAYER_OTHER;
	name += strspn(name, "_");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (begins_with_one_of(name, rules[i].prefixes))
			return rules[i].layer;
	return LAYER_OTHER;
}

const char *layer_name(enum layer layer)
{
	return layers[layer].name;
}

const char *layer_colour(enum layer layer)
{
	return layers[layer].colour;
}

void layers_sum(const struct function_counts *counts, uint64_t sum[NLAYERS])
{
	memset(sum, 0, NLAYERS * sizeof(sum[0]));
	for (size_t i = 0; i < counts->count; i++)
		sum[layer_of(counts->list[i].name, counts->list[i].where)] +=
			counts->list[i].insn_per_1000_ios;
}

bool functions_check(const struct cell *cell, unsigned int pass, struct functions_check *check)
{
	const struct function_counts *counts = &cell->functions[pass];
	const struct pass_summary *summary = &cell->summary[pass];
	uint64_t sum[NLAYERS], all = 0, more;

	if (!counts->ios || !summary->rank.known || !summary->rank.median)
		return false;
	layers_sum(counts, sum);
	for (size_t i = 0; i < NLAYERS; i++)
		all += i == LAYER_IDLE ? 0 : sum[i];
	check->counted = (all + 500) / 1000;
	check->figure = summary->rank.median + (summary->copy.known ? summary->copy.median : 0);
	more = check->counted > check->figure ? check->counted - check->figure
					      : check->figure - check->counted;
	check->off_ppm = (uint32_t)(more * 1000000 / check->figure);
	return true;
}
