#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks Debian packages of arm64, and all that they need, into a folder: what programs for arm64
# are built against and find their libraries in. Needs neither root nor a foreign architecture in
# dpkg: apt is told of a machine of its own. Usage: arm64-root.sh FOLDER PACKAGE...
set -eu

folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
apt=$(cd "$folder/apt" && pwd)
: >"$apt/status"

arm64() {
	apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 \
		-o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
		-o APT::Sandbox::User=root "$@" >"$apt/log" 2>&1 || {
		cat "$apt/log" >&2
		echo "arm64-root.sh: Debian's packages for arm64 can't be had; is there a network?" >&2
		exit 1
	}
}

echo "fetching for arm64: $*" >&2
arm64 update
arm64 install --yes --download-only --no-install-recommends "$@"
for package in "$apt"/archives/*.deb; do
	dpkg-deb -x "$package" "$folder"
done
rm -r "$apt"
touch "$folder/.complete"
