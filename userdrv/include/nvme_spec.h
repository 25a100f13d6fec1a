/* SPDX-License-Identifier: MIT */
/*
 * What is on the wire: registers, commands, completions and data structures of the NVM Express
 * specification, revision 1.4 (sections in brackets). All fields are little-endian, as on the
 * machines that this driver runs on.
 */
#ifndef NVME_SPEC_H
#define NVME_SPEC_H

#include <stdint.h>

/* Controller registers, offsets into BAR0 [3.1]. */
#define NVME_REG_CAP   0x00u   /* 64 bits: capabilities [3.1.1] */
#define NVME_REG_VS    0x08u   /* version [3.1.2] */
#define NVME_REG_INTMS 0x0cu   /* interrupt mask set; not for MSI-X [3.1.3] */
#define NVME_REG_INTMC 0x10u   /* interrupt mask clear [3.1.4] */
#define NVME_REG_CC    0x14u   /* configuration [3.1.5] */
#define NVME_REG_CSTS  0x1cu   /* status [3.1.6] */
#define NVME_REG_NSSR  0x20u   /* subsystem reset [3.1.7] */
#define NVME_REG_AQA   0x24u   /* admin queue attributes: sizes, 0's based [3.1.8] */
#define NVME_REG_ASQ   0x28u   /* 64 bits: admin submission queue address [3.1.9] */
#define NVME_REG_ACQ   0x30u   /* 64 bits: admin completion queue address [3.1.10] */
#define NVME_REG_DB    0x1000u /* first doorbell [3.1.24] */

/* CAP [3.1.1] */
#define NVME_CAP_MQES(cap)   ((uint32_t)((cap)&0xffff))         /* queue entries, 0's based */
#define NVME_CAP_CQR(cap)    ((uint32_t)(((cap) >> 16) & 1))    /* queues must be contiguous */
#define NVME_CAP_TO(cap)     ((uint32_t)(((cap) >> 24) & 0xff)) /* ready within n * 500 ms */
#define NVME_CAP_DSTRD(cap)  ((uint32_t)(((cap) >> 32) & 0xf))  /* doorbells 4 << n bytes apart */
#define NVME_CAP_CSS(cap)    ((uint32_t)(((cap) >> 37) & 0xff)) /* command sets; bit 0: NVM */
#define NVME_CAP_MPSMIN(cap) ((uint32_t)(((cap) >> 48) & 0xf))  /* smallest page: 4096 << MPSMIN */
#define NVME_CAP_MPSMAX(cap) ((uint32_t)(((cap) >> 52) & 0xf))  /* largest page: 4096 << MPSMAX */

/* CC [3.1.5] */
#define NVME_CC_EN         (1u << 0)
#define NVME_CC_MPS(n)     ((uint32_t)(n) << 7) /* page size: 4096 << n */
#define NVME_CC_AMS_RR     (0u << 11)           /* round robin arbitration */
#define NVME_CC_SHN_NONE   (0u << 14)
#define NVME_CC_SHN_NORMAL (1u << 14)
#define NVME_CC_SHN_MASK   (3u << 14)
#define NVME_CC_IOSQES(n)  ((uint32_t)(n) << 16) /* I/O submission entry: 1 << n bytes */
#define NVME_CC_IOCQES(n)  ((uint32_t)(n) << 20) /* I/O completion entry: 1 << n bytes */

/* CSTS [3.1.6] */
#define NVME_CSTS_RDY        (1u << 0)
#define NVME_CSTS_CFS        (1u << 1) /* controller fatal status */
#define NVME_CSTS_SHST(csts) (((csts) >> 2) & 3)
#define NVME_CSTS_SHST_DONE  2u
/* All bits set: the device no longer answers on the bus. */
#define NVME_CSTS_GONE 0xffffffffu

/* Submission queue entry, 64 bytes [4.2]. */
struct nvme_sqe {
	uint8_t opc;   /* opcode */
	uint8_t flags; /* bits 1:0 FUSE, bits 7:6 PSDT: 0 PRP, 1 SGL [4.2] */
	uint16_t cid;  /* command identifier: comes back in the completion */
	uint32_t nsid; /* namespace */
	uint64_t rsvd;
	uint64_t mptr; /* metadata pointer */
	uint64_t prp1; /* data pointer [4.3]: first page, any offset in it */
	uint64_t prp2; /* second page, or the list of all further pages */
	uint32_t cdw10;
	uint32_t cdw11;
	uint32_t cdw12;
	uint32_t cdw13;
	uint32_t cdw14;
	uint32_t cdw15;
};

#define NVME_SQE_SGL (1u << 6) /* flags: the data pointer is an SGL descriptor [4.4] */

/* Completion queue entry, 16 bytes [4.6]. */
struct nvme_cqe {
	uint32_t dw0; /* command specific result */
	uint32_t rsvd;
	uint16_t sqhd; /* submission queue head: entries up to it are consumed */
	uint16_t sqid;
	uint16_t cid;
	uint16_t status; /* bit 0: phase; bits 15:1: status field */
};

#define NVME_CQE_PHASE 1u

/* Status field, without the phase bit [4.6.1]. */
#define NVME_STATUS_SC(status)  ((status)&0xff)         /* status code */
#define NVME_STATUS_SCT(status) (((status) >> 8) & 0x7) /* status code type */
#define NVME_STATUS_MORE        0x2000u
#define NVME_STATUS_DNR         0x4000u /* do not retry */
#define NVME_SCT_GENERIC        0u
#define NVME_SCT_COMMAND        1u
#define NVME_SCT_MEDIA          2u

/* Generic status codes [4.6.1.2.1]. */
#define NVME_SC_SUCCESS           0x00u
#define NVME_SC_INVALID_OPCODE    0x01u
#define NVME_SC_INVALID_FIELD     0x02u
#define NVME_SC_CID_CONFLICT      0x03u
#define NVME_SC_DATA_TRANSFER     0x04u
#define NVME_SC_INTERNAL          0x06u
#define NVME_SC_ABORT_REQUESTED   0x07u
#define NVME_SC_ABORT_SQ_DELETED  0x08u
#define NVME_SC_INVALID_NSID      0x0bu
#define NVME_SC_PRP_OFFSET        0x13u
#define NVME_SC_LBA_RANGE         0x80u
#define NVME_SC_CAPACITY_EXCEEDED 0x81u
#define NVME_SC_NS_NOT_READY      0x82u
/* Command specific [4.6.1.2.2]. */
#define NVME_SC_CQ_INVALID     0x00u
#define NVME_SC_QID_INVALID    0x01u
#define NVME_SC_QUEUE_SIZE     0x02u
#define NVME_SC_ABORT_LIMIT    0x03u
#define NVME_SC_AER_LIMIT      0x05u
#define NVME_SC_VECTOR_INVALID 0x08u
/* Media errors [4.6.1.2.3]. */
#define NVME_SC_WRITE_FAULT     0x80u
#define NVME_SC_READ_ERROR      0x81u
#define NVME_SC_COMPARE_FAILURE 0x85u

/* Admin opcodes [5, figure 139]. */
enum nvme_admin_opcode {
	NVME_ADMIN_DELETE_SQ = 0x00,
	NVME_ADMIN_CREATE_SQ = 0x01,
	NVME_ADMIN_GET_LOG_PAGE = 0x02,
	NVME_ADMIN_DELETE_CQ = 0x04,
	NVME_ADMIN_CREATE_CQ = 0x05,
	NVME_ADMIN_IDENTIFY = 0x06,
	NVME_ADMIN_ABORT = 0x08,
	NVME_ADMIN_SET_FEATURES = 0x09,
	NVME_ADMIN_GET_FEATURES = 0x0a,
	NVME_ADMIN_ASYNC_EVENT = 0x0c,
	NVME_ADMIN_DOORBELL_BUFFER = 0x7c, /* shadow doorbells [5.7] */
};

/* NVM opcodes [6, figure 346]. */
enum nvme_nvm_opcode {
	NVME_NVM_FLUSH = 0x00,
	NVME_NVM_WRITE = 0x01,
	NVME_NVM_READ = 0x02,
	NVME_NVM_COMPARE = 0x05,
	NVME_NVM_WRITE_ZEROES = 0x08,
	NVME_NVM_DATASET_MANAGEMENT = 0x09,
};

/* Create I/O Completion Queue [5.3] and Submission Queue [5.4], dword 11. */
#define NVME_QUEUE_CONTIGUOUS  (1u << 0)
#define NVME_CQ_INTERRUPTS     (1u << 1)
#define NVME_CQ_VECTOR(vector) ((uint32_t)(vector) << 16)
#define NVME_SQ_CQID(cqid)     ((uint32_t)(cqid) << 16)

/* Read and Write, dword 12 [6.9, 6.15]. */
#define NVME_RW_FUA         (1u << 30)
#define NVME_DSM_DEALLOCATE (1u << 2) /* Dataset Management, dword 11 [6.7] */

/* Dataset Management range [6.7]. */
struct nvme_dsm_range {
	uint32_t cattr;
	uint32_t nlb; /* logical blocks, 1's based */
	uint64_t slba;
};

/* Identify, CNS [5.15.1]. */
#define NVME_CNS_NAMESPACE             0x00u
#define NVME_CNS_CONTROLLER            0x01u
#define NVME_CNS_ACTIVE_NAMESPACES     0x02u
#define NVME_CNS_NAMESPACE_DESCRIPTORS 0x03u

/* Feature identifiers [5.21.1]. */
#define NVME_FEATURE_VOLATILE_WRITE_CACHE 0x06u
#define NVME_FEATURE_NUMBER_OF_QUEUES     0x07u
#define NVME_FEATURE_INTERRUPT_COALESCING 0x08u
#define NVME_FEATURE_VECTOR_CONFIGURATION 0x09u
#define NVME_FEATURE_ASYNC_EVENTS         0x0bu

/* Log pages [5.14.1]. */
#define NVME_LOG_ERROR 0x01u
#define NVME_LOG_SMART 0x02u

/* Power state and other details that this driver doesn't use are left as reserved bytes. */
struct nvme_identify_controller { /* [5.15.2.2] */
	uint16_t vid;
	uint16_t ssvid;
	char sn[20]; /* serial number, padded with spaces, not terminated */
	char mn[40]; /* model number */
	char fr[8];  /* firmware revision */
	uint8_t rab;
	uint8_t ieee[3];
	uint8_t cmic;
	uint8_t mdts; /* largest transfer: (1 << mdts) smallest pages; 0: no limit */
	uint16_t cntlid;
	uint32_t ver;
	uint8_t rsvd84[172];
	uint16_t oacs; /* optional admin commands; bit 8: doorbell buffer */
	uint8_t acl;   /* aborts at once, 0's based */
	uint8_t aerl;  /* asynchronous event requests at once, 0's based */
	uint8_t frmw;
	uint8_t lpa;
	uint8_t elpe;
	uint8_t npss;
	uint8_t rsvd264[248];
	uint8_t sqes; /* submission entry sizes: bits 3:0 required, 7:4 largest */
	uint8_t cqes;
	uint16_t maxcmd;
	uint32_t nn;   /* namespaces: identifiers run from 1 to nn */
	uint16_t oncs; /* optional NVM commands: bit 0 compare, 2 DSM, 3 write zeroes */
	uint16_t fuses;
	uint8_t fna;
	uint8_t vwc; /* bit 0: volatile write cache present */
	uint16_t awun;
	uint16_t awupf;
	uint8_t nvscc;
	uint8_t nwpc;
	uint16_t acwu;
	uint16_t rsvd534;
	uint32_t sgls; /* bits 1:0: SGLs supported; 1: anywhere, 2: at multiples of four */
	uint8_t rsvd540[3556];
};

#define NVME_OACS_DOORBELL_BUFFER (1u << 8)
#define NVME_ONCS_COMPARE         (1u << 0)
#define NVME_ONCS_DSM             (1u << 2)
#define NVME_ONCS_WRITE_ZEROES    (1u << 3)
#define NVME_VWC_PRESENT          (1u << 0)
#define NVME_SGLS_SUPPORT(sgls)   ((sgls)&3)

/* LBA format [5.15.2.1, figure 246]. */
struct nvme_lba_format {
	uint16_t ms;   /* metadata bytes per block */
	uint8_t lbads; /* block size: 1 << lbads; 0: format not available */
	uint8_t rp;    /* bits 1:0: relative performance */
};

struct nvme_identify_namespace { /* [5.15.2.1] */
	uint64_t nsze;           /* size in blocks; 0: namespace inactive */
	uint64_t ncap;
	uint64_t nuse;
	uint8_t nsfeat;
	uint8_t nlbaf; /* formats, 0's based */
	uint8_t flbas; /* bits 3:0: format in use */
	uint8_t mc;
	uint8_t dpc;
	uint8_t dps;
	uint8_t rsvd30[98];
	struct nvme_lba_format lbaf[16];
	uint8_t rsvd192[3904];
};

/* SMART / Health Information [5.14.1.2]; counters are 128 bits. */
struct nvme_smart_log {
	uint8_t critical_warning;
	uint8_t temperature[2]; /* kelvin, little-endian, not aligned */
	uint8_t available_spare;
	uint8_t available_spare_threshold;
	uint8_t percentage_used;
	uint8_t rsvd6[26];
	uint64_t data_units_read[2];
	uint64_t data_units_written[2];
	uint64_t host_read_commands[2];
	uint64_t host_write_commands[2];
	uint64_t controller_busy_time[2];
	uint64_t power_cycles[2];
	uint64_t power_on_hours[2];
	uint64_t unsafe_shutdowns[2];
	uint64_t media_errors[2];
	uint64_t error_log_entries[2];
	uint8_t rsvd192[320];
};

/* Error Information [5.14.1.1]. */
struct nvme_error_log_entry {
	uint64_t error_count;
	uint16_t sqid;
	uint16_t cid;
	uint16_t status;
	uint16_t parameter_location;
	uint64_t lba;
	uint32_t nsid;
	uint8_t vendor_specific;
	uint8_t rsvd29[35];
};

_Static_assert(sizeof(struct nvme_sqe) == 64, "submission queue entry [4.2]");
_Static_assert(sizeof(struct nvme_cqe) == 16, "completion queue entry [4.6]");
_Static_assert(sizeof(struct nvme_identify_controller) == 4096, "identify controller [5.15.2.2]");
_Static_assert(sizeof(struct nvme_identify_namespace) == 4096, "identify namespace [5.15.2.1]");
_Static_assert(sizeof(struct nvme_smart_log) == 512, "SMART log [5.14.1.2]");
_Static_assert(sizeof(struct nvme_error_log_entry) == 64, "error log entry [5.14.1.1]");

#endif
