// SPDX-License-Identifier: MIT
/* The plots as pictures. Each is drawn by a gnuplot of its own, whose output is the file. */
#include "report/report.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/memory.h"
#include "report/file.h"
#include "report/gnuplot.h"
#include "report/plot.h"

enum kind {
	KIND_BARS,
	KIND_LATENCY,
};

static bool is_possible(const struct run *run, const struct group *group, enum kind kind)
{
	return kind == KIND_BARS ? plot_bars_possible(run->clock, group)
				 : plot_latency_possible(run->clock, group);
}

static int draw(const struct run *run, const struct group *group, enum kind kind, const char *path,
		struct error *e)
{
	char *script, *drawing = NULL;
	size_t length, nbytes = 0;
	FILE *stream = memory_stream(&script, &length);
	int result;

	if (kind == KIND_BARS)
		plot_bars(stream, run->clock, group, PLOT_PICTURE);
	else
		plot_latency(stream, group, PLOT_PICTURE);
	fclose(stream);
	result = gnuplot_run(script, length, &drawing, &nbytes, e);
	if (result == 0)
		result = file_replace(path, drawing, nbytes, e);
	free(drawing);
	free(script);
	return result;
}

int report_png(const struct run *run, const char *folder, void (*written)(const char *path),
	       struct error *e)
{
	struct group *groups = NULL;
	size_t ngroups = 0, drawn = 0;
	int result = groups_make(run, &groups, &ngroups);

	if (result < 0)
		return error_set(e, result, "the report was not written: no memory");
	for (size_t i = 0; i < 2 * ngroups && result == 0; i++) {
		enum kind kind = i % 2 ? KIND_LATENCY : KIND_BARS;
		char path[PATH_MAX];

		if (!is_possible(run, &groups[i / 2], kind))
			continue;
		snprintf(path, sizeof(path), "%s/plot-%zu-%s.png", folder, i / 2 + 1,
			 kind == KIND_BARS ? "bars" : "latency");
		result = draw(run, &groups[i / 2], kind, path, e);
		if (result == 0)
			written(path);
		drawn++;
	}
	groups_free(groups, ngroups);
	if (!drawn)
		return error_set(e, -ENODATA,
				 "nothing in this run can be drawn; see why: bypass report "
				 "--format=text");
	return result;
}
