// SPDX-License-Identifier: MIT
/* Mappings of whole files at places that are multiples of 2 MiB, as huge pages want them. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "model.h"

static sigjmp_buf after_fault;
static volatile sig_atomic_t fault_expected;
static struct world *the_world; /* for the signal handler */

static void on_fault(int signal)
{
	(void)signal;
	if (fault_expected)
		siglongjmp(after_fault, 1);
	/* It comes from a load or store of this program, so that all functions may be called. */
	differ(the_world, "SIGBUS for an access inside the file");
}

/* Loads one byte. True if that gave SIGBUS. */
bool faults(const uint8_t *byte)
{
	fault_expected = 1;
	if (sigsetjmp(after_fault, 1)) {
		fault_expected = 0;
		return true;
	}
	(void)*(const volatile uint8_t *)byte;
	fault_expected = 0;
	return false;
}

void make_areas(struct world *world)
{
	struct sigaction action = {.sa_handler = on_fault};

	the_world = world;
	sigaction(SIGBUS, &action, NULL);
	for (int i = 0; i <= HANDLES; i++) {
		uint8_t *room = mmap(NULL, MAX_SIZE + HUGE_PAGE, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (room == MAP_FAILED)
			differ(world, "this program has no memory left");
		world->areas[i] = room + (HUGE_PAGE - (uintptr_t)room % HUGE_PAGE) % HUGE_PAGE;
	}
}

/* Shared and writable; as far as a file can get, since it may grow under the mapping. */
uint8_t *map_node(struct world *world, int fd, uint32_t area)
{
	int flags = MAP_SHARED;
	uint8_t *map;

	if (world->dax && one_in(world, 2))
		flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	if (one_in(world, 8))
		flags |= MAP_POPULATE;
	map = mmap(world->areas[area], MAX_SIZE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	if (map == MAP_FAILED)
		differ(world, "mmap with flags %#x: %s", (unsigned int)flags, errno_name(errno));
	return map;
}

void unmap_node(struct world *world, uint32_t area)
{
	void *map = mmap(world->areas[area], MAX_SIZE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (map == MAP_FAILED)
		differ(world, "taking a mapping away: %s", errno_name(errno));
}
