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

static int draw(const struct run *run, const struct group *group, enum plot_kind kind,
		const char *path, struct error *e)
{
	char *script, *drawing = NULL;
	size_t length, nbytes = 0;
	FILE *stream = memory_stream(&script, &length);
	int result;

	plot_draw(stream, kind, run->clock, group, PLOT_PICTURE);
	if (fclose(stream) != 0)
		memory_exhausted();
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
	for (size_t i = 0; i < NPLOT_KINDS * ngroups && result == 0; i++) {
		const struct group *group = &groups[i / NPLOT_KINDS];
		enum plot_kind kind = (enum plot_kind)(i % NPLOT_KINDS);
		char path[PATH_MAX];

		if (!plot_possible(kind, run->clock, group))
			continue;
		snprintf(path, sizeof(path), "%s/plot-%zu-%s.png", folder, i / NPLOT_KINDS + 1,
			 plot_name(kind));
		result = draw(run, group, kind, path, e);
		if (result == 0)
			written(path);
		drawn++;
	}
	groups_free(groups, ngroups);
	if (!drawn)
		return error_set(e, -ENODATA,
				 "nothing in this run can be drawn; see why: bypass report "
				 "--format=text RUN");
	return result;
}
