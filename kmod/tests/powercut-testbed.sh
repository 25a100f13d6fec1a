#!/bin/sh
# SPDX-License-Identifier: MIT
# Power cuts of pathfs under load: kmod/tests/powercut-testbed.sh [MOMENTS [6.1|6.12 [SEED]]]
# Each check's name is the sentence that must hold. The disk's log is made by a device-mapper target,
# powercut_disk/; that of the persistent memory by a plugin in QEMU, vm/plugins/pmem_order.c. `make
# powercut` builds what is needed.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
moments=${1:-20}
kernel=${2:-6.1}
seed=${3:-1}
part=${4:-host}
logs=${5:-}
work=/run
build=$root/build/kmod
plugins=$root/build/vm/plugins
contents=$((moments > 50 ? 3 : 4))
seconds=$((4 + moments / 20))
# Data that are lost because a flush is missing are lost at most moments.
few=$((4 + moments / 20))
m=/mnt/pathfs

. "$root/mk/shell-test.sh"

# campaign SENTENCE COMMAND...: a check, whose last words are of interest.
campaign() {
	check "$@"
	tail -n 1 "$work/check" | sed -n '/moments\|operations/s/^/        /p'
}

# ---- in the guest ----

# A campaign's exit status: 0 nothing lost, 1 something lost, else it couldn't be done.
loses_data() {
	"$@"
	[ $? = 1 ]
}

disk_with_serial() {
	for serial in /sys/class/nvme/nvme*/serial; do
		read -r found <"$serial"
		[ "$found" != "$1" ] || basename "${serial%/serial}n1"
	done
}

prepare_guest() {
	modprobe -a crc32c_generic libcrc32c loop
	mkdir -p $m
	# Dirty pages are to be written while the load runs, too.
	echo 30 >/proc/sys/vm/dirty_writeback_centisecs
	echo 60 >/proc/sys/vm/dirty_expire_centisecs
}

load_nvme() {
	"$build/mkfs.pathfs" -q -f -N 64 "$disk" || return
	dmsetup create powercut --noudevsync --noudevrules \
		--table "0 $(blockdev --getsz "$disk") powercut $disk $log" || return
	# There is no udev that would.
	dmsetup mknodes powercut
	# The log begins with all that the disk has.
	dd if="$disk" of=/dev/mapper/powercut bs=1M oflag=direct conv=fsync status=none &&
		mount -t pathfs /dev/mapper/powercut $m &&
		"$build/tests/powercut_load" "$seed" $seconds $m nodax dm:powercut >/run/load &&
		umount $m && dmsetup remove powercut && cat /run/load
}

# replay_nvme MOMENTS
replay_nvme() {
	"$build/tests/powercut_log" "$log" "$(blockdev --getsize64 "$disk")" /dev/shm/medium "$seed" \
		"$1" $contents 3 "$build/tests/powercut_check" "$loop" "$build/fsck.pathfs" \
		$m "$seed" nodax
}

guest_nvme() {
	disk=/dev/$(disk_with_serial bypass-nvme0)
	log=/dev/$(disk_with_serial bypass-nvme1)
	prepare_guest
	modprobe dm-mod
	insmod "$build/$kernel/powercut_disk.ko"
	insmod "$build/$kernel/pathfs.ko"
	truncate -s "$(blockdev --getsize64 "$disk")" /dev/shm/medium
	loop=$(losetup -f --show /dev/shm/medium)
	campaign "nvme: a load runs, and its log is kept" load_nvme
	campaign "nvme: after each power cut fsck repairs, and what was acknowledged is there" \
		replay_nvme "$moments"
	for without in flush order; do
		rmmod pathfs && insmod "$build/$kernel/pathfs-no-$without.ko"
		campaign "nvme: a load runs on pathfs without its $without" load_nvme
		rmmod pathfs && insmod "$build/$kernel/pathfs.ko"
		campaign "nvme: without pathfs's $without the same campaign finds lost data" \
			loses_data replay_nvme $few
	done
}

load_pmem() {
	ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null &&
		insmod "$build/$kernel/$1.ko" &&
		"$build/mkfs.pathfs" -q -f -N 64 /dev/pmem0 &&
		mount -t pathfs -o dax=always /dev/pmem0 $m &&
		"$build/tests/powercut_load" "$seed" $seconds $m dax plugin
}

guest_pmem_load() {
	prepare_guest
	campaign "pmem: a load runs, and the plugin follows it" load_pmem pathfs
}

guest_pmem_load_no_cache() {
	prepare_guest
	campaign "pmem: a load runs on pathfs without its cache flush" load_pmem pathfs-no-cache
}

# replay_pmem LOG MOMENTS
replay_pmem() {
	"$plugins/pmem_replay" "$logs/$1" /dev/shm/medium "$seed" "$2" $contents 3 \
		"$build/tests/powercut_check" "$loop" "$build/fsck.pathfs" $m "$seed" dax
}

guest_pmem_replay() {
	prepare_guest
	insmod "$build/$kernel/pathfs.ko"
	truncate -s 128M /dev/shm/medium
	# Before it ndctl keeps what it knows of the namespace.
	loop=$(losetup -f --show -o $((2 << 20)) /dev/shm/medium)
	campaign "pmem: after each power cut fsck repairs, and what was acknowledged is there" \
		replay_pmem pmem_load "$moments"
	campaign "pmem: without pathfs's cache flush the same campaign finds lost data" \
		loses_data replay_pmem pmem_load_no_cache $few
}

if [ "$part" != host ]; then
	"guest_$part"
	exit
fi

# ---- on the host ----

# guest PART OPTION...: its checks go to the terminal and are counted.
guest() {
	part=$1
	shift
	PATH=$work:$PATH POWERCUT_LOG=$work/$part "$root/vm/run" --kernel "$kernel" --timeout 7200 \
		"$@" -- sh "$root/kmod/tests/powercut-testbed.sh" "$moments" "$kernel" "$seed" \
		"$part" "$work" | tee -a "$work/said"
}

unset MAKEFLAGS MFLAGS MAKELEVEL
command -v dmsetup >/dev/null || {
	echo "powercut-testbed: there is no dmsetup; install the package dmsetup" >&2
	exit 1
}
make_work
# Under QEMU's name: QEMU with the plugin, if there is persistent memory. The first NVDIMM is where
# the guest's RAM up to 2 GiB leaves it.
cat >"$work/qemu-system-x86_64" <<EOF
#!/bin/sh
qemu=$(command -v qemu-system-x86_64)
for argument in "\$@"; do
	case \$argument in
	memory-backend-file,id=pmem0,*)
		medium=\${argument#*mem-path=}
		plugin=$plugins/pmem_order.so,medium=\${medium%%,*}
		exec \$qemu "\$@" -plugin \$plugin,physical=0x100000000,log=\$POWERCUT_LOG
		;;
	esac
done
exec \$qemu "\$@"
EOF
chmod +x "$work/qemu-system-x86_64"
guest nvme --nvme 24M,2G
guest pmem_load --accel tcg --pmem 128M
guest pmem_load_no_cache --accel tcg --pmem 128M
guest pmem_replay
# What a guest didn't come to has failed, too.
passed=$(grep -c '^ok' "$work/said")
failed=$((10 - passed))
all_held
