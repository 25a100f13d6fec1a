// SPDX-License-Identifier: MIT
#include "core/soft_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/workload.h"

#define OPTIONS_ROOM   256u
#define LATENCY_MAX_NS 1000000000ull
#define SIZE_MAX_BYTES (1ull << 40)
#define TAIL_MAX       10000ul
#define LATENCY_FORMS                                                                              \
	"latency=10us, latency=uniform:5us:20us or latency=long-tail:10us:1ms:100 (100 of 10,000)"

static int parse_latency_time(const char *text, uint64_t *ns, struct error *e)
{
	struct error why;

	if (parse_time(text, ns, &why))
		return error_set(e, -EINVAL, "soft: latency: %s", why.text);
	if (*ns > LATENCY_MAX_NS)
		return error_set(e, -EINVAL,
				 "soft: a latency of '%.20s' is longer than a second (a number "
				 "without a unit counts seconds); write less, as in latency=10us",
				 text);
	return 0;
}

static int parse_tail(const char *text, uint32_t *per_10000, struct error *e)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (strspn(text, "0123456789") != strlen(text) || !*text || *end || n < 1 || n > TAIL_MAX)
		return error_set(e, -EINVAL,
				 "soft: '%.20s' is not how many of 10,000 commands are in the long "
				 "tail; write a number from 1 to 10000",
				 text);
	*per_10000 = (uint32_t)n;
	return 0;
}

static int parse_latency(char *value, struct ud_soft_latency *latency, struct error *e)
{
	const char *part[4] = {"", "", "", ""};
	unsigned int n = 0;
	int ret;

	while (value && n < 4)
		part[n++] = strsep(&value, ":");
	*latency = (struct ud_soft_latency){.kind = UD_SOFT_LATENCY_FIXED};
	if (!value && n == 1)
		return parse_latency_time(part[0], &latency->ns, e);
	if (!value && n == 3 && strcmp(part[0], "uniform") == 0)
		latency->kind = UD_SOFT_LATENCY_UNIFORM;
	else if (!value && n == 4 && strcmp(part[0], "long-tail") == 0)
		latency->kind = UD_SOFT_LATENCY_LONG_TAIL;
	else
		return error_set(e, -EINVAL,
				 "soft: the latency '%.20s%s' has a form that isn't known; "
				 "write " LATENCY_FORMS,
				 part[0], n > 1 ? ":..." : "");
	ret = parse_latency_time(part[1], &latency->ns, e);
	if (!ret)
		ret = parse_latency_time(part[2], &latency->max_ns, e);
	if (!ret && latency->kind == UD_SOFT_LATENCY_LONG_TAIL)
		ret = parse_tail(part[3], &latency->tail_per_10000, e);
	if (!ret && latency->max_ns < latency->ns)
		return error_set(e, -EINVAL,
				 "soft: a latency from %.20s to %.20s goes backwards; write the "
				 "shorter one first",
				 part[1], part[2]);
	return ret;
}

static int parse_bytes(const char *name, const char *value, uint64_t *bytes, struct error *e)
{
	struct error why;

	if (parse_size(value, bytes, &why))
		return error_set(e, -EINVAL, "soft: %s: %s", name, why.text);
	return 0;
}

static int parse_block(const char *value, uint32_t *block_nbytes, struct error *e)
{
	uint64_t bytes;
	int ret = parse_bytes("bs", value, &bytes, e);

	if (ret)
		return ret;
	if (bytes != 512 && bytes != 4096)
		return error_set(e, -EINVAL,
				 "soft: there are no logical blocks of '%.20s' bytes; write bs=512 "
				 "or bs=4k",
				 value);
	*block_nbytes = (uint32_t)bytes;
	return 0;
}

static int parse_namespace_size(const char *value, uint64_t *nbytes, struct error *e)
{
	int ret = parse_bytes("size", value, nbytes, e);

	if (ret)
		return ret;
	if (*nbytes > SIZE_MAX_BYTES)
		return error_set(e, -EINVAL,
				 "soft: size=%.20s is more than a model in memory can hold; write "
				 "1t or less",
				 value);
	return 0;
}

/* There are three, and each begins with another letter. */
static int unknown_option(const char *name, struct error *e)
{
	static const char *const examples[] = {"latency=10us", "size=64m", "bs=512"};

	for (unsigned int i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		if (name[0] == examples[i][0])
			return error_set(e, -EINVAL,
					 "soft: has no option '%.40s'; did you mean %s?", name,
					 examples[i]);
	}
	return error_set(e, -EINVAL,
			 "soft: has no option '%.40s'; there are latency=10us, size=64m and bs=512",
			 name);
}

static int set_option(char *option, struct ud_soft_config *config, uint64_t *nbytes,
		      struct error *e)
{
	char *value = option, *name = strsep(&value, "=");

	if (strcmp(name, "latency") != 0 && strcmp(name, "size") != 0 && strcmp(name, "bs") != 0)
		return unknown_option(name, e);
	if (!value || !*value)
		return error_set(e, -EINVAL, "soft: %s has no value; write %s=...", name, name);
	if (name[0] == 'l')
		return parse_latency(value, &config->latency, e);
	if (name[0] == 's')
		return parse_namespace_size(value, nbytes, e);
	return parse_block(value, &config->namespaces[0].block_nbytes, e);
}

int soft_options_parse(const char *text, struct ud_soft_config *config, struct error *e)
{
	char copy[OPTIONS_ROOM], *rest = copy;
	uint64_t nbytes = 0;
	uint32_t block;
	int ret = 0;

	ud_soft_config_init(config);
	config->mode = UD_SOFT_THREADED;
	if (strlen(text) >= sizeof(copy))
		return error_set(e, -EINVAL,
				 "soft: options are longer than %zu bytes; leave some out",
				 sizeof(copy) - 1);
	snprintf(copy, sizeof(copy), "%s", text);
	while (rest && *text && !ret)
		ret = set_option(strsep(&rest, ","), config, &nbytes, e);
	if (ret)
		return ret;
	block = config->namespaces[0].block_nbytes;
	if (nbytes % block)
		return error_set(e, -EINVAL,
				 "soft: a size of %llu bytes is no whole number of blocks of %u; "
				 "write a multiple",
				 (unsigned long long)nbytes, block);
	config->namespaces[0].nblocks = nbytes / block;
	return 0;
}
