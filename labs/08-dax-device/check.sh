#!/bin/sh
# SPDX-License-Identifier: MIT
# In the guest: what is done, and what is observed. verdict.sh judges.
set -u
name=$1
root=$2
folder=$3
seed=$4
. "$root/labs/engine/check-lib.sh"
. "$root/kmod/tests/dax-lib.sh"
d=/dev/minipmem0
m=$lab_mount
badblocks=/sys/block/minipmem0/badblocks
tracing=/sys/kernel/tracing
mkdir -p $m

check() { "$folder/check" "$@"; }
# The sector of the device where a file begins.
sector_of() { xfs_io -r -c fiemap "$1" | sed -n 's/.*\[0\.\.[0-9]*\]: \([0-9]*\)\.\..*/\1/p' | head -n 1; }
bad_list() { tr '\n' ';' <$badblocks; }

make_file_system() {
	case $1 in
	xfs) mkfs.xfs -q -f -d su=2m,sw=1 $d ;;
	ext4) mkfs.ext4 -q -F $d ;;
	pathfs) "$root/build/kmod/mkfs.pathfs" -q -f $d ;;
	esac || broken "mkfs of $1 failed"
}

# with_xfs SIZE: a file of that many bytes, in one piece.
with_xfs() {
	make_file_system xfs
	observe mount "$(errno_of mount -t xfs -o dax=always $d $m)"
	bytes "$1" 0 >$m/file
	sync
	sector=$(sector_of $m/file)
}

agree() {
	fs=$1
	size=$(number size 1100000 1000000)
	step "$fs: mkfs, mount -o dax=always"
	make_file_system "$fs"
	observe "$fs.mount" "$(errno_of mount -t "$fs" -o dax=always $d $m)"
	step "$fs: $size bytes written by write()"
	bytes "$size" 0 >$m/written
	observe "$fs.dax" "$(is_dax $m/written && echo yes || echo no)"
	step "$fs: as many stored into a mapping"
	truncate -s "$size" $m/mapped
	bytes "$size" 1 | check put $m/mapped
	observe "$fs.written.by_mapping" "$(check get $m/written | sum)"
	observe "$fs.mapped.by_read" "$(sum <$m/mapped)"
	umount $m
	step "$fs: mounted with dax=never, so that the page cache and the block layer read"
	mount -t "$fs" -o dax=never $d $m
	observe "$fs.written.by_block_layer" "$(sum <$m/written)"
	observe "$fs.mapped.by_block_layer" "$(sum <$m/mapped)"
	umount $m
}

check_agree() {
	insmod "$root/build/kmod/6.1/pathfs.ko" || broken "pathfs can't be loaded"
	for one in xfs ext4 pathfs; do agree "$one"; done
}

check_huge() {
	with_xfs 4096
	step "a file of 16 MiB, each page stored to by a mapping"
	xfs_io -f -c 'falloc 0 16m' $m/huge
	[ -d $tracing/events ] || mount -t tracefs tracefs $tracing
	echo >$tracing/trace
	echo 1 >$tracing/events/fs_dax/dax_pmd_fault_done/enable
	observe faults "$("$root/build/kmod/tests/mapping" write $m/huge 16777216 | cut -d ' ' -f 2)"
	echo 0 >$tracing/events/fs_dax/dax_pmd_fault_done/enable
	observe huge_faults "$(grep -c 'shared WRITE.*NOPAGE' $tracing/trace)"
}

check_poison() {
	page=$(number page 3 20)
	with_xfs 131072
	step "page $page of a file turns bad: sectors $((sector + 8 * page)) to $((sector + 8 * page + 7))"
	echo "$((sector + 8 * page)) 8" >$badblocks
	observe list "$((8 * page)) 8"
	observe read "$(check read $m/file $((4096 * page)) 4096)"
	observe load "$(check load $m/file $((4096 * page + 7)))"
	observe load_before "$(check load $m/file $((4096 * page - 1)) | cut -c 1-7)"
	step "100 bytes of it are written, which repairs no sector"
	observe write_part "$(errno_of xfs_io -c "pwrite -q $((4096 * page)) 100" $m/file)"
	step "32 KiB are written from a page before it on"
	observe write_all "$(errno_of xfs_io -c "pwrite -q -S 0x33 $((4096 * page - 4096)) 32k" $m/file)"
	observe list_after "$(bad_list)"
	observe read_after "$(check read $m/file $((4096 * page)) 4096)"
	observe load_after "$(check load $m/file $((4096 * page + 7)))"
}

check_zero() {
	first=$(number first 1 5)
	count=$(number count 2 7)
	step "xfs, its realtime section on the device: space is given back 64 KiB at a time"
	mkfs.xfs -q -f -m reflink=0,rmapbt=0 -d rtinherit=1 -r rtdev=$d,extsize=64k /dev/nvme0n1 ||
		broken "mkfs.xfs can't put a realtime section on the device"
	observe mount "$(errno_of mount -t xfs -o dax=always,rtdev=$d /dev/nvme0n1 $m)"
	bytes 131072 0 >$m/file
	sync
	sector=$(sector_of $m/file)
	step "page $((first + 1)) turns bad; a hole is punched from page $first on, $count pages long"
	echo "$((sector + 8 * (first + 1))) 8" >$badblocks
	observe punch "$(errno_of xfs_io -c "fpunch $((4096 * first)) $((4096 * count))" $m/file)"
	observe list_after "$(bad_list)"
	observe sum "$(sum <$m/file)"
}

# before NAME FIRST COUNT OFFSET: sectors from the file's beginning; a read of 128 KiB from OFFSET on.
before() {
	step "$1: sectors $2 to $(($2 + $3 - 1)) of the file are bad; read() of 128 KiB from byte $4 on"
	echo "$((sector + $2)) $3" >$badblocks
	observe "$1" "$(check read $m/file "$4" 131072)"
	echo "-$((sector + $2)) $3" >$badblocks
}

check_before() {
	page=$(number page 4 20)
	with_xfs 262144
	before first_sector_of_a_page $((8 * page)) 1 0
	before last_sector_of_a_page $((8 * page + 7)) 1 0
	before from_the_page_before $((8 * page + 3)) 8 $((4096 * page - 4096))
	before begins_earlier $((8 * page)) 64 $((4096 * (page + 2)))
	before behind_it $((8 * page)) 8 $((4096 * (page + 1)))
	before beyond_the_read 400 8 0
}

check_repair() {
	page=$(number page 2 20)
	bad=$((8 * page))
	step "the device's page $page turns bad, all of its 8 sectors"
	echo "$bad 8" >$badblocks
	observe read_bad "$(errno_of dd if=$d of=/dev/null bs=4k count=1 skip="$page" iflag=direct)"
	step "its third sector is written"
	dd if=/dev/zero of=$d bs=512 count=1 seek=$((bad + 2)) oflag=direct conv=notrunc 2>/dev/null
	observe list_one "$(bad_list)"
	observe read_one "$(errno_of dd if=$d of=/dev/null bs=512 count=1 skip=$((bad + 2)) iflag=direct)"
	observe read_other "$(errno_of dd if=$d of=/dev/null bs=512 count=1 skip=$((bad + 3)) iflag=direct)"
	step "the page before it is written, then 16 KiB from there on"
	dd if=/dev/zero of=$d bs=4k count=1 seek=$((page - 1)) oflag=direct conv=notrunc 2>/dev/null
	observe list_beside "$(bad_list)"
	dd if=/dev/zero of=$d bs=16k count=1 seek=$((4096 * (page - 1))) oflag=direct,seek_bytes conv=notrunc 2>/dev/null
	observe list_all "$(bad_list)"
	observe read_all "$(errno_of dd if=$d of=/dev/null bs=4k count=1 skip="$page" iflag=direct)"
}

check_mapped() {
	# In the second 2 MiB: one entry of a page table may map as much.
	page=$(number page 513 400)
	insmod "$root/build/kmod/6.1/pathfs.ko" || broken "pathfs can't be loaded"
	for fs in xfs ext4 pathfs; do
		step "$fs: page $page of a file is mapped and loaded, turns bad, is loaded again"
		make_file_system "$fs"
		mount -t "$fs" -o dax=always $d $m
		xfs_io -f -c 'falloc 0 4m' -c 'pwrite -q -S 0x5a 0 4m' -c fsync $m/file
		check turn-bad $m/file $((4096 * page)) $badblocks $(($(sector_of $m/file) + 8 * page)) >/run/turn-bad
		while read -r what value; do observe "$fs.$what" "$value"; done </run/turn-bad
		umount $m
	done
	step "a page that no file has turns bad"
	echo "$((8 * page)) 8" >$badblocks
	observe list "$(bad_list)"
	echo "-$((8 * page)) 8" >$badblocks
}

load_minipmem "$folder"
[ -e $d ] || exit 0
"check_$name"
