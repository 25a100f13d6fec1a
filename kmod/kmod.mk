# SPDX-License-Identifier: MIT
# The kernel modules for each of the testbed's kernels, and the tools of pathfs.

KMOD := $(BUILD)/kmod
KMOD_KERNELS := 6.1 6.12

PATHFS_SOURCES := kmod/pathfs/Kbuild $(wildcard kmod/pathfs/*.[ch])
PATHFS_MODULES := $(KMOD_KERNELS:%=$(KMOD)/%/pathfs.ko)

# The headers of the very kernel that the testbed boots.
$(KMOD)/headers-%/build/Makefile: $(VM)/kernel-%/release kmod/fetch-headers | $(DEPS)
	@kmod/fetch-headers "$$(cat $<)" $(KMOD)/headers-$*
	@touch $@

# The debug kernel was built here, headers and all.
$(KMOD)/headers-debug/build/Makefile: $(VM)/kernel-debug/release
	@mkdir -p $(KMOD)/headers-debug
	@ln -sfn $(abspath $(VM))/kernel-debug/build $(KMOD)/headers-debug/build
	@touch $@

MINIPMEM_SOURCES := kmod/minipmem/Kbuild $(wildcard kmod/minipmem/*.[ch])
MINIPMEM_MODULES := $(KMOD_KERNELS:%=$(KMOD)/%/minipmem.ko)

# Type information for BPF would need pahole, and a vmlinux that 6.1's package doesn't have.
KBUILD = $(MAKE) -s -C $(KMOD)/headers-$*/build W=1 KCFLAGS=-Werror CONFIG_DEBUG_INFO_BTF_MODULES=

# kbuild writes beside its sources: each kernel gets a folder of links to them.
.PRECIOUS: $(KMOD)/headers-%/build/Makefile
$(KMOD)/%/pathfs.ko: $(PATHFS_SOURCES) $(KMOD)/headers-%/build/Makefile
	@mkdir -p $(@D)/pathfs
	@ln -sf $(abspath $(PATHFS_SOURCES)) $(@D)/pathfs/
	$(NOTE) 'KMOD $@'
	@$(KBUILD) M=$(abspath $(@D)/pathfs) modules
	@cp $(@D)/pathfs/pathfs.ko $@

$(KMOD)/%/minipmem.ko: $(MINIPMEM_SOURCES) $(KMOD)/headers-%/build/Makefile
	@mkdir -p $(@D)/minipmem
	@ln -sf $(abspath $(MINIPMEM_SOURCES)) $(@D)/minipmem/
	$(NOTE) 'KMOD $@'
	@$(KBUILD) M=$(abspath $(@D)/minipmem) modules
	@cp $(@D)/minipmem/minipmem.ko $@

# The tools: one library, a program around each of its parts.
PATHFS_LIBRARY := image make check check_inodes check_names check_write
PATHFS_TOOLS := $(addprefix $(KMOD)/,mkfs.pathfs fsck.pathfs pathfs-dump)

$(KMOD)/tools/%.o: kmod/pathfs/tools/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(ALL_CFLAGS) -c $< -o $@

$(KMOD)/asan/%.o: kmod/%.c | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $<'
	@$(CC) $(ALL_CFLAGS) $(SANITIZE) -c $< -o $@

$(KMOD)/mkfs.pathfs: $(KMOD)/tools/mkfs.o
$(KMOD)/fsck.pathfs: $(KMOD)/tools/fsck.o
$(KMOD)/pathfs-dump: $(KMOD)/tools/dump.o
$(PATHFS_TOOLS): $(PATHFS_LIBRARY:%=$(KMOD)/tools/%.o)
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lblkid

# What the guest runs.
$(KMOD)/tests/%: kmod/tests/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -o $@ $(filter %.c,$^)

# A model in memory beside the file system; images that lie.
$(KMOD)/tests/model: $(wildcard kmod/tests/model_*.c) kmod/tests/model.h
$(KMOD)/tests/corrupt: $(wildcard kmod/tests/corrupt_*.c) kmod/tests/corrupt.h \
		kmod/pathfs/tools/image.c

.PHONY: kmod
kmod: $(PATHFS_MODULES) $(MINIPMEM_MODULES) $(PATHFS_TOOLS) ## kernel modules for 6.1 and 6.12, and mkfs, fsck and dump of pathfs

-include $(wildcard $(KMOD)/tools/*.d $(KMOD)/asan/*/*.d $(KMOD)/asan/*/*/*.d)

KMOD_PROGRAMS := $(addprefix $(KMOD)/tests/,coherence mapping pinned minipmem_poison model corrupt)
KMOD_ASAN_LIBRARY := $(PATHFS_LIBRARY:%=$(KMOD)/asan/pathfs/tools/%.o)

# One program of all that share the image which is damaged.
KMOD_TOOLS_TESTS := $(wildcard kmod/tests/test_check*.c) $(addprefix kmod/tests/,test_make.c fixture_image.c)

$(KMOD)/asan/test_tools: $(KMOD_TOOLS_TESTS:kmod/%.c=$(KMOD)/asan/%.o) $(KMOD_ASAN_LIBRARY)
	$(NOTE) 'LINK $@'
	@$(CC) $(SANITIZE) -o $@ $^ -lcriterion

.PHONY: test-kmod-tools test-kmod test-kmod-6.12 test-kmod-debug test-kmod-long test-minipmem \
	test-minipmem-6.12 call-graphs
TESTS += test-kmod-tools test-kmod test-minipmem
LONG_TESTS += test-kmod-6.12 test-kmod-debug test-kmod-long test-minipmem-6.12

test-kmod-tools: $(KMOD)/asan/test_tools ## mkfs and fsck of pathfs on images, each kind of damage
	@$(KMOD)/asan/test_tools

test-kmod: $(KMOD)/6.1/pathfs.ko $(PATHFS_TOOLS) $(KMOD_PROGRAMS) vm ## pathfs in the testbed, kernel 6.1: 10,000 operations on each medium, 60 corrupted images (4 minutes)
	@mk/two-at-a-time 'kmod/tests/pathfs-testbed.sh 6.1' 'kmod/tests/model-testbed.sh 10000 6.1' 'kmod/tests/corrupt-testbed.sh 60 6.1'

test-minipmem: $(KMOD)/6.1/pathfs.ko $(KMOD)/6.1/minipmem.ko $(PATHFS_TOOLS) $(KMOD_PROGRAMS) vm ## minipmem in the testbed, kernel 6.1 (1 minute)
	@kmod/tests/minipmem-testbed.sh 6.1

test-minipmem-6.12: kmod $(KMOD_PROGRAMS) vm ## minipmem in the testbed, kernel 6.12
	@kmod/tests/minipmem-testbed.sh 6.12

call-graphs: $(PATHFS_MODULES) $(PATHFS_TOOLS) $(KMOD)/tests/mapping vm ## record docs/call-graphs anew in the testbed (80 s)
	@kmod/record-call-graphs

test-kmod-6.12: kmod $(KMOD_PROGRAMS) vm ## pathfs in the testbed, kernel 6.12
	@kmod/tests/pathfs-testbed.sh 6.12

# Built only by who asks for the debug kernel.
test-kmod-debug: $(KMOD)/debug/pathfs.ko $(KMOD)/debug/minipmem.ko $(PATHFS_TOOLS) $(KMOD_PROGRAMS) vm-debug-kernel ## pathfs and minipmem on the debug kernel: KASAN, lockdep, kmemleak
	@kmod/tests/pathfs-testbed.sh debug 300
	@kmod/tests/model-testbed.sh 2000 debug
	@kmod/tests/corrupt-testbed.sh 100 debug
	@kmod/tests/minipmem-testbed.sh debug

test-kmod-long: kmod $(KMOD_PROGRAMS) vm ## pathfs, 100,000 operations on each medium, thousands of corrupted images (2 hours)
	@for kernel in 6.1 6.12; do kmod/tests/pathfs-testbed.sh $$kernel 10000 && \
		kmod/tests/model-testbed.sh 100000 $$kernel || exit; done
	@kmod/tests/corrupt-testbed.sh 5000 6.1
	@kmod/tests/corrupt-testbed.sh 1000 6.12

# kbuild and sparse read the modules; the analyzers of `make check` read the rest.
MODULE_FILES += $(wildcard kmod/pathfs/*.[ch] kmod/minipmem/*.[ch])
C_FILES += $(wildcard kmod/pathfs/tools/*.[ch]) $(KMOD_TOOLS_TESTS) kmod/tests/fixture_image.h \
	$(addprefix kmod/tests/,coherence.c mapping.c pinned.c minipmem_poison.c model.h corrupt.h) \
	$(wildcard kmod/tests/model*.c kmod/tests/corrupt*.c)
SHELL_FILES += kmod/fetch-headers kmod/tests/dax-lib.sh kmod/tests/kernel-clean-lib.sh kmod/tests/pathfs-testbed.sh kmod/tests/minipmem-testbed.sh \
	kmod/tests/model-testbed.sh kmod/tests/corrupt-testbed.sh kmod/record-call-graphs
