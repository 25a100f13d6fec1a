// SPDX-License-Identifier: MIT
/*
 * Writes one block, reads it back, compares, and puts back what was there.
 * Usage: hello soft: | hello pci:ADDRESS SERIAL
 *
 * A real device must be named twice, by its address and by its serial number (see identify), and
 * must hold nothing: its first and last MiB, where partition tables, file systems, LVM and RAID
 * have their signatures, read as zeros.
 */
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MIB        (1u << 20)
#define TIMEOUT_NS 5000000000ull

struct hello {
	struct ud_qpair *qpair;
	struct ud_ns *ns;
	struct ud_dma dma;
	int error; /* of the last I/O */
};

static void on_done(void *arg, int error, uint16_t status, uint32_t result)
{
	(void)result;
	if (error)
		fprintf(stderr, "the controller says: %s\n",
			status ? ud_status_string(status) : strerror(-error));
	*(int *)arg = error;
}

static int read_blocks(struct hello *hello, uint64_t slba, uint32_t nblocks)
{
	int err = ud_read(hello->qpair, hello->ns, hello->dma.vaddr, slba, nblocks, 0, on_done,
			  &hello->error);

	if (!err)
		err = ud_qpair_drain(hello->qpair, TIMEOUT_NS);
	return err ? err : hello->error;
}

/* UD_FUA: on the medium, not only in its cache, before it completes. */
static int write_block(struct hello *hello, const char *text)
{
	int err;

	memset(hello->dma.vaddr, 0, hello->ns->block_nbytes);
	memcpy(hello->dma.vaddr, text, strlen(text));
	err = ud_write(hello->qpair, hello->ns, hello->dma.vaddr, 0, 1, UD_FUA, on_done,
		       &hello->error);
	if (!err)
		err = ud_qpair_drain(hello->qpair, TIMEOUT_NS);
	return err ? err : hello->error;
}

/* 1: only zeros there; 0: something else; negative: unreadable. */
static int is_empty(struct hello *hello)
{
	const uint64_t nblocks = hello->ns->nblocks;
	uint32_t count = MIB / hello->ns->block_nbytes;

	if (count > nblocks)
		count = (uint32_t)nblocks;
	for (unsigned int end = 0; end < 2; end++) {
		const unsigned char *bytes = hello->dma.vaddr;
		const int err = read_blocks(hello, end ? nblocks - count : 0, count);

		if (err)
			return err;
		for (size_t i = 0; i < (size_t)count * hello->ns->block_nbytes; i++) {
			if (bytes[i])
				return 0;
		}
	}
	return 1;
}

static int say_hello(struct hello *hello)
{
	static const char text[] = "hello, disk";
	int err = write_block(hello, text);

	if (err)
		return err;
	memset(hello->dma.vaddr, 0xff, hello->ns->block_nbytes);
	err = read_blocks(hello, 0, 1);
	if (err)
		return err;
	if (memcmp(hello->dma.vaddr, text, sizeof(text))) {
		fprintf(stderr, "what was read isn't what was written\n");
		return -EIO;
	}
	printf("written and read back: \"%s\"\n", (const char *)hello->dma.vaddr);
	return write_block(hello, "");
}

static int run(struct ud_ctrlr *ctrlr, const char *target)
{
	struct hello hello = {.ns = ud_ctrlr_ns(ctrlr, 0)};
	int err, status = 0;

	if (!hello.ns || !hello.ns->usable ||
	    ud_dma_alloc(ctrlr, MIB, UD_NODE_DEVICE, &hello.dma) ||
	    ud_qpair_create(ctrlr, NULL, &hello.qpair)) {
		fprintf(stderr, "%s: no namespace, memory or queue to use\n", target);
		return 1;
	}
	err = is_empty(&hello);
	if (err > 0) {
		err = say_hello(&hello);
	} else if (err == 0) {
		fprintf(stderr, "%s holds something, and hello writes: take an empty device\n",
			target);
		status = 1;
	}
	if (err < 0) {
		fprintf(stderr, "%s: I/O failed: %s\n", target, strerror(-err));
		status = 1;
	}
	ud_qpair_destroy(hello.qpair);
	return status;
}

int main(int argc, char **argv)
{
	struct ud_ctrlr *ctrlr;
	int status = 1;

	if (argc < 2 || argc != (target_is_soft(argv[1]) ? 2 : 3)) {
		fprintf(stderr, "usage: hello soft: | hello pci:ADDRESS SERIAL\n");
		return 2;
	}
	ctrlr = target_open(argv[1]);
	if (!ctrlr)
		return 1;
	if (argc == 3 && strcmp(ud_ctrlr_info(ctrlr)->serial, argv[2]) != 0)
		fprintf(stderr, "%s has another serial number than %s: see identify %s\n", argv[1],
			argv[2], argv[1]);
	else
		status = run(ctrlr, argv[1]);
	return ud_ctrlr_close(ctrlr) ? 1 : status;
}
