// SPDX-License-Identifier: MIT
/*
 * The driver on a device in the testbed; vfio-testbed.sh calls it. It overwrites the device.
 *
 *	vfio_io suite PCI poll|interrupt|hybrid NQPAIRS [NSID [sgl]]	every kind of I/O, checked
 *	vfio_io write PCI MODE SEED NBYTES			a pattern, from the first block on
 *	vfio_io verify PCI MODE SEED NBYTES			whether the pattern is there
 *	vfio_io format PCI BLOCK-NBYTES				blocks of another size
 *	vfio_io flood PCI MODE					writes until it is killed
 *	vfio_io pattern SEED NBYTES				the pattern, to stdout
 */
#include "vfio_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT_NVM 0x80u /* [5.23] */

struct ud_ctrlr *io_open(const char *pci, bool sgl)
{
	struct ud_ctrlr_options options;
	struct ud_transport *transport;
	struct ud_ctrlr *ctrlr;
	char reason[512];
	int err = ud_vfio_open(pci, &transport, reason, sizeof(reason));

	if (err) {
		fprintf(stderr, "vfio_io: %s\n", reason);
		return NULL;
	}
	ud_ctrlr_options_init(&options);
	options.sgl = sgl;
	err = ud_ctrlr_open(transport, &options, &ctrlr);
	if (err) {
		fprintf(stderr, "vfio_io: %s doesn't start: %s\n", pci, strerror(-err));
		return NULL;
	}
	return ctrlr;
}

int io_init(struct io *io, struct ud_ctrlr *ctrlr, uint32_t nsid, enum ud_completion_mode mode)
{
	struct ud_qpair_options options;
	int err;

	memset(io, 0, sizeof(*io));
	io->ctrlr = ctrlr;
	io->ns = ud_ctrlr_find_ns(ctrlr, nsid);
	if (!io->ns)
		return -ENODEV;
	err = ud_dma_alloc(ctrlr, IO_BUF_NBYTES, UD_NODE_DEVICE, &io->dma);
	if (err)
		return err;
	ud_qpair_options_init(&options);
	options.mode = mode;
	return ud_qpair_create(ctrlr, &options, &io->qpair);
}

void io_destroy(struct io *io)
{
	ud_qpair_destroy(io->qpair);
	ud_dma_free(io->ctrlr, &io->dma);
}

void io_callback(void *arg, int error, uint16_t status, uint32_t result)
{
	struct io *io = arg;

	(void)result;
	io->calls++;
	io->error = error;
	io->status = status;
}

int io_end(struct io *io, int err)
{
	if (!err)
		err = ud_qpair_drain(io->qpair, IO_TIMEOUT_NS);
	if (!err && io->calls != 1)
		err = -EPROTO;
	io->calls = 0;
	return err ? err : io->error;
}

int io_read(struct io *io, uint64_t slba, uint32_t nblocks)
{
	return io_end(io,
		      ud_read(io->qpair, io->ns, io->dma.vaddr, slba, nblocks, 0, io_callback, io));
}

int io_write(struct io *io, uint64_t slba, uint32_t nblocks)
{
	return io_end(
		io, ud_write(io->qpair, io->ns, io->dma.vaddr, slba, nblocks, 0, io_callback, io));
}

/* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t word(uint64_t seed, uint64_t index)
{
	uint64_t z = seed * 0x9e3779b97f4a7c15ull + index;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void pattern_fill(void *buf, size_t nbytes, uint64_t seed, uint64_t position)
{
	uint64_t *words = buf;

	for (size_t i = 0; i < nbytes / sizeof(*words); i++)
		words[i] = word(seed, position / sizeof(*words) + i);
}

bool pattern_holds(const void *buf, size_t nbytes, uint64_t seed, uint64_t position)
{
	const uint64_t *words = buf;

	for (size_t i = 0; i < nbytes / sizeof(*words); i++) {
		if (words[i] != word(seed, position / sizeof(*words) + i))
			return false;
	}
	return true;
}

static int parse_mode(const char *name, enum ud_completion_mode *mode)
{
	static const char *const names[] = {"poll", "interrupt", "hybrid"};

	for (unsigned int i = 0; i < 3; i++) {
		*mode = (enum ud_completion_mode)i;
		if (!strcmp(name, names[i]))
			return 0;
	}
	return -EINVAL;
}

/* Moves @nbytes in pieces of many sizes, so that one request, a split one and a tail all occur. */
static int move(struct io *io, bool write, uint64_t seed, uint64_t nbytes)
{
	const uint32_t block_nbytes = io->ns->block_nbytes;
	uint64_t position = 0, piece = block_nbytes;
	int err = 0;

	while (!err && position < nbytes) {
		piece = piece * 3 % (IO_BUF_NBYTES / 2);
		piece = (piece ? piece : 1) / block_nbytes * block_nbytes + block_nbytes;
		if (piece > nbytes - position)
			piece = nbytes - position;
		if (write)
			pattern_fill(io->dma.vaddr, piece, seed, position);
		err = write ? io_write(io, position / block_nbytes,
				       (uint32_t)(piece / block_nbytes))
			    : io_read(io, position / block_nbytes,
				      (uint32_t)(piece / block_nbytes));
		if (!err && !write && !pattern_holds(io->dma.vaddr, piece, seed, position))
			err = -EILSEQ;
		if (err)
			fprintf(stderr, "vfio_io: %llu bytes at %llu: %s %s\n",
				(unsigned long long)piece, (unsigned long long)position,
				strerror(-err), ud_status_string(io->status));
		position += piece;
	}
	return write && !err ? io_end(io, ud_flush(io->qpair, io->ns, io_callback, io)) : err;
}

static int pattern(uint64_t seed, uint64_t nbytes)
{
	static char buf[1 << 16];
	uint64_t position = 0;

	while (position < nbytes) {
		const uint64_t left = nbytes - position;
		const size_t piece = left < sizeof(buf) ? left : sizeof(buf);

		pattern_fill(buf, piece, seed, position);
		if (fwrite(buf, 1, piece, stdout) != piece)
			return -EIO;
		position += piece;
	}
	return 0;
}

/* Format NVM [5.23]. What the driver knows of the namespace stays as it was: open it again. */
static int format(struct ud_ctrlr *ctrlr, uint32_t block_nbytes)
{
	struct nvme_sqe sqe = {.opc = FORMAT_NVM, .nsid = 1};
	struct nvme_identify_namespace id;
	struct ud_ns *ns = ud_ctrlr_find_ns(ctrlr, 1);
	unsigned int i = 0;
	const int err = ns ? ud_ns_identify(ns, &id) : -ENODEV;

	if (err)
		return err;
	while (i <= id.nlbaf && i < 16 && (id.lbaf[i].ms || 1u << id.lbaf[i].lbads != block_nbytes))
		i++;
	if (i > id.nlbaf || i == 16)
		return -ENOTSUP;
	sqe.cdw10 = i;
	return ud_admin(ctrlr, &sqe, NULL, 0, false, NULL, NULL);
}

/* Keeps the queue full of writes; each completion submits the next. */
static void on_flood(void *arg, int error, uint16_t status, uint32_t result)
{
	struct io *io = arg;
	const uint32_t nblocks = 65536 / io->ns->block_nbytes;

	(void)status;
	(void)result;
	if (error)
		exit(1);
	if (++io->calls == 200) {
		printf("flooding\n");
		fflush(stdout);
	}
	ud_write(io->qpair, io->ns, io->dma.vaddr, io->calls % 512 * nblocks, nblocks, 0, on_flood,
		 io);
}

static int flood(struct io *io)
{
	for (unsigned int i = 0; i < 64; i++)
		on_flood(io, 0, 0, 0);
	for (;;) {
		const int err = ud_qpair_wait(io->qpair, IO_TIMEOUT_NS);

		if (err <= 0)
			return err ? err : -ETIMEDOUT;
	}
}

static int run_on(struct ud_ctrlr *ctrlr, int argc, char **argv)
{
	enum ud_completion_mode mode;
	struct checks checks = {0};
	struct io io;
	int err;

	if (!strcmp(argv[1], "format"))
		return format(ctrlr, (uint32_t)atoi(argv[3]));
	err = parse_mode(argv[3], &mode);
	if (err)
		return err;
	if (!strcmp(argv[1], "suite") && argc > 4) {
		if (argc > 6)
			check(&checks, ud_ctrlr_info(ctrlr)->sgl, "SGLs are in use");
		suite(&checks, ctrlr, argc > 5 ? (uint32_t)atoi(argv[5]) : 1, mode,
		      (unsigned int)atoi(argv[4]));
		return checks_end(&checks);
	}
	err = io_init(&io, ctrlr, 1, mode);
	if (err)
		return err;
	if (!strcmp(argv[1], "flood"))
		err = flood(&io);
	else if (argc > 5)
		err = move(&io, !strcmp(argv[1], "write"), strtoull(argv[4], NULL, 10),
			   strtoull(argv[5], NULL, 10));
	else
		err = -EINVAL;
	io_destroy(&io);
	return err;
}

int main(int argc, char **argv)
{
	struct ud_ctrlr *ctrlr;
	int err, closed;
	bool sgl;

	if (argc < 4) {
		fprintf(stderr, "usage: see the head of vfio_io.c\n");
		return 2;
	}
	if (!strcmp(argv[1], "pattern"))
		return pattern(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)) ? 1 : 0;
	sgl = argc > 6 && !strcmp(argv[6], "sgl");
	ctrlr = io_open(argv[2], sgl);
	if (!ctrlr)
		return 1;
	err = run_on(ctrlr, argc, argv);
	if (err < 0)
		fprintf(stderr, "vfio_io: %s %s: %s\n", argv[1], argv[2], strerror(-err));
	closed = ud_ctrlr_close(ctrlr);
	if (closed)
		fprintf(stderr, "vfio_io: the shutdown failed: %s\n", strerror(-closed));
	return err || closed;
}
