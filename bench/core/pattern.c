// SPDX-License-Identifier: MIT
#include "core/pattern.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define NOISE_BYTES (PATTERN_SECTOR - sizeof(struct pattern_stamp))

static unsigned char noise[NOISE_BYTES];
static pthread_once_t noise_once = PTHREAD_ONCE_INIT;

static void noise_make(void)
{
	uint64_t state = PATTERN_OFFSET_MIX;

	for (size_t i = 0; i < sizeof(noise); i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		noise[i] = (unsigned char)(state >> 56);
	}
}

void pattern_fill(void *buffer, size_t nbytes)
{
	pthread_once(&noise_once, noise_make);
	for (size_t at = 0; at + PATTERN_SECTOR <= nbytes; at += PATTERN_SECTOR)
		memcpy((char *)buffer + at + sizeof(struct pattern_stamp), noise, sizeof(noise));
}

int pattern_check(const void *buffer, size_t nbytes, uint64_t offset, uint64_t newest,
		  struct pattern_fault *fault)
{
	pthread_once(&noise_once, noise_make);
	for (size_t at = 0; at < nbytes; at += PATTERN_SECTOR) {
		const char *sector = (const char *)buffer + at;
		struct pattern_stamp stamp;

		memcpy(&stamp, sector, sizeof(stamp));
		fault->offset = offset + at;
		fault->what = NULL;
		if (stamp.offset != (fault->offset ^ PATTERN_OFFSET_MIX))
			fault->what = "wrong offset";
		else if (stamp.generation < 1 || stamp.generation > newest)
			fault->what = "wrong generation";
		else if (memcmp(sector + sizeof(stamp), noise, sizeof(noise)) != 0)
			fault->what = "damaged bytes";
		if (fault->what)
			return -EILSEQ;
	}
	return 0;
}
