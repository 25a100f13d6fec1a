# SPDX-License-Identifier: MIT
# Static checks of everything that the fragments listed in C_FILES and SHELL_FILES.
