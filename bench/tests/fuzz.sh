#!/bin/sh
# SPDX-License-Identifier: MIT
# Run each fuzz target for some seconds, starting from its committed corpus. New inputs stay in a
# temporary folder; one that crashes is kept in build/fuzz and named.
set -eu
seconds=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "$@"; do
	name=$(basename "$target")
	mkdir "$work/$name"
	if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$(dirname "$target")/crash-$name-" \
		"$work/$name" ./*/tests/corpus/"$name" >"$work/log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
		echo "ok fuzz $name: $runs inputs in $seconds s"
	else
		tail -n 40 "$work/log"
		echo "FAILED fuzz $name"
		exit 1
	fi
done
