// SPDX-License-Identifier: MIT
/* Memory that the controller can reach: allocated here, or the caller's own. */
#include <errno.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "controller.h"

#define HUGE_PAGE_NBYTES ((size_t)2 << 20)
#define HUGE_FROM_NBYTES ((size_t)1 << 20) /* less than this isn't worth a huge page */
#define MAX_NODES        1024

static const char no_huge_pages[] =
	"4 KiB pages are used, because no huge page of 2 MiB is free; to have some, as root: "
	"echo 512 > /proc/sys/vm/nr_hugepages";

static size_t round_up(size_t nbytes, size_t unit)
{
	return (nbytes + unit - 1) & ~(unit - 1);
}

/* Enters [vaddr, +nbytes) as one mapping of the device. */
static int map_region(struct ud_ctrlr *c, uintptr_t vaddr, size_t nbytes, uintptr_t group,
		      bool owned)
{
	struct ud_transport *t = c->transport;
	struct ud_region *region = calloc(1, sizeof(*region));
	int err;

	if (!region)
		return -ENOMEM;
	region->vaddr = vaddr;
	region->nbytes = nbytes;
	region->group = group;
	region->owned = owned;
	err = t->ops->dma_map(t, (void *)vaddr, nbytes, &region->iova);
	if (err)
		goto free_region;
	err = ud_iova_insert(c->iova, vaddr, nbytes, region->iova);
	if (err)
		goto unmap;
	region->next = c->regions;
	c->regions = region;
	return 0;

unmap:
	(void)t->ops->dma_unmap(t, region->iova, nbytes);
free_region:
	free(region);
	return err;
}

/* Undoes the mappings of the registration that begins at @group; gives how many bytes these had. */
static size_t unmap_group(struct ud_ctrlr *c, uintptr_t group)
{
	struct ud_region **link = &c->regions, *region;
	size_t nbytes = 0;

	while ((region = *link)) {
		if (region->group != group) {
			link = &region->next;
			continue;
		}
		*link = region->next;
		ud_iova_remove(c->iova, region->vaddr, region->nbytes);
		/* It can only fail for a mapping that isn't there; nothing could be done. */
		(void)c->transport->ops->dma_unmap(c->transport, region->iova, region->nbytes);
		if (region->owned)
			(void)munmap((void *)region->vaddr, region->nbytes);
		nbytes += region->nbytes;
		free(region);
	}
	return nbytes;
}

/* How long the registration that begins at @group is; 0: there is none. */
static size_t group_nbytes(const struct ud_ctrlr *c, uintptr_t group, bool owned)
{
	const struct ud_region *region;
	size_t nbytes = 0;

	for (region = c->regions; region; region = region->next)
		if (region->group == group && region->owned == owned)
			nbytes += region->nbytes;
	return nbytes;
}

/* Anonymous memory; *huge says in: whether to try, out: whether it is. */
static void *map_memory(size_t nbytes, bool *huge)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *vaddr;

	if (*huge) {
		vaddr = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
		if (vaddr != MAP_FAILED)
			return vaddr;
		*huge = false;
	}
	vaddr = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (vaddr == MAP_FAILED)
		return NULL;
	return vaddr;
}

/* Before the first touch, which decides where a page comes from. Preference only: never fails. */
static void prefer_node(void *vaddr, size_t nbytes, int node)
{
	unsigned long mask[MAX_NODES / (8 * sizeof(unsigned long))] = {0};
	const unsigned int bits = 8 * sizeof(mask[0]);

	if (node < 0 || node >= MAX_NODES)
		return;
	mask[(unsigned int)node / bits] = 1ul << ((unsigned int)node % bits);
	(void)mbind(vaddr, nbytes, MPOL_PREFERRED, mask, MAX_NODES, 0);
}

int ud_dma_alloc(struct ud_ctrlr *c, size_t nbytes, int node, struct ud_dma *dma)
{
	bool wanted = nbytes >= HUGE_FROM_NBYTES, huge = wanted;
	size_t size;
	void *vaddr;
	int err;

	memset(dma, 0, sizeof(*dma));
	if (!nbytes || nbytes > SIZE_MAX / 2)
		return -EINVAL;
	if (node == UD_NODE_DEVICE)
		node = c->transport->numa_node;
	size = round_up(nbytes, wanted ? HUGE_PAGE_NBYTES : UD_PAGE_NBYTES);
	vaddr = map_memory(size, &huge);
	if (!vaddr)
		return -ENOMEM;
	prefer_node(vaddr, size, node);
	/* A child must not share these pages: the first write would move ours away. */
	(void)madvise(vaddr, size, MADV_DONTFORK);
	memset(vaddr, 0, size);
	err = map_region(c, (uintptr_t)vaddr, size, (uintptr_t)vaddr, true);
	if (err) {
		(void)munmap(vaddr, size);
		return err;
	}
	dma->vaddr = vaddr;
	dma->nbytes = size;
	dma->page_nbytes = huge ? HUGE_PAGE_NBYTES : UD_PAGE_NBYTES;
	dma->numa_node = node >= 0 ? node : UD_NODE_ANY;
	dma->notice = wanted && !huge ? no_huge_pages : NULL;
	return 0;
}

int ud_dma_free(struct ud_ctrlr *c, struct ud_dma *dma)
{
	if (!dma->vaddr || group_nbytes(c, (uintptr_t)dma->vaddr, true) != dma->nbytes)
		return -EINVAL;
	unmap_group(c, (uintptr_t)dma->vaddr);
	memset(dma, 0, sizeof(*dma));
	return 0;
}

/* One mapping for all if there is room for it, else one for each 2 MiB. */
static int map_caller(struct ud_ctrlr *c, uintptr_t vaddr, size_t nbytes)
{
	uintptr_t at = vaddr, next, end = vaddr + nbytes;
	int err = map_region(c, vaddr, nbytes, vaddr, false);

	if (err != -ENOSPC)
		return err;
	while (at < end) {
		next = (at & ~(uintptr_t)(HUGE_PAGE_NBYTES - 1)) + HUGE_PAGE_NBYTES;
		if (next > end)
			next = end;
		err = map_region(c, at, next - at, vaddr, false);
		if (err) {
			unmap_group(c, vaddr);
			return err;
		}
		at = next;
	}
	return 0;
}

int ud_dma_register(struct ud_ctrlr *c, void *vaddr, size_t nbytes)
{
	uintptr_t first = (uintptr_t)vaddr, at;

	if (!first || !nbytes || ((first | nbytes) & UD_PAGE_MASK) || first + nbytes < first)
		return -EINVAL;
	if ((first + nbytes) >> UD_IOVA_ADDR_BITS)
		return -EINVAL;
	for (at = first; at < first + nbytes; at += UD_PAGE_NBYTES)
		if (ud_iova_entry(c->iova, at))
			return -EEXIST;
	return map_caller(c, first, nbytes);
}

int ud_dma_unregister(struct ud_ctrlr *c, void *vaddr, size_t nbytes)
{
	if (!nbytes || group_nbytes(c, (uintptr_t)vaddr, false) != nbytes)
		return -EINVAL;
	unmap_group(c, (uintptr_t)vaddr);
	return 0;
}

int ud_dma_iova(const struct ud_ctrlr *c, const void *vaddr, uint64_t *iova)
{
	uint64_t entry = ud_iova_entry(c->iova, (uintptr_t)vaddr);

	if (!entry)
		return -EFAULT;
	*iova = entry - UD_IOVA_PRESENT + ((uintptr_t)vaddr & UD_PAGE_MASK);
	return 0;
}

void ud_dma_free_all(struct ud_ctrlr *c)
{
	while (c->regions)
		unmap_group(c, c->regions->group);
}
