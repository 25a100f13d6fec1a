# SPDX-License-Identifier: MIT
# Power cuts of pathfs: the load, the check, the replay of a disk's log; and pathfs without flushes.

POWERCUT := $(addprefix $(KMOD)/tests/,powercut_load powercut_check powercut_log)
POWERCUT_MODULES := $(foreach kernel,$(KMOD_KERNELS), \
	$(foreach part,flush order cache,$(KMOD)/$(kernel)/pathfs-no-$(part).ko))

$(KMOD)/tests/powercut_load $(KMOD)/tests/powercut_check: kmod/tests/powercut_model.c
$(KMOD)/tests/powercut_log: vm/plugins/medium.c
$(POWERCUT): $(wildcard kmod/tests/*.h vm/plugins/*.h)

# $(KMOD)/KERNEL/pathfs-no-PART.ko
$(POWERCUT_MODULES): $(PATHFS_MODULES) kmod/tests/powercut-sabotage
	$(NOTE) 'KMOD $@'
	@kmod/tests/powercut-sabotage $(notdir $(@D)) $(patsubst pathfs-no-%.ko,%,$(@F)) $@

.PHONY: powercut test-powercut test-powercut-long
LONG_TESTS += test-powercut-long

powercut: kmod vm $(POWERCUT) $(POWERCUT_MODULES) $(VM_PLUGINS)

test-powercut: powercut ## power cuts of pathfs under load, on pmem and nvme (5 minutes)
	@kmod/tests/powercut-testbed.sh 20

test-powercut-long: powercut ## 200 moments on each medium, both kernels
	@kmod/tests/powercut-testbed.sh 200 6.1
	@kmod/tests/powercut-testbed.sh 200 6.12

C_FILES += $(wildcard kmod/tests/powercut*.[ch])
SHELL_FILES += kmod/tests/powercut-testbed.sh kmod/tests/powercut-sabotage
