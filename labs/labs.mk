# SPDX-License-Identifier: MIT
# The course: `bypass lab`, what its checks are built with, and the tests of both.

LABS := $(BUILD)/labs
LABS_SOURCES := $(wildcard labs/engine/*.c)
# The runtime of the checks is linked with each of them, not with the command.
LABS_COMMAND := $(filter-out labs/engine/check.c,$(LABS_SOURCES))
LABS_SHARED := $(addprefix $(BUILD)/bench/core/,error.o memory.o results.o)
LABS_CFLAGS := -Ilabs
C_FILES += $(wildcard labs/engine/*.[ch] labs/tests/*.[ch] labs/*/check.c)
SHELL_FILES += $(wildcard labs/*/check.sh labs/tests/*.sh labs/engine/*.sh)

$(LABS)/engine/%.o: labs/engine/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(ALL_CFLAGS) $(LABS_CFLAGS) -c -o $@ $<

# Linked with sanitized code.
$(LABS)/engine/check.o: CFLAGS := -O1 -g -fsanitize=address,undefined

$(BUILD)/bypass-lab: $(LABS_COMMAND:labs/%.c=$(LABS)/%.o) $(LABS_SHARED)
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -o $@ $^ -linih

ALL += $(BUILD)/bypass-lab
-include $(LABS_SOURCES:labs/%.c=$(LABS)/%.d)

.PHONY: labs
labs: $(BUILD)/bypass $(BUILD)/bypass-lab $(LABS)/engine/check.o $(USERDRV_ASAN_OBJECTS) $(BENCH_LIBRARY_OBJECTS) \
		$(KMOD)/headers-6.1/build/Makefile $(PATHFS_TOOLS) vm ## what `bypass lab check` needs, so that it works offline

# The markers are a language of their own: parsed, cut, spliced; and what is none is refused.
$(ASAN)/labs/%.o: labs/%.c | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $<'
	@$(CC) $(filter-out -O2,$(ALL_CFLAGS)) $(LABS_CFLAGS) $(SANITIZE) -c -o $@ $<

LABS_TESTS := $(patsubst labs/tests/%.c,$(ASAN)/labs/%,$(wildcard labs/tests/test_*.c))
$(LABS_TESTS): $(ASAN)/labs/test_%: $(ASAN)/labs/tests/test_%.o $(ASAN)/labs/engine/markers.o \
		$(ASAN)/bench/core/memory.o $(ASAN)/bench/core/error.o
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ -lcriterion

# Whether the checks find what they are for.
$(LABS)/tests/prove: labs/tests/prove.c $(filter-out $(LABS)/engine/main.o,$(LABS_COMMAND:labs/%.c=$(LABS)/%.o)) \
		$(LABS_SHARED)
	@mkdir -p $(@D)
	$(NOTE) 'LINK $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(LABS_CFLAGS) -o $@ $^ -linih

$(FUZZ)/markers: labs/tests/fuzz_markers.c labs/engine/markers.c labs/engine/markers.h | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'FUZZ $@'
	@clang-14 -std=gnu11 -D_GNU_SOURCE -I. -Ibench -Ilabs -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^) bench/core/memory.c bench/core/error.c

TESTS += test-labs
LONG_TESTS += test-labs-long
.PHONY: test-labs test-labs-long
test-labs: labs $(LABS_TESTS) $(FUZZ)/markers $(LABS)/tests/prove ## the course: its markers; each lab unsolved, solved, and with a mistake
	@mk/run-tests $(LABS_TESTS)
	@bench/tests/fuzz.sh $(FUZZ_SECONDS) $(FUZZ)/markers
	@labs/tests/labs.sh $(LABS)/tests/prove

test-labs-long: labs $(LABS)/tests/prove ## every mistake of every lab
	@labs/tests/labs.sh $(LABS)/tests/prove all
