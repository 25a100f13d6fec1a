#!/bin/sh
# SPDX-License-Identifier: MIT
# On the host: what must have been observed in the guest.
# shellcheck disable=SC2317 # functions are called by the check's name
name=$1
seed=$2
# shellcheck source=labs/engine/verdict-lib.sh
. "$(dirname "$0")/../engine/verdict-lib.sh"

# same KEY SUM WHAT
same() {
	got=$(value "$1")
	[ "$got" = "$2" ] || wrong "$3" "The bytes' checksum was '${got:-not observed}', not $2."
}

check_agree() {
	size=$(number size 1100000 1000000)
	written=$(bytes "$size" 0 | sum)
	mapped=$(bytes "$size" 1 | sum)
	for fs in xfs ext4 pathfs; do
		expect "$fs.mount" 0 "$fs mounts with dax=always."
		expect "$fs.dax" yes "statx() says of a file of $fs that DAX is in use."
		same "$fs.written.by_mapping" "$written" "$fs: a mapping (pfn) has what write() (kaddr) wrote."
		same "$fs.mapped.by_read" "$mapped" "$fs: read() (kaddr) gives what was stored by a mapping (pfn)."
		same "$fs.written.by_block_layer" "$written" "$fs: the block layer finds on the device what write() wrote."
		same "$fs.mapped.by_block_layer" "$mapped" "$fs: the block layer finds on the device what was stored by a mapping."
	done
}

check_huge() {
	expect mount 0 "xfs mounts with dax=always."
	expect huge_faults 8 "16 MiB in one piece are mapped by 8 faults of 2 MiB each."
	expect faults 8 "And no other fault is needed."
}

check_poison() {
	expect mount 0 "xfs mounts with dax=always."
	expect read EIO "read() of a bad page fails with EIO."
	expect load "byte SIGBUS" "A load from a new mapping of the bad page gives SIGBUS."
	expect load_before "byte 0x" "The last byte of the page before it can be loaded."
	[ "$(value write_part)" != 0 ] || wrong "A write of 100 bytes, less than a sector, fails: the rest of it is lost." "It succeeded."
	expect write_all 0 "A write of all of the bad page, and of good ones around it, succeeds."
	expect list_after "" "After it no sector is bad."
	expect read_after 4096 "The page can be read again."
	expect load_after "byte 0x33" "And loaded: it has what was written."
}

check_zero() {
	first=$(number first 1 5)
	count=$(number count 2 7)
	expect mount 0 "xfs mounts with its realtime section on the device, and dax=always."
	expect punch 0 "A hole can be punched over the pages."
	holed=$( (
		bytes 131072 0 | head -c $((4096 * first))
		head -c $((4096 * count)) /dev/zero
		bytes 131072 0 | tail -c +$((4096 * (first + count) + 1))
	) | sum)
	expect list_after "" "A bad page that was overwritten with zeros is good again."
	same sum "$holed" "The file has $count pages of zeros from page $first on, and its own bytes around them."
}

check_before() {
	page=$(number page 4 20)
	expect mount 0 "xfs mounts with dax=always."
	expect first_sector_of_a_page $((4096 * page)) "If a page's first sector is bad, read() gives all bytes before that page."
	expect last_sector_of_a_page $((4096 * page)) "If only its last sector is bad, too: DAX has nothing smaller than pages."
	expect from_the_page_before 4096 "If the bad sectors begin inside of a page, the page before it is read."
	expect begins_earlier EIO "If what is bad begins before the read and reaches into it, nothing can be read."
	expect behind_it 131072 "Behind what is bad all bytes are read."
	expect beyond_the_read 131072 "What is bad behind the read doesn't matter to it."
}

check_repair() {
	bad=$((8 * $(number page 2 20)))
	expect read_bad EIO "A direct read of a bad page fails with EIO."
	expect list_one "$bad 2;$((bad + 3)) 5;" "After a write of the third of 8 bad sectors the other seven are bad."
	expect read_one 0 "The sector that was written can be read."
	expect read_other EIO "The next one can't."
	expect list_beside "$bad 2;$((bad + 3)) 5;" "A write of good sectors changes nothing."
	expect list_all "" "A write over all of them makes all good."
	expect read_all 0 "And the page can be read."
}

check_mapped() {
	for fs in xfs ext4 pathfs; do
		expect "$fs.before" 0x5a "$fs: the mapped page can be loaded while it is good."
		expect "$fs.bad" SIGBUS "$fs: once it has turned bad, the next load gives SIGBUS, though the page was mapped."
		expect "$fs.beside" 0x5a "$fs: the page behind it can still be loaded."
		expect "$fs.written" 4096 "$fs: pwrite() of the page succeeds."
		expect "$fs.after" 0x77 "$fs: then it can be loaded, and has what was written."
	done
	[ -n "$(value list)" ] || wrong "A page that no file has turns bad, too." "The list is empty."
}

expect insmod 0 "The module loads."
"check_$name"
expect kernel_warnings 0 "The kernel has nothing to warn of (lines 'kernel:' in the log)."
expect exit_status 0 "The check came to its end."
passed
