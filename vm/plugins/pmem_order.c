// SPDX-License-Identifier: MIT
/*
 * A TCG plugin for QEMU 7.2: writes down what happens to persistent memory, in order (pmem_log.h).
 *
 *   -plugin FILE,medium=PATH,physical=ADDRESS,log=PREFIX
 *
 * PATH is the NVDIMM's backing file, mapped here too, ADDRESS where the guest has it. Between the
 * marks PMEM_LOG_START and PMEM_LOG_END the log is written to PREFIX.log; PREFIX.base and
 * PREFIX.end are copies of the medium at these marks.
 *
 * A flush has no memory access that a callback would see, so its address is computed from the
 * processor's registers. They are in memory where a block of translated code begins; a loop over
 * lines begins one at each. A flush anywhere else is counted, and makes the log invalid.
 */
#include "vm/plugins/pmem_log.h"
#include "vm/plugins/qemu_plugin.h"
#include "vm/plugins/x86_order.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CPUS = 64, PAGE = 4096 };

int qemu_plugin_version = 1;

/* Of a flush: what its callback needs. Lives as long as the translated code, which is forever. */
struct flush {
	struct x86_address address;
	uint64_t next;
	enum pmem_log_kind kind;
	bool first; /* of its block */
};

static struct {
	const uint8_t *medium;
	uint64_t nbytes;
	uint64_t physical;
	uint64_t ram; /* what the interface calls the address of the medium's first byte */
	bool ram_known;
	char prefix[3000];
	FILE *log;
	pthread_mutex_t lock;
	bool pending[CPUS]; /* has something that a fence would make durable */
	unsigned long unknown_flushes;
} order = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void fail(const char *what) __attribute__((noreturn));

static void fail(const char *what)
{
	fprintf(stderr, "pmem_order: %s\n", what);
	_exit(1);
}

static void put(enum pmem_log_kind kind, unsigned int cpu, uint64_t line)
{
	const struct pmem_log_record record = {.kind = kind, .cpu = cpu, .line = line};
	const bool store = kind == PMEM_LOG_STORE || kind == PMEM_LOG_STORE_NT;

	if (fwrite_unlocked(&record, sizeof(record), 1, order.log) != 1 ||
	    (store && fwrite_unlocked(order.medium + line, PMEM_LOG_LINE, 1, order.log) != 1))
		fail("the log can't be written");
}

static void put_locked(enum pmem_log_kind kind, unsigned int cpu, uint64_t line)
{
	pthread_mutex_lock(&order.lock);
	if (order.log)
		put(kind, cpu, line);
	pthread_mutex_unlock(&order.lock);
}

/* Where on the medium is this byte of the guest? Returns false if it isn't there. */
static bool find_virtual(unsigned int cpu, uint64_t address, uint64_t *offset)
{
	const uint64_t page =
		cpu_get_phys_page_debug(qemu_get_cpu((int)cpu), address & ~(uint64_t)(PAGE - 1));

	if (page == UINT64_MAX || page < order.physical || page - order.physical >= order.nbytes)
		return false;
	*offset = page - order.physical + address % PAGE;
	return true;
}

static void on_store(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
	const enum pmem_log_kind kind = (enum pmem_log_kind)(uintptr_t)data;
	const struct qemu_plugin_hwaddr *hwaddr;
	uint64_t ram, offset;

	if (!order.log)
		return;
	hwaddr = qemu_plugin_get_hwaddr(info, address);
	if (!hwaddr || qemu_plugin_hwaddr_is_io(hwaddr))
		return;
	ram = qemu_plugin_hwaddr_phys_addr(hwaddr);
	/* Two numberings: this is of QEMU's blocks of memory, a flush has the guest's. */
	if (!order.ram_known) {
		if (!find_virtual(cpu, address, &offset))
			return;
		order.ram = ram - offset;
		order.ram_known = true;
	}
	offset = ram - order.ram;
	if (offset >= order.nbytes)
		return;
	if (kind == PMEM_LOG_STORE_NT)
		order.pending[cpu % CPUS] = true;
	put_locked(kind, cpu, offset & ~(uint64_t)(PMEM_LOG_LINE - 1));
}

static uint64_t read_register(unsigned int cpu, int number)
{
	/* From the number in an instruction to the debugger's. */
	static const int numbers[16] = {0, 2, 3, 1, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};
	static __thread struct qemu_byte_array *array;
	uint64_t value = 0;

	if (!array)
		array = g_byte_array_new();
	g_byte_array_set_size(array, 0);
	if (x86_cpu_gdb_read_register(qemu_get_cpu((int)cpu), array, numbers[number]) == 8)
		memcpy(&value, array->data, sizeof(value));
	return value;
}

static void on_flush(unsigned int cpu, void *data)
{
	const struct flush *flush = data;
	const struct x86_address *parts = &flush->address;
	uint64_t address = (uint64_t)(int64_t)parts->displacement;
	uint64_t offset;

	if (!order.log)
		return;
	if (!flush->first || parts->segment) {
		__atomic_add_fetch(&order.unknown_flushes, 1, __ATOMIC_RELAXED);
		return;
	}
	if (parts->relative)
		address += flush->next;
	if (parts->base >= 0)
		address += read_register(cpu, parts->base);
	if (parts->index >= 0)
		address += read_register(cpu, parts->index) * parts->scale;
	if (!find_virtual(cpu, address, &offset))
		return;
	if (flush->kind == PMEM_LOG_FLUSH)
		order.pending[cpu % CPUS] = true;
	put_locked(flush->kind, cpu, offset & ~(uint64_t)(PMEM_LOG_LINE - 1));
}

static void on_fence(unsigned int cpu, void *data)
{
	(void)data;
	if (!order.log || !order.pending[cpu % CPUS])
		return;
	order.pending[cpu % CPUS] = false;
	put_locked(PMEM_LOG_FENCE, cpu, 0);
}

/* Writes the medium to PREFIX + `suffix`, holes where it has zeros. */
static void copy_medium(const char *suffix)
{
	static const uint8_t zeros[PAGE];
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s", order.prefix, suffix);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)order.nbytes))
		fail("the medium can't be copied");
	for (uint64_t at = 0; at < order.nbytes; at += PAGE)
		if (memcmp(order.medium + at, zeros, PAGE) &&
		    pwrite(fd, order.medium + at, PAGE, (off_t)at) != PAGE)
			fail("the medium can't be copied");
	close(fd);
}

static void start(void)
{
	char path[4096];

	copy_medium(".base");
	snprintf(path, sizeof(path), "%s.log", order.prefix);
	order.log = fopen(path, "we");
	if (!order.log)
		fail("the log can't be made");
}

static void end(void)
{
	if (order.unknown_flushes)
		fail("flushes were executed whose address isn't known");
	if (fclose(order.log))
		fail("the log can't be written");
	order.log = NULL;
	copy_medium(".end");
}

static void on_mark(unsigned int cpu, void *data)
{
	const bool first = (uintptr_t)data;
	const uint64_t mark = read_register(cpu, 0);

	if (!first)
		fail("a mark isn't the first instruction of its block");
	pthread_mutex_lock(&order.lock);
	if (mark >> 32 == PMEM_LOG_START && !order.log)
		start();
	if (order.log)
		put(PMEM_LOG_MARK, cpu, mark);
	if (mark >> 32 == PMEM_LOG_END && order.log)
		end();
	pthread_mutex_unlock(&order.lock);
}

static void add_flush(struct qemu_plugin_insn *instruction, const struct x86_address *address,
		      enum pmem_log_kind kind, bool first)
{
	struct flush *flush = malloc(sizeof(*flush));

	if (!flush)
		fail("out of memory");
	flush->address = *address;
	flush->next = qemu_plugin_insn_vaddr(instruction) + qemu_plugin_insn_size(instruction);
	flush->kind = kind;
	flush->first = first;
	qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_flush, QEMU_PLUGIN_CB_R_REGS, flush);
}

static void look_at(struct qemu_plugin_insn *instruction, bool first)
{
	struct x86_address address;
	const enum x86_order kind = x86_order_of(qemu_plugin_insn_data(instruction),
						 qemu_plugin_insn_size(instruction), &address);
	uintptr_t store = kind == X86_STORE_NT ? PMEM_LOG_STORE_NT : PMEM_LOG_STORE;

	switch (kind) {
	case X86_FLUSH:
		add_flush(instruction, &address, PMEM_LOG_FLUSH, first);
		return;
	case X86_FLUSH_NOW:
		add_flush(instruction, &address, PMEM_LOG_FLUSH_NOW, first);
		return;
	case X86_MARK:
		qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, QEMU_PLUGIN_CB_R_REGS,
						       (void *)(uintptr_t)first);
		return;
	case X86_FENCE:
	case X86_LOCKED:
		/* Called before the instruction: what it stores itself isn't fenced by it. */
		qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_fence,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
		break;
	default:
		break;
	}
	qemu_plugin_register_vcpu_mem_cb(instruction, on_store, QEMU_PLUGIN_CB_NO_REGS,
					 QEMU_PLUGIN_MEM_W, (void *)store);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	const size_t count = qemu_plugin_tb_n_insns(block);

	(void)id;
	for (size_t i = 0; i < count; i++)
		look_at(qemu_plugin_tb_get_insn(block, i), i == 0);
}

static int map_medium(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map;

	if (fd < 0 || fstat(fd, &status))
		return -1;
	order.nbytes = (uint64_t)status.st_size;
	map = mmap(NULL, order.nbytes, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	order.medium = map;
	return 0;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');

		value = value ? value + 1 : "";
		if (!strncmp(argv[i], "medium=", 7) && map_medium(value)) {
			fprintf(stderr, "pmem_order: %s can't be mapped\n", value);
			return -1;
		} else if (!strncmp(argv[i], "physical=", 9)) {
			order.physical = strtoull(value, NULL, 0);
		} else if (!strncmp(argv[i], "log=", 4)) {
			snprintf(order.prefix, sizeof(order.prefix), "%s", value);
		}
	}
	if (!order.medium || !order.physical || !*order.prefix) {
		fprintf(stderr, "pmem_order: medium, physical and log must be given\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
