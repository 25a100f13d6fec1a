// SPDX-License-Identifier: MIT
/* Encodings as in the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. */
#include "vm/plugins/x86_order.h"
#include "vm/plugins/pmem_log.h"

#include <string.h>

struct decoder {
	const uint8_t *bytes;
	size_t nbytes;
	size_t at;
	bool operand_size; /* prefix 66 */
	bool repeat;       /* F2 or F3 */
	bool lock;
	bool segment;
	uint8_t rex;
	bool vex;
	uint8_t map; /* 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A */
};

static uint8_t next(struct decoder *decoder)
{
	return decoder->at < decoder->nbytes ? decoder->bytes[decoder->at++] : 0;
}

static uint8_t peek(const struct decoder *decoder)
{
	return decoder->at < decoder->nbytes ? decoder->bytes[decoder->at] : 0;
}

static void read_prefixes(struct decoder *decoder)
{
	for (;; decoder->at++) {
		switch (peek(decoder)) {
		case 0x66:
			decoder->operand_size = true;
			break;
		case 0xf2:
		case 0xf3:
			decoder->repeat = true;
			break;
		case 0xf0:
			decoder->lock = true;
			break;
		case 0x64:
		case 0x65:
			decoder->segment = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x67:
			break;
		default:
			if ((peek(decoder) & 0xf0) != 0x40)
				return;
			decoder->rex = next(decoder);
			return;
		}
	}
}

/* VEX, of two or three bytes: only the opcode map counts here. */
static void read_vex(struct decoder *decoder)
{
	const bool three = next(decoder) == 0xc4;

	decoder->vex = true;
	decoder->map = three ? next(decoder) & 0x1f : 1;
	decoder->at++;
}

static uint8_t read_opcode(struct decoder *decoder)
{
	uint8_t opcode;

	if (peek(decoder) == 0xc4 || peek(decoder) == 0xc5) {
		read_vex(decoder);
		return next(decoder);
	}
	opcode = next(decoder);
	if (opcode != 0x0f)
		return opcode;
	decoder->map = 1;
	if (peek(decoder) == 0x38 || peek(decoder) == 0x3a)
		decoder->map = next(decoder) == 0x38 ? 2 : 3;
	else
		return next(decoder);
	return next(decoder);
}

/* Behind the ModRM byte. */
static void read_address(struct decoder *decoder, uint8_t modrm, struct x86_address *address)
{
	const uint8_t mode = modrm >> 6;
	uint8_t sib;

	*address = (struct x86_address){
		.base = (modrm & 7) | (decoder->rex & 1) << 3, .index = -1, .scale = 1};
	address->segment = decoder->segment;
	if ((modrm & 7) == 4) {
		sib = next(decoder);
		address->base = (sib & 7) | (decoder->rex & 1) << 3;
		address->index = (sib >> 3 & 7) | (decoder->rex & 2) << 2;
		address->scale = 1u << (sib >> 6);
		if (address->index == 4)
			address->index = -1;
		if ((sib & 7) == 5 && mode == 0)
			address->base = -1;
	} else if ((modrm & 7) == 5 && mode == 0) {
		address->base = -1;
		address->relative = true;
	}
	if (mode == 1)
		address->displacement = (next(decoder) ^ 0x80) - 0x80; /* signed */
	else if ((mode == 2 || address->base < 0) && decoder->at + 4 <= decoder->nbytes)
		memcpy(&address->displacement, decoder->bytes + decoder->at, 4);
}

/* 0F AE: fences and flushes share it with others. */
static enum x86_order group_15(struct decoder *decoder, struct x86_address *address)
{
	const uint8_t modrm = next(decoder);
	const uint8_t which = modrm >> 3 & 7;

	if (modrm >> 6 == 3)
		return (which == 6 || which == 7) && !decoder->repeat && !decoder->operand_size
			       ? X86_FENCE
			       : X86_OTHER;
	if (decoder->repeat || which < 6)
		return X86_OTHER;
	if (which == 6 && !decoder->operand_size)
		return X86_OTHER; /* xsaveopt */
	read_address(decoder, modrm, address);
	return which == 7 && !decoder->operand_size ? X86_FLUSH_NOW : X86_FLUSH;
}

/* movnti, movntps, movntpd, movntq, movntdq; their VEX forms have the same opcodes. */
static bool is_non_temporal(uint8_t opcode)
{
	return opcode == 0xc3 || opcode == 0x2b || opcode == 0xe7;
}

static bool is_mark(const struct decoder *decoder)
{
	int32_t displacement;

	if (decoder->at + 5 > decoder->nbytes || decoder->bytes[decoder->at] != 0x80)
		return false;
	memcpy(&displacement, decoder->bytes + decoder->at + 1, sizeof(displacement));
	return displacement == PMEM_LOG_NOP;
}

enum x86_order x86_order_of(const uint8_t *bytes, size_t nbytes, struct x86_address *address)
{
	struct decoder decoder = {.bytes = bytes, .nbytes = nbytes};
	uint8_t opcode;

	read_prefixes(&decoder);
	opcode = read_opcode(&decoder);
	if (decoder.lock)
		return X86_LOCKED;
	if (decoder.map == 0)
		return (opcode == 0x86 || opcode == 0x87) && peek(&decoder) >> 6 != 3 ? X86_LOCKED
										      : X86_OTHER;
	if (decoder.map != 1)
		return X86_OTHER;
	if (is_non_temporal(opcode))
		return X86_STORE_NT;
	if (opcode == 0xae && !decoder.vex)
		return group_15(&decoder, address);
	return opcode == 0x1f && is_mark(&decoder) ? X86_MARK : X86_OTHER;
}
