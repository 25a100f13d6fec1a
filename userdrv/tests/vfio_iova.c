// SPDX-License-Identifier: MIT
/* The IOVA allocator against a model that has one byte for each page. Needs no device. */
#include "../src/vfio_iova.h"
#include "vfio_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE  4096ull
#define PAGES 4096u /* that the model knows, from address 0 */
#define LIVE  256u

static const struct ud_vfio_iova_range two_ranges[] = {
	{0, 2000 * PAGE - 1},
	{2100 * PAGE, PAGES *PAGE - 1},
};

struct piece {
	uint64_t address;
	uint64_t nbytes; /* 0: none */
};

static bool page_is_valid(uint64_t page)
{
	return page >= 16 && page < PAGES && (page < 2000 || page >= 2100);
}

/* Marks or clears; false when a page was so already, or may never be given out. */
static bool mark(unsigned char *pages, const struct piece *piece, unsigned char value)
{
	for (uint64_t page = piece->address / PAGE; page < (piece->address + piece->nbytes) / PAGE;
	     page++) {
		if (!page_is_valid(page) || pages[page] == value)
			return false;
		pages[page] = value;
	}
	return true;
}

/* No page twice, all aligned as asked, and in the end everything is free in as many holes as at
 * first. */
static bool random_use_is_right(unsigned int seed)
{
	static unsigned char pages[PAGES];
	struct piece live[LIVE] = {0};
	struct ud_vfio_iova iova;
	bool right = true;

	memset(pages, 0, sizeof(pages));
	srand(seed);
	if (ud_vfio_iova_init(&iova, two_ranges, 2))
		return false;
	for (unsigned int i = 0; i < 20000 && right; i++) {
		struct piece *piece = &live[(unsigned int)rand() % LIVE];
		const uint64_t alignment = PAGE << (unsigned int)rand() % 5;
		const uint64_t phase = PAGE * ((unsigned int)rand() % 64);

		if (piece->nbytes) {
			right = mark(pages, piece, 0);
			ud_vfio_iova_put(&iova, piece->address, piece->nbytes);
			piece->nbytes = 0;
			continue;
		}
		piece->nbytes = PAGE * (1 + (unsigned int)rand() % 60);
		if (ud_vfio_iova_get(&iova, piece->nbytes, alignment, phase, &piece->address))
			piece->nbytes = 0;
		else
			right = mark(pages, piece, 1) && (piece->address - phase) % alignment == 0;
	}
	for (unsigned int i = 0; i < LIVE; i++) {
		if (live[i].nbytes)
			ud_vfio_iova_put(&iova, live[i].address, live[i].nbytes);
	}
	right = right && iova.count == 2 && iova.most == 2;
	ud_vfio_iova_destroy(&iova);
	return right;
}

static bool edges_are_right(void)
{
	const struct ud_vfio_iova_range all = {0, UINT64_MAX};
	const struct ud_vfio_iova_range tiny[] = {{0, 4095}, {0x10001, 0x10ffe}};
	struct ud_vfio_iova iova;
	uint64_t address = 0;
	bool right;

	if (ud_vfio_iova_init(&iova, &all, 1))
		return false;
	right = !ud_vfio_iova_get(&iova, 0 - 0x10000ull, PAGE, 0, &address) && address == 0x10000 &&
		ud_vfio_iova_get(&iova, PAGE, PAGE, 0, &address) == -ENOSPC && !iova.count;
	ud_vfio_iova_put(&iova, 0x10000, 0 - 0x10000ull);
	right = right && iova.count == 1;
	ud_vfio_iova_destroy(&iova);
	return right && ud_vfio_iova_init(&iova, tiny, 2) == -ENOSPC &&
	       ud_vfio_iova_init(&iova, NULL, 0) == -ENOSPC;
}

int main(void)
{
	struct checks checks = {0};
	bool right = true;

	for (unsigned int seed = 1; seed <= 50; seed++)
		right = right && random_use_is_right(seed);
	check(&checks, right,
	      "20,000 random takes and returns give no page twice and none invalid");
	check(&checks, edges_are_right(), "ranges that hold no page or all 64 bits are handled");
	return checks_end(&checks);
}
