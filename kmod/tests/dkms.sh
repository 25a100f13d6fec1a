#!/bin/sh
# SPDX-License-Identifier: MIT
# DKMS builds both modules for Debian's kernels: kmod/tests/dkms.sh PACKAGE
# All that it writes is in a temporary folder, and it needs no root rights; `dkms install` would.
# Each check's name is the sentence that must hold.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
package=$1
version=${package##*-}
# DKMS's make is not one of those that called this.
unset MAKEFLAGS MFLAGS MAKELEVEL
# Debian has it where only root looks.
PATH=$PATH:/usr/sbin:/sbin

. "$root/mk/shell-test.sh"
make_work

# Without a program that signs, DKMS makes no key in /var/lib.
dkms_here() {
	sign_file=none dkms "$@" --dkmstree "$work/tree" --sourcetree "$work/src"
}

# What went wrong is in DKMS's log only.
build_for() {
	dkms_here build "bypass/$version" -k "$1" --kernelsourcedir "$2" && return
	cat "$work/tree/bypass/$version/build/make.log"
	return 1
}

has_no_warning() {
	[ -s "$1/log/make.log" ] && ! grep -i 'warning\|error' "$1/log/make.log"
}

# is_module_for RELEASE FILE
is_module_for() {
	[ "$(modinfo -F vermagic "$2" | cut -d ' ' -f 1)" = "$1" ]
}

mkdir -p "$work/tree" "$work/src"
cp -r "$package" "$work/src"
check "DKMS takes the package" dkms_here add "bypass/$version"
for headers in "$root"/build/kmod/headers-6.1 "$root"/build/kmod/headers-6.12; do
	release=$(cat "$headers/release")
	built=$work/tree/bypass/$version/$release/$(uname -m)
	check "$release: DKMS builds the modules" build_for "$release" "$headers/build"
	check "$release: without a warning" has_no_warning "$built"
	for module in pathfs minipmem; do
		check "$release: $module is a module for this kernel" \
			is_module_for "$release" "$built/module/$module.ko"
	done
done
all_held
