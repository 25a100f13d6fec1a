# SPDX-License-Identifier: MIT
# The `bypass` command, its tests and what `make bench` runs.

BENCH_SOURCES := $(wildcard bench/core/*.c bench/paths/*.c bench/fio/*.c bench/report/*.c bench/cli/*.c)
BENCH_LIBS := -ljansson -linih -lnuma -luring -laio -lblkid -lelf -lm -lpthread
BENCH_OBJECTS := $(BENCH_SOURCES:%.c=$(BUILD)/%.o)
C_FILES += $(wildcard bench/*/*.c bench/*/*.h) bench/version.h
SHELL_FILES += bench/run-bench bench/run-all bench/self-test-cost $(wildcard bench/tests/*.sh)

$(BUILD)/bench/%.o: bench/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/bypass: $(BENCH_OBJECTS) $(BUILD)/userdrv/libuserdrv.a $(BUILD)/userdrv/libuserdrv-soft.a
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -o $@ $^ $(BENCH_LIBS)

ALL += $(BUILD)/bypass
-include $(BENCH_OBJECTS:.o=.d)

# Unit tests: everything but the command line, built with the sanitizers, linked to one program for each file.
ASAN_OBJECTS := $(BENCH_SOURCES:%.c=$(ASAN)/%.o)
BENCH_LIBRARY_OBJECTS := $(filter-out $(ASAN)/bench/cli/%,$(ASAN_OBJECTS))
BENCH_TESTS := $(patsubst bench/tests/%.c,$(ASAN)/%,$(wildcard bench/tests/test_*.c))

# Labs are linked with these, too, and need no more than a compiler for them; Criterion is the tests'.
$(patsubst %.c,$(ASAN)/%.o,$(wildcard bench/tests/*.c)): | $(DEPS_TEST)
$(ASAN)/bench/%.o: bench/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $<'
	@$(CC) $(filter-out -O2,$(ALL_CFLAGS)) $(SANITIZE) -c -o $@ $<

$(ASAN)/bypass: $(ASAN_OBJECTS) $(USERDRV_ASAN_OBJECTS)
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ $(BENCH_LIBS)

BENCH_FIXTURES := $(patsubst %.c,$(ASAN)/%.o,$(wildcard bench/tests/fixture_*.c))

$(ASAN)/test_%: $(ASAN)/bench/tests/test_%.o $(BENCH_FIXTURES) $(BENCH_LIBRARY_OBJECTS) \
		$(USERDRV_ASAN_OBJECTS)
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ $(BENCH_LIBS) -lcriterion

.SECONDARY:
-include $(ASAN_OBJECTS:.o=.d) $(wildcard $(ASAN)/bench/tests/*.d)

# Fuzz targets: the committed corpus and a few seconds of new inputs; the campaign is for test-long.
FUZZ_TARGETS := $(patsubst bench/tests/fuzz_%.c,$(FUZZ)/%,$(wildcard bench/tests/fuzz_*.c))
FUZZ_SECONDS := 10
FUZZ_SECONDS_LONG := 600
# The sources are compiled once, for all of them.
FUZZ_CC := clang-14 -std=gnu11 -D_GNU_SOURCE -I. -Ibench $(USERDRV_CFLAGS) -O1 -g -fno-sanitize-recover=all
FUZZ_SOURCES := $(filter-out bench/cli/%,$(BENCH_SOURCES)) $(USERDRV_SOURCES) $(USERDRV_SOFT_SOURCES)
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(FUZZ)/objects/%.o)

$(FUZZ)/objects/%.o: %.c | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'FUZZ $<'
	@$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

-include $(FUZZ_OBJECTS:.o=.d)

$(FUZZ)/%: bench/tests/fuzz_%.c $(FUZZ_OBJECTS) $(wildcard bench/*/*.h) | $(DEPS_TEST)
	$(NOTE) 'FUZZ $@'
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $< $(FUZZ_OBJECTS) $(BENCH_LIBS)

.PHONY: test-unit test-fuzz test-fuzz-long test-bench test-reference bench bench-all bench-self results
TESTS += test-unit test-fuzz test-bench
LONG_TESTS += test-fuzz-long test-reference

test-unit: $(BENCH_TESTS) ## unit tests, under ASan and UBSan
	@mk/run-tests $(BENCH_TESTS)

test-fuzz: $(FUZZ_TARGETS) ## every fuzz target for a few seconds
	@mk/run-fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

test-fuzz-long: $(FUZZ_TARGETS) ## every fuzz target for ten minutes
	@mk/run-fuzz $(FUZZ_SECONDS_LONG) $(FUZZ_TARGETS)

test-bench: $(BUILD)/bypass $(BUILD)/bypass-lab $(VM)/plugins/instruction_counts.so $(ASAN)/bypass $(ASAN)/test_target_block $(USERDRV)/tests/vfio_io \
		$(USERDRV)/examples/perf $(USERDRV)/examples/hello \
		$(KMOD)/6.1/pathfs.ko $(PATHFS_TOOLS) vm ## the command itself: on this machine and in the testbed
	@mk/two-at-a-time 'bench/tests/testbed.sh $(BUILD)/bypass' 'bench/tests/numa-testbed.sh $(BUILD)/bypass' \
		'bench/tests/bind-testbed.sh $(BUILD)' 'bench/tests/command.sh $(ASAN)/bypass' \
		'bench/tests/report.sh $(BUILD)/bypass' bench/tests/install.sh bench/tests/extending.sh \
		'bench/tests/reference-runs.sh $(BUILD)/bypass' bench/tests/reference.sh bench/tests/run-all.sh \
		'bench/tests/docs.py $(BUILD)/bypass'

test-reference: $(BUILD)/bypass $(KMOD)/6.1/pathfs.ko $(PATHFS_TOOLS) vm ## every suite of the testbed costs what results/reference/ says
	@bench/tests/reference-long.sh $(BUILD)/bypass

bench: $(BUILD)/bypass $(KMOD)/6.1/pathfs.ko $(PATHFS_TOOLS) vm ## the tour: suite `quick` in the testbed and on this machine, with reports
	@bench/run-bench $(BUILD)/bypass

bench-all: $(BUILD)/bypass $(KMOD)/6.1/pathfs.ko $(PATHFS_TOOLS) vm ## every suite (under 90 minutes on 2 cores); after Ctrl-C it goes on where it was
	@bench/run-all $(BUILD)/bypass

results: $(BUILD)/bypass $(KMOD)/6.1/pathfs.ko $(PATHFS_TOOLS) vm ## the reference runs anew, in the testbed (results/reference/); takes those that bench-all has just made
	@bench/run-all --record $(BUILD)/bypass

bench-self: $(BUILD)/bypass ## what the harness itself costs, beside fio
	@bench/self-test-cost $(BUILD)/bypass
