#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage, in the guest: vm/guest/with-media bench/tests/guest-cells.sh STAGE BYPASS FOLDER
# Measures the cells that testbed.sh judges. Of each measurement NAME, FOLDER gets NAME.json (the
# run.json), NAME.out, NAME.err and NAME.status; it holds the helpers that testbed.sh built.
#
#   paths    what must be measured, with every claim held
#   refuted  what looks like a path and isn't: each must be noticed
#   never    the same file systems once more, mounted without DAX (called by refuted)
#   two-cpus what needs a second CPU, so that it can't be on the instruction clock; and what probe says
#            there (probe.out, and as a user without rights probe-user.out)
#   pressed  a file that memory can't hold
set -u

stage=$1
bypass=$2
folder=$3
root=$(cd "$(dirname "$0")/../.." && pwd)

# measure NAME ARGUMENTS...: one call of bypass.
measure() {
	name=$1
	shift
	"$bypass" run --results=/run/results --export-json="$folder/$name.json" "$@" \
		>"$folder/$name.out" 2>"$folder/$name.err" </dev/null
	echo $? >"$folder/$name.status"
}

# lie HOW NAME ARGUMENTS...: the same with something between bypass and the kernel.
lie() {
	BYPASS_LIE=$1
	export BYPASS_LIE
	shift
	LD_PRELOAD=$folder/guest_liar.so
	export LD_PRELOAD
	measure "$@"
	unset LD_PRELOAD BYPASS_LIE
}

set_all() {
	for attribute in /sys/block/*/queue/"$1"; do
		echo "$2" >"$attribute" 2>/dev/null || :
	done
}

# The first thing in two boots: the counts must be the same.
measure_twice() {
	cat >/run/boots.ini <<-'END'
		[suite]
		question=Does the next boot count the same?
		runs=3
		[global]
		rw=randread
		size=4m
		number_ios=500
		[nothing]
		path=null
		[memory]
		target=testbed:pmem/xfs
		each.path=buffered,dax,mmap-shared,mmap-dax
		[disk]
		target=testbed:nvme/xfs
		path=direct
	END
	measure "$1" /run/boots.ini
}

paths() {
	measure_twice boot-1
	cat >/run/paths.ini <<-'END'
		[suite]
		question=Does each path go where its name says?
		runs=2
		[global]
		size=8m
		number_ios=500
		[pmem]
		each.rw=randread,randwrite
		each.target=testbed:pmem/xfs,testbed:pmem/ext4
		each.path=buffered,direct,dax,mmap-shared,mmap-private,mmap-dax
		[huge]
		hugepage=1
		number_ios=2048
		each.rw=randread,randwrite
		each.target=testbed:pmem/xfs,testbed:pmem/ext4
		path=mmap-dax
		[sync]
		rw=randwrite
		sync=1
		each.durability=none,data
		each.target=testbed:pmem/xfs,testbed:pmem/ext4
		path=mmap-dax
		[disk]
		rw=randread
		each.target=testbed:nvme/xfs,testbed:nvme/ext4
		each.path=buffered,direct
		[cold]
		rw=randread
		cache=cold
		each.target=testbed:pmem/xfs,testbed:nvme/xfs
		each.path=buffered,mmap-shared
		[stored]
		rw=randwrite
		durability=data
		number_ios=100
		each.target=testbed:pmem/xfs,testbed:pmem/ext4,testbed:nvme/xfs,testbed:nvme/ext4
		each.path=buffered,direct
		[nothing]
		path=null
	END
	measure paths /run/paths.ini
	cat >/run/queues.ini <<-'END'
		[suite]
		question=Who tells that a block has come?
		runs=2
		[global]
		target=testbed:disk
		size=4m
		number_ios=500
		[one at a time]
		each.rw=randread,randwrite
		each.path=direct,libaio,uring,uring-iopoll,passthru,passthru-iopoll,userdrv-poll,userdrv-irq,userdrv-hybrid
		[32 at once]
		each.rw=randread,randwrite
		iodepth=32
		iodepth_batch_submit=0
		iodepth_batch_complete_min=32
		each.path=libaio,uring,uring-iopoll,passthru,passthru-iopoll,userdrv-poll,userdrv-irq,userdrv-hybrid
		[32, given one by one]
		rw=randread
		iodepth=32
		each.path=libaio,uring,uring-iopoll,passthru,passthru-iopoll,userdrv-poll,userdrv-irq
		[registered]
		rw=randread
		fixedbufs=1
		registerfiles=1
		each.path=uring,uring-iopoll,passthru,passthru-iopoll
		[many registered]
		rw=randread
		iodepth=256
		fixedbufs=1
		each.path=uring,uring-iopoll,passthru,passthru-iopoll
	END
	measure queues /run/queues.ini
	measure queues-durable --path=libaio,uring,uring-iopoll,passthru,passthru-iopoll \
		--target=testbed:disk --rw=randwrite --durability=data --size=4m --number_ios=100 \
		--runs=1
	measure one-cpu --path=uring-sqpoll --target=testbed:disk --size=4m --number_ios=200 \
		--runs=1
	measure commands-to-a-file --path=passthru,passthru-iopoll --target=testbed:nvme/xfs \
		--size=4m --number_ios=200 --runs=1
	# Nothing can be lost in a disk's cache that it doesn't have: no flush, and no refutation.
	set_all write_cache 'write through'
	measure no-write-cache --path=buffered,direct --target=testbed:nvme/ext4 --rw=randwrite \
		--durability=data --size=4m --number_ios=100 --runs=1
	set_all write_cache 'write back'
	# An account that isn't kept proves nothing, and refutes nothing.
	set_all iostats 0
	cat >/run/unaccounted.ini <<-'END'
		[suite]
		question=What can be told without the block layer's account?
		runs=1
		[global]
		rw=randread
		size=4m
		number_ios=200
		[pmem]
		target=testbed:pmem/xfs
		each.path=dax,direct
		[disk]
		target=testbed:nvme/xfs
		each.cache=hot,cold
		each.path=buffered,direct
	END
	measure unaccounted /run/unaccounted.ini
	set_all iostats 1
}

# A disk that with-media leaves alone.
spare_disk() {
	for serial in /sys/class/nvme/nvme*/serial; do
		read -r found <"$serial"
		[ "$found" != bypass-nvme2 ] || echo "/dev/$(basename "${serial%/serial}")n1"
	done
}

# O_DIRECT is accepted here and goes through the page cache: data that are journaled must.
refuted_journal() {
	disk=$(spare_disk)
	mkdir -p /run/journal
	mkfs.ext4 -q -F -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 "$disk"
	mount -o noatime,noinit_itable,data=journal "$disk" /run/journal
	measure journal --path=direct --target=file:/run/journal --rw=randread \
		--size=4m --number_ios=200 --runs=1
	measure journal-write --path=direct --target=file:/run/journal --rw=randwrite \
		--size=4m --number_ios=200 --runs=1
	umount /run/journal
}

# Pages that somebody else holds stay whatever is done to evict them.
refuted_cold() {
	held=/testbed/nvme/xfs/held
	xfs_io -f -c 'pwrite -q 0 4m' -c fsync "$held"
	"$folder/guest_hold" "$held" >/run/held &
	holder=$!
	until grep -q held /run/held; do
		kill -0 "$holder" || break
		sleep 0.1
	done
	measure held --path=buffered,mmap-shared --target="file:$held" --rw=randread --cache=cold \
		--size=4m --number_ios=200 --runs=1
	# The shell would tell of the end that it was sent to.
	{
		kill "$holder"
		wait "$holder"
	} 2>/dev/null
	# And the other way round: the same file without the holder is measured.
	measure let-go --path=buffered,mmap-shared --target="file:$held" --rw=randread \
		--cache=cold --size=4m --number_ios=200 --runs=1
	rm "$held"
}

# Off by one page between file and medium, no entry of 2 MiB can map it.
refuted_huge() {
	shifted=/testbed/pmem-dax/ext4/shifted
	xfs_io -f -c 'pwrite -q 0 6m' -c 'fcollapse 0 4k' "$shifted"
	measure shifted --path=mmap-dax --target="file:$shifted" --rw=randread --hugepage=1 \
		--size=4m --runs=1
	rm "$shifted"
}

refuted_lies() {
	for how in damage chatty; do
		lie $how $how --path=buffered --target=testbed:pmem/ext4 --rw=randread \
			--size=4m --number_ios=200 --runs=1
	done
	for how in misdirect lose; do
		lie $how $how --path=direct --target=testbed:pmem/ext4 --rw=randwrite \
			--size=4m --number_ios=200 --runs=1
	done
	# Two runs of the same and one that is slower by a number of instructions that is known.
	for instructions in 2 2-again 108; do
		BYPASS_LINGER=${instructions%-again}
		export BYPASS_LINGER
		lie linger linger-$instructions --path=dax --target=testbed:pmem/xfs --rw=randread \
			--size=4m --number_ios=500 --runs=3
	done
	lie forget forget --path=direct --target=testbed:nvme/ext4 --rw=randwrite \
		--durability=data --size=4m --number_ios=100 --runs=1
}

refuted() {
	measure_twice boot-2
	measure tmpfs --path=direct --target=file:/run --size=4m --number_ios=200 --runs=1
	measure not-dax --path=dax,mmap-dax --target=file:/testbed/pmem/xfs --size=4m \
		--number_ios=200 --runs=1
	measure sync-not-dax --path=mmap-dax --sync=1 --target=file:/testbed/pmem/xfs \
		--rw=randwrite --size=4m --number_ios=200 --runs=1
	measure sync-disk --path=mmap-dax --sync=1 --target=testbed:nvme/xfs --rw=randwrite \
		--size=4m --number_ios=200 --runs=1
	refuted_journal
	refuted_cold
	refuted_huge
	refuted_lies
	# Everything anew, without DAX.
	for place in /testbed/*/*/ /testbed/.*-*/; do
		umount "$place"
	done
	BYPASS_DAX_MOUNT=never "$root/vm/guest/with-media" "$0" never "$bypass" "$folder" ||
		echo $? >"$folder/never.status"
}

never() {
	measure never --path=dax,mmap-dax --target=testbed:pmem/xfs --rw=randread --size=4m \
		--number_ios=200 --runs=1
	measure never-write --path=dax,mmap-dax --target=testbed:pmem/ext4 --rw=randwrite \
		--size=4m --number_ios=200 --runs=1
}

# Each job and the kernel's thread that submits for it look all the time.
two_cpus() {
	cat >/run/two-cpus.ini <<-'END'
		[suite]
		question=Who calls the kernel?
		runs=1
		[global]
		target=testbed:disk
		size=4m
		number_ios=1000
		[one at a time]
		each.rw=randread,randwrite
		each.path=uring,uring-sqpoll
		[32 at once]
		iodepth=32
		each.rw=randread,randwrite
		path=uring-sqpoll
		[registered]
		rw=randread
		fixedbufs=1
		registerfiles=1
		path=uring-sqpoll
		[stored]
		rw=randwrite
		durability=data
		number_ios=100
		path=uring-sqpoll
	END
	measure two-cpus /run/two-cpus.ini
	cat >/run/jobs.ini <<-'END'
		[suite]
		question=Can several jobs share what the device has?
		runs=2
		[global]
		target=testbed:disk
		size=4m
		number_ios=400
		[four jobs]
		numjobs=4
		each.rw=randread,randrw
		each.iodepth=1,8
		each.path=uring,userdrv-poll,userdrv-irq,userdrv-hybrid
		[open loop]
		numjobs=2
		rw=randread
		number_ios=100
		rate_iops=200
		each.rate_process=linear,poisson
		each.path=direct,uring,userdrv-poll,userdrv-irq,userdrv-hybrid
		[preconditioned]
		rw=randwrite
		precondition=2
		each.path=direct,userdrv-poll
	END
	measure jobs /run/jobs.ini
}

probe() {
	"$bypass" probe >"$folder/probe.out" 2>&1
	setpriv --reuid=65534 --clear-groups "$bypass" probe >"$folder/probe-user.out" 2>&1
}

pressed() {
	for rw in randread randwrite; do
		# Enough for the pages that come in to exceed what reclaim keeps free.
		measure pressed-$rw --path=buffered,mmap-shared --target=testbed:nvme/xfs --rw=$rw \
			--cache=pressed --size=160m --number_ios=8000 --runs=1
	done
	measure not-pressed --path=buffered --target=testbed:nvme/xfs --rw=randread \
		--cache=pressed --size=64m --number_ios=300 --runs=1
}

case $stage in
paths | refuted | never | pressed) "$stage" ;;
two-cpus)
	probe
	two_cpus
	;;
*)
	echo "guest-cells: no stage '$stage'; see the first lines of $0" >&2
	exit 2
	;;
esac
dmesg >"$folder/$stage.dmesg"
