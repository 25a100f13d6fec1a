#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make install` puts somewhere else works there, and its manual pages and completion know all
# that the command knows. Writes to a temporary folder alone; each check's name is what must hold.
# shellcheck disable=SC2016 # a condition is expanded when it is checked
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
status=0
. "$root/mk/shell-test.sh"
make_work
out=$work/out
tree=$work/root/usr/lib/bypass
bypass=$work/root/usr/bin/bypass

run() {
	env -u BYPASS_TESTBED -u XDG_DATA_HOME HOME="$work/home" "$@" >"$out" 2>&1 </dev/null
	status=$?
}

# Without the kernels, half a gigabyte each.
make_install() {
	run env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$root" install \
		DESTDIR="$work/root" PREFIX=/usr INSTALL_KERNELS=
	[ "$status" = 0 ]
}

files_of_tree() {
	(cd "$tree" && find . | sort)
}

measure() {
	run "$@" run --path=buffered --target=file:"$work/folder" --size=1m --number_ios=100 --runs=2
}

# The page as text that can be searched.
page() {
	sed 's/\\-/-/g; s/\\f[BIRP]//g' "$root/man/$1"
}

options_of() {
	"$@" --help 2>&1 | grep -oE -e '--[a-z][a-z_-]+' | sort -u
}

# How the page begins what it says of each command that the help text names.
headings() {
	"$@" --help | sed -n "s/^ *bypass ${2:+$2 }\\([a-z|]*\\)[ ,:].*/\\1/p" | tr '|' '\n' | sort -u | sed '/./s/^/\\.BI?./'
}

# in_page PAGE WORD...: each stands in it as a word.
in_page() {
	page=$1
	shift
	: >"$out"
	for word in "$@"; do
		page "$page" | grep -qE -e "(^|[^a-z-])$word([^a-z_-]|\$)" || echo "not in $page: $word" >>"$out"
	done
	[ $# -gt 0 ] && [ ! -s "$out" ]
}

mkdir "$work/home" "$work/folder"
check 'make install ends well' make_install
check 'a mark says that the tree is installed' [ -s "$tree/INSTALLED" ]
files_of_tree >"$work/before"

run "$bypass" --version
check 'the command by its link says its version' eval '[ $status = 0 ] && grep -q "^bypass [0-9]" "$out"'
for list in paths suites; do
	run "$bypass" list "$list"
	"$root/build/bypass" list "$list" >"$work/list"
	check "list $list is that of the source tree" eval '[ $status = 0 ] && [ -s "$out" ] && cmp -s "$out" "$work/list"'
done
run "$bypass" run quick --target=file:"$work/folder" --dry-run
check 'a dry run makes no folder' eval '[ $status = 0 ] && [ -z "$(ls -A "$work/home")" ]'
measure "$bypass"
check 'a run is stored in the home folder' \
	eval '[ $status = 0 ] && [ -s "$work/home/.local/share/bypass/results/0001/run.json" ]'
run "$bypass" report @last
check 'report finds it there' eval '[ $status = 0 ] && [ -s "$work/home/.local/share/bypass/results/0001/report.html" ]'
measure "$bypass"
run "$bypass" compare 0001 0002
check 'compare finds them there' [ "$status" -le 1 ]
measure env XDG_DATA_HOME="$work/data" "$bypass"
check 'a run is stored in $XDG_DATA_HOME' eval '[ $status = 0 ] && [ -s "$work/data/bypass/results/0001/run.json" ]'

run "$work/root/usr/bin/vm-run" --help
check 'vm-run by its link says its help' eval '[ $status = 0 ] && grep -q "^usage: vm/run" "$out"'
run "$work/root/usr/bin/vm-run" --kernel 6.12 -- true
check 'vm-run says in one line that there is no kernel' \
	eval '[ $status = 125 ] && [ "$(wc -l <"$out")" = 1 ] && grep -q "6.12.*make install" "$out"'
files_of_tree >"$out"
check 'nothing of this wrote to the installed tree' cmp -s "$work/before" "$out"

touch "$tree/bench/suites/of-an-older-version.ini"
make_install
check 'installing again replaces what an older version left' \
	eval '[ $status = 0 ] && files_of_tree | cmp -s "$work/before" -'

# shellcheck disable=SC2046 # words
{
	check 'bypass.1 has every command' in_page bypass.1 $(headings "$bypass")
	check 'bypass.1 has every command of lab' in_page bypass.1 $(headings "$root/build/bypass" lab)
	for command in run report compare export; do
		check "bypass.1 has every option of $command" in_page bypass.1 $(options_of "$bypass" "$command")
	done
	check 'bypass.1 has every exit status' in_page bypass.1 '\.B 0' '\.B 1' '\.B 2' '\.B 3' '\.B 4' '\.B 130'
	check 'vm-run.1 has every option' in_page vm-run.1 $(options_of "$root/build/vm/launch")
}
for name in bypass vm-run; do
	installed=$work/root/usr/share/man/man1/$name.1
	if command -v groff >/dev/null; then
		groff -ww -man -Tutf8 -z "$installed" >"$out" 2>&1
		check "groff has no complaint of $name.1" [ ! -s "$out" ]
	else
		skip "$name.1 by groff" 'groff is not installed'
	fi
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -W warning "$installed" >"$out" 2>&1
		check "mandoc has no complaint of $name.1" [ ! -s "$out" ]
	else
		skip "$name.1 by mandoc" 'mandoc is not installed'
	fi
done

# complete_line LINE: what bash would offer behind it, a line each, in $out.
complete_line() {
	bash -c '. "$1" && COMP_LINE=$3 COMP_POINT=${#3} && _bypass "$2" && printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$work/root/usr/share/bash-completion/completions/bypass" "$bypass" "$1" >"$out" 2>&1
	status=$?
}

# offers LINE WORD...: these words and no others.
offers() {
	complete_line "$1"
	shift
	[ "$(cat "$out")" = "$(printf '%s\n' "$@")" ]
}

if command -v bash >/dev/null; then
	check 'completes a command' offers 'bypass com' compare
	check 'completes a suite' offers 'bypass run api-' api-ladder
	check 'completes an option' offers 'bypass run --iodepth_batch_s' --iodepth_batch_submit=
	check 'completes one path of several' offers 'bypass run --path=direct,mmap-d' direct,mmap-dax
	check 'completes behind a colon' offers 'bypass run --path=fio:libai' libaio
	check 'completes the choices of an option' offers 'bypass run --durability=' none data
	complete_line 'bypass '
	check 'knows every command' eval '[ "$(grep -c "^[a-z]" "$out")" = "$(headings "$bypass" | wc -l)" ]'
else
	skip 'completion' 'bash is not installed'
fi

all_held
