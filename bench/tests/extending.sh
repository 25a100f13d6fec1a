#!/bin/sh
# SPDX-License-Identifier: MIT
# Follows docs/extending.md in a copy of the tree: writes its files, runs its commands.
# Usage: extending.sh (after make).
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/mk/shell-test.sh"
make_work
copy=$work/copy
mkdir "$copy"

# What differs is all that is built anew.
(cd "$root" && cp -a Makefile mk bench userdrv vm kmod labs docs "$copy/" &&
	mkdir -p "$copy/build" && cp -a build/bench build/userdrv build/bypass "$copy/build/") || exit 1

# Each block is a file, named on the line before it, or a script.
awk -v copy="$copy" '
	/^`[^`]*`:$/ { name = substr($0, 2, length($0) - 3) }
	/^```$/ && inside { inside = 0; close(out); next }
	/^```(c|ini)$/ { inside = 1; out = copy "/" name; printf "" > out; next }
	/^```sh$/ { inside = 1; out = sprintf("%s/step-%02d.sh", copy, ++steps); print "set -e" > out; next }
	inside { print > out }
' "$root/docs/extending.md"

cd "$copy" || exit 1
run_step() {
	sh "$step" >"$step.log" 2>&1 && return
	cat "$step" "$step.log"
	return 1
}
for step in step-*.sh; do
	check "the commands of $step end well" run_step
done

# shows WHAT FILE PATTERN
shows() { check "$1" has_line "$2" "$3"; }
has_line() {
	grep -Eq -e "$2" "$1" && return
	echo "nothing is like '$2':"
	cat "$1"
	return 1
}
shows 'a new path is listed' step-02.sh.log '^vectored '
shows 'it is measured, and what it promises was observed' step-02.sh.log '^vectored .*held'
shows 'a new suite says what it would do' step-03.sh.log 'vectored'
shows 'and is measured' step-03.sh.log '64k.*'
shows 'a new transport sees the memory that the device sees' step-04.sh.log '^mapped [0-9]+ KiB'
shows 'and the driver runs on it' step-04.sh.log 'namespaces$'

all_held
