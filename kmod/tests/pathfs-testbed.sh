#!/bin/sh
# SPDX-License-Identifier: MIT
# pathfs in the testbed: kmod/tests/pathfs-testbed.sh [6.1|6.12|debug [OPERATIONS]]
# Each check's name is the sentence that must hold.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
kernel=${1:-6.1}
operations=${2:-1000}
build=$root/build/kmod

if [ -z "${BYPASS_TESTBED:-}" ]; then
	unset MAKEFLAGS MFLAGS MAKELEVEL
	exec "$root/vm/run" --kernel "$kernel" --clock=ns --pmem 1G --nvme 512M --timeout 3600 -- \
		sh "$root/kmod/tests/pathfs-testbed.sh" "$kernel" "$operations"
fi

work=/run/pathfs
events=/sys/kernel/tracing/events
m=/mnt/pathfs
nvme=/dev/nvme0n1
mkdir -p $work $m
cd /mnt || exit 1
. "$root/mk/shell-test.sh"
. "$root/kmod/tests/kernel-clean-lib.sh"
. "$root/kmod/tests/dax-lib.sh"

make_fs() { "$build/mkfs.pathfs" -q -f "$1"; }
mount_fs() { mount -t pathfs -o "$1" "$2" $m; }
fsck_clean() { "$build/fsck.pathfs" -n "$1"; }
log_has() { dmesg | grep -q -e "$1"; }

# trace EVENT FILTER COMMAND...: how often the event came, into $count.
trace() {
	event=$1
	filter=$2
	shift 2
	echo >/sys/kernel/tracing/trace
	echo 1 >"$events/$event/enable"
	"$@" >$work/traced 2>&1
	echo 0 >"$events/$event/enable"
	count=$(grep -v '^#' /sys/kernel/tracing/trace | grep -c -e "$filter")
}

# together DEVICE OPTIONS NAME [OPTION-OF-MODEL]: processes that share a file, or the file system.
together() {
	make_fs "$1" && mount_fs "$2" "$1"
	check "$3: mixed access is coherent: each way to change a file is seen in each way by another process" \
		"$build/tests/coherence" seen $m/shared
	check "$3: so it is when two processes change one file at the same time" \
		"$build/tests/coherence" at-once $m/shared 1 "$operations"
	check "$3: $operations random operations by each of three at once give what their models have" \
		three_at_once ${4:+"$4"}
	check "$3: fsck refuses while it is mounted" not "$build/fsck.pathfs" "$1"
	check "$3: unmounts" umount $m
	check "$3: fsck finds nothing" fsck_clean "$1"
}

three_at_once() {
	for i in 1 2 3; do
		mkdir $m/at-once$i
		"$build/tests/model" $m/at-once$i 7$i "$operations" "$@" >$work/at-once$i 2>&1 &
		eval "pid$i=$!"
	done
	# shellcheck disable=SC2154 # set by eval
	for pid in "$pid1" "$pid2" "$pid3"; do
		wait "$pid" || cat $work/at-once?
	done
	[ "$(cat $work/at-once? | grep -c ': no difference$')" = 3 ]
}

branches_without_dax() {
	make_fs "$nvme" && mount_fs dax=inode "$nvme"
	check "nvme: a file is not DAX" not is_dax $m
	trace pathfs/pathfs_write "branch buffered" xfs_io -f -c 'pwrite 0 64k' $m/buffered
	check "nvme: write() takes the buffered branch" same "$count" 16
	trace pathfs/pathfs_write "branch direct" xfs_io -f -d -c 'pwrite 0 64k' $m/direct
	check "nvme: with O_DIRECT, the direct branch" same "$count" 16
	trace pathfs/pathfs_read "branch direct" xfs_io -d -c 'pread 0 64k' $m/direct
	check "nvme: read() with O_DIRECT, too" same "$count" 16
	xfs_io -f -c 'truncate 1m' $m/mapped
	trace pathfs/pathfs_fault "branch buffered .* write" "$build/tests/mapping" write $m/mapped 65536
	check "nvme: a page fault takes the page cache's branch" same $((count >= 16)) 1
	check "nvme: MAP_SYNC is refused" \
		same "$("$build/tests/mapping" sync $m/mapped)" "refused: Operation not supported"
	umount $m
	check "nvme: dax=always is refused" not mount_fs dax=always "$nvme"
	check "nvme: the log says why" log_has "can't do DAX"
}

dax_faults() {
	xfs_io -f -c 'truncate 16m' $m/huge
	trace fs_dax/dax_pmd_fault_done "shared WRITE.*NOPAGE" "$build/tests/mapping" write $m/huge 16777216
	check "pmem: 16 MiB are mapped by 8 PMD faults" same "$count" 8
	check "pmem: and by no other fault" same "$(cut -d ' ' -f 2 $work/traced)" 8
	check "pmem: 16 MiB lie in one piece" \
		same "$(xfs_io -r -c fiemap $m/huge | grep -c '\[')" 1
	trace pathfs/pathfs_fault "branch dax .* size pmd write" "$build/tests/mapping" write $m/huge 16777216
	check "pmem: the faults took the DAX branch" same "$count" 8
	trace pathfs/pathfs_fault "branch dax .* size pmd write" "$build/tests/mapping" alone $m/huge 16777216
	check "pmem: so they do where nothing else is mapped" same "$count" 8
	check "pmem: there the kernel asks for 1 GiB first, which is told" \
		same "$(grep -c 'branch dax .* size pud write' /sys/kernel/tracing/trace)" 1
	xfs_io -f -c 'falloc 0 16m' $m/allocated
	trace fs_dax/dax_pmd_fault_done "shared WRITE.*NOPAGE" "$build/tests/mapping" write $m/allocated 16777216
	check "pmem: blocks of fallocate are mapped by PMD faults, too" same "$count" 8
	check "pmem: MAP_SYNC is accepted" "$build/tests/mapping" sync $m/huge
	xfs_io -c 'falloc 16m 4k' $m/huge
	trace fs_dax/dax_pmd_fault_done "shared.*NOPAGE" "$build/tests/mapping" read $m/huge 16777216
	check "pmem: loads are mapped by PMD faults" same "$count" 8
}

branches_with_dax() {
	make_fs /dev/pmem0 && mount_fs dax=always /dev/pmem0
	trace pathfs/pathfs_write "branch dax" xfs_io -f -c 'pwrite 0 64k' $m/file
	check "pmem: write() takes the DAX branch" same "$count" 16
	check "pmem: statx says DAX" is_dax $m/file
	check "pmem: a read across the end of the largest file ends" \
		xfs_io -f -c 'truncate 17592186036224' -c 'pread 17592186032128 64k' $m/largest
	check "pmem: and so does one behind it" xfs_io -c 'pread 17592186040320 64k' -c 'pread 17592186048512 64k' $m/largest
	rm $m/largest
	dax_faults
	umount $m
	check "pmem: fsck finds nothing after faults" fsck_clean /dev/pmem0
	mount_fs dax=inode /dev/pmem0
	check "pmem, dax=inode: a file without the flag is not DAX" not is_dax $m/file
	mkdir $m/folder
	check "pmem, dax=inode: a folder takes the flag" xfs_io -c 'chattr +x' $m/folder
	echo new >$m/folder/new
	check "pmem, dax=inode: what is made in it is DAX" is_dax $m/folder/new
	xfs_io -c 'chattr +x' $m/file
	umount $m
	mount_fs dax=inode /dev/pmem0
	check "pmem, dax=inode: a file with the flag is DAX when loaded again" is_dax $m/file
	check "pmem: a remount that changes dax= is refused" not mount -o remount,dax=never $m
	umount $m
	mount_fs dax=never /dev/pmem0
	check "pmem, dax=never: the flag doesn't count" not is_dax $m/folder/new
	check "pmem, dax=never: MAP_SYNC is refused" not "$build/tests/mapping" sync $m/folder/new
	umount $m
}

names() {
	make_fs "$nvme" && mount_fs dax=inode "$nvme"
	long=$(printf '%0255d' 0)
	check "a name of 255 bytes" touch "$m/$long"
	check "not one of 256" not touch "$m/0$long"
	target=$(printf '%04000d' 0)
	ln -s "$target" $m/link
	check "a symlink of 4,000 bytes" same "$(readlink $m/link)" "$target"
	mkfifo $m/fifo
	mknod $m/null c 1 3
	check "special files" test -p $m/fifo -a -c $m/null
	mkdir $m/many
	(cd $m/many && seq 1 500 | xargs touch)
	check "500 names in a directory" same "$(find $m/many -type f | wc -l)" 500
	check "a directory with names isn't removed" not rmdir $m/many
	mkdir $m/many/below
	check "a directory moves" mv $m/many/below $m/below
	check "a directory replaces an empty one" sh -c "mkdir $m/empty && mv -T $m/below $m/empty"
	check "not one with names" not mv -T $m/empty $m/many
	free=$(stat -f -c '%f %d' $m)
	cp -r "$root/userdrv" $m/tree
	check "a copied tree is equal" diff -r "$root/userdrv" $m/tree
	rm -r $m/tree
	check "what is removed is free again" same "$(stat -f -c '%f %d' $m)" "$free"
	touch -d "1999-12-31 23:59:59.123456789" $m/old
	chown 12:34 $m/old && chmod 4751 $m/old
	before=$(stat -c '%a %u %g %y' $m/old)
	umount $m && mount_fs dax=inode "$nvme"
	check "mode, owner and time survive a remount" same "$(stat -c '%a %u %g %y' $m/old)" "$before"
	check "the time to the nanosecond" sh -c "stat -c %y $m/old | grep -q '123456789'"
	check "a full disk says so" sh -c "! dd if=/dev/zero of=$m/full bs=1M 2>&1 | grep -q 'file too large' &&
		dd if=/dev/zero of=$m/full2 bs=1M count=8 2>&1 | grep -q 'No space left'"
	rm $m/full $m/full2
	check "and is usable again afterwards" cp /bin/sh $m/sh
	umount $m
	check "fsck finds nothing after names" fsck_clean "$nvme"
}

# A copy of a mounted medium has all that was synced; but its bitmaps are those of mkfs.
not_unmounted() {
	modprobe loop
	truncate -s 256M /dev/shm/medium
	make_fs /dev/shm/medium && mount -o loop -t pathfs /dev/shm/medium $m
	mkdir $m/load
	check "a load runs on what won't be unmounted" "$build/tests/model" $m/load 5 500
	echo synced >$m/synced
	sync
	# Then names go and come without a sync.
	find $m/load -name '[A-M]*' -type f -delete && cp /bin/sh $m/sh
	cp /dev/shm/medium /dev/shm/copy
	umount $m && rm /dev/shm/medium
	check "what was not unmounted is not mounted for writing" not mount -o loop -t pathfs /dev/shm/copy $m
	check "for reading it is" mount -o loop,ro -t pathfs /dev/shm/copy $m
	check "and has what was synced" grep -q synced $m/synced
	umount $m
	"$build/fsck.pathfs" -q /dev/shm/copy >$work/fsck
	check "fsck repairs it" same "$?" 1
	check "and then finds nothing" fsck_clean /dev/shm/copy
	check "and then it is mounted" mount -o loop -t pathfs /dev/shm/copy $m
	check "with what was synced" grep -q synced $m/synced
	umount $m
	check "fsck finds nothing after that" fsck_clean /dev/shm/copy
	rm /dev/shm/copy
}

# pinned unlink|truncate: most of the medium is taken, so that freed blocks are used at once.
pinned() {
	make_fs /dev/pmem0 && mount_fs dax=always /dev/pmem0
	xfs_io -f -c "falloc 0 $((($(stat -f -c %a $m) - 12288) * 4))k" $m/most
	check "pmem: what $1 frees stays the file's while a pipe has pages of it" \
		"$build/tests/pinned" "$1" $m/file $m/other
	check "pmem: unmounts after that" umount $m
	check "pmem: fsck finds nothing after that" fsck_clean /dev/pmem0
}

# A medium in a file, of which the block device's own cache is written while it is mounted.
make_medium() {
	modprobe loop
	truncate -s 64M /dev/shm/medium
	make_fs /dev/shm/medium
	medium=$(losetup -f --show /dev/shm/medium)
	mount_fs dax=never "$medium" && echo kept >$m/kept && echo kept >$m/other && umount $m
}

remove_medium() {
	! mountpoint -q $m || umount $m
	check "$1" fsck_clean "$medium"
	losetup -d "$medium" && rm /dev/shm/medium
}

foreign_super() {
	make_medium
	mount_fs dax=never "$medium"
	before=$(stat -f -c '%b %c' $m)
	dd if=/dev/zero of="$medium" bs=4k count=1 conv=notrunc status=none
	check "a superblock that another writes over while it is mounted isn't read again" \
		same "$(stat -f -c '%b %c' $m)" "$before"
	check "files are made and read all the same" sh -c "cp /bin/sh $m/sh && cmp /bin/sh $m/sh && rm $m/sh"
	remove_medium "and the unmount writes it whole"
}

remount_fails() {
	for _ in $(seq 50); do
		! mount -o remount,rw $m || return
	done
}

remount_under_readers() {
	for _ in $(seq 20); do
		mount -o remount,ro $m || return
		echo 2 >/proc/sys/vm/drop_caches
		(cat $m/f* >/dev/null) &
		mount -o remount,rw $m || return
		wait $! || return
	done
}

remounts() {
	make_medium
	mount_fs ro,dax=never "$medium"
	cat $m/kept >/dev/null
	before=$(stat -f -c '%f %d' $m)
	dd if="$medium" of=$work/bitmap bs=4k skip=1 count=1 status=none
	dd if=/dev/zero of="$medium" bs=4k seek=1 count=1 conv=notrunc status=none
	check "with a damaged bitmap it isn't remounted for writing, 50 times" remount_fails
	check "the log says why" log_has "bitmaps are damaged"
	check "and it is as it was: free blocks" same "$(stat -f -c '%f %d' $m)" "$before"
	check "a file that was not loaded yet" grep -q kept $m/other
	dd if=$work/bitmap of="$medium" bs=4k seek=1 count=1 conv=notrunc status=none
	check "with the right bitmap it is remounted" mount -o remount,rw $m
	for i in $(seq 30); do
		echo "$i" >"$m/f$i"
	done
	check "and back, 20 times, while files are loaded" remount_under_readers
	remove_medium "fsck finds nothing after remounts"
}

# Who writes goes on after an emergency remount; then the medium must not be called clean.
emergency_remount() {
	make_medium
	mount_fs dax=never "$medium"
	exec 3>>$m/open
	echo u >/proc/sysrq-trigger
	check "an emergency makes it read-only" wait_for read_only
	dd if=/dev/zero bs=1M count=2 status=none >&3
	exec 3>&-
	check "from an emergency there is no way back but unmounting" not mount -o remount,rw $m
	umount $m
	"$build/fsck.pathfs" -q "$medium" >$work/fsck
	check "after an emergency fsck must run" same "$?" 1
	remove_medium "and then finds nothing"
}

read_only() { grep -q "pathfs ro" /proc/mounts; }

[ -d $events ] || mount -t tracefs tracefs /sys/kernel/tracing
modprobe -a crc32c_generic libcrc32c
dmesg -C
check "the module loads" insmod "$build/$kernel/pathfs.ko"
ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null 2>&1
branches_without_dax
branches_with_dax
names
not_unmounted
pinned unlink
pinned truncate
foreign_super
remounts
emergency_remount
together $nvme dax=never nvme
together /dev/pmem0 dax=never "pmem without DAX"
together /dev/pmem0 dax=always "pmem with DAX" --dax
check "the module unloads" rmmod pathfs
check "the kernel had nothing to report" kernel_is_clean
all_held
