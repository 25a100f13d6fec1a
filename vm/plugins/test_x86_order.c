// SPDX-License-Identifier: MIT
/* Each instruction that counts is told from those that look like it; addresses are taken apart. */
#include "vm/plugins/x86_order.h"

#include <stdio.h>

static const struct {
	const char *text;
	uint8_t bytes[12];
	size_t nbytes;
	enum x86_order order;
	struct x86_address address;
} rows[] = {
	{"clflush (%rax)", {0x0f, 0xae, 0x38}, 3, X86_FLUSH_NOW, {0, -1, 1, 0, false, false}},
	{"ds clflush (%rax)",
	 {0x3e, 0x0f, 0xae, 0x38},
	 4,
	 X86_FLUSH_NOW,
	 {0, -1, 1, 0, false, false}},
	{"clflushopt (%rax)", {0x66, 0x0f, 0xae, 0x38}, 4, X86_FLUSH, {0, -1, 1, 0, false, false}},
	{"clwb (%rax)", {0x66, 0x0f, 0xae, 0x30}, 4, X86_FLUSH, {0, -1, 1, 0, false, false}},
	{"clwb 0x40(%r9)",
	 {0x66, 0x41, 0x0f, 0xae, 0x71, 0x40},
	 6,
	 X86_FLUSH,
	 {9, -1, 1, 64, false, false}},
	{"clwb -0x40(%rdi)",
	 {0x66, 0x0f, 0xae, 0x77, 0xc0},
	 5,
	 X86_FLUSH,
	 {7, -1, 1, -64, false, false}},
	{"clwb (%rbx,%rcx,8)",
	 {0x66, 0x0f, 0xae, 0x34, 0xcb},
	 5,
	 X86_FLUSH,
	 {3, 1, 8, 0, false, false}},
	{"clwb 0x100(%rsp)",
	 {0x66, 0x0f, 0xae, 0xb4, 0x24, 0, 1, 0, 0},
	 9,
	 X86_FLUSH,
	 {4, -1, 1, 256, false, false}},
	{"clwb 0x10(%rip)",
	 {0x66, 0x0f, 0xae, 0x35, 0x10, 0, 0, 0},
	 8,
	 X86_FLUSH,
	 {-1, -1, 1, 16, true, false}},
	{"clwb %gs:(%rax)",
	 {0x65, 0x66, 0x0f, 0xae, 0x30},
	 5,
	 X86_FLUSH,
	 {0, -1, 1, 0, false, true}},
	{"xsaveopt (%rax)", {0x0f, 0xae, 0x30}, 3, X86_OTHER, {0}},
	{"fxsave (%rax)", {0x0f, 0xae, 0x00}, 3, X86_OTHER, {0}},
	{"sfence", {0x0f, 0xae, 0xf8}, 3, X86_FENCE, {0}},
	{"mfence", {0x0f, 0xae, 0xf0}, 3, X86_FENCE, {0}},
	{"lfence", {0x0f, 0xae, 0xe8}, 3, X86_OTHER, {0}},
	{"umonitor %rax", {0xf3, 0x0f, 0xae, 0xf0}, 4, X86_OTHER, {0}},
	{"movnti %rax,(%rdi)", {0x48, 0x0f, 0xc3, 0x07}, 4, X86_STORE_NT, {0}},
	{"movntps %xmm0,(%rdi)", {0x0f, 0x2b, 0x07}, 3, X86_STORE_NT, {0}},
	{"movntdq %xmm0,(%rdi)", {0x66, 0x0f, 0xe7, 0x07}, 4, X86_STORE_NT, {0}},
	{"vmovntdq %ymm0,(%rdi)", {0xc5, 0xfd, 0xe7, 0x07}, 4, X86_STORE_NT, {0}},
	{"mov %rax,(%rdi)", {0x48, 0x89, 0x07}, 3, X86_OTHER, {0}},
	{"ret", {0xc3}, 1, X86_OTHER, {0}},
	{"rep movsq", {0xf3, 0x48, 0xa5}, 3, X86_OTHER, {0}},
	{"lock incl (%rdi)", {0xf0, 0xff, 0x07}, 3, X86_LOCKED, {0}},
	{"lock cmpxchg %rcx,(%rdi)", {0xf0, 0x48, 0x0f, 0xb1, 0x0f}, 5, X86_LOCKED, {0}},
	{"xchg %rax,(%rdi)", {0x48, 0x87, 0x07}, 3, X86_LOCKED, {0}},
	{"xchg %rax,%rdi", {0x48, 0x87, 0xc7}, 3, X86_OTHER, {0}},
	{"a mark", {0x0f, 0x1f, 0x80, 0x62, 0x72, 0x61, 0x6d}, 7, X86_MARK, {0}},
	{"nopl 0x0(%rax)", {0x0f, 0x1f, 0x80, 0, 0, 0, 0}, 7, X86_OTHER, {0}},
};

static bool same(const struct x86_address *a, const struct x86_address *b)
{
	return a->base == b->base && a->index == b->index && a->scale == b->scale &&
	       a->displacement == b->displacement && a->relative == b->relative &&
	       a->segment == b->segment;
}

int main(void)
{
	const size_t count = sizeof(rows) / sizeof(rows[0]);
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		struct x86_address address = {0};
		const enum x86_order order = x86_order_of(rows[i].bytes, rows[i].nbytes, &address);
		const bool flush = order == X86_FLUSH || order == X86_FLUSH_NOW;

		if (order == rows[i].order && (!flush || same(&address, &rows[i].address)))
			continue;
		failed++;
		printf("FAILED  %s: order %d, base %d index %d scale %u displacement %d\n",
		       rows[i].text, (int)order, address.base, address.index, address.scale,
		       address.displacement);
	}
	printf("%zu passed, %zu failed\n", count - failed, failed);
	return failed != 0;
}
