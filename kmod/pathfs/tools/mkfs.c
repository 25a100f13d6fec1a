// SPDX-License-Identifier: MIT
/* mkfs.pathfs: makes an empty file system. */
#include "make.h"
#include <blkid/blkid.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: mkfs.pathfs [OPTION]... DEVICE\n\n"
			    "Make an empty pathfs on a block device or in a file.\n\n"
			    "  -f          overwrite what is there\n"
			    "  -L LABEL    name of the file system, up to 32 bytes\n"
			    "  -N NUMBER   inodes (default: one for each 64 KiB)\n"
			    "  -q          print nothing\n"
			    "  -h          this text\n";

/* What libblkid finds, or NULL for nothing. Our own file system it doesn't know. */
static char *find_signature(struct image *image)
{
	blkid_probe probe = blkid_new_probe();
	struct pathfs_super super;
	uint8_t block[PATHFS_BLOCK_SIZE];
	const char *type = NULL;
	char *found = NULL;

	if (image->device_blocks && !image_read(image, 0, 1, block)) {
		memcpy(&super, block, sizeof(super));
		if (le32_to_cpu(super.magic) == PATHFS_MAGIC)
			found = strdup("pathfs");
	}
	if (!found && probe && !blkid_probe_set_device(probe, image->fd, 0, 0) &&
	    blkid_do_safeprobe(probe) == 0 &&
	    (!blkid_probe_lookup_value(probe, "TYPE", &type, NULL) ||
	     !blkid_probe_lookup_value(probe, "PTTYPE", &type, NULL)))
		found = strdup(type);
	blkid_free_probe(probe);
	return found;
}

static bool may_overwrite(struct image *image, const char *path, bool force)
{
	char *found = force ? NULL : find_signature(image);

	if (!found)
		return true;
	fprintf(stderr, "mkfs.pathfs: %s holds %s already; -f overwrites it\n", path, found);
	free(found);
	return false;
}

static bool parse_inodes(const char *text, uint32_t *ninodes)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*ninodes = (uint32_t)value;
	return *text && !*end && value > 0 && value < UINT32_MAX / PATHFS_INODE_SIZE;
}

static int make(const char *path, const struct make_options *options, bool force, bool quiet)
{
	struct image image;
	int err = image_open_device(&image, path, true);

	if (err) {
		fprintf(stderr, "mkfs.pathfs: %s\n", image.problem);
		return EXIT_FAILURE;
	}
	if (!may_overwrite(&image, path, force)) {
		image_close(&image);
		return EXIT_FAILURE;
	}
	err = make_filesystem(&image, options);
	if (err)
		fprintf(stderr, "mkfs.pathfs: %s: %s\n", path,
			*image.problem ? image.problem : strerror(-err));
	else if (!quiet)
		printf("%s: %u blocks of 4096 bytes, %u inodes, data from block %u\n", path,
		       le32_to_cpu(image.super.nblocks), le32_to_cpu(image.super.ninodes),
		       le32_to_cpu(image.super.data_start));
	image_close(&image);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct make_options options = {0};
	bool force = false;
	bool quiet = false;
	int option;

	while ((option = getopt(argc, argv, "fL:N:qh")) != -1) {
		switch (option) {
		case 'f':
			force = true;
			break;
		case 'L':
			options.label = optarg;
			break;
		case 'N':
			if (!parse_inodes(optarg, &options.ninodes)) {
				fprintf(stderr, "mkfs.pathfs: -N %s is not a number of inodes\n",
					optarg);
				return 2;
			}
			break;
		case 'q':
			quiet = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return 2;
	}
	return make(argv[optind], &options, force, quiet);
}
