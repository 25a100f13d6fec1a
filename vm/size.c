// SPDX-License-Identifier: MIT
#include "vm/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* strtoull() would take spaces and signs, and turn "-1" into a large number. */
static int parse_digits(const char **text, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	if (errno)
		return -ERANGE;
	*text = end;
	return 0;
}

int vm_parse_size(const char *text, uint64_t *nbytes)
{
	static const char suffixes[] = "kmgt";
	const char *suffix;
	unsigned int shift = 0;
	uint64_t value;
	int err = parse_digits(&text, &value);

	if (err)
		return err;
	suffix = *text ? strchr(suffixes, tolower((unsigned char)*text)) : NULL;
	if (suffix) {
		shift = 10 * ((unsigned int)(suffix - suffixes) + 1);
		text++;
		if (!strcasecmp(text, "ib") || !strcasecmp(text, "b"))
			text = "";
	}
	if (*text)
		return -EINVAL;
	if (value > (uint64_t)INT64_MAX >> shift)
		return -ERANGE;
	*nbytes = value << shift;
	return 0;
}

int vm_parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *number)
{
	uint64_t value;
	int err = parse_digits(&text, &value);

	if (err)
		return err;
	if (*text)
		return -EINVAL;
	if (value < least || value > most)
		return -ERANGE;
	*number = (unsigned int)value;
	return 0;
}
