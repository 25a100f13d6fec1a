#!/bin/sh
# SPDX-License-Identifier: MIT
# bypass lab grade on a folder of students: one who is right, one who is wrong, and one who wants more
# than points. Each check's name is the sentence that must hold.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/mk/shell-test.sh"
. "$root/labs/tests/tree-lib.sh"
lab=90-example
# shellcheck disable=SC2034 # shell-test.sh puts there what a command printed
work=$tree
class=$tree/class
secret=$class/right/secret
mkdir -p "$class/right" "$class/wrong/$lab" "$class/hostile/$lab" "$class/absent" "$class/no name"

# A student's folder with one of the mistakes: with_mistake STUDENT MISTAKE
with_mistake() {
	"$tree/build/bypass-lab" reset 90 >/dev/null
	awk -v lines="$(tail -n +3 "$tree/labs/$lab/wrong/$2")" \
		'/LAB end/ { inside = 0 } !inside { print } /LAB 90.1/ { inside = 1; print lines }' \
		"$BYPASS_LAB_WORK/$lab/sum.c" >"$class/$1/$lab/sum.c"
	cp "$tree/labs/$lab/reference/sum.h" "$class/$1/$lab/sum.h"
}

graded() { "$tree/build/bypass-lab" grade "$class" 90 "$@" 2>"$tree/errors"; }
has() { grep -qxF "$1" "$tree/grades"; }

"$tree/build/bypass-lab" start 90 >/dev/null
mkdir -p "$class/right/$lab"
cp "$tree/labs/$lab/reference/sum.c" "$tree/labs/$lab/reference/sum.h" "$class/right/$lab/"
echo "the answers" >"$secret"
with_mistake wrong wrong-answer

# Everything at once: reads and writes what is another's, looks for the words of the protocol, fills
# the disk, multiplies, claims to have passed, and never ends.
with_mistake hostile wrong-answer
sed -i '/total = numbers/d' "$class/hostile/$lab/sum.c"
cat >"$tree/region" <<END
	extern int system(const char *command);
	(void)numbers, (void)count;
	system("cat $secret; echo changed >$class/right/$lab/sum.c; touch $tree/harm; "
	       "for all in /proc/[0-9]*/cmdline; do tr '\\\\0' ' ' <\$all | sed 's/.*\\\\(@[0-9a-f]*\\\\).*/\\\\1 end 0 0/'; echo; done; "
	       "id -u; echo passed; head -c 200000000 /dev/zero >/run/lab/check/large; ls -l /run/lab/check/large; "
	       "more() { more | more & }; more");
	for (;;)
		;
END
sed -i "/LAB 90.1/r $tree/region" "$class/hostile/$lab/sum.c"
rm "$class/hostile/$lab/sum.h"
ln -s "$secret" "$class/hostile/$lab/sum.h"
printf 'all:\n\ttouch %s\n' "$tree/harm" >"$class/hostile/$lab/Makefile"
printf '[lab]\ntitle = mine\n' >"$class/hostile/$lab/lab.ini"
# One whose folder is a way out, and one who hands in what isn't source.
ln -s "$class/right" "$class/borrowed"
mkdir -p "$class/huge/$lab"
head -c 3000000 /dev/zero >"$class/huge/$lab/sum.c"
mkfifo "$class/huge/$lab/sum.h"

before=$(cat "$class/right/$lab"/* | md5sum)
graded --format=csv >"$tree/grades"
check "there is a table" has "student,lab,check,outcome,points,of"
check "who is right gets all points" has "right,$lab,sum,passed,2,2"
check "for the second check, too" has "right,$lab,even,passed,1,1"
check "who is wrong gets none" has "wrong,$lab,sum,wrong answer,0,2"
check "but those for what is right" has "wrong,$lab,even,passed,1,1"
check "who handed in nothing is in the table" has "absent,$lab,sum,not handed in,0,2"
check "what never ends is ended" has "hostile,$lab,sum,hang,0,2"
check "a symbolic link isn't followed" grep -q 'hostile/90-example/sum.h isn.t taken: it is a symbolic link' "$tree/errors"
check "so that check doesn't pass" not grep -q 'hostile,.*,even,passed' "$tree/grades"
check "a student's folder that is one isn't graded" not grep -q borrowed "$tree/grades"
check "three megabytes are no source" grep -q 'huge/90-example/sum.c isn.t taken: it is larger' "$tree/errors"
check "nor is a pipe" grep -q 'huge/90-example/sum.h isn.t taken: it is no regular file' "$tree/errors"
check "a name that is no word is told of" grep -q 'a folder is left out' "$tree/errors"
log=$tree/build/labs/grades/hostile/$lab/sum.log
check "the code ran, as nobody" grep -qx 65534 "$log"
check "it found the word that marks the end of a check, which helped nothing" grep -q '^@[0-9a-f]* end 0 0' "$log"
check "it couldn't read what is another's" not grep -q 'the answers' "$log"
check "nor change it" same "$(cat "$class/right/$lab"/* | md5sum)" "$before"
check "nor anything else of this computer" not test -e "$tree/harm"
check "nor fill the disk" not grep -q ' 200000000 ' "$log"
rm -r "$class/wrong" "$class/hostile" "$class/huge" "$class/absent"
graded --format=json >"$tree/grades.json"
check "the same as JSON" same "$(grep -c '"outcome": "passed", "points": [12], "of": [12]' "$tree/grades.json")" 2
check "which is JSON" python3 -m json.tool "$tree/grades.json"
all_held
