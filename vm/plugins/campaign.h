/* SPDX-License-Identifier: MIT */
/*
 * A campaign of power cuts: at random moments of a log, a command judges some of the contents that
 * a medium could have been left with. What the log says, and so which contents those are, is its
 * owner's to know.
 */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include "vm/plugins/medium.h"

enum content {
	CONTENT_NOTHING,    /* of what isn't durable is on the medium */
	CONTENT_EVERYTHING, /* is */
	CONTENT_SOME,       /* some of it, each as a whole */
	CONTENT_PARTS,      /* some parts of each, as small as the medium keeps whole */
};

struct campaign {
	struct medium medium;
	struct medium_marks marks; /* the owner's to keep */
	uint64_t random;
	unsigned int moments;  /* that were asked for */
	unsigned int contents; /* of each moment, at most */
	unsigned int threads;
	char *const *command;
	unsigned int cuts; /* moments that were tried */
	unsigned int asked;
	unsigned int bad_cuts;
	unsigned int bad_contents;
};

/* Tries what the power cut leaves, with medium_try. */
typedef void campaign_try(void *owner, enum content content);

/* Says what failed, and why, and ends the program: nothing was found out. */
_Noreturn void campaign_fail(const char *what, int err);

/* A file's bytes, to be read. */
const void *campaign_map(const char *path, uint64_t *nbytes);

/* A medium of zeros. @argv: IMAGE SEED MOMENTS CONTENTS THREADS COMMAND [ARGUMENT]... */
void campaign_init(struct campaign *campaign, uint64_t nbytes, char **argv);
void campaign_free(struct campaign *campaign);

/* As many random places as there are to be moments, from @first on, in their order. */
uint64_t *campaign_draw(struct campaign *campaign, uint64_t first, uint64_t count);

/* The power fails at @place. If nothing can be missing there, which is @certain, there is one
 * content. */
void campaign_cut(struct campaign *campaign, const char *place, bool certain, campaign_try *try,
		  void *owner);

/* Prints what was found, without the line's end. Returns the program's exit status. */
int campaign_result(const struct campaign *campaign);

#endif
