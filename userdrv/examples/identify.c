// SPDX-License-Identifier: MIT
/* Says what a controller is and what it holds. Usage: identify soft:|pci:ADDRESS */
#include "target.h"

#include <stdio.h>
#include <string.h>

static void print_controller(const struct ud_ctrlr_info *info)
{
	printf("model                %s\n", info->model);
	printf("serial number        %s\n", info->serial);
	printf("firmware             %s\n", info->firmware);
	printf("NVMe version         %u.%u\n", info->version >> 16, info->version >> 8 & 0xff);
	printf("transport            %s\n", info->transport);
	printf("largest transfer     %u KiB\n", info->max_transfer_nbytes / 1024);
	printf("queue pairs          %u, of up to %u entries\n", info->nqpairs, info->max_entries);
	printf("interrupt vectors    %u\n", info->nvectors);
	if (info->numa_node >= 0)
		printf("NUMA node            %d\n", info->numa_node);
	printf("volatile write cache %s\n", info->volatile_write_cache ? "yes" : "no");
	printf("optional commands   %s%s%s%s\n", info->compare ? " compare" : "",
	       info->dataset_management ? " deallocate" : "",
	       info->write_zeroes ? " write-zeroes" : "",
	       info->compare || info->dataset_management || info->write_zeroes ? "" : " none");
}

static void print_namespaces(struct ud_ctrlr *ctrlr, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct ud_ns *ns = ud_ctrlr_ns(ctrlr, i);

		printf("namespace %-10u %llu MiB in blocks of %u bytes%s\n", ns->nsid,
		       (unsigned long long)(ns->nbytes >> 20), ns->block_nbytes,
		       ns->usable ? "" : " (with metadata: not usable here)");
	}
}

static void print_health(struct ud_ctrlr *ctrlr)
{
	struct nvme_smart_log log;
	uint16_t kelvin;
	const int err = ud_get_smart_log(ctrlr, &log);

	if (err) {
		printf("health               not told: %s\n", strerror(-err));
		return;
	}
	memcpy(&kelvin, log.temperature, sizeof(kelvin)); /* not aligned */
	printf("temperature          %d degrees Celsius\n", kelvin - 273);
	printf("life used            %u %%\n", log.percentage_used);
	printf("media errors         %llu\n", (unsigned long long)log.media_errors[0]);
}

int main(int argc, char **argv)
{
	const struct ud_ctrlr_info *info;
	struct ud_ctrlr *ctrlr;

	if (argc != 2) {
		fprintf(stderr, "usage: identify soft:|pci:ADDRESS\n");
		return 2;
	}
	ctrlr = target_open(argv[1]);
	if (!ctrlr)
		return 1;
	info = ud_ctrlr_info(ctrlr);
	print_controller(info);
	print_namespaces(ctrlr, info->nns);
	print_health(ctrlr);
	return ud_ctrlr_close(ctrlr) ? 1 : 0;
}
