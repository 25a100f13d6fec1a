# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Sourced by tests, in the guest: its NVMe controllers and their disks, as
# Documentation/ABI/testing/sysfs-bus-pci has them.
devices=/sys/bus/pci/devices

# NVMe controllers in the order of their addresses, which is that of --nvme.
controllers() {
	for device in "$devices"/*; do
		[ "$(cat "$device/class")" != 0x010802 ] || basename "$device"
	done
}

# The kernel's block device of controller ADDRESS; it comes a moment after the driver.
disk() {
	for _ in $(seq 100); do
		for namespace in "$devices/$1"/nvme/nvme*/nvme*n1; do
			[ ! -b "/dev/${namespace##*/}" ] || { echo "/dev/${namespace##*/}" && return; }
		done
		sleep 0.1
	done
	return 1
}
