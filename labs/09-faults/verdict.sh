#!/bin/sh
# SPDX-License-Identifier: MIT
# The verdicts of lab 9, on the host: verdict.sh NAME SEED, what was observed on stdin.
set -u
name=$1
seed=$2
here=$(dirname "$0")
# shellcheck source=labs/engine/verdict-lib.sh
. "$here/../engine/verdict-lib.sh"
# shellcheck source=labs/09-faults/numbers.sh
. "$here/numbers.sh"

# A fault that finds no page table asks for 2 MiB first, and gets VM_FAULT_FALLBACK if that can't be.
first="1 dax pmd"

# each_page BYTE COUNT [OTHER]: pages of zeros, but BYTE where it is stored, and OTHER behind it.
each_page() {
	awk -v count="$2" 'BEGIN { for (i = 0; i < count; i++) print }' | while read -r _; do
		repeat 0 "$where"
		repeat "$1" 1
		repeat "${3:-0}" 1
		repeat 0 $((4096 - where - 2))
	done
}

done_with() { expect "$1-end" "${3:-done}" "$2 ends with '${3:-done}'."; }

# cache_faults KEY COUNT KIND WHAT: a fault whose page must be read first may come again.
cache_faults() {
	faults=$(value "$1-faults")
	for extra in 0 1 2; do
		[ "$faults" != "$(($2 + extra)) buffered pte $3" ] || return 0
	done
	wrong "$4" "The events were '$faults'."
}

verdict_mkwrite() {
	done_with hole "A store into each page of a shared mapping"
	cache_faults hole $((2 * pages)) write \
		"Each of $pages stores is two events of branch 'buffered': the fault, and page_mkwrite."
	expect hole-mtime new "A store changes the file's time."
	expect hole-fsync 0 "fsync of the file succeeds."
	expect hole-blocks $((8 * pages)) "Each page that was stored to has its block: $((8 * pages)) sectors."
	each_page "$byte1" "$pages" | expect_file hole "The file, mounted again," || exit
	done_with twice "A second round of stores"
	cache_faults twice $((2 * pages)) write \
		"Of two stores into a page the second needs no fault: $((2 * pages)) events."
	expect cut-error 0 "A truncate is possible after the faults."
	{
		repeat "$byte2" 1
		repeat 0 $((where - 1))
		repeat "$byte2" 1
		repeat 0 $((4095 - where))
	} | expect_file cut "The file that was cut to a page" || exit
}

verdict_dax() {
	done_with load "A load from each page of a hole"
	expect load-faults "$first read, $pages dax pte read" "$pages loads are $pages faults of single pages, for reading."
	expect load-kernel "$pages" "Each of them ends with an entry in the page table (fs_dax:dax_pte_fault_done)."
	expect load-blocks 0 "Loads from a hole allocate nothing."
	done_with store "A store into each page"
	expect store-faults "$first write, $pages dax pte write" "$pages stores are $pages faults, for writing."
	expect store-kernel "$pages" "Each of them ends with an entry in the page table (fs_dax:dax_pte_fault_done)."
	expect store-mtime new "A store changes the file's time."
	each_page "$byte1" "$pages" | expect_file store "Read by read(), the file" || exit
	done_with after "A load of a byte that write() has changed, then a store beside it" "byte $byte2, done"
	expect after-faults "$first read, 1 dax pte read, 1 dax pte write" \
		"A load and then a store are two faults, one for reading and one for writing."
	{
		each_page "$byte2" 1 "$byte1"
		each_page "$byte1" $((pages - 1))
	} | expect_file after "Read by read(), the file" || exit
	expect cut-error 0 "A truncate is possible after the faults."
	done_with end "A load behind the end of the file" SIGBUS
	each_page "$byte2" 1 "$byte1" | expect_file end "The file that was cut to a page, mounted again," || exit
}

verdict_finish() {
	size=$((4096 * pages))
	done_with hole "A store into each page of a hole under MAP_SYNC"
	expect hole-kernel "$pages" "Each of $pages faults maps its page by dax_finish_sync_fault."
	expect hole-durable "$size bytes 1 extents" \
		"When a store under MAP_SYNC is done, the inode on the medium has the block, though nobody called fsync."
	each_page "$byte1" "$pages" | expect_file hole "The file" || exit
	done_with other "A store into each page of a hole without MAP_SYNC"
	expect other-kernel 0 "Without MAP_SYNC no fault waits for the medium."
	each_page "$byte2" "$pages" | expect_file other "The other file" || exit
}

verdict_private() {
	size=$((4096 * pages))
	for medium in nvme pmem; do
		key=$medium-private
		done_with $key "A store into each page of a private mapping, and a load" "byte $byte1, done"
		what="$pages stores into a private mapping are $pages faults that read the file."
		if [ $medium = nvme ]; then
			cache_faults $key "$pages" read "$what"
		else
			expect $key-faults "$first read, $pages dax pte read" "$what"
			expect $key-mtime old "A store into a private mapping doesn't change the file's time."
		fi
		expect $key-blocks 0 "A store into a private mapping gives the file no block."
		repeat 0 $size | expect_file $key "After private stores the file" || exit
		key=$medium-shared
		done_with $key "A store into each page of a shared mapping, and a load" "byte $byte2, done"
		if [ $medium = nvme ]; then
			cache_faults $key $((2 * pages)) write "$pages stores into a shared mapping are faults that write the file."
		else
			expect $key-faults "$first read, $pages dax pte read, $pages dax pte write" \
				"$pages loads are faults that read the file, and as many stores faults that write it."
		fi
		expect $key-mtime new "A store into a shared mapping changes the file's time."
		each_page "$byte2" "$pages" | expect_file $key "After shared stores the file" || exit
	done
}

# each_huge BYTE COUNT
each_huge() {
	awk -v count="$2" 'BEGIN { for (i = 0; i < count; i++) print }' | while read -r _; do
		repeat 0 "$where"
		repeat "$1" 1
		repeat 0 $((2097152 - where - 1))
	done
}

verdict_pmd() {
	done_with store "A store into each 2 MiB, and loads from all pages"
	expect store-faults "$huge dax pmd write" "$huge times 2 MiB are $huge faults, and no load needs another."
	expect store-kernel-pmd "$huge" "Each of them ends with an entry of 2 MiB (fs_dax:dax_pmd_fault_done)."
	expect store-kernel-pte 0 "No page is mapped alone."
	each_huge "$byte1" "$huge" | expect_file store "The file" || exit
	done_with load "Loads from all pages, then a store into each 2 MiB"
	expect load-faults "$huge dax pmd read, $huge dax pmd write" \
		"Of each 2 MiB the first load is a fault, and the first store behind it."
	expect load-kernel-pte 0 "No page is mapped alone."
	each_huge "$byte2" "$huge" | expect_file load "The file, mounted again," || exit
	done_with private "A store to a private mapping" "byte $byte1, done"
	each_huge "$byte2" "$huge" | expect_file private "After private stores the file" || exit
}

# one_piece KEY WHAT: in one piece, and in 2 MiB of the medium where it is in 2 MiB of the file.
one_piece() {
	pieces=$(value "$1-pieces")
	case $pieces in
	*' '* | '') wrong "$2 lies in one piece on the medium." "Its pieces, in sectors of file:medium, are '$pieces'." ;;
	esac
	in_file=${pieces%%..*}
	on_medium=${pieces#*:}
	on_medium=${on_medium%%..*}
	[ $((on_medium % 4096)) = $((in_file % 4096)) ] || wrong \
		"$2 has in 2 MiB of the medium the place that it has in 2 MiB of the file (modulo 4096 sectors)." \
		"Sector $in_file of the file is sector $on_medium of the medium: $((in_file % 4096)) and $((on_medium % 4096))."
}

verdict_place() {
	one_piece small "A small DAX file"
	one_piece large "A DAX file of $huge times 2 MiB"
	done_with large "A store into each 2 MiB"
	expect large-kernel-pmd "$huge" "All of it is mapped by entries of 2 MiB (fs_dax:dax_pmd_fault_done)."
	one_piece grown "The first file, which grew when there was another,"
	{
		repeat 0 4096
		repeat "$byte1" $((4096 * pages))
		repeat "$byte2" $((4096 * pages))
	} | expect_file grown "The file that grew" || exit
}

verdict_sync() {
	done_with durable "A store into each page of a durable file under MAP_SYNC"
	expect durable-kernel 0 "Where blocks and size are durable, no fault waits for the medium."
	done_with size "A store into the first page of a file with a new size"
	expect size-kernel 1 "While the size isn't durable, a fault under MAP_SYNC waits for the inode."
	expect size-durable "$((4096 * (pages + 1))) bytes 1 extents" "After that the inode on the medium has the new size."
	done_with hole "A store into a hole under MAP_SYNC"
	expect hole-kernel 1 "A fault on a hole under MAP_SYNC waits until the inode on the medium has the new block."
	done_with other "A store into a hole without MAP_SYNC"
	expect other-kernel 0 "Without MAP_SYNC no fault waits for the medium."
}

expect insmod 0 "The module loads."
case $name in
mkwrite) verdict_mkwrite ;;
dax) verdict_dax ;;
finish) verdict_finish ;;
private) verdict_private ;;
pmd) verdict_pmd ;;
place) verdict_place ;;
sync) verdict_sync ;;
*) broken "lab 9 has no check $name" ;;
esac
expect kernel_warnings 0 "The kernel has nothing to warn of."
passed
