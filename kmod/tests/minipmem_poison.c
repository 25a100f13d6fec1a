// SPDX-License-Identifier: MIT
/*
 *   minipmem_poison early|late FILE OFFSET BADBLOCKS SECTOR
 *
 * Maps FILE, loads the byte at OFFSET, then lets another process make the page's sectors bad, by a
 * line to BADBLOCKS (SECTOR is where OFFSET lies on the device). With `early` it asks the kernel to
 * be told of bad memory at once, which otherwise it is when it next loads from there. Prints what
 * becomes of the mapping, one finding a line; then writes the page by pwrite() and prints what
 * becomes of it then.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, HUGE_PAGE = 2 << 20 };

static volatile sig_atomic_t early, loading;
static void *volatile fault_address;
static volatile int fault_code;
static sigjmp_buf out;

static void on_sigbus(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (!loading) {
		early = 1;
		return;
	}
	fault_address = info->si_addr;
	fault_code = info->si_code;
	siglongjmp(out, 1);
}

static void load(const char *what, const volatile uint8_t *byte)
{
	if (sigsetjmp(out, 1)) {
		loading = 0;
		printf("%s: SIGBUS at %s, %s\n", what,
		       (uintptr_t)fault_address / PAGE == (uintptr_t)byte / PAGE ? "this page"
										 : "another page",
		       fault_code == BUS_MCEERR_AR ? "BUS_MCEERR_AR" : "BUS_ADRERR");
		return;
	}
	loading = 1;
	const int value = *byte;

	loading = 0;
	printf("%s: 0x%02x\n", what, value);
}

/* Like whatever finds an error in memory: not the process that has it mapped. */
static int make_bad(const char *badblocks, const char *sector)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		FILE *file = fopen(badblocks, "w");

		_exit(!file || fprintf(file, "%s 8\n", sector) < 0 || fclose(file));
	}
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

static uint8_t *map_file(int fd)
{
	/* An address that is a multiple of 2 MiB, so that the page may be part of a PMD mapping. */
	uint8_t *room = mmap(NULL, 2 * HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *place = (uint8_t *)(((uintptr_t)room + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);

	return mmap(place, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_sigaction = on_sigbus,
					 .sa_flags = SA_SIGINFO | SA_RESTART};
	uint8_t block[PAGE], *byte;
	off_t offset;
	int fd;

	if (argc != 6 || (fd = open(argv[2], O_RDWR)) < 0) {
		fprintf(stderr, "usage: minipmem_poison early|late FILE OFFSET BADBLOCKS SECTOR\n");
		return 2;
	}
	offset = strtol(argv[3], NULL, 0);
	byte = map_file(fd);
	if (byte == MAP_FAILED || offset % PAGE || offset + 2 * PAGE > HUGE_PAGE) {
		fprintf(stderr, "minipmem_poison: can't map page %ld of %s\n", offset, argv[2]);
		return 2;
	}
	byte += offset;
	if (!strcmp(argv[1], "early"))
		prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	sigaction(SIGBUS, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	load("before", byte);
	if (make_bad(argv[4], argv[5])) {
		fprintf(stderr, "minipmem_poison: can't write to %s\n", argv[4]);
		return 2;
	}
	printf("told: %s\n", early ? "yes" : "no");
	load("bad", byte);
	load("next", byte + PAGE);
	load("bad again", byte);
	memset(block, 0x77, PAGE);
	printf("written: %zd\n", pwrite(fd, block, PAGE, offset));
	load("after", byte);
	return 0;
}
