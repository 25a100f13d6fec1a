# SPDX-License-Identifier: MIT
# The modules as a package for DKMS, which builds them anew for each kernel that is installed.

DKMS_VERSION = $(shell sed -n 's/^.define BYPASS_VERSION "\(.*\)"$$/\1/p' bench/version.h)
DKMS_PACKAGE = $(BUILD)/dkms/bypass-$(DKMS_VERSION)

.PHONY: dkms install-dkms test-dkms
dkms: ## the modules' sources as a package for DKMS, in build/dkms
	@rm -rf $(BUILD)/dkms && mkdir -p $(DKMS_PACKAGE)/pathfs $(DKMS_PACKAGE)/minipmem
	@sed 's/#MODULE_VERSION#/$(DKMS_VERSION)/' kmod/dkms.conf >$(DKMS_PACKAGE)/dkms.conf
	@printf '# SPDX-License-Identifier: MIT\nobj-m := pathfs/ minipmem/\n' >$(DKMS_PACKAGE)/Kbuild
	@cp $(PATHFS_SOURCES) $(DKMS_PACKAGE)/pathfs
	@cp $(MINIPMEM_SOURCES) $(DKMS_PACKAGE)/minipmem

install-dkms: dkms ## install pathfs and minipmem for the running kernel and later ones (as root)
	@dkms install $(DKMS_PACKAGE)

test-dkms: dkms $(KMOD_KERNELS:%=$(KMOD)/headers-%/build/Makefile) | $(DEPS_TEST) ## both modules through DKMS, for 6.1 and 6.12, beside the system's own trees
	@kmod/tests/dkms.sh $(DKMS_PACKAGE)

TESTS += test-dkms
SHELL_FILES += kmod/tests/dkms.sh
