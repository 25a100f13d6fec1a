# SPDX-License-Identifier: MIT
# Static checks of every file that the fragments listed in C_FILES and SHELL_FILES.

SHELL_FILES += mk/install-packages mk/run-tests .ci/run
CHECK_FLAGS := -std=gnu11 -D_GNU_SOURCE -I. -Ibench -Ilabs -Iuserdrv/include

.PHONY: check check-format check-tidy check-cppcheck check-shell check-spelling check-license
check: check-format check-shell check-spelling check-license check-cppcheck check-tidy ## clang-format, clang-tidy, cppcheck, shellcheck, codespell, SPDX lines

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
