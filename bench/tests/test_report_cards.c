// SPDX-License-Identifier: MIT
/* The card of a cell: its numbers, the functions that were counted, its call graph, its proof. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/call_graph.h"
#include "tests/fixture_html.h"
#include "tests/fixture_run.h"

/* The card that cell @index has in group 1, up to where the next begins; freed by the caller. */
static char *card_of(const char *html, size_t index)
{
	char id[32];
	const char *begin, *end;

	snprintf(id, sizeof(id), " id=\"g1-cell-%zu\"", index + 1);
	begin = strstr(html, id);
	cr_assert_not_null(begin, "%s", id);
	end = strstr(begin, "</details>");
	return strndup(begin, (size_t)(end - begin));
}

Test(report_cards, have_the_graph_of_their_own_path)
{
	static const struct {
		const char *path, *calls;
	} expected[] = {
		{"direct", "submit_bio_noacct"},
		{"dax", "dax_copy_to_iter"},
		{"mmap-dax", "dax_iomap_fault"},
	};
	struct run *run = fixture_run_recorded();
	char *html = fixture_html(run);

	for (size_t i = 0; i < run->ncells; i++) {
		char *card = card_of(html, i), *graph = strstr(card, "<pre");
		const char *path = run->cells[i].workload.path;

		if (strcmp(path, "buffered") == 0)
			cr_expect_null(graph, "a buffered read was not recorded");
		for (size_t j = 0; j < 3; j++)
			if (strcmp(path, expected[j].path) == 0)
				cr_expect(graph && strstr(graph, expected[j].calls), "%s", path);
		free(card);
	}
	free(html);
	run_free(run);
}

Test(report_cards, have_numbers_proof_and_a_link_to_them)
{
	struct run *run = fixture_run_recorded();
	char *html = fixture_html(run);

	fixture_html_check_nesting(html);
	for (size_t i = 0; i < run->ncells; i++) {
		char *card = card_of(html, i), link[32];

		cr_expect_not_null(strstr(card, "<dt>work</dt>"));
		cr_expect_not_null(strstr(card, run->cells[i].evidence[0].claim));
		snprintf(link, sizeof(link), "href=\"#g1-cell-%zu\"", i + 1);
		cr_expect_not_null(strstr(html, link), "%s", link);
		free(card);
	}
	free(html);
	run_free(run);
}

/* What the boxes of one row of the first picture after @html cover, in per cent. */
static double covered(const char *html, unsigned int y)
{
	const char *picture = strstr(html, "<svg class=\"layers\""), *end;
	char begin[16];
	double sum = 0;

	cr_assert_not_null(picture);
	end = strstr(picture, "</svg></figure>");
	cr_assert_not_null(end);
	snprintf(begin, sizeof(begin), "y=\"%u\"", y);
	for (const char *c = picture; (c = strstr(c, begin)) && c < end; c++)
		sum += strtod(strstr(c, "width=\"") + 7, NULL);
	return sum;
}

Test(report_cards, show_every_counted_instruction_by_layer_and_by_function)
{
	struct run *run = fixture_run_recorded();
	char *html = fixture_html(run);

	for (size_t i = 0; i < run->ncells; i++) {
		char *card = card_of(html, i);

		cr_expect_float_eq(covered(card, 0), 100, 0.1, "%f", covered(card, 0));
		cr_expect_float_eq(covered(card, 28), 100, 0.1, "%f", covered(card, 28));
		free(card);
	}
	cr_expect_not_null(strstr(html, "copy_user_generic_string"));
	free(html);
	run_free(run);
}

Test(report_cards, of_a_run_without_functions_have_no_picture_of_them)
{
	struct run *run = fixture_run_instructions();
	char *html = fixture_html(run);

	cr_expect_null(strstr(html, "Where the instructions go"));
	cr_expect_null(strstr(html, "<svg class=\"layers\""));
	free(html);
	run_free(run);
}

static void expect_graph(struct run *run, const char *expected)
{
	char name[CALL_GRAPH_NAME_MAX] = "none";

	call_graph_name(run, &run->cells[0], name);
	cr_expect_str_eq(name, expected);
}

Test(report_call_graph, is_of_the_same_operation_and_no_other)
{
	struct run *run = fixture_run_recorded();
	struct workload *w = &run->cells[0].workload;

	strcpy(w->path, "buffered");
	expect_graph(run, "none");
	w->rw = RW_RANDWRITE;
	expect_graph(run, "6.1/xfs-buffered-write");
	w->durability = DURABILITY_DATA;
	expect_graph(run, "none");
	strcpy(w->path, "mmap-dax");
	w->durability = DURABILITY_NONE;
	expect_graph(run, "none");
	w->hugepage = true;
	expect_graph(run, "6.1/xfs-dax-fault-2m");
	w->hugepage = false;
	w->sync = true;
	expect_graph(run, "6.1/xfs-dax-fault-map-sync");
	w->rw = RW_RANDREAD;
	w->sync = false;
	expect_graph(run, "6.1/xfs-dax-fault-4k");
	strcpy(w->path, "uring");
	expect_graph(run, "none");
	run_free(run);
}

Test(report_call_graph, is_of_the_same_kernel_file_system_and_medium)
{
	struct run *run = fixture_run_recorded();
	struct workload *w = &run->cells[0].workload;
	json_t *target = json_object_get(run->targets, w->target);

	strcpy(w->path, "direct");
	expect_graph(run, "6.1/xfs-direct-read");
	json_object_set_new(run->environment, "kernel", json_string("6.12.48+deb13-amd64"));
	expect_graph(run, "6.12/xfs-direct-read");
	json_object_set_new(target, "fs", json_string("ext4"));
	expect_graph(run, "none");
	json_object_set_new(target, "fs", json_string("pathfs"));
	expect_graph(run, "6.12/pathfs-direct-read");
	json_object_set_new(json_object_get(target, "device"), "name", json_string("nvme0n1"));
	expect_graph(run, "none");
	run_free(run);
}

Test(report_call_graph, that_was_not_recorded_is_not_there)
{
	char *graph = call_graph_read("6.1/xfs-dax-read");

	cr_assert_not_null(graph);
	cr_expect_eq(strncmp(graph, "vfs_read\n", 9), 0);
	free(graph);
	cr_expect_null(call_graph_read("5.10/xfs-dax-read"));
}
