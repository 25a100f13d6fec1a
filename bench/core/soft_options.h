/* SPDX-License-Identifier: MIT */
/*
 * The text of a soft: target as a configuration of the controller model. Options, with commas
 * between them, all of which may be left out:
 *
 *   latency=10us                     each command takes so long
 *   latency=uniform:5us:20us         anything between
 *   latency=long-tail:10us:1ms:100   10us, but 100 of 10,000 are doubled again and again, up to 1ms
 *   size=64m                         of the namespace; else as large as the workloads need
 *   bs=4k                            logical block: 512 (as it is without the option) or 4k
 *
 * A thread of the model plays the controller and takes its time from the real clock: these targets
 * are for nanoseconds. On the instruction clock that thread has the same one CPU as the driver.
 */
#ifndef BYPASS_SOFT_OPTIONS_H
#define BYPASS_SOFT_OPTIONS_H

#include "core/error.h"
#include "userdrv/soft/ud_soft.h"

/*
 * @text is what follows "soft:". The first namespace has no blocks where no size is given. -EINVAL
 * with a sentence that names the option and what would be right.
 */
int soft_options_parse(const char *text, struct ud_soft_config *config, struct error *e);

#endif
