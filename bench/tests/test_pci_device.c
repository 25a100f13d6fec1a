// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pci_bind.h"
#include "core/pci_device.h"
#include "tests/fixture_machine.h"

#define DISK     "0000:00:04.0"
#define OVERRIDE "/sys/bus/pci/devices/" DISK "/driver_override"

static struct pci_device device;
static struct pci_bound bound;
static struct error error;

TestSuite(pci_device, .init = machine_make, .fini = machine_remove);
TestSuite(pci_bind, .init = machine_make, .fini = machine_remove);
TestSuite(pci_unbind, .init = machine_make, .fini = machine_remove);

static void expect_sentence(const char *words)
{
	cr_assert_not_null(strstr(error.text, words), "no '%s' in: %s", words, error.text);
}

/* An empty NVMe disk of the kernel's, alone in its group, and vfio-pci is loaded. */
static void make_disk(void)
{
	machine_pci(DISK, "0x010802\n", "nvme", 5);
	machine_controller(DISK, 0, "S1");
	machine_namespace(0, "nvme0n1", "nvme0n1", "259:0\n");
	machine_file("/sys/bus/pci/drivers/vfio-pci/unbind", "");
}

Test(pci_device, the_domain_may_be_left_out)
{
	make_disk();
	cr_assert_eq(pci_device_read(&device, "00:04.0", &error), 0);
	cr_assert_str_eq(device.address, DISK);
	cr_assert(pci_device_is_nvme(&device));
	cr_assert_str_eq(device.driver, "nvme");
	cr_assert_str_eq(device.controller, "nvme0");
	cr_assert_str_eq(device.serial, "S1");
	cr_assert_eq(device.iommu_group, 5);
}

Test(pci_device, only_an_address_is_one)
{
	static const char *const wrong[] = {"",         "4",       "/dev/nvme0n1",  "../../x",
					    "00:04",    "00:20.0", "00:04.8",       "00:04.0x",
					    "00:04.0 ", "0:0:0:0", "0000:00:04.0.1"};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_eq(pci_device_read(&device, wrong[i], &error), -EINVAL, "%s", wrong[i]);
		expect_sentence("write one like 0000:01:00.0");
	}
}

Test(pci_device, one_that_is_not_there)
{
	cr_assert_eq(pci_device_read(&device, "77:00.0", &error), -ENODEV);
	expect_sentence("there is no PCI device 0000:77:00.0; `lspci -D` lists");
}

Test(pci_device, variants_of_vfio_pci_are_vfio)
{
	cr_assert(pci_driver_is_vfio("vfio-pci"));
	cr_assert(pci_driver_is_vfio("mlx5-vfio-pci"));
	cr_assert_not(pci_driver_is_vfio("nvme"));
	cr_assert_not(pci_driver_is_vfio(""));
}

Test(pci_device, disks_are_in_the_order_of_their_numbers_and_others_are_none)
{
	struct nvme_disks disks;

	make_disk();
	machine_namespace(0, "nvme0n10", "nvme0n10", "259:1\n");
	machine_namespace(0, "nvme0n2", "nvme0n2", "259:2\n");
	machine_file("/sys/class/nvme/nvme0/ng0n1/x", "");
	machine_file("/sys/class/nvme/nvme0/nvme0n1p1/x", "");
	cr_assert_eq(nvme_disks_find(&disks, "nvme0"), 0);
	cr_assert_eq(disks.count, 3);
	cr_assert_str_eq(disks.names[0], "nvme0n1");
	cr_assert_str_eq(disks.names[1], "nvme0n2");
	cr_assert_str_eq(disks.names[2], "nvme0n10");
	nvme_disks_free(&disks);
}

Test(pci_device, a_serial_number_names_a_disk)
{
	char disk[64];

	make_disk();
	machine_controller("0000:00:05.0", 1, "S 2");
	machine_namespace(1, "nvme1n3", "nvme1n3", "259:3\n");
	cr_assert_eq(nvme_find_serial("S 2", disk, sizeof(disk), &error), 0, "%s", error.text);
	cr_assert_str_eq(disk, "nvme1n3");
}

Test(pci_device, an_unknown_serial_number_is_answered_with_those_there_are)
{
	char disk[64];

	make_disk();
	machine_controller("0000:00:05.0", 1, "S2");
	cr_assert_eq(nvme_find_serial("S", disk, sizeof(disk), &error), -ENODEV);
	expect_sentence("no NVMe disk has serial number S, only: S1, S2; ");
}

Test(pci_device, an_unknown_serial_number_may_be_of_a_disk_bound_to_vfio)
{
	char disk[64];

	machine_pci(DISK, "0x010802\n", "vfio-pci", 5);
	cr_assert_eq(nvme_find_serial("S1", disk, sizeof(disk), &error), -ENODEV);
	expect_sentence(DISK " is bound to vfio-pci for our driver");
	expect_sentence("do: sudo bypass unbind " DISK);
}

/* Refused, and neither driver nor device was told anything. */
static void expect_refused(int result, const char *words)
{
	int ret = pci_bind(DISK, &bound, &error);

	cr_assert_eq(ret, result, "%d: %s", ret, error.text);
	expect_sentence(words);
	cr_assert_str_eq(machine_text(OVERRIDE), "(null)\n");
	cr_assert_str_eq(machine_text("/sys/bus/pci/drivers_probe"), "");
}

Test(pci_bind, what_is_no_nvme_device_is_refused)
{
	machine_pci(DISK, "0x060000\n", "nvme", 5);
	expect_refused(-ENODEV, DISK " isn't an NVMe controller (its class is 0x060000");
}

Test(pci_bind, what_is_bound_already_is_left_as_it_is)
{
	machine_pci(DISK, "0x010802\n", "vfio-pci", 5);
	cr_assert_eq(pci_bind("00:04.0", &bound, &error), 0);
	cr_assert(bound.already);
	cr_assert_str_eq(bound.node, "/dev/vfio/5");
	cr_assert_str_eq(machine_text(OVERRIDE), "(null)\n");
}

Test(pci_bind, without_permission_it_is_refused_with_sudo)
{
	make_disk();
	machine_command("chmod 0444 .'" OVERRIDE "'");
	machine_become_nobody();
	expect_refused(-EACCES, "do: sudo bypass bind " DISK);
}

Test(pci_bind, without_an_iommu_it_is_refused)
{
	machine_pci(DISK, "0x010802\n", "nvme", -1);
	expect_refused(-ENOTSUP, "no IOMMU translates for " DISK);
	expect_sentence("intel_iommu=on or amd_iommu=on");
}

Test(pci_bind, a_group_with_a_device_of_the_kernels_is_refused)
{
	make_disk();
	machine_pci("0000:00:04.1", "0x020000\n", "e1000e", 5);
	expect_refused(-EBUSY, "shares IOMMU group 5 with 0000:00:04.1, which driver e1000e has");
}

Test(pci_bind, bridges_and_idle_devices_are_no_obstacle_in_a_group)
{
	make_disk();
	machine_pci("0000:00:01.0", "0x060400\n", "pcieport", 5);
	machine_pci("0000:00:04.1", "0x020000\n", "", 5);
	machine_pci("0000:00:04.2", "0x010802\n", "vfio-pci", 5);
	cr_assert_eq(pci_device_read(&device, DISK, &error), 0);
	cr_assert_not(pci_device_group_blocked(&device, &(struct pci_device){0}));
}

/* A modprobe that does @what instead, with the folder of drivers as the working directory. */
static void fake_modprobe(const char *what)
{
	char path[400], text[400];

	machine_command("rm -r sys/bus/pci/drivers/vfio-pci");
	snprintf(text, sizeof(text), "#!/bin/sh\ncd '%s'\n%s\n",
		 machine_path("/sys/bus/pci/drivers"), what);
	machine_file("/bin/modprobe", text);
	machine_command("chmod +x bin/modprobe");
	snprintf(path, sizeof(path), "%s:%.200s", machine_path("/bin"), getenv("PATH"));
	setenv("PATH", path, 1);
}

Test(pci_bind, without_vfio_pci_it_is_refused)
{
	make_disk();
	fake_modprobe("exit 1");
	expect_refused(-ENOENT, "this kernel has no vfio-pci");
}

/* The checks go on after it: it is the next one that refuses. */
Test(pci_bind, vfio_pci_is_loaded_where_it_is_missing)
{
	make_disk();
	machine_command("mkswap dev/nvme0n1");
	fake_modprobe("mkdir $1");
	expect_refused(-EBUSY, "isn't empty (nvme0n1: swap)");
}

Test(pci_bind, a_disk_that_holds_something_is_refused)
{
	make_disk();
	machine_namespace(0, "nvme0n2", "nvme0n2", "259:2\n");
	machine_append("/proc/self/mountinfo", "30 25 259:2 / /home rw - xfs /dev/x rw\n");
	expect_refused(-EBUSY, DISK " isn't empty (nvme0n2: mounted on /home)");
}

Test(pci_bind, a_disk_of_which_nothing_is_known_is_refused)
{
	make_disk();
	machine_command("rm dev/nvme0n1");
	expect_refused(-ENOENT, "whether " DISK " is empty can't be told (nvme0n1: No such file");
}

Test(pci_bind, a_device_without_driver_is_given_to_the_kernel_first)
{
	machine_pci(DISK, "0x010802\n", "", 5);
	machine_file("/sys/bus/pci/drivers/vfio-pci/unbind", "");
	expect_refused(-EBUSY, "no driver, so what is on the disk can't be told");
	expect_sentence("sudo bypass unbind " DISK);
}

/* In this machine no driver ever does what it is told. */
Test(pci_bind, where_vfio_pci_does_not_take_it_all_is_put_back)
{
	make_disk();
	cr_assert_eq(pci_bind(DISK, &bound, &error), -EIO);
	expect_sentence("vfio-pci didn't take " DISK ", and it now has driver nvme");
	cr_assert_str_eq(machine_text("/sys/bus/pci/drivers/nvme/unbind"), DISK);
	cr_assert_str_eq(machine_text("/sys/bus/pci/drivers_probe"), DISK);
	cr_assert_str_eq(machine_text(OVERRIDE), "\n");
}

static void expect_not_unbound(int result, const char *words)
{
	int ret = pci_unbind(DISK, &bound, &error);

	cr_assert_eq(ret, result, "%d: %s", ret, error.text);
	expect_sentence(words);
	cr_assert_str_eq(machine_text(OVERRIDE), "(null)\n");
}

Test(pci_unbind, what_the_kernel_has_is_left_as_it_is)
{
	make_disk();
	cr_assert_eq(pci_unbind(DISK, &bound, &error), 0, "%s", error.text);
	cr_assert(bound.already);
	cr_assert_str_eq(bound.disk, "nvme0n1");
	cr_assert_str_eq(machine_text(OVERRIDE), "(null)\n");
}

Test(pci_unbind, another_programs_driver_is_left_as_it_is)
{
	machine_pci(DISK, "0x010802\n", "uio_pci_generic", 5);
	expect_not_unbound(-EBUSY, "is bound to uio_pci_generic, not to vfio-pci");
}

Test(pci_unbind, without_permission_it_is_refused_with_sudo)
{
	machine_pci(DISK, "0x010802\n", "vfio-pci", 5);
	machine_command("chmod 0444 .'" OVERRIDE "'");
	machine_become_nobody();
	expect_not_unbound(-EACCES, "do: sudo bypass unbind " DISK);
}

Test(pci_unbind, a_process_that_uses_the_group_is_named)
{
	machine_pci(DISK, "0x010802\n", "vfio-pci", 5);
	machine_link("/proc/76/fd/9", "/dev/vfio/55");
	machine_link("/proc/77/fd/3", "/dev/vfio/5");
	expect_not_unbound(-EBUSY, "process 77 has /dev/vfio/5 open");
	expect_sentence("kill 77");
}

Test(pci_unbind, the_kernel_is_asked_and_its_refusal_is_told)
{
	machine_pci(DISK, "0x010802\n", "vfio-pci", 5);
	cr_assert_eq(pci_unbind(DISK, &bound, &error), -EIO);
	expect_sentence("driver nvme didn't take " DISK);
	cr_assert_str_eq(machine_text("/sys/bus/pci/drivers/vfio-pci/unbind"), DISK);
	cr_assert_str_eq(machine_text("/sys/bus/pci/drivers_probe"), DISK);
	cr_assert_str_eq(machine_text(OVERRIDE), "\n");
}
