// SPDX-License-Identifier: MIT
/*
 * Random operations on a file system, and the same on a model in memory.
 *
 *   model DIR SEED OPERATIONS [--dax] [--remount-command COMMAND]
 *
 * DIR is empty, apart from lost+found. After each operation what it touched is compared, read in
 * another way than it was written; now and then everything is. The same seed does the same. COMMAND
 * unmounts and mounts again, and may look at the medium in between. With --dax each file must be
 * one.
 *
 * MODEL_LIE=N in the environment changes a byte of the Nth comparison of data, which must then
 * fail: that proves that a wrong byte is seen.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "model.h"

enum { CHECKPOINT = 500 };

static void do_remount(struct world *world)
{
	if (!world->remount)
		return;
	record(world, "remount");
	close_all(world);
	if (system(world->remount))
		differ(world, "the remount command failed: %s", world->remount);
	verify_all(world);
}

static const struct operation {
	void (*run)(struct world *world);
	uint32_t weight;
} operations[] = {
	{do_create, 50},       {do_mkdir, 15},        {do_symlink, 15},    {do_link, 30},
	{do_unlink, 45},       {do_rmdir, 15},        {do_rename, 60},     {do_attributes, 10},
	{do_write, 260},       {do_copy, 40},         {do_map_write, 130}, {do_private, 20},
	{do_read, 60},         {do_truncate, 80},     {do_fallocate, 90},  {do_sync, 50},
	{do_drop_cache, 20},   {do_open, 40},         {do_close, 25},      {do_holes, 20},
	{do_touch_beyond, 20}, {do_store_beyond, 40}, {do_list, 25},       {do_remount, 2},
};

static void run_one(struct world *world)
{
	uint32_t sum = 0;
	uint32_t chosen;
	size_t i = 0;

	for (size_t j = 0; j < sizeof(operations) / sizeof(*operations); j++)
		sum += operations[j].weight;
	chosen = draw(world, sum);
	while (chosen >= operations[i].weight)
		chosen -= operations[i++].weight;
	operations[i].run(world);
}

static int usage(void)
{
	fprintf(stderr, "usage: model DIR SEED OPERATIONS [--dax] [--remount-command COMMAND]\n");
	return 2;
}

static void prepare(struct world *world)
{
	const char *lie = getenv("MODEL_LIE");

	world->lie = lie ? strtol(lie, NULL, 10) : -1;
	if (posix_memalign((void **)&world->source, BLOCK, MAX_IO) ||
	    posix_memalign((void **)&world->check, BLOCK, MAX_IO))
		differ(world, "this program has no memory left");
	memset(world->source, 1, MAX_IO);
	make_names(world);
	make_areas(world);
	world->root.type = S_IFDIR;
	probe(world);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"dax", no_argument, NULL, 'd'},
						{"remount-command", required_argument, NULL, 'r'},
						{0}};
	static struct world world;
	unsigned long long seed;
	long count;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			world.dax = true;
		else if (option == 'r')
			world.remount = optarg;
		else
			return usage();
	}
	if (argc - optind != 3)
		return usage();
	world.root_path = argv[optind];
	seed = strtoull(argv[optind + 1], NULL, 10);
	count = strtol(argv[optind + 2], NULL, 10);
	world.random = seed;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %llu\n", seed);
	prepare(&world);
	for (world.step = 1; world.step <= count; world.step++) {
		run_one(&world);
		if (world.step % CHECKPOINT == 0)
			verify_all(&world);
	}
	verify_all(&world);
	do_remount(&world);
	printf("%ld operations, seed %llu: no difference\n", count, seed);
	return 0;
}
