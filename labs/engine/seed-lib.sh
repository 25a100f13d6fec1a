# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What check.sh in the guest and verdict.sh on the host derive alike from their seed, and the checksum
# by which contents are compared. Sourced by check-lib.sh and verdict-lib.sh.
# shellcheck disable=SC2154 # what both have from their arguments

# number SALT FIRST COUNT: one of COUNT numbers from FIRST on, as the seed and SALT choose.
number() { echo $(($2 + 0x$(echo "$seed $1" | md5sum | cut -c 1-7) % $3)); }

# bytes COUNT SALT: as the seed and SALT choose.
bytes() { seq "$((seed + $2))" $((seed + $2 + $1 / 4)) | head -c "$1"; }

# The checksum of what comes on stdin.
sum() { md5sum | cut -c 1-32; }
