// SPDX-License-Identifier: MIT
/*
 * What a power cut leaves of two lines, for each rule of the model.
 *
 *   test_pmem_replay PMEM-REPLAY
 */
#include "vm/plugins/fixture_rules.h"
#include "vm/plugins/pmem_log.h"

#include <string.h>

enum { MEDIUM = 4096 };

/* Records are of four characters: what, processor, line, value. */
static const struct rule rules[] = {
	{"what is only stored may be missing", "s00a", "..", "a."},
	{"what is flushed without a fence, too", "s00a w00.", "..", "a."},
	{"what is fenced without a flush, too", "s00a f0..", "..", "a."},
	{"what is flushed and fenced is there", "s00a w00. f0..", "a.", "a."},
	{"another processor's fence doesn't count", "s00a w00. f1..", "..", "a."},
	{"another processor's flush and fence do", "s00a w10. f1..", "a.", "a."},
	{"a non-temporal store may be missing", "n00a", "..", "a."},
	{"with a fence it is there", "n00a f0..", "a.", "a."},
	{"not with another processor's", "n00a f1..", "..", "a."},
	{"clflush needs no fence", "s00a c00.", "a.", "a."},
	{"a store behind the flush isn't fenced", "s00a w00. s00b f0..", "a.", "b."},
	{"lines are flushed one by one", "s00a s01b w01. f0..", ".b", "ab"},
	{"the fence counts once", "s00a w00. f0.. s00b f0..", "a.", "b."},
	{"a store back to what was there counts", "s00a w00. f0.. s00b s00c", "a.", "c."},
};

static void put(FILE *file, const char *text, char *end)
{
	static const char letters[] = "?snwcfm";
	const char *letter = strchr(letters, text[0]);
	struct pmem_log_record record = {.kind = (uint32_t)(letter - letters),
					 .cpu = (uint32_t)(text[1] - '0')};
	uint8_t bytes[PMEM_LOG_LINE];

	if (text[2] == '1')
		record.line = PMEM_LOG_LINE;
	fwrite(&record, sizeof(record), 1, file);
	if (record.kind > PMEM_LOG_STORE_NT)
		return;
	memset(bytes, text[3], sizeof(bytes));
	memset(end + record.line, text[3], sizeof(bytes));
	fwrite(bytes, sizeof(bytes), 1, file);
}

static void create_medium(const char *folder, const char *name, const char *bytes)
{
	FILE *file = rule_create(folder, name);

	fwrite(bytes, MEDIUM, 1, file);
	fclose(file);
}

static void write_log(const char *folder, const char *records)
{
	char medium[MEDIUM];
	FILE *file = rule_create(folder, "log.log");

	memset(medium, '.', sizeof(medium));
	create_medium(folder, "log.base", medium);
	create_medium(folder, "image", medium);
	for (const char *at = records; *at; at += at[4] ? 5 : 4)
		put(file, at, medium);
	for (int i = 0; i < RULE_MARKS; i++)
		put(file, "m00.", medium);
	fclose(file);
	create_medium(folder, "log.end", medium);
}

int main(int argc, char **argv)
{
	const struct replay replay = {argv[1], "", PMEM_LOG_LINE, write_log};

	return argc == 2 ? rules_hold(&replay, rules, sizeof(rules) / sizeof(rules[0])) : 2;
}
