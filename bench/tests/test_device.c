// SPDX-License-Identifier: MIT
/* Whose interrupts are counted, from a /proc/interrupts made by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/device.h"
#include "core/sysfs.h"

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

static char root[64];
static struct device device;
static uint64_t count;

static void set_up(void)
{
	char path[96];
	FILE *f;

	strcpy(root, "/tmp/test_device-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/proc", root);
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/proc/interrupts", root);
	f = fopen(path, "we");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(interrupts, f), 0);
	cr_assert_eq(fclose(f), 0);
	sysfs_root = root;
}

static void tear_down(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/proc/interrupts", root);
	unlink(path);
	snprintf(path, sizeof(path), "%s/proc", root);
	rmdir(path);
	rmdir(root);
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
