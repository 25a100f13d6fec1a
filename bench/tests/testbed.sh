#!/bin/sh
# SPDX-License-Identifier: MIT
# What bypass promises about its figures, tried in the testbed: that each path is measured and
# proved, that what only looks like it is refuted, and that the figures repeat. Each check's name is
# the sentence that must hold. Usage: bench/tests/testbed.sh build/bypass
set -u

if [ $# != 1 ] || [ ! -x "$1" ]; then
	echo "usage: bench/tests/testbed.sh BYPASS, after \`make build/bypass vm\`" >&2
	exit 2
fi
bypass=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "$0")/../.." && pwd)
tests=$root/bench/tests
work=$(mktemp -d)
share=$work/share
started=
mkdir "$share"
unset MAKEFLAGS MFLAGS MAKELEVEL
end() {
	[ -z "$started" ] || kill "$started" 2>/dev/null
	rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

. "$root/mk/shell-test.sh"

# What every judgement about a run.json can use.
cat >"$work/judge.py" <<'END'
import json
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def expect(holds, *what):
    if not holds:
        sys.exit(" ".join(map(str, what)))


def cells(run=None, **wanted):
    """Those whose fields, or their workload's, are as wanted; at least one."""
    found = [
        cell for cell in (run or RUN)["cells"]
        if all(value in (cell.get(name), cell["workload"].get(name))
               for name, value in wanted.items())
    ]
    expect(found, "no cell with", wanted)
    return found


def one(**wanted):
    found = cells(**wanted)
    expect(len(found) == 1, len(found), "cells with", wanted)
    return found[0]


def section(name):
    return [cell for cell in RUN["cells"] if cell["id"].startswith(name + "/")]


def claims(cell, text):
    return [piece for piece in cell["evidence"] if piece["claim"] == text]


def verdict(cell, text, wanted="held"):
    """The claim was made of the cell, and came out as wanted wherever it was made."""
    found = claims(cell, text)
    expect(found, cell["id"], "makes no claim that", text)
    for piece in found:
        expect(piece["verdict"] == wanted, cell["id"], piece)


def refuted(cell, text):
    expect(cell["status"] == "refuted", cell["id"], "is", cell["status"], cell.get("reason"))
    expect(text in cell["reason"], cell["id"], "is refuted because:", cell["reason"])
    verdict(cell, text, "refuted")


def proved(cell):
    """It was measured, and each claim about it held."""
    expect(cell["status"] == "measured", cell["id"], cell["status"], cell.get("reason"))
    for piece in cell["evidence"]:
        expect(piece["verdict"] == "held", cell["id"], piece)


def passes(cell, kind=None):
    found = [each for repetition in cell["repetitions"] for each in repetition["passes"]
             if kind in (None, each["kind"])]
    expect(found, cell["id"], "has no pass", kind)
    return found


def median(values):
    return sorted(values)[len(values) // 2]


def cost(cell, kind=None):
    """Instructions of one operation, all included."""
    return median([each["op_median_insn"] for each in passes(cell, kind)])


def near(a, b, percent):
    return abs(a - b) * 100 <= percent * min(a, b)


FOLDER = sys.argv[1]
RUN = load(f"{FOLDER}/{sys.argv[2]}.json")
END

# judge SENTENCE NAME: a program on stdin judges the run NAME.
judge() {
	cat "$work/judge.py" - >"$work/program.py"
	check "$1" judged "$2"
}
judged() {
	python3 "$work/program.py" "$share" "$1" && return
	tail -n 5 "$share/$1.err"
	return 1
}

# ended NAME STATUS: exit status of the measurement NAME.
ended() {
	[ "$(cat "$share/$1.status" 2>/dev/null)" = "$2" ] && return
	echo "$1 ended with $(cat "$share/$1.status"), expected $2"
	cat "$share/$1.err" "$share/$1.out"
	return 1
}

# guest STAGE [CLOCK [MEMORY]]: one boot; what it measures is then in $share.
guest() {
	"$root/vm/run" --clock="${2:-instructions}" ${3:+--memory="$3"} --pmem 1G,1G \
		--nvme 1G,1G,256M,256M --timeout 1500 --share "$share" -- "$root/vm/guest/with-media" "$tests/guest-cells.sh" "$1" \
		"$bypass" "$share" </dev/null
}

quiet_kernel() {
	# A warning of the kernel itself begins so; drivers use the word otherwise.
	! grep -E 'WARNING: |BUG: |Oops|Call Trace|I/O error' "$share"/*.dmesg || return
	for stage in paths refuted never two-cpus pressed; do
		[ -s "$share/$stage.dmesg" ] || return 1
	done
}

helpers() {
	${CC:-gcc} -O2 -D_GNU_SOURCE -fPIC -shared -o "$share/guest_liar.so" \
		"$tests/guest_liar.c" &&
		${CC:-gcc} -O2 -D_GNU_SOURCE -o "$share/guest_hold" "$tests/guest_hold.c"
}

paths_are_proved() {
	check "every cell of the tour of paths is measured" ended paths 0
	judge "no claim about any of them is refuted, none is missing for want of means" paths <<'END'
for cell in RUN["cells"]:
    proved(cell)
    expect(cell["evidence"] or cell["path"] == "null", cell["id"], "has no evidence")
expect(RUN["status"] == "complete")
expect({c["path"] for c in section("pmem")} == {
    "buffered", "direct", "dax", "mmap-shared", "mmap-private", "mmap-dax"})
expect(len(section("pmem")) == 24)
END
	judge "every sector that was read back is the right one" paths <<'END'
for cell in RUN["cells"]:
    if cell["path"] == "null":
        continue
    verdict(cell, "every byte of the file is right")
    if cell["workload"]["rw"] == "randread":
        verdict(cell, "sampled blocks had the right bytes")
END
	judge "a DAX cell's file is DAX, and next to nothing passes the block layer" paths <<'END'
for cell in cells(path="dax") + cells(path="mmap-dax"):
    verdict(cell, "the inode is DAX")
    verdict(cell, "nothing was read through the block layer")
    verdict(cell, "the block layer did not see the data")
    for each in passes(cell):
        expect(each["device"]["bytes"] * 10 <= each["bytes"], cell["id"], each)
END
	judge "pread and pwrite make one system call per I/O" paths <<'END'
for path in ("buffered", "direct", "dax"):
    for cell in cells(path=path):
        verdict(cell, "one system call per I/O")
        expect(cell["witness_syscalls_per_1000_ios"][0] == 1000, cell["id"])
END
	judge "a mapping makes no system call per I/O, nor does the null path" paths <<'END'
for path in ("mmap-shared", "mmap-private", "mmap-dax", "null"):
    for cell in cells(path=path):
        verdict(cell, "no system call per I/O")
END
	judge "a direct cell moves each byte to or from storage, and leaves no page behind" paths <<'END'
for cell in cells(path="direct"):
    read = cell["workload"]["rw"] == "randread"
    verdict(cell, "each byte came from storage" if read else "each byte went to storage")
    verdict(cell, "the block layer saw the bytes")
    verdict(cell, "left no page in the page cache")
    for each in passes(cell):
        # Metadata of a write may come on top.
        expect(each["device"]["bytes"] >= each["bytes"], cell["id"], each)
        expect(not read or each["device"]["bytes"] == each["bytes"], cell["id"], each)
END
	judge "a hot buffered read is served from the page cache, a cold one from storage" paths <<'END'
for cell in cells(path="buffered", rw="randread"):
    if cell["workload"]["cache"] == "hot":
        verdict(cell, "every page was in the page cache before")
        verdict(cell, "served from the page cache")
        expect(all(p["device"]["bytes"] == 0 for p in passes(cell)), cell["id"])
for cell in section("cold"):
    verdict(cell, "no page was in the page cache before")
    verdict(cell, "storage was read")
    verdict(cell, "the block layer read the bytes")
for cell in cells(path="mmap-shared", cache="cold"):
    verdict(cell, "faults read the device")
END
	judge "mapping a DAX file takes one fault for each 4 KiB" paths <<'END'
for cell in section("pmem") + section("sync"):
    if cell["path"] == "mmap-dax":
        verdict(cell, "a fault maps 4 KiB")
        for each in passes(cell, "first-touch"):
            expect(each["ios"] <= each["faults_minor"] <= each["ios"] + 5, cell["id"], each)
END
	judge "with hugepage=1 it takes one for each 2 MiB, and the kernel's tracepoint says so" paths <<'END'
expect(len(section("huge")) == 4)
for cell in section("huge"):
    verdict(cell, "a fault maps 2 MiB")
    verdict(cell, "the fault handler installed 2 MiB entries")
    for each in passes(cell, "first-touch"):
        expect(each["faults_minor"] <= 4 + 2, cell["id"], each)
    installed = claims(cell, "the fault handler installed 2 MiB entries")[0]["observed"]
    expect(installed == "4 of them", cell["id"], installed)
END
	judge "a page-cache mapping faults around reads and once for each page that is written" paths <<'END'
for path in ("mmap-shared", "mmap-private"):
    for cell in section("pmem"):
        if cell["path"] != path:
            continue
        for each in passes(cell, "first-touch"):
            faults = each["faults_minor"] + each["faults_major"]
            expect(0 < faults <= each["ios"] + 5, cell["id"], each)
            expect(cell["workload"]["rw"] == "randread" or faults >= each["ios"], cell["id"], each)
            expect(cell["workload"]["rw"] == "randwrite" or faults * 2 <= each["ios"],
                   cell["id"], each)
END
	judge "what was touched once does not fault again" paths <<'END'
for cell in section("pmem") + section("huge") + section("sync"):
    if cell["path"].startswith("mmap"):
        verdict(cell, "later accesses do not fault")
        for each in passes(cell, "again"):
            expect(each["faults_minor"] + each["faults_major"] <= 5, cell["id"], each)
END
	judge "MAP_SYNC is accepted on a DAX file, and flushing lines needs no system call" paths <<'END'
expect(len(section("sync")) == 4)
for cell in section("sync"):
    verdict(cell, "the mapping is MAP_SYNC")
    verdict(cell, "no system call per I/O")
for target in ("testbed:pmem-dax/xfs", "testbed:pmem-dax/ext4"):
    none, data = [one(path="mmap-dax", target=target, sync=True, durability=d)
                  for d in ("none", "data")]
    expect(cost(data, "again") > cost(none, "again"), "flushing cost nothing")
END
	judge "a direct read of the NVMe disk is one interrupt, and ranked by the machine's count" paths <<'END'
for target in ("testbed:nvme/xfs", "testbed:nvme/ext4"):
    cell = one(path="direct", target=target, rw="randread")
    verdict(cell, "completion came by interrupt")
    expect(cell["clock_use"] == "machine", cell["id"], cell["clock_use"])
    for each in passes(cell):
        expect(each["ios"] * 9 <= each["interrupts"] * 10 <= each["ios"] * 11, cell["id"], each)
for cell in section("pmem") + cells(path="buffered", target="testbed:nvme/xfs", cache="hot",
                                    rw="randread"):
    expect(cell["clock_use"] == "exact", cell["id"], cell["clock_use"])
END
	judge "a durable write sends a flush or FUA to the device, an ordinary one doesn't" paths <<'END'
flushed = "a flush or FUA went to the device with each write"
expect(len(section("stored")) == 8)
for cell in section("stored"):
    verdict(cell, flushed)
for cell in section("pmem"):
    expect(not claims(cell, flushed), cell["id"], "claims a flush")
    expect(all(each["device"]["flushes"] == 0 for each in passes(cell)), cell["id"])
# NVMe's driver counts flushes by themselves; a direct write has FUA in it instead.
for cell in section("stored"):
    if "nvme" in cell["target"] and cell["path"] == "buffered":
        expect(all(each["device"]["flushes"] >= each["ios"] for each in passes(cell)), cell["id"])
END
	check "a disk without a volatile cache gets no flush, and its cells are measured" \
		ended no-write-cache 0
	judge "what arrived there proves that they are durable" no-write-cache <<'END'
for cell in RUN["cells"]:
    expect(cell["status"] == "measured", cell["id"], cell.get("reason"))
    verdict(cell, "each write arrived at a device without a volatile cache")
END
}

# The disk without a file system, by the kernel's driver and by ours.
queues_are_proved() {
	check "every cell of the kernel's driver and of ours is measured" ended queues 0
	judge "no claim about any of them is refuted or could not be observed" queues <<'END'
for cell in RUN["cells"]:
    proved(cell)
    verdict(cell, "every byte of the file is right")
expect(len(section("one at a time")) == 18 and len(section("32 at once")) == 16)
expect(len(section("registered")) == 4 and len(section("many registered")) == 4)
END
	judge "one at a time, whoever sleeps gets an interrupt for each I/O" queues <<'END'
for path in ("direct", "libaio", "uring", "passthru", "userdrv-irq", "userdrv-hybrid"):
    for cell in section("one at a time"):
        for each in passes(cell) if cell["path"] == path else []:
            expect(each["ios"] * 9 <= each["interrupts"] * 10 <= each["ios"] * 11, cell["id"], each)
END
	judge "who polls gets none, and our driver makes no system call either" queues <<'END'
for cell in (cells(path="uring-iopoll") + cells(path="passthru-iopoll")
             + cells(path="userdrv-poll")):
    verdict(cell, "completion came without interrupt")
    for each in passes(cell):
        expect(each["interrupts"] <= 1, cell["id"], each)
for cell in cells(path="userdrv-poll"):
    expect(cell["witness_syscalls_per_1000_ios"][0] == 0, cell["id"])
for path in ("userdrv-poll", "userdrv-irq", "userdrv-hybrid"):
    for cell in cells(path=path):
        verdict(cell, "the kernel's NVMe driver doesn't have the device")
END
	judge "NVMe commands of a ring are executed by the device and unseen by the block layer" \
		queues <<'END'
for cell in cells(path="passthru") + cells(path="passthru-iopoll"):
    verdict(cell, "the device executed one command for each I/O")
    verdict(cell, "the block layer saw none of the bytes")
    verdict(cell, "left no page in the page cache")
    for each in passes(cell):
        expect(each["device"]["bytes"] == 0, cell["id"], each)
END
	judge "a ring takes one system call for an I/O, libaio two" queues <<'END'
for path, calls in (("uring", 1000), ("passthru", 1000), ("libaio", 2000)):
    for cell in section("one at a time"):
        seen = cell["witness_syscalls_per_1000_ios"][0]
        expect(cell["path"] != path or near(seen, calls, 1), cell["id"], seen)
END
	judge "registered buffers and files save instructions on each kind of ring" queues <<'END'
for path in ("uring", "uring-iopoll", "passthru", "passthru-iopoll"):
    plain, registered = [
        [cell["summary"][0]["per_io"]["rank_insn"]["median"] for cell in section(name)
         if cell["path"] == path and cell["workload"]["rw"] == "randread"][0]
        for name in ("one at a time", "registered")]
    expect(0 < registered < plain, path, registered, plain)
END
	check "durable writes by all of them are measured" ended queues-durable 0
	judge "each goes to the device with a flush or FUA, which of a command is counted nowhere" \
		queues-durable <<'END'
for cell in cells(status="measured"):
    wanted = "unobserved" if cell["path"].startswith("passthru") else "held"
    verdict(cell, "a flush or FUA went to the device with each write", wanted)
    verdict(cell, "every byte of the file is right")
    verdict(cell, "what was written is in the file")
expect(len(cells(status="measured")) == 5)
END
	check "NVMe commands to a file give UNAVAIL and exit status 4" ended commands-to-a-file 4
	judge "one sentence says that they know of no files" commands-to-a-file <<'END'
for cell in RUN["cells"]:
    expect(cell["status"] == "unavailable", cell["id"], cell["status"])
    expect("NVMe commands know nothing of files" in cell["reason"], cell["reason"])
    expect("block:" in cell["remedy"], cell["remedy"])
END
	judge "32 at once share system calls, interrupts and doorbells" queues <<'END'
for cell in section("32 at once"):
    calls = cell["witness_syscalls_per_1000_ios"][0]
    expect(calls < 250, cell["id"], calls)
    for each in passes(cell):
        expect(each["interrupts"] * 4 < each["ios"], cell["id"], each)
        if cell["path"].startswith("userdrv"):
            expect(0 < each["doorbells"] * 4 < each["ios"], cell["id"], each)
END
	judge "our driver, polled, executes at most a tenth of direct, and a fifth of batched uring" \
		queues <<'END'
def figure(section_name, path):
    found = [cell for cell in section(section_name) if cell["path"] == path
             and cell["workload"]["rw"] == "randread"]
    expect(len(found) == 1, section_name, path, len(found))
    return found[0]["summary"][0]["per_io"]["rank_insn"]["median"]


ours, direct = figure("one at a time", "userdrv-poll"), figure("one at a time", "direct")
expect(0 < ours * 10 <= direct, ours, direct)
ours, uring = figure("32 at once", "userdrv-poll"), figure("32 at once", "uring")
expect(0 < ours * 5 <= uring, ours, uring)
END
}

jobs_share_a_device() {
	check "several jobs on one disk, of either driver, are measured" ended jobs 0
	judge "no claim about them is refuted or could not be observed" jobs <<'END'
for cell in RUN["cells"]:
    proved(cell)
    verdict(cell, "every byte of the file is right")
    for each in passes(cell):
        expect(each["ios"] == cell["workload"]["number_ios"] * cell["workload"]["numjobs"],
               cell["id"], each)
expect(len(section("four jobs")) == 16 and len(section("preconditioned")) == 2)
END
	judge "an open loop says where its latencies begin and lasts as long as its operations" jobs <<'END'
for cell in RUN["cells"]:
    rate = cell["workload"]["rate_iops"]
    expect(cell["latency_from"] == ("intended start" if rate else "start"), cell["id"])
    for each in passes(cell):
        expect(("backlog" in each) == (rate > 0), cell["id"], each)
        if rate and cell["workload"]["rate_process"] == "linear":
            expect(each["duration_ns"] >= 1e9 * cell["workload"]["number_ios"] / rate - 1e6,
                   cell["id"], each)
expect(len(section("open loop")) == 10)
END
}

second_cpu_submits() {
	check "with one CPU a kernel thread that submits gives UNAVAIL and exit status 4" \
		ended one-cpu 4
	judge "one sentence says that it needs a second one, and how to get it" one-cpu <<'END'
cell = one(path="uring-sqpoll")
expect(cell["status"] == "unavailable", cell["status"])
expect("a CPU of their own" in cell["reason"], cell["reason"])
expect("--testbed=ns" in cell["remedy"], cell["remedy"])
END
	check "with two CPUs its cells are measured" ended two-cpus 0
	judge "no claim about them is refuted or could not be observed" two-cpus <<'END'
for cell in RUN["cells"]:
    proved(cell)
    verdict(cell, "every byte of the file is right")
expect(len(RUN["cells"]) == 8)
END
	judge "the kernel's thread spares the system call that a ring takes without it" two-cpus <<'END'
for cell in cells(path="uring-sqpoll"):
    verdict(cell, "fewer system calls than I/Os")
    expect(cell["witness_syscalls_per_1000_ios"][0] < 100, cell["id"])
for cell in cells(path="uring"):
    expect(cell["witness_syscalls_per_1000_ios"][0] > 900, cell["id"])
END
}

# probed FILE WORD...: the words are in what probe said, wherever it broke its lines.
probed() {
	tr -s ' \n' ' ' <"$share/$1.out" | grep -qF -e "$2" && return
	cat "$share/$1.out"
	return 1
}

probe_knows_the_machine() {
	check "probe offers DAX where new files will be DAX" probed probe \
		'file:/testbed/pmem-dax/xfs ready xfs on pmem0 buffered direct dax mmap-shared mmap-private mmap-dax'
	check "and not where the same memory is mounted without" probed probe \
		'file:/testbed/pmem/xfs ready xfs on pmem0 buffered direct mmap-shared mmap-private libaio'
	check "an NVMe disk in use is read only" probed probe \
		'block:/dev/nvme0n1 ready mounted on /testbed/.xfs-nvme; writes refused'
	check "and not for our driver" probed probe 'no /dev/nvme0n1: mounted on /testbed/.xfs-nvme'
	check "an empty one can be bound" probed probe "bind empty sudo $bypass bind 0000:"
	check "one that is bound is ready" probed probe 'ready bound to vfio-pci userdrv-poll userdrv-irq'
	check "everything is within 80 columns" [ "$(cat "$share/probe.out" "$share/probe-user.out" | wc -L)" -le 80 ]
	check "who may read no disk hears why" probed probe-user "can't read /dev/nvme2n1: Permission denied"
	check "who may not write where DAX would be hears that" probed probe-user \
		'dax mmap-dax this user may not write to /testbed/pmem-dax/'
	check "and how much memory may be locked" probed probe-user 'memory may be locked, 64 MiB are wanted'
}

memory_is_pressed() {
	for rw in randread randwrite; do
		check "a file that memory can't hold is measured, $rw" ended pressed-$rw 0
		judge "it did not fit, and pages were reclaimed, $rw" pressed-$rw <<'END'
for cell in RUN["cells"]:
    verdict(cell, "the file does not fit into memory")
    verdict(cell, "pages were reclaimed")
    verdict(cell, "sampled blocks had the right bytes" if cell["workload"]["rw"] == "randread"
            else "every byte of the file is right")
    expect(sum(each["reclaimed_pages"] for each in passes(cell)) > 0, cell["id"])
expect(len(RUN["cells"]) == 2)
END
	done
	check "a file that memory holds presses nothing, and gives UNAVAIL and exit status 4" \
		ended not-pressed 4
	judge "one sentence says how large it would have to be" not-pressed <<'END'
expect(one(path="buffered")["status"] == "unavailable")
expect("size=" in one(path="buffered")["remedy"], one(path="buffered")["remedy"])
END
}

work_differs() {
	for fs in xfs ext4; do
		judge "on $fs a load costs less than a buffered read, DAX less than direct" paths <<END
def read(path, kind=None):
    target = "testbed:pmem-dax/$fs" if path.endswith("dax") else "testbed:pmem/$fs"
    found = [cell for cell in section("pmem") if cell["path"] == path
             and cell["target"] == target and cell["workload"]["rw"] == "randread"]
    expect(len(found) == 1, path, len(found))
    return cost(found[0], kind)


figures = {path: read(path) for path in ("buffered", "direct", "dax")}
loads = [read(path, "again") for path in ("mmap-shared", "mmap-private", "mmap-dax")]
expect(figures["dax"] < figures["direct"], figures)
expect(figures["buffered"] < figures["direct"], figures)
expect(max(loads) < figures["buffered"], loads, figures)
expect(near(min(loads), max(loads), 10), "not the same loads:", loads)
expect(read("mmap-dax", "first-touch") > max(loads), loads)
expect(1000 < figures["buffered"] < 4000, figures)
expect(1500 < figures["dax"] < 4500, figures)
END
	done
	judge "on the disk a direct read costs more than one of persistent memory" paths <<'END'
def machine(target):
    return median([each["machine_insn"] // each["ios"]
                   for each in passes(one(path="direct", target=target, rw="randread"))])


expect(machine("testbed:nvme/xfs") > machine("testbed:pmem/xfs"))
END
	judge "the harness itself costs less than 100 instructions" paths <<'END'
expect(RUN["clock"] == "instructions")
expect(0 < RUN["null_path"]["per_1000_ops_insn"] < 100_000, RUN["null_path"])
expect(0 < cost(one(path="null")) < 100, cost(one(path="null")))
END
}

figures_repeat() {
	check "the first of two boots measures the cells that both have" ended boot-1 0
	check "the second measures them too" ended boot-2 0
	judge "memory paths cost the same in both, within 1 %" boot-2 <<'END'
first = load(f"{FOLDER}/boot-1.json")
unequal = 0
compared = 0
for cell in RUN["cells"]:
    if cell["path"] == "direct":
        continue
    other = cells(first, id=cell["id"])[0]
    for kind in {each["kind"] for each in passes(cell)} - {"first-touch"}:
        a, b = cost(other, kind), cost(cell, kind)
        expect(near(a, b, 1), cell["id"], kind, a, b)
        compared += 1
        if a != b:
            unequal += 1
            print("not equal to the digit:", cell["id"], kind, a, b, file=sys.stderr)
expect(compared == 5, compared)
if unequal:
    with open(f"{FOLDER}/unequal", "w", encoding="utf-8") as file:
        print(f"    {unequal} of {compared} medians are not equal to the digit", file=file)
END
	cat "$share/unequal" 2>/dev/null
	judge "a fault of a DAX mapping costs the same in both, within 3 %" boot-2 <<'END'
a, b = [cost(cells(run, path="mmap-dax")[0], "first-touch")
        for run in (RUN, load(f"{FOLDER}/boot-1.json"))]
expect(near(a, b, 3), a, b)
END
	# On a busy host the emulated disk is sometimes done before the thread went to sleep, and
	# neither sleeping nor waking is executed then: what counts is the sum at equal sleeps.
	judge "the machine's sum for a direct read of the disk is the same in both, within 3 %" \
		boot-2 <<'END'
points = [(each["context_switches"] / each["ios"], each["machine_insn"] / each["ios"])
          for run in (load(f"{FOLDER}/boot-1.json"), RUN)
          for each in passes(cells(run, path="direct")[0])]
slept, sums = [sum(values) / len(points) for values in zip(*points)]
slope = 0
if max(points)[0] - min(points)[0] > 0.02:
    slope = (sum((x - slept) * (y - sums) for x, y in points)
             / sum((x - slept) ** 2 for x, y in points))
    with open(f"{FOLDER}/awake", "w", encoding="utf-8") as file:
        print(f"    (busy host: {slept:.0%} of the reads slept; compared at equal sleeps)",
              file=file)
for x, y in points:
    expect(near(y, sums + slope * (x - slept), 3), points, "slope", slope)
END
	cat "$share/awake" 2>/dev/null
}

# refutes SENTENCE NAME CLAIM: the run ends with 3 and every cell of it is refuted by that claim.
refutes() {
	cat "$work/judge.py" - >"$work/program.py" <<END
for cell in RUN["cells"]:
    refuted(cell, "$3")
END
	check "$1" refuted "$2"
}
refuted() { ended "$1" 3 && judged "$1"; }

impostors_are_refuted() {
	refutes "a mount with dax=never is no DAX for a reader" never "the inode is DAX"
	refutes "nor is it for a writer" never-write "the inode is DAX"
	refutes "a file without the DAX flag on a DAX device is no DAX" not-dax "the inode is DAX"
	refutes "O_DIRECT that reads through the page cache is not direct" journal \
		"left no page in the page cache"
	judge "the accounts of storage refute it as well" journal <<'END'
for cell in RUN["cells"]:
    verdict(cell, "each byte came from storage", "refuted")
    verdict(cell, "the block layer saw the bytes", "refuted")
END
	refutes "O_DIRECT that writes through the page cache is not direct" journal-write \
		"left no page in the page cache"
	refutes "a file that somebody holds in memory can't be read cold" held \
		"no page was in the page cache before"
	check "the same file, let go, can be read cold" ended let-go 0
	judge "the contents of somebody else's file are unobserved, never right" let-go <<'END'
for cell in RUN["cells"]:
    expect(cell["status"] == "measured", cell["id"], cell.get("reason"))
    verdict(cell, "sampled blocks had the right bytes", "unobserved")
    verdict(cell, "every byte of the file is right", "unobserved")
END
	refutes "a file that lies across 2 MiB borders is not mapped 2 MiB at a time" shifted \
		"a fault maps 2 MiB"
	refutes "a damaged byte in what was read is noticed" damage \
		"sampled blocks had the right bytes"
	refutes "a second system call per I/O is noticed" chatty "one system call per I/O"
	refutes "a write to the wrong place is noticed" misdirect "every byte of the file is right"
	refutes "a write that never happened is noticed" lose "each byte went to storage"
	refutes "a write that isn't made durable is noticed" forget \
		"a flush or FUA went to the device with each write"
}

# compared NEW STATUS TEXT: `bypass compare` of the run linger-2 with NEW ends so and says so.
compared() {
	comparison=$("$bypass" compare "$share/linger-2.json" "$share/$1.json" 2>&1)
	found=$?
	echo "$comparison"
	[ $found = "$2" ] && echo "$comparison" | grep -q "$3"
}

slowdown_is_found() {
	for name in linger-2 linger-2-again linger-108; do
		check "a reader that lingers after each pread is measured ($name)" ended $name 0
	done
	judge "106 instructions more make it dearer by 106, which are 5 %" linger-108 <<'END'
base, slow = [cost(one_of) for one_of in (load(f"{FOLDER}/linger-2.json")["cells"][0],
                                          RUN["cells"][0])]
expect(slow - base == 106, base, slow)
END
	check "compare finds them, from one boot on each side" compared linger-108 1 SLOWER
	check "and finds nothing between two runs of the same" \
		compared linger-2-again 0 ' 0 slower, 0 faster'
}

absent_is_not_wrong() {
	check "a file system without O_DIRECT gives UNAVAIL and exit status 4" ended tmpfs 4
	judge "one sentence says that it has none" tmpfs <<'END'
expect(one(path="direct")["status"] == "unavailable")
expect("tmpfs has no O_DIRECT" in one(path="direct")["reason"], one(path="direct")["reason"])
END
	check "MAP_SYNC on a disk gives UNAVAIL and exit status 4" ended sync-disk 4
	judge "one sentence says that no device below can do DAX" sync-disk <<'END'
expect(one(path="mmap-dax")["status"] == "unavailable")
expect("no DAX-capable device" in one(path="mmap-dax")["reason"])
END
	check "MAP_SYNC of a file that isn't DAX fails with exit status 1" ended sync-not-dax 1
	judge "the kernel's own reason is told" sync-not-dax <<'END'
expect(one(path="mmap-dax")["status"] == "failed")
expect("Operation not supported" in one(path="mmap-dax")["reason"], one(path="mmap-dax"))
END
	check "with iostats off the cells are still measured" ended unaccounted 0
	judge "what the account would have shown is unobserved then, never held" unaccounted <<'END'
layer = 0
for cell in RUN["cells"]:
    expect(cell["status"] == "measured", cell["id"], cell.get("reason"))
    for piece in cell["evidence"]:
        if piece["source"].startswith("/sys/block/"):
            layer += 1
            expect(piece["verdict"] == "unobserved", cell["id"], piece)
            expect("queue/iostats" in piece["observed"], piece["observed"])
        else:
            expect(piece["verdict"] == "held", cell["id"], piece)
            # A ratio to an account that isn't kept would hold whatever happens.
            expect(" for 0 I/Os" not in piece["observed"], cell["id"], piece)
    for each in passes(cell):
        expect("device" not in each, cell["id"], each)
expect(layer == 5, layer)
END
}

# As people call it: three boots, a table, a report.
user_run() {
	began=$(date +%s)
	"$bypass" run quick --testbed --runs=3 --results="$work/results" \
		>"$share/quick.out" 2>"$share/quick.err" </dev/null
	echo $? >"$share/quick.status"
	echo $(($(date +%s) - began)) >"$share/quick.took"
	folder=$work/results/0001
	cp "$folder/run.json" "$share/quick.json" 2>/dev/null
	check "bypass run quick --testbed ends with 0" ended quick 0
	judge "no cell of it is refuted, failed or left out" quick <<'END'
expect(RUN["status"] == "complete", RUN["status"])
for cell in RUN["cells"]:
    expect(cell["status"] in ("measured", "unavailable"), cell["id"], cell.get("reason"))
    expect(cell["status"] == "measured" or (cell["reason"] and "dax" in cell["path"]), cell["id"])
END
	judge "how long it took is told by this machine's clock, not by the guests'" quick <<'END'
with open(f"{FOLDER}/quick.took", encoding="utf-8") as file:
    took = int(file.read())
# The rest is what bypass does before and after; a guest's clock sees less than half of it.
expect(took / 2 < RUN["duration_s"] <= took + 1, RUN["duration_s"], took)
END
	judge "every measured cell has evidence, and repetitions from three boots" quick <<'END'
expect(RUN["boots"] == 3 and RUN["runs"] == 3)
for cell in cells(status="measured"):
    expect(cell["evidence"], cell["id"])
    expect([each["boot"] for each in cell["repetitions"]] == [1, 2, 3], cell["id"])
END
	judge "between three boots a disk's paths cost the same within 3 %, work and interrupts" quick <<'END'
# By the kernel's driver and by ours, asleep and looking; waiting and copying stand apart. What
# says itself that the emulated disk overtook it took another path: bypass has tried that six times.
raced = [each["text"] for each in RUN["warnings"] if each["code"] == "raced"]
for path in ("direct", "uring", "uring-iopoll", "userdrv-poll", "userdrv-irq"):
    found = [cell for cell in section("disk, interrupt or polling") if cell["path"] == path]
    expect(len(found) == 1, path, len(found))
    if any(text.startswith(found[0]["id"] + ": ") for text in raced):
        continue
    rank = found[0]["summary"][0]["per_io"]["rank_insn"]
    # Of three values the interval is the whole range.
    expect(near(rank["ci_low"], rank["ci_high"], 3), found[0]["id"], rank)
END
	check "today's figures agree with the reference, if there is one for this machine" \
		agrees "$folder/run.json"
	sed 's/^/    /' "$work/check"
	judge "though each boot has another seed, memory paths cost the same within 1 %, or 2 % where \
a disk has filled the page cache" quick <<'END'
# When a disk answers decides how large the pieces are that readahead puts into the cache.
for cell in cells(status="measured", clock_use="exact", durability="none", cache="page cache"):
    for kind in {each["kind"] for each in passes(cell)} - {"first-touch"}:
        costs = [each["op_median_insn"] for each in passes(cell, kind)]
        percent = 2 if "nvme" in cell["target"] else 1
        expect(near(min(costs), max(costs), percent), cell["id"], kind, costs)
END
	check "its run.json is as the schema says" "$tests/check-schema" "$folder/run.json"
	judge "its table has at most 80 columns and names the clock" quick <<'END'
with open(f"{FOLDER}/quick.out", encoding="utf-8") as file:
    lines = file.read().splitlines()
for line in lines:
    expect(len(line) <= 80, len(line), "columns:", line)
expect(any("clock instructions" in line for line in lines))
expect(any(line.startswith("mmap-dax again") for line in lines))
END
	check "no folder of a single boot is left behind" no_boots_left
	check "bypass report writes report.html" report_written "$folder"
}

report_written() {
	"$bypass" report "$1" && [ -s "$1/report.html" ]
}

# Without a reference of the same kernel, QEMU and CPU it says so, and that is no failure.
agrees() {
	"$root/bench/reference" check "$1"
}
no_boots_left() { ! find "$work/results" -name 'boot-*' | grep .; }

# Every process below PID, as "pid start-time name" in $work/family.
find_family() {
	python3 - "$1" >"$work/family" <<'END'
import glob
import sys

below = {}
for path in glob.glob("/proc/[0-9]*/stat"):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        continue
    fields = text[text.rindex(")") + 2:].split()
    name = text[text.index("(") + 1:text.rindex(")")]
    below.setdefault(fields[1], []).append((path.split("/")[2], fields[19], name))
wanted = [sys.argv[1]]
for parent in wanted:
    for pid, start, name in below.get(parent, []):
        print(pid, start, name)
        wanted.append(pid)
END
}

# None of the family is left (a process that nobody has waited for is no longer there).
family_gone() {
	grep -q qemu-system "$work/family" || {
		echo "there was no QEMU to be left behind"
		return 1
	}
	tries=0
	while :; do
		left=
		while read -r pid start name; do
			read -r stat 2>/dev/null <"/proc/$pid/stat" || continue
			case ${stat##*) } in
			Z*) continue ;;
			esac
			# shellcheck disable=SC2086 # split into the fields after the name
			set -- ${stat##*) }
			[ "${20}" != "$start" ] || left="$left $pid $name"
		done <"$work/family"
		[ -n "$left" ] || return 0
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { echo "left:$left" && return 1; }
		sleep 0.2
	done
}

# start NAME ARGUMENTS...: bypass in the background, with signals as a terminal would leave them.
start() {
	name=$1
	shift
	env --default-signal=INT,QUIT "$bypass" run --testbed --results="$work/$name" "$@" \
		>"$share/$name.out" 2>"$share/$name.err" </dev/null &
	started=$!
}

# wait_until COMMAND...: until it succeeds or what was started has ended; ten minutes at most.
wait_until() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 6000 ] && kill -0 "$started" 2>/dev/null || return 1
		sleep 0.1
	done
}

qemu_started() {
	find_family "$started"
	grep -q qemu-system "$work/family"
}

stopping() {
	start interrupted quick --runs=3
	wait_until grep -q '25%' "$share/interrupted.err"
	find_family "$started"
	kill -INT "$started"
	wait "$started"
	echo $? >"$share/interrupted.status"
	started=
	cp "$work/interrupted/0001/run.json" "$share/interrupted.json" 2>/dev/null
	check "Ctrl-C in the middle of a boot ends with 130" ended interrupted 130
	check "Ctrl-C leaves no QEMU" family_gone
	check "it is said once, of the file that stays" same \
		"$(grep -c "holds what was measured" "$share/interrupted.err")" 1
	check "what it leaves is a run.json as the schema says" \
		"$tests/check-schema" "$work/interrupted/0001/run.json"
	judge "that is marked partial and holds what was measured" interrupted <<'END'
expect(RUN["status"] == "partial", RUN["status"])
measured = cells(status="measured")
expect(all(each["boot"] == 1 for cell in measured for each in cell["repetitions"]))
expect(len(measured) < len(RUN["cells"]) or len(measured[0]["repetitions"]) < 3)
END
	start killed --path=buffered --target=testbed:pmem/xfs --runs=1
	wait_until qemu_started
	kill -KILL "$started"
	wait "$started" 2>/dev/null
	started=
	check "even SIGKILL leaves no QEMU" family_gone
}

check "the helpers can be built" helpers
check "a guest runs the tour of paths" guest paths
check "a guest runs the impostors" guest refuted
check "a guest with two CPUs runs what needs them" guest two-cpus ns
check "a guest with little memory runs what presses it" guest pressed instructions 256M
check "no kernel complained" quiet_kernel
paths_are_proved
queues_are_proved
second_cpu_submits
jobs_share_a_device
probe_knows_the_machine
memory_is_pressed
work_differs
figures_repeat
impostors_are_refuted
slowdown_is_found
absent_is_not_wrong
user_run
stopping
all_held
