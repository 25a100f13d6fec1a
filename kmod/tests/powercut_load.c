// SPDX-License-Identifier: MIT
/*
 * A load on a file system whose acknowledgements are put into the log of what the medium saw.
 *
 *   powercut_load SEED SECONDS FOLDER dax|nodax dm:NAME|plugin
 *
 * With dm: a mark is a message to the device of that name (powercut_disk/). With plugin it is an
 * instruction that does nothing and that vm/plugins/pmem_order.c looks for.
 */
#include "powercut_model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vm/plugins/pmem_log.h"

enum { BUFFER = 64 << 10 };

struct load {
	pthread_t id;
	uint32_t thread;
	uint64_t seed;
	double seconds;
	const char *folder;
	bool dax;
	const char *marks;
	int control; /* of the device mapper, or -1 */
	uint32_t done;
};

static void fail(const char *what, const struct powercut_operation *operation)
	__attribute__((noreturn));

static void fail(const char *what, const struct powercut_operation *operation)
{
	fprintf(stderr, "powercut_load: operation %u, kind %d: %s: %s\n",
		operation ? operation->number : 0, operation ? (int)operation->kind : -1, what,
		strerror(errno));
	exit(1);
}

static void mark_dm(const struct load *load, uint32_t thread, uint32_t number)
{
	struct {
		struct dm_ioctl head;
		struct dm_target_msg message;
		char text[64];
	} request = {
		.head = {.version = {DM_VERSION_MAJOR, 0, 0},
			 .data_size = sizeof(request),
			 .data_start = offsetof(__typeof__(request), message)},
	};

	snprintf(request.head.name, sizeof(request.head.name), "%s", load->marks + 3);
	snprintf(request.message.message, sizeof(request.text), "mark %u %u", thread, number);
	if (ioctl(load->control, DM_TARGET_MSG, &request))
		fail("the device that records the load takes no mark", NULL);
}

static void mark(const struct load *load, uint32_t thread, uint32_t number)
{
	if (load->control >= 0)
		mark_dm(load, thread, number);
	else
		pmem_log_mark(thread, number);
}

/* The cache line is on its way to the medium; it is there after the fence. */
static void flush_line(const void *address)
{
	/* The plugin reads an address only where a block of translated code begins. */
	__asm__ volatile("jmp 1f\n1:\tclflush (%0)" ::"r"(address) : "memory");
}

static void do_store(const struct powercut_operation *operation, int fd, const uint8_t *bytes,
		     size_t size, size_t offset)
{
	const size_t page = offset & ~4095ul;
	const bool sync = operation->kind == POWERCUT_STORE_FLUSH;
	uint8_t *map = mmap(NULL, offset - page + size, PROT_READ | PROT_WRITE,
			    sync ? MAP_SHARED_VALIDATE | MAP_SYNC : MAP_SHARED, fd, (off_t)page);

	if (map == MAP_FAILED)
		fail("mmap", operation);
	memcpy(map + (offset - page), bytes, size);
	if (operation->kind == POWERCUT_STORE_MSYNC && msync(map, offset - page + size, MS_SYNC))
		fail("msync", operation);
	if (sync) {
		for (size_t i = 0; i < size; i += POWERCUT_LINE)
			flush_line(map + (offset - page) + i);
		__asm__ volatile("sfence" ::: "memory");
	}
	munmap(map, offset - page + size);
}

static void do_bytes(const struct load *load, const struct powercut_operation *operation, int fd,
		     uint32_t file)
{
	static __thread uint8_t buffer[BUFFER] __attribute__((aligned(4096)));
	const size_t size = (size_t)operation->count * POWERCUT_LINE;
	const size_t offset = (size_t)operation->first * POWERCUT_LINE;

	for (uint32_t i = 0; i < operation->count; i++)
		powercut_fill_line(buffer + (size_t)i * POWERCUT_LINE, load->thread, file,
				   operation->first + i, operation->number);
	if (operation->kind >= POWERCUT_WRITE && operation->kind <= POWERCUT_WRITE_DSYNC) {
		if (pwrite(fd, buffer, size, (off_t)offset) != (ssize_t)size)
			fail("write", operation);
	} else {
		do_store(operation, fd, buffer, size, offset);
	}
}

static void do_names(const struct load *load, const struct powercut_operation *operation)
{
	char path[4096], other[4096];
	int fd;

	powercut_path(load->folder, load->thread, operation->name, path);
	powercut_path(load->folder, load->thread, operation->other, other);
	switch (operation->kind) {
	case POWERCUT_CREATE:
		fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd < 0 || close(fd))
			fail("create", operation);
		break;
	case POWERCUT_UNLINK:
		if (unlink(path))
			fail("unlink", operation);
		break;
	default:
		if (rename(path, other))
			fail("rename", operation);
	}
}

static void do_file(const struct load *load, const struct powercut_operation *operation,
		    uint32_t file)
{
	const off_t first = (off_t)operation->first * POWERCUT_LINE;
	char path[4096];
	int flags = O_RDWR;
	int err = 0;
	int fd;

	if (operation->kind == POWERCUT_WRITE_DSYNC)
		flags |= O_DSYNC;
	if (operation->kind == POWERCUT_WRITE_DIRECT)
		flags |= O_DIRECT;
	fd = open(powercut_path(load->folder, load->thread, operation->name, path), flags);
	if (fd < 0)
		fail("open", operation);
	switch (operation->kind) {
	case POWERCUT_FSYNC:
		err = fsync(fd);
		break;
	case POWERCUT_FDATASYNC:
		err = fdatasync(fd);
		break;
	case POWERCUT_TRUNCATE:
		err = ftruncate(fd, first);
		break;
	case POWERCUT_PUNCH:
		err = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first,
				(off_t)operation->count * POWERCUT_LINE);
		break;
	default:
		do_bytes(load, operation, fd, file);
	}
	if (err)
		fail("sync or change of size", operation);
	close(fd);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *run(void *argument)
{
	struct load *load = argument;
	const double end = now() + load->seconds;
	struct powercut_model model;

	powercut_model_init(&model, load->seed, load->thread, load->dax);
	while (now() < end) {
		const struct powercut_operation operation = powercut_next(&model);

		if (powercut_changes_names(&operation)) {
			do_names(load, &operation);
		} else {
			powercut_begin(&model, &operation);
			do_file(load, &operation, model.names[operation.name]->id);
		}
		powercut_acknowledge(&model, &operation);
		mark(load, load->thread, operation.number);
	}
	load->done = model.number;
	powercut_model_free(&model);
	return NULL;
}

int main(int argc, char **argv)
{
	struct load loads[POWERCUT_THREADS];
	char path[4096];
	int control = -1;

	if (argc != 6 || (strncmp(argv[5], "dm:", 3) && strcmp(argv[5], "plugin"))) {
		fprintf(stderr,
			"usage: powercut_load SEED SECONDS FOLDER dax|nodax dm:NAME|plugin\n");
		return 2;
	}
	if (strcmp(argv[5], "plugin"))
		control = open("/dev/mapper/control", O_RDWR);
	for (int i = 0; i < POWERCUT_FOLDERS; i++) {
		snprintf(path, sizeof(path), "%s/folder%d", argv[3], i);
		if (mkdir(path, 0755))
			fail("mkdir", NULL);
	}
	sync();
	for (uint32_t i = 0; i < POWERCUT_THREADS; i++)
		loads[i] = (struct load){.thread = i,
					 .seed = strtoull(argv[1], NULL, 10),
					 .seconds = strtod(argv[2], NULL),
					 .folder = argv[3],
					 .dax = !strcmp(argv[4], "dax"),
					 .marks = argv[5],
					 .control = control};
	mark(&loads[0], PMEM_LOG_START, 0);
	for (int i = 0; i < POWERCUT_THREADS; i++)
		if (pthread_create(&loads[i].id, NULL, run, &loads[i]))
			fail("thread", NULL);
	for (int i = 0; i < POWERCUT_THREADS; i++)
		pthread_join(loads[i].id, NULL);
	mark(&loads[0], PMEM_LOG_END, 0);
	printf("%u %u %u operations\n", loads[0].done, loads[1].done, loads[2].done);
	return 0;
}
