# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Sourced by tests and checks of labs, in the guest: whether the inode of a file or folder is DAX (STATX_ATTR_DAX).
is_dax() { [ $((0$(xfs_io -r -c 'statx -r' "$1" | sed -n 's/^stat.attributes = 0x/x/p') & 0x200000)) -ne 0 ]; }
