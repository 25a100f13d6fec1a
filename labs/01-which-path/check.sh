#!/bin/sh
# SPDX-License-Identifier: MIT
# In the guest: makes the media, and has the student's classifier say what it takes them for.
set -u
name=$1
root=$2
folder=$3
seed=$4
. "$root/labs/engine/check-lib.sh"
. "$root/labs/01-which-path/kinds.sh"
. "$root/kmod/tests/dax-lib.sh"
m=$lab_mount

file() { head -c 65536 /dev/zero | tr '\0' x >"$1"; }

# A disk; persistent memory as it comes, for which the kernel has no page structures, so that
# dax=always leaves a warning in its log and nothing else; and some that is as DAX needs it.
make_media() {
	lab_modprobe
	mkdir -p $m/1 $m/2 $m/3
	{ mkfs.xfs -q -f /dev/nvme0n1 && mount -t xfs /dev/nvme0n1 $m/1 &&
		mkfs.xfs -q -f /dev/pmem0 && mount -t xfs -o dax=always /dev/pmem0 $m/2 &&
		ndctl create-namespace -f -e namespace1.0 -m fsdax -M mem >/dev/null 2>&1 &&
		mkfs.ext4 -q -F -b 4096 /dev/pmem1 && mount -t ext4 -o dax=inode /dev/pmem1 $m/3; } ||
		broken "the media can't be made"
	mkdir $m/3/2
	# What is made in this folder has the flag.
	xfs_io -c 'chattr +x' $m/3/2 || broken "a folder doesn't take the flag for DAX"
	for one in 1/1 1/2 1/3 2/1 3/1 3/2/1 3/2/2 3/2/3; do file $m/$one; done
	sync
	{ is_dax $m/3/2/1 && ! is_dax $m/3/1 && ! is_dax $m/2/1 && ! is_dax $m/1/1; } ||
		broken "the kernel makes other files DAX than this lab expects"
}

step "/mnt/lab/1: a disk with xfs; 2: persistent memory with xfs, -o dax=always; 3: with ext4, -o dax=inode"
make_media
case $name in
mappings) how=mappings ;;
*) how=descriptors ;;
esac
step "$(kinds "$name" "$seed" | wc -l) $how in an order of chance; each is shown to you"
kinds "$name" "$seed" | "$folder/check" $how
observe status $?
