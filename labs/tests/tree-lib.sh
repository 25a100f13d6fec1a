# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Sourced by tests of the engine: $tree, a project of its own, whose only lab is tests/example.
# $root is the real one, whose programs and objects it borrows.
# shellcheck disable=SC2154 # the test sets $root
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$tree"
mkdir -p "$tree/labs" "$tree/build/labs"
for name in kmod vm mk; do ln -s "$root/$name" "$tree/$name"; done
for name in asan kmod vm bypass; do ln -s "$root/build/$name" "$tree/build/$name"; done
# What grading builds with is copied: the project may lie in a folder that is hidden there.
cp -r "$root/bench" "$root/userdrv" "$tree/"
cp -r "$root/labs/engine" "$tree/labs/engine"
cp -r "$root/build/labs/engine" "$tree/build/labs/engine"
cp -r "$root/labs/tests/example" "$tree/labs/90-example"
# What finds the project from its own path is copied.
cp "$root/build/bypass-lab" "$tree/build/bypass-lab"
cp "$root/build/labs/tests/prove" "$tree/build/prove"
BYPASS_LAB_WORK=$tree/work
export BYPASS_LAB_WORK
