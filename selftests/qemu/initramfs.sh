# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What a guest starts from: sourced by run, which calls
#
#	pack MODE KERNEL WORK
#
# to leave it as WORK/initramfs. It is not compressed: the guest would take
# longer to unpack it than qemu to load it.

# add_program FILE DIRECTORY
# Copies a program, and the shared libraries that it needs, into the guest.
add_program() {
	local library
	cp -L "$1" "$root/$2/"
	# ldd fails on what is not linked dynamically
	{ LD_LIBRARY_PATH=$PWD/build/libmbox ldd "$1" 2>/dev/null || true; } |
		sed -n 's|^[^/]*\(/[^ ]*\) (.*|\1|p' | while read -r library; do
		case $library in
		/lib/* | /lib64/* | /usr/lib/*) ;;
		# our own, from the build directory
		*)	cp -L "$library" "$root/usr/lib/"; continue ;;
		esac
		[ -e "$root$library" ] || {
			mkdir -p "$root${library%/*}"
			cp -L "$library" "$root$library"
		}
	done
}

add_base() {
	local directory release
	for directory in bin dev etc lib/modules proc root selftests sys tmp usr/bin usr/lib; do
		mkdir -p "$root/$directory"
	done
	cp "$(command -v busybox)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp selftests/qemu/init "$root/init"
	echo 'root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false' >"$root/etc/passwd"
	echo 'root:x:0:
nogroup:x:65534:' >"$root/etc/group"

	release=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
		"build/kernels/$kernel/kdir/include/generated/utsrelease.h")
	directory=$root/lib/modules/$release
	mkdir -p "$directory/extra"
	cp "build/$kernel/module-src/mbox.ko" "$directory/extra/"
	touch "$directory"/modules.{order,builtin,builtin.modinfo}
	# not in the PATH of everybody
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" "$release"
}

# Names the tests to run, on standard output. TESTS has names as of the
# sources, or without what they all end in.
selected_tests() {
	local all name found
	all=$(cat build/selftests/list)
	for name in ${TESTS:-$all}; do
		found=$(grep -xE "$name(_test)?(.sh)?" <<<"$all") || {
			echo "There is no test '$name' among:" >&2
			tr '\n' ' ' <<<"$all" >&2
			echo >&2
			return 1
		}
		echo "$found"
	done
}

add_check() {
	local name tests
	tests=$(selected_tests)
	for name in $tests; do
		add_program "build/selftests/$name" selftests
	done
	add_program build/tools/mboxctl usr/bin
	echo "TESTS='${tests//$'\n'/ }' TEST_TIMEOUT=$TEST_TIMEOUT" >>"$root/etc/guest.conf"
}

# copy_input FROM TO
# Copies files for the demo. A symbolic link becomes the file it points to.
copy_input() {
	local file
	mkdir -p "$2"
	cp -rL "$1/." "$2/"
	find "$2" -mindepth 1 ! -type f ! -type d -print | while read -r file; do
		echo "Not a regular file, left out: $1${file#"$2"}"
		rm -f "$file"
	done
}

# The truth that the results of the demo are compared with: what wc and sha256sum
# say of its input, a line per file: SHA256 LINES WORDS BYTES PATH.
describe_input() {
	local list=$work/list
	find . -type f -print0 | sort -z >"$list"
	if [ "$(tr -dc '\n' <"$list" | wc -c)" -gt 0 ]; then
		echo "There is a file name with a line break in it" >&2
		return 1
	fi
	paste -d ' ' \
		<(xargs -0 -r sha256sum -z <"$list" | tr '\0' '\n' | cut -d ' ' -f 1) \
		<(xargs -0 -r env LC_ALL=C wc -lwc <"$list" | grep -v '^ *[0-9 ]* total$' |
			sed -E 's|^ *([0-9]+) +([0-9]+) +([0-9]+) \./|\1 \2 \3 |')
}

add_demo() {
	local input=$root/demo/input file
	mkdir -p "$input"
	if [ -n "${DEMO_INPUT:-}" ]; then
		copy_input "$DEMO_INPUT" "$input"
	else
		copy_input /usr/share/common-licenses "$input/common-licenses"
		git -c safe.directory="$PWD" ls-files -z --cached --others --exclude-standard |
			while IFS= read -r -d '' file; do
				# git also lists what was deleted a moment ago
				[ -f "$file" ] || continue
				mkdir -p "$input/mbox/$(dirname "$file")"
				cp -L "$file" "$input/mbox/$file"
			done
	fi
	(cd "$input" && describe_input) >"$root/demo/expected.txt"
	add_program build/demo/mbox-demo demo
	# the files are in memory twice while the guest unpacks them
	memory=$((memory + 3 * $(du -sm "$input" | cut -f 1)))
}

add_bench() {
	mkdir -p "$root/bench"
	add_program build/bench/mbox-bench bench
	cp "build/$kernel/floor-src/mbox_floor.ko" "$root/bench/"
	echo "BENCH_CPUS=$BENCH_CPUS BENCH_CASES='${BENCH_CASES:-}'" \
		"BENCH_CGROUPS='${BENCH_CGROUPS:-root memory}'" >>"$root/etc/guest.conf"
}

pack() {
	local mode=$1 kernel=$2 work=$3 columns
	root=$work/root
	mkdir -p "$root/etc"
	# the width of the user's terminal, if that is where the output goes
	columns=$(stty size <&1 2>/dev/null | cut -d ' ' -f 2 || true)
	echo "MODE=$mode COLUMNS=${columns:-80}" >"$root/etc/guest.conf"
	add_base
	"add_$mode"
	chmod -R a+rX "$root"
	(cd "$root" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0) >"$work/initramfs"
	rm -rf "$root"
}
