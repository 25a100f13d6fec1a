// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/pattern.h"
#include "core/target.h"
#include "tests/fixture_files.h"

#define MIB (1ull << 20)

static char *folder;
static struct target target;
static struct error error;

static void make_folder(void)
{
	folder = fixture_folder_make();
}

static void remove_folder(void)
{
	target_close(&target);
	fixture_folder_remove(folder);
}

/* A skipped test does not come to its end. */
static void skip(const char *why)
{
	remove_folder();
	cr_skip_test("%s", why);
}

/* The path of @name in the test's folder, in a buffer that lives until the next call. */
static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void make_foreign(const char *name, size_t nbytes)
{
	int fd = open(in_folder(name), O_CREAT | O_EXCL | O_WRONLY, 0644);

	cr_assert_geq(fd, 0);
	for (size_t i = 0; i < nbytes; i++)
		cr_assert_eq(write(fd, "x", 1), 1);
	close(fd);
}

static void probe(const char *text)
{
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	cr_assert_eq(target_probe(&target, &error), 0, "%s", error.text);
}

static void open_own(uint64_t size)
{
	probe(folder);
	cr_assert_eq(target_open(&target, size, true, &error), 0, "%s", error.text);
}

/* What, why, what to do: the remedy stands after a semicolon, there is no line break. */
static void cr_assert_sentence(const char *about)
{
	cr_assert_not_null(strstr(error.text, about), "'%s' does not name '%s'", error.text, about);
	cr_assert_not_null(strchr(error.text, ';'), "'%s' has no remedy", error.text);
	cr_assert_null(strchr(error.text, '\n'));
}

static void refused(const char *text, int result, const char *about)
{
	cr_assert_eq(target_parse(&target, text, &error), result, "'%s'", text);
	cr_assert_sentence(about);
	cr_assert_lt(target.fd, 0);
}

Test(target_text, gets_the_kind_that_it_leaves_out)
{
	cr_assert_eq(target_parse(&target, "/somewhere/else", &error), 0);
	cr_assert_str_eq(target.text, "file:/somewhere/else");
	cr_assert_eq(target_parse(&target, "file:/somewhere/else", &error), 0);
	cr_assert_str_eq(target.text, "file:/somewhere/else");
	cr_assert_str_eq(target.folder, "/somewhere/else");
}

Test(target_text, may_name_a_file_relative_to_here_if_it_says_file)
{
	cr_assert_eq(target_parse(&target, "file:here", &error), 0);
	cr_assert_str_eq(target.folder, "here");
	cr_assert_eq(target_parse(&target, "./here", &error), 0);
}

Test(target_text, of_the_testbed_names_a_medium_and_a_file_system)
{
	cr_assert_eq(target_parse(&target, "testbed:pmem/xfs", &error), 0);
	cr_assert_str_eq(target.text, "testbed:pmem/xfs");
	cr_assert_str_eq(target.folder, "/testbed/pmem/xfs");
}

Test(target_text, null_is_no_file_and_needs_none)
{
	probe("null:");
	cr_assert_eq(target.kind, TARGET_NULL);
	cr_assert_eq(target_open(&target, MIB, true, &error), 0);
	cr_assert_lt(target.fd, 0);
}

Test(target_text, that_means_nothing_is_refused_with_a_remedy)
{
	refused("", -EINVAL, "''");
	refused("file:", -EINVAL, "'file:'");
	refused("nonsense", -EINVAL, "'nonsense'");
	refused("testbed:", -EINVAL, "'testbed:'");
}

Test(target_text, that_leads_out_of_the_testbed_is_refused)
{
	refused("testbed:../etc", -EINVAL, "'testbed:../etc'");
}

static void is_a(enum target_kind kind, const char *text, const char *full)
{
	cr_assert_eq(target_parse(&target, text, &error), 0, "%s", error.text);
	cr_expect_eq(target.kind, kind, "%s", text);
	cr_expect_str_eq(target.text, full);
}

Test(target_text, says_its_kind_or_shows_it)
{
	is_a(TARGET_BLOCK, "/dev/nvme0n1", "block:/dev/nvme0n1");
	is_a(TARGET_BLOCK, "block:/dev/sda", "block:/dev/sda");
	is_a(TARGET_BLOCK, "nvme:S1", "nvme:S1");
	is_a(TARGET_BLOCK, "testbed:disk", "testbed:disk");
	is_a(TARGET_USERDRV, "nvme:S1/vfio", "nvme:S1/vfio");
	is_a(TARGET_USERDRV, "testbed:disk/vfio", "testbed:disk/vfio");
	is_a(TARGET_USERDRV, "0000:01:00.0", "pci:0000:01:00.0");
	is_a(TARGET_USERDRV, "soft:latency=10us", "soft:latency=10us");
	is_a(TARGET_FILE, "testbed:nvme/xfs", "testbed:nvme/xfs");
	is_a(TARGET_FILE, "/tmp", "file:/tmp");
}

Test(target_text, of_kind_file_names_no_device)
{
	refused("file:/dev/sda", -EINVAL, "block:/dev/sda");
}

Test(target_text, may_name_shared_memory_though_it_lies_in_dev)
{
	is_a(TARGET_FILE, "/dev/shm", "file:/dev/shm");
	is_a(TARGET_FILE, "/dev/shm/x", "file:/dev/shm/x");
	is_a(TARGET_BLOCK, "/dev/shmem0", "block:/dev/shmem0");
}

Test(target_text, that_is_too_long_is_refused_and_the_longest_is_kept_whole)
{
	char text[400];

	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[sizeof(target.text) - 8] = '\0';
	cr_assert_eq(target_parse(&target, text, &error), -ENAMETOOLONG);
	cr_assert_not_null(strstr(error.text, "at most"));
	text[sizeof(target.text) - 9] = '\0';
	cr_assert_eq(target_parse(&target, text, &error), 0);
	cr_assert_str_eq(target.folder, text);
	cr_assert_str_eq(target.text + 5, text);
}

Test(target, makes_a_file_that_nobody_finds_by_name, .init = make_folder, .fini = remove_folder)
{
	struct stat st;

	open_own(2 * MIB);
	cr_assert_eq(fixture_folder_count(folder), 0);
	cr_assert_eq(fstat(target.fd, &st), 0);
	cr_assert_eq(st.st_nlink, 0);
	cr_assert_eq(st.st_size, 2 * MIB);
	cr_assert_eq(target.size, 2 * MIB);
	cr_assert_not(target.foreign);
}

/* Such as a mount point whose folder is there only while something is mounted. */
Test(target, that_does_not_exist_is_refused_though_its_folder_does, .init = make_folder,
     .fini = remove_folder)
{
	cr_assert_eq(target_parse(&target, in_folder("new"), &error), 0);
	cr_assert_eq(target_probe(&target, &error), -ENOENT);
	cr_assert_sentence("new doesn't exist; mount it");
	cr_assert_eq(fixture_folder_count(folder), 0);
}

Test(target, behind_what_is_no_folder_is_refused, .init = make_folder, .fini = remove_folder)
{
	make_foreign("file", 1);
	cr_assert_eq(target_parse(&target, in_folder("file/below"), &error), 0);
	cr_assert_eq(target_probe(&target, &error), -ENOTDIR);
	cr_assert_sentence("file/below");
}

Test(target, can_be_opened_again_with_other_flags, .init = make_folder, .fini = remove_folder)
{
	struct stat own, again;
	int fd;

	open_own(MIB);
	fd = open(target.proc_path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_assert_eq(fstat(target.fd, &own), 0);
	cr_assert_eq(fstat(fd, &again), 0);
	cr_assert_eq(own.st_ino, again.st_ino);
	close(fd);
}

Test(target, that_exists_is_opened_for_reading_only, .init = make_folder, .fini = remove_folder)
{
	make_foreign("foreign", 8192);
	probe(in_folder("foreign"));
	cr_assert(target.foreign);
	cr_assert_eq(target_open(&target, 4096, false, &error), 0, "%s", error.text);
	cr_assert_eq(fcntl(target.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	cr_assert_eq(target.size, 4096);
}

Test(target, that_exists_is_refused_to_a_workload_that_writes, .init = make_folder,
     .fini = remove_folder)
{
	struct stat before, after;
	char byte;
	int fd;

	make_foreign("foreign", 8192);
	cr_assert_eq(stat(in_folder("foreign"), &before), 0);
	probe(in_folder("foreign"));
	cr_assert_eq(target_open(&target, 4096, true, &error), -EEXIST);
	cr_assert_sentence("foreign");
	cr_assert_lt(target.fd, 0);
	cr_assert_eq(stat(in_folder("foreign"), &after), 0);
	cr_assert_eq(before.st_size, after.st_size);
	cr_assert_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	fd = open(in_folder("foreign"), O_RDONLY);
	cr_assert_eq(read(fd, &byte, 1), 1);
	cr_assert_eq(byte, 'x');
	close(fd);
}

Test(target, that_exists_and_is_too_small_is_refused, .init = make_folder, .fini = remove_folder)
{
	make_foreign("foreign", 8192);
	probe(in_folder("foreign"));
	cr_assert_eq(target_open(&target, 8193, false, &error), -EINVAL);
	cr_assert_sentence("8192 bytes");
	cr_assert_lt(target.fd, 0);
}

Test(target, in_a_folder_that_is_missing_is_refused, .init = make_folder, .fini = remove_folder)
{
	cr_assert_eq(target_parse(&target, in_folder("no/file"), &error), 0);
	cr_assert_eq(target_probe(&target, &error), -ENOENT);
	cr_assert_sentence(folder);
}

Test(target, of_the_testbed_is_refused_elsewhere)
{
	cr_assert_eq(target_parse(&target, "testbed:no-such-medium/xfs", &error), 0);
	cr_assert_eq(target_probe(&target, &error), -ENOENT);
	cr_assert_not_null(strstr(error.text, "testbed:no-such-medium/xfs"));
}

Test(target, that_is_neither_file_nor_folder_is_refused, .init = make_folder, .fini = remove_folder)
{
	cr_assert_eq(mkfifo(in_folder("fifo"), 0600), 0);
	cr_assert_eq(target_parse(&target, in_folder("fifo"), &error), 0);
	cr_assert_eq(target_probe(&target, &error), -EINVAL);
	cr_assert_sentence("fifo");
}

Test(target, that_does_not_fit_is_refused_and_nothing_is_left, .init = make_folder,
     .fini = remove_folder)
{
	probe(folder);
	cr_assert_eq(target_open(&target, 1ull << 52, true, &error), -ENOSPC);
	cr_assert_sentence(folder);
	cr_assert_lt(target.fd, 0);
	cr_assert_eq(fixture_folder_count(folder), 0);
}

Test(target, interrupted_while_it_is_laid_out_leaves_nothing, .init = make_folder,
     .fini = remove_folder)
{
	probe(folder);
	interrupted_signal = SIGINT;
	cr_assert_eq(target_open(&target, 2 * MIB, true, &error), -EINTR);
	interrupted_signal = 0;
	cr_assert_lt(target.fd, 0);
	cr_assert_eq(fixture_folder_count(folder), 0);
}

Test(target, knows_its_file_system, .init = make_folder, .fini = remove_folder)
{
	json_t *json;

	open_own(MIB);
	cr_assert_neq(target.fs_type[0], '\0');
	json = target_describe(&target);
	cr_assert_str_eq(json_string_value(json_object_get(json, "fs")), target.fs_type);
	cr_assert_str_eq(json_string_value(json_object_get(json, "folder")), folder);
	cr_assert_eq(json_integer_value(json_object_get(json, "size_bytes")), MIB);
	json_decref(json);
}

Test(target, is_in_the_page_cache_when_warmed_and_not_when_evicted, .init = make_folder,
     .fini = remove_folder)
{
	uint64_t total;

	open_own(2 * MIB);
	if (!target.page_cache_file)
		skip("the temporary folder is page cache and nothing else");
	if (target.dax)
		skip("the temporary folder has no page cache");
	cr_assert_eq(target_evict(&target), 0);
	cr_assert_eq(target_resident_pages(&target, &total), 0);
	cr_assert_eq(total, 2 * MIB / (uint64_t)sysconf(_SC_PAGESIZE));
	cr_assert_eq(target_warm(&target), 0);
	cr_assert_eq(target_resident_pages(&target, &total), (int64_t)total);
	cr_assert_eq(target_evict(&target), 0);
	cr_assert_eq(target_resident_pages(&target, &total), 0);
}

Test(target, is_evicted_though_it_has_dirty_pages, .init = make_folder, .fini = remove_folder)
{
	static char buffer[64 * 1024];
	uint64_t total;

	open_own(MIB);
	if (!target.page_cache_file)
		skip("the temporary folder is page cache and nothing else");
	cr_assert_eq(pwrite(target.fd, buffer, sizeof(buffer), 0), sizeof(buffer));
	cr_assert_eq(target_evict(&target), 0);
	cr_assert_eq(target_resident_pages(&target, &total), 0);
}

Test(target, that_others_own_hides_its_residency_and_that_is_not_taken_for_an_answer)
{
	uint64_t total;
	int64_t resident;

	/* For a file that we neither own nor may write, mincore says "resident" of every page. */
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		cr_skip_test("can't become another user");
	probe("/etc/passwd");
	cr_assert_eq(target_open(&target, 512, false, &error), 0, "%s", error.text);
	resident = target_resident_pages(&target, &total);
	cr_assert_eq(resident, -EPERM, "%ld of %lu", resident, total);
}

Test(target, is_right_after_it_was_laid_out, .init = make_folder, .fini = remove_folder)
{
	const char *what = NULL;
	uint64_t where = 0;

	/* Not a multiple of the chunk that it is laid out in. */
	open_own(3 * MIB + 512 * 7);
	cr_assert_eq(target_verify(&target, &where, &what), 0);
	cr_assert_null(what);
}

Test(target, with_one_damaged_byte_is_told_with_its_sector, .init = make_folder,
     .fini = remove_folder)
{
	const char *what = NULL;
	uint64_t where = 0;
	int fd;

	open_own(3 * MIB);
	fd = open(target.proc_path, O_WRONLY);
	cr_assert_eq(pwrite(fd, "!", 1, 2 * MIB + 1000), 1);
	close(fd);
	cr_assert_eq(target_verify(&target, &where, &what), -EILSEQ);
	cr_assert_eq(where, 2 * MIB + 512);
	cr_assert_str_eq(what, "damaged bytes");
}

Test(target, with_two_blocks_swapped_is_told, .init = make_folder, .fini = remove_folder)
{
	char a[4096], b[4096];
	const char *what = NULL;
	uint64_t where = 0;

	open_own(MIB);
	cr_assert_eq(pread(target.fd, a, sizeof(a), 8192), sizeof(a));
	cr_assert_eq(pread(target.fd, b, sizeof(b), 65536), sizeof(b));
	cr_assert_eq(pwrite(target.fd, a, sizeof(a), 65536), sizeof(a));
	cr_assert_eq(pwrite(target.fd, b, sizeof(b), 8192), sizeof(b));
	cr_assert_eq(target_verify(&target, &where, &what), -EILSEQ);
	cr_assert_eq(where, 8192);
	cr_assert_str_eq(what, "wrong offset");
}

Test(target, with_a_hole_punched_is_told, .init = make_folder, .fini = remove_folder)
{
	const char *what = NULL;
	uint64_t where = 0;

	open_own(MIB);
	if (fallocate(target.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096) != 0)
		skip("this file system punches no holes");
	cr_assert_eq(target_verify(&target, &where, &what), -EILSEQ);
	cr_assert_eq(where, 4096);
}

Test(target, that_was_cut_short_is_not_right, .init = make_folder, .fini = remove_folder)
{
	const char *what = NULL;
	uint64_t where = 0;

	open_own(2 * MIB);
	cr_assert_eq(ftruncate(target.fd, MIB + 4096), 0);
	cr_assert_neq(target_verify(&target, &where, &what), 0);
	cr_assert_eq(ftruncate(target.fd, 0), 0);
	cr_assert_neq(target_verify(&target, &where, &what), 0);
}
