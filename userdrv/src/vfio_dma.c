// SPDX-License-Identifier: MIT
#include "vfio_private.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE      4096ull
#define HUGE_PAGE (2ull << 20)

/* vfio_iommu_type1's dma_entry_limit unless root changed it: what a kernel before 5.10 won't say.
 */
#define USUAL_MAPPINGS 65535u

/*
 * What every x86 IOMMU can translate, for kernels before 5.4, which don't say: 39 bits without the
 * window where a write is an interrupt (Intel VT-d specification, 3.14).
 */
static const struct ud_vfio_iova_range usual_ranges[] = {
	{0, 0xfedfffffull},
	{0xfef00000ull, (1ull << 39) - 1},
};

static int use_ranges(struct ud_vfio *vfio, const struct vfio_iommu_type1_info *info)
{
	struct vfio_iommu_type1_info_cap_iova_range head;
	struct ud_vfio_iova_range *ranges;
	struct vfio_iova_range range;
	const char *at;
	int err;

	at = ud_vfio_capability(info, info->argsz, info->cap_offset,
				VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	if (!at)
		return ud_vfio_iova_init(&vfio->iova, usual_ranges,
					 sizeof(usual_ranges) / sizeof(usual_ranges[0]));
	memcpy(&head, at, sizeof(head));
	ranges = calloc(head.nr_iovas + 1u, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < head.nr_iovas; i++) {
		memcpy(&range, at + sizeof(head) + i * sizeof(range), sizeof(range));
		ranges[i] = (struct ud_vfio_iova_range){range.start, range.end};
	}
	err = ud_vfio_iova_init(&vfio->iova, ranges, head.nr_iovas);
	free(ranges);
	return err;
}

static uint32_t allowed_mappings(const struct vfio_iommu_type1_info *info)
{
	struct vfio_iommu_type1_info_dma_avail available;
	const char *at = ud_vfio_capability(info, info->argsz, info->cap_offset,
					    VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);

	if (!at)
		return USUAL_MAPPINGS;
	memcpy(&available, at, sizeof(available));
	return available.avail;
}

/* Asks once for the size and once for the whole, as <linux/vfio.h> describes capabilities. */
int ud_vfio_dma_init(struct ud_vfio *vfio)
{
	struct vfio_iommu_type1_info size = {.argsz = sizeof(size)};
	struct vfio_iommu_type1_info *info;
	int err;

	err = ud_vfio_ioctl(vfio->container, VFIO_IOMMU_GET_INFO, &size);
	if (err)
		return err;
	info = calloc(1, size.argsz);
	if (!info)
		return -ENOMEM;
	info->argsz = size.argsz;
	err = ud_vfio_ioctl(vfio->container, VFIO_IOMMU_GET_INFO, info);
	if (!err && !(info->flags & VFIO_IOMMU_INFO_CAPS))
		info->cap_offset = 0;
	if (!err)
		err = use_ranges(vfio, info);
	if (!err)
		vfio->mappings_left = allowed_mappings(info);
	free(info);
	return err;
}

/*
 * Addresses of large ranges equal the memory's modulo 2 MiB: then a huge page of memory is a huge
 * page of the IOMMU's too, one entry of its TLB instead of 512.
 */
int ud_vfio_dma_map(struct ud_transport *transport, void *vaddr, size_t nbytes, uint64_t *iova)
{
	struct ud_vfio *vfio = ud_vfio_of(transport);
	const uint64_t address = (uintptr_t)vaddr;
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = address,
		.size = nbytes,
	};
	uint64_t start;
	int err;

	if (!nbytes || (address | nbytes) % PAGE)
		return -EINVAL;
	if (!vfio->mappings_left)
		return -ENOSPC;
	err = ud_vfio_iova_get(&vfio->iova, nbytes, nbytes >= HUGE_PAGE ? HUGE_PAGE : PAGE, address,
			       &start);
	if (err)
		return err;
	map.iova = start;
	err = ud_vfio_ioctl(vfio->container, VFIO_IOMMU_MAP_DMA, &map);
	if (err) {
		ud_vfio_iova_put(&vfio->iova, start, nbytes);
		return err;
	}
	vfio->mappings_left--;
	*iova = start;
	return 0;
}

int ud_vfio_dma_unmap(struct ud_transport *transport, uint64_t iova, size_t nbytes)
{
	struct ud_vfio *vfio = ud_vfio_of(transport);
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = nbytes,
	};
	int err = ud_vfio_ioctl(vfio->container, VFIO_IOMMU_UNMAP_DMA, &unmap);

	if (err)
		return err;
	/* The kernel unmaps what it finds and says how much that was: nothing is no success. */
	if (!nbytes || unmap.size != nbytes)
		return -EINVAL;
	ud_vfio_iova_put(&vfio->iova, iova, nbytes);
	vfio->mappings_left++;
	return 0;
}
