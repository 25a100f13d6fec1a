# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For labs/NN-name/verdict.sh, which runs on the host: sh verdict.sh NAME SEED, the lines
# "observe KEY VALUE" on stdin. Source it first:
#   . "$(dirname "$0")/../engine/verdict-lib.sh"
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

# As in check-lib.sh: what a check derives from its seed, the verdict does, too.
lab_number() { echo $(($3 + 0x$(echo "$1 $2" | md5sum | cut -c 1-7) % $4)); }
