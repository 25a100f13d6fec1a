#!/bin/sh
# SPDX-License-Identifier: MIT
# The checks of lab 7, in the guest: check.sh NAME ROOT FOLDER SEED
set -u
name=$1
root=$2
folder=$3
seed=$4
. "$root/labs/engine/check-lib.sh"
. "$root/labs/engine/pathfs-lib.sh"
. "$root/labs/07-three-branches/numbers.sh"

branches() { traced ' branch ' ' '; }

# On each medium a file is written as usual, and one with O_DIRECT.
check_write() {
	for medium in nvme pmem; do
		new_fs $medium
		for how in plain direct; do
			option=
			[ $how = plain ] || option=-d
			step "$blocks writes of 4 KiB to a new file, $how"
			observe $medium-$how-error "$(trace pathfs/pathfs_write xfs_io -f $option \
				-c "pwrite -q -b 4k -S $byte1 0 $((4 * blocks))k" "$m/$how")"
			observe $medium-$how-events "$(branches)"
		done
		again $medium
		observe_file $medium-plain "$m/plain"
		observe_file $medium-direct "$m/direct"
		umount "$m"
	done
}

check_read() {
	for medium in nvme pmem; do
		new_fs $medium
		step "a file of $blocks times 16 KiB"
		xfs_io -f -c "pwrite -q -b 16k -S $byte1 0 $((16 * blocks))k" \
			-c "pwrite -q -S $byte2 $odd1 $odd2" "$m/file" 2>&1
		again $medium
		for how in plain direct; do
			option=
			[ $how = plain ] || option=iflag=direct
			step "read it, 16 KiB at a time, $how, until a read returns 0"
			observe $medium-$how-error "$(trace pathfs/pathfs_read dd bs=16k status=none $option \
				"if=$m/file" of=/run/lab/copy)"
			observe $medium-$how-events "$(branches)"
			observe_file $medium-$how /run/lab/copy
		done
		step "read it while nobody traces"
		observe_file $medium-untraced "$m/file"
		umount "$m"
	done
}

check_dax_write() {
	new_fs pmem
	step "append $odd1 bytes, and $odd2 more, and look at the size after each"
	observe first-error "$(trace pathfs/pathfs_write xfs_io -f -c "pwrite -q -S $byte1 0 $odd1" "$m/file")"
	observe first-events "$(branches)"
	observe first-size "$(stat -c %s "$m/file")"
	observe second-error "$(errno_of xfs_io -c "pwrite -q -S $byte2 $odd1 $odd2" "$m/file")"
	observe second-size "$(stat -c %s "$m/file")"
	step "write $odd3 bytes with O_SYNC behind them; which size has the inode on the medium then?"
	observe third-error "$(errno_of xfs_io -s -c "pwrite -q -S $byte3 $((odd1 + odd2)) $odd3" "$m/file")"
	observe third-durable "$("$tools/pathfs-dump" /dev/pmem1 | sed -n 's/.* links, \([0-9]*\) bytes.*/\1/p' | tail -n 1)"
	step "write 10 bytes in the middle"
	observe inside-error "$(errno_of xfs_io -c "pwrite -q -S $byte3 100 10" "$m/file")"
	observe_file cached "$m/file"
	again pmem
	observe_file medium "$m/file"
}

# Contents, and how many lines of somebody else's they have.
observe_three() {
	for file in part allocated mapped; do
		observe_file "$1-$file" "$m/$file"
	done
	observe "$1-old" "$(cd "$m" && cat part allocated mapped | grep -a -c "$old_data")"
}

check_stale() {
	for medium in nvme pmem; do
		fill $medium
		new_fs $medium
		step "write $odd1 bytes at offset $odd2 of a new file, and let it be two blocks long"
		observe $medium-part-error "$(errno_of xfs_io -f -c "pwrite -q -S $byte1 $odd2 $odd1" \
			-c 'truncate 8k' "$m/part")"
		step "allocate 64 KiB, and write one block of them with O_DIRECT"
		observe $medium-allocated-error "$(errno_of xfs_io -f -d -c 'falloc 0 64k' \
			-c "pwrite -q -S $byte2 $((4 * blocks))k 4k" "$m/allocated")"
		step "map a file that is one hole, and store 10 bytes"
		observe $medium-mapped-error "$(errno_of xfs_io -f -c 'truncate 16k' -c 'mmap -rw 0 16k' \
			-c "mwrite -S $byte3 $odd3 10" "$m/mapped")"
		observe_three $medium
		[ $medium = pmem ] || again $medium
		[ $medium = pmem ] || observe_three $medium-again
		umount "$m"
	done
}

# What iomap_begin answered to writes: "|dax -> written (new)".
answers() { traced ' for write' ' offset '; }

# one_block KEY FILE WHAT [OPTION-OF-XFS_IO]: a write of the block at 8 KiB
one_block() {
	step "$3"
	observe "$1-error" "$(trace pathfs/pathfs_iomap xfs_io -f ${4:+"$4"} -c "pwrite -q -S $byte1 8k 4k" "$2")"
	observe "$1-answers" "$(answers)"
}

check_blocks() {
	for medium in nvme pmem; do
		new_fs $medium
		step "read all of a file that is one hole"
		truncate -s $((4 * blocks))k "$m/hole"
		cat "$m/hole" >/dev/null
		observe $medium-hole-blocks "$(stat -c %b "$m/hole")"
		one_block $medium-hole "$m/hole" "write one block into the hole"
		xfs_io -c fsync "$m/hole"
		one_block $medium-written "$m/hole" "write it once more"
		one_block $medium-direct "$m/direct" "with O_DIRECT, in a new file" -d
		step "a write to a hole that may not sleep"
		observe $medium-nowait-error "$(errno_of xfs_io -d -c "pwrite -q -N -V 1 -S $byte2 0 4k" "$m/direct")"
		xfs_io -f -c 'falloc 0 16k' "$m/allocated"
		one_block $medium-allocated "$m/allocated" "write a block that fallocate has allocated"
		xfs_io -c fsync "$m/hole" -c fsync "$m/allocated"
		observe $medium-blocks-after "$(cd "$m" && stat -c %b hole direct allocated | tr '\n' ,)"
		for file in hole direct allocated; do
			observe_file $medium-$file "$m/$file"
		done
		umount "$m"
	done
}

direct_write() { errno_of xfs_io -f -d -c "pwrite -q -b 64k -S $1 $2 $3" "$m/file"; }

check_append() {
	new_fs nvme
	step "append $blocks blocks with O_DIRECT"
	observe first-error "$(direct_write "$byte1" 0 $((4096 * blocks)))"
	observe first-size "$(stat -c %s "$m/file")"
	step "allocate 1 MiB without a new size, and append $sectors sectors of 512 bytes"
	xfs_io -c 'falloc -k 0 1m' "$m/file"
	observe second-error "$(direct_write "$byte2" $((4096 * blocks)) $((512 * sectors)))"
	observe second-size "$(stat -c %s "$m/file")"
	step "write one block in the middle"
	observe inside-error "$(direct_write "$byte3" 4096 4096)"
	observe inside-size "$(stat -c %s "$m/file")"
	observe_file cached "$m/file"
	again nvme
	observe_file medium "$m/file"
}

# observe_directly KEY FILE: what is on the medium, past the page cache
observe_directly() {
	observe "$1-error" "$(errno_of dd bs=64k iflag=direct status=none "if=$2" of=/run/lab/copy)"
	observe_file "$1" /run/lab/copy
}

# backwards BYTE FILE: each block is written before the one in front of it, and gets its place before it.
backwards() {
	byte=$1
	file=$2
	set --
	for i in $(seq 1 $((2 * blocks))); do
		set -- "$@" -c "pwrite -q -S $byte $((4 * (2 * blocks - i)))k 4k"
	done
	xfs_io -f "$@" "$file"
}

check_writeback() {
	new_fs nvme
	step "write two files from the end to the beginning, block by block, so that both are in $((2 * blocks)) pieces"
	backwards "$byte1" "$m/one"
	backwards "$byte2" "$m/two"
	step "fsync, and read with O_DIRECT what has arrived"
	observe fsync-error "$(errno_of xfs_io -c fsync "$m/one")$(errno_of xfs_io -c fsync "$m/two")"
	observe_directly one "$m/one"
	observe_directly two "$m/two"
	step "write all of one file again, by one write, and some of it through a mapping; fsync"
	observe over-error "$(errno_of xfs_io -c "pwrite -q -b 64k -S $byte3 0 $((8 * blocks))k" \
		-c 'mmap -rw 0 8k' -c "mwrite -S $byte1 $odd3 $odd1" -c fsync "$m/one")"
	observe_directly again-one "$m/one"
	observe_directly again-two "$m/two"
	step "write a block of it with O_DIRECT; read it as usual"
	observe under-error "$(errno_of xfs_io -d -c "pwrite -q -S $byte2 8k 4k" "$m/one")"
	observe_file under "$m/one"
	again nvme
	observe_file medium "$m/one"
}

prepare
case $name in
write) check_write ;;
read) check_read ;;
dax-write) check_dax_write ;;
stale) check_stale ;;
blocks) check_blocks ;;
append) check_append ;;
writeback) check_writeback ;;
*) broken "lab 7 has no check $name" ;;
esac
