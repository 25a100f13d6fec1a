// SPDX-License-Identifier: MIT
/* Status codes [4.6.1] in words: those that this driver meets, else the kind. */
#include "../include/userdrv.h"

struct status_name {
	uint16_t status; /* type << 8 | code */
	const char *name;
};

#define GENERIC(code) (NVME_SCT_GENERIC << 8 | (code))
#define COMMAND(code) (NVME_SCT_COMMAND << 8 | (code))
#define MEDIA(code)   (NVME_SCT_MEDIA << 8 | (code))

static const struct status_name names[] = {
	{GENERIC(NVME_SC_SUCCESS), "Successful Completion"},
	{GENERIC(NVME_SC_INVALID_OPCODE), "Invalid Command Opcode"},
	{GENERIC(NVME_SC_INVALID_FIELD), "Invalid Field in Command"},
	{GENERIC(NVME_SC_CID_CONFLICT), "Command ID Conflict"},
	{GENERIC(NVME_SC_DATA_TRANSFER), "Data Transfer Error"},
	{GENERIC(NVME_SC_INTERNAL), "Internal Error"},
	{GENERIC(NVME_SC_ABORT_REQUESTED), "Command Abort Requested"},
	{GENERIC(NVME_SC_ABORT_SQ_DELETED), "Command Aborted due to SQ Deletion"},
	{GENERIC(NVME_SC_INVALID_NSID), "Invalid Namespace or Format"},
	{GENERIC(NVME_SC_PRP_OFFSET), "PRP Offset Invalid"},
	{GENERIC(NVME_SC_LBA_RANGE), "LBA Out of Range"},
	{GENERIC(NVME_SC_CAPACITY_EXCEEDED), "Capacity Exceeded"},
	{GENERIC(NVME_SC_NS_NOT_READY), "Namespace Not Ready"},
	{COMMAND(NVME_SC_CQ_INVALID), "Completion Queue Invalid"},
	{COMMAND(NVME_SC_QID_INVALID), "Invalid Queue Identifier"},
	{COMMAND(NVME_SC_QUEUE_SIZE), "Invalid Queue Size"},
	{COMMAND(NVME_SC_ABORT_LIMIT), "Abort Command Limit Exceeded"},
	{COMMAND(NVME_SC_AER_LIMIT), "Asynchronous Event Request Limit Exceeded"},
	{COMMAND(NVME_SC_VECTOR_INVALID), "Invalid Interrupt Vector"},
	{MEDIA(NVME_SC_WRITE_FAULT), "Write Fault"},
	{MEDIA(NVME_SC_READ_ERROR), "Unrecovered Read Error"},
	{MEDIA(NVME_SC_COMPARE_FAILURE), "Compare Failure"},
};

const char *ud_status_string(uint16_t status)
{
	uint16_t code = (uint16_t)(NVME_STATUS_SCT(status) << 8 | NVME_STATUS_SC(status));
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == code)
			return names[i].name;
	switch (NVME_STATUS_SCT(status)) {
	case NVME_SCT_GENERIC:
		return "Generic Command Error";
	case NVME_SCT_COMMAND:
		return "Command Specific Error";
	case NVME_SCT_MEDIA:
		return "Media Error";
	default:
		return "Vendor Specific or Unknown Error";
	}
}
