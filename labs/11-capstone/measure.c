// SPDX-License-Identifier: MIT
/*
 * Pumps 1,024 pieces of 4 KiB, 64 in flight, in batches of 16, for callgrind to count what is
 * executed inside pump_run, without what is executed inside the consumer and the controller model,
 * which time passes in. Prints its argument if each piece came once.
 *
 * The program itself tells callgrind where that is (CALLGRIND_TOGGLE_COLLECT): by the names of
 * functions it finds their ends on x86-64, but not on arm64.
 */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

#include "reference/pump.h"
#include "userdrv/soft/ud_soft.h"

#define NPIECES 1024u

static unsigned char count[NPIECES];

static const struct ud_transport_ops *model;

static void consume(void *arg, uint64_t piece, const void *data)
{
	CALLGRIND_TOGGLE_COLLECT;
	(void)arg, (void)data;
	if (piece < NPIECES)
		count[piece]++;
	CALLGRIND_TOGGLE_COLLECT;
}

static uint64_t now(struct ud_transport *t)
{
	uint64_t ns;

	CALLGRIND_TOGGLE_COLLECT;
	ns = model->now_ns(t);
	CALLGRIND_TOGGLE_COLLECT;
	return ns;
}

static void wait_ns(struct ud_transport *t, uint64_t ns)
{
	CALLGRIND_TOGGLE_COLLECT;
	model->wait(t, ns);
	CALLGRIND_TOGGLE_COLLECT;
}

static int wait_vector(struct ud_transport *t, unsigned int vector, uint64_t timeout_ns)
{
	int ret;

	CALLGRIND_TOGGLE_COLLECT;
	ret = model->wait_vector(t, vector, timeout_ns);
	CALLGRIND_TOGGLE_COLLECT;
	return ret;
}

/* Only pump_run passes through them: elsewhere each would begin what it should end. */
static int run(struct ud_transport *soft, struct pump *pump)
{
	struct ud_transport_ops hooked;
	int err;

	model = soft->ops;
	hooked = *model;
	hooked.now_ns = now;
	hooked.wait = wait_ns;
	hooked.wait_vector = wait_vector;
	soft->ops = &hooked;
	CALLGRIND_TOGGLE_COLLECT;
	err = pump_run(pump, 0, consume, NULL);
	CALLGRIND_TOGGLE_COLLECT;
	soft->ops = model;
	return err;
}

static void require(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "measure: %s: error %d\n", what, err);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	const struct pump_options options = {.nqueues = 1, .depth = 64, .batch = 16, .nblocks = 8};
	struct ud_soft_config config;
	struct ud_transport *soft;
	struct ud_ctrlr *ctrlr;
	struct pump *pump;

	ud_soft_config_init(&config);
	config.backing = UD_SOFT_NONE;
	config.now_step_ns = 1000;
	config.latency = (struct ud_soft_latency){UD_SOFT_LATENCY_UNIFORM, 20000, 80000, 0};
	config.namespaces[0].nblocks = NPIECES * options.nblocks;
	require(ud_soft_create(&config, &soft), "model");
	require(ud_ctrlr_open(soft, NULL, &ctrlr), "controller");
	require(pump_open(ctrlr, ud_ctrlr_ns(ctrlr, 0), &options, &pump), "pump_open");
	require(run(soft, pump), "pump_run");
	pump_close(pump);
	require(ud_ctrlr_close(ctrlr), "close");
	for (unsigned int i = 0; i < NPIECES; i++)
		require(count[i] != 1, "a piece didn't come once");
	printf("%s\n", argc > 1 ? argv[1] : "each piece came once");
	return 0;
}
