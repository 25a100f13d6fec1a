# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For labs/NN-name/check.sh, which runs in the guest: sh check.sh NAME ROOT FOLDER SEED
# A check says what it does and what it observes. It gives no verdict: that is made on the host.
# shellcheck disable=SC2034,SC2154 # the check's
. "$root/labs/engine/seed-lib.sh"
lab_mount=/mnt/lab

# What our modules and their tests need, where it isn't built in or there already.
lab_modprobe() {
	lab_missing=
	for lab_module in crc32c_generic libcrc32c xfs ext4 nd_pmem; do
		[ -e /sys/module/$lab_module ] || lab_missing="$lab_missing $lab_module"
	done
	# shellcheck disable=SC2086 # words
	[ -z "$lab_missing" ] || modprobe -a $lab_missing
}

# What is done now; shown if something goes wrong.
step() { echo "step: $*"; }
# observe KEY VALUE...: for verdict.sh, as one line.
observe() { echo "observe $*"; }
# Not the student's fault.
broken() {
	echo "broken: $*"
	exit 77
}

# errno_of COMMAND...: 0, or the name of the error in what it says, or its last words.
errno_of() {
	if lab_said=$("$@" 2>&1 >/dev/null); then
		echo 0
		return
	fi
	case $lab_said in
	*'Input/output error'*) echo EIO ;;
	*'No space left'*) echo ENOSPC ;;
	*'Invalid argument'*) echo EINVAL ;;
	*'Bad address'*) echo EFAULT ;;
	*'Operation not supported'* | *'not supported'*) echo EOPNOTSUPP ;;
	*'No such file'*) echo ENOENT ;;
	*'File exists'*) echo EEXIST ;;
	*'Device or resource busy'*) echo EBUSY ;;
	*'Structure needs cleaning'*) echo EUCLEAN ;;
	*) echo "${lab_said:-failed}" | tail -n 1 ;;
	esac
}

# The persistent memory's range, as $lab_start and $lab_size, taken from the kernel's own driver.
take_pmem() {
	lab_modprobe
	# 140000000-17fffffff : Persistent Memory
	lab_range=$(sed -n 's/^ *\([0-9a-f]*-[0-9a-f]*\) : Persistent Memory$/\1/p' /proc/iomem | head -n 1)
	[ -n "$lab_range" ] || broken "the guest has no persistent memory"
	lab_start=0x${lab_range%-*}
	lab_size=$((0x${lab_range#*-} - lab_start + 1))
	[ ! -e /sys/bus/nd/drivers/nd_pmem/namespace0.0 ] ||
		echo namespace0.0 >/sys/bus/nd/drivers/nd_pmem/unbind
}

# load_minipmem FOLDER: /dev/minipmem0 on the guest's first persistent memory. Observes `insmod`.
load_minipmem() {
	take_pmem
	observe insmod "$(errno_of insmod "$1/minipmem.ko" "start=$lab_start" "size=$lab_size")"
}

# load_pathfs FOLDER: file system type pathfs. Observes `insmod`.
load_pathfs() {
	lab_modprobe
	observe insmod "$(errno_of insmod "$1/pathfs.ko")"
}

# As the guest was: nothing mounted, no module of ours, the kernel's driver on the memory.
lab_clean() {
	cd / || return
	lab_tries=10
	while grep -q ' /mnt' /proc/mounts; do
		[ $lab_tries -gt 0 ] || return 1
		lab_tries=$((lab_tries - 1))
		sed -n 's/^[^ ]* \(\/mnt[^ ]*\) .*/\1/p' /proc/mounts | tac | while read -r lab_where; do
			umount "$lab_where" 2>/dev/null || sleep 0.2
		done
	done
	for lab_module in pathfs minipmem; do
		[ ! -e "/sys/module/$lab_module" ] || rmmod $lab_module || return 1
	done
	[ ! -e /sys/bus/nd/drivers/nd_pmem ] || [ -e /sys/bus/nd/drivers/nd_pmem/namespace0.0 ] ||
		echo namespace0.0 >/sys/bus/nd/drivers/nd_pmem/bind
}
