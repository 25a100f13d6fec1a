# SPDX-License-Identifier: MIT
# Static checks of every file that the fragments listed in C_FILES and SHELL_FILES.

SHELL_FILES += mk/install-packages mk/run-fuzz mk/run-tests mk/two-at-a-time mk/shell-test.sh .ci/run
CHECK_FLAGS := -std=gnu11 -D_GNU_SOURCE -I. -Ibench -Ilabs -Iuserdrv/include

.PHONY: check check-format check-tidy check-cppcheck check-sparse check-shell check-spelling check-license
check: check-format check-shell check-spelling check-license check-cppcheck check-sparse $(KMOD_KERNELS:%=check-sparse-kmod-%) check-tidy ## clang-format, clang-tidy, cppcheck, sparse, shellcheck, codespell, SPDX lines

check-format: | $(DEPS_CHECK)
	$(NOTE) 'CHECK format'
	@clang-format --dry-run --Werror $(C_FILES) $(filter-out %/trace.h %/bio.c,$(MODULE_FILES))

check-tidy: | $(DEPS_CHECK)
	$(NOTE) 'CHECK tidy'
	@printf '%s\n' $(filter %.c,$(C_FILES)) | xargs -P $$(nproc) -I {} \
		clang-tidy --quiet --warnings-as-errors='*' {} -- $(CHECK_FLAGS) 2>&1 | \
		{ ! grep -v 'warnings* generated\.'; }

check-cppcheck: | $(DEPS_CHECK)
	$(NOTE) 'CHECK cppcheck'
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem \
		--suppress=readdirCalled --suppress=ctuuninitvar --library=posix --library=gnu \
		-D_GNU_SOURCE -I. -Ibench -Ilabs -Iuserdrv/include $(filter %.c,$(filter-out bench/tests/% vm/tests/% userdrv/tests/% kmod/tests/% vm/plugins/test_%,$(C_FILES)))

# Criterion's macros define symbols that nobody declares. What sparse warns of in a system header's own
# lines is not ours (an error there counts: it would stop reading); mk/sparse.h tells it what else it
# doesn't know of gcc and glibc. The style sheet is one string, longer than it takes.
check-sparse: | $(DEPS_CHECK)
	$(NOTE) 'CHECK sparse'
	@for file in $(filter-out bench/report/html_css.c,$(filter %.c,$(C_FILES))); do \
		declared=-Wdecl; \
		! grep -q '<criterion/criterion\.h>' $$file || declared=-Wno-decl; \
		sparse -include mk/sparse.h $$declared $(CHECK_FLAGS) $$file; \
	done 2>&1 | { ! grep -v -e '^/usr/[^ ]*: \(warning:\|this was the original\) ' -e ': note: in included file'; }

# The modules, by kbuild, which gives sparse the flags of each file.
SPARSE_KMOD := $(KMOD_KERNELS:%=check-sparse-kmod-%)
.PHONY: $(SPARSE_KMOD)
$(SPARSE_KMOD): check-sparse-kmod-%: $(KMOD)/%/pathfs.ko $(KMOD)/%/minipmem.ko $(KMOD)/%/powercut_disk.ko | $(DEPS_CHECK)
	$(NOTE) 'CHECK sparse, modules for $*'
	@for module in $(^:.ko=); do \
		$(KBUILD) C=2 CF=-Wsparse-error M=$(CURDIR)/$$module modules || exit 1; \
	done

check-shell: | $(DEPS_CHECK)
	$(NOTE) 'CHECK shell'
	@shellcheck $(SHELL_FILES)

check-spelling: | $(DEPS_CHECK)
	$(NOTE) 'CHECK spelling'
	@codespell --ignore-words-list=nd,iput README.md docs man completions debian labs kmod/README.md vm/plugins/README.md $(C_FILES) $(MODULE_FILES) $(SHELL_FILES) bench/suites

# Every source file says its licence in one of its first three lines.
check-license:
	@for file in $(C_FILES) $(MODULE_FILES) $(SHELL_FILES) Makefile $(wildcard */*.mk bench/suites/*.ini); do \
		head -n 3 "$$file" | grep -q SPDX-License-Identifier: || \
			{ echo "$$file: no SPDX-License-Identifier line"; exit 1; }; \
	done
