// SPDX-License-Identifier: MIT
#include "target.h"
#include "../soft/ud_soft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool target_is_soft(const char *target)
{
	return !strcmp(target, "soft:");
}

/* Threaded: a thread plays the controller while this one plays the driver. */
static int open_soft(struct ud_transport **transport)
{
	struct ud_soft_config config;

	ud_soft_config_init(&config);
	config.mode = UD_SOFT_THREADED;
	config.latency.ns = 10000;
	return ud_soft_create(&config, transport);
}

struct ud_ctrlr *target_open(const char *target)
{
	struct ud_transport *transport;
	struct ud_ctrlr *ctrlr;
	char reason[512] = "use soft: or pci:ADDRESS";
	int err = -EINVAL;

	if (target_is_soft(target)) {
		err = open_soft(&transport);
		snprintf(reason, sizeof(reason), "the model can't be made: %s", strerror(-err));
	} else if (!strncmp(target, "pci:", 4)) {
		err = ud_vfio_open(target + 4, &transport, reason, sizeof(reason));
	}
	if (err) {
		fprintf(stderr, "%s: %s\n", target, reason);
		return NULL;
	}
	err = ud_ctrlr_open(transport, NULL, &ctrlr);
	if (err) {
		fprintf(stderr, "%s: the controller doesn't start: %s\n", target, strerror(-err));
		return NULL;
	}
	return ctrlr;
}
