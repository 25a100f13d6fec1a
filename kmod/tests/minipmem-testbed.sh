#!/bin/sh
# SPDX-License-Identifier: MIT
# minipmem in the testbed: kmod/tests/minipmem-testbed.sh [6.1|6.12|debug]
# The range is that of an NVDIMM, which the kernel's own driver has to give up first.
# Each check's name is the sentence that must hold.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
kernel=${1:-6.1}
build=$root/build/kmod
module=$build/$kernel/minipmem.ko

if [ -z "${BYPASS_TESTBED:-}" ]; then
	unset MAKEFLAGS MFLAGS MAKELEVEL
	exec "$root/vm/run" --kernel "$kernel" --clock=ns --pmem 1G --timeout 1800 -- \
		sh "$root/kmod/tests/minipmem-testbed.sh" "$kernel"
fi

. "$root/mk/shell-test.sh"
. "$root/kmod/tests/kernel-clean-lib.sh"
. "$root/kmod/tests/dax-lib.sh"
work=/run/minipmem
m=/mnt/minipmem
d=/dev/minipmem0
sys=/sys/block/minipmem0
tracing=/sys/kernel/tracing
# What a load of a bad page is told with SIGBUS: 6.1 has no more to say than of a hole in a file.
code=BUS_ADRERR
[ "$kernel" != 6.12 ] || code=BUS_MCEERR_AR
mkdir -p $work $m
cd /mnt || exit 1

load_module() { insmod "$module" "start=$start" "size=$size"; }

# refused_with SENTENCE PARAMETER...: not loaded, and the log says why.
refused_with() {
	dmesg -C
	reason=$1
	shift
	insmod "$module" "$@" && return 1
	dmesg | tee $work/log
	grep -q "minipmem: .*$reason" $work/log
}

io_error() {
	"$@" 2>$work/error && return 1
	cat $work/error
	grep -q 'Input/output error' $work/error
}

read_page() { dd "if=$1" of=$work/page bs=4k count=1 skip="$2" status=none ${3:+iflag=$3}; }
write_page() { dd if=/dev/zero "of=$1" bs=4k count=1 seek="$2" conv=notrunc status=none ${3:+oflag=$3}; }
bad_list() { tr '\n' ';' <$sys/badblocks; }
stat_field() { awk "{ print \$$1 }" $sys/stat; }
# The sector of the device where a file begins.
sector_of() { xfs_io -r -c fiemap "$1" | sed -n 's/.*\[0\.\.[0-9]*\]: \([0-9]*\)\.\..*/\1/p'; }

# own_driver bind|unbind: it may be built in, and then can't be unloaded.
own_driver() { echo namespace0.0 >/sys/bus/nd/drivers/nd_pmem/"$1"; }

find_range() {
	# 140000000-17fffffff : Persistent Memory
	range=$(sed -n 's/^ *\([0-9a-f]*-[0-9a-f]*\) : Persistent Memory$/\1/p' /proc/iomem | head -n 1)
	start=0x${range%-*}
	size=$((0x${range#*-} - start + 1))
}

wrong_parameters() {
	# shellcheck disable=SC2016 # the kernel's option has a dollar
	check "without parameters it says what to do" refused_with 'memmap=256M$0x40000000 .* start='
	check "less than 2 MiB is refused" refused_with 'steps of 2 MiB' "start=$start" size=1M
	check "a start between two multiples of 2 MiB, too" \
		refused_with 'steps of 2 MiB' "start=$((start + 4096))" size=2M
	check "System RAM is refused" refused_with "isn't reserved" start=64M size=2M
	check "so is what reaches beyond reserved memory" \
		refused_with "isn't reserved" "start=$((start + size - 2097152))" size=4M
	check "and an address where nothing is" refused_with "isn't reserved" start=0x100000000000 size=2M
	check "and a size that isn't one" refused_with '' "start=$start" size=2X
}

# A name, how to make one, and the options that both file systems have.
file_system() {
	fs=$1
	shift
	check "$fs: made" "$@" $d
	check "$fs: mounts with dax=always" mount -t "$fs" -o dax=always $d $m
	xfs_io -f -c 'pwrite -q -S 0x5a 0 2m' $m/file
	check "$fs: statx says DAX" is_dax $m/file
	check "$fs: MAP_SYNC is accepted" "$build/tests/mapping" sync $m/file
	huge_faults
	flushes
	mapped_page late no
	mapped_page early yes
	bad_file
	check "$fs: the module stays while it is mounted" not rmmod minipmem
	survives
}

huge_faults() {
	xfs_io -f -c 'falloc 0 16m' $m/huge
	echo >$tracing/trace
	echo 1 >$tracing/events/fs_dax/dax_pmd_fault_done/enable
	"$build/tests/mapping" write $m/huge 16777216 >$work/faults
	echo 0 >$tracing/events/fs_dax/dax_pmd_fault_done/enable
	check "$fs: 16 MiB are mapped by 8 PMD faults" \
		same "$(grep -c 'shared WRITE.*NOPAGE' $tracing/trace)" 8
	check "$fs: and by no other fault" same "$(cut -d ' ' -f 2 $work/faults)" 8
}

flushes() {
	before=$(stat_field 16)
	xfs_io -c 'pwrite -q 0 4k' -c fsync $m/file
	check "$fs: fsync reaches the device as a flush" [ "$(stat_field 16)" -gt "$before" ]
	# Half of it: a journal may write now, too.
	before=$(stat_field 7)
	xfs_io -f -c 'pwrite -q 0 16m' $m/huge
	check "$fs: a DAX write doesn't come by the block layer" \
		[ $(($(stat_field 7) - before)) -lt 16384 ]
}

# mapped_page late|early no|yes: whether who has it mapped asks to be told at once, and is.
mapped_page() {
	name="$fs, $1"
	rm -f $m/mapped
	xfs_io -f -c 'falloc 0 2m' -c 'pwrite -q -S 0x5a 0 2m' -c fsync $m/mapped
	"$build/tests/minipmem_poison" "$1" $m/mapped 8192 $sys/badblocks \
		$(($(sector_of $m/mapped) + 16)) >$work/poison 2>&1
	check "$name: a page is mapped and loaded" grep -x 'before: 0x5a' $work/poison
	check "$name: told at once that it turned bad: $2" grep -x "told: $2" $work/poison
	check "$name: the next load gives SIGBUS, $code" grep -x "bad: SIGBUS at this page, $code" $work/poison
	check "$name: the page beside it can still be loaded" grep -x 'next: 0x5a' $work/poison
	check "$name: the bad one stays bad" grep -x "bad again: SIGBUS at this page, $code" $work/poison
	check "$name: pwrite of it succeeds" grep -x 'written: 4096' $work/poison
	check "$name: and then it can be loaded" grep -x 'after: 0x77' $work/poison
	check "$name: no bad block is left" same "$(bad_list)" ''
	[ "$(wc -l <$work/poison)" = 7 ] || sed 's/^/        /' $work/poison
}

bad_file() {
	sector=$(sector_of $m/file)
	echo "$((sector + 8)) 8" >$sys/badblocks
	check "$fs: the list has what was set" same "$(bad_list)" "$((sector + 8)) 8;"
	check "$fs: read() of a bad block gives EIO" io_error read_page $m/file 1
	check "$fs: before it is read well" read_page $m/file 0
	check "$fs: the disk gives EIO, too" io_error read_page $d $((sector / 8 + 1)) direct
	check "$fs: part of a bad sector can't be written" not xfs_io -c 'pwrite -q 4096 100' $m/file
	check "$fs: one sector of eight can" xfs_io -c 'pwrite -q 4096 512' $m/file
	check "$fs: that one is good again" same "$(bad_list)" "$((sector + 9)) 7;"
	check "$fs: its page isn't" io_error read_page $m/file 1
	check "$fs: a write over good and bad blocks" xfs_io -c 'pwrite -q -S 0x33 0 64k' $m/file
	check "$fs: makes all good" same "$(bad_list)" ''
	check "$fs: and reads back" xfs_io -r -c 'pread -q 0 64k' $m/file
}

survives() {
	cp /bin/busybox $m/kept
	umount $m
	check "$fs: unloads when it isn't mounted" rmmod minipmem
	check "$fs: loads again" load_module
	check "$fs: mounts again" mount -t "$fs" -o dax=always $d $m
	check "$fs: what was written is there" cmp /bin/busybox $m/kept
	umount $m
}

# Files that share a page: the page names neither of them.
reflinked() {
	mkfs.xfs -q -f -m reflink=1 $d && mount -t xfs -o dax=always $d $m
	xfs_io -f -c 'pwrite -q -S 0x5a 0 2m' -c fsync $m/one
	cp --reflink=always $m/one $m/two
	"$build/tests/minipmem_poison" late $m/one 8192 $sys/badblocks \
		$(($(sector_of $m/one) + 16)) >$work/poison 2>&1
	check "reflink: a page of two files is mapped, and turns bad" grep -x 'told: no' $work/poison
	check "reflink: read() by the other gives EIO" io_error read_page $m/two 2
	check "reflink: the page beside it is read well" read_page $m/two 3
	umount $m
}

# A file system that can tell what a page belongs to is asked.
reverse_map() {
	mkfs.xfs -q -f -m rmapbt=1,reflink=0 $d && mount -t xfs -o dax=always $d $m
	cp /bin/busybox $m/kept
	echo 0 8 >$sys/badblocks
	check "rmapbt: xfs is told that its superblock is lost, and stops" io_error ls $m
	umount $m
	check "rmapbt: and can't be mounted" not mount -t xfs -o dax=always $d $m
	echo -0 8 >$sys/badblocks
	check "rmapbt: until the block is good" mount -t xfs -o dax=always $d $m
	check "rmapbt: with all that there was" cmp /bin/busybox $m/kept
	umount $m
}

plain_device() {
	check "a range that isn't one is refused" not sh -c "echo 8 0 >$sys/badblocks"
	check "and one beyond the end" not sh -c "echo $((size / 512 - 1)) 2 >$sys/badblocks"
	write_page $d 5 direct
	echo 40 8 >$sys/badblocks
	check "a bad block of the device gives EIO" io_error read_page $d 5 direct
	check "also by the page cache" io_error read_page $d 5
	check "the block before it doesn't" read_page $d 4 direct
	check "a direct write" write_page $d 5 direct
	check "clears it" same "$(bad_list)" ''
	check "and it reads well" read_page $d 5 direct
	echo 40 8 >$sys/badblocks
	echo -40 8 >$sys/badblocks
	check "a line with a minus clears it, too" read_page $d 5 direct
	check "discard isn't offered" same "$(cat $sys/queue/discard_max_bytes)" 0
	check "the cache is a write-back one, with FUA" \
		same "$(cat $sys/queue/write_cache $sys/queue/fua | tr '\n' ' ')" "write back 1 "
	reads=$(stat_field 1)
	read_page $d 9 direct
	check "a read is counted" same "$(stat_field 1)" $((reads + 1))
}

[ -d $tracing/events ] || mount -t tracefs tracefs $tracing
modprobe -a crc32c_generic libcrc32c xfs ext4 nd_pmem
find_range
check "a range that a driver has is refused" refused_with 'in use by another driver' "start=$start" "size=$size"
own_driver unbind
wrong_parameters
dmesg -C
check "it loads on the range of an NVDIMM" load_module
check "its size is the range's" same "$(blockdev --getsize64 $d)" "$size"
plain_device
# Its allocation is in steps of a stripe, which makes it one of 2 MiB.
file_system xfs mkfs.xfs -q -f -d su=2m,sw=1
file_system ext4 mkfs.ext4 -q -F
insmod "$build/$kernel/pathfs.ko"
file_system pathfs "$build/mkfs.pathfs" -q -f
reflinked
reverse_map
check "the module unloads" rmmod minipmem
check "and the kernel's own driver can have the range back" own_driver bind
check "pathfs unloads, too" rmmod pathfs
check "the kernel had nothing to report" kernel_is_clean
all_held
