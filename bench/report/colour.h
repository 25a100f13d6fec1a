/* SPDX-License-Identifier: MIT */
/*
 * A path has the same colour in every plot of every report.
 */
#ifndef BYPASS_REPORT_COLOUR_H
#define BYPASS_REPORT_COLOUR_H

/* "#rrggbb"; a path that isn't in the table gets the same one of a few others each time. */
const char *colour_of_path(const char *path);

#endif
