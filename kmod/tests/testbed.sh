#!/bin/sh
# SPDX-License-Identifier: MIT
# pathfs in the testbed: kmod/tests/testbed.sh [6.1|6.12] [OPERATIONS [IMAGES]]
# Each check's name is the sentence that must hold.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
kernel=${1:-6.1}
operations=${2:-10000}
images=${3:-300}
build=$root/build/kmod

if [ -z "${BYPASS_TESTBED:-}" ]; then
	unset MAKEFLAGS MFLAGS MAKELEVEL
	exec "$root/vm/run" --kernel "$kernel" --clock=ns --pmem 1G --nvme 512M --timeout 3600 -- \
		sh "$root/kmod/tests/testbed.sh" "$kernel" "$operations" "$images"
fi

passed=0
failed=0
work=/run/pathfs
events=/sys/kernel/tracing/events
mkdir -p $work /mnt/pathfs
cd /mnt || exit 1
m=/mnt/pathfs

# check SENTENCE COMMAND...: the command says whether it holds.
check() {
	sentence=$1
	shift
	if "$@" >$work/out 2>&1; then
		passed=$((passed + 1))
		echo "ok      $sentence"
	else
		failed=$((failed + 1))
		echo "FAILED  $sentence"
		tail -n 20 $work/out | sed 's/^/        out: /'
	fi
}

not() { ! "$@"; }
same() { [ "$1" = "$2" ]; }
make_fs() { "$build/mkfs.pathfs" -q -f "$1"; }
mount_fs() { mount -t pathfs -o "$1" "$2" $m; }
fsck_clean() { "$build/fsck.pathfs" -n "$1"; }
log_has() { dmesg | grep -q -e "$1"; }
is_dax() { [ $((0$(xfs_io -r -c 'statx -r' "$1" | sed -n 's/^stat.attributes = 0x/x/p') & 0x200000)) -ne 0 ]; }

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

# random_operations DEVICE OPTIONS NAME: against the model, remounted now and then; then fsck.
random_operations() {
	check "$3: a new file system" make_fs "$1"
	check "$3: mounts" mount_fs "$2" "$1"
	check "$3: $operations random operations give what the model has" \
		"$build/tests/operations" 1 "$operations" $m "$1" pathfs "$2"
	check "$3: three at once do, too" three_at_once
	check "$3: fsck refuses while it is mounted" not "$build/fsck.pathfs" "$1"
	check "$3: unmounts" umount $m
	check "$3: fsck finds nothing" fsck_clean "$1"
}

three_at_once() {
	for i in 1 2 3; do
		mkdir $m/at-once$i
		"$build/tests/operations" "7$i" $((operations / 3)) $m/at-once$i >$work/at-once$i 2>&1 &
		eval "pid$i=$!"
	done
	# shellcheck disable=SC2154 # set by eval
	wait "$pid1" && wait "$pid2" && wait "$pid3" && return
	cat $work/at-once?
	return 1
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
	truncate -s 64M /dev/shm/medium
	make_fs /dev/shm/medium && mount -o loop -t pathfs /dev/shm/medium $m
	"$build/tests/operations" 5 500 $m >/dev/null
	echo synced >$m/synced
	sync
	rm $m/folder0/* && cp /bin/sh $m/sh
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

# Damaged media: refused, or they work as far as they go; never an oops, which the last check would see.
damaged() {
	truncate -s 8M /dev/shm/medium
	"$build/mkfs.pathfs" -q -N 32 /dev/shm/medium && mount -o loop -t pathfs /dev/shm/medium $m
	mkdir $m/a && cp /bin/true $m/a/true && ln -s a $m/link && echo x >$m/a/x
	# Every second block, so that extents overflow into a block of their own.
	i=0
	while [ $i -lt 80 ]; do
		echo $i | dd of=$m/holes bs=4k seek=$((i * 2)) conv=notrunc status=none
		i=$((i + 1))
	done
	umount $m
	loop=$(losetup -f --show /dev/shm/medium)
	check "$images damaged media are refused or used" "$build/tests/damage" 1 "$images" "$loop" $m
	tail -n 1 $work/out | sed 's/^/        /'
	losetup -d "$loop" && rm /dev/shm/medium
}

nvme=/dev/nvme0n1
[ -d $events ] || mount -t tracefs tracefs /sys/kernel/tracing
modprobe -a crc32c_generic libcrc32c
dmesg -C
check "the module loads" insmod "$build/$kernel/pathfs.ko"
ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null 2>&1
branches_without_dax
branches_with_dax
names
not_unmounted
damaged
random_operations $nvme dax=never nvme
random_operations /dev/pmem0 dax=never "pmem without DAX"
random_operations /dev/pmem0 dax=always "pmem with DAX"
check "the module unloads" rmmod pathfs
# The bits that an oops and a warning set, wherever the log has got to.
tainted=$(($(cat /proc/sys/kernel/tainted) & (1 << 7 | 1 << 9)))
check "the kernel had nothing to warn of" same "$tainted" 0
check "nor did lockdep or a watchdog" not log_has 'BUG:\|WARNING:\|blocked for more'
[ "$tainted" = 0 ] || dmesg | tail -n 60
echo "$passed passed, $failed failed"
[ $failed = 0 ]
