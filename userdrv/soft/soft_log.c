// SPDX-License-Identifier: MIT
/* Get Log Page [5.14]: errors, SMART, firmware slots. */
#include <string.h>

#include "soft.h"

#define LOG_FIRMWARE 0x03u

void soft_log_error(struct soft *c, const struct soft_command *command, uint16_t status)
{
	c->errors[c->nerrors % SOFT_NERRORS] = (struct nvme_error_log_entry){
		.error_count = c->nerrors + 1,
		.sqid = command->sqid,
		.cid = command->sqe.cid,
		.status = (uint16_t)(status << 1),
		.parameter_location = 0xffff,
		.lba = command->sqid ? command->sqe.cdw10 | (uint64_t)command->sqe.cdw11 << 32 : 0,
		.nsid = command->sqe.nsid,
	};
	c->nerrors++;
}

/* Latest first [5.14.1.1]. */
static size_t errors(const struct soft *c, uint8_t *data)
{
	uint64_t n = c->nerrors < SOFT_NERRORS ? c->nerrors : SOFT_NERRORS;

	for (uint64_t i = 0; i < n; i++)
		memcpy(data + i * 64, &c->errors[(c->nerrors - 1 - i) % SOFT_NERRORS], 64);
	return (size_t)SOFT_NERRORS * 64;
}

/* Data units are thousands of 512 bytes, rounded up [5.14.1.2]. */
static size_t smart(const struct soft *c, uint8_t *data)
{
	struct nvme_smart_log log = {
		.temperature = {300 & 0xff, 300 >> 8},
		.available_spare = 100,
		.available_spare_threshold = 10,
		.data_units_read = {(c->stats.bytes_read + 511999) / 512000},
		.data_units_written = {(c->stats.bytes_written + 511999) / 512000},
		.host_read_commands = {c->stats.reads + c->stats.compares},
		.host_write_commands = {c->stats.writes},
		.power_cycles = {1},
		.error_log_entries = {c->nerrors},
	};

	memcpy(data, &log, sizeof(log));
	return sizeof(log);
}

static size_t firmware(uint8_t *data)
{
	data[0] = 1; /* active slot */
	memcpy(data + 8, "1.0     ", 8);
	return 512;
}

uint16_t soft_get_log_page(struct soft *c, struct soft_command *command)
{
	const struct nvme_sqe *sqe = &command->sqe;
	uint8_t page = (uint8_t)sqe->cdw10;
	uint64_t ndwords = (sqe->cdw10 >> 16 | (uint64_t)(sqe->cdw11 & 0xffff) << 16) + 1;
	uint64_t offset = sqe->cdw12 | (uint64_t)sqe->cdw13 << 32;
	size_t nbytes;
	uint16_t status;

	memset(c->bounce, 0, 4096);
	switch (page) {
	case NVME_LOG_ERROR:
		nbytes = errors(c, c->bounce);
		break;
	case NVME_LOG_SMART:
		if (sqe->nsid && sqe->nsid != SOFT_ALL_NS)
			return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
		nbytes = smart(c, c->bounce);
		break;
	case LOG_FIRMWARE:
		nbytes = firmware(c->bounce);
		break;
	default:
		return soft_status(NVME_SCT_COMMAND, SOFT_SC_LOG_PAGE);
	}
	if (offset % 4 || offset > nbytes)
		return soft_status(NVME_SCT_GENERIC, NVME_SC_INVALID_FIELD);
	if (ndwords * 4 < nbytes - offset)
		nbytes = offset + ndwords * 4;
	status = soft_to_host(c, command, c->bounce + offset, nbytes - offset);
	if (!status && !(sqe->cdw10 & 1u << 15)) /* not: Retain Asynchronous Event */
		soft_event_unmask(c, page);
	return status;
}
