# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the seed chooses, for check.sh in the guest and for verdict.sh on the host.
# shellcheck disable=SC2034,SC2154 # both ways

blocks=$(number blocks 3 5)
# Bytes to write: none is 0, no two are the same.
byte1=$(number byte1 1 80)
byte2=$(number byte2 81 80)
byte3=$(number byte3 161 80)
# Lengths and offsets that aren't whole blocks, below one block, and whole sectors.
odd1=$(number odd1 1001 400)
odd2=$(number odd2 1501 400)
odd3=$(number odd3 2001 400)
sectors=$(number sectors 1 6)
