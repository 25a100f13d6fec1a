# SPDX-License-Identifier: MIT
# The controller model by itself, the examples, and the driver on QEMU's controller.

C_FILES += $(wildcard userdrv/examples/*.[ch])
SHELL_FILES += userdrv/tests/cost.sh userdrv/tests/exports.sh userdrv/tests/nvme-disks-lib.sh \
	userdrv/tests/vfio-testbed.sh

USERDRV_ASAN_SOFT_OBJECTS := $(USERDRV_SOFT_SOURCES:%.c=$(ASAN)/%.o)
USERDRV_SOFT_TESTS := $(patsubst userdrv/tests/%.c,$(ASAN)/userdrv/%,$(wildcard userdrv/tests/soft_test_*.c))

$(ASAN)/userdrv/soft_test_%: $(ASAN)/userdrv/tests/soft_test_%.o $(ASAN)/userdrv/tests/soft_raw.o \
		$(USERDRV_ASAN_SOFT_OBJECTS)
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ $(USERDRV_LIBS) -lcriterion

# Criterion can't run under ThreadSanitizer: a plain program, all of it built anew.
$(BUILD)/tsan/soft_plain_threads: userdrv/tests/soft_plain_threads.c userdrv/tests/soft_raw.c \
		$(USERDRV_SOFT_SOURCES) $(wildcard userdrv/*/*.h) | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'TSAN $@'
	@$(CC) $(filter-out -O2 -MMD -MP,$(ALL_CFLAGS)) $(USERDRV_CFLAGS) -O1 -fsanitize=thread \
		-o $@ $(filter %.c,$^) $(USERDRV_LIBS)

# The driver with ThreadSanitizer, the model without: see the program's head.
$(BUILD)/tsan/driver_plain_threads: userdrv/tests/driver_plain_threads.c $(USERDRV_SOURCES) \
		$(wildcard userdrv/*/*.h) $(USERDRV)/libuserdrv-soft.a | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'TSAN $@'
	@$(CC) $(filter-out -O2 -MMD -MP,$(ALL_CFLAGS)) $(USERDRV_CFLAGS) -O1 -Wno-tsan \
		-fsanitize=thread -o $@ $(filter %.c,$^) $(USERDRV)/libuserdrv-soft.a $(USERDRV_LIBS)

USERDRV_EXAMPLES := $(addprefix $(USERDRV)/examples/,identify hello perf eventfd-loop)
ALL += $(USERDRV_EXAMPLES)

$(USERDRV_EXAMPLES): $(USERDRV)/examples/%: $(BUILD)/userdrv/examples/%.o \
		$(BUILD)/userdrv/examples/target.o $(USERDRV)/libuserdrv.a $(USERDRV)/libuserdrv-soft.a
	@mkdir -p $(@D)
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -o $@ $^ $(USERDRV_LIBS)

# Linked beside their objects: the script finds them in build/userdrv/tests.
$(USERDRV)/tests/vfio_raw: $(BUILD)/userdrv/tests/vfio_raw.o $(USERDRV)/libuserdrv.a
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -o $@ $^ $(USERDRV_LIBS)

$(USERDRV)/tests/vfio_io: $(BUILD)/userdrv/tests/vfio_io.o $(BUILD)/userdrv/tests/vfio_suite.o \
		$(USERDRV)/libuserdrv.a
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -o $@ $^ $(USERDRV_LIBS)

$(USERDRV)/tests/vfio_iova: $(ASAN)/userdrv/tests/vfio_iova.o $(ASAN)/userdrv/src/vfio_iova.o
	@mkdir -p $(@D)
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ $(USERDRV_LIBS)

.PHONY: test-userdrv-soft test-userdrv-vfio
TESTS += test-userdrv-soft test-userdrv-vfio

USERDRV_TSAN_TESTS := $(addprefix $(BUILD)/tsan/,soft_plain_threads driver_plain_threads)

test-userdrv-soft: $(USERDRV_SOFT_TESTS) $(USERDRV_TSAN_TESTS) ## the controller model by itself, and threads
	@mk/run-tests $(USERDRV_SOFT_TESTS) $(USERDRV_TSAN_TESTS)

test-userdrv-vfio: $(USERDRV)/tests/vfio_raw $(USERDRV)/tests/vfio_io $(USERDRV)/tests/vfio_iova \
		$(USERDRV_EXAMPLES) vm ## the driver on QEMU's controller, through vfio (2 minutes)
	@userdrv/tests/vfio-testbed.sh

# A controller that lies, byte by byte.
$(FUZZ)/controller: userdrv/tests/fuzz_controller.c $(USERDRV_SOURCES) $(USERDRV_SOFT_SOURCES) \
		$(wildcard userdrv/*/*.h) | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'FUZZ $@'
	@clang-14 -std=gnu11 -D_GNU_SOURCE $(USERDRV_CFLAGS) -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^) $(USERDRV_LIBS)

.PHONY: test-userdrv-fuzz test-userdrv-fuzz-long
TESTS += test-userdrv-fuzz
LONG_TESTS += test-userdrv-fuzz-long

test-userdrv-fuzz: $(FUZZ)/controller ## a lying controller for a few seconds
	@mk/run-fuzz $(FUZZ_SECONDS) $(FUZZ)/controller

test-userdrv-fuzz-long: $(FUZZ)/controller ## a lying controller for ten minutes
	@mk/run-fuzz $(FUZZ_SECONDS_LONG) $(FUZZ)/controller
