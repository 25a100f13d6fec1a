#!/bin/sh
# SPDX-License-Identifier: MIT
# On the host: what the classifier should have said. verdict.sh NAME SEED, observations on stdin.
set -u
here=$(dirname "$0")
# shellcheck source=labs/engine/verdict-lib.sh
. "$here/../engine/verdict-lib.sh"
# shellcheck source=labs/01-which-path/kinds.sh
. "$here/kinds.sh"
name=$1
seed=$2

# The answer, and why.
of_descriptor() {
	case $1 in
	cached) echo page-cache "a file on a disk, opened without O_DIRECT, is served by the page cache" ;;
	direct) echo direct "a file on a disk with O_DIRECT is read past the page cache" ;;
	cleared) echo page-cache "a file that was opened with O_DIRECT, but fcntl has cleared it since, is served by the page cache" ;;
	dax) echo dax "a file with the DAX flag, on a file system mounted with dax=inode on persistent memory that can do it, is DAX" ;;
	dax-direct) echo dax "a DAX file has no page cache that O_DIRECT could go past: it is DAX" ;;
	off) echo page-cache "a file on a file system mounted with dax=always is not DAX if the device can't do it: the kernel says so in its log and uses the page cache" ;;
	no-flag) echo page-cache "a file without the DAX flag, on a file system mounted with dax=inode, is served by the page cache" ;;
	block) echo block-page-cache "a disk's own node has a page cache, too" ;;
	block-direct) echo block-direct "a disk's own node with O_DIRECT is read past its page cache" ;;
	pmem) echo block-page-cache "persistent memory's own node is a block device with a page cache like any other" ;;
	commands) echo nvme-commands "/dev/ng0n1 takes NVMe commands" ;;
	zero) echo none "a character device such as /dev/zero leads to no storage" ;;
	esac
}

of_mapping() {
	case $1 in
	direct) echo page-cache "a mapping doesn't know of O_DIRECT: its pages are those of the page cache" ;;
	deleted) echo dax "a DAX file without a name is a DAX file" ;;
	anonymous) echo none "memory without a file leads to no storage" ;;
	*) of_descriptor "$1" ;;
	esac
}

i=0
for kind in $(kinds "$name" "$seed"); do
	case $name in
	mappings) answer=$(of_mapping "$kind") ;;
	*) answer=$(of_descriptor "$kind") ;;
	esac
	seen=$(value $i)
	[ "$seen" = "${answer%% *}" ] || wrong "${answer#* } (${answer%% *})." \
		"number $i was taken for ${seen:-nothing: the program had ended with status $(value status)}."
	i=$((i + 1))
done
[ $i -gt 0 ] || broken "there is no check '$name'"
passed
