# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Sourced by the tests of the modules: checks, counted. $work is a folder for what they print.

passed=0
failed=0

# check SENTENCE COMMAND...: the command says whether it holds; what it printed stays in $work/out.
check() {
	sentence=$1
	shift
	# shellcheck disable=SC2154 # the test sets it
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $sentence"
	else
		failed=$((failed + 1))
		echo "FAILED  $sentence"
		tail -n 200 "$work/out" | sed 's/^/        out: /'
	fi
}

not() { ! "$@"; }
# same FOUND EXPECTED
same() { [ "$1" = "$2" ] || { echo "found '$1', expected '$2'" && false; }; }

# The last line of a test; true if all held.
all_held() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}
