/* SPDX-License-Identifier: MIT */
/* What the examples share: a controller from a word on the command line. */
#ifndef EXAMPLE_TARGET_H
#define EXAMPLE_TARGET_H

#include "../include/userdrv.h"

/* "soft:" is a model of a controller in this process, "pci:0000:01:00.0" a device on vfio-pci. */
bool target_is_soft(const char *target);

/* Opens @target, or says on stderr why not and gives NULL. The caller closes it: ud_ctrlr_close. */
struct ud_ctrlr *target_open(const char *target);

#endif
