#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the checks of every lab: unsolved each fails, the reference passes, mistakes are caught.
# Usage: labs.sh PROVE [all]; without `all` one mistake of each lab, else every one of them.
set -u
prove=$1
which=${2:-one}
root=$(cd "$(dirname "$0")/../.." && pwd)
BYPASS_LAB_WORK=$(mktemp -d)
export BYPASS_LAB_WORK
trap 'rm -rf "$BYPASS_LAB_WORK"' EXIT
trap 'exit 130' INT TERM HUP
status=0

for folder in "$root"/labs/[0-9][0-9]-*/; do
	lab=$(basename "$folder")
	"$prove" "$lab" unsolved || status=1
	"$prove" "$lab" solved || status=1
	[ -d "$folder/wrong" ] || continue
	if [ "$which" = all ]; then
		"$prove" "$lab" mistakes || status=1
	else
		for mistake in "$folder"/wrong/*; do
			"$prove" "$lab" mistake "$(basename "$mistake")" || status=1
			break
		done
	fi
done
exit $status
