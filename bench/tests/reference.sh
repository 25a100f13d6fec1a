#!/bin/sh
# SPDX-License-Identifier: MIT
# bench/reference on runs made by hand: each check's name is the sentence that must hold.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/mk/shell-test.sh"
make_work

# A tree of its own, with a stand-in for bypass.
mkdir -p "$work/bench" "$work/results" "$work/build"
cp "$root/bench/reference" "$work/bench/"
cat >"$work/build/bypass" <<'END'
#!/bin/sh
[ ! -e "$0.broken" ] || { echo 'bypass: no run' >&2; exit 1; }
echo "$2 of $(basename "$3")"
END
chmod +x "$work/build/bypass"
kept=$work/results/reference/quick

# make_run CHANGE: a run of four cells in $work/run.json, changed by a line of Python.
make_run() {
	python3 - "$work/run.json" "$1" <<'END'
import json
import sys


def cell(path, insn, iodepth=1, passes=("all",)):
    rank = {"median": insn, "ci_low": insn, "ci_high": insn + 10}
    return {"id": f"{path} 4k QD{iodepth}", "path": path, "status": "measured",
            "workload": {"iodepth": iodepth},
            "summary": [{"pass": name, "per_io": {"rank_insn": rank}} for name in passes],
            "repetitions": [{"passes": [{"ios": 5, "histogram_insn": buckets} for name in passes]}
                            for buckets in ([[insn, 4], [300, 1]], [[insn, 5]])]}


direct, uring, many = cell("direct", 10000), cell("uring", 1000), cell("uring", 500, 32)
mapped = cell("mmap-shared", 2000, passes=("first-touch", "again"))
versions = {"libc": "2.36", "compiler": "gcc 12"}
machine = {"kernel": "6.1", "kernel_build": "#1", "qemu": "7.2", "emulated_cpu": "qemu64",
           "versions": versions}
run = {"run_id": "0007", "suite": "quick", "clock": "instructions", "status": "complete",
       "runs": 9, "boots": 3, "argv": ["run", "quick", "--testbed"],
       "environment": machine, "warnings": [], "cells": [direct, uring, many, mapped]}


def cost(one, insn):
    one["summary"][0]["per_io"]["rank_insn"].update(median=insn, ci_low=insn, ci_high=insn)


exec(sys.argv[2])
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(run, file)
END
}

reference() {
	"$work/bench/reference" "$1" "$work/run.json" >"$work/out" 2>&1
	status=$?
}
# All is kept but the name of its folder and where the histograms are.
same_run() {
	python3 - "$work/run.json" "$kept/run.json" <<'END'
import json
import sys

run, kept = [json.load(open(path, encoding="utf-8")) for path in sys.argv[1:]]
run["run_id"] = "quick"
for cell in run["cells"]:
    (first, *_), *_ = [each["passes"][0]["histogram_insn"] for each in cell["repetitions"]]
    for summary in cell["summary"]:
        summary["histogram_insn"] = sorted([[first[0], 9], [300, 1]])
    for each in cell["repetitions"]:
        each["passes"] = [{"ios": one["ios"]} for one in each["passes"]]
sys.exit(run != kept)
END
}
ends() { [ "$status" = "$1" ] && grep -qF -e "$2" "$work/out"; }

make_run ''
reference check
check "without a reference it says so, and that is no failure" \
	ends 0 "no reference for this key (kernel 6.1 #1, qemu 7.2, libc 2.36, compiler gcc 12, CPU qemu64)"
reference record
check "a run becomes the reference, each pass a figure" \
	ends 0 "quick: 5 figures in results/reference/quick/run.json"
check "and is named as its folder is" grep -q '"run_id": "quick"' "$kept/run.json"
check "one histogram stands for those of all repetitions, and all else is as it was" same_run
check "its report lies beside it" grep -qx -e "--format=md of quick" "$kept/report.md"
: >"$work/build/bypass.broken"
"$work/bench/reference" report quick >"$work/out" 2>&1
status=$?
check "a run of which no report can be made is an error" ends 2 "bypass report can't read"
rm "$work/build/bypass.broken" "$kept/report.md"
"$work/bench/reference" report quick >"$work/out" 2>&1
check "the report alone can be made anew" test -s "$kept/report.md"
reference check
check "the same run agrees" ends 0 "quick: 5 of 5 figures agree with the reference within 3 %"
make_run 'cost(direct, 10300); cost(many, 425)'
reference check
check "so does one within the tolerance, which is wider with several in flight" ends 0 "5 of 5"
make_run 'cost(direct, 10311)'
reference check
check "a cell that costs more is named, with both figures" \
	ends 1 "direct 4k QD1: 10311 instructions per I/O, in the reference 10000 (10000 to 10010)"
make_run 'cost(direct, 10311)
direct["summary"][0]["per_io"]["rank_insn"]["ci_low"] = 10300'
reference check
check "unless one of its repetitions lies within" ends 0 "5 of 5"
make_run 'cost(uring, 969)'
reference check
check "so is one that costs less" ends 1 "uring 4k QD1: 969"
make_run 'cost(mapped, 3000)'
reference check
check "the pass of a mapping is named" ends 1 "mmap-shared 4k QD1, first-touch: 3000"
make_run 'cost(uring, 900)
run["warnings"] = [{"code": "raced", "text": "uring 4k QD1: the emulated disk was faster"}]'
reference check
check "what the emulated disk overtook is not compared" ends 0 "4 of 4"
make_run 'uring["status"] = "unavailable"; run["cells"].append(cell("libaio", 7))'
reference check
check "a cell that is new is named and no failure" ends 0 "    libaio 4k QD1"
for change in 'machine["kernel_build"] = "#2"' 'machine["qemu"] = "8.0"' \
	'machine["emulated_cpu"] = "max"' 'versions["compiler"] = "gcc 13"'; do
	make_run "cost(direct, 20000); $change"
	reference check
	check "another machine has no reference: $change" ends 0 "no reference for this key"
done
reference record
make_run ''
reference check
check "a run of another machine takes the reference's place" ends 0 "no reference for this key"
reference record
make_run 'run["argv"].append("--size=1m")'
reference record
check "other options than the suite's make no reference" \
	ends 2 "was made by \`bypass run quick --testbed --size=1m\`"
make_run 'direct["status"] = "refuted"'
reference record
check "nor does a run of which something was refuted" ends 2 "(direct 4k QD1); give a good run"
make_run 'run["runs"] = 3'
reference record
check "three repetitions make no reference" ends 2 "nine repetitions"
make_run 'run["clock"] = "ns"'
reference check
check "time is no reference" ends 2 "counts ns"
make_run 'run["cells"] = [cell("dax", 1)]'
reference check
check "a suite of other cells is a failure: nothing was compared" ends 1 "was the suite changed?"

all_held
