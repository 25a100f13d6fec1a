/* SPDX-License-Identifier: MIT */
/* A part of check.c: a controller that says what it likes. */
#ifndef CHECK_IDENTIFY_H
#define CHECK_IDENTIFY_H

#include <errno.h>

#include "bare.h"

struct saying {
	uint8_t sqes, cqes, mdts, vwc;
	uint16_t vid, oncs;
	const char *serial, *model; /* of the whole field */
};

static void say(void *arg, uint8_t cns, uint32_t nsid, void *data)
{
	struct nvme_identify_controller *id = data;
	const struct saying *saying = arg;

	(void)nsid;
	if (cns != NVME_CNS_CONTROLLER)
		return;
	id->sqes = saying->sqes;
	id->cqes = saying->cqes;
	id->mdts = saying->mdts;
	id->vwc = saying->vwc;
	id->vid = saying->vid;
	id->oncs = saying->oncs;
	memcpy(id->sn, saying->serial, sizeof(id->sn));
	memcpy(id->mn, saying->model, sizeof(id->mn));
}

static const struct saying plain = {
	.sqes = 0x66,
	.cqes = 0x44,
	.mdts = 5,
	.serial = "S3RIAL              ",
	.model = "A model                                 ",
};

/* Opens a controller that says so, with @most bytes as the caller's own limit. */
static int hear(struct saying saying, uint32_t most, struct ud_ctrlr_info *info)
{
	struct ud_ctrlr_options options;
	struct ud_ctrlr *opened;
	int err;

	*info = (struct ud_ctrlr_info){.nns = 0};
	ud_soft_config_init(&config);
	config.on_identify = say;
	config.hook_arg = &saying;
	create_model();
	ud_ctrlr_options_init(&options);
	if (most)
		options.max_transfer_nbytes = most;
	err = ud_ctrlr_open(soft, &options, &opened);
	if (err)
		return err;
	*info = *ud_ctrlr_info(opened);
	(void)ud_ctrlr_close(opened);
	return 0;
}

static void expect_strings(void)
{
	struct saying saying = plain;
	struct ud_ctrlr_info info;
	int err;

	lab_step("serial number 'S3RIAL' padded to 20 characters, model 'A model' to 40");
	err = hear(saying, 0, &info);
	LAB_EXPECT(!err, "the controller comes up", "%d", err);
	LAB_EXPECT(strcmp(info.serial, "S3RIAL") == 0 && strcmp(info.model, "A model") == 0,
		   "strings are terminated, and without the spaces behind them [1.5]",
		   "'%.21s' and '%.41s'", info.serial, info.model);
	lab_step("a serial number of all 20 characters; two of the model aren't printable");
	saying.serial = "0123456789ABCDEFGHIJ";
	saying.model = "A\nmodel\xff                                ";
	err = hear(saying, 0, &info);
	LAB_EXPECT(!err && strncmp(info.serial, saying.serial, sizeof(info.serial)) == 0,
		   "20 characters and a terminator", "'%.21s'", info.serial);
	LAB_EXPECT(strcmp(info.model, "A model") == 0, "what isn't printable is a space", "'%.41s'",
		   info.model);
}

static void expect_transfer(uint8_t mdts, uint32_t most, uint32_t expected)
{
	struct saying saying = plain;
	struct ud_ctrlr_info info;
	int err;

	lab_step("MDTS %u, the caller wants %u bytes at most", mdts, most);
	saying.mdts = mdts;
	err = hear(saying, most, &info);
	LAB_EXPECT(!err && info.max_transfer_nbytes == expected,
		   "largest transfer: 1 << MDTS pages, 0 for no limit, and never more than wanted",
		   "%d, %u bytes instead of %u", err, info.max_transfer_nbytes, expected);
}

static void expect_refused(uint8_t sqes, uint8_t cqes)
{
	struct saying saying = plain;
	struct ud_ctrlr_info info;
	int err;

	lab_step("SQES 0x%02x, CQES 0x%02x", sqes, cqes);
	saying.sqes = sqes;
	saying.cqes = cqes;
	err = hear(saying, 0, &info);
	LAB_EXPECT(err == -ENOTSUP,
		   "a controller that needs larger entries than 64 and 16 bytes is refused with "
		   "-ENOTSUP",
		   "%d", err);
}

static void check_identify(void)
{
	struct saying saying = plain;
	struct ud_ctrlr_info info;

	expect_strings();
	expect_transfer(5, 1u << 20, 131072);
	expect_transfer(1, 1u << 20, 8192);
	expect_transfer(5, 65536, 65536);
	expect_transfer(0, 1u << 20, 1u << 20);
	expect_transfer(255, 1u << 20, 1u << 20);
	expect_transfer(32, 1u << 20, 1u << 20);
	expect_refused(0x67, 0x44);
	expect_refused(0x66, 0x45);
	for (unsigned int bits = 0; bits < 16; bits++) {
		lab_step("VWC %u, ONCS with compare %u, DSM %u, write zeroes %u", bits & 1,
			 bits >> 1 & 1, bits >> 2 & 1, bits >> 3);
		/* Bits of other meanings are set, too. */
		saying.vwc = (uint8_t)(0x6 | (bits & 1));
		saying.oncs = (uint16_t)(0x2 | (bits >> 1 & 1) | (bits & 4) | (bits & 8));
		saying.vid = (uint16_t)(0x1b30 + bits);
		LAB_EXPECT(!hear(saying, 0, &info) && info.vid == saying.vid,
			   "the vendor is the one that it says", "0x%x instead of 0x%x", info.vid,
			   saying.vid);
		LAB_EXPECT(info.volatile_write_cache == (bits & 1) &&
				   info.compare == (bits >> 1 & 1) &&
				   info.dataset_management == (bits >> 2 & 1) &&
				   info.write_zeroes == bits >> 3,
			   "each option is told by its own bit of VWC and ONCS",
			   "cache %d, compare %d, DSM %d, write zeroes %d",
			   info.volatile_write_cache, info.compare, info.dataset_management,
			   info.write_zeroes);
	}
}

#endif
