// SPDX-License-Identifier: MIT
/* Disks for our driver by address and serial number, on machines made of files. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "core/target_userdrv.h"
#include "tests/fixture_machine.h"

#define ADDRESS "0000:00:04.0"

static struct target target;
static struct error error;

TestSuite(target_vfio, .init = machine_make, .fini = machine_remove);

static int probe(const char *text)
{
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	cr_assert_eq(target.kind, TARGET_USERDRV);
	return target_probe(&target, &error);
}

static void says(const char *words)
{
	cr_expect(strstr(error.text, words), "'%s' is not in: %s", words, error.text);
}

Test(target_vfio, a_device_of_the_kernels_driver_names_the_remedy)
{
	cr_expect_eq(probe("pci:" ADDRESS), -ENODEV);
	machine_pci(ADDRESS, "0x010802", "nvme", 7);
	cr_expect_eq(probe(ADDRESS), -EBUSY);
	says("0000:00:04.0 is bound to nvme, not to vfio-pci; do: sudo bypass bind 0000:00:04.0");
}

Test(target_vfio, a_device_that_is_no_disk_is_refused)
{
	machine_pci(ADDRESS, "0x020000", "e1000", 7);
	cr_expect_eq(probe(ADDRESS), -ENXIO);
	says("isn't an NVMe controller");
}

Test(target_vfio, a_device_without_iommu_is_refused)
{
	machine_pci(ADDRESS, "0x010802", "vfio-pci", -1);
	cr_expect_eq(probe(ADDRESS), -EOPNOTSUPP);
	says("boot with intel_iommu=on");
}

Test(target_vfio, a_device_bound_to_vfio_is_taken)
{
	machine_pci(ADDRESS, "0x010802", "vfio-pci", 7);
	cr_expect_eq(probe(ADDRESS), -EOPNOTSUPP);
	says("VFIO has no IOMMU");
	machine_file("/dev/vfio/7", "");
	cr_expect_eq(probe(ADDRESS), 0, "%s", error.text);
	cr_expect_str_eq(target.device.pci, ADDRESS);
	cr_expect_str_eq(target.fs_type, "none");
}

Test(target_vfio, the_testbeds_disk_is_where_the_testbed_says)
{
	cr_expect_eq(probe("testbed:disk/vfio"), -ENOENT);
	says("add --testbed");
	machine_pci(ADDRESS, "0x010802", "vfio-pci", 7);
	machine_file("/dev/vfio/7", "");
	machine_file("/testbed/disk/pci", ADDRESS "\n");
	cr_expect_eq(probe("testbed:disk/vfio"), 0, "%s", error.text);
	cr_expect_str_eq(target.device.pci, ADDRESS);
}

Test(target_vfio, a_serial_number_finds_a_disk_that_the_kernel_has)
{
	machine_pci(ADDRESS, "0x010802", "nvme", 7);
	machine_controller(ADDRESS, 3, "S123");
	cr_expect_eq(probe("nvme:S123/vfio"), -EBUSY);
	says("do: sudo bypass bind 0000:00:04.0");
	cr_expect_eq(probe("nvme:S1/vfio"), -ENODEV);
	says("no NVMe disk here has the serial number S1;");
	cr_expect_lt(target_parse(&target, "nvme:/vfio", &error), 0);
	says("write nvme:SERIAL");
}

Test(target_vfio, a_device_that_shares_its_group_with_the_kernel_is_refused)
{
	machine_pci(ADDRESS, "0x010802", "vfio-pci", 7);
	machine_pci("0000:00:05.0", "0x020000", "e1000", 7);
	cr_expect_eq(probe(ADDRESS), -EBUSY);
	says("shares IOMMU group 7 with 0000:00:05.0, which driver e1000 has");
}
