#!/bin/sh
# SPDX-License-Identifier: MIT
# The course's tests that take long, two at a time, each as one block of the output: the engine's
# (outcomes.sh, grade.sh), and for every lab that unsolved its checks fail, that the reference passes, that
# mistakes are caught. Usage: labs.sh PROVE [all]; `all`: every mistake, and pack.sh; else one of each lab.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)

prove_lab() {
	set -- unsolved
	if [ "$which" = all ]; then
		set -- "$@" times 100
	fi
	set -- "$@" solved
	# One stands for all: the first that doesn't take as long as it is let.
	mistake=$(grep -L ' as hang' "$root/labs/$lab/wrong/"* 2>/dev/null | head -n 1)
	if [ "$which" = all ]; then
		set -- "$@" mistakes
	elif [ -n "$mistake" ]; then
		set -- "$@" mistake "$(basename "$mistake")"
	fi
	"$prove" "$lab" "$@"
}

if [ "$1" = --one ]; then
	prove=$2
	which=$3
	lab=$4
	case $lab in
	*.sh) sh "$root/labs/tests/$lab" ;;
	*) prove_lab ;;
	esac >"$BYPASS_LAB_WORK/$lab.said" 2>&1
	status=$?
	cat "$BYPASS_LAB_WORK/$lab.said"
	exit $status
fi

prove=$1
which=${2:-one}
BYPASS_LAB_WORK=$(mktemp -d)
export BYPASS_LAB_WORK
trap 'rm -rf "$BYPASS_LAB_WORK"' EXIT
trap 'exit 130' INT TERM HUP
{
	echo outcomes.sh
	echo grade.sh
	[ "$which" != all ] || echo pack.sh
	for folder in "$root"/labs/[0-9][0-9]-*/; do
		[ ! -e "$folder/lab.ini" ] || basename "$folder"
	done
} | xargs -P 2 -n 1 sh "$0" --one "$prove" "$which"
