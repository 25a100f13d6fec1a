#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents tell a reader to type works, and their links lead somewhere.

Usage: docs.py BYPASS (after make). Commands stand in Markdown between backticks or in blocks of ```sh
and ```console, and in the EXAMPLES of the manual pages. What is quick and changes nothing is run; of the
rest the make target, the lab and the options are tried, `bypass run` with --dry-run. What can't be tried
stands in NOT_TRIED with its reason; a command that stands nowhere is a mistake. First of all the test
itself is tried, on a document full of mistakes.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

NOT_TRIED = {
    "it changes the machine, or needs hardware that few have": [
        "sudo dkms remove bypass/0.1.0 --all",
        "modprobe -r nvme; modprobe nvme poll_queues=2",
        "sudo chown $USER /dev/vfio/27",
        "ulimit -l unlimited",
        "sudo sysctl vm.nr_hugepages=64",
        "ndctl list -R",
        "ndctl create-namespace -M mem",
        "mkfs.xfs -d su=2m,sw=1",
        "mount -o dax",
        "daxctl reconfigure-device --mode=system-ram",
        "cxl create-region -t pmem",
        "cpupower frequency-set -g performance",
        "cpupower idle-set -D 0",
        "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo",
        "echo none > /sys/block/nvme1n1/queue/scheduler",
        "echo 1 > /sys/devices/virtual/workqueue/cpumask",
        "sudo ndctl create-namespace --mode=fsdax --region=region0",
        "echo 4096 8 >/sys/block/minipmem0/badblocks",
        "sudo mkfs.xfs -m reflink=0 /dev/pmem0",
        "sudo mount -o dax=always /dev/pmem0 /mnt/pmem",
        "echo mq-deadline >/sys/block/$disk/queue/scheduler",
        "echo mq-deadline >/sys/block/DISK/queue/scheduler",
        "chattr +x",
    ],
    "it is typed in the testbed's shell; kmod/tests/pathfs-testbed.sh does the same": [
        "modprobe -a crc32c_generic libcrc32c",
        "insmod build/kmod/6.1/pathfs.ko",
        "ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem",
        "mount -t pathfs -o dax=always /dev/pmem0 /mnt",
        "echo 1 >/sys/kernel/tracing/events/pathfs/enable",
    ],
    "it says what a program of the system is for, or how the labs' engine calls a lab's": [
        "man bypass",
        "kill -9",
        "perf stat",
        "diff -u",
        "sh check.sh NAME ROOT FOLDER SEED",
        "sh verdict.sh NAME SEED",
    ],
    "gdb and callgrind_annotate look at what a student's program has left": [
        "print *q",
        "print q->requests[0]",
        "callgrind_annotate build/labs/11-capstone/yours/instructions/callgrind.out",
    ],
    "it takes minutes: debian/ is what it reads": ["dpkg-buildpackage -us -uc -b"],
    "it is how one comes to this tree": ["git clone"],
    "bench/tests/command.sh has fio run such a file": ["fio quick.fio"],
}
# Blocks that another test runs.
TRIED_ELSEWHERE = {"docs/extending.md": "bench/tests/extending.sh"}
# Where a reader has a choice: one. The runs are in the folder in which all is tried.
CHOICES = [
    (r"\bSUITE\b", "quick"), (r"\bJOBFILE\.fio\b", "job.fio"), (r"\bYOURS\b", "direct"),
    (r"=\.\.\.", "=file:."), (r"\bDIR\b|/mnt/pmem", "."), (r"=SIZE\b", "=64m"), (r"\bN\b", "4"),
    (r"(?<![\w/])(RUN|BASE|000[13579]|@last)\b", "results/0001"), (r"(?<![\w/])(NEW|000[02468])\b", "results/0002"),
    (r"/shared/", "shared/"),
]
LISTED = {command for commands in NOT_TRIED.values() for command in commands}
OURS = re.compile(r"(build/)?bypass |(build|vm|bench|kmod|labs|userdrv|mk)/\S+ |(make|vm-run)( |$)")


def markdown_files():
    """Those of the sources: not of what was built, measured or handed out."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]
    for folder in ("docs", "labs", "vm", "kmod", "bench", "userdrv"):
        found += [path for path in ROOT.glob(f"{folder}/*/**/*.md") if "labs/work/" not in str(path)]
    return sorted(path for path in found if path.parts[len(ROOT.parts)] != "build")


def without_blocks(text):
    """The text with empty lines for its blocks, and the blocks: (line, kind, lines)."""
    prose, blocks, block = [], [], None
    for number, line in enumerate(text.split("\n"), 1):
        fence = line.lstrip().startswith("```")
        if fence and block is None:
            block = (number + 1, line.strip()[3:], [])
        elif fence:
            blocks.append(block)
            block = None
        elif block is not None:
            block[2].append(line)
        prose.append("" if fence or block is not None else line)
    return "\n".join(prose), blocks


def is_command(words):
    """Of words between backticks: a program of ours, or any that this machine has, and what to tell it."""
    line = words.removeprefix("sudo ")
    program = line.split(" ")[0]
    # "which" begins a sentence, too.
    return words in LISTED or OURS.match(line) or (" " in line and program != "which" and shutil.which(program))


def commands_of_markdown(name, text):
    prose, blocks = without_blocks(text)
    for match in re.finditer(r"`([^`]+)`", prose):
        words = " ".join(match.group(1).split())
        if is_command(words):
            yield prose.count("\n", 0, match.start()) + 1, words
    indented, before, begun = False, "", ""
    for number, line in enumerate(prose.split("\n"), 1):
        indented = (indented or not before) if line.startswith("    ") else indented and not line
        before = line
        line = begun + line.strip()
        begun = line[:-1] if indented and line.endswith("\\") else ""
        if indented and not begun and is_command(line):
            yield number, line
    for first, kind, lines in blocks:
        if kind in ("sh", "console", "bash") and name not in TRIED_ELSEWHERE:
            text = "\n".join(lines).replace("\\\n", " ")
            for number, line in enumerate(text.split("\n"), first):
                if kind != "console" or line.startswith("$ "):
                    yield number, line.removeprefix("$ ").strip()


def commands_of_page(text):
    """Of a manual page's EXAMPLES: indented, or line by line where nothing is filled."""
    section, indented, filled, words = "", False, True, []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("."):
            if words:
                yield number - 1, " ".join(words)
            words = []
            macro = line.split(" ")[0]
            section = line[4:] if macro == ".SH" else section
            indented = macro == ".RS" or (indented and macro != ".RE")
            filled = macro == ".fi" or (filled and macro != ".nf")
        elif section == "EXAMPLES" and not filled:
            yield number, line.replace("\\-", "-")
        elif section == "EXAMPLES" and indented:
            words.append(line.replace("\\-", "-"))


class Tree:
    """What there is to be named, and a folder where commands are tried."""

    def __init__(self, bypass, folder):
        self.bypass = str(pathlib.Path(bypass).resolve())
        self.folder = pathlib.Path(folder)
        self.environment = {**os.environ, "BYPASS_LAB_WORK": f"{folder}/work"}
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
            self.environment.pop(name, None)
        self.targets = set(re.findall(r"^([\w./-]+):(?!=)", self.run("make", "-C", str(ROOT), "-pqr")[1], re.M))
        helps = [self.run(str(ROOT / "vm/run"), "--help")[1]]
        helps += [self.run(self.bypass, name, "--help")[1] for name in ("run", "report", "compare", "export", "lab")]
        self.options = set(re.findall(r"--\w[\w-]*", "".join(helps)))
        self.lab_commands = set(re.findall(r"^bypass lab (\w+)", helps[-1], re.M))
        for results in ("results", "results", "shared/a", "shared/b"):
            self.run(self.bypass, "run", "--path=buffered", "--target=file:.", "--size=1m", "--number_ios=100",
                     "--runs=3", f"--results={results}")
        _, job = self.run(self.bypass, "export", "--fio", "--path=direct", "--target=file:.")
        (self.folder / "job.fio").write_text(job)
        self.known = {}

    def run(self, *words):
        """Without a shell, so that nothing a document says does more than is meant here."""
        expanded = []
        for word in words:
            found = sorted(self.folder.glob(word)) if "*" in word else []
            expanded += [str(path.relative_to(self.folder)) for path in found] or [word]
        ended = subprocess.run(expanded, cwd=self.folder, env=self.environment, text=True, check=False,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return ended.returncode, ended.stdout

    def ends_well(self, *words, good=(0,)):
        status, said = self.run(*words)
        return "" if status in good else f"exit status {status} of {' '.join(words)}\n{said[-2000:]}"

    def mistake(self, line):
        """What is wrong with a command line, or nothing."""
        line = re.sub(r" # .*|\s{2,}.*| >(?!/)\S+$", "", line)
        if line not in self.known:
            self.known[line] = self.find_mistake(line)
        return self.known[line]

    def find_mistake(self, line):
        if line in LISTED:
            return ""
        if " && " in line:
            return "".join(map(self.mistake, line.split(" && ")))
        line = re.sub(r"^(sudo|taskset -c \d+) ", "", line)
        alternatives = re.search(r"(?<=[ =])[\w-]+(\|[\w-]+)+", line)
        if alternatives:
            return "".join(self.mistake(line.replace(alternatives.group(), word))
                           for word in alternatives.group().split("|"))
        program, *words = line.split(" ")
        if program == "make":
            return self.mistake_of_make(words)
        if program in ("bypass", "build/bypass"):
            for pattern, choice in CHOICES:
                line = re.sub(pattern, choice, line)
            return self.mistake_of_bypass(line.split(" ")[1:])
        if program in ("vm/run", "vm/shell", "vm-run"):
            return self.mistake_of_options(" ".join(words).split("-- ")[0])
        if program in self.targets:
            return ""
        if re.match("(vm|bench|kmod|labs|userdrv|mk)/", program):
            return "" if os.access(ROOT / program, os.X_OK) else f"there is no program {program}"
        return "it is neither tried nor listed in docs.py with a reason"

    def mistake_of_make(self, words):
        if words == ["help"]:
            return self.ends_well("make", "-C", str(ROOT), "help")
        unknown = set(words) - self.targets
        return f"there is no target {', '.join(unknown)}" if unknown else ""

    def mistake_of_options(self, text):
        unknown = set(re.findall(r"--\w[\w-]*", text)) - self.options
        return f"there is no option {', '.join(unknown)}" if unknown else ""

    def mistake_of_bypass(self, words):
        if words[0] in ("bind", "unbind") or words in (["report"], ["compare"], ["export"], ["lab"]):
            return self.ends_well(self.bypass, words[0], "--help")
        if words[0] == "run":
            # First, so that nothing of the line can keep it from being read.
            return self.ends_well(self.bypass, "run", "--dry-run", *words[1:])
        if words[0] == "lab":
            return self.mistake_of_lab(words[1:])
        if words[0] in ("list", "probe", "report", "export"):
            return self.ends_well(self.bypass, *words)
        if words[0] == "compare":
            # Two runs of the same may differ, which is exit status 1.
            return self.ends_well(self.bypass, *words, good=(0, 1))
        return f"docs.py doesn't know how to try bypass {words[0]}"

    def mistake_of_lab(self, words):
        if words[0] not in self.lab_commands:
            return f"there is no bypass lab {words[0]}"
        if len(words) > 1 and words[1].isdigit():
            labs = list(ROOT.glob(f"labs/{int(words[1]):02d}-*/lab.ini"))
            if not labs:
                return f"there is no lab {words[1]}"
            checks = re.findall(r"^\[check (\S+)\]", labs[0].read_text(), re.M)
            if len(words) > 2 and words[2] not in [*checks, "CHECK"]:
                return f"lab {words[1]} has no check {words[2]}"
        run = words == ["list"] or (words[0] == "start" and len(words) > 1)
        return self.ends_well(self.bypass, "lab", *words) if run else ""


def anchors(text):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ +(.*)$", without_blocks(text)[0], re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text):
    prose = without_blocks(text)[0]
    for match in re.finditer(r"\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"|^\[[^]]+\]: (\S+)", prose, re.M):
        link = match.group(1) or match.group(2) or match.group(3)
        if not re.match(r"[a-z]+:", link):
            yield prose.count("\n", 0, match.start()) + 1, link


def mistake_of_link(path, text, link):
    name, _, anchor = link.partition("#")
    target = path.parent / name
    if name and not target.exists():
        return "there is no such file"
    if anchor and anchor not in anchors(target.read_text() if name else text):
        return "there is no such heading"
    return ""


def judge(tree, path, text):
    """All that can be wrong in one document, and what is: two lists of (line, what it says, mistake)."""
    found, commands = [], commands_of_page(text)
    if path.suffix == ".md":
        commands = commands_of_markdown(str(path.relative_to(ROOT)), text)
        found += [(line, link, mistake_of_link(path, text, link)) for line, link in links(text)]
        prose = without_blocks(text)[0]
        found += [(prose.count("\n", 0, match.start()) + 1, match.group(1), tree.mistake_of_options(match.group(1)))
                  for match in re.finditer(r"`(--\w[^`]*)`", prose)]
    found += [(line, command, tree.mistake(command)) for line, command in commands
              if command and not command.startswith("#")]
    return found, [entry for entry in sorted(found) if entry[2]]


# Each line of it is wrong, but where blocks begin and end.
WRONG = """`bypass run quick --iodeepth=4`
`bypass run slow`
`bypass run --path=directly --target=file:.`
`bypass list paths|sweets`
`bypass frobnicate`
`make tset`
`bypass lab start 77`
`bypass lab debug 6 nothing`
`bypass lab cheat 6`
`sudo build/bypass report --conuters @last`
`vm/run --pmme 1G -- true`
`bench/no-such-program record`
`make && bypass run slow`
`taskset -c 0 bypass run slow`
`ls --all`
`--no-such-option=1`
[a](nowhere.md)
[b](#nothing)
[c](docs/method.md#nothing)

    make tset             # in a block

```sh
make tset
```
```console
$ make tset
```
"""
WRONG_PAGE = ".SH EXAMPLES\n.RS\nbypass run\nslow\n.RE\n.nf\nvm\\-run \\-\\-pmme 1G\n"
RIGHT = """# Some heading: `a`, B
`make help`, `bypass run quick --testbed`, `bypass compare BASE NEW`, `struct page`, `page cache`,
[a](docs/method.md), [b](#some-heading-a-b)
"""


def main():
    if len(sys.argv) != 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit("usage: docs.py BYPASS; build it first: make")
    results = []

    def check(sentence, wrong):
        results.append(not wrong)
        print(f"ok      {sentence}" if not wrong else f"FAILED  {sentence}")
        for line in wrong:
            print("        " + line.replace("\n", "\n        "))

    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(sys.argv[1], folder)
        noticed = {line for line, _, _ in judge(tree, ROOT / "wrong.md", WRONG)[1]}
        check("each mistake of a document full of them is noticed",
              [line for number, line in enumerate(WRONG.splitlines(), 1)
               if number not in noticed and line and not line.startswith("```")])
        noticed = [line for line, _, _ in judge(tree, ROOT / "wrong.1", WRONG_PAGE)[1]]
        check("and of a manual page", [] if noticed == [4, 7] else [f"only in lines {noticed}"])
        check("and none where there is none", [str(entry) for entry in judge(tree, ROOT / "right.md", RIGHT)[1]])
        for path in [*markdown_files(), *sorted(ROOT.glob("man/*.[1-9]"))]:
            found, wrong = judge(tree, path, path.read_text())
            if found:
                check(f"{path.relative_to(ROOT)}: {len(found)} commands, options and links",
                      [f"line {line}: {words}: {mistake}" for line, words, mistake in wrong])
        check("each command that isn't tried stands in a document", sorted(LISTED - set(tree.known)))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
