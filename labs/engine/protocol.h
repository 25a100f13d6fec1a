/* SPDX-License-Identifier: MIT */
/* Between `bypass lab` and a check that it runs. */
#ifndef LABS_PROTOCOL_H
#define LABS_PROTOCOL_H

/*
 * A check gets a random token on one file descriptor, and gives it back on another when it has come
 * to its end: a student's code that ends the program with status 0 doesn't pass.
 */
#define LAB_TOKEN_IN   30
#define LAB_TOKEN_OUT  31
#define LAB_TOKEN_ROOM 40

enum {
	LAB_EXIT_WRONG = 1,
	LAB_EXIT_BROKEN = 77,
	LAB_EXIT_SANITIZER = 99, /* as ASAN_OPTIONS and UBSAN_OPTIONS are told */
};

#endif
