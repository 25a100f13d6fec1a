#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line on this machine, without the testbed: command.sh BYPASS [BYPASS-TO-PRELOAD-INTO]
#
# Each check's name is what must hold. Writes to temporary folders alone; no test depends on speed.
# The second program, by default the one built without sanitizers, gets the LD_PRELOAD shims.
# shellcheck disable=SC2016 # a condition is expanded when it is checked
set -u

if [ $# -lt 1 ] || [ ! -x "$1" ]; then
	echo "usage: command.sh BYPASS [BYPASS-TO-PRELOAD-INTO]; build it first: make" >&2
	exit 2
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
tests=$root/bench/tests
bypass=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
plain=${2:-$root/build/bypass}
[ -x "$plain" ] || plain=$bypass

work=$(mktemp -d)
chmod 755 "$work"
mounted=
helpers=
clean_up() {
	for pid in $helpers; do
		kill "$pid" 2>/dev/null
	done
	[ -z "$mounted" ] || umount "$mounted"
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
folder=$work/folder
results=$work/results
out=$work/out
err=$work/err
mkdir "$folder"
# Another user may have to write here.
chmod 777 "$folder"
unset BYPASS_TESTBED BYPASS_ACCEL

status=0
. "$root/mk/shell-test.sh"

run() {
	"$bypass" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}

# A small run in the folder; options follow.
measure() {
	run run --size=1m --number_ios=100 --runs=2 --results="$results" --target="$folder" "$@"
}

exits() {
	[ "$status" = "$1" ]
}

says() {
	grep -qF -e "$1" "$out"
}

complains_of() {
	grep -qF -e "$1" "$err"
}

narrow() {
	awk 'length($0) > 80 { wide = 1 } END { exit wide }' "$out"
}

is_empty() {
	[ -z "$(ls -A "$1")" ]
}

# What bypass complains of: how far it has come is no complaint.
complaints() {
	grep -vE '^[a-z-]+(, proof)?: ([0-9]+ (repetition|cell)s?|[0-9]+% after [0-9]+ s)$' "$err"
}

# One line on stderr that says who speaks, and does not end in the middle.
one_sentence() {
	[ "$(complaints | wc -l)" = 1 ] && complaints | grep -qE '^bypass: .{20,}$'
}

# Exit status $1, one sentence that names $2, nothing on stdout, nothing left behind.
refuses() {
	exits "$1" && one_sentence && complains_of "$2" && [ ! -s "$out" ] && is_empty "$folder" &&
		[ ! -e "$results" ]
}

# The same for a run that began: the result is stored, the table tells the same.
gives_up() {
	exits "$1" && one_sentence && complains_of "$2" && narrow && valid "$(last_run)"
}

last_run() {
	echo "$results/last/run.json"
}

valid() {
	"$tests/check-schema" "$1" 2>>"$err"
}

# field FILE EXPRESSION: of the JSON in FILE, as the Python name `run`.
field() {
	python3 -c 'import json, sys
run = json.load(open(sys.argv[1]))
cell = run["cells"][0]
sys.exit(0 if eval(sys.argv[2]) else 1)' "$1" "$2"
}

forget_results() {
	rm -rf "$results"
}

as_root() {
	[ "$(id -u)" = 0 ]
}

### What it says of itself

run --help
help_is_good() { exits 0 && narrow && says 'bypass run' && [ ! -s "$err" ]; }
check 'help names the commands' help_is_good
for command in run list probe export report compare; do
	run $command --help
	check "help of $command" eval 'exits 0 && narrow && says "bypass $command" && [ ! -s "$err" ]'
done
run --version
check 'version is one line' eval 'exits 0 && grep -qE "^bypass [0-9]+\.[0-9]" "$out"'
run list paths
check 'list paths' eval 'exits 0 && narrow && says buffered && says mmap-dax'
run list suites
check 'list suites' eval 'exits 0 && narrow && says quick && [ ! -s "$err" ]'
run list targets
check 'list targets' eval 'exits 0 && narrow && says file:DIR && says testbed:'
TMPDIR=$folder run probe
check 'probe' eval 'exits 0 && narrow && says TARGET && says CLOCKS && [ ! -s "$err" ]'
check 'probe touches nothing' is_empty "$folder"
# hints NAME COMMAND...: called as NAME, it says to call it by that name.
hints() {
	(cd "$(dirname "$bypass")" && PATH="$PWD:$PATH" && exec "$@") >"$out" 2>"$err" </dev/null
	status=$?
	complains_of "do: $1 list paths|suites|targets"
}
check 'called with a path, it recommends itself with that path' hints "./$(basename "$bypass")" list
check 'found in PATH, by its name alone' hints "$(basename "$bypass")" list
run lab list
check 'the course, a program of its own, recommends that one, too' says "begin with: $bypass lab start N"
run --help
check 'help says what to begin with' says 'Begin with: bypass probe; bypass run quick --testbed'
run run --help
check 'help of run has an example' eval 'says "--target=/tmp --runtime=1" && says "bypass list targets"'
"$bypass" list paths >/dev/full 2>"$err"
status=$?
: >"$out"
check 'output that could not be written is a failure' eval 'exits 1 && one_sentence'

### A run that is good

measure --path=buffered,mmap-shared,mmap-private
check 'run of three paths' exits 0
check 'run complains of nothing' eval '[ -z "$(complaints)" ]'
check 'it says how far it is, also with the proof' eval 'complains_of "cell, proof: 3 cells" &&
	complains_of "cell, proof: 100% after "'
check 'what comes next can be typed: the program is named as it was called' \
	eval 'tr -s " \n" " " <"$out" | grep -qF "next: $bypass report $results/0001 "'
check 'table fits 80 columns' eval 'narrow && says buffered && says "mmap-private again"'
check 'table has no colours in a file' eval '! grep -q "$(printf "\033")" "$out"'
check 'run.json matches its schema' valid "$(last_run)"
check 'run.json is complete' field "$(last_run)" 'run["status"] == "complete"'
check 'every claim is held or says why not' field "$(last_run)" \
	'all(e["verdict"] in ("held", "unobserved") for c in run["cells"] for e in c["evidence"])'
check 'data were checked' field "$(last_run)" \
	'any("every byte" in e["claim"] and e["verdict"] == "held" for e in cell["evidence"])'
check 'run leaves nothing in the folder' is_empty "$folder"
first=$(cd -P "$results/last" && pwd)

run report "$first/run.json"
check 'report' eval 'exits 0 && narrow && says buffered'
check 'report.html is whole' eval 'grep -q "</html>" "$first/report.html"'
check 'report needs nothing from the network' eval '! grep -qE "(src|href)=.?https?:" "$first/report.html"'
run report --counters "$first/run.json"
check 'report --counters has a table of events' eval 'exits 0 && narrow && says "whole machine, per I/O"'
run report --counters
check 'report --counters of nothing' exits 2
run report "$first"
check 'report of a folder' exits 0
rm "$first/report.html"
run report "$first" -o json
cp "$out" "$work/reported.json"
check 'report prints the run as JSON' eval 'exits 0 && valid "$work/reported.json"'
run report -o csv "$first"
check 'report prints CSV' eval 'exits 0 && head -n 1 "$out" | grep -q "iops"'
run report --output-format=fio-json "$first"
check 'report prints the form of fio' eval 'exits 0 && python3 -c "import json, sys
jobs = json.load(open(sys.argv[1]))[\"jobs\"]
sys.exit(not any(job[\"read\"][\"total_ios\"] == 200 for job in jobs))" "$out"'
check 'in those forms it writes no report.html' [ ! -e "$first/report.html" ]
run report -o xml "$first"
check 'report in an unknown form' eval 'exits 2 && one_sentence && complains_of "xml"'
run report -o json "$first" "$first"
check 'report of two runs as JSON' eval 'exits 2 && one_sentence && complains_of "one run"'
run report -o fio-json "$tests/corpus/run_json/instructions.json"
check 'instructions in the form of fio' eval \
	'exits 2 && one_sentence && complains_of "counts instructions"'
run compare "$first" "$first"
check 'a run is not compared with itself' eval 'exits 2 && one_sentence && complains_of "both sides"'
# Of two repetitions nobody knows the noise, but ten thousand times is ten thousand times.
python3 -c 'import json, sys
run = json.load(open(sys.argv[1]))
run["run_id"] = "again"
json.dump(run, open(sys.argv[3], "w"))
run["run_id"] = "slower"
for cell in run["cells"]:
    for repetition in cell["repetitions"]:
        for each in repetition["passes"]:
            each["duration_ns"] *= 10000
json.dump(run, open(sys.argv[2], "w"))' "$first/run.json" "$work/slower.json" "$work/again.json"
run compare "$first" "$work/again.json"
check 'runs that agree are no different' eval \
	'exits 0 && narrow && says "ENV same" && says " 0 slower, 0 faster"'
run compare "$first" "$work/slower.json" --threshold=5%
check 'compare finds a difference, and says so by its exit status' eval \
	'exits 1 && narrow && says SLOWER && says "exit 1"'
run compare "$work/slower.json" -o json "$first"
check 'compare prints JSON' eval 'exits 1 && python3 -c "import json, sys
figures = json.load(open(sys.argv[1]))[\"figures\"]
sys.exit(not any(each[\"verdict\"] == \"FASTER\" for each in figures))" "$out"'
run compare "$first" -o csv -- "$work/slower.json"
check 'compare prints CSV, and takes sides around --' eval \
	'exits 1 && grep -q "^cell_id,pass,metric," "$out" && says SLOWER'
run compare "$first,$work/slower.json" "$work/again.json"
check 'compare takes several runs on a side' eval 'narrow && says "base" && says "and 1 more"'
run compare "$first" "$work/slower.json" "$first/run.json" "$work/no-such-run"
check 'compare groups runs without sides, each once, and leaves out what is none' eval \
	'exits 0 && narrow && says "2 runs in 1 environment" && complains_of no-such-run'

python3 -c 'import json, sys
run = json.load(open(sys.argv[1]))
run["environment"]["load_average"] = "elsewhere"
json.dump(run, open(sys.argv[2], "w"))' "$first/run.json" "$work/other.json"
run compare "$first" "$work/other.json" "$first"
check 'runs of two machines that have one number and began in one second are two runs' eval \
	'exits 0 && says "2 runs in "'
measure --path=buffered -o json
check 'json on stdout is a run.json' eval 'exits 0 && valid "$out"'
measure --path=buffered,mmap-shared -o csv
csv_is_rectangular() {
	exits 0 && python3 -c 'import csv, sys
rows = list(csv.reader(open(sys.argv[1])))
sys.exit(0 if len(rows) == 4 and len({len(row) for row in rows}) == 1 else 1)' "$out"
}
check 'csv has a heading and a row for each pass' csv_is_rectangular
measure --path=buffered --export-json="$work/copy.json"
check 'exported copy is the same run' eval 'exits 0 && cmp -s "$work/copy.json" "$(last_run)"'
measure --path=buffered --rw=randwrite --durability=data
check 'durable writes' eval 'exits 0 && valid "$(last_run)"'
measure --path=buffered,mmap-shared --rw=randrw --numjobs=2
check 'two jobs that read and write' eval 'exits 0 && valid "$(last_run)"'
measure --path=null
check 'null path needs no disk' eval 'exits 0 && valid "$(last_run)"'
measure --path buffered --bs 8k -r 1
check 'options may stand before their values' field "$(last_run)" 'cell["workload"]["bs"] == 8192'
measure --path=buffered,dax
check 'a cell that can not run here does not spoil the run' eval 'exits 0 && says UNAVAIL'
forget_results

run run --path=buffered --target="$folder" --results="$results" --dry-run
check 'dry run writes nothing' eval 'exits 0 && narrow && is_empty "$folder" && [ ! -e "$results" ]'
check 'dry run tells cells and bytes' eval 'says buffered && says MiB'
run run --path=userdrv-poll --target=soft:latency=10us,size=64m --size=56m --dry-run
check 'of a model dry run tells memory, and no file' eval 'exits 0 && narrow && says "56 MiB to memory" && ! says files'
run run quick --results="$results" --dry-run
check 'dry run of a suite' eval 'exits 0 && narrow && [ ! -e "$results" ]'

### What it can't make sense of: one sentence, status 2, nothing done

usage() {
	name=$1
	about=$2
	shift 2
	run "$@"
	check "$name" refuses 2 "$about"
	forget_results
}
cell() {
	name=$1
	about=$2
	shift 2
	usage "$name" "$about" run --results="$results" --target="$folder" "$@"
}
usage 'unknown command' "'frobnicate'" frobnicate
usage 'nothing to list' "'things'" list things
usage 'list of what?' "list paths|suites|targets" list
usage 'unknown suite' "'nosuch'" run nosuch --results="$results"
usage 'two suites' "'quick'" run quick write-branches --results="$results"
usage 'nothing to run' 'run --help' run --results="$results"
usage 'no target' 'target' run --path=buffered --results="$results"
usage 'unknown target' "'blob'" run --path=buffered --target=blob --results="$results"
usage 'device as file' 'block:/dev/null' run --path=buffered --target=file:/dev/null \
	--results="$results"
run run --path=buffered --target=/dev/null --results="$results"
check 'no block device' gives_up 4 '/dev/null'
forget_results
usage 'unknown option of report' "'--foo'" report --foo
usage 'unknown option of compare' "'--foo'" compare a b --foo
usage 'compare of one run' 'two runs' compare a
usage 'threshold that is none' "'soon'" compare a b --threshold=soon
usage 'unknown format of compare' "'xml'" compare a b -o xml
usage 'groups are no CSV' 'tables only' compare a b c -o csv
cell 'unknown path' "'warp'" --path=warp
cell 'empty path' 'path' --path=,,
cell 'unknown unit' "'4q'" --path=buffered --bs=4q
cell 'unknown option' "'blocksize'" --path=buffered --blocksize=4k
cell 'option without value' 'bs' --path=buffered --bs
cell 'unknown output format' "'xml'" --path=buffered -o xml
cell 'no repetitions' 'runs' --path=buffered --runs=0
cell 'negative repetitions' 'runs' --path=buffered --runs=-1
cell 'seed that is no number' 'seed' --path=buffered --seed=x
cell 'size of no whole number of blocks' 'multiple' --path=buffered --bs=8k --size=12k
cell 'block larger than the size' 'bs' --path=buffered --bs=8k --size=4k
cell 'block that is no whole number of sectors' '512' --path=buffered --bs=1000 --size=64000
cell 'no end' 'runtime' --path=buffered --time_based=1
cell 'durability of reads' 'durability' --path=buffered --durability=data
cell 'unknown clock' "'sundial'" --path=buffered --testbed=sundial
cell 'depth of a synchronous path' 'iodepth=4' --path=direct --iodepth=4
cell 'more awaited than in flight' 'iodepth_batch_complete_min=5' --path=uring --iodepth=4 \
	--iodepth_batch_complete_min=5
cell 'writes to a disk of the testbed' '--allow-writes' --path=uring --allow-writes=X --testbed
cell 'writes to no disk' '--allow-writes' --path=uring --allow-writes
cell 'coalescing without our driver' 'aggregation_threshold' --path=uring --aggregation_threshold=8
run report
check 'report of nothing' exits 2
run compare
check 'compare of nothing' exits 2
run
check 'no arguments' eval 'exits 2 && [ ! -s "$out" ]'

printf '[suite]\nquestion=Why?\n[a]\npath=buffered\nbs=4q\n' >"$work/bad.ini"
usage 'suite with a mistake names file and line' 'bad.ini' run "$work/bad.ini" --results="$results"

### What can't be done here: one sentence, and the status says which

measure --path=buffered --target="$folder/none/file"
check 'missing folder' gives_up 4 "$folder/none"
measure --path=buffered --target="file:$folder/pmem"
check 'a folder that is missing where it should be mounted' gives_up 4 "$folder/pmem doesn't exist; mount it"
check 'and nothing of that name is made' is_empty "$folder"
measure --path=dax
check 'path that needs another machine' gives_up 4 'DAX'

head -c 8192 /dev/zero >"$work/small"
before=$(stat -c '%s %y %i' "$work/small")
measure --path=buffered --target="$work/small"
check 'existing file that is too small' gives_up 1 '8192'
measure --path=buffered --target="$work/small" --size=8k --rw=randwrite
check 'existing file is not written' gives_up 1 'exists'
check 'existing file is unchanged' [ "$before" = "$(stat -c '%s %y %i' "$work/small")" ]
measure --path=buffered --target="$work/small" --size=8k
check 'existing file is read' eval 'exits 0 && valid "$(last_run)"'
check 'contents of an existing file are unobserved' field "$(last_run)" \
	'all(e["verdict"] == "unobserved" for e in cell["evidence"] if e["source"] == "data check")'
mkfifo "$work/fifo"
measure --path=buffered --target="$work/fifo"
check 'fifo' gives_up 4 "$work/fifo"
measure --path=buffered --size=1t
check 'size that does not fit' gives_up 1 'MiB free'
check 'nothing of it is left' is_empty "$folder"
forget_results

run run --path=buffered --target="$folder" --results="$work/small/results"
check 'results folder that can not be made' refuses 1 "$work/small/results"
run report "$work/no-such-run"
check 'report of a run that is missing' refuses 1 'no-such-run'
run compare "$work/no-such-run" "$work/no-such-run"
check 'compare of a run that is missing' refuses 2 'no-such-run'
run report "$work/small"
check 'report of what is no run' refuses 1 "$work/small"
measure --path=buffered --export-json="$work/none/copy.json"
check 'copy that can not be written' eval 'exits 1 && one_sentence && valid "$(last_run)"'
forget_results

# As a user who may not.
mkdir "$work/private" "$work/open"
chmod 755 "$work/private"
chmod 777 "$work/open"
if as_root; then
	unprivileged() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
else
	chmod 555 "$work/private"
	unprivileged() { "$@"; }
fi
# A copy that any user can reach: the project itself may lie in a folder of root's.
mkdir -p "$work/tree/build" "$work/tree/bench"
cp "$plain" "$work/tree/build/bypass"
cp -r "$tests/../suites" "$work/tree/bench/"
chmod -R a+rX "$work/tree"
if unprivileged "$work/tree/build/bypass" list suites >/dev/null 2>&1; then
	may_not() {
		unprivileged "$work/tree/build/bypass" run --path=buffered --size=1m --runs=1 "$@" >"$out" 2>"$err"
		status=$?
	}
	may_not --target="$work/private" --results="$work/open/results"
	results=$work/open/results
	check 'folder without permission' gives_up 4 "$work/private"
	results=$work/results
	may_not --target="$folder" --results="$work/private"
	check 'results folder without permission' refuses 1 "$work/private"
	may_not --target="$folder" --results="$work/private/new"
	check 'results folder that may not be made' refuses 1 "$work/private/new"
	may_not --target=/etc/passwd --size=512 --bs=512 --number_ios=1 --results="$work/open/results"
	check "another user's file" field "$work/open/results/last/run.json" \
		'not any(e["verdict"] != "unobserved" for e in cell["evidence"] if e["source"] == "mincore")'
else
	skip 'folder without permission' 'another user can not run the program here'
fi

mkdir "$work/disk"
if as_root && mount -t tmpfs -o size=2m tmpfs "$work/disk" 2>/dev/null; then
	mounted=$work/disk
	measure --path=buffered --target="$work/disk" --size=8m
	check 'full disk' gives_up 1 'MiB free'
	check 'nothing is left on the full disk' is_empty "$work/disk"
	head -c 3m /dev/zero >"$work/disk/fill" 2>/dev/null
	run run --path=buffered --size=64k --runs=1 --target="$folder" --results="$work/disk"
	check 'results on a full disk' eval 'exits 1 && one_sentence && complains_of "$work/disk"'
	check 'no half-written run.json' eval '! find "$work/disk" -name "*run.json*" | grep -q .'
	rm -rf "${work:?}/disk/"*
else
	skip 'full disk' 'mounting a small tmpfs needs root'
fi
forget_results

### Signals

# Waits until the file $1 has a line with $2 or process $3 is gone.
wait_for_line() {
	while ! grep -qF -e "$2" "$1" && kill -0 "$3" 2>/dev/null; do
		sleep 0.05
	done
}
long_run() {
	: >"$err"
	"$bypass" run --path=buffered --target="$folder" --size=256k --runs="$1" --runtime=10ms \
		--time_based=1 --results="$results" >"$out" 2>"$err" </dev/null &
	pid=$!
	helpers="$helpers $pid"
}
end_of() {
	wait "$pid"
	status=$?
}

for signal in INT TERM; do
	long_run 400
	wait_for_line "$err" '25%' "$pid"
	kill -s $signal "$pid"
	end_of
	check "SIG$signal ends the run" eval 'exits 130 && one_sentence && complains_of partial'
	check "SIG$signal leaves a valid run.json" valid "$(last_run)"
	check "SIG$signal leaves it marked partial" field "$(last_run)" \
		'run["status"] == "partial" and len(cell["repetitions"]) >= 100'
	check "SIG$signal leaves no other file" eval 'is_empty "$folder" &&
		[ "$(find "$results" -type f)" = "$(find "$results" -name run.json)" ]'
	check "SIG$signal still prints the table" eval 'narrow && says buffered'
	forget_results
done

# While it is stopped both signals come; then the second finds the first not yet obeyed.
long_run 1000
wait_for_line "$err" repetitions "$pid"
kill -s STOP "$pid"
kill -s INT "$pid"
kill -s TERM "$pid"
kill -s CONT "$pid"
end_of
check 'second signal ends at once' eval 'exits 130 || exits 143'
check 'second signal leaves no half-written file' eval 'is_empty "$folder" &&
	! find "$results" -type f | grep -q .'
forget_results

### Negative proof: what does not do what its name says is refuted

# The reason of the refutation is on stderr and in the record.
refutes() {
	exits 3 && one_sentence && complains_of "$1" && says REFUTED && valid "$(last_run)" &&
		field "$(last_run)" \
			"cell['status'] == 'refuted' and '$1' in [e['claim'] for e in cell['evidence'] if e['verdict'] == 'refuted']"
}
held() {
	exits 0 && field "$(last_run)" 'cell["status"] == "measured"'
}

tmpfs=$mounted
[ -n "$tmpfs" ] || [ "$(stat -f -c %T /dev/shm 2>/dev/null)" != tmpfs ] || tmpfs=/dev/shm
if [ -n "$tmpfs" ]; then
	measure --path=buffered --target="$tmpfs" --cache=cold
	check 'cold cell on tmpfs, which evicts nothing, is refuted' \
		refutes 'no page was in the page cache before'
else
	skip 'cold cell on tmpfs' 'there is no tmpfs'
fi

# A file that somebody else has mapped can't be evicted.
head -c 1m /dev/urandom >"$work/held"
sync "$work/held"
: >"$work/ready"
measure --path=buffered --target="$work/held" --cache=cold
if exits 0; then
	check 'cold cell on a file that nobody holds is held' held
	python3 -c 'import mmap, sys, time
file = open(sys.argv[1], "rb")
m = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
sum(m[i] for i in range(0, len(m), 4096))
print("ready", flush=True)
time.sleep(600)' "$work/held" >"$work/ready" &
	holder=$!
	helpers="$helpers $holder"
	wait_for_line "$work/ready" ready "$holder"
	measure --path=buffered --target="$work/held" --cache=cold
	check 'cold cell on a file that another process holds is refuted' \
		refutes 'no page was in the page cache before'
	kill "$holder"
else
	skip 'cold cell on a file that another process holds' \
		"nothing can be evicted from $(stat -f -c %T "$work")"
fi

compile_shim() {
	gcc -D_GNU_SOURCE -shared -fPIC -O1 -o "$work/$1.so" "$tests/$1.c" 2>"$err"
}
preloaded() {
	shim=$1
	shift
	LD_PRELOAD=$work/$shim.so "$plain" run --size=1m --number_ios=100 --runs=1 \
		--results="$results" --target="$folder" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}
for shim in shim_corrupt shim_no_direct shim_lost_writes; do
	check "$shim compiles" compile_shim "$shim"
done
preloaded shim_corrupt --path=buffered
check 'data damaged on the way are refuted' refutes 'sampled blocks had the right bytes'
preloaded shim_no_direct --path=buffered
check 'the same file system is good for what it does' held
measure --path=direct
if held; then
	check 'direct is held here' held
	preloaded shim_no_direct --path=direct
	check 'O_DIRECT that is ignored is refuted' refutes 'left no page in the page cache'
	preloaded shim_lost_writes --path=direct --rw=randwrite
	check 'writes that are lost are refuted' refutes 'each byte went to storage'
	preloaded shim_lost_writes --path=buffered --rw=randwrite
	check 'buffered writes that are lost are refuted' refutes 'what was written is in the file'
else
	skip 'O_DIRECT that is ignored' "$(stat -f -c %T "$work") has no honest O_DIRECT to compare with"
fi
### fio: as a path, as a job file in both directions, as a form of the result

# The shell leaves PATH alone for its own commands; bypass alone doesn't find fio.
without_fio() {
	PATH=/nowhere "$bypass" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}
read_by_fio_tools() {
	(cd "$work" && fio_jsonplus_clat2csv fio.json fio.csv &&
		fio_jsonplus_clat2csv fio.json fio.csv --validate) >"$out" 2>"$err"
}
without_fio run --size=1m --runs=1 --results="$results" --target="$folder" --path=fio:psync
fio_is_missing() { gives_up 4 'apt-get install fio' && says UNAVAIL; }
check 'a cell of fio without fio is unavailable' fio_is_missing
if command -v fio >/dev/null; then
	measure --path=fio:psync,buffered
	check 'fio runs a cell beside ours' held
	measure --path=fio:psync --rw=randrw --rwmixread=70 --numjobs=2
	check 'fio writes a file of its own' held
	run export --fio --path=buffered,direct,uring,userdrv-poll --target="$folder" --size=1m \
		--number_ios=100 --iodepth=1
	exported() { exits 0 && [ ! -s "$err" ] && says '; userdrv-poll-'; }
	check 'what fio cannot do is a comment in the job file' exported
	cp "$out" "$work/job.fio"
	run run "$work/job.fio" --dry-run
	check 'a job file that was exported can be read back' eval 'exits 0 && says "3 cells"'
	fio --parse-only "$work/job.fio" >"$out" 2>"$err"
	status=$?
	check 'fio takes the job file' exits 0
	fio "$work/job.fio" >"$out" 2>"$err"
	status=$?
	check 'fio runs the job file' eval 'exits 0 && [ "$(grep -c "err= 0" "$out")" = 3 ]'
	rm -f "$folder/bypass-export.data"
	run export quick
	check 'export wants to know to what' eval 'exits 2 && one_sentence'
	printf '[a]\nfilename=%s\nsize=1m\nverify=md5\n' "$folder/x" >"$work/job.fio"
	forget_results
	run run "$work/job.fio"
	check 'what is not taken from a job file is said with its line' \
		refuses 2 "job.fio:4: bypass doesn't take 'verify'"
	printf '[a]\ndirectory=%s\nsize=1m\nrw=randread\n[b]\nstonewall\n%s\n' "$folder" \
		"directory=$folder
size=1m
rw=randwrite
number_ios=64" >"$work/job.fio"
	run run "$work/job.fio" --runs=2 --results="$results" -o fio-json
	check 'a job file runs' exits 0
	cp "$out" "$work/fio.json"
	check 'a tool made for fio reads the result' read_by_fio_tools
	forget_results
	run run "$work/job.fio" --testbed -o fio-json
	check 'instructions have no form of fio' refuses 2 'this run counts instructions'
else
	skip 'cells by fio' 'fio is not installed; do: make deps'
fi
check 'nothing is left in the folder' is_empty "$folder"

### Forms of a report

# As run, where no program but bypass itself is installed.
run_alone() {
	env PATH="$work/nothing" "$bypass" "$@" >"$out" 2>"$err" </dev/null
	status=$?
}

measure --path=buffered,mmap-shared --runs=6
report=$(cd -P "$results/last" && pwd)
run report --format=text "$report"
cp "$out" "$work/text"
check 'a report as text is the tables alone' eval 'exits 0 && narrow && says "kIOPS" &&
	[ ! -e "$report/report.html" ]'
run report -o table "$report"
check 'a report as a table is the same' eval 'exits 0 && cmp -s "$out" "$work/text"'
run report --format=html "$report"
check 'a report as HTML is a file, and its path is printed' eval \
	'exits 0 && same "$(cat "$out")" "report: $report/report.html" && [ -s "$report/report.html" ]'
run report "$report"
check 'without a form it is both' eval 'exits 0 && says kIOPS && says "report: $report/report.html"'
run report --format=md "$report" "$report"
# A table's lines have as many fields each as its head.
markdown_is_rectangular() {
	exits 0 && same "$(grep -c "^# " "$out")" 2 && says '| buffered |' &&
		awk -F '[|]' '!/^\|/ { n = 0; next } n && NF != n { bad = 1 } { n = NF } END { exit bad }' "$out"
}
check 'a report as Markdown has a heading and tables for each run' markdown_is_rectangular
run report --format=png "$report"
pictures_are_there() {
	exits 0 && same "$(wc -l <"$out")" 2 && sed 's/^report: //' "$out" | while read -r picture; do
		same "$(head -c 4 "$picture" | tail -c 3)" PNG || return 1
	done
}
check 'a report as PNG is a file for each plot, and their paths are printed' pictures_are_there
(cd "$report" && "$bypass" report --format=png run.json) >"$out" 2>"$err"
status=$?
check 'a run.json without its folder is read, and its report is written here' eval \
	'exits 0 && says "report: ./plot-1-bars.png" && [ -s "$report/plot-1-latency.png" ]'
run report --format=xml "$report"
check 'a report in no form that there is' eval 'exits 2 && one_sentence && complains_of "png"'
run report --format=md --counters "$report"
check 'counters are tables of text' eval 'exits 2 && one_sentence && complains_of "--format=text"'
run_alone report --format=png "$report"
check 'without gnuplot no report is a PNG' eval 'exits 1 && one_sentence && complains_of gnuplot-nox'
run_alone report --format=md "$report"
check 'Markdown needs no gnuplot' exits 0
forget_results

### What this machine has

run probe
probed() { exits 0 && narrow && says MACHINE && says 'NUMA' && grep -q '^PROOF ' "$out"; }
check 'probe tells the state of the machine' probed
run_alone probe
check 'probe names the command that brings a tool' eval \
	'exits 0 && narrow && says "sudo apt-get install gnuplot-nox" && says "gnuplot no"'
if as_root && command -v setpriv >/dev/null; then
	chmod 755 "$work"
	setpriv --reuid=65534 --clear-groups "$bypass" probe >"$out" 2>"$err" </dev/null
	status=$?
	check 'probe of an ordinary user' eval 'exits 0 && narrow && says "user nobody" && [ ! -s "$err" ]'
else
	skip 'probe of an ordinary user' 'this is none of root'
fi

all_held
