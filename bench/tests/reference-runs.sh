#!/bin/sh
# SPDX-License-Identifier: MIT
# The runs in results/reference/: each check's name is the sentence that must hold. Nothing is
# measured here; that today's code agrees with them is the question of testbed.sh (suite quick) and
# reference-long.sh (every suite). Usage: reference-runs.sh BYPASS
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
bypass=$(realpath "$1")
. "$root/mk/shell-test.sh"
make_work

# A tree of its own, so that reading writes nothing into the sources.
mkdir -p "$work/bench" "$work/results" "$work/build"
cp "$root/bench/reference" "$work/bench/"
cp -r "$root/results/reference" "$work/results/"
ln -s "$bypass" "$work/build/bypass"

grep -l '=testbed:' "$root"/bench/suites/*.ini | sed 's|.*/\(.*\)\.ini|\1|' >"$work/suites"
ls "$work/results/reference" >"$work/kept"

# good RUN.JSON: what a reference must be, beyond the schema.
good() {
	python3 - "$1" <<'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    run = json.load(file)
wrong = []
if run["status"] != "complete" or run["clock"] != "instructions":
    wrong.append("it is not a complete run by the clock of instructions")
if run["runs"] < 9 or run["boots"] < 3:
    wrong.append("it has less than three boots and nine repetitions")
wrong += [f"{cell['id']}: {cell['status']}" for cell in run["cells"]
          if cell["status"] not in ("measured", "unavailable")]
wrong += [warning["text"] for warning in run["warnings"] if warning["code"] == "budget"]
print(*wrong, sep="\n")
sys.exit(bool(wrong))
END
}

key_of() {
	python3 - "$1" <<'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    machine = json.load(file)["environment"]
print(machine["kernel_build"], machine["qemu"], machine["emulated_cpu"], machine["versions"])
END
}

names_no_folder_of_ours() {
	! grep -nEo '(^|["= ])/(home|root|tmp|work|mnt|srv|opt|usr/local)(/[^" ]*|")' "$1"
}

# same_figures SUITE: what is stored is what today's bypass computes of the repetitions.
same_figures() {
	"$bypass" report -o json "$work/results/reference/$1" >"$work/computed" &&
		python3 - "$work/results/reference/$1/run.json" "$work/computed" <<'END'
import json
import sys


def figures(path):
    with open(path, encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    return {cell["id"]: [[one["pass"], one["per_io"], one["spread_ppm"]] for one in cell["summary"]]
            for cell in cells}


stored, computed = figures(sys.argv[1]), figures(sys.argv[2])
print(*[name for name in stored if stored[name] != computed.get(name)], sep="\n")
sys.exit(stored != computed)
END
}

# same_cells SUITE: path, target and direction of each cell, as the suite has them today.
same_cells() {
	"$bypass" run "$1" --testbed --dry-run |
		awk '/^[^ ]/ {target = $1} / durability (none|data)/ {print $1, target, $2}' >"$work/today" &&
		python3 - "$work/results/reference/$1/run.json" >"$work/then" <<'END' &&
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    for cell in json.load(file)["cells"]:
        print(cell["path"], cell["target"], cell["workload"]["rw"])
END
		diff "$work/then" "$work/today"
}

same_report() {
	cp "$work/results/reference/$1/report.md" "$work/then" &&
		"$work/bench/reference" report "$1" &&
		diff "$work/then" "$work/results/reference/$1/report.md"
}

check "every suite of the testbed has a reference run, and no other has" \
	diff "$work/suites" "$work/kept"
while read -r suite; do
	run=$work/results/reference/$suite/run.json
	check "$suite: it is as the schema says" "$root/bench/tests/check-schema" "$run"
	check "$suite: it is whole, nothing was refuted, and it kept its budget" good "$run"
	check "$suite: its cells are those that the suite has today" same_cells "$suite"
	check "$suite: its figures are those of its repetitions" same_figures "$suite"
	check "$suite: its report is what bypass report says today; if that is meant: \
bench/reference report $suite" same_report "$suite"
	check "$suite: results/README.md leads to its report" \
		grep -qF "(reference/$suite/report.md)" "$root/results/README.md"
	check "$suite: it names no folder of the machine that made it" names_no_folder_of_ours "$run"
	check "$suite: a run can be compared with it" "$work/bench/reference" check "$run"
	key_of "$run" >>"$work/keys"
done <"$work/kept"
check "they are all of one kernel, QEMU, CPU and compiler" \
	same "$(sort -u "$work/keys" | wc -l)" 1
all_held
