// SPDX-License-Identifier: MIT
/*
 * What the HTML report begins with: the findings of all groups.
 */
#include "report/html_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/findings.h"

/* Sentences before the first plot. */
#define MAIN_FINDINGS 4

/* What a group shows, in a sentence. */
struct answer {
	const struct group *group;
	size_t index;
	bool found;   /* else @text says why there is none */
	bool is_main; /* in sight; the others are folded */
	char text[FINDING_MAX];
};

static void write_group_link(FILE *out, const struct answer *answer)
{
	fprintf(out, "<a href=\"#group-%zu\">", answer->index + 1);
	html_text(out, answer->group->name);
	fputs("</a>", out);
}

/* The best path is what an eye that runs down the list looks for; of a tie there is none. */
static void write_finding(FILE *out, const struct group *group, const char *finding)
{
	size_t length = 0;

	for (size_t i = 0; i < group->nrows; i++) {
		const char *name = group->rows[i].name;
		size_t n = strlen(name);

		if (n > length && strncmp(finding, name, n) == 0 && finding[n] == ' ' &&
		    strncmp(finding + n, " and ", 5) != 0)
			length = n;
	}
	if (length > 0) {
		char *name = strndup(finding, length);

		fputs("<strong>", out);
		html_text(out, name);
		fputs("</strong>", out);
		free(name);
	}
	html_text(out, finding + length);
}

static void write_findings(FILE *out, const struct answer *answers, size_t n, bool is_main)
{
	for (size_t i = 0; i < n; i++) {
		if (!answers[i].found || answers[i].is_main != is_main)
			continue;
		fputs("<li>", out);
		write_group_link(out, &answers[i]);
		fputs("<p>", out);
		write_finding(out, answers[i].group, answers[i].text);
		fputs("</p></li>\n", out);
	}
}

static bool same_reason(const struct answer *a, const struct answer *b)
{
	return !a->found && !b->found && strcmp(a->text, b->text) == 0;
}

/* One line for all groups without a finding for the same reason, where the first of them stands. */
static void write_no_finding(FILE *out, const struct answer *answers, size_t n, size_t index)
{
	const char *join = ": ";

	for (size_t i = 0; i < index; i++)
		if (same_reason(&answers[i], &answers[index]))
			return;
	fputs("<li class=\"none\">", out);
	html_text(out, answers[index].text);
	for (size_t i = index; i < n; i++) {
		if (!same_reason(&answers[i], &answers[index]))
			continue;
		fputs(join, out);
		write_group_link(out, &answers[i]);
		join = "; ";
	}
	fputs("</li>\n", out);
}

/* Whether @a and @b are of one section of the suite: "read: 4k randread, ...". */
static bool same_section(const struct group *a, const struct group *b)
{
	size_t n = strcspn(a->name, ":");

	return n == strcspn(b->name, ":") && strncmp(a->name, b->name, n) == 0;
}

static bool section_has_main(const struct answer *answers, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (answers[i].is_main && same_section(answers[i].group, answers[index].group))
			return true;
	return false;
}

/*
 * Which findings stand in sight: the first of each section of the suite, and if that leaves room,
 * the next ones in order.
 */
static void choose_main(struct answer *answers, size_t n)
{
	size_t chosen = 0;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n && chosen < MAIN_FINDINGS; i++) {
			if (!answers[i].found || answers[i].is_main ||
			    (round == 0 && section_has_main(answers, i)))
				continue;
			answers[i].is_main = true;
			chosen++;
		}
	}
}

/*
 * The answer: a sentence for each group whose figures carry one, a few in sight and the others
 * folded; then the groups that have none.
 */
void html_answers(FILE *out, const struct run *run, const struct group *groups, size_t n)
{
	struct answer *answers;
	size_t found = 0;

	/* Of one group it is the heading that follows. */
	if (n < 2)
		return;
	answers = memory_zeroed(n, sizeof(*answers));
	for (size_t i = 0; i < n; i++) {
		answers[i].group = &groups[i];
		answers[i].index = i;
		answers[i].found = finding_sentence(run->clock, &groups[i], answers[i].text,
						    sizeof(answers[i].text));
		found += answers[i].found;
	}
	choose_main(answers, n);
	fputs("<nav aria-label=\"Findings\"><ol>\n", out);
	write_findings(out, answers, n, true);
	for (size_t i = 0; i < n; i++)
		if (!answers[i].found)
			write_no_finding(out, answers, n, i);
	fputs("</ol>\n", out);
	if (found > MAIN_FINDINGS) {
		fprintf(out, "<details class=\"more\"><summary>and %zu more</summary><ol>\n",
			found - MAIN_FINDINGS);
		write_findings(out, answers, n, false);
		fputs("</ol></details>\n", out);
	}
	fputs("</nav>\n", out);
	free(answers);
}
