#!/bin/sh
# SPDX-License-Identifier: MIT
# The HTML report in a browser: on a telephone and on a laptop, with everything unfolded, in light
# and dark. Skips without chromium. Usage: report.sh [BYPASS]; each check's name is what must hold.
# shellcheck disable=SC2016 # a condition is expanded when it is checked
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
bypass=${1:-$root/build/bypass}
. "$root/mk/shell-test.sh"
make_work

for browser in chromium chromium-browser google-chrome; do
	command -v $browser >"$work/browser" && break
done
if [ ! -s "$work/browser" ]; then
	echo 'skipped the report in a browser: chromium is not installed; do: apt-get install chromium'
	exit 0
fi

# look PAGE WIDTH [OPTION]...: what the browser sees of PAGE in a window of that width, in words, and
# what it complains of. A frame is as narrow as one likes; a window isn't.
look() {
	page=$1
	width=$2
	shift 2
	cat >"$work/frame.html" <<-END
		<!DOCTYPE html><title>nothing</title><body style="margin:0">
		<iframe id="frame" src="file://$page" style="width:${width}px;height:2000px;border:0"></iframe>
		<script>
		onload = function () {
			var frame = document.getElementById('frame'), page = frame.contentDocument;
			var view = frame.contentWindow, seen = [];
			function count(selector, test) {
				return Array.prototype.filter.call(page.querySelectorAll(selector), test).length;
			}
			function measure(when) {
				var cut = count('body *', function (element) {
					return element.getBoundingClientRect().right > view.innerWidth + 1 &&
						!element.closest('.scroll');
				});
				seen.push(when + ' overflow ' +
					(page.documentElement.scrollWidth > view.innerWidth ? 'yes' : 'no') +
					', cut ' + cut);
			}
			measure('folded');
			view.location.hash = '#g1-cell-1';
			seen.push('card ' +
				(page.getElementById('g1-cell-1').closest('details').open ? 'opened' : 'closed'));
			page.querySelectorAll('details').forEach(function (one) { one.open = true; });
			measure('unfolded');
			seen.push('links ' + (count('a', function () { return true; }) > 0 ? 'some' : 'none') +
				', broken ' + count('a', function (link) {
					var name = link.getAttribute('href');
					return name[0] !== '#' || !page.getElementById(name.slice(1));
				}));
			seen.push('page ' + view.getComputedStyle(page.body).backgroundColor);
			document.title = seen.join('; ');
		};
		</script>
	END
	timeout 120 "$(cat "$work/browser")" --headless --no-sandbox --disable-gpu --enable-logging=stderr \
		--user-data-dir="$work/profile" --allow-file-access-from-files --window-size=1600,2000 \
		--virtual-time-budget=5000 "$@" --dump-dom "file://$work/frame.html" \
		>"$work/dom" 2>"$work/log"
	sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$work/dom" >"$work/out"
	grep CONSOLE "$work/log" >>"$work/out"
}

fits() {
	grep -q 'folded overflow no, cut 0; .*unfolded overflow no, cut 0; links some, broken 0' "$work/out"
}

for name in run-functions run-v1; do
	mkdir -p "$work/$name"
	cp "$root/bench/tests/data/$name.json" "$work/$name/run.json"
done
# And one by the clock of nanoseconds, for its plots of latency.
"$bypass" run --path=buffered,mmap-shared --target="file:$work/file" --rw=randread --size=1m \
	--number_ios=100 --runs=6 --results="$work" >"$work/out" 2>&1
for name in run-functions run-v1 0001; do
	"$bypass" report "$work/$name" >"$work/out" 2>&1
	page=$work/$name/report.html
	check "$name has a report" [ -s "$page" ]
	for width in 360 1440; do
		look "$page" $width
		check "$name fits $width pixels, folded and unfolded, and its links lead somewhere" fits
		check "$name makes the browser complain of nothing at $width pixels" \
			eval '! grep -q CONSOLE "$work/out"'
	done
	check "$name opens the card that a link leads to" grep -q 'card opened' "$work/out"
done
check 'by day the page is light' grep -q 'page rgb(250, 250, 248)' "$work/out"
look "$page" 360 --blink-settings=preferredColorScheme=0
check 'by night the page is dark' grep -q 'page rgb(19, 22, 25)' "$work/out"

all_held
