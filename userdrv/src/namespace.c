// SPDX-License-Identifier: MIT
/* Namespaces [6.1]: which there are, and what can be believed of what is said about them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"

#define SMALLEST_SHIFT 9u  /* blocks of 512 bytes */
#define LARGEST_SHIFT  16u /* of 64 KiB: more than any that is sold */
#define LIST_ENTRIES   (UD_PAGE_NBYTES / sizeof(uint32_t))

/* Namespace identification descriptors [5.15.2.3]: type, length, two reserved bytes, value. */
enum {
	DESCRIPTOR_EUI64 = 1,
	DESCRIPTOR_NGUID = 2,
	DESCRIPTOR_UUID = 3,
	DESCRIPTOR_HEAD = 4,
};

static void take_descriptor(struct ud_ns *ns, uint8_t type, const uint8_t *value, size_t nbytes)
{
	if (type == DESCRIPTOR_EUI64 && nbytes == sizeof(ns->eui64))
		memcpy(ns->eui64, value, nbytes);
	else if (type == DESCRIPTOR_NGUID && nbytes == sizeof(ns->nguid))
		memcpy(ns->nguid, value, nbytes);
	else if (type == DESCRIPTOR_UUID && nbytes == sizeof(ns->uuid))
		memcpy(ns->uuid, value, nbytes);
}

/* Optional before 1.3: a refusal only leaves the identifiers zero. */
static int identify_descriptors(struct ud_ctrlr *c, struct ud_ns *ns)
{
	const uint8_t *data = c->scratch.vaddr;
	size_t at = 0, nbytes;
	int err;

	err = ud_admin_identify(c, NVME_CNS_NAMESPACE_DESCRIPTORS, ns->nsid);
	if (err)
		return err == -EIO ? 0 : err;
	while (at + DESCRIPTOR_HEAD <= UD_PAGE_NBYTES && data[at + 1]) {
		nbytes = data[at + 1];
		if (at + DESCRIPTOR_HEAD + nbytes > UD_PAGE_NBYTES)
			break;
		take_descriptor(ns, data[at], data + at + DESCRIPTOR_HEAD, nbytes);
		at += DESCRIPTOR_HEAD + nbytes;
	}
	return 0;
}

/* Identify namespace [5.15.2.1]. 1: active, 0: not. */
static int identify_namespace(struct ud_ctrlr *c, struct ud_ns *ns, uint32_t nsid)
{
	struct nvme_identify_namespace id;
	const struct nvme_lba_format *format;
	int err;

	memset(ns, 0, sizeof(*ns));
	err = ud_admin_identify(c, NVME_CNS_NAMESPACE, nsid);
	if (err)
		return err == -EIO ? 0 : err;
	memcpy(&id, c->scratch.vaddr, sizeof(id));
	if (!id.nsze)
		return 0;
	ns->ctrlr = c;
	ns->nsid = nsid;
	ns->nblocks = id.nsze;
	ns->format = id.flbas & 0xf;
	format = &id.lbaf[ns->format];
	/*
	 * Metadata would need memory of its own. A size in bytes that doesn't fit in 64 bits, and
	 * blocks that aren't a power of two from 512 or don't fit in one command, can't be used.
	 */
	ns->usable = !format->ms && ns->format <= id.nlbaf && format->lbads >= SMALLEST_SHIFT &&
		     format->lbads <= LARGEST_SHIFT && ns->nblocks <= UINT64_MAX >> format->lbads &&
		     1u << format->lbads <= c->options.max_transfer_nbytes;
	if (ns->usable) {
		ns->block_shift = format->lbads;
		ns->block_nbytes = 1u << ns->block_shift;
		ns->nbytes = ns->nblocks << ns->block_shift;
		ns->max_blocks = c->options.max_transfer_nbytes >> ns->block_shift;
	}
	err = identify_descriptors(c, ns);
	return err ? err : 1;
}

/*
 * The list of active namespaces [5.15.2.4], or, of a controller older than 1.1, all from 1 to NN.
 * Gives how many; a list that isn't in ascending order, or too long, ends there.
 */
static int list_namespaces(struct ud_ctrlr *c, uint32_t nn, uint32_t *nsids)
{
	const uint32_t *list = c->scratch.vaddr;
	unsigned int n;
	int err = ud_admin_identify(c, NVME_CNS_ACTIVE_NAMESPACES, 0);

	if (err == -EIO) {
		for (n = 0; n < UD_MAX_NAMESPACES && n < nn; n++)
			nsids[n] = n + 1;
		return (int)n;
	}
	if (err)
		return err;
	for (n = 0; n < LIST_ENTRIES && n < UD_MAX_NAMESPACES; n++) {
		if (!list[n] || list[n] > nn || (n && list[n] <= nsids[n - 1]))
			break;
		nsids[n] = list[n];
	}
	return (int)n;
}

int ud_namespaces_identify(struct ud_ctrlr *c, uint32_t nn)
{
	uint32_t *nsids = calloc(UD_MAX_NAMESPACES, sizeof(*nsids));
	int n, i, err = -ENOMEM;

	if (!nsids)
		return -ENOMEM;
	n = list_namespaces(c, nn, nsids);
	if (n < 0) {
		err = n;
		goto free_nsids;
	}
	c->namespaces = calloc((size_t)n + 1, sizeof(*c->namespaces));
	if (!c->namespaces)
		goto free_nsids;
	for (i = 0; i < n; i++) {
		err = identify_namespace(c, &c->namespaces[c->info.nns], nsids[i]);
		if (err < 0)
			goto free_nsids;
		c->info.nns += (unsigned int)err;
	}
	err = 0;
free_nsids:
	free(nsids);
	return err;
}

/* Another identifier: where the controller gives none, nothing is concluded. */
static bool other_identifier(const uint8_t *was, const uint8_t *is, size_t nbytes)
{
	static const uint8_t none[sizeof(((struct ud_ns *)0)->uuid)];

	return memcmp(is, none, nbytes) && memcmp(is, was, nbytes);
}

static bool same_namespace(const struct ud_ns *was, const struct ud_ns *is)
{
	return is->usable && is->nblocks == was->nblocks && is->block_shift == was->block_shift &&
	       is->format == was->format &&
	       !other_identifier(was->eui64, is->eui64, sizeof(is->eui64)) &&
	       !other_identifier(was->nguid, is->nguid, sizeof(is->nguid)) &&
	       !other_identifier(was->uuid, is->uuid, sizeof(is->uuid));
}

int ud_namespaces_check(struct ud_ctrlr *c)
{
	struct ud_ns *ns, now;
	unsigned int i;
	int active;

	for (i = 0; i < c->info.nns; i++) {
		ns = &c->namespaces[i];
		if (!ns->usable)
			continue;
		active = identify_namespace(c, &now, ns->nsid);
		if (active < 0)
			return active;
		if (active && same_namespace(ns, &now))
			continue;
		/* Other threads look at these two; the rest stays as it was. */
		__atomic_store_n(&ns->usable, false, __ATOMIC_RELAXED);
		__atomic_store_n(&ns->nblocks, 0, __ATOMIC_RELAXED);
	}
	return 0;
}

struct ud_ns *ud_ctrlr_ns(struct ud_ctrlr *c, unsigned int index)
{
	return index < c->info.nns ? &c->namespaces[index] : NULL;
}

struct ud_ns *ud_ctrlr_find_ns(struct ud_ctrlr *c, uint32_t nsid)
{
	unsigned int i;

	for (i = 0; i < c->info.nns; i++)
		if (c->namespaces[i].nsid == nsid)
			return &c->namespaces[i];
	return NULL;
}

int ud_ns_identify(struct ud_ns *ns, struct nvme_identify_namespace *identify)
{
	int err = ud_admin_identify(ns->ctrlr, NVME_CNS_NAMESPACE, ns->nsid);

	if (!err)
		memcpy(identify, ns->ctrlr->scratch.vaddr, sizeof(*identify));
	return err;
}
