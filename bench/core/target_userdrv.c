// SPDX-License-Identifier: MIT
#include "core/target_userdrv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pci_device.h"
#include "core/soft_options.h"

#define PCI  "pci:"
#define SOFT "soft:"
#define NVME "nvme:"
#define VFIO "/vfio"
/* Of a model whose size wasn't given, if the workloads need no more. */
#define SOFT_NBYTES (64ull << 20)
/* Of a model: a queue pair for each of the jobs and one for the service. */
#define SOFT_JOBS 16u
/* One block must fit into a piece of the service's I/O. */
#define BLOCK_MAX (1u << 20)

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_soft(const struct target *t)
{
	return begins(t->text, SOFT);
}

static bool is_address(const char *text)
{
	struct pci_device device;

	return pci_device_read(&device, text, NULL) != -EINVAL;
}

static bool is_serial(const char *text)
{
	const char *end = strrchr(text, '/');

	return begins(text, NVME) && end && strcmp(end, VFIO) == 0;
}

bool target_userdrv_matches(const char *text)
{
	return begins(text, PCI) || begins(text, SOFT) || is_serial(text) ||
	       strcmp(text, "testbed:disk/vfio") == 0 || is_address(text);
}

static int parse_address(struct target *t, const char *text, struct error *e)
{
	struct pci_device device;
	int ret = pci_device_read(&device, text, e);

	/* One that isn't there is a matter for the probe. */
	if (ret == -EINVAL)
		return ret;
	snprintf(t->text, sizeof(t->text), PCI "%s", device.address);
	return 0;
}

int target_userdrv_parse(struct target *t, const char *text, struct error *e)
{
	struct ud_soft_config config;

	t->kind = TARGET_USERDRV;
	if (begins(text, PCI))
		return parse_address(t, text + strlen(PCI), e);
	if (is_address(text))
		return parse_address(t, text, e);
	if (is_serial(text) && strlen(text) == strlen(NVME VFIO))
		return error_set(e, -EINVAL,
				 "target '%s' names no disk; write nvme:SERIAL, see `bypass list "
				 "targets`",
				 text);
	snprintf(t->text, sizeof(t->text), "%.*s", (int)sizeof(t->text) - 1, text);
	return is_soft(t) ? soft_options_parse(text + strlen(SOFT), &config, e) : 0;
}

int target_userdrv_probe(struct target *t, struct error *e)
{
	snprintf(t->fs_type, sizeof(t->fs_type), "none");
	return is_soft(t) ? 0 : target_vfio_probe(t, e);
}

bool target_userdrv_limits(const struct target *t, struct userdrv_limits *limits)
{
	const struct ud_ctrlr_info *info;
	struct ud_soft_config config;

	if (t->userdrv) {
		info = ud_ctrlr_info(t->userdrv->ctrlr);
		*limits = (struct userdrv_limits){
			.block_nbytes = t->userdrv->ns->block_nbytes,
			.max_transfer_nbytes = info->max_transfer_nbytes,
			.max_entries = info->max_entries,
			.max_jobs = info->nqpairs - 1,
			.max_vectors = info->nvectors,
		};
		return true;
	}
	if (!is_soft(t) || soft_options_parse(t->text + strlen(SOFT), &config, NULL))
		return false;
	*limits = (struct userdrv_limits){
		.block_nbytes = config.namespaces[0].block_nbytes,
		.max_transfer_nbytes = UD_PAGE_NBYTES << config.mdts,
		.max_entries = config.queue_entries,
		.max_jobs = SOFT_JOBS,
		.max_vectors = SOFT_JOBS,
	};
	return true;
}

static int open_soft(struct target *t, uint64_t size, struct ud_transport **transport,
		     struct error *e)
{
	struct ud_soft_config config;
	struct ud_soft_namespace *ns = &config.namespaces[0];
	int ret = soft_options_parse(t->text + strlen(SOFT), &config, e);

	if (ret)
		return ret;
	if (!ns->nblocks) {
		if (size < SOFT_NBYTES)
			size = SOFT_NBYTES;
		ns->nblocks = (size + ns->block_nbytes - 1) / ns->block_nbytes;
	}
	config.nqueues = SOFT_JOBS + 1;
	config.nvectors = SOFT_JOBS;
	ret = ud_soft_create(&config, transport);
	if (ret)
		return error_set(e, ret,
				 "the model of %s can't be made: %s; give a smaller size or end "
				 "other programs",
				 t->text, strerror(-ret));
	t->userdrv->soft = *transport;
	return 0;
}

static int open_vfio(const struct target *t, struct ud_transport **transport, struct error *e)
{
	char reason[512];
	int ret = ud_vfio_open(t->device.pci, transport, reason, sizeof(reason));

	return ret ? error_set(e, ret, "%s", reason) : 0;
}

static struct ud_ns *first_usable(struct ud_ctrlr *ctrlr)
{
	struct ud_ns *ns;

	for (unsigned int i = 0; (ns = ud_ctrlr_ns(ctrlr, i)); i++) {
		if (ns->usable && ns->block_nbytes <= BLOCK_MAX)
			return ns;
	}
	return NULL;
}

static int start_controller(struct target *t, struct ud_transport *transport, struct error *e)
{
	struct userdrv_target *u = t->userdrv;
	struct ud_ctrlr_options options;
	int ret;

	ud_ctrlr_options_init(&options);
	/* All that it grants: each job needs one. */
	options.nqpairs = UD_MAX_QPAIRS;
	ret = ud_ctrlr_open(transport, &options, &u->ctrlr);
	if (ret)
		return error_set(e, ret, "the controller of %s doesn't start: %s; see dmesg",
				 t->text, strerror(-ret));
	u->ns = first_usable(u->ctrlr);
	if (!u->ns)
		return error_set(e, -ENODEV,
				 "%s has no namespace that our driver can use (one without "
				 "metadata); make one with `nvme format` or `nvme create-ns`",
				 t->text);
	ret = target_userdrv_open_service(u);
	if (ret)
		return error_set(e, ret,
				 "no queue or memory for %s: %s; raise the limit of locked memory: "
				 "ulimit -l unlimited",
				 t->text, strerror(-ret));
	t->device.logical_block = u->ns->block_nbytes;
	t->device.write_cache = ud_ctrlr_info(u->ctrlr)->volatile_write_cache;
	return 0;
}

static int check_size(const struct target *t, uint64_t size, struct error *e)
{
	const struct ud_ns *ns = t->userdrv->ns;

	if (size > ns->nbytes)
		return error_set(
			e, -ENOSPC,
			"%s has %llu MiB and the workload needs %llu; give a smaller size=",
			t->text, (unsigned long long)(ns->nbytes >> 20),
			(unsigned long long)((size + (1 << 20) - 1) >> 20));
	if (size % ns->block_nbytes)
		return error_set(
			e, -EINVAL,
			"%s has logical blocks of %u bytes and size=%llu isn't a multiple; "
			"give another size=",
			t->text, ns->block_nbytes, (unsigned long long)size);
	return 0;
}

int target_userdrv_claim(struct target *t, bool writes, struct error *e)
{
	const char *serial = ud_ctrlr_info(t->userdrv->ctrlr)->serial;
	char what[256];
	int ret;

	t->foreign = !is_soft(t) && !target_is_testbed_disk(t);
	if (!t->foreign)
		return 0;
	if (!target_writable_serial || strcmp(target_writable_serial, serial) != 0) {
		if (!writes)
			return 0;
		return error_set(e, -EPERM,
				 "a workload would overwrite the disk with serial number %s (%s); "
				 "if nothing on it is needed any more, add --allow-writes=%s",
				 serial, t->device.pci, serial);
	}
	ret = target_userdrv_holds(t, what, sizeof(what));
	t->foreign = ret != 0;
	if (!ret || !writes)
		return 0;
	if (ret > 0)
		return error_set(e, -EEXIST,
				 "the disk with serial number %s (%s) holds %s and is not written; "
				 "if nothing on it is needed any more, do: sudo bypass unbind %s, "
				 "then sudo wipefs --all on its device",
				 serial, t->device.pci, what, t->device.pci);
	return error_set(e, ret,
			 "whether the disk with serial number %s (%s) is empty can't be told: %s; "
			 "use another disk",
			 serial, t->device.pci, what);
}

int target_userdrv_open(struct target *t, uint64_t size, bool writes, struct error *e)
{
	struct ud_transport *transport;
	int ret;

	t->userdrv = calloc(1, sizeof(*t->userdrv));
	if (!t->userdrv)
		return error_set(e, -ENOMEM, "out of memory for %s; free some", t->text);
	ret = is_soft(t) ? open_soft(t, size, &transport, e) : open_vfio(t, &transport, e);
	if (!ret)
		ret = start_controller(t, transport, e);
	if (!ret)
		ret = check_size(t, size, e);
	if (!ret)
		ret = target_userdrv_claim(t, writes, e);
	if (!ret && !t->foreign)
		ret = target_lay_out(t, size, e);
	if (ret) {
		target_userdrv_close(t);
		return ret;
	}
	t->size = size;
	return 0;
}

void target_userdrv_close(struct target *t)
{
	/* What it says of the shutdown changes nothing: all is freed. */
	if (t->userdrv && t->userdrv->ctrlr)
		(void)ud_ctrlr_close(t->userdrv->ctrlr);
	free(t->userdrv);
	t->userdrv = NULL;
}

static void describe_string(json_t *json, const char *key, const char *text)
{
	if (text && text[0])
		json_object_set_new(json, key, json_string(text));
}

static void describe_number(json_t *json, const char *key, uint64_t number)
{
	json_object_set_new(json, key, json_integer((json_int_t)number));
}

static json_t *describe_device(const struct target *t)
{
	const struct ud_ctrlr_info *info = ud_ctrlr_info(t->userdrv->ctrlr);
	const struct ud_ns *ns = t->userdrv->ns;
	json_t *json = json_object();

	describe_string(json, "pci", t->device.pci);
	describe_string(json, "model", info->model);
	describe_string(json, "serial", info->serial);
	describe_string(json, "firmware", info->firmware);
	describe_number(json, "nsid", ns->nsid);
	describe_number(json, "lba_bytes", ns->block_nbytes);
	describe_number(json, "size_bytes", ns->nbytes);
	describe_number(json, "max_transfer_bytes", info->max_transfer_nbytes);
	describe_number(json, "max_queue_entries", info->max_entries);
	json_object_set_new(json, "volatile_write_cache", json_boolean(info->volatile_write_cache));
	json_object_set_new(json, "shadow_doorbells", json_boolean(info->shadow_doorbells));
	json_object_set_new(json, "numa_node", json_integer(info->numa_node));
	return json;
}

void target_userdrv_describe(const struct target *t, json_t *json)
{
	if (!t->userdrv)
		return;
	describe_string(json, "transport", ud_ctrlr_info(t->userdrv->ctrlr)->transport);
	if (is_soft(t))
		json_object_set_new(json, "options", json_string(t->text + strlen(SOFT)));
	json_object_set_new(json, "foreign", json_boolean(t->foreign));
	describe_number(json, "size_bytes", t->size);
	describe_string(json, "huge_pages", t->userdrv->bounce.notice);
	json_object_set_new(json, "device", describe_device(t));
}
