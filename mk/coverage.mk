# SPDX-License-Identifier: MIT
# Which lines of bench/ and userdrv/ the tests reach, guests included. Never part of `make test`: the
# objects are compiled without optimization and count, so that their figures aren't those of the build
# that is judged. Not counted: what a program did that was killed or left by _exit().

COVERAGE := $(BUILD)/coverage
COVERAGE_PERCENT := 85
# gcc 12 crashes where it counts branches beside sprintf() and would warn of its sizes.
COVERAGE_FLAGS := -O0 -g --coverage -Wno-format-overflow

SHELL_FILES += mk/coverage-tree mk/coverage-tests

# A tree of links to this one, with a build/ of its own: there every rule and every script that knows
# build/bypass works as it stands.
.PHONY: coverage coverage-tests
coverage: $(BUILD)/bypass-lab $(VM)/plugins/instruction_counts.so $(KMOD)/6.1/pathfs.ko $(PATHFS_TOOLS) vm | $(DEPS_TEST) ## lines of bench/ and userdrv/ that the tests reach, guests included: fails under 85 % (20 minutes)
	@mk/coverage-tree $(COVERAGE)
	@$(MAKE) --no-print-directory -C $(COVERAGE)/tree CFLAGS='$(COVERAGE_FLAGS)' \
		SANITIZE='$(SANITIZE) $(COVERAGE_FLAGS)' coverage-tests
	@mk/coverage-report $(COVERAGE) $(COVERAGE_PERCENT) bench userdrv

# Made in that tree. Not among them: what compiles its sources anew for another tool (ThreadSanitizer,
# libFuzzer), or counts instructions.
COVERAGE_SOURCES := $(filter-out bench/tests/% userdrv/tests/%,$(wildcard bench/*/*.c userdrv/*/*.c))
COVERAGE_TESTS := $(USERDRV_PLAIN_TESTS) $(USERDRV_SOFT_TESTS) $(BENCH_TESTS)
coverage-tests: $(COVERAGE_TESTS) $(BUILD)/bypass $(ASAN)/bypass $(USERDRV_EXAMPLES) \
		$(addprefix $(USERDRV)/tests/,vfio_raw vfio_io vfio_iova)
	@for source in $(COVERAGE_SOURCES); do \
		[ -e $(BUILD)/$${source%.c}.o ] || { \
			echo "coverage: $$source isn't built, so its lines would not be counted; see mk/coverage.mk" >&2; \
			exit 1; \
		}; \
	done
	@mk/coverage-tests $(COVERAGE_TESTS)
