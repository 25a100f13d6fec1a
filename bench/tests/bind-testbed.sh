#!/bin/sh
# SPDX-License-Identifier: MIT
# `bypass bind` and `unbind`, and disks as targets, on the testbed's disks: what holds something is
# left alone, and a disk comes back whatever happened to the program that had it. Each check's name
# is the sentence that must hold. Usage: bench/tests/bind-testbed.sh BUILD-FOLDER
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
part=${2:-host}
bypass=$build/bypass
io=$build/userdrv/tests/vfio_io
perf=$build/userdrv/examples/perf
hello=$build/userdrv/examples/hello
target_test=$build/asan/test_target_block
for program in "$bypass" "$io" "$perf" "$hello" "$target_test"; do
	[ -x "$program" ] || { echo "bind-testbed.sh: $program is missing; see bench.mk" >&2 && exit 2; }
done
work=$(mktemp -d)
started=
end() {
	[ -z "$started" ] || kill -9 "$started" 2>/dev/null
	rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

. "$root/mk/shell-test.sh"
. "$root/userdrv/tests/nvme-disks-lib.sh"

# ---- in the guest ----

nbytes=16777216 # of the patterns

driver() { basename "$(readlink "$devices/$1/driver" || echo none)"; }

has_driver() {
	echo "the driver of $1 is $(driver "$1")"
	[ "$(driver "$1")" = "$2" ]
}

# says WORDS COMMAND...: COMMAND succeeds, and a line of what it says has the WORDS.
says() {
	words=$1
	shift
	"$@" >"$work/words" 2>&1 || { cat "$work/words" && echo "it failed" && return 1; }
	cat "$work/words"
	grep -q -e "$words" "$work/words"
}

# refuses WORDS COMMAND...: COMMAND fails with exit status 1 and one line that has the WORDS.
refuses() {
	words=$1
	shift
	"$@" >"$work/words" 2>&1
	ended=$?
	cat "$work/words"
	echo "exit status $ended"
	[ $ended = 1 ] && [ "$(wc -l <"$work/words")" = 1 ] && grep -q -e "$words" "$work/words"
}

# bind_refused REASON WORDS: the second disk stays with the kernel, and its bytes stay the same.
bind_refused() {
	before=$(sha256sum <"$device")
	check "a disk $1 isn't taken away from the kernel" \
		refuses "$second isn't empty ($2)" "$bypass" bind "$second"
	check "... it still has it" has_driver "$second" nvme
	check "... and the bytes on it are the same" [ "$(sha256sum <"$device")" = "$before" ]
}

# What was made of the second disk is gone from its first MiB and its last.
clear_disk() {
	dd if=/dev/zero of="$device" bs=1M count=2 oflag=direct 2>/dev/null
	dd if=/dev/zero of="$device" bs=1M seek=62 oflag=direct 2>/dev/null
	blockdev --rereadpt "$device"
}

# One partition of type Linux from block 2048 on, as sfdisk would write it.
put_partition() {
	printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\100\0\0' | dd of="$device" bs=1 seek=446 2>/dev/null
	printf '\125\252' | dd of="$device" bs=1 seek=510 2>/dev/null
	blockdev --rereadpt "$device"
	[ -b "${device}p1" ]
}

refusals() {
	device=$(disk "$second")
	name=${device#/dev/}
	mkfs.ext4 -q -F "$device"
	bind_refused "with a file system" "$name: an ext4 file system"
	mkdir -p /run/mounted
	# Read-only: ext4 itself would write to it, sooner or later.
	mount -t ext4 -o ro "$device" /run/mounted
	bind_refused "that is mounted" "$name: mounted on /run/mounted"
	umount /run/mounted
	clear_disk
	check "a partition is made" put_partition
	bind_refused "with a partition" "$name: a partition table (1 partition)"
	mkfs.ext4 -q -F "${device}p1"
	mount -t ext4 -o ro "${device}p1" /run/mounted
	bind_refused "of which a partition is mounted" "$name: mounted on /run/mounted"
	umount /run/mounted
	clear_disk
	mkswap "$device" >/dev/null
	bind_refused "with swap" "$name: swap"
	swapon "$device"
	bind_refused "with swap that is in use" "$name: swap that is in use"
	swapoff "$device"
	clear_disk
	python3 -c "import os, time
fd = os.open('$device', os.O_RDONLY | os.O_EXCL)
print('claimed', flush=True)
time.sleep(600)" >"$work/claim" &
	started=$!
	wait_for grep -q claimed "$work/claim"
	bind_refused "that a program has claimed" "$name: in use by somebody who claimed it"
	kill "$started"
	wait "$started" 2>/dev/null
	started=
	check "without root it is refused with sudo" refuses "do: sudo $bypass bind $second" \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$bypass" bind "$second"
	check "what isn't an NVMe controller is refused" \
		refuses "isn't an NVMe controller (its class is 0x060000" "$bypass" bind 00:00.0
	check "without an address it is a wrong usage" wrong_usage "$bypass" bind
}

wrong_usage() {
	"$@"
	[ $? = 2 ]
}

# Once it has /dev/vfio/GROUP open, it is somewhere in its I/O a second later.
wait_for_group() { wait_for has_group "$1" && sleep 1; }
has_group() {
	for file in "/proc/$1/fd"/*; do
		case $(readlink "$file") in /dev/vfio/[0-9]*) return ;; esac
	done
	return 1
}

bind_and_back() {
	check "the disk that was cleared is bound" \
		says "$second (serial number bypass-nvme1) is bound to vfio-pci: /dev/vfio/[0-9]*, which root may open" \
		"$bypass" bind "$second"
	check "... and given back" says "$second is bound to nvme, .*: /dev/nvme" "$bypass" unbind "$second"
	check "an empty disk is bound, by its short address" \
		says "$first (serial number bypass-nvme0) is bound to vfio-pci" \
		"$bypass" bind "${first#0000:}"
	check "... vfio-pci has it" has_driver "$first" vfio-pci
	check "bound twice, it says so and is content" \
		says "$first is already bound to vfio-pci" "$bypass" bind "$first"
	check "our driver works on it" "$hello" "pci:$first" bypass-nvme0
	check "16 MiB are written through our driver" "$io" write "$first" poll 1 $nbytes
}

kill_and_unbind() {
	"$perf" "pci:$first" interrupt 8 600 >"$work/perf" 2>&1 &
	started=$!
	check "perf reads from it" wait_for_group $started
	check "a disk that a process uses isn't unbound, and the process is named" \
		refuses "process $started has /dev/vfio/[0-9]* open" "$bypass" unbind "$first"
	check "... vfio-pci still has it" has_driver "$first" vfio-pci
	check "... and the process still runs" kill -0 $started
	check "kill -9 ends it in the middle of its I/O" kill -9 $started
	wait $started 2>/dev/null
	started=
	check "bypass unbind gives the disk back" says "$first is bound to nvme" "$bypass" unbind "$first"
	check "... the kernel's driver has it" has_driver "$first" nvme
	"$io" pattern 1 $nbytes >"$work/pattern"
	check "the kernel reads what was written through our driver" \
		cmp -n $nbytes "$work/pattern" "$(disk "$first")"
	check "unbound twice, it says so and is content" \
		says "$first is already bound to nvme" "$bypass" unbind "$first"
}

other_way_round() {
	"$io" pattern 2 $nbytes >"$work/pattern"
	check "16 MiB are written by the kernel's driver" \
		dd if="$work/pattern" of="$(disk "$first")" bs=1M oflag=direct
	check "the disk is bound again" "$bypass" bind "$first"
	check "our driver reads what the kernel's wrote" "$io" verify "$first" interrupt 2 $nbytes
	echo "$first" >"$devices/$first/driver/unbind"
	check "a disk without any driver isn't bound" \
		refuses "no driver, so what is on the disk can't be told" "$bypass" bind "$first"
	check "... but unbind gives it to the kernel" \
		says "$first is bound to nvme" "$bypass" unbind "$first"
	check "... which has the same bytes" cmp -n $nbytes "$work/pattern" "$(disk "$first")"
}

# The unit test's part that needs a disk, one test at a time; none may be skipped.
target_tests() {
	BYPASS_TEST_SERIAL=bypass-nvme0 "$target_test" -j1 --filter 'target_block_disk/*' \
		>"$work/tests" 2>&1
	ended=$?
	cat "$work/tests"
	[ $ended = 0 ] && grep -q 'Tested: 10 | Passing: 10 ' "$work/tests"
}

guest() {
	[ -n "${BYPASS_TESTBED:-}" ] || { echo "only in the testbed" >&2 && exit 1; }
	first=$(controllers | sed -n 1p)
	second=$(controllers | sed -n 2p)
	modprobe -a crc32c_generic ext4
	refusals
	bind_and_back
	kill_and_unbind
	other_way_round
	check "as targets of a measurement disks are as safe: ten tests on a real one" target_tests
	echo "end of the guest"
}

# ---- on the host ----

host() {
	"$root/vm/run" --clock=ns --timeout 900 --nvme 256M,64M -- \
		"$root/bench/tests/bind-testbed.sh" "$build" guest \
		>"$work/out" 2>"$work/err" </dev/null
	grep -v '^end of the guest' "$work/out"
	count_checks "$work/out"
	check "the guest comes to its end" grep -q '^end of the guest' "$work/out"
	all_held
}

case $part in
host | guest) "$part" ;;
*)
	echo "usage: bench/tests/bind-testbed.sh [BUILD-FOLDER]" >&2
	exit 2
	;;
esac
