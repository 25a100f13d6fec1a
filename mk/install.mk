# SPDX-License-Identifier: MIT
# `make install`: a tree from which the command runs, its manual pages and completion. It installs
# what was built before: after `make` the command, after `make vm kmod` the testbed too.

PREFIX ?= /usr/local
INSTALL_ROOT = $(DESTDIR)$(PREFIX)
INSTALL_TREE = $(INSTALL_ROOT)/lib/bypass
INSTALL_DOCS = $(INSTALL_ROOT)/share/doc/bypass

# Of a kernel that wasn't unpacked, and of modules that weren't built, there is nothing to install.
INSTALL_KERNELS = $(patsubst $(VM)/initramfs-%.cpio,%,$(wildcard $(VM)/initramfs-*.cpio))
INSTALL_PROGRAMS = $(BUILD)/bypass $(VM)/launch $(VM)/plugins/instruction_counts.so \
	vm/run vm/shell vm/guest/setup vm/guest/with-media $(wildcard $(PATHFS_TOOLS))
INSTALL_FILES = $(wildcard bench/suites/*.ini bench/schema/*.json) \
	$(foreach kernel,$(INSTALL_KERNELS),$(VM)/initramfs-$(kernel).cpio \
		$(addprefix $(VM)/kernel-$(kernel)/,vmlinux release)) \
	$(wildcard $(PATHFS_MODULES) $(MINIPMEM_MODULES))
INSTALL_DOCUMENTS = README.md LICENSE kmod/README.md vm/plugins/README.md

# A tree that an older version installed is replaced: what is no longer in it mustn't stay.
.PHONY: install
install: $(BUILD)/bypass $(VM)/launch $(VM)/plugins/instruction_counts.so ## install what was built, below PREFIX (default /usr/local) and DESTDIR
	@[ ! -e '$(INSTALL_TREE)/INSTALLED' ] || rm -rf '$(INSTALL_TREE)'
	@for file in $(INSTALL_PROGRAMS); do install -D "$$file" "$(INSTALL_TREE)/$$file" || exit 1; done
	@for file in $(INSTALL_FILES); do install -D -m 644 "$$file" "$(INSTALL_TREE)/$$file" || exit 1; done
	@for kernel in $(INSTALL_KERNELS); do \
		cp -r --no-preserve=ownership $(VM)/kernel-$$kernel/lib '$(INSTALL_TREE)'/$(VM)/kernel-$$kernel/ || exit 1; \
	done
	@for file in $(INSTALL_DOCUMENTS); do install -D -m 644 "$$file" "$(INSTALL_DOCS)/$$file" || exit 1; done
	@cp -r --no-preserve=mode,ownership docs '$(INSTALL_DOCS)/'
	@install -D -m 644 -t '$(INSTALL_ROOT)/share/man/man1' man/bypass.1 man/vm-run.1
	@install -D -m 644 completions/bypass.bash '$(INSTALL_ROOT)/share/bash-completion/completions/bypass'
	@install -D -m 644 completions/_bypass '$(INSTALL_ROOT)/share/zsh/site-functions/_bypass'
	@mkdir -p '$(INSTALL_ROOT)/bin'
	@ln -sfn ../lib/bypass/build/bypass '$(INSTALL_ROOT)/bin/bypass'
	@ln -sfn ../lib/bypass/vm/run '$(INSTALL_ROOT)/bin/vm-run'
	@echo 'make install put these files here: nothing below is built or measured into.' >'$(INSTALL_TREE)/INSTALLED'
	@chmod 644 '$(INSTALL_TREE)/INSTALLED'
	$(NOTE) 'bypass is in $(INSTALL_ROOT); kernels for the testbed: $(or $(strip $(INSTALL_KERNELS)),none, for one do: make vm kmod install)'

# `bypass --version` names the commit where git knows it: not of an unpacked archive. Nor does git
# tell root of another's tree; then what `make` wrote stays, so that `sudo make install` builds nothing.
COMMIT := $(shell git --git-dir=.git rev-parse --short HEAD 2>/dev/null)
$(BUILD)/commit.h: .FORCE
	@mkdir -p $(@D) && touch -a $@
	@[ -z '$(COMMIT)' ] || grep -q '"$(COMMIT)"' $@ || echo '#define BYPASS_COMMIT "$(COMMIT)"' >$@
.PHONY: .FORCE

MAIN_OBJECTS := $(BUILD)/bench/cli/main.o $(ASAN)/bench/cli/main.o
$(MAIN_OBJECTS): $(BUILD)/commit.h
$(MAIN_OBJECTS): ALL_CFLAGS += -include $(BUILD)/commit.h

SHELL_FILES += completions/bypass.bash
