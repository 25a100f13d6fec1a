# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the seed chooses, for check.sh in the guest and for verdict.sh on the host.
# shellcheck disable=SC2034,SC2154 # both ways

pages=$(number pages 5 8)
huge=$(number huge 2 3)
# Bytes to store: none is 0, no two are the same.
byte1=$(number byte1 1 120)
byte2=$(number byte2 121 120)
# Where in a page.
where=$(number where 100 3000)
