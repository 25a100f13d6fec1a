# SPDX-License-Identifier: MIT
# The course: `bypass lab`, what its checks are built with, and the tests of both.

LABS := $(BUILD)/labs
LABS_SOURCES := $(wildcard labs/engine/*.c)
# The runtime of the checks is linked with each of them, not with the command.
LABS_COMMAND := $(filter-out labs/engine/check.c,$(LABS_SOURCES))
LABS_SHARED := $(addprefix $(BUILD)/bench/core/,error.o memory.o program.o results.o)
LABS_CFLAGS := -Ilabs
C_FILES += $(wildcard labs/*/*.[ch] labs/*/reference/*.[ch] labs/tests/example/reference/*.[ch])
SHELL_FILES += $(wildcard labs/*/*.sh)

$(LABS)/engine/%.o: labs/engine/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(ALL_CFLAGS) $(LABS_CFLAGS) -c -o $@ $<

# Linked with sanitized code; beside a module, where it runs in an emulated guest, with plain code.
$(LABS)/engine/check.o: CFLAGS := -O1 -g -fsanitize=address,undefined
$(LABS)/engine/check-plain.o: labs/engine/check.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(ALL_CFLAGS) $(LABS_CFLAGS) -c -o $@ $<

$(BUILD)/bypass-lab: $(LABS_COMMAND:labs/%.c=$(LABS)/%.o) $(LABS_SHARED)
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -o $@ $^ -linih

ALL += $(BUILD)/bypass-lab
-include $(LABS_SOURCES:labs/%.c=$(LABS)/%.d)

.PHONY: labs
ifneq ($(wildcard labs/reference.sealed),)
labs:
	@echo "all that labs need came with this tree (bypass lab pack)"
else
# The testbed is an x86-64 machine; elsewhere there are the labs without it.
LABS_TESTBED := $(if $(filter x86_64,$(shell uname -m)),$(KMOD)/headers-6.1/build/Makefile $(PATHFS_TOOLS) \
	$(KMOD)/6.1/pathfs.ko $(KMOD)/6.1/minipmem.ko $(KMOD_PROGRAMS) vm)
labs: $(BUILD)/bypass $(BUILD)/bypass-lab $(LABS)/engine/check.o $(LABS)/engine/check-plain.o \
		$(USERDRV_ASAN_OBJECTS) $(BENCH_LIBRARY_OBJECTS) $(LABS_TESTBED) | $(DEPS_LABS) ## what `bypass lab check` needs, so that it works offline
endif

# The markers are a language of their own: parsed, cut, spliced; and what is none is refused.
$(ASAN)/labs/%.o: labs/%.c | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $<'
	@$(CC) $(filter-out -O2,$(ALL_CFLAGS)) $(LABS_CFLAGS) $(SANITIZE) -c -o $@ $<

LABS_TESTS := $(patsubst labs/tests/%.c,$(ASAN)/labs/%,$(wildcard labs/tests/test_*.c))
$(LABS_TESTS): $(ASAN)/labs/test_%: $(ASAN)/labs/tests/test_%.o \
		$(addprefix $(ASAN)/labs/engine/,markers.o transcript.o project_place.o) \
		$(ASAN)/bench/core/memory.o $(ASAN)/bench/core/error.o
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ -lcriterion

# Whether the checks find what they are for.
$(LABS)/tests/prove: labs/tests/prove.c $(filter-out $(LABS)/engine/main.o,$(LABS_COMMAND:labs/%.c=$(LABS)/%.o)) \
		$(LABS_SHARED)
	@mkdir -p $(@D)
	$(NOTE) 'LINK $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(LABS_CFLAGS) -o $@ $^ -linih

# What people write (markers, lab.ini) and what a guest says.
LABS_FUZZ := $(addprefix $(FUZZ)/,markers lab_ini transcript)
$(LABS_FUZZ): $(FUZZ)/%: labs/tests/fuzz_%.c $(LABS_SOURCES) $(wildcard labs/engine/*.h) | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'FUZZ $@'
	@clang-14 -std=gnu11 -D_GNU_SOURCE -I. -Ibench -Ilabs -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $< $(addprefix labs/engine/,markers.c lab_file.c work.c seal.c transcript.c) \
		bench/core/memory.c bench/core/error.c -linih

TESTS += test-labs
LONG_TESTS += test-labs-long
.PHONY: test-labs test-labs-long
test-labs: labs $(LABS_TESTS) $(LABS_FUZZ) $(LABS)/tests/prove ## the course: its engine; each lab unsolved, solved, and with a mistake
	@mk/run-tests $(LABS_TESTS)
	@mk/run-fuzz $(FUZZ_SECONDS) $(LABS_FUZZ)
	@labs/tests/labs.sh $(LABS)/tests/prove

test-labs-long: labs $(LABS_FUZZ) $(LABS)/tests/prove ## the same with every mistake of every lab, and a packed tree (some hours)
	@mk/run-fuzz $(FUZZ_SECONDS_LONG) $(LABS_FUZZ)
	@labs/tests/labs.sh $(LABS)/tests/prove all

# The labs that run anywhere, on arm64: 15 MB of that machine's libraries, a cross compiler, an emulator.
ARM64 := $(BUILD)/arm64
LONG_TESTS += test-labs-arm64
.PHONY: test-labs-arm64

$(ARM64)/root/.complete: labs/tests/arm64-root.sh mk/deps.mk | $(DEPS_ARM64)
	@$< $(@D) $(filter lib%,$(PACKAGES_BUILD)) libasan8 libubsan1 valgrind

test-labs-arm64: $(ARM64)/root/.complete ## labs that run anywhere, on arm64, emulated: unsolved, solved, and with a mistake
	@labs/tests/arm64.sh $(ARM64)
