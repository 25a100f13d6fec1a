# SPDX-License-Identifier: MIT
# Plugins for the testbed's QEMU, and what reads their logs.

VM_PLUGINS := $(addprefix $(VM)/plugins/,pmem_order.so instruction_counts.so pmem_replay)

# What `bypass run --functions` has QEMU load.
ALL += $(VM)/plugins/instruction_counts.so

# All symbols at once: a QEMU that lacks one says so when it starts, not in the middle of a run.
$(VM)/plugins/pmem_order.so: vm/plugins/x86_order.c
$(VM)/plugins/%.so: vm/plugins/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'LINK $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -fPIC -shared -Wl,-z,now -o $@ $(filter %.c,$^)

$(VM)/plugins/pmem_replay: $(addprefix vm/plugins/,pmem_replay.c campaign.c medium.c) | $(DEPS)
	@mkdir -p $(@D)
	$(NOTE) 'LINK $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -o $@ $(filter %.c,$^)

$(VM_PLUGINS): $(wildcard vm/plugins/*.h)

C_FILES += $(wildcard vm/plugins/*.[ch])

# The rules of the model and the decoder, on the host.
VM_PLUGIN_TESTS := $(VM)/plugins/test_x86_order $(VM)/plugins/test_pmem_replay

$(VM)/plugins/test_x86_order: vm/plugins/x86_order.c
$(VM)/plugins/test_pmem_replay: vm/plugins/fixture_rules.c
$(VM_PLUGIN_TESTS): $(VM)/plugins/%: vm/plugins/%.c $(wildcard vm/plugins/*.h) | $(DEPS_TEST)
	@mkdir -p $(@D)
	$(NOTE) 'ASAN $@'
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(VM_SANITIZE) -o $@ $(filter %.c,$^)

TESTS += test-plugins
.PHONY: test-plugins
test-plugins: $(VM_PLUGIN_TESTS) $(VM)/plugins/pmem_replay ## what a power cut may leave of persistent memory: the model's rules
	@$(VM)/plugins/test_x86_order
	@$(VM)/plugins/test_pmem_replay $(VM)/plugins/pmem_replay
