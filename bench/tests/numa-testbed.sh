#!/bin/sh
# SPDX-License-Identifier: MIT
# What numa_cpu_nodes and numa_mem_policy promise, tried in a testbed of two nodes with a processor,
# persistent memory and disks each. Emulated time, so nothing here is about cost: only about where
# threads and memory were. Each check's name is the sentence that must hold. Usage:
# bench/tests/numa-testbed.sh build/bypass
set -u

if [ $# != 1 ] || [ ! -x "$1" ]; then
	echo "usage: bench/tests/numa-testbed.sh BYPASS, after \`make build/bypass vm\`" >&2
	exit 2
fi
bypass=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
unset MAKEFLAGS MFLAGS MAKELEVEL

# In the guest: measure NAME COMMAND...
cat >"$work/guest.sh" <<'END'
share=$1
bypass=$2
measure() {
	name=$1
	echo "$name"
	shift
	"$@" --runs=1 --size=1m --output="$share/$name" >"$share/$name.out" 2>&1
	echo $? >"$share/$name.status"
}
run="$bypass run"
measure pmem-far $run --path=mmap-dax --target=testbed:pmem/xfs --numa_cpu_nodes=far --numa_mem_policy=bind:far
measure pmem-near $run --path=mmap-dax --target=testbed:pmem/xfs --numa_cpu_nodes=near --numa_mem_policy=bind:near
# The second NVDIMM is on the other node.
measure other-near $run --path=dax --target=testbed:pmem/ext4 --numa_cpu_nodes=near --numa_mem_policy=bind:near
measure two-jobs $run --path=direct --target=testbed:disk --numa_cpu_nodes=near --numa_mem_policy=bind:far --numjobs=2
measure ours $run --path=userdrv-poll --target=testbed:disk --numa_cpu_nodes=near --numa_mem_policy=bind:far --number_ios=100
measure model $run --path=userdrv-poll --target=soft:latency=10us,size=64m --numa_cpu_nodes=near --number_ios=100
measure numbered $run --path=userdrv-poll --target=soft:latency=10us,size=64m --numa_cpu_nodes=1 --numa_mem_policy=bind:0 --number_ios=100
measure missing $run --path=buffered --target=testbed:pmem/xfs --numa_cpu_nodes=7
measure confined taskset -c 0 $run --path=buffered --target=testbed:pmem/xfs --numa_cpu_nodes=far
END

cat >"$work/judge.py" <<'END'
import json
import sys

failed = 0


def cell(name):
    with open(f"{sys.argv[1]}/{name}/run.json", encoding="utf-8") as file:
        return json.load(file)["cells"][0]


def check(sentence, holds, seen):
    global failed
    failed += not holds
    print(("ok " if holds else "FAILED ") + sentence)
    if not holds:
        print("   ", seen)


def held(name, claims):
    """Each of the claims was made, and held in every phase."""
    found = cell(name)
    for claim in claims:
        verdicts = [piece["verdict"] for piece in found["evidence"] if piece["claim"] == claim]
        if not verdicts or set(verdicts) != {"held"}:
            return False
    return found["status"] == "measured"


def numa(name, sentence, claims, **wanted):
    found = cell(name)
    check(sentence, held(name, claims) and found.get("numa") == wanted,
          (found["status"], found.get("reason"), found.get("numa"), found["evidence"]))


def unavailable(name, sentence, words):
    found = cell(name)
    check(sentence, found["status"] == "unavailable" and words in found["reason"],
          (found["status"], found.get("reason")))


PLACED = ["the thread ran on its node", "the buffer is on its node"]
NEAR = PLACED + ["the thread is near the device", "the buffer is near the device"]
FAR = PLACED + ["the thread is far from the device", "the buffer is far from the device"]

numa("pmem-far", "a thread and its buffer are far from persistent memory where they are to be", FAR,
     cpu_node=1, memory_node=1, device_node=0, distance=20)
numa("pmem-near", "and near it where they are to be", NEAR,
     cpu_node=0, memory_node=0, device_node=0, distance=10)
numa("other-near", "near memory of the other node is that node", NEAR,
     cpu_node=1, memory_node=1, device_node=1, distance=10)
found = cell("two-jobs")
check("two jobs on the one processor of a node share it, and the evidence says so",
      held("two-jobs", PLACED) and any("2 jobs on 1 CPU of it" in piece["observed"]
                                       for piece in found["evidence"]), found["evidence"])
numa("ours", "our driver's thread is near its disk and the buffer far, on the disk's node or not",
     PLACED + ["the thread is near the device", "the buffer is far from the device"],
     cpu_node=1, memory_node=0, device_node=1, distance=20)
unavailable("model", "nothing is near a model, which is no device", "isn't known")
numa("numbered", "but nodes can be named by their numbers", PLACED,
     cpu_node=1, memory_node=0, distance=20)
unavailable("missing", "a node that isn't there is unavailable with the reason", "no node 7")
unavailable("confined", "a program confined to one node can't go to the other", "farther")
sys.exit(failed != 0)
END

mkdir "$work/share"
"$root/vm/run" --numa 2 --cpus 2 --pmem=1G,1G --nvme=512M,512M,64M,64M --timeout 600 \
	--share "$work/share" -- "$root/vm/guest/with-media" sh "$work/guest.sh" "$work/share" \
	"$bypass" >"$work/out" 2>&1 || {
	echo "FAILED the testbed of two nodes runs"
	tail -n 20 "$work/out"
	exit 1
}
python3 "$work/judge.py" "$work/share"
