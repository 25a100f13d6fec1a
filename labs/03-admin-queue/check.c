// SPDX-License-Identifier: MIT
/* The checks of lab 3: the student's way from a reset to Identify, against the controller model. */
#include "bare.h"
#include "check_identify.h"
#include "check_ring.h"

#include <errno.h>
#include <inttypes.h>

/* ---- wait ---- */

static void oversleep(void)
{
	if (nwaits == 1)
		ud_soft_advance(soft, 2000 * MS);
}

static void show_fatal(void)
{
	if (nwaits == 1)
		put32(NVME_REG_CSTS, look32(NVME_REG_CSTS) | NVME_CSTS_CFS);
}

static void become_fatal(void)
{
	if (nwaits == 3)
		ud_soft_set_fatal(soft);
}

static void go_away(void)
{
	if (nwaits == 3)
		ud_soft_set_gone(soft);
}

/* Enables a controller which is ready after @ready_ms and may take CAP.TO = @units for it. */
static int enable_after(unsigned int ready_ms, unsigned int units, void (*hook)(void),
			uint64_t *took_ns)
{
	uint64_t start;
	int err;

	config.ready_ns = ready_ms * MS;
	config.ready_timeout = units;
	bare_driver();
	on_wait = hook;
	start = ud_soft_now(soft);
	err = ud_ctrlr_enable(&ctrlr);
	*took_ns = ud_soft_now(soft) - start;
	return err;
}

static void check_wait_that_fails(void)
{
	const struct ud_soft_fault never = {.kind = UD_SOFT_FAULT_NOT_READY};
	uint64_t took;
	int err;

	lab_step("CAP.TO = 2, which is 1,000 ms; CSTS.RDY never comes");
	config.faults = &never;
	config.nfaults = 1;
	err = enable_after(300, 2, NULL, &took);
	config.nfaults = 0;
	LAB_EXPECT(err == -ETIMEDOUT, "what never comes is -ETIMEDOUT", "%d", err);
	LAB_EXPECT(took >= 1000 * MS, "the controller has its time",
		   "after %" PRIu64 " ms of 1,000 it was given up", took / MS);
	end_bare_driver();
	lab_step("it sets CSTS.CFS while it is getting ready");
	err = enable_after(300, 2, become_fatal, &took);
	LAB_EXPECT(err == -EIO && took < 300 * MS,
		   "waiting for a bit to be set, fatal status is -EIO, at once",
		   "%d after %" PRIu64 " ms", err, took / MS);
	end_bare_driver();
	lab_step("it is unplugged while it is getting ready: all registers read as ones");
	err = enable_after(300, 2, go_away, &took);
	LAB_EXPECT(err == -ENODEV, "CSTS of all ones is a device that is gone: -ENODEV", "%d", err);
	end_bare_driver();
}

static void check_wait(void)
{
	uint64_t took;
	int err;

	ud_soft_config_init(&config);
	lab_step("CAP.TO = 1, which is 500 ms; CSTS.RDY comes after 300 ms");
	err = enable_after(300, 1, NULL, &took);
	LAB_EXPECT(!err && (look32(NVME_REG_CSTS) & NVME_CSTS_RDY),
		   "0 is returned, and CSTS.RDY is there then",
		   "%d after %" PRIu64 " ms, CSTS 0x%x", err, took / MS, look32(NVME_REG_CSTS));
	lab_step("it is disabled, and has fatal status until that is done");
	nwaits = 0;
	on_wait = show_fatal;
	err = ud_ctrlr_disable(&ctrlr);
	LAB_EXPECT(!err, "waiting for RDY to clear isn't ended by CSTS.CFS, which the reset clears",
		   "%d, CSTS 0x%x", err, look32(NVME_REG_CSTS));
	end_bare_driver();
	lab_step("it is ready in time, but the program slept 2 s between two looks at it");
	err = enable_after(300, 1, oversleep, &took);
	LAB_EXPECT(!err, "after the time is over CSTS is read once more: we may have slept long",
		   "%d", err);
	end_bare_driver();
	check_wait_that_fails();
}

/* ---- reset ---- */

static void expect_disabled(int err)
{
	uint32_t cc = look32(NVME_REG_CC), csts = look32(NVME_REG_CSTS);

	LAB_EXPECT(!err, "the controller can be disabled", "%d", err);
	LAB_EXPECT(!(cc & NVME_CC_EN), "CC.EN is 0", "CC is 0x%x", cc);
	LAB_EXPECT(!(csts & NVME_CSTS_RDY), "it returns when CSTS.RDY has followed CC.EN [3.1.6]",
		   "CSTS is 0x%x", csts);
}

static void check_reset_of_broken(void)
{
	struct ud_soft_fault fault = {.kind = UD_SOFT_FAULT_NOT_READY};
	int err;

	lab_step("it was enabled and never gets ready");
	config.faults = &fault;
	config.nfaults = 1;
	bare_driver();
	leave_enabled(10 * MS);
	expect_disabled(ud_ctrlr_disable(&ctrlr));
	end_bare_driver();
	lab_step("CC.EN is cleared, and CSTS.RDY stays 1 for ever");
	fault.kind = UD_SOFT_FAULT_STUCK_READY;
	bare_driver();
	leave_enabled(2000 * MS);
	err = ud_ctrlr_disable(&ctrlr);
	LAB_EXPECT(err == -ETIMEDOUT, "it isn't disabled: -ETIMEDOUT", "%d", err);
	end_bare_driver();
	config.nfaults = 0;
	lab_step("it is unplugged while it is disabled");
	bare_driver();
	leave_enabled(2000 * MS);
	on_wait = go_away;
	err = ud_ctrlr_disable(&ctrlr);
	LAB_EXPECT(err == -ENODEV, "-ENODEV", "%d", err);
	end_bare_driver();
}

static void check_reset(void)
{
	ud_soft_config_init(&config);
	config.ready_timeout = 4;
	config.ready_ns = 1500 * MS;
	lab_step("a controller that was never enabled");
	bare_driver();
	expect_disabled(ud_ctrlr_disable(&ctrlr));
	end_bare_driver();
	lab_step("one that somebody left enabled and ready; CAP.TO = 4, and it takes 1,500 ms");
	bare_driver();
	leave_enabled(2000 * MS);
	expect_disabled(ud_ctrlr_disable(&ctrlr));
	LAB_EXPECT((look32(NVME_REG_CC) & ~NVME_CC_SHN_MASK) ==
			   (NVME_CC_IOSQES(6) | NVME_CC_IOCQES(4)),
		   "of CC nothing changes but EN and SHN", "CC is 0x%x", look32(NVME_REG_CC));
	LAB_EXPECT(!(look32(NVME_REG_CC) & NVME_CC_SHN_MASK),
		   "no shutdown is left in CC.SHN, or it would be one again", "CC is 0x%x",
		   look32(NVME_REG_CC));
	end_bare_driver();
	lab_step("one that somebody has just enabled: CC.EN is 1, CSTS.RDY isn't yet");
	bare_driver();
	leave_enabled(10 * MS);
	expect_disabled(ud_ctrlr_disable(&ctrlr));
	LAB_EXPECT(!seen.cleared_early,
		   "CC.EN isn't cleared before CSTS.RDY is 1: that is undefined [3.1.5]",
		   "it was cleared while CSTS.RDY was 0");
	end_bare_driver();
	check_reset_of_broken();
}

/* ---- enable ---- */

static void expect_settings(void)
{
	uint32_t cc = seen.cc;

	LAB_EXPECT(!(cc >> 4 & 7), "CC.CSS is 0, the NVM command set [3.1.5]", "%u", cc >> 4 & 7);
	LAB_EXPECT(!(cc >> 7 & 0xf), "CC.MPS is 0: pages of 4 KiB", "%u", cc >> 7 & 0xf);
	LAB_EXPECT(!(cc >> 11 & 7), "CC.AMS is 0, round robin", "%u", cc >> 11 & 7);
	LAB_EXPECT(!(cc >> 14 & 3), "CC.SHN is 0, no shutdown", "%u", cc >> 14 & 3);
	LAB_EXPECT((cc >> 16 & 0xf) == 6, "CC.IOSQES is 6: commands of 1 << 6 bytes", "%u",
		   cc >> 16 & 0xf);
	LAB_EXPECT((cc >> 20 & 0xf) == 4, "CC.IOCQES is 4: completions of 1 << 4 bytes", "%u",
		   cc >> 20 & 0xf);
}

static void check_enable(void)
{
	int err;

	ud_soft_config_init(&config);
	config.ready_ns = 300 * MS;
	bare_driver();
	forget_record();
	lab_step("ud_ctrlr_enable; queue of %u entries at I/O addresses 0x%" PRIx64
		 " and 0x%" PRIx64,
		 UD_ADMIN_ENTRIES, admin.sq_iova, admin.cq_iova);
	err = ud_ctrlr_enable(&ctrlr);
	LAB_EXPECT(seen.enabled_once, "CC is written with EN = 1", "it never was");
	LAB_EXPECT((seen.aqa & 0xfff) == UD_ADMIN_ENTRIES - 1 &&
			   (seen.aqa >> 16 & 0xfff) == UD_ADMIN_ENTRIES - 1,
		   "when CC.EN is set AQA has both sizes, 0's based [3.1.8]", "AQA was 0x%08x",
		   seen.aqa);
	LAB_EXPECT(seen.asq == admin.sq_iova,
		   "when CC.EN is set ASQ has the submission queue's I/O address",
		   "ASQ was 0x%" PRIx64, seen.asq);
	LAB_EXPECT(seen.acq == admin.cq_iova,
		   "when CC.EN is set ACQ has the completion queue's I/O address",
		   "ACQ was 0x%" PRIx64, seen.acq);
	LAB_EXPECT(seen.barrier,
		   "between all that the controller may then read and CC.EN stands dma_wmb()",
		   "none was there");
	expect_settings();
	LAB_EXPECT(!err && (look32(NVME_REG_CSTS) & NVME_CSTS_RDY),
		   "it returns 0 when CSTS.RDY is 1", "%d, CSTS 0x%x", err, look32(NVME_REG_CSTS));
	end_bare_driver();
	lab_step("a controller that never gets ready");
	{
		const struct ud_soft_fault never = {.kind = UD_SOFT_FAULT_NOT_READY};

		config.faults = &never;
		config.nfaults = 1;
		bare_driver();
		err = ud_ctrlr_enable(&ctrlr);
		LAB_EXPECT(err == -ETIMEDOUT, "-ETIMEDOUT", "%d", err);
		end_bare_driver();
	}
}

int main(int argc, char **argv)
{
	static const struct lab_check checks[] = {
		{"wait", check_wait},
		{"reset", check_reset},
		{"enable", check_enable},
		{"submit", check_submit},
		{"poll", check_poll},
		{"identify", check_identify},
		{NULL, NULL},
	};

	return lab_main(argc, argv, checks);
}
