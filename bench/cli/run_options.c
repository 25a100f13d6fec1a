// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/environment.h"
#include "core/memory.h"
#include "core/results.h"
#include "core/target_kinds.h"
#include "fio/import.h"

#define DEFAULT_SEED 1
#define RUNS_MAX     1000

static const char run_usage[] =
	"bypass run SUITE|JOBFILE.fio [OPTION...]\n"
	"bypass run --path=PATH[,PATH...] --target=TARGET [OPTION...]\n"
	"\n"
	"  bypass run --path=buffered,direct --target=/tmp --runtime=1 --time_based=1\n"
	"\n"
	"What there is: bypass list suites, bypass list paths, bypass list targets.\n"
	"\n"
	"Workload options have fio's names and units and override the suite's:\n"
	"  --rw=read|write|randread|randwrite|randrw   --bs=4k   --size=64m   --numjobs=1\n"
	"  --iodepth=1   --iodepth_batch_submit=1 (0: all)\n"
	"  --iodepth_batch_complete_min=1   (asynchronous paths)\n"
	"  --aggregation_threshold=1   --aggregation_time=0   (our driver's interrupts)\n"
	"  --fixedbufs=1   --registerfiles=1   (io_uring)\n"
	"  --rate_iops=N   --rate_process=linear|poisson   (open loop, of each job)\n"
	"  --thinktime=TIME   --rwmixread=50   --random_distribution=random|zipf:THETA\n"
	"  --numa_cpu_nodes=near|far|N   --numa_mem_policy=bind:near|bind:far|bind:N\n"
	"  --number_ios=N   --runtime=SECONDS   --time_based=1   --ramp_time=SECONDS\n"
	"  --precondition=N (writes all of it N times first)\n"
	"  --cache=hot|cold|pressed   --durability=none|data   --access=copy|touch\n"
	"  --populate=1   --sync=1   --hugepage=1   --madvise=normal|random|sequential\n"
	"\n"
	"      --warmup=SECONDS  before the clock starts; the same as --ramp_time\n"
	"  -r, --runs=N          repetitions of each cell (default: the suite's, or 9)\n"
	"      --seed=N          order of cells and offsets (default 1)\n"
	"      --testbed[=CLOCK] in the virtual machine, 3 boots; CLOCK instructions\n"
	"                        (default) or ns\n"
	"      --kernel=6.1|6.12 of the testbed\n"
	"      --functions       with --testbed: how many of each I/O's instructions each\n"
	"                        function executes, exactly\n"
	"      --allow-writes=SERIAL   the disk of this serial number may be overwritten\n"
	"                        if nothing is on it; other disks are only read\n"
	"      --dry-run         cells and bytes that would be written; runs nothing\n"
	"  -o, --output-format=table|json|csv|fio-json\n"
	"      --export-json=FILE   another copy of run.json\n"
	"      --results=DIR     where runs are kept (default: results/ of the sources;\n"
	"                        of an installed one ~/.local/share/bypass/results)\n";

/* An option that may be given as --name=value or --name value. */
struct argument {
	char name[64];
	const char *value; /* NULL: none was given */
	bool attached;     /* with '=' */
};

static void split_argument(struct argument *a, int argc, char **argv, int i)
{
	const char *text = argv[i] + (argv[i][1] == '-' ? 2 : 1);
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);

	snprintf(a->name, sizeof(a->name), "%.*s", (int)n, text);
	a->attached = equals != NULL;
	a->value = equals ? equals + 1 : i + 1 < argc ? argv[i + 1] : NULL;
	if (!a->attached && a->value && a->value[0] == '-' && a->value[1])
		a->value = NULL;
}

static int parse_unsigned(const struct argument *a, uint64_t max, uint64_t *value, struct error *e)
{
	char *end;

	errno = 0;
	*value = a->value ? strtoull(a->value, &end, 10) : 0;
	if (!a->value || !*a->value || *end || errno || *a->value == '-' || *value > max)
		return error_set(e, -EINVAL, "--%s=%s is no number from 0 to %llu; give one",
				 a->name, a->value ? a->value : "", (unsigned long long)max);
	return 0;
}

static int parse_testbed(struct run_options *o, const struct argument *a, struct error *e)
{
	o->testbed = true;
	o->testbed_clock = RUN_CLOCK_INSTRUCTIONS;
	if (!a->attached || strcmp(a->value, "instructions") == 0)
		return 0;
	if (strcmp(a->value, "ns") != 0)
		return error_set(e, -EINVAL,
				 "unknown clock '%s'; give --testbed=instructions or "
				 "--testbed=ns",
				 a->value);
	o->testbed_clock = RUN_CLOCK_NS;
	return 0;
}

/* An option that is whole without a value. */
static bool is_flag(const char *name)
{
	return strcmp(name, "testbed") == 0 || strcmp(name, "functions") == 0 ||
	       strcmp(name, "dry-run") == 0;
}

static int parse_flag(struct run_options *o, const struct argument *a, struct error *e)
{
	if (strcmp(a->name, "testbed") == 0)
		return parse_testbed(o, a, e);
	if (strcmp(a->name, "functions") == 0) {
		o->functions = true;
		o->counts = a->attached ? a->value : NULL;
	} else {
		o->dry_run = true;
	}
	return 0;
}

/* Where the value of an option is kept that is taken as it stands; NULL: not one of these. */
static const char **place_of(struct run_options *o, const char *name)
{
	const struct {
		const char *name, **place;
	} places[] = {
		{"export-json", &o->export_json},
		{"results", &o->results},
		{"output", &o->output},
		{"kernel", &o->kernel},
		{"allow-writes", &target_writable_serial},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(name, places[i].name) == 0)
			return places[i].place;
	}
	return NULL;
}

static int parse_runs(struct run_options *o, const struct argument *a, struct error *e)
{
	uint64_t value;

	if (parse_unsigned(a, RUNS_MAX, &value, e))
		return -EINVAL;
	if (!value)
		return error_set(e, -EINVAL, "--runs=0 measures nothing; give at least 1");
	o->runs = (unsigned int)value;
	return 0;
}

static int parse_boot(struct run_options *o, const struct argument *a, struct error *e)
{
	uint64_t value;
	int ret = parse_unsigned(a, 1000, &value, e);

	o->boot = (unsigned int)value;
	return ret;
}

/* 1: not one of our own options, but the workload's. */
static int parse_own(struct run_options *o, const struct argument *a, struct error *e)
{
	const char **place = place_of(o, a->name);

	if (strcmp(a->name, "r") == 0 || strcmp(a->name, "runs") == 0)
		return parse_runs(o, a, e);
	if (strcmp(a->name, "seed") == 0)
		return parse_unsigned(a, INT64_MAX, &o->seed, e);
	if (strcmp(a->name, "boot") == 0)
		return parse_boot(o, a, e);
	if (strcmp(a->name, "o") == 0 || strcmp(a->name, "output-format") == 0)
		return cli_parse_format(a->value ? a->value : "", OUTPUT_FIO_JSON, &o->format, e);
	if (!place)
		return 1;
	if (!a->value)
		return error_set(e, -EINVAL, "--%s needs a value; write --%s=VALUE", a->name,
				 a->name);
	*place = a->value;
	return 0;
}

struct overrides {
	struct argument *list;
	size_t n;
};

static int take_argument(struct run_options *o, struct overrides *overrides,
			 const struct argument *a, struct error *e)
{
	int ret = is_flag(a->name) ? parse_flag(o, a, e) : parse_own(o, a, e);

	if (ret != 1)
		return ret;
	if (!a->value)
		return error_set(e, -EINVAL,
				 "option --%s needs a value; write --%s=VALUE, see `bypass run "
				 "--help`",
				 a->name, a->name);
	overrides->list = memory_append(overrides->list, overrides->n, sizeof(*a));
	overrides->list[overrides->n] = *a;
	/* hyperfine's word for what fio calls ramp_time. */
	if (strcmp(a->name, "warmup") == 0)
		strcpy(overrides->list[overrides->n].name, "ramp_time");
	overrides->n++;
	return 0;
}

static int collect(struct run_options *o, int argc, char **argv, struct overrides *overrides,
		   struct error *e)
{
	for (int i = 1; i < argc; i++) {
		struct argument a;

		if (argv[i][0] != '-') {
			if (o->suite)
				return error_set(e, -EINVAL,
						 "two suites, '%s' and '%s'; run one at a "
						 "time",
						 o->suite, argv[i]);
			o->suite = argv[i];
			continue;
		}
		split_argument(&a, argc, argv, i);
		if (take_argument(o, overrides, &a, e))
			return -EINVAL;
		if (!a.attached && !is_flag(a.name))
			i++;
	}
	return 0;
}

/* A suite with one cell for each path named on the command line. */
static struct suite *cells_of_options(const struct overrides *overrides)
{
	struct suite *suite = memory_zeroed(1, sizeof(*suite));
	const char *paths = "";

	for (size_t i = 0; i < overrides->n; i++) {
		if (strcmp(overrides->list[i].name, "path") == 0)
			paths = overrides->list[i].value;
	}
	snprintf(suite->name, sizeof(suite->name), "cell");
	suite->question = memory_string("What do these paths cost?");
	suite->runs = 9;
	while (*paths) {
		size_t n = strcspn(paths, ",");
		struct suite_cell *cell;

		suite->cells = memory_append(suite->cells, suite->ncells, sizeof(*suite->cells));
		cell = &suite->cells[suite->ncells++];
		workload_defaults(&cell->workload);
		snprintf(cell->workload.path, sizeof(cell->workload.path), "%.*s", (int)n, paths);
		paths += n + (paths[n] == ',');
	}
	return suite;
}

static int load_cells(struct run_options *o, const struct overrides *overrides, struct error *e)
{
	bool one_target = false;
	char folder[600];
	int ret = 0;

	if (o->suite) {
		snprintf(folder, sizeof(folder), "%s/bench/suites", o->root);
		ret = fio_import_matches(o->suite) ? fio_import_load(&o->cells, o->suite, e)
						   : suite_load(&o->cells, folder, o->suite, e);
		if (ret)
			return ret;
	} else {
		o->cells = cells_of_options(overrides);
		if (!o->cells->ncells)
			return error_set(e, -EINVAL,
					 "nothing to run; give a suite or --path= and "
					 "--target=, see `bypass run --help`");
	}
	for (size_t i = 0; i < overrides->n && !ret; i++) {
		const struct argument *a = &overrides->list[i];

		if (!o->suite && strcmp(a->name, "path") == 0)
			continue;
		ret = suite_override(o->cells, a->name, a->value, e);
		one_target = one_target || strcmp(a->name, "target") == 0;
	}
	if (!ret && one_target)
		suite_merge_sections(o->cells);
	for (size_t i = 0; i < o->cells->ncells && !ret; i++) {
		const struct workload *w = &o->cells->cells[i].workload;

		if (!w->target[0] && strcmp(w->path, "null") != 0)
			ret = error_set(e, -EINVAL,
					"path %s needs a target; give --target=file:DIR, "
					"see `bypass list targets`",
					w->path);
	}
	return ret;
}

static enum run_clock run_clock(const struct run_options *o)
{
	return o->testbed ? o->testbed_clock : environment_clock();
}

int run_options_parse(struct run_options *o, int argc, char **argv)
{
	struct overrides overrides = {NULL, 0};
	struct error e;
	int ret;

	memset(o, 0, sizeof(*o));
	o->seed = DEFAULT_SEED;
	o->argc = argc;
	o->argv = argv;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(run_usage, stdout);
			return -1;
		}
	}
	ret = results_project_root(o->root, sizeof(o->root), &e);
	if (ret)
		return cli_fail(EXIT_FAILED, &e);
	results_default(o->root, o->default_results, sizeof(o->default_results));
	o->results = o->default_results;
	ret = collect(o, argc, argv, &overrides, &e);
	if (!ret)
		ret = cli_check_format(o->format, run_clock(o), &e);
	if (!ret && strlen(o->results) >= sizeof(o->default_results))
		ret = error_set(&e, -EINVAL,
				"--results= is longer than %zu bytes; give a shorter one",
				sizeof(o->default_results) - 1);
	if (!ret && o->kernel && !o->testbed)
		ret = error_set(&e, -EINVAL, "--kernel is the testbed's; add --testbed");
	if (!ret && o->functions && !o->counts &&
	    (!o->testbed || o->testbed_clock != RUN_CLOCK_INSTRUCTIONS))
		ret = error_set(&e, -EINVAL,
				"--functions counts instructions in the testbed; add --testbed");
	if (!ret && target_writable_serial && o->testbed)
		ret = error_set(
			&e, -EINVAL,
			"--allow-writes is about a disk of this machine, and the testbed's are "
			"made for it; leave it out");
	if (!ret)
		ret = load_cells(o, &overrides, &e);
	free(overrides.list);
	return ret ? cli_fail(EXIT_USAGE, &e) : 0;
}
