// SPDX-License-Identifier: MIT
#include "vm/plugins/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void campaign_fail(const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(-err));
	exit(2);
}

const void *campaign_map(const char *path, uint64_t *nbytes)
{
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	const off_t end = file < 0 ? -1 : lseek(file, 0, SEEK_END);
	const void *bytes;

	if (end <= 0)
		campaign_fail(path, end ? -errno : -ENODATA);
	bytes = mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED)
		campaign_fail(path, -errno);
	close(file);
	*nbytes = (uint64_t)end;
	return bytes;
}

void campaign_init(struct campaign *campaign, uint64_t nbytes, char **argv)
{
	const int err = medium_init(&campaign->medium, nbytes, argv[0]);

	if (err)
		campaign_fail(argv[0], err);
	campaign->random = strtoull(argv[1], NULL, 10);
	campaign->moments = (unsigned int)strtoul(argv[2], NULL, 10);
	campaign->contents = (unsigned int)strtoul(argv[3], NULL, 10);
	campaign->threads = (unsigned int)strtoul(argv[4], NULL, 10);
	campaign->command = argv + 5;
}

void campaign_free(struct campaign *campaign)
{
	medium_free(&campaign->medium);
}

static int compare(const void *one, const void *other)
{
	const uint64_t a = *(const uint64_t *)one;
	const uint64_t b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

uint64_t *campaign_draw(struct campaign *campaign, uint64_t first, uint64_t count)
{
	uint64_t *places = calloc(campaign->moments + 1u, sizeof(*places));

	if (!places)
		campaign_fail("moments", -ENOMEM);
	for (unsigned int i = 0; i < campaign->moments; i++)
		places[i] = first + medium_random(&campaign->random) % count;
	qsort(places, campaign->moments, sizeof(*places), compare);
	return places;
}

static bool ask(struct campaign *campaign, unsigned int number, campaign_try *try, void *owner)
{
	const enum content content = number < CONTENT_SOME
					     ? (enum content)number
					     : CONTENT_SOME + medium_random(&campaign->random) % 2;
	int status;

	try(owner, content);
	status = medium_ask(&campaign->medium, campaign->command, &campaign->marks,
			    campaign->threads);
	medium_undo(&campaign->medium);
	campaign->asked++;
	if (status > 1)
		campaign_fail("the command for a content couldn't do its work", -ECHILD);
	campaign->bad_contents += status;
	return !status;
}

void campaign_cut(struct campaign *campaign, const char *place, bool certain, campaign_try *try,
		  void *owner)
{
	const unsigned int contents = certain ? 1 : campaign->contents;
	bool good = true;

	for (unsigned int i = 0; i < contents; i++) {
		if (ask(campaign, i, try, owner))
			continue;
		good = false;
		printf("  at %s, content %u\n", place, i);
	}
	campaign->cuts++;
	campaign->bad_cuts += !good;
	fflush(stdout);
}

int campaign_result(const struct campaign *campaign)
{
	printf("%u moments, %u contents: %u moments and %u contents are not as acknowledged",
	       campaign->cuts, campaign->asked, campaign->bad_cuts, campaign->bad_contents);
	return campaign->bad_contents ? 1 : 0;
}
