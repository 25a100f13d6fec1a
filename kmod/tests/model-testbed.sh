#!/bin/sh
# SPDX-License-Identifier: MIT
# Random operations on pathfs, against a model: kmod/tests/model-testbed.sh [OPERATIONS [6.1|6.12|debug [SEED]]]
# On persistent memory with and without DAX, and on NVMe. Each check's name is the sentence that must hold.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
operations=${1:-10000}
kernel=${2:-6.1}
seed=${3:-1}
build=$root/build/kmod

if [ -z "${BYPASS_TESTBED:-}" ]; then
	unset MAKEFLAGS MFLAGS MAKELEVEL
	exec "$root/vm/run" --kernel "$kernel" --clock=ns --pmem 1G --nvme 512M --timeout 7200 -- \
		sh "$root/kmod/tests/model-testbed.sh" "$operations" "$kernel" "$seed"
fi

work=/run/model
m=/mnt/pathfs
mkdir -p $work $m
. "$root/mk/shell-test.sh"
. "$root/kmod/tests/kernel-clean-lib.sh"

# A wrong byte must be seen, and what is said must lead back to it.
lie_is_seen() {
	mkdir $work/lie
	MODEL_LIE=300 "$build/tests/model" $work/lie "$seed" 2000 >$work/lie.out 2>&1
	[ $? = 1 ] && grep -q '^operation [0-9]*: .* expected .* got ' $work/lie.out &&
		grep -q "^seed $seed\$" $work/lie.out
}

no_complaint() { ! dmesg | grep 'BUG:\|WARNING:\|Oops\|blocked for more\|pathfs.*fsck'; }

# What the model found at the start: what isn't there it doesn't try.
has="O_DIRECT yes (512), 5 modes of fallocate, has RENAME_NOREPLACE, .*, clears behind the end"

# on NAME DEVICE MOUNT-OPTIONS [OPTION]: a new file system, worked over and looked at.
on() {
	check "$1: a new file system" "$build/mkfs.pathfs" -q -f "$2"
	check "$1: mounts" mount -t pathfs -o "$3" "$2" $m
	mountpoint -q $m || return
	check "$1: $operations random operations give what the model has" \
		"$build/tests/model" $m "$seed" "$operations" ${4:+"$4"} --remount-command \
		"umount $m && $build/fsck.pathfs -n $2 && mount -t pathfs -o $3 $2 $m"
	cp $work/check $work/model
	tail -n 1 $work/model
	check "$1: nothing that pathfs has was left out" grep "$has" $work/model
	check "$1: unmounts" umount $m
	check "$1: fsck finds nothing" "$build/fsck.pathfs" -n "$2"
	check "$1: the kernel had nothing to say" no_complaint
}

modprobe -a crc32c_generic libcrc32c
dmesg -C
check "the module loads" insmod "$build/$kernel/pathfs.ko"
ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null 2>&1
check "a byte that is read wrong is seen, on tmpfs" lie_is_seen
on "pmem with DAX" /dev/pmem0 dax=always --dax
on "pmem without DAX" /dev/pmem0 dax=never
on nvme /dev/nvme0n1 dax=never
check "the module unloads" rmmod pathfs
check "the kernel had nothing to report" kernel_is_clean
all_held
