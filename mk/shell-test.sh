# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What tests that are shell scripts have in common, on the host and in the guest. A test sets $root
# (the project), and then, unless it sets $work (a folder for what is printed) itself:
#
#	. "$root/mk/shell-test.sh"
#	make_work
#	check "one and one are two" [ $((1 + 1)) = 2 ]
#	all_held
#
# Of what a test runs beside its checks, it keeps the output in $work/out and $work/err and the exit
# status in $status, if a check that fails is to show them.
passed=0
failed=0

# $work is a folder of the test's own, and gone when it ends.
make_work() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM HUP
}

# check SENTENCE COMMAND...: the command says whether it holds; what it printed stays in $work/check.
check() {
	sentence=$1
	shift
	if "$@" >"$work/check" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $sentence"
		return
	fi
	failed=$((failed + 1))
	echo "FAILED  $sentence${status:+ (exit status $status)}"
	for shown in check out err; do
		[ ! -s "$work/$shown" ] || tail -n 200 "$work/$shown" | sed "s/^/        $shown: /"
	done
}

# skip SENTENCE REASON: it can't be checked on this machine.
skip() { echo "skipped $1: $2"; }

not() { ! "$@"; }
# same FOUND EXPECTED
same() { [ "$1" = "$2" ] || { echo "found '$1', expected '$2'" && false; }; }

# wait_for COMMAND...: until it holds, for a minute at most.
wait_for() {
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# count_checks FILE: of a test in a guest, whose output is in that file.
count_checks() {
	passed=$((passed + $(grep -c '^ok ' "$1")))
	failed=$((failed + $(grep -c '^FAILED' "$1")))
}

# The last line of a test; true if all held, and there was something to hold.
all_held() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ] && [ $passed -gt 0 ]
}
