#!/bin/sh
# SPDX-License-Identifier: MIT
# bypass lab pack: what a student gets has no answers in plain sight, and all checks work in it, where
# it was unpacked. Each check's name is the sentence that must hold.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/mk/shell-test.sh"
make_work
tree=$work/elsewhere/bypass
BYPASS_LAB_WORK=$work/student
export BYPASS_LAB_WORK

# Files of which a lab has regions.
marked() { sed -n 's/^files = //p' "$root"/labs/[0-9]*/lab.ini | tr ' ' '\n' | sort -u | grep .; }
# The text that stands between the markers there: lines of some length that stand nowhere else.
answers() { marked | while read -r file; do sed -n '/LAB [0-9]/,/LAB end/{/LAB/d;/......................../p}' "$root/$file"; done; }
no_answers() {
	answers >"$work/lines"
	marked | sed "s|^|$root/|" | xargs grep -hxFf "$work/lines" | sort | uniq -u >"$work/answers"
	[ "$(wc -l <"$work/answers")" -gt 100 ] || return 1
	marked | sed "s|^|$tree/|" | xargs grep -hxFf "$work/answers" && return 1
	true
}

check "a tree is packed" "$root/build/bypass" lab pack "$work/student.tar.gz" 4711
mkdir "$work/elsewhere"
check "and unpacked" tar -xzf "$work/student.tar.gz" -C "$work/elsewhere"
check "it is set up where it lies" "$tree/setup"
check "no line of an answer stands in its sources" no_answers
check "no seeded mistake is in it" not sh -c "ls -d '$tree'/labs/*/wrong"
check "make labs has nothing to do" make -C "$tree" labs
"$tree/build/bypass" lab start 4 >"$work/started"
check "a lab can be started" grep -q 'edit .*queue.c' "$work/started"
check "what is to be done is cut out" not grep -hxFf "$work/answers" "$BYPASS_LAB_WORK/04-io-queues/prp.c"
cp "$root/build/labs/tests/prove" "$tree/build/"
check "unsolved, lab 4 fails there" "$tree/build/prove" 4 unsolved
check "solved, it passes there" "$tree/build/prove" 4 solved
check "and lab 8, in the testbed" "$tree/build/prove" 8 solved
check "the sources that were put together are gone" same "$(find "$tree/build/labs/04-io-queues" -name "*.c")" ""
all_held
