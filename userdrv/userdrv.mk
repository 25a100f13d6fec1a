# SPDX-License-Identifier: MIT
# libuserdrv, static and shared; the controller model; unit tests on it, and what an I/O costs.

USERDRV := $(BUILD)/userdrv
USERDRV_VERSION := 0.1
USERDRV_CFLAGS := -Iuserdrv/include
USERDRV_LIBS := -lnuma -lpthread
USERDRV_SOURCES := $(wildcard userdrv/src/*.c)
USERDRV_SOFT_SOURCES := $(wildcard userdrv/soft/*.c)
USERDRV_OBJECTS := $(USERDRV_SOURCES:%.c=$(BUILD)/%.o)
USERDRV_PIC_OBJECTS := $(USERDRV_SOURCES:%.c=$(BUILD)/pic/%.o)
USERDRV_SOFT_OBJECTS := $(USERDRV_SOFT_SOURCES:%.c=$(BUILD)/%.o)
USERDRV_SONAME := libuserdrv.so.0
C_FILES += $(wildcard userdrv/include/*.h userdrv/src/*.[ch] userdrv/soft/*.[ch] userdrv/tests/*.[ch])

$(BUILD)/userdrv/%.o: userdrv/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(ALL_CFLAGS) $(USERDRV_CFLAGS) -c -o $@ $<

# This file too: with objects from before a change of visibility the library exports everything.
$(BUILD)/pic/userdrv/%.o: userdrv/%.c userdrv/userdrv.mk | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'PIC  $<'
	@$(CC) $(ALL_CFLAGS) $(USERDRV_CFLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

$(USERDRV)/libuserdrv.a: $(USERDRV_OBJECTS)
	$(NOTE) 'AR   $@'
	@rm -f $@ && ar rcs $@ $^

$(USERDRV)/libuserdrv-soft.a: $(USERDRV_SOFT_OBJECTS)
	$(NOTE) 'AR   $@'
	@rm -f $@ && ar rcs $@ $^

$(USERDRV)/$(USERDRV_SONAME): $(USERDRV_PIC_OBJECTS)
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -shared -Wl,-soname,$(USERDRV_SONAME) -o $@ $^ $(USERDRV_LIBS)
	@ln -sf $(USERDRV_SONAME) $(USERDRV)/libuserdrv.so

# Usable from the build tree: PKG_CONFIG_PATH=build/userdrv pkg-config --cflags --libs userdrv
$(USERDRV)/userdrv.pc: userdrv/userdrv.mk
	@mkdir -p $(@D)
	@printf '%s\n' 'libdir=$(abspath $(USERDRV))' 'includedir=$(abspath userdrv/include)' '' \
		'Name: userdrv' 'Description: NVMe driver in user space' \
		'Version: $(USERDRV_VERSION)' 'Cflags: -I$${includedir}' \
		'Libs: -L$${libdir} -luserdrv' 'Libs.private: $(USERDRV_LIBS)' >$@

ALL += $(USERDRV)/libuserdrv.a $(USERDRV)/libuserdrv-soft.a $(USERDRV)/$(USERDRV_SONAME) \
	$(USERDRV)/userdrv.pc
-include $(USERDRV_OBJECTS:.o=.d) $(USERDRV_PIC_OBJECTS:.o=.d) $(USERDRV_SOFT_OBJECTS:.o=.d)

# Unit tests on the model, with the sanitizers; fixture_*.c are shared by them.
USERDRV_ASAN_OBJECTS := $(USERDRV_SOURCES:%.c=$(ASAN)/%.o) $(USERDRV_SOFT_SOURCES:%.c=$(ASAN)/%.o)
USERDRV_FIXTURES := $(patsubst %.c,$(ASAN)/%.o,$(wildcard userdrv/tests/fixture_*.c))
USERDRV_TESTS := $(patsubst userdrv/tests/%.c,$(ASAN)/userdrv/%,$(wildcard userdrv/tests/test_*.c))
USERDRV_LEAK_TESTS := $(patsubst userdrv/tests/%.c,$(ASAN)/userdrv/%,$(wildcard userdrv/tests/leak_*.c))

# As in bench/bench.mk: labs are linked with them.
$(patsubst %.c,$(ASAN)/%.o,$(wildcard userdrv/tests/*.c)): | $(DEPS_TEST)
$(ASAN)/userdrv/%.o: userdrv/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $<'
	@$(CC) $(filter-out -O2,$(ALL_CFLAGS)) $(USERDRV_CFLAGS) $(SANITIZE) -c -o $@ $<

$(ASAN)/userdrv/test_%: $(ASAN)/userdrv/tests/test_%.o $(USERDRV_FIXTURES) $(USERDRV_ASAN_OBJECTS)
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ $(USERDRV_LIBS) -lcriterion

# Criterion lets leaks pass: these are plain programs, which LeakSanitizer fails.
$(ASAN)/userdrv/leak_%: $(ASAN)/userdrv/tests/leak_%.o $(USERDRV_ASAN_OBJECTS)
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ $(USERDRV_LIBS)

# The recording wrappers of mmio.h: the same driver, built with UD_RECORD.
USERDRV_RECORD_SOURCES := $(filter-out userdrv/src/vfio% userdrv/src/pci%,$(USERDRV_SOURCES)) \
	$(USERDRV_SOFT_SOURCES)

$(ASAN)/userdrv/barriers: userdrv/tests/barriers.c $(USERDRV_RECORD_SOURCES) $(wildcard userdrv/*/*.h) \
		| $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'LINK $@'
	@$(CC) $(filter-out -O2 -MMD -MP,$(ALL_CFLAGS)) $(USERDRV_CFLAGS) $(SANITIZE) -DUD_RECORD \
		-o $@ $(filter %.c,$^) $(USERDRV_LIBS)

-include $(USERDRV_ASAN_OBJECTS:.o=.d) $(wildcard $(ASAN)/userdrv/tests/*.d)

# Instructions for one I/O, counted by callgrind: everything between submission and callback.
$(USERDRV)/cost: $(BUILD)/userdrv/tests/cost.o $(USERDRV)/libuserdrv.a $(USERDRV)/libuserdrv-soft.a
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) -o $@ $^ $(USERDRV_LIBS)

.PHONY: test-userdrv test-userdrv-long bench-userdrv
TESTS += test-userdrv
LONG_TESTS += test-userdrv-long

USERDRV_PLAIN_TESTS := $(USERDRV_TESTS) $(USERDRV_LEAK_TESTS) $(ASAN)/userdrv/barriers

test-userdrv: $(USERDRV_PLAIN_TESTS) $(USERDRV)/cost $(USERDRV)/$(USERDRV_SONAME) ## the driver on the model: unit tests, leaks, order of stores, exports, cost
	@mk/run-tests $(USERDRV_PLAIN_TESTS)
	@userdrv/tests/exports.sh $(USERDRV)/$(USERDRV_SONAME) userdrv/include/userdrv.h
	@userdrv/tests/cost.sh $(USERDRV)/cost 200

bench-userdrv: $(USERDRV)/cost ## what one I/O costs the driver: instructions, doorbells
	@userdrv/tests/cost.sh $(USERDRV)/cost

test-userdrv-long: $(ASAN)/userdrv/leak_plans ## 10,000 random fault plans on the model, under ASan
	@$< 10000
