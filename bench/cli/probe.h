/* SPDX-License-Identifier: MIT */
/* What `bypass probe` is made of; nothing of it touches a device. */
#ifndef BYPASS_PROBE_H
#define BYPASS_PROBE_H

/* One row of the table of targets: is @text ready, what does it hold, for which paths? */
void probe_show_target(const char *text);
/* Rows for NVMe disks, by either driver, and the controller model. */
void probe_show_nvme(void);
/* What a user-space driver lacks here: a disk, an IOMMU, locked memory, huge pages. */
void probe_show_user_driver_needs(void);

#endif
