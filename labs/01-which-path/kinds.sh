# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For check.sh and verdict.sh: which kinds a check asks for, in an order that only SEED knows.
# kinds NAME SEED
kinds() {
	case $1 in
	files) set -- "$2" cached direct cleared dax dax-direct off no-flag ;;
	devices) set -- "$2" block block-direct pmem commands zero ;;
	mappings) set -- "$2" cached direct dax off deleted block anonymous ;;
	esac
	kinds_seed=$1
	shift
	for kind; do
		echo "$(echo "$kinds_seed $kind" | md5sum | cut -c 1-32) $kind"
	done | sort | cut -d ' ' -f 2
}
