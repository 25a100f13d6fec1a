// SPDX-License-Identifier: MIT
/*
 * Everything in the launcher and the agent that reads what somebody else wrote: sizes, options,
 * messages, console text. A plain program, built with ASan, UBSan and the leak check, that first
 * asks for the right answers and then feeds garbage, the same garbage in every run.
 */
#include "vm/console.h"
#include "vm/options.h"
#include "vm/protocol.h"
#include "vm/size.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GARBAGE_ROUNDS 200000

static unsigned int passed, failed;

static void check(bool holds, const char *sentence)
{
	if (holds) {
		passed++;
		return;
	}
	failed++;
	printf("FAILED: %s\n", sentence);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)random_state * limit) >> 32);
}

static bool size_is(const char *text, uint64_t expected)
{
	uint64_t nbytes = 0;

	return vm_parse_size(text, &nbytes) == 0 && nbytes == expected;
}

static bool size_fails(const char *text, int err)
{
	uint64_t nbytes = 12345;

	return vm_parse_size(text, &nbytes) == err && nbytes == 12345;
}

static void test_sizes(void)
{
	check(size_is("0", 0) && size_is("4096", 4096), "a plain number is bytes");
	check(size_is("4k", 4096) && size_is("1G", 1ull << 30) && size_is("2t", 2ull << 40),
	      "suffixes are powers of 1024 in either case");
	check(size_is("512MiB", 512ull << 20) && size_is("512mb", 512ull << 20),
	      "iB and B may follow a suffix");
	check(size_fails("", -EINVAL) && size_fails("G", -EINVAL) && size_fails("1X", -EINVAL) &&
		      size_fails("1GG", -EINVAL) && size_fails("1.5G", -EINVAL) &&
		      size_fails("0x10", -EINVAL),
	      "what isn't a size is refused");
	check(size_fails("-1", -EINVAL) && size_fails("+1", -EINVAL) && size_fails(" 1", -EINVAL),
	      "signs and spaces are refused");
	check(size_fails("9223372036854775808", -ERANGE) && size_fails("8388608T", -ERANGE) &&
		      size_fails("99999999999999999999999", -ERANGE) &&
		      size_is("9223372036854775807", INT64_MAX),
	      "a size that no file can have is refused");
}

static int parse(char **argv, struct vm_options *options, char *sentence)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	sentence[0] = 0;
	return vm_options_parse(argc, argv, options, sentence, 512);
}

#define PARSE(...) parse((char *[]){"vm/run", __VA_ARGS__, NULL}, &options, sentence)

static void free_shares(struct vm_options *options)
{
	for (unsigned int i = 0; i < options->share_count; i++)
		free(options->shares[i]);
}

static void test_options(void)
{
	struct vm_options options;
	char sentence[512];

	check(!PARSE("--", "true") && !strcmp(options.command[0], "true") && options.numa == 1 &&
		      options.memory_bytes == 1ull << 30 && !strcmp(options.kernel, "6.1"),
	      "a command alone gets the defaults");
	check(!PARSE("--pmem=512M,1G", "--pmem", "256M", "--cpus", "3", "--", "a", "--", "-b") &&
		      options.pmem.count == 3 && options.pmem.nbytes[2] == 256ull << 20 &&
		      options.cpus == 3 && !strcmp(options.command[1], "--") &&
		      !strcmp(options.command[2], "-b"),
	      "both forms of an option work, and nothing after -- is an option");
	check(!PARSE("--kernel=debug", "--", "x") && !strcmp(options.kernel, "debug"),
	      "the debug kernel is one of the kernels");
	check(!PARSE("--clock=instructions", "--plugin=/dev/null,file=x", "--", "x") &&
		      !strcmp(options.plugin, "/dev/null,file=x"),
	      "a plugin is taken with what it is told");
	check(PARSE("--plugin=/nowhere,file=x", "--", "x") && strstr(sentence, "/nowhere can't"),
	      "a plugin that isn't there is named");
	check(PARSE("--plugin=/dev/null", "--", "x") && strstr(sentence, "--accel=tcg"),
	      "a plugin needs an emulated processor");
	check(!PARSE("--clock=instructions", "--", "x") && options.cpus == 1,
	      "the instruction clock has one processor");
	check(PARSE("--clock=instructions", "--cpus=2", "--", "x") && strstr(sentence, "--cpus 2"),
	      "the instruction clock refuses two processors");
	check(PARSE("--bogus", "--", "x") && strstr(sentence, "--bogus"),
	      "an unknown option is named");
	check(PARSE("--cpus") && PARSE("--cpus", "0", "--", "x") && PARSE("--nvme=,", "--", "x") &&
		      PARSE("--pmem=1", "--", "x") && PARSE("--pmem=513M", "--", "x") &&
		      PARSE("--kernel=5.10", "--", "x") && PARSE("--timeout=soon", "--", "x") &&
		      PARSE("--memory=1M", "--", "x") && PARSE("-x") && PARSE("--"),
	      "wrong values are refused");
	check(PARSE("--share=/nonexistent", "--", "x") && PARSE("--share=/", "--", "x"),
	      "a folder that isn't there, and the root, can't be shared");
	check(!PARSE("--share=/tmp", "--share", "/tmp/.", "--", "x") && options.share_count == 1,
	      "a folder that is named twice is shared once");
	free_shares(&options);
	check(!PARSE("--help", "--bogus") && options.help, "--help needs nothing else");
}

static void test_option_garbage(void)
{
	static const char *const words[] = {
		"--clock", "--pmem",     "--nvme=", "--cpus=9", "--numa", "--", "-", "1G,",
		"1M,1M",   "--timeout=", "--tty",   "--p",      "",       "-1", "ns"};
	struct vm_options options;
	char sentence[512], *argv[8];

	for (int round = 0; round < GARBAGE_ROUNDS; round++) {
		const uint32_t argc = 1 + random_below(6);

		for (uint32_t i = 0; i < argc; i++)
			argv[i] = (char *)(uintptr_t)
				words[random_below(sizeof(words) / sizeof(words[0]))];
		argv[argc] = NULL;
		if (parse(argv, &options, sentence) && !sentence[0]) {
			check(false, "each refusal of options has its sentence");
			return;
		}
	}
	check(true, "each refusal of options has its sentence");
}

static bool same_request(const struct vm_request *a, const struct vm_request *b)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(a->argv[i], b->argv[i]))
			return false;
	return !strcmp(a->cwd, b->cwd) && !strcmp(a->setup, b->setup) &&
	       !strcmp(a->setup_argv[1], b->setup_argv[1]) && !a->argv[3] && !b->argv[3] &&
	       !b->environment[0] && a->window.rows == b->window.rows;
}

static char *some_argv[] = {"sh", "", "a b\n'\"\\c\xff", NULL};
static char *some_setup[] = {"setup", "folder, with comma", NULL};
static char *no_environment[] = {NULL};
static const struct vm_request some_request = {
	.tty = 1,
	.window = {.rows = 25, .columns = 80},
	.cwd = "/a b",
	.setup = "/s",
	.setup_argv = some_setup,
	.argv = some_argv,
	.environment = no_environment,
};

static void test_request(void)
{
	uint32_t nbytes;
	uint8_t *payload = vm_request_encode(&some_request, &nbytes);
	struct vm_request request;
	bool refused = true;

	check(payload && !vm_request_decode(payload, nbytes, &request) &&
		      same_request(&some_request, &request),
	      "a request that is decoded is the one that was encoded");
	vm_request_free(&request);
	/* A copy of just that size, so that ASan sees a read behind it. */
	for (uint32_t cut = 0; payload && cut < nbytes; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);

		if (!copy)
			abort();
		memcpy(copy, payload, cut);
		refused = refused && vm_request_decode(copy, cut, &request) == -EPROTO;
		free(copy);
	}
	check(refused, "a request that was cut short is refused");
	free(payload);
}

static void test_request_garbage(void)
{
	struct vm_request request;
	uint32_t nbytes;
	uint8_t *payload = vm_request_encode(&some_request, &nbytes);
	unsigned int accepted = 0;

	for (int round = 0; round < GARBAGE_ROUNDS; round++) {
		uint8_t *copy = malloc(nbytes);

		memcpy(copy, payload, nbytes);
		for (uint32_t flips = 1 + random_below(4); flips; flips--)
			copy[random_below(nbytes)] = (uint8_t)random_below(256);
		if (vm_request_decode(copy, nbytes, &request) == 0) {
			accepted++;
			vm_request_free(&request);
		}
		free(copy);
	}
	check(accepted < GARBAGE_ROUNDS, "a damaged request is refused or read within its bounds");
	free(payload);
}

static bool drain_reader(struct vm_reader *reader, unsigned int *messages)
{
	struct vm_message message;
	int got;

	while ((got = vm_reader_next(reader, &message)) > 0) {
		(*messages)++;
		vm_reader_drop(reader);
	}
	return got == 0;
}

static void test_reader(void)
{
	struct vm_reader reader = {0};
	const struct vm_header headers[2] = {{.type = VM_SIGNAL, .nbytes = 4},
					     {.type = VM_HELLO, .nbytes = 0}};
	const uint32_t number = 15;
	uint8_t stream[sizeof(headers) + sizeof(number)];
	unsigned int messages = 0;
	bool good = true;

	memcpy(stream, &headers[0], sizeof(headers[0]));
	memcpy(stream + sizeof(headers[0]), &number, sizeof(number));
	memcpy(stream + sizeof(headers[0]) + sizeof(number), &headers[1], sizeof(headers[1]));
	for (size_t i = 0; i < sizeof(stream); i++) {
		vm_reader_add(&reader, stream + i, 1);
		good = good && drain_reader(&reader, &messages);
	}
	check(good && messages == 2 && reader.used == 0, "messages come out of single bytes");
	vm_reader_add(&reader, "\0\0\0\0\0\0\0\0", 8);
	check(!drain_reader(&reader, &messages), "a message of no type is refused");
	vm_reader_free(&reader);
	vm_reader_add(&reader, "\1\0\0\0\xff\xff\xff\xff", 8);
	check(!drain_reader(&reader, &messages), "a message of 4 GiB is refused");
	vm_reader_free(&reader);
}

static void test_reader_garbage(void)
{
	unsigned int messages = 0;

	for (int round = 0; round < GARBAGE_ROUNDS / 10; round++) {
		struct vm_reader reader = {0};
		uint32_t left = 1 + random_below(64);

		while (left-- && drain_reader(&reader, &messages)) {
			const uint8_t byte = (uint8_t)(random_below(3) ? random_below(9) : 0);

			vm_reader_add(&reader, &byte, 1);
		}
		vm_reader_free(&reader);
	}
	check(messages > 0, "garbage makes messages or an error, and nothing else");
}

static void test_console(void)
{
	static struct vm_console console;
	char line[600];

	vm_console_add(&console, "one\r\n\ntwo\n", 10);
	check(console.count == 2 && vm_console_find(&console, "two") &&
		      !strcmp(vm_console_find(&console, "one"), "one"),
	      "the console holds lines, without control characters and empty ones");
	memset(line, 'x', sizeof(line));
	vm_console_add(&console, line, sizeof(line));
	check(strlen(vm_console_find(&console, "xxx")) == VM_CONSOLE_WIDTH - 1,
	      "a long console line is cut");
	vm_console_add(&console, "\nKernel panic - not syncing", 27);
	for (int i = 0; i < 100; i++)
		vm_console_add(&console, "\ntrace", 6);
	check(vm_console_find(&console, "Kernel panic"),
	      "a panic is found behind the traces of every processor");
	check(!strncmp(console.lines[vm_console_first_shown(&console)], "Kernel panic", 12),
	      "and printed from its first line on");
	vm_console_add(&console, "\nBUG: unable\nOops: 0002 [#1]\ntrace\nKernel panic", 47);
	check(vm_console_first_shown(&console) == console.count - 4 - 4,
	      "a panic after an oops is printed from before the oops on");
	for (int i = 0; i < VM_CONSOLE_LINES; i++)
		vm_console_add(&console, "\nmany", 5);
	check(!vm_console_find(&console, "two"), "the console forgets its oldest lines");
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		line[0] = (char)random_below(256);
		vm_console_add(&console, line, 1);
	}
	check(!vm_console_find(&console, "\r"), "garbage on the console is survived");
}

int main(void)
{
	test_sizes();
	test_options();
	test_option_garbage();
	test_request();
	test_request_garbage();
	test_reader();
	test_reader_garbage();
	test_console();
	printf("vm parsers: %u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
