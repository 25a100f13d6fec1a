#!/bin/sh
# SPDX-License-Identifier: MIT
# The shared library exports the functions of its header and nothing else.
# Usage: exports.sh LIBRARY HEADER
set -eu
library=$1
header=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$folder/exported"
# Without comments; a function is a name of ours before a parenthesis, at the outermost level and
# not in a typedef.
${CC:-gcc} -fpreprocessed -dD -E -P "$header" 2>/dev/null | grep -v '^ *#' | tr '\n' ' ' |
	sed 's/{[^{}]*}//g' | tr ';' '\n' | grep -v typedef |
	sed -n 's/.*[ *]\(ud_[a-z0-9_]*\)(.*/\1/p' | sort >"$folder/declared"
if ! [ -s "$folder/declared" ]; then
	echo "exports.sh: no function found in $header" >&2
	exit 1
fi
if ! diff "$folder/declared" "$folder/exported" >"$folder/diff"; then
	echo "exports.sh: $library and $header differ (<: only declared, >: only exported):" >&2
	grep '^[<>]' "$folder/diff" >&2
	exit 1
fi
echo "$(wc -l <"$folder/exported") functions are exported, as declared"
