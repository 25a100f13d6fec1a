# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Sourced by the tests of the modules, in the guest: whether the kernel had anything to report.

# The whole log that the kernel still has, also what `dmesg -C` hides; a read of the device gives one record.
kernel_log() { dd if=/dev/kmsg iflag=nonblock bs=8k 2>/dev/null | sed 's/^[0-9][^;]*;//'; }

# lockdep ends its work with its first report.
lockdep_watches() {
	grep -q 'debug_locks: *1$' /proc/lockdep_stats && return
	echo "lockdep stopped watching"
	return 1
}

# kmemleak reports what two scans find unchanged, and nobody's, when it is 5 s old.
nothing_leaked() {
	kmemleak=/sys/kernel/debug/kmemleak
	[ -e $kmemleak ] || mount -t debugfs debugfs /sys/kernel/debug
	sleep 6
	echo scan >$kmemleak && echo scan >$kmemleak || return
	! head -n 60 $kmemleak | grep .
}

# Call it when the modules have been unloaded, so that what they forgot is nobody's.
kernel_is_clean() {
	reports=
	case $(uname -r) in
	*-debug)
		nothing_leaked || reports=leaks
		lockdep_watches || reports=locks
		;;
	esac
	# The bits of KASAN (a bad page), an oops and a warning: they stay set wherever the log has got to.
	tainted=$(($(cat /proc/sys/kernel/tainted) & (1 << 5 | 1 << 7 | 1 << 9)))
	[ $tainted = 0 ] || echo "the kernel is tainted: $tainted"
	kernel_log | grep -B 2 -A 50 'BUG:\|WARNING:\|Oops\|INFO: trying to register\|blocked for more' | head -n 120 | grep . && reports=log
	[ "$tainted$reports" = 0 ]
}
