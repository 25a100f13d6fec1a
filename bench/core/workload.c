// SPDX-License-Identifier: MIT
/* The options of a cell: their names and what they accept. */
#include "core/workload.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/workload_hints.h"

#define KIB                       1024ull
#define MIB                       (1024 * KIB)
#define GIB                       (1024 * MIB)
#define TIB                       (1024 * GIB)
#define BS_MIN                    512ull
#define BS_MAX                    (64 * MIB)
#define SIZE_LIMIT                (1 * TIB)
#define NUMJOBS_MAX               256ull
#define IOS_MAX                   1000000000000ull
#define NS_PER_S                  1000000000ull
#define IODEPTH_MAX               4096ull
#define RATE_MAX                  1000000000ull
#define NODES_MAX                 1024ull
#define THETA_MAX                 10000ull /* thousandths */
#define PASSES_OF_PRECONDITIONING 10ull

/* Interrupt coalescing as the controller takes it [NVMe 5.21.1.8]: 8 bits each, times of 100 us. */
#define AGGREGATION_MAX      256ull
#define AGGREGATION_STEP_NS  100000ull
#define AGGREGATION_LIMIT_NS (255 * AGGREGATION_STEP_NS)

const char *const workload_rw_names[] = {"read", "write", "randread", "randwrite", "randrw", NULL};
const char *const workload_cache_names[] = {"hot", "cold", "pressed", NULL};
const char *const workload_access_names[] = {"copy", "touch", NULL};
const char *const workload_durability_names[] = {"none", "data", NULL};
const char *const workload_madvise_names[] = {"normal", "random", "sequential", NULL};

const char *const workload_rate_process_names[] = {"linear", "poisson", NULL};

const char *rw_name(enum rw rw)
{
	return workload_rw_names[rw];
}

const char *cache_name(enum cache_state cache)
{
	return workload_cache_names[cache];
}

const char *access_name(enum access access)
{
	return workload_access_names[access];
}

const char *durability_name(enum durability durability)
{
	return workload_durability_names[durability];
}

const char *madvise_name(enum madvise_kind madvise)
{
	return workload_madvise_names[madvise];
}

void workload_defaults(struct workload *w)
{
	memset(w, 0, sizeof(*w));
	w->rw = RW_RANDREAD;
	w->bs = 4 * KIB;
	w->size = 64 * MIB;
	w->numjobs = 1;
	w->iodepth = 1;
	w->iodepth_batch_submit = 1;
	w->iodepth_batch_complete_min = 1;
	w->aggregation_threshold = 1;
	w->rwmixread = 50;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"", 1},      {"b", 1},    {"k", KIB},   {"ki", KIB},  {"kb", KIB},
	{"kib", KIB}, {"m", MIB},  {"mi", MIB},  {"mb", MIB},  {"mib", MIB},
	{"g", GIB},   {"gi", GIB}, {"gb", GIB},  {"gib", GIB}, {"t", TIB},
	{"ti", TIB},  {"tb", TIB}, {"tib", TIB}, {NULL, 0},
};

static const struct unit time_units[] = {
	{"", NS_PER_S},       {"us", 1000},           {"ms", 1000000}, {"s", NS_PER_S},
	{"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}, {NULL, 0},
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/*
 * A decimal number and a unit, nothing around them. -EINVAL if it isn't one, -ERANGE if it exceeds
 * 2^63 - 1, which is what run.json can store. strtoull would accept blanks, a sign and hexadecimal.
 */
static int parse_number(const char *text, const struct unit *units, uint64_t *result)
{
	uint64_t value = 0;
	bool overflow = false;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++) {
		overflow |= __builtin_mul_overflow(value, 10u, &value);
		overflow |= __builtin_add_overflow(value, (unsigned int)(*text - '0'), &value);
	}
	while (units->name && strcasecmp(text, units->name) != 0)
		units++;
	if (!units->name)
		return -EINVAL;
	overflow |= __builtin_mul_overflow(value, units->factor, &value);
	if (overflow || value > INT64_MAX)
		return -ERANGE;
	*result = value;
	return 0;
}

int parse_size(const char *text, uint64_t *bytes, struct error *e)
{
	uint64_t value = 0;
	int result = parse_number(text, size_units, &value);

	if (result == -ERANGE)
		return error_set(e, -EINVAL, "'%.60s' is too large; a size is under 2^63 bytes",
				 text);
	if (result)
		return error_set(e, -EINVAL,
				 "'%.60s' is not a size; write bytes or a whole number with k, m, "
				 "g or t, as in 4k",
				 text);
	if (value == 0)
		return error_set(e, -EINVAL, "a size of 0 does nothing; write at least 1 byte");
	*bytes = value;
	return 0;
}

int parse_time(const char *text, uint64_t *ns, struct error *e)
{
	uint64_t value = 0;
	int result = parse_number(text, time_units, &value);

	if (result == -ERANGE)
		return error_set(e, -EINVAL, "'%.60s' is too long; a time is under 292 years",
				 text);
	if (result)
		return error_set(e, -EINVAL,
				 "'%.60s' is not a time; write seconds or a whole number with us, "
				 "ms, s, m or h, as in 500ms",
				 text);
	*ns = value;
	return 0;
}

enum option_type {
	OPTION_TEXT,
	OPTION_CHOICE,
	OPTION_BOOL,
	OPTION_SIZE,
	OPTION_TIME,
	OPTION_COUNT,   /* unsigned int */
	OPTION_COUNT64, /* uint64_t */
	OPTION_DISTRIBUTION,
	OPTION_NODE,
	OPTION_NODE_BOUND, /* the same behind "bind:" */
};

struct option {
	const char *name;
	enum option_type type;
	size_t offset;
	/* Of a number, a time's max 0: none; max is the room of a text, min the step of a time. */
	uint64_t min, max;
	const char *const *choices;
};

#define AT(member)   offsetof(struct workload, member)
#define ROOM(member) sizeof(((struct workload *)0)->member)

static const struct option options[] = {
	{"path", OPTION_TEXT, AT(path), 1, ROOM(path), NULL},
	{"target", OPTION_TEXT, AT(target), 1, ROOM(target), NULL},
	{"rw", OPTION_CHOICE, AT(rw), 0, 0, workload_rw_names},
	{"bs", OPTION_SIZE, AT(bs), BS_MIN, BS_MAX, NULL},
	{"size", OPTION_SIZE, AT(size), BS_MIN, SIZE_LIMIT, NULL},
	{"numjobs", OPTION_COUNT, AT(numjobs), 1, NUMJOBS_MAX, NULL},
	{"iodepth", OPTION_COUNT, AT(iodepth), 1, IODEPTH_MAX, NULL},
	{"iodepth_batch_submit", OPTION_COUNT, AT(iodepth_batch_submit), 0, IODEPTH_MAX, NULL},
	{"iodepth_batch_complete_min", OPTION_COUNT, AT(iodepth_batch_complete_min), 1, IODEPTH_MAX,
	 NULL},
	{"number_ios", OPTION_COUNT64, AT(number_ios), 0, IOS_MAX, NULL},
	{"runtime", OPTION_TIME, AT(runtime_ns), 0, 0, NULL},
	{"time_based", OPTION_BOOL, AT(time_based), 0, 0, NULL},
	{"ramp_time", OPTION_TIME, AT(ramp_ns), 0, 0, NULL},
	{"cache", OPTION_CHOICE, AT(cache), 0, 0, workload_cache_names},
	{"access", OPTION_CHOICE, AT(access), 0, 0, workload_access_names},
	{"durability", OPTION_CHOICE, AT(durability), 0, 0, workload_durability_names},
	{"populate", OPTION_BOOL, AT(populate), 0, 0, NULL},
	{"sync", OPTION_BOOL, AT(sync), 0, 0, NULL},
	{"hugepage", OPTION_BOOL, AT(hugepage), 0, 0, NULL},
	{"madvise", OPTION_CHOICE, AT(madvise), 0, 0, workload_madvise_names},
	{"rwmixread", OPTION_COUNT, AT(rwmixread), 0, 100, NULL},
	{"random_distribution", OPTION_DISTRIBUTION, AT(zipf_thousandths), 0, THETA_MAX, NULL},
	{"rate_iops", OPTION_COUNT64, AT(rate_iops), 0, RATE_MAX, NULL},
	{"rate_process", OPTION_CHOICE, AT(rate_process), 0, 0, workload_rate_process_names},
	{"thinktime", OPTION_TIME, AT(thinktime_ns), 0, 0, NULL},
	{"precondition", OPTION_COUNT, AT(precondition), 0, PASSES_OF_PRECONDITIONING, NULL},
	{"fixedbufs", OPTION_BOOL, AT(fixedbufs), 0, 0, NULL},
	{"registerfiles", OPTION_BOOL, AT(registerfiles), 0, 0, NULL},
	{"numa_cpu_nodes", OPTION_NODE, AT(numa_cpu_nodes), 0, NODES_MAX - 1, NULL},
	{"numa_mem_policy", OPTION_NODE_BOUND, AT(numa_mem_policy), 0, NODES_MAX - 1, NULL},
	{"aggregation_threshold", OPTION_COUNT, AT(aggregation_threshold), 1, AGGREGATION_MAX,
	 NULL},
	{"aggregation_time", OPTION_TIME, AT(aggregation_ns), AGGREGATION_STEP_NS,
	 AGGREGATION_LIMIT_NS, NULL},
};

#define NOPTIONS (sizeof(options) / sizeof(options[0]))

const char *workload_option_name(size_t index)
{
	return index < NOPTIONS ? options[index].name : NULL;
}

static int set_text(const struct option *option, const char *value, char *field, struct error *e)
{
	size_t length = strlen(value);
	size_t i;

	if (length >= option->max)
		return error_set(e, -EINVAL, "%s: '%.40s...' is too long; at most %u characters",
				 option->name, value, (unsigned int)option->max - 1);
	for (i = 0; i < length; i++) {
		if (iscntrl((unsigned char)value[i]))
			return error_set(e, -EINVAL,
					 "%s: the value has a control character; take it out",
					 option->name);
	}
	memset(field, 0, option->max);
	memcpy(field, value, length);
	return 0;
}

static int set_choice(const struct option *option, const char *value, void *field, struct error *e)
{
	char known[128] = "";
	unsigned int i;

	for (i = 0; option->choices[i]; i++) {
		if (strcmp(value, option->choices[i]) == 0) {
			/* Every enumeration of struct workload is stored as unsigned int. */
			memcpy(field, &i, sizeof(i));
			return 0;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 i ? ", " : "", option->choices[i]);
	}
	return error_set(e, -EINVAL, "%s: '%.60s' is not known; write one of %s", option->name,
			 value, known);
}

static int set_bool(const struct option *option, const char *value, bool *field, struct error *e)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return error_set(e, -EINVAL, "%s: '%.60s' is neither 0 nor 1; write %s=0 or %s=1",
				 option->name, value, option->name, option->name);
	*field = value[0] == '1';
	return 0;
}

/* 4k rather than 4096: the way that people write it. */
static void size_text(uint64_t bytes, char *text, size_t room)
{
	static const char units[] = " kmgt";
	unsigned int unit = 0;

	while (bytes >= KIB && bytes % KIB == 0 && unit < 4) {
		bytes /= KIB;
		unit++;
	}
	snprintf(text, room, "%llu%.1s", (unsigned long long)bytes, unit ? &units[unit] : "");
}

static int set_size(const struct option *option, const char *value, uint64_t *field,
		    struct error *e)
{
	char min[24], max[24];
	struct error why;
	uint64_t bytes = 0;

	if (parse_size(value, &bytes, &why))
		return error_set(e, -EINVAL, "%s: %s", option->name, why.text);
	if (bytes < option->min || bytes > option->max) {
		size_text(option->min, min, sizeof(min));
		size_text(option->max, max, sizeof(max));
		return error_set(e, -EINVAL, "%s: '%.60s' is out of range; write %s to %s",
				 option->name, value, min, max);
	}
	*field = bytes;
	return 0;
}

/* The shortest way to write a time: 100us, 2ms, 10s. */
static void time_text(uint64_t ns, char *text, size_t room)
{
	static const struct unit units[] = {{"s", NS_PER_S}, {"ms", 1000000}, {"us", 1000}};
	unsigned int i = 0;

	while (i < 2 && (ns < units[i].factor || ns % units[i].factor))
		i++;
	snprintf(text, room, "%llu%s", (unsigned long long)(ns / units[i].factor),
		 ns ? units[i].name : "");
}

static int set_time(const struct option *option, const char *value, uint64_t *field,
		    struct error *e)
{
	char step[24], max[24];
	struct error why;
	uint64_t ns = 0;

	if (parse_time(value, &ns, &why))
		return error_set(e, -EINVAL, "%s: %s", option->name, why.text);
	if (option->max && (ns > option->max || ns % option->min)) {
		time_text(option->min, step, sizeof(step));
		time_text(option->max, max, sizeof(max));
		return error_set(e, -EINVAL,
				 "%s: '%.60s' is not 0 or a multiple of %s up to %s; write one",
				 option->name, value, step, max);
	}
	*field = ns;
	return 0;
}

static int set_count(const struct option *option, const char *value, void *field, struct error *e)
{
	uint64_t count;

	if (parse_number(value, no_units, &count) || count < option->min || count > option->max)
		return error_set(e, -EINVAL,
				 "%s: '%.60s' is not a whole number from %llu to %llu; write one",
				 option->name, value, (unsigned long long)option->min,
				 (unsigned long long)option->max);
	if (option->type == OPTION_COUNT64)
		*(uint64_t *)field = count;
	else
		*(unsigned int *)field = (unsigned int)count;
	return 0;
}

/* "random", or "zipf:THETA" with up to three decimals, as fio has it. */
static int set_distribution(const struct option *option, const char *value, unsigned int *field,
			    struct error *e)
{
	uint64_t whole = 0, part = 0;
	const char *text = value + strlen("zipf:");
	const char *point = strchr(value, '.');
	char digits[8] = "";

	if (strcmp(value, "random") == 0) {
		*field = 0;
		return 0;
	}
	if (strncmp(value, "zipf:", strlen("zipf:")) == 0 && strlen(text) < sizeof(digits) - 1 &&
	    (!point || strlen(point) - 1 <= 3)) {
		snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(text, "."), text);
		if (!parse_number(digits, no_units, &whole) && point) {
			snprintf(digits, sizeof(digits), "%s000", point + 1);
			digits[3] = '\0';
			if (parse_number(digits, no_units, &part))
				whole = 0, part = 0;
		}
	}
	whole = whole * 1000 + part;
	if (!whole || whole > option->max || whole == 1000)
		return error_set(e, -EINVAL,
				 "%s: '%.60s' is not known; write random, or zipf:THETA with a "
				 "THETA from 0.001 to 10 that is not 1, as in zipf:1.2",
				 option->name, value);
	*field = (unsigned int)whole;
	return 0;
}

static int set_node(const struct option *option, const char *value, unsigned int *field,
		    struct error *e)
{
	static const char bind[] = "bind:";
	const bool bound = option->type == OPTION_NODE_BOUND;
	const char *text = value;
	uint64_t node;

	if (strcmp(value, "default") == 0) {
		*field = NUMA_ANYWHERE;
		return 0;
	}
	if (bound && strncmp(value, bind, strlen(bind)) == 0)
		text += strlen(bind);
	if (!bound || text != value) {
		if (strcmp(text, "near") == 0) {
			*field = NUMA_NEAR;
			return 0;
		}
		if (strcmp(text, "far") == 0) {
			*field = NUMA_FAR;
			return 0;
		}
		if (!parse_number(text, no_units, &node) && node <= option->max) {
			*field = NUMA_NODE + (unsigned int)node;
			return 0;
		}
	}
	return error_set(e, -EINVAL,
			 "%s: '%.60s' names no node; write %snear or %sfar (as seen from the "
			 "device), a node's number as in %s0, or default",
			 option->name, value, bound ? bind : "", bound ? bind : "",
			 bound ? bind : "");
}

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (strcmp(name, options[i].name) == 0)
			return &options[i];
	}
	return NULL;
}

int workload_set(struct workload *w, const char *name, const char *value, struct error *e)
{
	const struct option *option = find_option(name);
	void *field;

	if (!option)
		return workload_set_foreign(name, e);
	if (!value || !*value)
		return error_set(e, -EINVAL, "%s has no value; write %s=...", name, name);
	field = (char *)w + option->offset;
	switch (option->type) {
	case OPTION_TEXT:
		return set_text(option, value, field, e);
	case OPTION_CHOICE:
		return set_choice(option, value, field, e);
	case OPTION_BOOL:
		return set_bool(option, value, field, e);
	case OPTION_SIZE:
		return set_size(option, value, field, e);
	case OPTION_TIME:
		return set_time(option, value, field, e);
	case OPTION_COUNT:
	case OPTION_COUNT64:
		return set_count(option, value, field, e);
	case OPTION_DISTRIBUTION:
		return set_distribution(option, value, field, e);
	case OPTION_NODE:
	case OPTION_NODE_BOUND:
		return set_node(option, value, field, e);
	}
	return error_set(e, -EINVAL, "%s can't be set", name);
}

const char *workload_number_name(const char *name)
{
	const struct option *option = find_option(name);

	if (!option || (option->type != OPTION_SIZE && option->type != OPTION_TIME &&
			option->type != OPTION_COUNT && option->type != OPTION_COUNT64))
		return NULL;
	return option->name;
}

static void node_text(const struct option *option, unsigned int place, char *text, size_t room)
{
	const char *bind = option->type == OPTION_NODE_BOUND ? "bind:" : "";

	if (place == NUMA_ANYWHERE)
		snprintf(text, room, "default");
	else if (place < NUMA_NODE)
		snprintf(text, room, "%s%s", bind, place == NUMA_NEAR ? "near" : "far");
	else
		snprintf(text, room, "%s%u", bind, place - NUMA_NODE);
}

/* 1.2, 0.99, 1.125 */
static void distribution_text(unsigned int thousandths, char *text, size_t room)
{
	size_t n;

	if (!thousandths) {
		snprintf(text, room, "random");
		return;
	}
	snprintf(text, room, "zipf:%u.%03u", thousandths / 1000, thousandths % 1000);
	n = strlen(text);
	while (text[n - 1] == '0' && text[n - 2] != '.')
		text[--n] = '\0';
}

void workload_option_text(const struct workload *w, const char *name, char *text, size_t room)
{
	const struct option *option = find_option(name);
	const char *field = (const char *)w + option->offset;
	unsigned int value;

	switch (option->type) {
	case OPTION_TEXT:
		snprintf(text, room, "%s", field);
		return;
	case OPTION_BOOL:
		snprintf(text, room, "%d", *(const bool *)field);
		return;
	case OPTION_SIZE:
		size_text(*(const uint64_t *)field, text, room);
		return;
	case OPTION_TIME:
		time_text(*(const uint64_t *)field, text, room);
		return;
	case OPTION_COUNT64:
		snprintf(text, room, "%llu", (unsigned long long)*(const uint64_t *)field);
		return;
	default:
		break;
	}
	memcpy(&value, field, sizeof(value));
	if (option->type == OPTION_CHOICE)
		snprintf(text, room, "%s", option->choices[value]);
	else if (option->type == OPTION_DISTRIBUTION)
		distribution_text(value, text, room);
	else if (option->type == OPTION_COUNT)
		snprintf(text, room, "%u", value);
	else
		node_text(option, value, text, room);
}

bool workload_equal(const struct workload *a, const struct workload *b)
{
	char one[256], other[256];

	for (size_t i = 0; i < NOPTIONS; i++) {
		workload_option_text(a, options[i].name, one, sizeof(one));
		workload_option_text(b, options[i].name, other, sizeof(other));
		if (strcmp(one, other) != 0)
			return false;
	}
	return true;
}
