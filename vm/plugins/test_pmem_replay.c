// SPDX-License-Identifier: MIT
/*
 * What a power cut leaves of two lines, for each rule of the model.
 *
 *   test_pmem_replay PMEM-REPLAY
 */
#include "vm/plugins/pmem_log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEDIUM = 4096, MARKS = 100000 };

/* Records are of four characters: what, processor, line, value. */
static const struct {
	const char *sentence;
	const char *records;
	const char *least; /* both lines when nothing that needn't be there is there */
	const char *most;
} rows[] = {
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

static FILE *create(const char *folder, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

static void create_medium(const char *folder, const char *name, const char *bytes)
{
	FILE *file = create(folder, name);

	fwrite(bytes, MEDIUM, 1, file);
	fclose(file);
}

/* So many marks behind the records that the random moment is behind them, too. */
static void create_log(const char *folder, const char *records)
{
	char medium[MEDIUM];
	FILE *file = create(folder, "log.log");

	memset(medium, '.', sizeof(medium));
	create_medium(folder, "log.base", medium);
	create_medium(folder, "image", medium);
	for (const char *at = records; *at; at += at[4] ? 5 : 4)
		put(file, at, medium);
	for (int i = 0; i < MARKS; i++)
		put(file, "m00.", medium);
	fclose(file);
	create_medium(folder, "log.end", medium);
}

/* What the replay shows its command: of each content the first byte of both lines. */
static void replay(const char *program, const char *folder, char *seen, int nbytes)
{
	char command[2048];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "%s %s/log %s/image 1 1 2 1 /bin/sh -c 'head -c 1 %s/image; "
		 "head -c 65 %s/image | tail -c 1; printf \" \"' 2>&1",
		 program, folder, folder, folder, folder);
	pipe = popen(command, "r");
	if (!pipe || !fgets(seen, nbytes, pipe))
		seen[0] = 0;
	if (pipe)
		pclose(pipe);
}

int main(int argc, char **argv)
{
	const size_t count = sizeof(rows) / sizeof(rows[0]);
	char folder[] = "/tmp/test_pmem_replay-XXXXXX";
	char expected[16], seen[256], command[64];
	size_t failed = 0;

	if (argc != 2 || !mkdtemp(folder))
		return 2;
	for (size_t i = 0; i < count; i++) {
		const int length =
			snprintf(expected, sizeof(expected), "%s %s", rows[i].least, rows[i].most);
		bool good;

		create_log(folder, rows[i].records);
		replay(argv[1], folder, seen, sizeof(seen));
		/* If nothing can be missing there is one content only. */
		good = !strncmp(seen, expected,
				strcmp(rows[i].least, rows[i].most) ? (size_t)length : 3);
		printf("%s  %s\n", good ? "ok    " : "FAILED", rows[i].sentence);
		if (!good)
			printf("        %s, not %s\n", seen, expected);
		failed += !good;
	}
	snprintf(command, sizeof(command), "rm -r %s", folder);
	if (system(command))
		return 2;
	printf("%zu passed, %zu failed\n", count - failed, failed);
	return failed != 0;
}
