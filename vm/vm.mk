# SPDX-License-Identifier: MIT
# The testbed: launcher, guest agent, and for each kernel its unpacked package and initramfs.
# `make` builds the programs; kernels are fetched by the first `vm/run` that asks for one.

VM := $(BUILD)/vm

VM_LAUNCH_OBJECTS := $(addprefix $(VM)/obj/,launch.o session.o options.o size.o machine.o \
	backing.o qemu.o accel.o vector.o console.o terminal.o protocol.o relay.o)
VM_AGENT_OBJECTS := $(addprefix $(VM)/obj/,guest/agent.o guest/command.o guest/port.o \
	protocol.o relay.o)

ALL += $(VM)/launch $(VM)/agent
C_FILES += $(wildcard vm/*.c vm/*.h vm/guest/*.c vm/guest/*.h vm/tests/*.c)
MODULE_FILES += vm/tests/faulty/faulty.c
SHELL_FILES += vm/run vm/shell vm/fetch-kernel vm/debug-kernel vm/make-initramfs vm/guest/init vm/guest/setup \
	vm/guest/with-media $(wildcard vm/tests/*.sh)

$(VM)/obj/%.o: vm/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $<'
	@$(CC) $(ALL_CFLAGS) -c $< -o $@

$(VM)/launch: $(VM_LAUNCH_OBJECTS) | $(DEPS)
	$(NOTE) 'LINK $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

# Static: it runs before the guest has a root, and so a libc.
$(VM)/agent: $(VM_AGENT_OBJECTS) | $(DEPS)
	$(NOTE) 'LINK $@'
	@$(CC) -static $(CFLAGS) $(LDFLAGS) $^ -o $@

# Unpacked once: a kernel that changed by itself would change every count. `make clean` fetches anew.
$(VM)/kernel-%/release: | $(DEPS)
	@mkdir -p $(@D)
	@vm/fetch-kernel $* $(@D)

# The same kernel with the checks of debug.config. Only who asks for it waits for it.
PACKAGES_DEBUG_KERNEL := make flex bison bc libelf-dev libssl-dev xz-utils

$(VM)/kernel-debug/release: vm/debug.config | $(DEPS)
	@mk/install-packages $(PACKAGES_DEBUG_KERNEL)
	@vm/debug-kernel linux-source-6.1 $(@D)

.PRECIOUS: $(VM)/kernel-%/release
$(VM)/initramfs-%.cpio: $(VM)/kernel-%/release $(VM)/agent vm/guest/init vm/make-initramfs | $(DEPS)
	@vm/make-initramfs $(VM)/kernel-$* $(VM)/agent $@

.PHONY: vm vm-debug-kernel
vm: $(VM)/launch $(VM)/initramfs-6.1.cpio ## the testbed's programs, kernel 6.1 and its initramfs

vm-debug-kernel: $(VM)/launch $(VM)/initramfs-debug.cpio ## kernel 6.1 with KASAN, lockdep and kmemleak, for --kernel debug (10 minutes)

-include $(VM_LAUNCH_OBJECTS:.o=.d) $(VM_AGENT_OBJECTS:.o=.d)

# The parsers face garbage under the sanitizers; the rest is tried on real guests.
VM_PARSERS := vm/tests/parsers.c vm/options.c vm/size.c vm/protocol.c vm/console.c
VM_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

$(VM)/tests/parsers: $(VM_PARSERS) $(wildcard vm/*.h) | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(VM_SANITIZE) $(VM_PARSERS) -o $@

$(VM)/tests/clock: vm/tests/clock.c | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'CC   $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $< -o $@

# A module of mistakes, which the debug kernel must report. kbuild writes beside its sources: links.
VM_FAULTY := $(VM)/tests/faulty/faulty.ko

$(VM_FAULTY): vm/tests/faulty/faulty.c vm/tests/faulty/Kbuild $(VM)/kernel-debug/release
	@mkdir -p $(@D)
	@ln -sf $(abspath $(filter vm/%,$^)) $(@D)/
	$(NOTE) 'KMOD $@'
	@$(MAKE) -s -C $(VM)/kernel-debug/build M=$(abspath $(@D)) W=1 KCFLAGS=-Werror modules

TESTS += test-vm
LONG_TESTS += test-vm-6.12 test-vm-debug
.PHONY: test-vm test-vm-6.12 test-vm-debug
test-vm: vm $(VM)/tests/parsers $(VM)/tests/clock ## the testbed: parsers and real guests (4 minutes)
	@$(VM)/tests/parsers
	@vm/tests/testbed.sh

test-vm-6.12: vm $(VM)/tests/clock ## the testbed with kernel 6.12
	@vm/tests/testbed.sh 6.12

test-vm-debug: vm-debug-kernel $(VM_FAULTY) $(VM)/tests/clock ## the testbed with the debug kernel, and whether that reports mistakes
	@vm/tests/testbed.sh debug
