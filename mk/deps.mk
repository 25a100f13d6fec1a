# SPDX-License-Identifier: MIT
# Debian packages. A stamp order-only dependency makes every target install what it needs first.

PACKAGES_BUILD := gcc make libc6-dev libjansson-dev libinih-dev libnuma-dev liburing-dev libaio-dev libblkid-dev \
	libelf-dev
PACKAGES_RUN := qemu-system-x86 busybox-static cpio kmod xfsprogs e2fsprogs ndctl gnuplot-nox fio
PACKAGES_TEST := dmsetup dkms libcriterion-dev python3-jsonschema python3-six clang-14 libclang-rt-14-dev valgrind
PACKAGES_LABS := valgrind
PACKAGES_ARM64 := gcc-aarch64-linux-gnu qemu-user
PACKAGES_CHECK := clang-format clang-tidy cppcheck sparse shellcheck codespell

DEPS := $(BUILD)/.deps
DEPS_TEST := $(BUILD)/.deps-test
DEPS_LABS := $(BUILD)/.deps-labs
DEPS_ARM64 := $(BUILD)/.deps-arm64
DEPS_CHECK := $(BUILD)/.deps-check

$(DEPS): mk/deps.mk mk/install-packages
	@mk/install-packages $(PACKAGES_BUILD) $(PACKAGES_RUN)
	@mkdir -p $(@D) && touch $@

# After the others: two apt-get at a time would lock each other out.
$(DEPS_TEST): mk/deps.mk mk/install-packages | $(DEPS)
	@mk/install-packages $(PACKAGES_BUILD) $(PACKAGES_RUN) $(PACKAGES_TEST)
	@mkdir -p $(@D) && touch $@

$(DEPS_LABS): mk/deps.mk mk/install-packages | $(DEPS)
	@mk/install-packages $(PACKAGES_LABS)
	@mkdir -p $(@D) && touch $@

$(DEPS_ARM64): mk/deps.mk mk/install-packages | $(DEPS_TEST)
	@mk/install-packages $(PACKAGES_ARM64)
	@mkdir -p $(@D) && touch $@

$(DEPS_CHECK): mk/deps.mk mk/install-packages
	@mk/install-packages $(PACKAGES_BUILD) $(PACKAGES_TEST) $(PACKAGES_CHECK)
	@mkdir -p $(@D) && touch $@

.PHONY: deps
deps: $(DEPS) $(DEPS_TEST) $(DEPS_ARM64) $(DEPS_CHECK) ## install every Debian package that anything here needs
