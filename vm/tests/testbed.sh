#!/bin/sh
# SPDX-License-Identifier: MIT
# What the testbed promises, tried on the testbed itself. Each check's name is the sentence that must
# hold. Usage: vm/tests/testbed.sh [6.1|6.12|debug]; with the others than 6.1 only what differs between kernels.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
kernel=${1:-6.1}
run=$root/vm/run
work=$(mktemp -d)
# Backing files of disks go here, and nothing of them may ever be seen.
mkdir "$work/tmp" "$work/share" "$work/a b'c"
TMPDIR=$work/tmp
export TMPDIR
unset MAKEFLAGS MFLAGS MAKELEVEL
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

. "$root/mk/shell-test.sh"

# guest ARGUMENTS...: vm/run with its output in files and its exit status in $status.
guest() {
	"$run" --kernel "$kernel" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# start ARGUMENTS...: the same in the background, with signals as a terminal would leave them.
start() {
	: >"$work/out"
	env --default-signal=INT,QUIT "$run" --kernel "$kernel" "$@" \
		>"$work/out" 2>"$work/err" </dev/null &
	launcher=$!
}

status_is() { [ "$status" = "$1" ]; }
out_is() { [ "$(cat "$work/out")" = "$1" ]; }
out_has() { grep -q -e "$1" "$work/out"; }
err_has() { grep -q -e "$1" "$work/err"; }
err_is_one_line() { [ "$(wc -l <"$work/err")" = 1 ]; }
no_files_left() { [ -z "$(ls -A "$work/tmp")" ]; }

# The QEMU that a launcher started, found by its parent, or nothing.
child_of() {
	for stat in /proc/[0-9]*/stat; do
		# No process is started for each: the guest's time-out is running meanwhile.
		read -r line 2>/dev/null <"$stat" || continue
		# After the name in parentheses: state, parent.
		fields=${line##*) }
		parent=${fields#* }
		if [ "${parent%% *}" = "$1" ]; then
			echo "${line%% *}"
			return
		fi
	done
}

# One that was never seen proves nothing.
gone() { [ -n "$1" ] && wait_for not lives "$1"; }
lives() { [ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

streams() {
	head -c 1000000 /dev/urandom >"$work/random"
	"$run" -- sh -c 'tee /dev/stderr; exit 42' <"$work/random" >"$work/out" 2>"$work/err"
	status=$?
	# The first line on stderr is the launcher's.
	tail -n +2 "$work/err" >"$work/err.guest"
	check "the command's exit status passes through" status_is 42
	check "stdin and stdout are byte exact" cmp -s "$work/random" "$work/out"
	check "stderr is byte exact and apart from stdout" cmp -s "$work/random" "$work/err.guest"
	sed -i 2,\$d "$work/err"
	check "one line says which kernel, accelerator and clock were used" \
		err_has '^vm: kernel 6\.[^,]*, \(TCG\|KVM\).*, clock ns$'
	: >"$work/out"
	"$run" -- yes 2>"$work/err" </dev/null | head -n 1 >"$work/out"
	check "a command whose output nobody reads any more ends" out_is y
}

command_line() {
	cd "$work/a b'c" || return
	# shellcheck disable=SC2016 # a dollar sign that must arrive
	guest -- printf '%s|' 'a b' '' "it's" '"$HOME"' 'line
two' '*' --
	check "arguments keep their spaces, newlines and quotes" \
		out_is "a b||it's|\"\$HOME\"|line
two|*|--|"
	guest -- pwd
	check "the current folder is the same as on the host" out_is "$work/a b'c"
	cd "$root" || return
	guest -- no-such-command-anywhere
	check "a command that doesn't exist gives 127" status_is 127
	check "and its name" err_has 'no-such-command-anywhere: command not found'
	guest -- "$root/vm/vm.mk"
	check "a file that isn't executable gives 126" status_is 126
	# shellcheck disable=SC2016 # the guest's shell is meant
	guest -- sh -c 'kill -SEGV $$'
	check "a command that signal 11 killed gives 139" status_is 139
}

usage() {
	guest --bogus -- true
	check "an unknown option gives 2" status_is 2
	check "and one sentence that names it" err_is_one_line
	guest --clock=instructions --cpus 2 -- true
	check "two processors on the instruction clock give 2" status_is 2
	check "and one sentence" err_is_one_line
	guest --pmem
	check "an option without its value gives 2" status_is 2
	guest
	check "no command gives 2" status_is 2
	guest --help
	check "--help gives 0" status_is 0
	check "and the usage" out_has '^usage: vm/run'
}

timeouts() {
	start --timeout 6 --pmem 128M -- sh -c 'echo ready; sleep 1000'
	wait_for out_has ready
	qemu=$(child_of "$launcher")
	check "while it runs, no disk's file can be seen" no_files_left
	wait "$launcher"
	status=$?
	check "a command that runs too long gives 124" status_is 124
	check "and a sentence" err_has 'raise --timeout'
	check "a time-out leaves no QEMU" gone "$qemu"
	check "a time-out leaves no file" no_files_left
	guest --timeout 2 -- sh -c "trap '' TERM; while :; do sleep 1; done"
	check "a command that ignores the time-out's signal gives 124 too" status_is 124
}

signals() {
	start -- sh -c "trap 'exit 7' INT; echo ready; while :; do sleep 0.1; done"
	wait_for out_has ready
	qemu=$(child_of "$launcher")
	kill -INT "$launcher"
	wait "$launcher"
	status=$?
	check "Ctrl-C reaches the command, whose exit status counts" status_is 7
	check "Ctrl-C leaves no QEMU" gone "$qemu"
	start -- sh -c 'echo ready; exec sleep 1000'
	wait_for out_has ready
	kill -TERM "$launcher"
	wait "$launcher"
	status=$?
	check "a command that SIGTERM ended gives 143" status_is 143
	start -- sh -c "trap '' INT; echo ready; while :; do sleep 0.1; done"
	wait_for out_has ready
	qemu=$(child_of "$launcher")
	kill -INT "$launcher"
	sleep 0.5
	kill -INT "$launcher"
	wait "$launcher"
	status=$?
	check "a second Ctrl-C ends a command that ignores the first" status_is 130
	check "and leaves no QEMU" gone "$qemu"
	start --nvme 64M -- sh -c 'echo ready; sleep 1000'
	wait_for out_has ready
	qemu=$(child_of "$launcher")
	kill -KILL "$launcher"
	wait "$launcher" 2>/dev/null
	check "SIGKILL of the launcher leaves no QEMU" gone "$qemu"
	check "SIGKILL of the launcher leaves no file" no_files_left
}

panic() {
	guest -- sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 100'
	check "a panic gives 125" status_is 125
	check "and a sentence" err_has 'kernel panicked'
	check "and the console's last lines" err_has '| .*Kernel panic - not syncing'
	# What QEMU said would be among them: a feature that it can't emulate, for one.
	check "QEMU has nothing to complain about" sh -c "! grep -q qemu-system '$work/err'"
	guest -- sh -c 'echo o >/proc/sysrq-trigger; sleep 100'
	check "a guest that vanishes gives 125" status_is 125
}

machine() {
	# shellcheck disable=SC2016 # the guest's shell is meant
	guest --cpus 2 --numa 2 --pmem 512M,256M --nvme 64M,128M --share "$work/share" -- sh -c '
		echo "nodes $(ls -d /sys/devices/system/node/node[0-9]* | wc -l) cpus $(nproc)"
		echo "node1 cpus $(cat /sys/devices/system/node/node1/cpulist)"
		echo "pmem $(cat /sys/block/pmem0/size) $(cat /sys/block/pmem1/size)"
		for serial in /sys/class/nvme/*/serial; do
			echo "nvme $(cat "$serial" "${serial%/serial}"/nvme?n1/size | tr -s " \n" " ")"
		done
		echo "group $(ls /sys/kernel/iommu_groups | wc -l)"
		echo written >"$1/file" && rm "$1/old" && echo shared
		echo lost >"$2/lost" && echo overlaid
		echo "env $BYPASS_TESTBED $BYPASS_CLOCK $BYPASS_ACCEL $BYPASS_EXTRA"
		echo "results $(grep -c " $3/results 9p rw" /proc/mounts)"
	' sh "$work/share" "$work" "$root"
	check "--numa 2 makes two nodes" out_has '^nodes 2 cpus 2$'
	check "each with a processor" out_has '^node1 cpus 1$'
	check "persistent memory has the sizes asked for, in order" out_has '^pmem 1048576 524288$'
	check "an NVMe disk has its serial and size" out_has '^nvme bypass-nvme0 131072'
	check "and the second its own" out_has '^nvme bypass-nvme1 262144'
	check "there is an IOMMU" sh -c "! grep -q '^group 0' '$work/out'"
	check "the command can write to a shared folder" out_has '^shared$'
	check "what it wrote is on the host" grep -q written "$work/share/file"
	check "what it removed is gone from the host" [ ! -e "$work/share/old" ]
	check "the command can write elsewhere" out_has '^overlaid$'
	check "but that doesn't reach the host" [ ! -e "$work/lost" ]
	check "the command knows where it runs, and gets BYPASS_ variables" \
		out_has '^env 1 ns \(tcg\|kvm\) passed on$'
	check "the project's results folder is shared" out_has '^results 1$'
}

two_at_once() {
	"$run" -- sh -c 'echo first >/tmp/same-name; sleep 2; cat /tmp/same-name' \
		>"$work/first" 2>/dev/null </dev/null &
	launcher=$!
	guest -- sh -c 'echo second >/tmp/same-name; sleep 2; cat /tmp/same-name'
	wait "$launcher"
	check "of two runs at once the first sees only itself" grep -qx first "$work/first"
	check "and so does the second" out_is second
}

# The kernel changes the code that both processors are in. With a thread for each processor, QEMU 7.2 hung
# under such a load in four guests of six.
code_that_changes() {
	# shellcheck disable=SC2016 # the guest's shell is meant
	guest --timeout 600 -- sh -c '
		mount -t tracefs tracefs /sys/kernel/tracing
		(while :; do echo a; done | while read -r x; do :; done) &
		(while :; do echo a; done | while read -r x; do :; done) &
		turns=0
		while [ $turns -lt 30 ]; do
			turns=$((turns + 1))
			echo 1 >/sys/kernel/tracing/events/sched/sched_switch/enable
			echo 0 >/sys/kernel/tracing/events/sched/sched_switch/enable
		done
		echo "switched $turns times"
		kill $(jobs -p)
	'
	check "a tracepoint can be switched while both processors run into it" out_has '^switched 30 times$'
}

build_again() {
	before=$(stat -c %Y.%Z "$root/build/vm/initramfs-$kernel.cpio" "$root/build/vm/launch")
	guest -- true
	after=$(stat -c %Y.%Z "$root/build/vm/initramfs-$kernel.cpio" "$root/build/vm/launch")
	check "a second run builds nothing" [ "$before" = "$after" ]
}

not_built() {
	mkdir -p "$work/tree/build/vm"
	cp "$root/build/vm/launch" "$work/tree/build/vm/"
	"$work/tree/build/vm/launch" --kernel debug -- true >"$work/out" 2>"$work/err"
	status=$?
	check "a debug kernel that isn't built gives 125" status_is 125
	check "and a sentence that says what to do" err_has 'do: make vm-debug-kernel$'
}

# Also whether kernel_is_clean, by which the tests of the modules end, hears of each. What lockdep and
# kmemleak report leaves no taint. KASAN's report ends lockdep's work, so it comes last.
mistakes() {
	# shellcheck disable=SC2016 # the guest's shell is meant
	guest -- sh -c '
		. "$2"
		dmesg -C
		for mistake in none leak lock-order sleep list use-after-free; do
			insmod "$1" mistake=$mistake
			[ $mistake != list ] || continue # it leaves the same traces as the one before
			kernel_is_clean >/run/reports && echo "$mistake: clean"
			sed "s/^/$mistake: /" /run/reports
			echo clear >/sys/kernel/debug/kmemleak
		done
		dmesg
	' sh "$root/build/vm/tests/faulty/faulty.ko" "$root/kmod/tests/kernel-clean-lib.sh"
	check "a kernel that was asked for no mistake is clean" out_has '^none: clean$'
	check "and after none of the mistakes" sh -c "! grep -v '^none' '$work/out' | grep ': clean$'"
	check "kmemleak reports what was lost" out_has '^leak: unreferenced object .*(size 128)'
	check "lockdep reports locks taken in two orders" \
		out_has '^lock-order: .*WARNING: possible circular locking'
	check "and then has stopped, which is seen" out_has '^lock-order: lockdep stopped watching'
	check "a sleep under a spinlock is reported" out_has '^sleep: .*BUG: sleeping function called from invalid'
	check "an entry added to a list twice is reported" out_has 'list_add double add'
	check "KASAN reports a use after free" out_has 'BUG: KASAN: .*use-after-free in store+.*faulty'
	check "and the taint of a warning and of KASAN is seen" \
		out_has '^use-after-free: the kernel is tainted: 544$'
}

# Run in the guest under with-media: DAX or not, and the size of the page-table entries.
# shellcheck disable=SC2016
media_script='
	tracing=/sys/kernel/tracing
	echo 1 >$tracing/events/fs_dax/dax_pmd_fault_done/enable
	for folder in pmem-dax/xfs pmem-dax/ext4 pmem/xfs pmem/ext4 nvme/xfs nvme/ext4; do
		[ -d /testbed/$folder ] || { echo "$folder missing"; continue; }
		echo >$tracing/trace
		xfs_io -f -c "falloc 0 8m" -c "mmap -rw 0 8m" -c "mwrite 0 8m" -c "statx -r" \
			/testbed/$folder/file >/run/statx
		attributes=$(sed -n "s/^stat.attributes = //p" /run/statx)
		dax=no
		[ $((attributes & 0x200000)) = 0 ] || dax=yes
		echo "$folder dax $dax pmd $(grep -c NOPAGE $tracing/trace)" \
			"fallback $(grep -c FALLBACK $tracing/trace)"
	done
	echo "scheduler $(cat /sys/block/nvme0n1/queue/scheduler)"
	echo "iostats $(cat /sys/block/pmem0/queue/iostats)"
	"$1" /testbed/pmem-dax/xfs/clock
'

media() {
	guest --clock=instructions --pmem 1G,1G --nvme 512M,512M -- \
		"$root/vm/guest/with-media" sh -c "$media_script" sh "$root/build/vm/tests/clock"
	cp "$work/out" "$work/media"
	check "with-media runs its command" status_is 0
	for fs in xfs ext4; do
		check "files in pmem-dax/$fs are DAX, with a page-table entry for each 2 MiB" \
			out_has "^pmem-dax/$fs dax yes pmd 4 fallback 0$"
		check "files in pmem/$fs are not DAX" out_has "^pmem/$fs dax no pmd 0"
		check "files in nvme/$fs are not DAX" out_has "^nvme/$fs dax no pmd 0"
	done
	check "disks have no scheduler" out_has '^scheduler \[none\]'
	check "pmem counts its I/O" out_has '^iostats 1$'
	guest --clock=instructions --pmem 1G,1G --nvme 512M,512M -- \
		"$root/vm/guest/with-media" sh -c "$media_script" sh "$root/build/vm/tests/clock"
	check "getppid is the same number of instructions in two boots" \
		[ "$(sed -n 's/.*\(getppid [0-9]*\).*/\1/p' "$work/out")" = \
		"$(sed -n 's/.*\(getppid [0-9]*\).*/\1/p' "$work/media")" ]
	check "the thread's CPU clock counts instructions to one in ten thousand" \
		out_has 'drift_ppb -\{0,1\}[0-9]\{1,5\}$'
	BYPASS_DAX_MOUNT=never "$run" --kernel "$kernel" --pmem 1G -- \
		"$root/vm/guest/with-media" sh -c "$media_script" sh true \
		>"$work/out" 2>"$work/err" </dev/null
	check "BYPASS_DAX_MOUNT=never mounts without DAX" out_has '^pmem-dax/xfs dax no pmd 0'
	check "a medium that isn't there has no folder" out_has '^nvme/xfs missing$'
	"$root/vm/guest/with-media" true >"$work/out" 2>"$work/err"
	status=$?
	check "with-media does nothing outside the testbed" status_is 125
}

BYPASS_EXTRA='passed on'
export BYPASS_EXTRA
: >"$work/share/old"
: >"$work/out"
cd "$root" || exit 1

# Builds what is missing before anything is counted.
"$run" --kernel "$kernel" -- true 2>"$work/err" || {
	cat "$work/err"
	echo "vm testbed: 0 passed, 1 failed (a guest doesn't start)"
	exit 1
}
if [ "$kernel" = 6.1 ]; then
	usage
	streams
	command_line
	timeouts
	signals
	panic
	two_at_once
	code_that_changes
	build_again
	not_built
fi
[ "$kernel" != debug ] || mistakes
machine
media
printf 'vm testbed (%s): ' "$kernel"
all_held
