#!/bin/sh
# SPDX-License-Identifier: MIT
# Corrupted pathfs images in the testbed: kmod/tests/corrupt-testbed.sh [COUNT [6.1|6.12|debug [SEED]]]
# Each is refused or can be used. Half of them with DAX; of the others most on persistent memory, too,
# where it takes half the time, and one in five on NVMe.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
count=${1:-300}
kernel=${2:-6.1}
seed=${3:-1}
build=$root/build/kmod

if [ -z "${BYPASS_TESTBED:-}" ]; then
	unset MAKEFLAGS MFLAGS MAKELEVEL
	exec "$root/vm/run" --kernel "$kernel" --clock=ns --pmem 128M --nvme 64M --timeout 7200 -- \
		sh "$root/kmod/tests/corrupt-testbed.sh" "$count" "$kernel" "$seed"
fi

work=/run/corrupt
m=/mnt/pathfs
mkdir -p $work $m
. "$root/mk/shell-test.sh"
. "$root/kmod/tests/kernel-clean-lib.sh"

# One of everything that the format has, and a file of more extents than an inode holds. Without DAX,
# which would spread files over the medium.
sample() {
	"$build/mkfs.pathfs" -q -f -N 64 "$1" || return
	mount -t pathfs -o dax=never "$1" $m || return
	mkdir -p $m/a/b/c $m/empty
	echo found >"$m/lost+found/#40"
	cp /bin/true $m/a/true
	echo linked >$m/a/b/linked
	ln $m/a/b/linked $m/linked
	ln $m/a/b/linked $m/a/linked
	ln -s a/true $m/link
	mkfifo $m/fifo
	mknod $m/null c 1 3
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
		echo $i >$m/a/b/c/file$i
	done
	xfs_io -f -c 'falloc 0 64k' -c 'pwrite -q 8k 5000' $m/unwritten
	xfs_io -f -c 'truncate 1m' -c 'pwrite -q 500k 10' $m/sparse
	for i in $(seq 0 299); do
		echo "-c 'pwrite -q $((i * 8))k 4k'"
	done | xargs xfs_io -f $m/pieces
	rm $m/a/b/c/file7
	umount $m
}

# on NAME DEVICE MOUNT-OPTIONS COUNT: that many, of the next seeds.
on() {
	check "$1: a sound file system is made" sample "$2"
	"$build/tests/corrupt" "$2" $m "$seed" "$4" "$3" "$build/fsck.pathfs" >$work/result 2>&1
	status=$?
	check "$1: $(tail -n 1 $work/result)" [ $status = 0 ]
	seed=$((seed + $4))
	[ $status = 0 ] || head -n 150 $work/result | sed 's/^/        out: /'
}

modprobe -a crc32c_generic libcrc32c
# What is wrong with each image, a line or more, is not what the console is for.
dmesg -n 1
check "the module loads" insmod "$build/$kernel/pathfs.ko"
ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null 2>&1
on "pmem with DAX" /dev/pmem0 dax=always $((count - count / 2))
on "pmem without DAX" /dev/pmem0 dax=never $((count / 2 - count / 10))
on nvme /dev/nvme0n1 dax=never $((count / 10))
mountpoint -q $m || check "the module unloads" rmmod pathfs
check "the kernel had nothing to report" kernel_is_clean
all_held
