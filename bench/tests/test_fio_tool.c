// SPDX-License-Identifier: MIT
/* A repetition that fio does: by an fio that is a script of the test, and by the installed one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/interrupted.h"
#include "core/runner.h"
#include "fio/result.h"
#include "fio/run.h"
#include "tests/fixture_files.h"
#include "tests/fixture_repetition.h"

#define LATENCY(key, n)                                                                            \
	"\"" key "\":{\"mean\":1000.0,\"N\":" n ",\"bins\":{\"1000\":" n ",\"ignored\":-1}}"
#define DIRECTION(ios, bytes, n)                                                                   \
	"{\"total_ios\":" ios ",\"io_bytes\":" bytes ",\"runtime\":200," LATENCY("clat_ns", n) "}"
#define NOTHING "{\"total_ios\":0,\"io_bytes\":0,\"runtime\":0}"
#define REPORT(error, read, write)                                                                 \
	"note: something\n{\"fio version\":\"fio-9.9\",\"jobs\":[{\"error\":" error                \
	",\"read\":" read ",\"write\":" write                                                      \
	",\"job_runtime\":400,\"usr_cpu\":10.0,\"sys_cpu\":40.0,\"ctx\":7,\"minf\":3,"             \
	"\"majf\":1}]}\n"

static char *folder;
static struct tool_report report;

static void set_up(void)
{
	folder = fixture_folder_make();
	once_set_up();
}

static void tear_down(void)
{
	setenv("PATH", "/usr/bin:/bin", 1);
	once_tear_down();
	fixture_folder_remove(folder);
}

static void use(const char *path)
{
	snprintf(once.cell.workload.path, sizeof(once.cell.workload.path), "%s", path);
	once_use_file(path);
	cr_assert(once.context.ops);
}

/* From now on `fio` is this script. */
static void fake_fio(const char *script)
{
	char path[128], search[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/fio", folder);
	f = fopen(path, "w");
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(path, 0700);
	snprintf(search, sizeof(search), "%s:/usr/bin:/bin", folder);
	setenv("PATH", search, 1);
}

static void fake_report(const char *text)
{
	char script[2048];

	snprintf(script, sizeof(script), "cat >/dev/null; cat <<'END'\n%sEND", text);
	fake_fio(script);
}

static enum verdict verdict_of(const char *claim)
{
	return once_evidence(claim, PHASE_TIMED)->verdict;
}

static void must(int ret)
{
	cr_assert_eq(ret, 0, "%s", once.error.text);
}

/* A repetition by an fio that reports this. */
static void timed(const char *path, const char *text)
{
	use(path);
	fake_report(text);
	once_timed();
}

static void fails(int expected, const char *part)
{
	cr_assert_eq(repetition_timed(&once.context, &once.result, &once.error), expected, "%s",
		     once.error.text);
	cr_assert(strstr(once.error.text, part), "'%s' lacks '%s'", once.error.text, part);
}

TestSuite(fio_tool, .init = set_up, .fini = tear_down, .timeout = 60);

Test(fio_tool, its_report_becomes_a_pass)
{
	struct pass_result *pass = &once.result.pass[0];

	must(fio_result_parse(
		REPORT("0", DIRECTION("100", "409600", "100"), DIRECTION("50", "204800", "50")),
		pass, &report, &once.error));
	cr_assert_str_eq(report.version, "fio-9.9");
	cr_assert_eq(pass->ios, 150);
	cr_assert_eq(pass->bytes, 614400);
	cr_assert_eq(report.writes, 50);
	cr_assert_eq(pass->duration, 200000000);
	cr_assert_eq(report.latencies, 150);
	cr_assert_eq(histogram_total(pass->latency), 150);
	cr_assert_eq(pass->latency->count[histogram_index(1000)], 150);
	cr_assert_eq(pass->op_total, 150000);
	/* Half of 400 ms. */
	cr_assert_eq(pass->thread, 200000000);
	cr_assert_eq(pass->context_switches, 7);
	cr_assert_eq(pass->faults_minor, 3);
	cr_assert_eq(pass->faults_major, 1);
}

Test(fio_tool, what_is_no_report_is_an_error)
{
	static const char *const texts[] = {
		"",
		"fio: no",
		"{",
		"{}",
		"{\"fio version\":\"fio-3\"}",
		"{\"fio version\":\"fio-3\",\"jobs\":[]}",
		"{\"fio version\":\"fio-3\",\"jobs\":[1]}",
		"{\"fio version\":1,\"jobs\":[{}]}",
		"{\"fio version\":\"fio-3\",\"jobs\":[{},{}]}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cr_assert_eq(fio_result_parse(texts[i], &once.result.pass[0], &report, &once.error),
			     -EPROTO, "%s", texts[i]);
		cr_assert_null(once.result.pass[0].latency);
	}
	cr_assert_eq(fio_result_parse(REPORT("5", NOTHING, NOTHING), &once.result.pass[0], &report,
				      &once.error),
		     -EIO);
	cr_assert(strstr(once.error.text, "Input/output error"), "%s", once.error.text);
}

Test(fio_tool, it_gets_the_job_and_the_file)
{
	char script[1024];

	use("fio:psync");
	/* The file that the job names is there, with as many bytes as were laid out. */
	snprintf(script, sizeof(script),
		 "cat >%s/job; echo \"$*\" >%s/arguments\n"
		 "name=$(sed -n 's/^filename=//p' %s/job); wc -c <\"$name\" >%s/bytes; exit 3",
		 folder, folder, folder, folder);
	fake_fio(script);
	fails(-EIO, "status 3");
	snprintf(script, sizeof(script),
		 "grep -q '^ioengine=psync' %s/job && grep -qx 1048576 %s/bytes && "
		 "grep -q -e --readonly %s/arguments",
		 folder, folder, folder);
	cr_assert_eq(system(script), 0);
}

Test(fio_tool, a_good_report_holds)
{
	timed("fio:psync", REPORT("0", DIRECTION("256", "1048576", "256"), NOTHING));
	cr_assert_eq(once.result.npasses, 1);
	cr_assert_eq(once.result.pass[0].kind, PASS_ALL);
	cr_assert_eq(verdict_of("the tool moved whole blocks, none failed"), VERDICT_HELD);
	cr_assert_eq(verdict_of("each I/O has its latency"), VERDICT_HELD);
	cr_assert_eq(verdict_of("its run time is exact to 1 %"), VERDICT_HELD);
	cr_assert_eq(verdict_of("every page was in the page cache before"), VERDICT_HELD);
	/* So few bytes prove nothing. */
	cr_assert_eq(verdict_of("served from the page cache"), VERDICT_UNOBSERVED);
	cr_assert_neq(once.cell.status, CELL_REFUTED);
	once_witnessed();
	cr_assert_eq(once_evidence("the right bytes moved", PHASE_WITNESS)->verdict,
		     VERDICT_UNOBSERVED);
}

Test(fio_tool, bytes_that_are_not_there_refute)
{
	timed("fio:psync", REPORT("0", DIRECTION("256", "1000000", "256"), NOTHING));
	cr_assert_eq(verdict_of("the tool moved whole blocks, none failed"), VERDICT_REFUTED);
	cr_assert_eq(once.cell.status, CELL_REFUTED);
}

/* Of several in flight some began before the ramp's end, and fio counts only their bytes. */
Test(fio_tool, bytes_in_flight_when_ramping_ends_are_let_pass)
{
	once.cell.workload.iodepth = 4;
	once.cell.workload.ramp_ns = 1;
	timed("fio:io_uring", REPORT("0", DIRECTION("256", "1064960", "256"), NOTHING));
	cr_assert_eq(verdict_of("the tool moved whole blocks, none failed"), VERDICT_HELD);
	fake_report(REPORT("0", DIRECTION("256", "1069056", "256"), NOTHING));
	once_timed();
	cr_assert_eq(verdict_of("the tool moved whole blocks, none failed"), VERDICT_REFUTED);
}

Test(fio_tool, nothing_done_refutes)
{
	timed("fio:psync", REPORT("0", NOTHING, NOTHING));
	cr_assert_eq(verdict_of("the tool moved whole blocks, none failed"), VERDICT_REFUTED);
}

Test(fio_tool, latencies_that_are_missing_refute)
{
	timed("fio:psync", REPORT("0", DIRECTION("256", "1048576", "200"), NOTHING));
	cr_assert_eq(verdict_of("each I/O has its latency"), VERDICT_REFUTED);
}

/* It says that it read directly, and storage saw nothing of it. */
Test(fio_tool, direct_reads_that_storage_did_not_see_refute)
{
	timed("fio:psync+direct", REPORT("0", DIRECTION("4096", "16777216", "4096"), NOTHING));
	cr_assert_eq(verdict_of("each byte came from storage"), VERDICT_REFUTED);
}

Test(fio_tool, reads_for_dax_on_another_file_refute)
{
	timed("fio:psync+dax", REPORT("0", DIRECTION("256", "1048576", "256"), NOTHING));
	cr_assert_eq(verdict_of("the inode is DAX"), VERDICT_REFUTED);
}

Test(fio_tool, later_accesses_of_a_mapping_that_fault_refute)
{
	timed("fio:mmap",
	      "{\"fio "
	      "version\":\"fio-9.9\",\"jobs\":[{\"error\":0,\"minf\":200,\"read\":" DIRECTION(
		      "256", "1048576", "256") "}]}\n");
	cr_assert_eq(once.result.pass[0].kind, PASS_AGAIN);
	cr_assert_eq(verdict_of("later accesses do not fault"), VERDICT_REFUTED);
}

Test(fio_tool, its_own_words_are_told_when_it_fails)
{
	use("fio:psync");
	fake_fio("echo 'fio: what it did not like' >&2; echo more >&2; exit 1");
	fails(-EIO, "status 1: fio: what it did not like;");
}

Test(fio_tool, one_that_dies_is_an_error)
{
	use("fio:psync");
	fake_fio("kill -9 $$");
	fails(-EIO, "status 137");
}

Test(fio_tool, one_that_is_not_there_is_an_error)
{
	use("fio:psync");
	setenv("PATH", folder, 1);
	cr_assert_not(fio_installed());
	fails(-ENOENT, "apt-get install fio");
}

static void interrupt(int signal)
{
	interrupted_signal = signal;
}

/* It is asked to end, and has ended when the repetition returns. */
Test(fio_tool, an_interruption_ends_it)
{
	struct sigaction action = {.sa_handler = interrupt};
	struct itimerval soon = {.it_value = {.tv_usec = 300000}};
	char script[256], command[256];

	use("fio:psync");
	snprintf(script, sizeof(script),
		 "echo $$ >%s/pid; trap 'echo told >%s/told; exit 0' INT\n"
		 "while :; do sleep 0.1; done",
		 folder, folder);
	fake_fio(script);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	fails(-EINTR, "interrupted");
	snprintf(command, sizeof(command), "[ -e %s/told ] && ! kill -0 $(cat %s/pid) 2>/dev/null",
		 folder, folder);
	cr_assert_eq(system(command), 0);
}

static bool can_run(struct unavailable *why)
{
	return path_probe(once.context.ops, &once.cell.workload, &once.target, why) == 0;
}

Test(fio_tool, what_cannot_run_here_says_why)
{
	struct unavailable why;

	use("fio:psync");
	fake_fio("echo 'Available IO engines:'; echo '\tpsync2'; echo '\tmmap'");
	cr_assert_not(can_run(&why));
	cr_assert(strstr(why.reason, "without this engine"), "%s", why.reason);
	fake_fio("echo 'Available IO engines:'; echo '\tpsync'");
	cr_assert(can_run(&why));
	setenv("BYPASS_CLOCK", "instructions", 1);
	cr_assert_not(can_run(&why));
	cr_assert(strstr(why.reason, "counts instructions"), "%s", why.reason);
	unsetenv("BYPASS_CLOCK");
	once.cell.workload.rate_iops = 10;
	cr_assert_not(can_run(&why));
	once.cell.workload.rate_iops = 0;
	once.target.kind = TARGET_BLOCK;
	once.cell.workload.rw = RW_RANDWRITE;
	cr_assert_not(can_run(&why));
	cr_assert(strstr(why.reason, "overwrite"), "%s", why.reason);
	once.target.kind = TARGET_FILE;
	once.cell.workload.rw = RW_RANDREAD;
	setenv("PATH", "/nowhere", 1);
	cr_assert_not(can_run(&why));
	cr_assert_str_eq(why.remedy, "apt-get install fio");
}

/* The installed one: every number that it reports is one that was asked for. */
Test(fio_tool, fio_itself_reads_what_it_is_asked_to)
{
	struct unavailable why;

	once.cell.workload.number_ios = 300;
	use("fio:psync");
	cr_assert(can_run(&why), "%s", why.reason);
	once_timed();
	cr_assert_eq(once.result.pass[0].ios, 300);
	cr_assert_eq(once.result.pass[0].bytes, 300 * 4096);
	cr_assert_eq(histogram_total(once.result.pass[0].latency), 300);
	cr_assert_eq(verdict_of("the tool moved whole blocks, none failed"), VERDICT_HELD);
	cr_assert_eq(strncmp(once_evidence("the tool moved whole blocks, none failed", PHASE_TIMED)
				     ->observed,
			     "1228800 bytes in 300 I/Os by fio-", 33),
		     0);
	cr_assert_neq(once.cell.status, CELL_REFUTED);
}

Test(fio_tool, fio_itself_reads_each_block_once_from_a_cold_cache)
{
	once.cell.workload.cache = CACHE_COLD;
	once.cell.workload.numjobs = 2;
	use("fio:psync");
	/* The file has the regions of both. */
	once.cell.workload.size = 512 << 10;
	once_timed();
	cr_assert_eq(once.result.pass[0].ios, 256);
	cr_assert_eq(verdict_of("no page was in the page cache before"), VERDICT_HELD);
}

/* What fio writes must not be what another cell then reads and checks. */
Test(fio_tool, its_writes_go_to_a_file_of_their_own)
{
	static struct suite_cell cells[2];
	struct suite suite = {.name = "test", .question = (char *)"?", .cells = cells, .ncells = 2};
	struct runner_options options = {.clock = RUN_CLOCK_NS, .runs = 1, .quiet = true};
	struct run *run = run_new();
	uint64_t memory;

	for (size_t i = 0; i < 2; i++) {
		workload_defaults(&cells[i].workload);
		cells[i].workload.size = 1 << 20;
		cells[i].workload.number_ios = 256;
		cells[i].workload.rw = i ? RW_RANDWRITE : RW_RANDREAD;
		snprintf(cells[i].workload.path, sizeof(cells[i].workload.path), "%s",
			 i ? "fio:psync" : "buffered");
		snprintf(cells[i].workload.target, sizeof(cells[i].workload.target), "file:%s",
			 folder);
	}
	run->seed = 1;
	must(runner_plan(run, &suite, &once.error));
	/* Laid out twice, written once. */
	cr_assert_eq(runner_bytes_written(run, 1, &memory), 3 << 20);
	cr_assert_eq(memory, 0);
	must(runner_execute(run, &options, &once.error));
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(run->cells[i].status, CELL_MEASURED, "%s: %s",
			     run->cells[i].workload.path, run->cells[i].reason);
	run_free(run);
}
