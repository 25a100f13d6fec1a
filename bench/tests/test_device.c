// SPDX-License-Identifier: MIT
/* Whose interrupts are counted, from a /proc/interrupts made by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "core/sysfs.h"
#include "tests/fixture_machine.h"

static const char interrupts[] =
	"            CPU0       CPU1       \n"
	"   1:          9          0   IO-APIC   1-edge      i8042\n"
	"  24:         70          2   PCI-MSI 65536-edge      nvme0q0\n"
	"  25:        100          1   PCI-MSI 65537-edge      nvme0q1\n"
	"  26:         10         20   PCI-MSI 65538-edge      nvme0q12\n"
	"  27:          5          0   PCI-MSI 81920-edge      nvme1q1\n"
	"  28:          3          4   PCI-MSI 98304-edge      vfio-msix[0](0000:00:06.0)\n"
	"  29:       1000          0   PCI-MSI 98305-edge      vfio-msix[1](0000:00:06.0)\n"
	"  30:         50          0   PCI-MSI 98306-edge      vfio-msix[1](0000:00:07.0)\n"
	" NMI:          1          1   Non-maskable interrupts\n";

static struct device device;
static uint64_t count;

static void set_up(void)
{
	machine_make();
	machine_file("/proc/interrupts", interrupts);
	memset(&device, 0, sizeof(device));
}

static void tear_down(void)
{
	machine_remove();
	sysfs_root = "";
}

TestSuite(device, .init = set_up, .fini = tear_down);

Test(device, counts_the_interrupts_of_its_own_io_queues_on_all_cpus)
{
	device.known = true;
	strcpy(device.interrupt_name, "nvme0q");
	strcpy(device.pci, "0000:00:04.0");
	cr_assert(device_read_interrupts(&device, &count));
	cr_assert_eq(count, 131);
	strcpy(device.interrupt_name, "nvme2q");
	cr_assert_not(device_read_interrupts(&device, &count));
}

Test(device, of_a_driver_in_user_space_is_known_by_its_address)
{
	strcpy(device.pci, "0000:00:06.0");
	cr_assert(device_read_interrupts(&device, &count));
	cr_assert_eq(count, 1007);
	strcpy(device.pci, "0000:00:07.0");
	cr_assert(device_read_interrupts(&device, &count));
	cr_assert_eq(count, 50);
}

Test(device, of_a_driver_in_user_space_that_has_no_vectors_has_no_interrupts)
{
	strcpy(device.pci, "0000:00:08.0");
	cr_assert(device_read_interrupts(&device, &count));
	cr_assert_eq(count, 0);
}

Test(device, without_a_name_for_its_interrupts_says_that_they_can_not_be_told)
{
	cr_assert_not(device_read_interrupts(&device, &count));
	/* A disk of the kernel's: its driver may name its lines as it likes. */
	device.known = true;
	strcpy(device.pci, "0000:00:08.0");
	cr_assert_not(device_read_interrupts(&device, &count));
}

static json_t *describe(void)
{
	device.known = true;
	strcpy(device.name, "nvme0n1");
	strcpy(device.interrupt_name, "nvme0q");
	return device_describe(&device);
}

Test(device, says_which_cpus_its_io_queues_interrupt)
{
	json_t *json, *list;

	machine_file("/proc/irq/24/smp_affinity_list", "0-1\n");
	machine_file("/proc/irq/25/smp_affinity_list", "0\n");
	machine_file("/proc/irq/26/smp_affinity_list", "1\n");
	machine_file("/proc/irq/27/smp_affinity_list", "0\n");
	json = describe();
	list = json_object_get(json, "irq_affinity");
	cr_assert_eq(json_array_size(list), 2);
	cr_assert_str_eq(json_string_value(json_array_get(list, 0)), "0");
	cr_assert_str_eq(json_string_value(json_array_get(list, 1)), "1");
	json_decref(json);
}

Test(device, says_how_warm_it_is_and_how_many_queues_are_polled)
{
	json_t *json;

	machine_file("/sys/class/nvme/nvme0/hwmon3/temp1_input", "41850\n");
	machine_file("/sys/class/nvme/nvme0/hwmon3/temp2_input", "99000\n");
	machine_file("/sys/class/nvme/nvme1/hwmon4/temp1_input", "70000\n");
	machine_file("/sys/module/nvme/parameters/poll_queues", "2\n");
	json = describe();
	cr_assert_eq(json_integer_value(json_object_get(json, "temperature_c_before")), 41);
	cr_assert_str_eq(json_string_value(json_object_get(json, "poll_queues")), "2");
	machine_file("/sys/class/nvme/nvme0/hwmon3/temp1_input", "55000\n");
	device_describe_temperature(&device, json, "temperature_c_after");
	cr_assert_eq(json_integer_value(json_object_get(json, "temperature_c_after")), 55);
	json_decref(json);
}

Test(device, what_the_kernel_does_not_show_is_absent)
{
	json_t *json = describe();

	cr_assert_null(json_object_get(json, "irq_affinity"));
	cr_assert_null(json_object_get(json, "temperature_c_before"));
	cr_assert_null(json_object_get(json, "poll_queues"));
	json_decref(json);
	machine_file("/sys/class/nvme/nvme0/hwmon3/temp1_input", "warm\n");
	json = describe();
	cr_assert_null(json_object_get(json, "temperature_c_before"));
	json_decref(json);
}
