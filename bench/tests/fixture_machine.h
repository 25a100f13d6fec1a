/* SPDX-License-Identifier: MIT */
/* A machine made of files: a folder with the parts of /sys, /proc and /dev that a test needs. */
#ifndef BYPASS_FIXTURE_MACHINE_H
#define BYPASS_FIXTURE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Criterion's init and fini: with empty lists of mounts and swap, and no device. */
void machine_make(void);
void machine_remove(void);

/* The path of a file in it, in a buffer that lives until the next call but three. */
const char *machine_path(const char *path);
void machine_file(const char *path, const char *text);
void machine_append(const char *path, const char *text);
void machine_link(const char *path, const char *target);
/* What is in the file now. */
const char *machine_text(const char *path);
/* Runs a command with the machine's folder as the working directory; it must succeed. */
void machine_command(const char *command);
/* As the user nobody, where the test is root; the test's own process stays so. */
void machine_become_nobody(void);

/* PCI device @address with a class ("0x010802"), driver ("" for none) and IOMMU group (-1). */
void machine_pci(const char *address, const char *class_code, const char *driver, int group);
/* Its NVMe controller of the kernel's: nvme@number, live. */
void machine_controller(const char *address, int number, const char *serial);
/* An empty disk of 16 MiB in /dev, of device number @number ("259:0\n") in /sys. */
void machine_disk(const char *disk, const char *number);
/* Namespace @entry ("nvme0n1") of a controller and its disk. */
void machine_namespace(int controller, const char *entry, const char *disk, const char *number);

#endif
