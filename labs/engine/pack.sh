#!/bin/sh
# SPDX-License-Identifier: MIT
# bypass lab pack: pack.sh ROOT ENGINE SEED FILE.tar.gz
# A tree for one student: stubs in the sources, no seeded mistakes, and all that `make labs` built, so
# that nothing has to be downloaded or compiled again.
set -eu
root=$1
engine=$2
seed=$3
tarball=$4

stage=$(mktemp -d "$root/build/labs/pack.XXXXXX")
trap 'rm -rf "$stage"' EXIT
trap 'exit 130' INT TERM HUP
tree=$stage/bypass
mkdir "$tree"
cd "$root"
# The modules' folders of links hold where they were built; the rest of build/ is for tests.
find Makefile LICENSE README.md mk vm bench userdrv kmod docs labs \
	build/bypass build/bypass-lab build/labs/engine build/vm/kernel-6.1 build/vm/initramfs-6.1.cpio \
	build/vm/launch build/kmod/headers-6.1 build/kmod/6.1/*.ko build/kmod/tests build/kmod/*.pathfs \
	build/asan/bench/core build/asan/bench/paths build/asan/bench/fio build/asan/bench/report \
	build/asan/userdrv/src build/asan/userdrv/soft \
	\( -path labs/work -o -path 'labs/*/wrong' -o -path 'labs/tests' \) -prune -o ! -type d -print |
	tar -c --files-from=- | tar -x -C "$tree"
"$engine" seal "$tree" "$seed"
# Kernel headers name each other by where they are.
grep -rlF "$root" "$tree/build/kmod/headers-6.1" --include=Makefile >"$stage/placed" || true
while read -r file; do
	sed -i "s|$root|@BYPASS@|g" "$file"
	echo "${file#"$tree/"}"
done <"$stage/placed" >"$tree/build/labs/placed"
cat >"$tree/setup" <<'END'
#!/bin/sh
# Once, where the tree was unpacked. Then begin with: build/bypass lab list
set -eu
cd "$(dirname "$0")"
while read -r file; do sed -i "s|@BYPASS@|$PWD|g" "$file"; done <build/labs/placed
build/bypass lab list
END
chmod +x "$tree/setup"
tar -czf "$tarball" -C "$stage" bypass
echo "$tarball: $(($(wc -c <"$tarball") / 1048576)) MiB; unpack it, then: bypass/setup"
