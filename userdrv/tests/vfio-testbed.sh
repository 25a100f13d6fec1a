#!/bin/sh
# SPDX-License-Identifier: MIT
# The vfio transport and the driver on QEMU's controller. Each check's name is the sentence that must
# hold. Usage: userdrv/tests/vfio-testbed.sh [BUILD-FOLDER]; it runs itself in guests of the testbed.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build/userdrv}" && pwd) || exit 1
part=${2:-host}
io=$build/tests/vfio_io
. "$root/mk/shell-test.sh"
make_work
. "$root/userdrv/tests/nvme-disks-lib.sh"

# program NAME COMMAND...: a program that prints checks of its own; its lines get NAME in front.
program() {
	name=$1
	shift
	"$@" >"$work/program" 2>"$work/program.err"
	ended=$?
	sed -n "s/^\(ok  \|FAILED\) *\(.*\)/\1    $name: \2/p; s/^        /        /p" "$work/program"
	if [ $ended -ne 0 ] || ! grep -q 'passed, 0 failed' "$work/program"; then
		echo "FAILED  $name: runs to its end (exit status $ended)"
		sed 's/^/        /' "$work/program.err" | head -n 20
	fi
}

# ---- in the guest ----

# give ADDRESS DRIVER: unbinds, and binds to DRIVER, or with '' to whom the kernel thinks right.
give() {
	echo "$2" >"$devices/$1/driver_override"
	[ ! -e "$devices/$1/driver" ] || echo "$1" >"$devices/$1/driver/unbind"
	echo "$1" >/sys/bus/pci/drivers_probe
	[ -e "$devices/$1/driver" ]
}

group() { basename "$(readlink "$devices/$1/iommu_group")"; }

# refuses WORDS COMMAND...: COMMAND fails with one line that has the WORDS.
refuses() {
	words=$1
	shift
	! "$@" >"$work/refusal" 2>&1 || { echo "it succeeded" && return 1; }
	cat "$work/refusal"
	[ "$(wc -l <"$work/refusal")" = 1 ] && grep -q -e "$words" "$work/refusal"
}

# As a user without privileges, who may lock $1 KiB.
as_nobody() {
	limit=$1
	shift
	# shellcheck disable=SC3045 # dash and bash have ulimit -l
	(ulimit -l "$limit" && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@")
}

bad_input() {
	address=$1
	identify=$build/examples/identify
	node=/dev/vfio/$(group "$address")

	check "a text that is no address is refused with an example of one" \
		refuses "like 0000:01:00.0" "$identify" pci:../../x
	check "a device that isn't there is refused with the way to list them" \
		refuses "there is no PCI device 0000:77:00.0.*lspci" "$identify" pci:0000:77:00.0
	check "a device that is no NVMe controller is refused, with its class" \
		refuses "isn't an NVMe controller (its class is 0x060000" "$identify" pci:00:00.0
	check "a device of the kernel's is refused with 'bypass bind'" \
		refuses "bound to nvme, not to vfio-pci; do: sudo bypass bind $address" \
		"$identify" "pci:$address"
	check "vfio-pci takes the controller" give "$address" vfio-pci
	check "without permission it is refused with chown" \
		refuses "may not be opened by this user; do: sudo chown" \
		as_nobody 8192 "$identify" "pci:$address"
	chown 65534 "$node"
	check "a memlock limit that is too low is refused with 'ulimit -l'" \
		refuses "may lock 64 KiB; raise that limit: ulimit -l" \
		as_nobody 64 "$identify" "pci:$address"
	check "a user without privileges can use a controller that is his" \
		as_nobody unlimited "$identify" "pci:$address"
	"$io" flood "$address" poll >"$work/flood" 2>&1 &
	flood=$!
	wait_for grep -q flooding "$work/flood"
	check "a controller that another process uses is refused with 'fuser'" \
		refuses "another process uses $address.*fuser" "$identify" "pci:$address"
	check "a program that polls has no interrupt at all" has_no_interrupts
	kill -9 "$flood"
	wait "$flood" 2>/dev/null
}

# vfio-pci names its interrupts so, and they exist only while a vector is armed.
has_interrupts() { grep vfio-msix /proc/interrupts; }
has_no_interrupts() { ! has_interrupts; }

raw() {
	limit=/sys/module/vfio_iommu_type1/parameters/dma_entry_limit
	dmesg -C
	echo 1000 >$limit
	program "transport alone" "$build/tests/vfio_raw" "$1" 1000
	echo 65535 >$limit
	check "the IOMMU stops a write to address 0, which isn't mapped" \
		sh -c "dmesg | grep -q 'DMAR:.*DMA Write.*fault addr 0x0 '"
}

suites() {
	address=$1
	format=$2
	for mode in poll interrupt hybrid; do
		for nqpairs in 1 4; do
			program "$mode, $nqpairs queue pairs, $format" \
				"$io" suite "$address" $mode $nqpairs
		done
	done
}


# The kernel's driver and ours see the same bytes: 48 MiB, each way, by every mode of completion.
cross_check() {
	address=$1
	format=$2
	nbytes=50331648
	seed=10
	for mode in poll interrupt hybrid; do
		seed=$((seed + 1))
		give "$address" vfio-pci
		check "$format: 48 MiB are written through ours ($mode)" \
			"$io" write "$address" $mode $seed $nbytes
		give "$address" ''
		"$io" pattern $seed $nbytes >"$work/pattern"
		device=$(disk "$address")
		check "$format: the kernel reads the same ($mode)" \
			cmp -n $nbytes "$work/pattern" "$device"
		seed=$((seed + 1))
		"$io" pattern $seed $nbytes >"$work/pattern"
		check "$format: 48 MiB are written through the kernel's" \
			dd if="$work/pattern" of="$device" bs=1M oflag=direct
		sync
		give "$address" vfio-pci
		check "$format: ours reads the same ($mode)" \
			"$io" verify "$address" $mode $seed $nbytes
	done
}

kill_during_io() {
	address=$1
	give "$address" vfio-pci
	"$io" flood "$address" interrupt >"$work/flood" 2>&1 &
	flood=$!
	wait_for grep -q flooding "$work/flood"
	check "a program that sleeps until completion has interrupts" has_interrupts
	check "kill -9 during I/O ends the process" kill -9 $flood
	wait $flood 2>/dev/null
	check "the kernel's driver has the disk back" give "$address" ''
	device=$(disk "$address")
	check "the disk can be written" \
		dd if=/dev/urandom of="$device" bs=1M count=8 oflag=direct
	check "and read to its end" dd if="$device" of=/dev/null bs=1M iflag=direct
	check "vfio-pci takes it again, and the driver works" give "$address" vfio-pci
	program "after kill -9" "$io" suite "$address" interrupt 2
}

examples() {
	address=$1
	check "identify tells the serial number" \
		sh -c "'$build/examples/identify' pci:$address | grep -q 'serial number *bypass-nvme1'"
	check "hello wants the right serial number" \
		refuses "another serial number" "$build/examples/hello" "pci:$address" wrong
	check "hello writes, reads and compares on an empty disk" \
		"$build/examples/hello" "pci:$address" bypass-nvme1
	for mode in poll interrupt hybrid; do
		check "perf reads ($mode)" "$build/examples/perf" "pci:$address" $mode 8 1
		sed 's/^/        /' "$work/check"
	done
	check "eventfd-loop gets 1,000 completions by epoll" \
		"$build/examples/eventfd-loop" "pci:$address"
	sed 's/^/        /' "$work/check"
	"$io" write "$address" poll 1 4096
	check "hello refuses a disk that holds something" \
		refuses "holds something" "$build/examples/hello" "pci:$address" bypass-nvme1
}

guest_main() {
	first=$(controllers | sed -n 1p)
	second=$(controllers | sed -n 2p)
	modprobe vfio-pci
	bad_input "$first"
	raw "$first"
	suites "$first" "blocks of 512"
	cross_check "$first" "blocks of 512"
	kill_during_io "$first"
	check "Format NVM through the driver is done" "$io" format "$first" 4096
	check "the namespace then has blocks of 4096" \
		sh -c "'$build/examples/identify' pci:$first | grep 'blocks of 4096 bytes'"
	echo 64 >/proc/sys/vm/nr_hugepages
	suites "$first" "blocks of 4096"
	check "the driver used huge pages as soon as there were some" \
		grep -q "pages of 2097152 bytes" "$work/program"
	for mode in poll interrupt hybrid; do
		program "$mode, SGLs, blocks of 4096" "$io" suite "$first" $mode 4 1 sgl
	done
	cross_check "$first" "blocks of 4096"
	give "$second" vfio-pci
	examples "$second"
}

# Transfers of 8 KiB at most, and two namespaces.
guest_small() {
	first=$(controllers | sed -n 1p)
	modprobe vfio-pci
	give "$first" vfio-pci
	for mode in poll interrupt hybrid; do
		program "$mode, MDTS 8 KiB" "$io" suite "$first" $mode 2
		program "$mode, second namespace" "$io" suite "$first" $mode 2 2
	done
}

# Two functions of one device share an IOMMU group; the kernel has the other.
guest_group() {
	first=$(controllers | sed -n 1p)
	second=$(controllers | sed -n 2p)
	modprobe vfio-pci
	give "$first" vfio-pci
	check "a group with a device of the kernel's is refused, with that device and its driver" \
		refuses "shares IOMMU group.*$second.*driver nvme" \
		"$build/examples/identify" "pci:$first"
}

guest_no_iommu() {
	first=$(controllers | sed -n 1p)
	modprobe vfio-pci
	check "without an IOMMU it is refused with 'intel_iommu=on'" \
		refuses "no IOMMU.*$first.*intel_iommu=on" "$build/examples/identify" "pci:$first"
}

# ---- on the host ----

# The testbed has no options for such machines: what it starts as QEMU is this, which changes the
# command line. $1: a shell fragment that is given each argument as $argument.
make_qemu() {
	real=$(command -v qemu-system-x86_64)
	mkdir -p "$work/bin"
	cat >"$work/bin/qemu-system-x86_64" <<-END
		#!/bin/sh
		[ \$# -gt 3 ] || exec $real "\$@"
		for argument in "\$@"; do
			shift
			$1
			set -- "\$@" "\$argument"
		done
		exec $real "\$@" $2
	END
	chmod +x "$work/bin/qemu-system-x86_64"
}

# guest PART OPTIONS...: this script in a guest.
guest() {
	guest_part=$1
	shift
	PATH=$work/bin:$PATH "$root/vm/run" --cpus 2 --timeout 900 "$@" -- \
		"$root/userdrv/tests/vfio-testbed.sh" "$build" "$guest_part" \
		>"$work/out" 2>"$work/err" </dev/null
	cat "$work/out"
	cat "$work/out" >>"$work/all"
	grep -q '^end of part' "$work/out" && return
	echo "FAILED  the guest runs part $guest_part to its end" | tee -a "$work/all"
	sed 's/^/        /' "$work/err" | tail -n 20
}

host() {
	program "IOVA allocator" "$build/tests/vfio_iova" | tee "$work/all"
	guest main --nvme 256M,64M
	truncate -s 64M "$work/second.img"
	# shellcheck disable=SC2016
	make_qemu 'case $argument in nvme,*) argument=$argument,id=first,mdts=1 ;; esac' \
		"-drive if=none,id=second,format=raw,file=$work/second.img \
		-device nvme-ns,drive=second,bus=first,nsid=2"
	guest small --nvme 256M
	# shellcheck disable=SC2016
	make_qemu 'case $argument in
		nvme,drive=nvme0,*) argument=$argument,addr=10.0,multifunction=on ;;
		nvme,drive=nvme1,*) argument=$argument,addr=10.1 ;;
		esac' ''
	guest group --nvme 64M,64M
	# shellcheck disable=SC2016
	make_qemu 'case $argument in rdinit=*) argument=$(echo "$argument" | sed s/intel_iommu=on/intel_iommu=off/) ;; esac' ''
	guest no_iommu --nvme 64M
	count_checks "$work/all"
	all_held
}

case $part in
host)
	host
	;;
main | small | group | no_iommu)
	[ -n "${BYPASS_TESTBED:-}" ] || { echo "only in the testbed" >&2 && exit 1; }
	"guest_$part"
	echo "end of part $part"
	;;
*)
	echo "usage: vfio-testbed.sh [BUILD-FOLDER]" >&2
	exit 2
	;;
esac
