#!/bin/sh
# SPDX-License-Identifier: MIT
# bench/run-all and bench/run-bench, with stand-ins for bypass and the testbed: each check's name is the
# sentence that must hold.
# shellcheck disable=SC2016 # a condition is expanded when it is checked
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/mk/shell-test.sh"
make_work

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
mkdir -p "$WORK/results/$2"
: >"$WORK/results/$2/run.json"
echo "$WORK/results/$2/run.json   next: bypass report @last"
[ "$2" != "$REFUTED" ] || exit 3
END
cat >"$work/bench/reference" <<'END'
#!/bin/sh
echo "$*" >>"$WORK/kept"
END
chmod +x "$work/bypass" "$work/bench/reference"

# run_all INTERRUPTED REFUTED [OPTION]: those two suites end so.
run_all() {
	: >"$work/ran"
	: >"$work/kept"
	WORK=$work INTERRUPTED=$1 REFUTED=$2 "$work/bench/run-all" ${3+"$3"} "$work/bypass" \
		>"$work/out" 2>&1
	status=$?
}

ran() { same "$(cut -d ' ' -f 2 "$work/ran" | tr '\n' ' ')" "$1"; }
kept() { same "$(sed 's|^record .*/results/\(.*\)/run.json$|\1|' "$work/kept" | tr '\n' ' ')" "$1"; }

run_all three ""
check "an interrupted suite ends it with 130" same $status 130
check "after those before it" same "$(wc -l <"$work/ran")" 2
run_all "" two
check "the next call goes on with that suite" ran "three two "
check "a suite of the testbed runs there, by the instruction clock" \
	grep -q '^run three --testbed$' "$work/ran"
check "the others natively" grep -q '^run two$' "$work/ran"
check "a refuted cell is the exit status of all" same $status 3
check "the runs are named at the end" grep -q "^one 0 $work/results/one$" "$work/out"
run_all "" ""
check "what has ended begins anew" same "$(wc -l <"$work/ran")" 3
check "and is good if all were" same $status 0

check "no run becomes a reference without --record" kept ""
run_all "" "" --record
check "the reference takes what was just measured" ran ""
check "of the testbed's suites alone" kept "one three "
run_all "" "" --record
check "and only once: then it is measured anew" ran "one three "
check "and taken" kept "one three "
run_all three "" --record
run_all "" "" --record
check "after Ctrl-C this goes on where it was, too" ran "three "
run_all "" one --record
check "a refuted run is not taken" kept "three "
check "which is its exit status" same $status 3
run_all "" ""
rm -r "$work/results/one"
run_all "" "" --record
check "a run that is no longer there is measured anew" ran "one "

run_all three ""
echo "# another build" >>"$work/bypass"
run_all "" ""
check "another program's suites don't count" same "$(wc -l <"$work/ran")" 3

# What `make bench` prints, first and last; here KVM doesn't work.
mkdir -p "$work/vm"
printf '#!/bin/sh\nexit 1\n' >"$work/vm/run"
chmod +x "$work/vm/run"
cp "$root/bench/run-bench" "$work/bench/"
cat >"$work/bypass" <<'END'
#!/bin/sh
if [ "$1" = report ]; then
	echo "a table"
	echo "report: $PWD/$2/report.html"
	exit
fi
run=results/0002
[ "$3" != --testbed ] || run=results/0001
[ $run = "$INTERRUPTED" ] && exit 130
[ $run = results/0001 ] || printf 'WARN a\nWARN b\n'
echo "$run/run.json"
echo "next: bypass report @last"
[ $run != "$REFUTED" ] || exit 3
END
run_bench() {
	(cd "$work" && INTERRUPTED=$1 REFUTED=$2 bench/run-bench ./bypass >out 2>&1)
	status=$?
}
last_lines() {
	same "$(tail -n 4 "$work/out")" "testbed, exact counts:   results/0001/report.html   <- read this one
this machine, in time:   results/0002/report.html   warnings: 2
next: xdg-open results/0001/report.html; ./bypass report 0001;
      README.md, \"How to read\""
}
run_bench "" ""
check "the tour ends well" same $status 0
check "and says at last which report is to be read" last_lines
check "it says first how long it takes, and what Ctrl-C does" \
	eval 'sed 2q "$work/out" | grep -q "about 5 minutes" && sed 2q "$work/out" | grep -q "Ctrl-C ends it"'
run_bench "" results/0001
check "a refuted cell is its exit status, after all was measured" eval 'same $status 3 && last_lines'
run_bench results/0001 ""
check "Ctrl-C ends it, and nothing else is begun" eval 'same $status 130 && not grep -q "this machine, nano" "$work/out"'

printf 'run-all: '
all_held
