// SPDX-License-Identifier: MIT
/*
 * Mounts damaged file systems and uses them.
 *
 *   damage SEED COUNT DEVICE FOLDER
 *
 * DEVICE holds a sound pathfs with a few files. For each image some of its metadata are changed, at
 * random or where the format has a field, half of them with checksums that are right again. Mount
 * may refuse. Nothing may hang; whether the kernel complained is for the caller to see in its log.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>
#include "kmod/pathfs/tools/image.h"

enum {
	USED_BLOCKS = 64, /* of the data region: what is restored and damaged */
	MAX_NAMES = 40,
	HANG_SECONDS = 60,
};

struct campaign {
	unsigned int seed;
	const char *device;
	const char *folder;
	uint32_t data_start;
	uint8_t *good;
	uint8_t *bad;
	int names;
};

static uint32_t draw(struct campaign *campaign, uint32_t limit)
{
	return (uint32_t)rand_r(&campaign->seed) % limit;
}

/* Values that break arithmetic more often than random ones. */
static uint32_t nasty(struct campaign *campaign)
{
	static const uint32_t values[] = {
		0,   1,   2,   0xffffffff, 0xfffffffe, 0x7fffffff, 0x80000000, 0xffff,
		511, 512, 513, 0x100000,   0x7fffff00, 4095,       4096};

	return draw(campaign, 3) ? values[draw(campaign, sizeof(values) / sizeof(*values))]
				 : draw(campaign, 3000);
}

static void damage_inode(struct campaign *campaign, const struct pathfs_super *super)
{
	uint32_t ino = 1 + draw(campaign, 8);
	struct pathfs_inode *slots =
		(struct pathfs_inode *)(campaign->bad +
					(size_t)le32_to_cpu(super->inode_table) *
						PATHFS_BLOCK_SIZE +
					(size_t)(ino - 1) * PATHFS_INODE_SIZE);
	struct pathfs_inode *slot = &slots[draw(campaign, 2)];
	uint32_t *words = (uint32_t *)slot;

	/* Behind the checksum and the number. */
	words[2 + draw(campaign, 50)] = cpu_to_le32(nasty(campaign));
	slot->ino = cpu_to_le32(ino);
	slot->crc = cpu_to_le32(image_struct_crc(slot, sizeof(*slot)));
}

/* A directory, an extent block, or data: the checksum is that of an extent block. */
static void damage_block(struct campaign *campaign)
{
	uint32_t *words = (uint32_t *)(campaign->bad + (size_t)(campaign->data_start +
								draw(campaign, USED_BLOCKS)) *
							       PATHFS_BLOCK_SIZE);

	words[1 + draw(campaign, 150)] = cpu_to_le32(nasty(campaign));
	if (le32_to_cpu(words[0]) != PATHFS_DIR_MAGIC)
		words[0] = cpu_to_le32(image_struct_crc(words, PATHFS_BLOCK_SIZE));
}

static void damage_super(struct campaign *campaign)
{
	struct pathfs_super *super = (struct pathfs_super *)campaign->bad;
	uint32_t *words = (uint32_t *)super;

	words[1 + draw(campaign, 9)] = cpu_to_le32(nasty(campaign));
	super->crc = cpu_to_le32(image_struct_crc(super, sizeof(*super)));
}

static void damage(struct campaign *campaign, size_t size)
{
	const struct pathfs_super *super = (const struct pathfs_super *)campaign->good;

	for (int i = 1 + (int)draw(campaign, 4); i > 0; i--) {
		uint32_t kind = draw(campaign, 20);

		if (kind < 11)
			damage_inode(campaign, super);
		else if (kind < 16)
			damage_block(campaign);
		else if (kind < 17)
			damage_super(campaign);
		else
			campaign->bad[(size_t)draw(campaign, (uint32_t)size)] =
				(uint8_t)draw(campaign, 256);
	}
}

static void use_file(struct campaign *campaign, const char *path)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
	char bytes[5000];
	char *map;

	if (fd < 0)
		return;
	(void)!pread(fd, bytes, sizeof(bytes), 0);
	(void)!pread(fd, bytes, sizeof(bytes), lseek(fd, 0, SEEK_END) - 100);
	(void)!pwrite(fd, bytes, sizeof(bytes), draw(campaign, 100000));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* A store may get SIGBUS, and that would be right; a system call says EFAULT. */
	if (map != MAP_FAILED) {
		(void)!pread(fd, map, 100, 0);
		munmap(map, 4096);
	}
	(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 10000);
	(void)!ftruncate(fd, draw(campaign, 50000));
	(void)!fsync(fd);
	close(fd);
}

static void use_folder(struct campaign *campaign, const char *path, int depth)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return;
	while (campaign->names < MAX_NAMES && (entry = readdir(dir))) {
		char name[1024], other[1024];
		struct stat status;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		campaign->names++;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		snprintf(other, sizeof(other), "%s/other%d", path, campaign->names);
		if (lstat(name, &status))
			continue;
		(void)!readlink(name, other + strlen(other), 10);
		if (S_ISDIR(status.st_mode) && depth < 4)
			use_folder(campaign, name, depth + 1);
		if (S_ISREG(status.st_mode))
			use_file(campaign, name);
		switch (draw(campaign, 4)) {
		case 0:
			(void)!rename(name, other);
			break;
		case 1:
			(void)!unlink(name);
			break;
		case 2:
			(void)!link(name, other);
			break;
		}
	}
	closedir(dir);
}

/* Returns true if it could be mounted. */
static bool use(struct campaign *campaign)
{
	char path[1024];

	if (mount(campaign->device, campaign->folder, "pathfs", 0, "") &&
	    mount(campaign->device, campaign->folder, "pathfs", MS_RDONLY, ""))
		return false;
	campaign->names = 0;
	use_folder(campaign, campaign->folder, 0);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/new%d", campaign->folder, i);
		close(open(path, O_CREAT | O_WRONLY, 0644));
		use_file(campaign, path);
	}
	snprintf(path, sizeof(path), "%s/newfolder", campaign->folder);
	(void)!mkdir(path, 0755);
	if (umount(campaign->folder)) {
		perror("umount");
		exit(1);
	}
	return true;
}

static void write_image(const struct campaign *campaign, size_t size)
{
	int fd = open(campaign->device, O_RDWR);

	if (fd < 0 || pwrite(fd, campaign->bad, size, 0) != (ssize_t)size || fsync(fd)) {
		perror(campaign->device);
		exit(1);
	}
	close(fd);
}

static uint8_t *allocate(size_t size)
{
	uint8_t *bytes = malloc(size);

	if (!bytes)
		exit(2);
	return bytes;
}

int main(int argc, char **argv)
{
	struct campaign campaign = {0};
	struct image image;
	long count;
	size_t size;
	int mounted = 0;

	if (argc != 5) {
		fprintf(stderr, "usage: damage SEED COUNT DEVICE FOLDER\n");
		return 2;
	}
	campaign.seed = (unsigned int)strtoul(argv[1], NULL, 10);
	count = strtol(argv[2], NULL, 10);
	campaign.device = argv[3];
	campaign.folder = argv[4];
	if (image_open(&image, campaign.device, false)) {
		fprintf(stderr, "%s\n", image.problem);
		return 1;
	}
	campaign.data_start = le32_to_cpu(image.super.data_start);
	size = (size_t)(campaign.data_start + USED_BLOCKS) * PATHFS_BLOCK_SIZE;
	campaign.good = allocate(size);
	campaign.bad = allocate(size);
	if (image_read(&image, 0, campaign.data_start + USED_BLOCKS, campaign.good))
		count = 0;
	image_close(&image);
	for (long i = 0; i < count; i++) {
		alarm(HANG_SECONDS);
		memcpy(campaign.bad, campaign.good, size);
		damage(&campaign, size);
		write_image(&campaign, size);
		mounted += use(&campaign);
	}
	printf("%ld damaged images, %d of them mounted\n", count, mounted);
	free(campaign.good);
	free(campaign.bad);
	return count ? 0 : 1;
}
