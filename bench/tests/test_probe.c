// SPDX-License-Identifier: MIT
/* What `bypass probe` reads of a machine, on machines made of files. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/readiness.h"
#include "tests/fixture_machine.h"

#define RELEASE "6.1.0-9-test"

TestSuite(probe, .init = machine_make, .fini = machine_remove);

static struct readiness read_machine(void)
{
	struct readiness r;

	readiness_read(&r, RELEASE);
	return r;
}

Test(probe, a_machine_without_any_file_is_not_known)
{
	struct readiness r;

	machine_command("rm -rf sys proc dev");
	r = read_machine();
	cr_assert_eq(r.numa_nodes, 0);
	cr_assert_eq(r.iommus, 0);
	cr_assert_not(r.amd);
	cr_assert_not(r.huge_known);
	cr_assert_eq(r.uring_disabled, 0);
	cr_assert_eq(r.poll_queues, -1);
	cr_assert_eq(r.fs_dax, ANSWER_UNKNOWN);
	cr_assert_eq(r.vfio_pci, ANSWER_UNKNOWN);
}

Test(probe, everything_that_is_there_is_read)
{
	struct readiness r;

	machine_file("/sys/devices/system/node/online", "0-1\n");
	machine_file("/sys/class/iommu/dmar0/x", "");
	machine_file("/sys/class/iommu/dmar1/x", "");
	machine_file("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\n");
	machine_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "12\n");
	machine_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64\n");
	machine_file("/proc/sys/kernel/io_uring_disabled", "2\n");
	machine_file("/sys/module/nvme/parameters/poll_queues", "3\n");
	machine_file("/boot/config-" RELEASE, "CONFIG_FS_DAX=y\n");
	machine_file("/sys/module/vfio_pci/x", "");
	r = read_machine();
	cr_assert_eq(r.numa_nodes, 2);
	cr_assert_eq(r.iommus, 2);
	cr_assert(r.amd);
	cr_assert(r.huge_known);
	cr_assert_eq(r.huge_free, 12);
	cr_assert_eq(r.huge_total, 64);
	cr_assert_eq(r.uring_disabled, 2);
	cr_assert_eq(r.poll_queues, 3);
	cr_assert_eq(r.fs_dax, ANSWER_YES);
	cr_assert_eq(r.vfio_pci, ANSWER_YES);
}

Test(probe, a_file_that_holds_no_number_is_not_known)
{
	struct readiness r;

	machine_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "many\n");
	machine_file("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64\n");
	machine_file("/proc/sys/kernel/io_uring_disabled", "");
	machine_file("/sys/module/nvme/parameters/poll_queues", "-1\n");
	r = read_machine();
	cr_assert_not(r.huge_known);
	cr_assert_eq(r.uring_disabled, 0);
	cr_assert_eq(r.poll_queues, -1);
}

Test(probe, an_intel_processor_is_not_amds)
{
	machine_file("/proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t: AMD\n");
	cr_assert_not(read_machine().amd);
}

Test(probe, lists_of_nodes_are_counted)
{
	static const struct {
		const char *list;
		unsigned int count;
	} lists[] = {
		{"0", 1},    {"0-3", 4}, {"0,2", 2}, {"0-1,4,6-7", 5},    {"", 0},
		{"none", 0}, {"3-1", 0}, {"0-", 0},  {"0-4294967295", 0}, {"1,x", 0},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		cr_assert_eq(readiness_count(lists[i].list), lists[i].count, "'%s'", lists[i].list);
}

Test(probe, an_option_of_the_kernel_is_set_or_not_set_or_not_mentioned)
{
	machine_file("/boot/config-" RELEASE, "# Linux 6.1 configuration\n"
					      "CONFIG_FS_DAX_PMD=y\n"
					      "CONFIG_VFIO=m\n"
					      "# CONFIG_IO_URING is not set\n"
					      "CONFIG_EMPTY=\"\"\n");
	cr_assert_eq(readiness_kernel_option(RELEASE, "CONFIG_VFIO"), ANSWER_YES);
	cr_assert_eq(readiness_kernel_option(RELEASE, "CONFIG_IO_URING"), ANSWER_NO);
	cr_assert_eq(readiness_kernel_option(RELEASE, "CONFIG_EMPTY"), ANSWER_NO);
	/* Another option's name begins so. */
	cr_assert_eq(readiness_kernel_option(RELEASE, "CONFIG_FS_DAX"), ANSWER_NO);
	cr_assert_eq(readiness_kernel_option("6.1.0-8-other", "CONFIG_VFIO"), ANSWER_UNKNOWN);
}

Test(probe, the_running_kernels_own_configuration_is_preferred)
{
	machine_file("/boot/config-" RELEASE, "CONFIG_FS_DAX=y\n");
	machine_command("printf 'CONFIG_X=y\\n# CONFIG_FS_DAX is not set\\n' | "
			"gzip >proc/config.gz");
	cr_assert_eq(read_machine().fs_dax, ANSWER_NO);
}

Test(probe, a_broken_configuration_falls_back_to_the_next)
{
	machine_file("/proc/config.gz", "not compressed\n");
	cr_assert_eq(read_machine().fs_dax, ANSWER_UNKNOWN);
	machine_file("/lib/modules/" RELEASE "/config", "CONFIG_FS_DAX=y\n");
	cr_assert_eq(read_machine().fs_dax, ANSWER_YES);
}

Test(probe, a_module_is_built_in_or_listed_or_missing)
{
	machine_file(
		"/lib/modules/" RELEASE "/modules.dep",
		"kernel/fs/xfs/xfs.ko: kernel/lib/libcrc32c.ko\n"
		"kernel/drivers/vfio/pci/vfio-pci-core.ko.xz: kernel/drivers/vfio/vfio.ko.xz\n");
	cr_assert_eq(readiness_module(RELEASE, "vfio-pci"), ANSWER_NO);
	cr_assert_eq(readiness_module(RELEASE, "xfs"), ANSWER_YES);
	/* What is only needed by another has a line of its own, or is missing. */
	cr_assert_eq(readiness_module(RELEASE, "libcrc32c"), ANSWER_NO);
	machine_file("/lib/modules/" RELEASE "/modules.builtin",
		     "kernel/drivers/vfio/pci/vfio-pci.ko\n");
	cr_assert_eq(readiness_module(RELEASE, "vfio-pci"), ANSWER_YES);
}

Test(probe, a_device_is_its_groups_or_nobodys)
{
	struct device_group group;

	cr_assert_not(readiness_group("/dev/kvm", &group), "there is none");
	machine_file("/dev/kvm", "");
	cr_assert_eq(chmod(machine_path("/dev/kvm"), 0600), 0);
	cr_assert_not(readiness_group("/dev/kvm", &group), "a group without rights");
	cr_assert_eq(chmod(machine_path("/dev/kvm"), 0660), 0);
	cr_assert(readiness_group("/dev/kvm", &group));
	cr_assert(group.member, "it was made by this process");
	if (geteuid() != 0)
		return;
	cr_assert_eq(chown(machine_path("/dev/kvm"), 0, 54321), 0);
	cr_assert(readiness_group("/dev/kvm", &group));
	cr_assert_not(group.member);
	cr_assert_str_eq(group.name, "54321", "a group without a name is its number");
}
