/* SPDX-License-Identifier: MIT */
/* What one may say of somebody's result, and why. */
#ifndef LAB_VERDICTS_H
#define LAB_VERDICTS_H

enum judgement {
	UNREAD,
	SOUND,          /* the claim follows from what was recorded */
	REFUTED,        /* something else was measured than the claim is about */
	MISCOUNTED,     /* the right thing was measured, and the wrong figure made of it */
	UNDECIDED,      /* the figures are right, and too few or too unsteady for the claim */
	NOT_COMPARABLE, /* each figure is right, and they answer different questions */
};

/* Where one leads to another, the first of them: what would have had to be otherwise. */
enum reason {
	NO_REASON,
	DAX_WAS_OFF,
	FROM_PAGE_CACHE,
	FROM_CPU_CACHE,
	NEVER_WRITTEN,        /* the device answered without reading */
	COORDINATED_OMISSION, /* who would have come during a stall isn't counted */
	AVERAGED_PERCENTILES,
	OUTLIERS_DROPPED,
	TOO_FEW_REPETITIONS,
	FREQUENCY_CHANGED, /* the processor's, and not for both sides alike */
	DURABILITY_DIFFERS,
	DEPTH_DIFFERS, /* of operations in flight */
};

struct finding {
	const char *result; /* "a" for results/a.json */
	enum judgement judgement;
	enum reason reason;
};

/* Ends with a NULL result. */
extern const struct finding findings[];

#endif
