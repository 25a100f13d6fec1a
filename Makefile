# SPDX-License-Identifier: MIT
# The front door. One fragment per folder; `make help` lists what can be made.

SHELL := /bin/sh
BUILD := build
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

CC := gcc
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wundef -Wvla -Wno-format-truncation -Werror
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -I. -Ibench -MMD -MP $(CFLAGS)

# What a recipe says of itself, unless make is silent: $(NOTE) 'CC   file'
NOTE = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,@echo)

# Tests in user space run under the sanitizers; fuzz targets have theirs from clang.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -O1 -g
ASAN := $(BUILD)/asan
FUZZ := $(BUILD)/fuzz

# Each fragment adds to these: what `make` builds, what the test targets run, what `make check` reads.
ALL :=
TESTS :=
LONG_TESTS :=
C_FILES :=
MODULE_FILES :=
SHELL_FILES :=
HELP :=

include mk/deps.mk
include vm/vm.mk
include vm/plugins/plugins.mk
include kmod/kmod.mk
include kmod/dkms.mk
include kmod/tests/powercut.mk
include userdrv/userdrv.mk
include bench/bench.mk
include userdrv/tests.mk
include labs/labs.mk
include mk/install.mk
include mk/coverage.mk
include mk/check.mk

.PHONY: all test test-long clean help
all: $(ALL) ## build everything

test: $(TESTS) ## every test: unit, fuzz corpus, testbed (under 25 minutes on 2 cores)

test-long: $(LONG_TESTS) ## the long campaigns

clean: ## remove what was built (the unpacked kernels too)
	rm -rf $(BUILD)

help: ## this list
	@sed -e ':join' -e '/\\$$/ { N; s/\\\n//; b join' -e '}' $(MAKEFILE_LIST) | \
		awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }'
