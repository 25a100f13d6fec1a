#!/bin/sh
# SPDX-License-Identifier: MIT
# bench/run-all, with a stand-in for bypass: each check's name is the sentence that must hold.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
. "$root/mk/shell-test.sh"

# A tree of its own: two suites of the testbed, one native.
mkdir -p "$work/bench/suites" "$work/results"
cp "$root/bench/run-all" "$work/bench/"
printf '[a]\ntarget=testbed:disk\n' >"$work/bench/suites/one.ini"
printf '[a]\ntarget=soft:latency=1us\n' >"$work/bench/suites/two.ini"
printf '[a]\ntarget=testbed:disk\n' >"$work/bench/suites/three.ini"

cat >"$work/bypass" <<'END'
#!/bin/sh
[ "$1" = run ] || exit 0
echo "$*" >>"$WORK/ran"
[ "$2" != "$INTERRUPTED" ] || exit 130
echo "results/$2/run.json   next: bypass report @last"
[ "$2" != "$REFUTED" ] || exit 3
END
chmod +x "$work/bypass"

run_all() {
	: >"$work/ran"
	WORK=$work INTERRUPTED=$1 REFUTED=$2 "$work/bench/run-all" "$work/bypass" >"$work/out" 2>&1
	status=$?
}

run_all three ""
check "an interrupted suite ends it with 130" same $status 130
check "after those before it" same "$(wc -l <"$work/ran")" 2
run_all "" two
check "the next call goes on with that suite" same "$(cut -d ' ' -f 2 "$work/ran" | tr '\n' ' ')" "three two "
check "a suite of the testbed runs there, by the instruction clock" \
	grep -q '^run three --testbed$' "$work/ran"
check "the others natively" grep -q '^run two$' "$work/ran"
check "a refuted cell is the exit status of all" same $status 3
check "the runs are named at the end" grep -q '^one 0 results/one$' "$work/out"
run_all "" ""
check "what has ended begins anew" same "$(wc -l <"$work/ran")" 3
check "and is good if all were" same $status 0
run_all three ""
echo "# another build" >>"$work/bypass"
run_all "" ""
check "another program's suites don't count" same "$(wc -l <"$work/ran")" 3
printf 'run-all: '
all_held
