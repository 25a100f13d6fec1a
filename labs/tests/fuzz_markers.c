// SPDX-License-Identifier: MIT
/*
 * Any text as a source with markers: it is refused with a sentence, or cut, solved and put together
 * again without loss.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/markers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is cut out and put in again is the same reference, but for the #line's. */
static void round_trip(const struct marked *m, unsigned int lab)
{
	const char *ids[1];
	struct marked student;
	char *solution = marked_solution(m, lab), *spliced;
	struct error e;

	if (marked_parse(&student, "student", solution, &e) ||
	    marked_count(&student, lab) != marked_count(m, lab))
		abort();
	for (size_t i = 0; i < student.count; i++) {
		const struct region *theirs = &student.regions[i];
		const struct region *ours = marked_find(m, theirs->id);

		if (!ours || theirs->end - theirs->begin != ours->end - ours->begin ||
		    memcmp(student.source + theirs->begin, m->source + ours->begin,
			   ours->end - ours->begin) != 0)
			abort();
		ids[0] = theirs->id;
		if (marked_splice(m, &student, ids, 1, &spliced, &e))
			abort();
		free(spliced);
	}
	marked_free(&student);
	free(solution);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct error e = {""};
	struct marked m;

	if (!text)
		return 0;
	if (marked_parse(&m, "x.c", text, &e)) {
		if (!e.text[0])
			abort();
	} else {
		for (size_t i = 0; i < m.count; i++) {
			free(marked_cut(&m, m.regions[i].lab));
			round_trip(&m, m.regions[i].lab);
		}
		marked_free(&m);
	}
	free(text);
	return 0;
}
