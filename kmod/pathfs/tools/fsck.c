// SPDX-License-Identifier: MIT
/* fsck.pathfs: finds what is wrong and repairs it. Exit status as fsck(8) has it. */
#include "check.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	CLEAN = 0,
	REPAIRED = 1,
	NOT_REPAIRED = 4,
	FAILED = 8,
	USAGE = 16,
};

static const char usage[] =
	"usage: fsck.pathfs [OPTION]... DEVICE\n\n"
	"Check a pathfs and repair what is wrong.\n\n"
	"  -n          change nothing, only say what is wrong\n"
	"  -p, -a, -y  repair without asking (it never asks)\n"
	"  -q          say nothing of single findings\n"
	"  -h          this text\n\n"
	"Exit status: 0 clean, 1 repaired, 4 not repaired, 8 failed, 16 usage.\n";

static void print(void *context, const char *sentence)
{
	printf("%s: %s\n", (const char *)context, sentence);
}

static int check(char *path, bool repair, bool quiet)
{
	struct check_options options = {
		.repair = repair, .report = quiet ? NULL : print, .context = path};
	struct image image;
	unsigned int findings = 0;
	int err = image_open(&image, path, repair);

	if (err) {
		fprintf(stderr, "fsck.pathfs: %s\n", image.problem);
		return FAILED;
	}
	err = check_filesystem(&image, &options, &findings);
	image_close(&image);
	if (err) {
		fprintf(stderr, "fsck.pathfs: %s: %s\n", path,
			*image.problem ? image.problem : strerror(-err));
		return FAILED;
	}
	if (!findings) {
		printf("%s: clean\n", path);
		return CLEAN;
	}
	printf("%s: %u found, %s\n", path, findings,
	       repair ? "all repaired" : "none repaired; run it without -n");
	return repair ? REPAIRED : NOT_REPAIRED;
}

int main(int argc, char **argv)
{
	bool repair = true;
	bool quiet = false;
	int option;

	while ((option = getopt(argc, argv, "npayqh")) != -1) {
		switch (option) {
		case 'n':
			repair = false;
			break;
		case 'p':
		case 'a':
		case 'y':
			break;
		case 'q':
			quiet = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return CLEAN;
		default:
			fputs(usage, stderr);
			return USAGE;
		}
	}
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return USAGE;
	}
	return check(argv[optind], repair, quiet);
}
