#!/bin/sh
# SPDX-License-Identifier: MIT
# In the guest: guest.sh NONCE PLAN CHECK.SH ROOT
# Runs the checks that PLAN lists (INDEX NAME FOLDER SEED SECONDS), one after another, and says on
# lines that begin with NONCE where each begins and ends (engine/transcript.h).
set -u
nonce=$1
plan=$2
script=$3
root=$4
run=/run/lab
turn=0.2

. "$root/labs/engine/check-lib.sh"
mkdir -p $run/bin

# The small programs that checks use most come from busybox, in memory: where the processor is emulated,
# one that is linked statically starts in a tenth of the time of the computer's own, whose libraries
# come by 9p. What reads and writes the files of a check (dd, cat, xfs_io) is the computer's own.
if cp "$(command -v busybox)" $run/bin/busybox 2>/dev/null; then
	for applet in $($run/bin/busybox --list); do
		case $applet in
		awk | cut | dmesg | grep | head | insmod | md5sum | mkdir | mount | rm | rmmod | sed | seq | sleep | sort | \
			stat | tac | tail | tr | umount | wc) ln -s busybox $run/bin/"$applet" ;;
		esac
	done
	PATH=$run/bin:$PATH
	# It may be built without fractions of a second, and turns would be over at once.
	sleep 0.01 2>/dev/null || rm $run/bin/sleep
fi

# Its output has a limit; whether a command of the pipe is done is seen from the file that it leaves.
start() {
	rm -f $run/status
	# shellcheck disable=SC2016 # the inner shell's
	setsid sh -c '{ sh "$1" "$2" "$3" "$4" "$5" </dev/null 2>&1; echo $? >"$6.new"; } | head -c 2000000 | sed "s/^/|/"
		mv "$6.new" "$6"' check "$script" "$name" "$root" "$folder" "$seed" $run/status &
	group=$!
}

# Counted in turns: where the host is busy they take longer, and so does the check.
finish() {
	turns=$((seconds * 5))
	while [ ! -e $run/status ]; do
		[ $turns -gt 0 ] || return 1
		turns=$((turns - 1))
		sleep $turn
	done
}

# What the kernel had to say. It is shown, and how many lines of it tell of a fault is observed.
kernel_says() {
	dmesg -c | tail -n 60 | tr -d '\000' >$run/kernel
	sed 's/^/kernel: /' $run/kernel
	echo "observe kernel_warnings $(grep -c 'WARNING:\|BUG:' $run/kernel)"
}

while read -r index name folder seed seconds <&3; do
	dmesg -c >/dev/null
	printf '\n%s begin %s\n' "$nonce" "$index"
	read -r begun _ </proc/uptime
	start
	if ! finish; then
		dmesg | tail -n 60 | sed 's/^/kernel: /'
		printf '\n%s hung %s\n' "$nonce" "$index"
		exit 0
	fi
	kernel_says
	read -r now _ </proc/uptime
	echo "took: $begun to $now s after the guest's boot"
	printf '\n%s end %s %s\n' "$nonce" "$index" "$(cat $run/status)"
	kill -9 "-$group" 2>/dev/null
	# What can't be tidied up after a check isn't left to the next.
	lab_clean || exit 0
done 3<"$plan"
