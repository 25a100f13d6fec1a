// SPDX-License-Identifier: MIT
#include "core/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

#define BAR_CELLS    20
#define REDRAW_NS    100000000ull
#define LINE_PERCENT 25

void progress_start(struct progress *p, const char *label, const char *unit, size_t total,
		    bool timed)
{
	memset(p, 0, sizeof(*p));
	p->terminal = isatty(STDERR_FILENO);
	p->timed = timed;
	p->total = total;
	snprintf(p->label, sizeof(p->label), "%s", label);
	p->start_ns = clock_raw_ns();
	if (!p->terminal)
		fprintf(stderr, "%s: %zu %s%s\n", p->label, total, unit, total == 1 ? "" : "s");
}

static void draw_bar(const struct progress *p, const char *what, uint64_t now)
{
	uint64_t spent = now - p->start_ns;
	uint64_t left = p->done ? spent / p->done * (p->total - p->done) / 1000000000 : 0;
	char bar[BAR_CELLS + 1], time[40] = "";

	for (size_t i = 0; i < BAR_CELLS; i++)
		bar[i] = i < p->done * BAR_CELLS / p->total ? '#' : '.';
	bar[BAR_CELLS] = '\0';
	if (p->timed)
		snprintf(time, sizeof(time), ", %" PRIu64 " s left", left);
	fprintf(stderr, "\r%.16s [%s] %zu/%zu%s  %-24.24s", p->label, bar, p->done, p->total, time,
		what);
	fflush(stderr);
}

void progress_step(struct progress *p, const char *what)
{
	uint64_t now = clock_raw_ns();
	unsigned int percent;

	p->done++;
	percent = (unsigned int)(p->done * 100 / p->total);
	if (p->terminal) {
		if (now - p->shown_ns < REDRAW_NS && p->done < p->total)
			return;
		p->shown_ns = now;
		draw_bar(p, what, now);
	} else if (percent >= p->shown_percent + LINE_PERCENT) {
		p->shown_percent = percent - percent % LINE_PERCENT;
		fprintf(stderr, "%s: %u%%", p->label, p->shown_percent);
		if (p->timed)
			fprintf(stderr, " after %" PRIu64 " s", (now - p->start_ns) / 1000000000);
		fputc('\n', stderr);
	}
}

void progress_end(struct progress *p)
{
	if (p->terminal)
		fprintf(stderr, "\r%79s\r", "");
}
