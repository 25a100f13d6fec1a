# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For the labs on pathfs, in the guest: file systems on a disk and on persistent memory, what the
# kernel traces of them, and what is in a file.
# shellcheck disable=SC2154 # what check.sh has from its arguments
tracing=/sys/kernel/tracing
tools=$root/build/kmod
m=$lab_mount
old_data="somebody's old data $seed"

# Once for each check.
prepare() {
	mkdir -p "$m" /run/lab
	[ -d $tracing/events ] || mount -t tracefs tracefs $tracing || broken "there is no tracefs"
	[ "$(cat /sys/block/pmem1/queue/dax)" = 1 ] ||
		ndctl create-namespace -f -e namespace1.0 -m fsdax -M mem >/dev/null 2>&1 ||
		broken "ndctl can't make an fsdax namespace"
	load_pathfs "$folder"
}

# mount_fs MEDIUM: nvme, where no file is DAX, or pmem, where each file is.
mount_fs() {
	case $1 in
	nvme) mount -t pathfs -o dax=inode /dev/nvme0n1 "$m" ;;
	pmem) mount -t pathfs -o dax=always /dev/pmem1 "$m" ;;
	esac || broken "the file system on $1 can't be mounted"
}

# new_fs MEDIUM: empty, and mounted.
new_fs() {
	step "a new file system on $1"
	case $1 in
	nvme) device=/dev/nvme0n1 ;;
	pmem) device=/dev/pmem1 ;;
	esac
	"$tools/mkfs.pathfs" -q -f "$device" || broken "mkfs.pathfs failed"
	mount_fs "$1"
}

# fill MEDIUM: somebody's old data to where a new file system has its first free blocks.
fill() {
	step "somebody's old data onto $1"
	yes "$old_data" | head -c 1048576 >/run/lab/old || broken "there is no old data"
	case $1 in
	nvme) cat /run/lab/old /run/lab/old | dd of=/dev/nvme0n1 bs=1M seek=10 status=none ;;
	pmem) for _ in 1 2 3 4 5 6 7 8 9 10; do cat /run/lab/old; done |
		dd of=/dev/pmem1 bs=1M seek=4 status=none ;;
	esac || broken "$1 can't be filled"
}

# again MEDIUM: forgets what is cached.
again() {
	step "unmount, mount again"
	umount "$m" || broken "it can't be unmounted"
	mount_fs "$1"
}

# trace EVENT COMMAND...: prints the command's error or 0; the events are in the trace.
trace() {
	event=$1
	shift
	echo >$tracing/trace
	echo 1 >"$tracing/events/$event/enable"
	errno_of "$@"
	echo 0 >"$tracing/events/$event/enable"
}

# traced FROM TO: what each event says between these words (TO may be empty: to its end), and how often;
# the number of a page doesn't count.
traced() {
	awk -v from="$1" -v to="$2" '
		/^#/ || !index($0, from) { next }
		{
			text = substr($0, index($0, from) + length(from))
			if (to != "")
				text = substr(text, 1, index(text " ", to) - 1)
			sub(/page [0-9]+ size /, "", text)
			if (!count[text]++)
				texts[++n] = text
		}
		END {
			for (i = 1; i <= n; i++)
				printf "%s%d %s", (i > 1 ? ", " : ""), count[texts[i]], texts[i]
			print n ? "" : "none"
		}' $tracing/trace
}

# observe_file KEY FILE: a checksum of its bytes, or the error.
observe_file() {
	sum=$(md5sum <"$2" 2>&1)
	observe "$1-sum" "${sum%% *-}"
}
