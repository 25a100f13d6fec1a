// SPDX-License-Identifier: MIT
/* Hands an NVMe disk that holds nothing to vfio-pci, and back. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "core/interrupted.h"
#include "core/pci_bind.h"

static const char bind_usage[] =
	"bypass bind PCI: hands an NVMe disk to vfio-pci, for our driver\n"
	"\n"
	"PCI is an address like 0000:01:00.0 (`lspci -D`). Only a disk on which nothing is\n"
	"found is taken: no mount, partition, file system, volume, swap, nor a claim.\n"
	"`bypass unbind PCI` gives it back.\n";

static const char unbind_usage[] =
	"bypass unbind PCI: gives an NVMe disk back to the kernel's driver\n"
	"\n"
	"It does so after a crash too, whichever state the disk was left in.\n";

static void owner_name(const struct stat *st, char *name, size_t size)
{
	struct passwd entry, *owner = NULL;
	char strings[1024];

	if (getpwuid_r(st->st_uid, &entry, strings, sizeof(strings), &owner) == 0 && owner)
		snprintf(name, size, "%s", owner->pw_name);
	else
		snprintf(name, size, "user %u", (unsigned int)st->st_uid);
}

static void print_bound(const struct pci_bound *bound)
{
	const char *serial = bound->before.serial;
	char owner[64] = "nobody";
	struct rlimit limit;
	struct stat st;

	if (stat(bound->node, &st) == 0)
		owner_name(&st, owner, sizeof(owner));
	printf("%s%s%s%s is %sbound to vfio-pci: %s, which %s may open; for another user: sudo "
	       "chown USER %s\n",
	       bound->before.address, serial[0] ? " (serial number " : "", serial,
	       serial[0] ? ")" : "", bound->already ? "already " : "", bound->node, owner,
	       bound->node);
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >> 20 < USERDRV_LOCKED_MIB)
		printf("a process without privileges may lock %llu KiB of memory, which is little "
		       "for our driver; do: ulimit -l unlimited\n",
		       (unsigned long long)limit.rlim_cur >> 10);
}

/* The address, or NULL and the exit status. */
static const char *get_address(int argc, char **argv, const char *usage, int *status)
{
	struct error e;

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		*status = EXIT_GOOD;
		return NULL;
	}
	if (argc == 2 && argv[1][0] != '-')
		return argv[1];
	error_set(&e, 0, "%s takes one PCI address; do: bypass %s 0000:01:00.0, see `lspci -D`",
		  argv[0], argv[0]);
	*status = cli_fail(EXIT_USAGE, &e);
	return NULL;
}

int cmd_bind(int argc, char **argv)
{
	struct pci_bound bound;
	struct error e;
	int status;
	const char *address = get_address(argc, argv, bind_usage, &status);

	if (!address)
		return status;
	interrupted_catch(); /* a device without a driver is no place to stop */
	if (pci_bind(address, &bound, &e))
		return cli_fail(EXIT_FAILED, &e);
	print_bound(&bound);
	return EXIT_GOOD;
}

int cmd_unbind(int argc, char **argv)
{
	struct pci_bound bound;
	struct error e;
	int status;
	const char *address = get_address(argc, argv, unbind_usage, &status);

	if (!address)
		return status;
	interrupted_catch();
	if (pci_unbind(address, &bound, &e))
		return cli_fail(EXIT_FAILED, &e);
	printf("%s is %sbound to nvme, the kernel's driver: /dev/%s\n", bound.before.address,
	       bound.already ? "already " : "", bound.disk);
	return EXIT_GOOD;
}
