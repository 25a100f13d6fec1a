// SPDX-License-Identifier: MIT
#include "vm/options.h"
#include "vm/size.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char vm_options_help[] =
	"usage: vm/run [OPTION]... -- COMMAND...\n"
	"       vm/shell [OPTION]...\n"
	"\n"
	"Run a command in the testbed: a virtual machine with a kernel of its own that sees this\n"
	"computer's files (writes to them stay in the machine and are forgotten).\n"
	"\n"
	"  --clock=ns|instructions   what time is counted in (default ns)\n"
	"  --cpus N                  processors (default 2; 1 with --clock=instructions)\n"
	"  --numa N                  NUMA nodes (default 1)\n"
	"  --memory SIZE             RAM (default 1G)\n"
	"  --pmem SIZE[,SIZE...]     persistent memory: /dev/pmem0, ... (128M or more each)\n"
	"  --nvme SIZE[,SIZE...]     NVMe disks: /dev/nvme0n1, ... with serial bypass-nvme0, ...\n"
	"  --kernel 6.1|6.12|debug   Debian's kernel of that version (default 6.1), or 6.1 with "
	"KASAN,\n"
	"                            lockdep and kmemleak (built by: make vm-debug-kernel)\n"
	"  --timeout SECONDS         end the command after that time, with exit status 124\n"
	"  --share FOLDER            let the guest write to this folder; can be repeated\n"
	"  --plugin FILE[,NAME=VALUE]...   load that TCG plugin (vm/plugins/README.md)\n"
	"  --accel auto|kvm|tcg      how the processor is made (default auto: KVM if it works)\n"
	"  --help                    this text\n"
	"\n"
	"Sizes: 512M, 1G, ... The project's results/ is always shared.\n"
	"Exit status: the command's; 128+N if signal N killed it; 124 time-out; 125 the testbed\n"
	"failed; 126 not executable; 127 command not found; 2 wrong usage.\n";

struct parser {
	struct vm_options *options;
	char *sentence;
	size_t nbytes;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct parser *parser,
							const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(parser->sentence, parser->nbytes, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int set_clock(const struct parser *parser, const char *value)
{
	if (!strcmp(value, "ns"))
		parser->options->clock = VM_CLOCK_NS;
	else if (!strcmp(value, "instructions"))
		parser->options->clock = VM_CLOCK_INSTRUCTIONS;
	else
		return refuse(parser, "--clock is ns or instructions, not '%s'", value);
	return 0;
}

static int set_accel(const struct parser *parser, const char *value)
{
	if (!strcmp(value, "auto"))
		parser->options->accel = VM_ACCEL_AUTO;
	else if (!strcmp(value, "kvm"))
		parser->options->accel = VM_ACCEL_KVM;
	else if (!strcmp(value, "tcg"))
		parser->options->accel = VM_ACCEL_TCG;
	else
		return refuse(parser, "--accel is auto, kvm or tcg, not '%s'", value);
	return 0;
}

static int set_cpus(const struct parser *parser, const char *value)
{
	if (vm_parse_number(value, 1, VM_CPUS_MAX, &parser->options->cpus))
		return refuse(parser, "--cpus is a number from 1 to %d, not '%s'", VM_CPUS_MAX,
			      value);
	return 0;
}

static int set_numa(const struct parser *parser, const char *value)
{
	if (vm_parse_number(value, 1, VM_NUMA_MAX, &parser->options->numa))
		return refuse(parser, "--numa is a number from 1 to %d, not '%s'", VM_NUMA_MAX,
			      value);
	return 0;
}

static int set_memory(const struct parser *parser, const char *value)
{
	uint64_t nbytes;

	if (vm_parse_size(value, &nbytes) || nbytes < 256ull << 20 || nbytes > 1ull << 40)
		return refuse(parser, "--memory is a size from 256M to 1T, not '%s'", value);
	parser->options->memory_bytes = nbytes & ~((2ull << 20) - 1);
	return 0;
}

/* Sizes separated by commas, added to what an earlier option of the same name gave. */
static int add_sizes(const struct parser *parser, const char *option, const char *value,
		     uint64_t least, uint64_t multiple, struct vm_sizes *sizes)
{
	char one[32];

	for (;;) {
		const size_t length = strcspn(value, ",");
		uint64_t nbytes;

		if (sizes->count == VM_DISKS_MAX)
			return refuse(parser, "%s: the machine holds at most %d of them", option,
				      VM_DISKS_MAX);
		snprintf(one, sizeof(one), "%.*s", (int)(length < 31 ? length : 31), value);
		if (vm_parse_size(one, &nbytes) || nbytes < least || nbytes % multiple ||
		    nbytes > 16ull << 40)
			return refuse(parser,
				      "%s: '%s' isn't a size like 512M or 1G, at least %lluM and "
				      "a multiple of %lluM",
				      option, one, (unsigned long long)(least >> 20),
				      (unsigned long long)(multiple >> 20));
		sizes->nbytes[sizes->count++] = nbytes;
		if (!value[length])
			return 0;
		value += length + 1;
	}
}

/* The kernel can give an fsdax namespace a size in steps of 16 MiB; smaller ones hold nothing. */
static int set_pmem(const struct parser *parser, const char *value)
{
	return add_sizes(parser, "--pmem", value, 128ull << 20, 16ull << 20,
			 &parser->options->pmem);
}

static int set_nvme(const struct parser *parser, const char *value)
{
	return add_sizes(parser, "--nvme", value, 1ull << 20, 1ull << 20, &parser->options->nvme);
}

static int set_kernel(const struct parser *parser, const char *value)
{
	if (strcmp(value, "6.1") && strcmp(value, "6.12") && strcmp(value, "debug"))
		return refuse(parser, "--kernel is 6.1, 6.12 or debug, not '%s'", value);
	parser->options->kernel = value;
	return 0;
}

static int set_plugin(const struct parser *parser, const char *value)
{
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%.*s", (int)strcspn(value, ","), value);
	if (access(file, R_OK))
		return refuse(parser, "--plugin: %s can't be read; build it, as by make", file);
	parser->options->plugin = value;
	return 0;
}

static int set_timeout(const struct parser *parser, const char *value)
{
	if (vm_parse_number(value, 1, 1000000, &parser->options->timeout_s))
		return refuse(parser, "--timeout is a number of seconds from 1, not '%s'", value);
	return 0;
}

static int set_share(const struct parser *parser, const char *value)
{
	return vm_options_share(parser->options, value, parser->sentence, parser->nbytes);
}

int vm_options_share(struct vm_options *options, const char *folder, char *sentence, size_t nbytes)
{
	const struct parser parser = {options, sentence, nbytes};
	struct stat status;
	char *path;

	path = realpath(folder, NULL);
	if (!path || stat(path, &status) || !S_ISDIR(status.st_mode)) {
		free(path);
		return refuse(&parser, "--share needs a folder that exists, which '%s' isn't",
			      folder);
	}
	if (!strcmp(path, "/")) {
		free(path);
		return refuse(&parser,
			      "--share / would let the guest write anywhere: name a folder");
	}
	for (unsigned int i = 0; i < options->share_count; i++) {
		if (!strcmp(options->shares[i], path)) {
			free(path);
			return 0;
		}
	}
	if (options->share_count == VM_SHARES_MAX) {
		free(path);
		return refuse(&parser, "--share: at most %d folders", VM_SHARES_MAX);
	}
	options->shares[options->share_count++] = path;
	return 0;
}

static const struct option_row {
	const char *name;
	int (*set)(const struct parser *parser, const char *value);
} option_rows[] = {
	{"clock", set_clock},     {"accel", set_accel},   {"cpus", set_cpus},
	{"numa", set_numa},       {"memory", set_memory}, {"pmem", set_pmem},
	{"nvme", set_nvme},       {"kernel", set_kernel}, {"share", set_share},
	{"timeout", set_timeout}, {"plugin", set_plugin},
};

/* One `--name=value` or `--name value`; *used is how many arguments that were. */
static int parse_option(const struct parser *parser, char **argv, int *used)
{
	const char *name = argv[0] + 2;
	const size_t length = strcspn(name, "=");

	for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
		const struct option_row *row = &option_rows[i];

		if (strlen(row->name) != length || strncmp(row->name, name, length))
			continue;
		*used = name[length] ? 1 : 2;
		if (*used == 2 && !argv[1])
			return refuse(parser, "--%s needs a value; see vm/run --help", row->name);
		return row->set(parser, name[length] ? name + length + 1 : argv[1]);
	}
	return refuse(parser, "there is no option '%s'; see vm/run --help", argv[0]);
}

static unsigned int default_cpus(const struct vm_options *options)
{
	cpu_set_t set;

	if (options->clock == VM_CLOCK_INSTRUCTIONS)
		return 1;
	if (options->numa > 2)
		return options->numa;
	if (options->numa == 1 && !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) < 2)
		return 1;
	return 2;
}

static int check_together(const struct parser *parser)
{
	struct vm_options *options = parser->options;

	if (options->cpus == 0)
		options->cpus = default_cpus(options);
	if (options->clock == VM_CLOCK_INSTRUCTIONS && options->cpus > 1)
		return refuse(parser,
			      "--clock=instructions has one processor, since QEMU counts one "
			      "stream of instructions: leave --cpus %u out",
			      options->cpus);
	if (options->clock == VM_CLOCK_INSTRUCTIONS && options->accel == VM_ACCEL_KVM)
		return refuse(parser, "KVM can't count instructions: leave --accel=kvm out");
	if (options->plugin && options->clock == VM_CLOCK_NS && options->accel != VM_ACCEL_TCG)
		return refuse(parser, "--plugin watches an emulated processor: add --accel=tcg");
	if (options->clock == VM_CLOCK_NS && options->numa > options->cpus)
		return refuse(parser, "--numa %u needs as many processors: give --cpus %u",
			      options->numa, options->numa);
	if (options->numa > 1 && options->memory_bytes / options->numa < 128ull << 20)
		return refuse(parser, "--numa %u needs 128M for each node: give more --memory",
			      options->numa);
	if (!options->command[0])
		return refuse(parser, "no command given; try: vm/run -- uname -a");
	return 0;
}

int vm_options_parse(int argc, char **argv, struct vm_options *options, char *sentence,
		     size_t nbytes)
{
	const struct parser parser = {options, sentence, nbytes};
	int i, used, err;

	*options = (struct vm_options){.numa = 1, .memory_bytes = 1ull << 30, .kernel = "6.1"};
	for (i = 1; i < argc && argv[i][0] == '-'; i += used) {
		used = 1;
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			options->help = true;
			return 0;
		}
		if (!strcmp(argv[i], "--tty")) { /* what vm/shell adds */
			options->tty = true;
			continue;
		}
		if (strncmp(argv[i], "--", 2))
			return refuse(&parser, "there is no option '%s'; see vm/run --help",
				      argv[i]);
		err = parse_option(&parser, argv + i, &used);
		if (err)
			return err;
	}
	options->command = argv + i;
	return check_together(&parser);
}
