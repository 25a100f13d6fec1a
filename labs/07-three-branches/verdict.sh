#!/bin/sh
# SPDX-License-Identifier: MIT
# The verdicts of lab 7, on the host: verdict.sh NAME SEED, what was observed on stdin.
set -u
name=$1
seed=$2
here=$(dirname "$0")
# shellcheck source=labs/engine/verdict-lib.sh
. "$here/../engine/verdict-lib.sh"
# shellcheck source=labs/07-three-branches/numbers.sh
. "$here/numbers.sh"

# done_without_error KEY WHAT
done_without_error() { expect "$1-error" 0 "$2 succeeds."; }

# branch_of MEDIUM HOW
branch_of() {
	case $1-$2 in
	pmem-*) echo dax ;;
	nvme-plain) echo buffered ;;
	nvme-direct) echo direct ;;
	esac
}

# what_of MEDIUM HOW: "without O_DIRECT, of a DAX file"
what_of() {
	[ "$2" = plain ] && what="without O_DIRECT" || what="with O_DIRECT"
	[ "$1" = pmem ] && echo "$what, of a DAX file" || echo "$what, of a file that isn't DAX"
}

verdict_write() {
	for medium in nvme pmem; do
		for how in plain direct; do
			branch=$(branch_of $medium $how)
			done_without_error $medium-$how "A write $(what_of $medium $how),"
			expect $medium-$how-events "$blocks $branch" \
				"Each of $blocks writes $(what_of $medium $how), takes the branch '$branch'."
			repeat "$byte1" $((4096 * blocks)) |
				expect_file $medium-$how "The file" || exit
		done
	done
}

verdict_read() {
	for medium in nvme pmem; do
		for how in plain direct untraced; do
			if [ $how != untraced ]; then
				branch=$(branch_of $medium $how)
				done_without_error $medium-$how "A read $(what_of $medium $how),"
				expect $medium-$how-events "$((blocks + 1)) $branch" \
					"Each of $((blocks + 1)) reads $(what_of $medium $how), takes the branch '$branch'."
			fi
			{
				repeat "$byte1" "$odd1"
				repeat "$byte2" "$odd2"
				repeat "$byte1" $((16384 * blocks - odd1 - odd2))
			} | expect_file $medium-$how "What is read" || exit
		done
	done
}

dax_file() {
	repeat "$byte1" 100
	repeat "$byte3" 10
	repeat "$byte1" $((odd1 - 110))
	repeat "$byte2" "$odd2"
	repeat "$byte3" "$odd3"
}

verdict_dax_write() {
	size=$((odd1 + odd2))
	done_without_error first "A write to a new file"
	expect first-events "1 dax" "One write is one event."
	expect first-size "$odd1" "After a write of $odd1 bytes to a new file it has $odd1 bytes."
	done_without_error second "A second write"
	expect second-size $size "After $odd2 bytes more it has $size bytes."
	done_without_error third "A write with O_SYNC"
	expect third-durable $((size + odd3)) \
		"When a write with O_SYNC returns, the inode on the medium has the new size, $((size + odd3))."
	done_without_error inside "A write inside the file"
	dax_file | expect_file cached "The file" || exit
	dax_file | expect_file medium "The file, mounted again," || exit
}

part_file() {
	repeat 0 "$odd2"
	repeat "$byte1" "$odd1"
	repeat 0 $((8192 - odd1 - odd2))
}

allocated_file() {
	repeat 0 $((4096 * blocks))
	repeat "$byte2" 4096
	repeat 0 $((65536 - 4096 - 4096 * blocks))
}

mapped_file() {
	repeat 0 "$odd3"
	repeat "$byte3" 10
	repeat 0 $((16384 - 10 - odd3))
}

verdict_stale() {
	for medium in nvme pmem; do
		done_without_error $medium-part "A write of part of a block"
		done_without_error $medium-allocated "A write to allocated blocks"
		done_without_error $medium-mapped "A store to a mapped hole"
		for key in $medium $medium-again; do
			[ "$key" != pmem-again ] || continue
			expect "$key-old" 0 "No line of any file is what somebody else had in its blocks before."
			part_file | expect_file "$key-part" "The file that was written in part" || exit
			allocated_file | expect_file "$key-allocated" "The allocated file" || exit
			mapped_file | expect_file "$key-mapped" "The mapped file" || exit
		done
	done
}

# expect_answer KEY ANSWER WHAT
expect_answer() {
	done_without_error "$1" "The operation ($3)"
	expect "$1-answers" "1 $2" "iomap_begin is asked once, 'for write', and its answer to $3 is '$2'."
}

block_at_8k() {
	repeat 0 8192
	repeat "$byte1" 4096
	[ "$1" = 12288 ] || repeat 0 $(($1 - 12288))
}

verdict_blocks() {
	for medium in nvme pmem; do
		new=" -> unwritten"
		direct="|direct -> unwritten"
		old=" -> written"
		[ $medium = nvme ] || new="|dax -> written (new)" direct=$new old="|dax -> written"
		expect $medium-hole-blocks 0 "Who only reads gets no blocks: a hole stays a hole."
		expect_answer $medium-hole "$new" "a write to a hole"
		expect_answer $medium-written "$old" "a write to what is written"
		expect_answer $medium-direct "$direct" "a write with O_DIRECT to a hole"
		case $(value $medium-nowait-error) in
		*'temporarily unavailable'*) ;;
		*) wrong "A write to a hole that may not sleep (IOMAP_NOWAIT) gets -EAGAIN." \
			"Its error was '$(value $medium-nowait-error)'." ;;
		esac
		expect_answer $medium-allocated "$new" "a write to blocks that fallocate has allocated"
		expect $medium-blocks-after 8,8,32, \
			"A write of one block allocates one, 8 sectors, and a write to allocated blocks none."
		block_at_8k $((4096 * blocks)) | expect_file $medium-hole "The file with a hole" || exit
		block_at_8k 12288 | expect_file $medium-direct "The file written with O_DIRECT" || exit
		block_at_8k 16384 | expect_file $medium-allocated "The allocated file" || exit
	done
}

appended_file() {
	repeat "$byte1" 4096
	repeat "$byte3" 4096
	repeat "$byte1" $((4096 * (blocks - 2)))
	repeat "$byte2" $((512 * sectors))
}

verdict_append() {
	size=$((4096 * blocks))
	done_without_error first "A write with O_DIRECT to a new file"
	expect first-size $size "After $blocks blocks of 4096 bytes were appended the size is $size."
	size=$((size + 512 * sectors))
	done_without_error second "A write with O_DIRECT of $sectors sectors"
	expect second-size $size "After $sectors sectors more the size is $size, however many blocks there are."
	done_without_error inside "A write with O_DIRECT inside the file"
	expect inside-size $size "After a write inside the file its size is $size, as before."
	appended_file | expect_file cached "After a write inside it, the file" || exit
	appended_file | expect_file medium "The file, mounted again," || exit
}

over_file() {
	repeat "$byte3" "$odd3"
	repeat "$byte1" "$odd1"
	repeat "$byte3" $((8192 - odd1 - odd3))
	repeat "$1" 4096
	repeat "$byte3" $((8192 * blocks - 12288))
}

verdict_writeback() {
	size=$((8192 * blocks))
	expect fsync-error 00 "fsync of two files succeeds: the dirty pages are written."
	repeat "$byte1" $size | expect_file one "On the medium, the first file" || exit
	repeat "$byte2" $size | expect_file two "On the medium, the second file" || exit
	done_without_error over "A write over a file in pieces, and fsync,"
	over_file "$byte3" | expect_file again-one "On the medium, the file that was written again" || exit
	repeat "$byte2" $size | expect_file again-two "On the medium, the file beside it" || exit
	done_without_error under "A write with O_DIRECT of a block that is cached"
	over_file "$byte2" | expect_file under "Read through the cache, the file" || exit
	over_file "$byte2" | expect_file medium "The file, mounted again," || exit
}

expect insmod 0 "The module loads."
case $name in
write) verdict_write ;;
read) verdict_read ;;
dax-write) verdict_dax_write ;;
stale) verdict_stale ;;
blocks) verdict_blocks ;;
append) verdict_append ;;
writeback) verdict_writeback ;;
*) broken "lab 7 has no check $name" ;;
esac
expect kernel_warnings 0 "The kernel has nothing to warn of."
passed
