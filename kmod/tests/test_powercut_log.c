// SPDX-License-Identifier: MIT
/*
 * What a power cut leaves of two sectors of a disk, for each rule of the model.
 *
 *   test_powercut_log POWERCUT-LOG
 */
#include "kmod/tests/powercut_disk.h"
#include "vm/plugins/fixture_rules.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SECTOR = 512, DISK = 4096 };

/* Records are of four characters: what (write, Write with FUA, flush, end), id, sector, value. */
static const struct rule rules[] = {
	{"a write may be there from when it is sent", "w10a", "..", "a."},
	{"when it has ended it may be missing", "w10a e1..", "..", "a."},
	{"a flush counts when it has ended", "w10a e1.. f2..", "..", "a."},
	{"then the write is there", "w10a e1.. f2.. e2..", "a.", "a."},
	{"not one that ended after the flush was sent", "w10a f2.. e1.. e2..", "..", "a."},
	{"not one that was sent after it", "f2.. w10a e1.. e2..", "..", "a."},
	{"a flush that overtakes an earlier one counts", "w10a e1.. f2.. f3.. e3..", "a.", "a."},
	{"both do", "w10a e1.. f2.. w31b e3.. f4.. e4.. e2..", "ab", "ab"},
	{"a write with FUA is there when it has ended", "W10a e1..", "a.", "a."},
	{"not before", "W10a", "..", "a."},
	{"it does nothing for other writes", "w10a e1.. W21b e2..", ".b", "ab"},
	{"the later write of a sector stays", "w10a e1.. w20b e2.. f3.. e3..", "b.", "b."},
	{"what FUA has replaced can't come back", "w10a e1.. W20b e2.. f3.. e3..", "b.", "b."},
	{"nor when flushes overtake", "w10a e1.. f2.. w30b e3.. f4.. e4.. e2..", "b.", "b."},
	{"a sector is written again under a flush", "w10a e1.. f2.. w30b e3.. e2..", "a.", "b."},
	{"a write of a durable sector may be missing", "W10a e1.. w20b e2..", "a.", "b."},
};

static void put_record(FILE *file, uint32_t kind, uint64_t id)
{
	const struct powercut_disk_record record = {
		.magic = POWERCUT_DISK_MAGIC, .kind = kind, .id = id};

	fwrite(&record, sizeof(record), 1, file);
}

static void put(FILE *file, const char *text)
{
	static const char letters[] = "?wWfe";
	const bool write = text[0] == 'w' || text[0] == 'W';
	const struct powercut_disk_record record = {
		.magic = POWERCUT_DISK_MAGIC,
		.kind = (uint32_t)(strchr(letters, text[0]) - letters),
		.id = (uint64_t)(text[1] - '0'),
		.offset = text[2] == '1' ? SECTOR : 0,
		.nbytes = write ? SECTOR : 0,
	};
	uint8_t bytes[SECTOR];

	fwrite(&record, sizeof(record), 1, file);
	memset(bytes, text[3], sizeof(bytes));
	if (write)
		fwrite(bytes, sizeof(bytes), 1, file);
}

static void write_log(const char *folder, const char *records)
{
	FILE *file = rule_create(folder, "image");

	for (int i = 0; i < DISK; i++)
		fputc(0, file);
	fclose(file);
	file = rule_create(folder, "log");
	put(file, "W80.");
	put(file, "e8..");
	put(file, "W91.");
	put(file, "e9..");
	put_record(file, POWERCUT_DISK_MARK, (uint64_t)POWERCUT_DISK_START << 32);
	for (const char *at = records; *at; at += at[4] ? 5 : 4)
		put(file, at);
	for (int i = 0; i < RULE_MARKS; i++)
		put_record(file, POWERCUT_DISK_MARK, 0);
	put_record(file, POWERCUT_DISK_MARK, (uint64_t)POWERCUT_DISK_FINISH << 32);
	put_record(file, POWERCUT_DISK_LAST, 0);
	fclose(file);
}

int main(int argc, char **argv)
{
	const struct replay replay = {argv[1], "4096", SECTOR, write_log};

	return argc == 2 ? rules_hold(&replay, rules, sizeof(rules) / sizeof(rules[0])) : 2;
}
