#!/bin/sh
# SPDX-License-Identifier: MIT
# Each way in which a check can end, in user space (tests/example) and in the testbed (lab 8 and some
# of its mistakes), and what a student is told. Each check's name is the sentence that must hold.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/mk/shell-test.sh"
. "$root/labs/tests/tree-lib.sh"
# shellcheck disable=SC2034 # shell-test.sh puts there what a command printed
work=$tree
engine=$tree/build/bypass-lab
said=$tree/said

# Each mistake names the end that it must have.
"$tree/build/prove" 90 unsolved solved mistakes >"$said"
cat "$said"
for end in passed 'wrong answer' 'build error' crash hang; do
	check "in user space there is: $end" grep -q "^ok.*: $end\$" "$said"
done
check "and none is taken for another" not grep -q '^FAILED' "$said"

"$engine" start 90 >"$said"
check "what is started says what to edit" grep -q 'edit .*sum.h' "$said"
"$engine" check 90 >"$said"
check "unsolved, the exit status is 1" same "$("$engine" check 90 >/dev/null; echo $?)" 1
check "a wrong answer says what was expected" grep -q 'expected: The sum of 3, 8, -2 and 11 is 20.' "$said"
check "and what was seen" grep -q 'seen: It was 0.' "$said"
sed -i 's/return number < 0;/return numbr;/' "$BYPASS_LAB_WORK/90-example/sum.h"
"$engine" check 90 --only even >"$said"
check "a build error names the student's file and line" grep -q 'labs/work/90-example/sum.h:[0-9]*:.*numbr' "$said"
sed -i '/LAB/d' "$BYPASS_LAB_WORK/90-example/sum.h"
"$engine" check 90 --only even >"$said"
check "a marker that is gone is a build error, with what to do" grep -q 'has lost its line.*bypass lab reset 90' "$said"

# Two at the same time: the second has its turn when the first has ended.
exec 9>"$tree/build/labs/90-example/turn"
flock 9
"$engine" check 90 --only even 9>&- >"$said" 2>&1 &
second=$!
while kill -0 $second 2>"$tree/gone" && ! grep -q 'waiting for its end' "$said"; do sleep 0.1; done
check "who comes while the lab is checked waits, and is told so" grep -q 'being checked by another' "$said"
check "nothing is built or judged meanwhile" not grep -q 'point' "$said"
exec 9>&-
wait $second
check "then it is checked" grep -q 'point' "$said"

# What isn't the student's fault.
rm -r "$tree/build/labs/engine"
"$engine" check 90 --only sum >"$said"
check "without the engine's objects it is a broken environment" same "$?" 4
check "which says what to do" grep -q 'make labs' "$said"
ln -s "$root/build/labs/engine" "$tree/build/labs/engine"

ln -s "$root/labs/08-dax-device" "$tree/labs/08-dax-device"
rm "$tree/vm" && mkdir "$tree/vm"
printf '#!/bin/sh\necho "vm: QEMU is missing" >&2\nexit 125\n' >"$tree/vm/run"
chmod +x "$tree/vm/run"
"$engine" start 8 >/dev/null
"$engine" check 8 --only repair >"$said"
check "without a testbed it is one, too" same "$?" 4
check "and the testbed's own words are shown" grep -q 'QEMU is missing' "$BYPASS_LAB_WORK/08-dax-device/repair.log"
rm -r "$tree/vm" && ln -s "$root/vm" "$tree/vm"

# Five ends that share a boot where they can.
mkdir "$tree/labs/kept" && cp -r "$root/labs/08-dax-device" "$tree/labs/kept/"
rm "$tree/labs/08-dax-device" && mv "$tree/labs/kept/08-dax-device" "$tree/labs/"
cd "$tree/labs/08-dax-device/wrong" || exit 1
for mistake in *; do
	case $mistake in
	does-not-compile | no-file-no-mapping | until-it-is-good | zeros-but-still-bad | says-so-itself) ;;
	*) rm "$mistake" ;;
	esac
done
cd / || exit 1
"$tree/build/prove" 8 mistakes >"$said"
cat "$said"
for end in 'wrong answer' 'build error' crash hang; do
	check "in the testbed there is: $end" grep -q "^ok.*: $end\$" "$said"
done
check "and none is taken for another there" not grep -q '^FAILED' "$said"
all_held
