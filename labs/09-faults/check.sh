#!/bin/sh
# SPDX-License-Identifier: MIT
# The checks of lab 9, in the guest: check.sh NAME ROOT FOLDER SEED
set -u
name=$1
root=$2
folder=$3
seed=$4
. "$root/labs/engine/check-lib.sh"
. "$root/labs/engine/pathfs-lib.sh"
. "$root/labs/09-faults/numbers.sh"

# touch_mapped KEY FILE SIZE MODE ACTION...: what check.c says of it; and the faults, as pathfs and as
# the kernel's own DAX code tell of them.
touch_mapped() {
	key=$1
	shift
	echo >$tracing/trace
	echo 1 >$tracing/events/pathfs/pathfs_fault/enable
	echo 1 >$tracing/events/fs_dax/enable
	observe "$key-end" "$("$folder/check" "$@" 2>&1 | tail -n 1)"
	echo 0 >$tracing/events/fs_dax/enable
	echo 0 >$tracing/events/pathfs/pathfs_fault/enable
	observe "$key-faults" "$(traced ' branch ' '')"
}

# kernel_events KEY NAME: how often this event came, of those that ended with an entry in the page table.
kernel_events() { observe "$1" "$(grep -c "$2.*NOPAGE" $tracing/trace)"; }

# aged FILE: one that was last changed long ago. moved KEY FILE: was it changed since?
aged() { touch -d '2001-01-01' "$1"; }
moved() {
	if [ "$(stat -c %Y "$2")" -gt 1000000000 ]; then observe "$1-mtime" new; else observe "$1-mtime" old; fi
}

# A page-cache file: a store makes its page dirty, and gives it a block.
check_mkwrite() {
	new_fs nvme
	step "store into each of $pages pages of a hole, shared; fsync"
	truncate -s $((4096 * pages)) "$m/file"
	aged "$m/file"
	touch_mapped hole "$m/file" $((4096 * pages)) shared store-each "$byte1" "$where" 4096
	moved hole "$m/file"
	observe hole-fsync "$(errno_of xfs_io -c fsync "$m/file")"
	observe hole-blocks "$(stat -c %b "$m/file")"
	again nvme
	observe_file hole "$m/file"
	step "map it again: store into each page, twice"
	touch_mapped twice "$m/file" $((4096 * pages)) shared store-each "$byte2" "$where" 4096 \
		store-each "$byte2" 0 4096
	observe_file twice "$m/file"
	step "cut it to one page"
	observe cut-error "$(errno_of truncate -s 4096 "$m/file")"
	again nvme
	observe_file cut "$m/file"
}

# A DAX file, by single pages: it is smaller than 2 MiB.
check_dax() {
	new_fs pmem
	truncate -s $((4096 * pages)) "$m/file"
	aged "$m/file"
	step "load from each of $pages pages of a hole"
	touch_mapped load "$m/file" $((4096 * pages)) shared load-each "$where" 4096
	kernel_events load-kernel 'dax_pte_fault_done.*shared'
	observe load-blocks "$(stat -c %b "$m/file")"
	step "store into each"
	touch_mapped store "$m/file" $((4096 * pages)) shared store-each "$byte1" "$where" 4096
	kernel_events store-kernel 'dax_pte_fault_done.*shared WRITE'
	moved store "$m/file"
	observe_file store "$m/file"
	step "load a page, then store into it; what write() has changed before is seen"
	observe write-error "$(errno_of xfs_io -c "pwrite -q -S $byte2 $where 1" "$m/file")"
	touch_mapped after "$m/file" 4096 shared print "$where" store-each "$byte1" "$((where + 1))" 4096
	observe_file after "$m/file"
	step "cut it to one page, and load behind its end"
	observe cut-error "$(errno_of truncate -s 4096 "$m/file")"
	touch_mapped end "$m/file" $((4096 * pages)) shared load-each "$where" 4096
	again pmem
	observe_file end "$m/file"
}

# durable KEY: size and number of extents of the newest inode as the medium has them.
durable() {
	observe "$1-durable" "$("$tools/pathfs-dump" /dev/pmem1 |
		sed -n 's/.* links, \([0-9]*\) bytes, \([0-9]*\) extents.*/\1 bytes \2 extents/p' | tail -n 1)"
}

check_finish() {
	new_fs pmem
	step "map $pages pages of a hole with MAP_SYNC, and store into each; the file is not synced"
	truncate -s $((4096 * pages)) "$m/file"
	touch_mapped hole "$m/file" $((4096 * pages)) sync store-each "$byte1" "$where" 4096
	kernel_events hole-kernel dax_insert_pfn_mkwrite:
	durable hole
	observe_file hole "$m/file"
	step "the same without MAP_SYNC"
	truncate -s $((4096 * pages)) "$m/other"
	touch_mapped other "$m/other" $((4096 * pages)) shared store-each "$byte2" "$where" 4096
	kernel_events other-kernel dax_insert_pfn_mkwrite:
	observe_file other "$m/other"
}

check_private() {
	for medium in nvme pmem; do
		new_fs $medium
		step "a private mapping of a hole: store into each of $pages pages"
		truncate -s $((4096 * pages)) "$m/file"
		aged "$m/file"
		touch_mapped $medium-private "$m/file" $((4096 * pages)) private \
			store-each "$byte1" "$where" 4096 print "$where"
		[ $medium = nvme ] || moved pmem-private "$m/file"
		observe $medium-private-blocks "$(stat -c %b "$m/file")"
		observe_file $medium-private "$m/file"
		step "a shared mapping: load from each page of a DAX file; then store into each"
		load=
		[ $medium = nvme ] || load="load-each $where 4096"
		# shellcheck disable=SC2086 # no word or three
		touch_mapped $medium-shared "$m/file" $((4096 * pages)) shared $load \
			store-each "$byte2" "$where" 4096 print "$where"
		moved $medium-shared "$m/file"
		observe_file $medium-shared "$m/file"
		umount "$m"
	done
}

check_pmd() {
	new_fs pmem
	step "store into a page of each 2 MiB of a hole of $huge times 2 MiB, and load from each page"
	truncate -s $((2 * huge))m "$m/file"
	touch_mapped store "$m/file" $((huge << 21)) shared store-each "$byte1" "$where" 2097152 \
		load-each "$where" 4096
	kernel_events store-kernel-pmd 'dax_pmd_fault_done.*shared WRITE'
	kernel_events store-kernel-pte dax_pte_fault_done
	observe_file store "$m/file"
	step "map it again; load from each page, then store"
	touch_mapped load "$m/file" $((huge << 21)) shared load-each "$where" 4096 \
		store-each "$byte2" "$where" 2097152
	kernel_events load-kernel-pte dax_pte_fault_done
	again pmem
	observe_file load "$m/file"
	step "a store to a private mapping, which must not change the file"
	touch_mapped private "$m/file" $((huge << 21)) private store-each "$byte1" "$where" 2097152 print "$where"
	observe_file private "$m/file"
}

# pieces FILE: "0..4095:40960..45055", in sectors, for each extent.
pieces() {
	xfs_io -r -c fiemap "$1" | sed -n 's/.*\[\(.*\)\]: \([0-9]*\.\.[0-9]*\).*/\1:\2/p' | tr '\n' ' ' | sed 's/ $//'
}

check_place() {
	new_fs pmem
	step "a file of $pages blocks that begins one block behind a multiple of 2 MiB"
	xfs_io -f -c "pwrite -q -b 4k -S $byte1 4k $((4 * pages))k" "$m/small"
	observe small-pieces "$(pieces "$m/small")"
	step "a file of $huge times 2 MiB, from fallocate"
	xfs_io -f -c "falloc 0 $((2 * huge))m" "$m/large"
	observe large-pieces "$(pieces "$m/large")"
	touch_mapped large "$m/large" $((huge << 21)) shared store-each "$byte1" "$where" 2097152
	kernel_events large-kernel-pmd 'dax_pmd_fault_done.*shared WRITE'
	step "a second file like the first, then more blocks for the first"
	xfs_io -f -c "pwrite -q -b 4k -S $byte1 4k $((4 * pages))k" "$m/second"
	xfs_io -c "pwrite -q -b 4k -S $byte2 $((4 * (pages + 1)))k $((4 * pages))k" "$m/small"
	observe grown-pieces "$(pieces "$m/small")"
	observe_file grown "$m/small"
}

check_sync() {
	new_fs pmem
	step "a file whose $pages blocks and size are durable: store into each page under MAP_SYNC"
	xfs_io -f -c "pwrite -q -S $byte1 0 $((4 * pages))k" -c fsync "$m/file"
	touch_mapped durable "$m/file" $((4096 * pages)) sync store-each "$byte2" "$where" 4096
	kernel_events durable-kernel dax_insert_pfn_mkwrite:
	step "let it be one page longer, don't sync it, and store into its first page"
	truncate -s $((4096 * (pages + 1))) "$m/file"
	touch_mapped size "$m/file" 4096 sync store-each "$byte1" "$where" 4096
	kernel_events size-kernel dax_insert_pfn_mkwrite:
	durable size
	step "store into its last page, which is a hole"
	touch_mapped hole "$m/file" $((4096 * (pages + 1))) sync store-each "$byte1" $((4096 * pages)) 4096
	kernel_events hole-kernel dax_insert_pfn_mkwrite:
	step "store into a hole without MAP_SYNC"
	truncate -s 4096 "$m/other"
	touch_mapped other "$m/other" 4096 shared store-each "$byte1" "$where" 4096
	kernel_events other-kernel dax_insert_pfn_mkwrite:
	observe_file sync "$m/file"
}

prepare
case $name in
mkwrite) check_mkwrite ;;
dax) check_dax ;;
finish) check_finish ;;
private) check_private ;;
pmd) check_pmd ;;
place) check_place ;;
sync) check_sync ;;
*) broken "lab 9 has no check $name" ;;
esac
