/* SPDX-License-Identifier: MIT */
/*
 * Read by sparse before each file of user space (make check-sparse): what gcc and glibc have that
 * sparse 0.6 doesn't know. Nothing of this project's belongs here.
 */
#include <pthread.h>
#include <stddef.h>

/* glibc asks for the kernel's struct statx by __has_include, and otherwise has its own. */
#include <linux/stat.h>
#define __statx_timestamp_defined 1
#define __statx_defined           1

/* glibc initializes the two pointers of a mutex with 0. */
#undef PTHREAD_MUTEX_INITIALIZER
#define PTHREAD_MUTEX_INITIALIZER                                                                  \
	{                                                                                          \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

#define __VERSION__ "sparse"

unsigned long long __builtin_ia32_rdtsc(void);
void __builtin_ia32_sfence(void);
void __builtin_ia32_clwb(const void *line);
