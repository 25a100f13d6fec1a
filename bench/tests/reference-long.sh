#!/bin/sh
# SPDX-License-Identifier: MIT
# Does today's code still cost what results/reference/ says? Every suite of the testbed, with all of
# its repetitions; about an hour. Usage: reference-long.sh BYPASS [SUITE...]
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
bypass=$(realpath "$1")
shift
[ $# -gt 0 ] || for file in "$root"/bench/suites/*.ini; do
	! grep -q '=testbed:' "$file" || set -- "$@" "$(basename "$file" .ini)"
done
. "$root/mk/shell-test.sh"
make_work

ran_whole() { "$bypass" run "$1" --testbed --results="$work/results" --export-json="$work/run.json"; }

for suite in "$@"; do
	check "$suite runs, and nothing of it is refuted" ran_whole "$suite"
	check "$suite costs what its reference says, if there is one for this machine" \
		"$root/bench/reference" check "$work/run.json"
	sed 's/^/    /' "$work/check"
	rm -rf "$work/run.json" "$work/results"
done
all_held
