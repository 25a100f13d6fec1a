// SPDX-License-Identifier: MIT
/* Paths that are compared in one plot can be told apart, by those too who see fewer colours. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>

#include "report/colour.h"

/* Between colours in CIELAB; one that is just seen is about 2. Okabe and Ito's own keep 16. */
#define DISTANCE_MIN 14

/* Machado, Oliveira, Fernandes (2009), full deficiency: what is seen of linear red, green, blue. */
static const double sights[][3][3] = {
	{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	{{0.152286, 1.052583, -0.204868},
	 {0.114503, 0.786281, 0.099216},
	 {-0.003882, -0.048116, 1.051998}},
	{{0.367322, 0.860646, -0.227968},
	 {0.280085, 0.672501, 0.047413},
	 {-0.011820, 0.042940, 0.968881}},
	{{1.255528, -0.076749, -0.178779},
	 {-0.078411, 0.930809, 0.147602},
	 {0.004733, 0.691367, 0.303900}},
};
#define NSIGHTS (sizeof(sights) / sizeof(sights[0]))

struct lab {
	double l, a, b;
};

static double linear(unsigned int byte)
{
	double c = byte / 255.0;

	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double cube_root(double t)
{
	t = fmax(t, 0);
	return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
}

static struct lab seen(const char *colour, size_t sight)
{
	unsigned int red, green, blue;
	double in[3], out[3], x, y, z;

	cr_assert_eq(sscanf(colour, "#%2x%2x%2x", &red, &green, &blue), 3);
	in[0] = linear(red);
	in[1] = linear(green);
	in[2] = linear(blue);
	for (size_t i = 0; i < 3; i++) {
		out[i] = 0;
		for (size_t j = 0; j < 3; j++)
			out[i] += sights[sight][i][j] * in[j];
		out[i] = fmin(1, fmax(0, out[i]));
	}
	x = cube_root((0.4124 * out[0] + 0.3576 * out[1] + 0.1805 * out[2]) / 0.95047);
	y = cube_root(0.2126 * out[0] + 0.7152 * out[1] + 0.0722 * out[2]);
	z = cube_root((0.0193 * out[0] + 0.1192 * out[1] + 0.9505 * out[2]) / 1.08883);
	return (struct lab){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

static void expect_apart(const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			for (size_t sight = 0; sight < NSIGHTS; sight++) {
				struct lab a = seen(colour_of_path(paths[i]), sight);
				struct lab b = seen(colour_of_path(paths[j]), sight);
				double distance = hypot(hypot(a.l - b.l, a.a - b.a), a.b - b.b);

				cr_expect_gt(distance, DISTANCE_MIN, "%s and %s, sight %zu: %.1f",
					     paths[i], paths[j], sight, distance);
			}
}

Test(report_colour, keeps_the_paths_to_a_disk_apart)
{
	static const char *const paths[] = {"buffered",    "direct",          "libaio",
					    "uring",       "uring-iopoll",    "uring-sqpoll",
					    "passthru",    "passthru-iopoll", "userdrv-poll",
					    "userdrv-irq", "userdrv-hybrid"};

	expect_apart(paths, sizeof(paths) / sizeof(paths[0]));
}

Test(report_colour, keeps_the_paths_to_memory_apart)
{
	static const char *const paths[] = {"buffered",     "direct",   "dax",  "mmap-shared",
					    "mmap-private", "mmap-dax", "uring"};

	expect_apart(paths, sizeof(paths) / sizeof(paths[0]));
}

/* #fafaf8 and #131619 are the pages; a lightness between theirs, with room on both sides. */
Test(report_colour, stands_on_a_light_page_and_on_a_dark_one)
{
	static const char *const paths[] = {"buffered",     "direct",       "dax",
					    "mmap-shared",  "mmap-private", "mmap-dax",
					    "libaio",       "uring",        "uring-iopoll",
					    "uring-sqpoll", "passthru",     "passthru-iopoll",
					    "userdrv-poll", "userdrv-irq",  "userdrv-hybrid",
					    "spdk",         "null"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct lab lab = seen(colour_of_path(paths[i]), 0);

		cr_expect(lab.l > 35 && lab.l < 80, "%s: %.0f", paths[i], lab.l);
	}
}

Test(report_colour, of_a_path_is_always_the_same)
{
	cr_assert_str_eq(colour_of_path("fio:psync"), colour_of_path("fio:psync"));
	cr_assert_str_neq(colour_of_path("direct"), colour_of_path("dax"));
}
