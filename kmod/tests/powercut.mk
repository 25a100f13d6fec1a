# SPDX-License-Identifier: MIT
# Power cuts of pathfs: the load, the check, the record of a disk and its replay; pathfs without flushes.

POWERCUT := $(addprefix $(KMOD)/tests/,powercut_load powercut_check powercut_log)
POWERCUT_MODULES := $(foreach kernel,$(KMOD_KERNELS), \
	$(foreach part,flush order cache,$(KMOD)/$(kernel)/pathfs-no-$(part).ko))
POWERCUT_DISKS := $(KMOD_KERNELS:%=$(KMOD)/%/powercut_disk.ko)
POWERCUT_DISK_SOURCES := kmod/tests/powercut_disk/Kbuild kmod/tests/powercut_disk/powercut_disk.c \
	kmod/tests/powercut_disk.h

$(KMOD)/tests/powercut_load $(KMOD)/tests/powercut_check: kmod/tests/powercut_model.c
$(KMOD)/tests/powercut_log: vm/plugins/campaign.c vm/plugins/medium.c
$(POWERCUT): $(wildcard kmod/tests/*.h vm/plugins/*.h)

# $(KMOD)/KERNEL/pathfs-no-PART.ko
$(POWERCUT_MODULES): $(PATHFS_MODULES) kmod/tests/powercut-sabotage
	$(NOTE) 'KMOD $@'
	@kmod/tests/powercut-sabotage $(notdir $(@D)) $(patsubst pathfs-no-%.ko,%,$(@F)) $@

# The target's module, from links as those of the other modules.
$(POWERCUT_DISKS): $(KMOD)/%/powercut_disk.ko: $(POWERCUT_DISK_SOURCES) $(KMOD)/headers-%/build/Makefile
	@mkdir -p $(@D)/powercut_disk
	@ln -sf $(abspath $(filter-out %.h,$(POWERCUT_DISK_SOURCES))) $(@D)/powercut_disk/
	@ln -sf $(abspath $(filter %.h,$(POWERCUT_DISK_SOURCES))) $(@D)/
	$(NOTE) 'KMOD $@'
	@$(KBUILD) M=$(abspath $(@D)/powercut_disk) modules
	@cp $(@D)/powercut_disk/powercut_disk.ko $@

.PHONY: powercut test-powercut test-powercut-long test-powercut-log
TESTS += test-powercut-log
LONG_TESTS += test-powercut-long

powercut: kmod vm $(POWERCUT) $(POWERCUT_MODULES) $(POWERCUT_DISKS) $(VM_PLUGINS)

# The rules of the model, on the host.
$(KMOD)/asan/test_powercut_log: kmod/tests/test_powercut_log.c vm/plugins/fixture_rules.c \
		$(wildcard kmod/tests/*.h vm/plugins/*.h) | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(SANITIZE) -o $@ $(filter %.c,$^)

test-powercut-log: $(KMOD)/asan/test_powercut_log $(KMOD)/tests/powercut_log ## what a power cut may leave of a disk: the model's rules
	@$(KMOD)/asan/test_powercut_log $(KMOD)/tests/powercut_log

test-powercut: powercut ## power cuts of pathfs under load, on pmem and nvme (5 minutes)
	@kmod/tests/powercut-testbed.sh 20

test-powercut-long: powercut ## 200 moments on each medium, both kernels
	@kmod/tests/powercut-testbed.sh 200 6.1
	@kmod/tests/powercut-testbed.sh 200 6.12

C_FILES += $(wildcard kmod/tests/powercut*.[ch]) kmod/tests/test_powercut_log.c
MODULE_FILES += $(wildcard kmod/tests/powercut_disk/*.c)
SHELL_FILES += kmod/tests/powercut-testbed.sh kmod/tests/powercut-sabotage
