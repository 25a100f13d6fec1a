#!/bin/sh
# SPDX-License-Identifier: MIT
# What one I/O costs the driver, counted by callgrind on the stepped model: user instructions from
# submission through completion, callback excluded, and doorbell writes.
# Usage: cost.sh PROGRAM [LIMIT]; with a LIMIT, more instructions at depth 32 are a failure.
set -eu
program=$1
limit=${2:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! command -v valgrind >/dev/null; then
	echo "cost.sh: valgrind is missing; apt-get install valgrind" >&2
	exit 1
fi

# Collection is switched at each entry and exit: on in the driver, off in the callback inside it.
count() { # DEPTH COUNT
	valgrind --tool=callgrind --callgrind-out-file="$folder/out.$1" --collect-atstart=no \
		--toggle-collect=ud_read --toggle-collect=ud_qpair_ring \
		--toggle-collect=ud_qpair_process --toggle-collect=cost_callback \
		"$program" "$1" "$2" >"$folder/stdout" 2>"$folder/stderr" ||
		{ cat "$folder/stderr" >&2; exit 1; }
	collected=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$folder/stderr")
	ios=$(sed -n 's/^\([0-9]*\) I\/Os.*/\1/p' "$folder/stdout")
	doorbells=$(sed -n 's/.*, \([0-9]*\) doorbell writes$/\1/p' "$folder/stdout")
	instructions=$(awk -v i="$collected" -v n="$ios" 'BEGIN { printf "%.1f", i / n }')
	per_io=$(awk -v d="$doorbells" -v n="$ios" 'BEGIN { printf "%.4f", d / n }')
	echo "depth $1: instructions per I/O: $instructions, doorbell writes per I/O: $per_io"
}

count 1 20000
count 32 64000
echo "where they go at depth 32 (instructions per I/O):"
callgrind_annotate --auto=no --threshold=100 "$folder/out.32" 2>/dev/null |
	awk -v n="$ios" '$1 ~ /^[0-9,]+$/ && /userdrv\/src\// {
		count = $1
		gsub(",", "", count)
		name = $0
		sub(/.*userdrv\/src\/[a-z_]*\.[ch]:/, "", name)
		sub(/ .*/, "", name)
		sum[name] += count
	}
	END { for (name in sum) if (sum[name] / n >= 0.05) printf "  %7.2f  %s\n", sum[name] / n, name }' |
	sort -rn
if [ -n "$limit" ] && awk -v i="$instructions" -v l="$limit" 'BEGIN { exit !(i > l) }'; then
	echo "cost.sh: more than $limit instructions per I/O" >&2
	exit 1
fi
