#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver with your controller.c on QEMU's controller, through vfio: the tests that
# `make test-userdrv-vfio` runs there, polling, with one queue pair. Usage: labs/03-admin-queue/qemu.sh
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
yours=${BYPASS_LAB_WORK:-$root/labs/work}/03-admin-queue/controller.c
program=$root/build/labs/03-admin-queue/qemu/vfio_io

[ -e "$yours" ] || { echo "there is no $yours; do: bypass lab start 3" >&2 && exit 1; }
make -s -C "$root" build/userdrv/libuserdrv.a
mkdir -p "$(dirname "$program")"
# Before the library, so that its own controller.o isn't needed.
gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -I"$root" -I"$root/userdrv/include" \
	-iquote "$root/userdrv/src" -o "$program" "$yours" \
	"$root/userdrv/tests/vfio_io.c" "$root/userdrv/tests/vfio_suite.c" \
	"$root/build/userdrv/libuserdrv.a" -lnuma -lpthread
# shellcheck disable=SC2016 # the guest's shell expands it
exec "$root/vm/run" --nvme=256M -- sh -c '
	modprobe vfio-pci
	for device in /sys/bus/pci/devices/*; do
		[ "$(cat "$device/class")" = 0x010802 ] || continue
		address=${device##*/}
		echo vfio-pci >"$device/driver_override"
		[ ! -e "$device/driver" ] || echo "$address" >"$device/driver/unbind"
		echo "$address" >/sys/bus/pci/drivers_probe
		exec "$1" suite "$address" poll 1
	done
	echo "the guest has no NVMe controller" >&2
	exit 1' sh "$program"
