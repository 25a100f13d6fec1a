// SPDX-License-Identifier: MIT
/*
 * A TCG plugin for QEMU 7.2: counts the executions of each instruction of the guest, kernel and
 * programs alike, between marks that a program sets (count_marks.h).
 *
 *   -plugin FILE,counts=PATH
 *
 * At COUNT_MARK_WRITE, PATH gets a line for each instruction that was executed:
 *
 *   ADDRESS OPERATION VAIN
 *
 * ADDRESS in hexadecimal; executions in stretches of operations; executions in stretches of vain
 * waiting. The file is there when the mark has been executed. One processor: with more, whose
 * instructions lie between two marks would be a matter of luck.
 *
 * Until COUNT_MARK_ARM nothing is counted, and the guest runs as fast as without the plugin.
 */
#include "vm/plugins/count_marks.h"
#include "vm/plugins/qemu_plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int qemu_plugin_version = 1;

/* An address in the guest. Translated code points to it, so it stays for good. */
struct place {
	uint64_t address;
	uint64_t recent;  /* executions since the time stamp was last read */
	uint64_t stretch; /* and before that, since it was first read in this stretch */
	uint64_t operation;
	uint64_t vain;
	struct place *next; /* of the same hash */
};

struct list {
	struct place **places;
	size_t count, room;
};

static struct {
	qemu_plugin_id_t id;
	bool armed;
	bool begun;    /* a stretch has begun */
	bool counting; /* and in it the time stamp has been read */
	char path[3000];
	struct place **places;       /* a hash table of PLACES lists */
	struct list recent, stretch; /* which places have some */
	size_t place_count;
} counts;

enum { PLACES = 1 << 18 };

static void fail(const char *what) __attribute__((noreturn));

static void fail(const char *what)
{
	fprintf(stderr, "instruction_counts: %s\n", what);
	_exit(1);
}

static struct place *find_place(uint64_t address)
{
	const size_t hash = address * 0x9e3779b97f4a7c15ull >> 46;
	struct place *place = counts.places[hash];

	while (place && place->address != address)
		place = place->next;
	if (place)
		return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		fail("out of memory");
	place->address = address;
	place->next = counts.places[hash];
	counts.places[hash] = place;
	counts.place_count++;
	return place;
}

static void add(struct list *list, struct place *place)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 1 << 16;
		list->places = realloc(list->places, list->room * sizeof(struct place *));
		if (!list->places)
			fail("out of memory");
	}
	list->places[list->count++] = place;
}

static void on_instruction(unsigned int cpu, void *data)
{
	struct place *place = data;

	(void)cpu;
	if (counts.counting && !place->recent++)
		add(&counts.recent, place);
}

static void forget_recent(void)
{
	for (size_t i = 0; i < counts.recent.count; i++)
		counts.recent.places[i]->recent = 0;
	counts.recent.count = 0;
}

/*
 * A program takes the time of what it measures from one reading of the time stamp to another: a
 * stretch is what lies between the first and the last one.
 */
static void on_time_stamp(unsigned int cpu, void *data)
{
	(void)cpu, (void)data;
	if (!counts.begun)
		return;
	for (size_t i = 0; i < counts.recent.count; i++) {
		struct place *place = counts.recent.places[i];

		if (!place->stretch)
			add(&counts.stretch, place);
		place->stretch += place->recent;
	}
	forget_recent();
	counts.counting = true;
}

static void end_stretch(bool vain)
{
	for (size_t i = 0; i < counts.stretch.count; i++) {
		struct place *place = counts.stretch.places[i];

		*(vain ? &place->vain : &place->operation) += place->stretch;
		place->stretch = 0;
	}
	counts.stretch.count = 0;
	forget_recent();
	counts.begun = counts.counting = false;
}

static void write_counts(void)
{
	FILE *file = fopen(counts.path, "w");

	if (!file)
		fail("the file of counts can't be made");
	for (size_t hash = 0; hash < PLACES; hash++) {
		for (struct place *place = counts.places[hash]; place; place = place->next) {
			if (place->operation || place->vain)
				fprintf(file, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
					place->address, place->operation, place->vain);
			place->operation = place->vain = 0;
		}
	}
	if (fclose(file))
		fail("the file of counts can't be written");
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block);

static void translate_anew(qemu_plugin_id_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
}

/* Code that was translated before has counting in it or not: QEMU must forget it. */
static void arm(bool armed)
{
	if (counts.armed == armed)
		return;
	counts.armed = armed;
	qemu_plugin_reset(counts.id, translate_anew);
}

static void on_mark(unsigned int cpu, void *data)
{
	const enum count_mark mark = (enum count_mark)(uintptr_t)data;

	(void)cpu;
	switch (mark) {
	case COUNT_MARK_ARM:
		arm(true);
		break;
	case COUNT_MARK_BEGIN:
		end_stretch(true);
		counts.begun = true;
		break;
	case COUNT_MARK_END:
	case COUNT_MARK_END_VAIN:
		end_stretch(mark == COUNT_MARK_END_VAIN);
		break;
	case COUNT_MARK_WRITE:
		end_stretch(true);
		write_counts();
		arm(false);
		break;
	case COUNT_MARKS:
		break;
	}
}

/* rdtsc, rdtscp */
static bool is_time_stamp(const struct qemu_plugin_insn *instruction)
{
	const uint8_t *bytes = qemu_plugin_insn_data(instruction);
	const size_t nbytes = qemu_plugin_insn_size(instruction);

	return (nbytes == 2 && bytes[0] == 0x0f && bytes[1] == 0x31) ||
	       (nbytes == 3 && bytes[0] == 0x0f && bytes[1] == 0x01 && bytes[2] == 0xf9);
}

/* The reading itself is of what follows it. */
static void count_time_stamp(struct qemu_plugin_insn *instruction)
{
	qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_time_stamp, QEMU_PLUGIN_CB_NO_REGS,
					       NULL);
	qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
					       find_place(qemu_plugin_insn_vaddr(instruction)));
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	const size_t count = qemu_plugin_tb_n_insns(block);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
		const enum count_mark mark = count_mark_of(qemu_plugin_insn_data(instruction),
							   qemu_plugin_insn_size(instruction));

		if (mark != COUNT_MARKS)
			qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark,
							       QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)mark);
		else if (counts.armed && is_time_stamp(instruction))
			count_time_stamp(instruction);
		else if (counts.armed)
			qemu_plugin_register_vcpu_insn_exec_cb(
				instruction, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
				find_place(qemu_plugin_insn_vaddr(instruction)));
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "counts=", 7))
			snprintf(counts.path, sizeof(counts.path), "%s", argv[i] + 7);
	}
	counts.id = id;
	counts.places = calloc(PLACES, sizeof(struct place *));
	if (!*counts.path || !counts.places) {
		fprintf(stderr, "instruction_counts: counts must be given\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
