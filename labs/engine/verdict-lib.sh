# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For labs/NN-name/verdict.sh, which runs on the host: sh verdict.sh NAME SEED, the lines
# "observe KEY VALUE" on stdin. Source it first:
#   . "$(dirname "$0")/../engine/verdict-lib.sh"
# shellcheck source=labs/engine/seed-lib.sh
. "$(dirname "$0")/../engine/seed-lib.sh"
lab_observations=$(sed -n 's/^observe //p')

# value KEY: what was observed last, or nothing.
value() {
	printf '%s\n' "$lab_observations" | awk -v key="$1" \
		'$1 == key { value = substr($0, length(key) + 2) } END { print value }'
}

# The check passed.
passed() {
	echo passed
	exit 0
}

# wrong EXPECTED SEEN: two sentences.
wrong() {
	echo "expected: $1"
	echo "seen: $2"
	exit 1
}

# expect KEY VALUE EXPECTED: wrong unless VALUE was observed; EXPECTED is a sentence.
expect() {
	lab_value=$(value "$1")
	[ "$lab_value" = "$2" ] || wrong "$3" "$1 was '${lab_value:-not observed}', not '$2'."
}

broken() {
	echo "broken: $*"
	exit 77
}

# repeat BYTE COUNT: the byte, so often. Contents are made of such pieces.
repeat() { head -c "$2" /dev/zero | tr '\0' "\\$(printf %03o "$1")"; }

# expect_file KEY WHAT: the bytes that come on stdin.
expect_file() {
	expect "$1-sum" "$(sum)" "$2 has the bytes that were written, and zeros elsewhere (as their checksum says)."
}
