#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading: rmmod is refused as long as something could be lost
# and no longer, the parameters, and many times over. To be run as root with
# the module loaded and otherwise unused. All works in busybox's shell.

LC_ALL=C
export LC_ALL
module=mbox
parameters=/sys/module/$module/parameters
file=${MBOX_KO:-/lib/modules/$(uname -r)/extra/$module.ko}
name=module-test-$$

# --- what a test is made of --------------------------------------------------

# tell WHAT: why a test fails
tell() {
	echo "# $*"
	return 1
}

# eventually COMMAND...: waits until the command succeeds, 20 s at most
eventually() {
	for _ in $(seq 200); do
		"$@" && return
		sleep 0.1
	done
	tell "never came true: $*"
}

is_loaded() {
	[ -d /sys/module/$module ]
}

unload() {
	rmmod $module >/dev/null 2>&1
}

# unload_without NAME: the same, what is in the way being of that name
unload_without() {
	mboxctl rm "$1" 2>/dev/null
	unload
}

load() {
	insmod "$file" "$@" >/dev/null 2>&1
}

# refused WHY: the module cannot be unloaded, and nothing happens to it
refused() {
	if unload; then
		load
		tell "unloaded in spite of $1"
		return
	fi
	if ! is_loaded || [ ! -c /dev/mbox ]; then
		tell "gone in spite of $1"
	fi
}

# After what kept it has gone; what was asynchronous has come to its end soon.
allowed() {
	eventually unload || return
	! is_loaded || tell "still there" || return
	[ ! -e /dev/mbox ] || tell "/dev/mbox is still there" || return
	load || tell "cannot be loaded again"
}

# value PARAMETER VALUE
value() {
	[ "$(cat "$parameters/$1")" = "$2" ] ||
		tell "$1 is $(cat "$parameters/$1"), expected $2"
}

# comm_is PID NAME
comm_is() {
	[ "$(cat "/proc/$1/comm")" = "$2" ]
}

# --- the tests ---------------------------------------------------------------

test_unused_module_unloads() {
	allowed
}

test_open_device() {
	exec 3</dev/mbox
	refused "an open /dev/mbox"
	result=$?
	exec 3<&-
	[ $result -eq 0 ] && allowed
}

# Nobody has it open: what is queued would be lost.
test_kernel_owned_mailbox() {
	mboxctl create "$name" && mboxctl send "$name" kept || return
	refused "a mailbox with a message" || return
	[ "$(mboxctl recv "$name")" = kept ] || tell "message lost" || return
	refused "an empty mailbox" || return
	mboxctl rm "$name" && allowed
}

test_kernel_owned_region() {
	mboxctl create --region 4096 "$name" || return
	refused "a region" || return
	mboxctl rm "$name" && allowed
}

test_each_of_many() {
	mboxctl create "$name-1" && mboxctl create "$name-2" || return
	mboxctl rm "$name-1" || return
	refused "the second mailbox" || return
	mboxctl rm "$name-2" && allowed
}

# To open and close a mailbox, or to fail to create one, changes nothing.
test_opening_leaves_nothing() {
	mboxctl create "$name" || return
	for _ in 1 2 3; do
		mboxctl create "$name" 2>/dev/null
		mboxctl send "$name" x && mboxctl recv "$name" >/dev/null ||
			return
	done
	mboxctl rm "$name" && allowed
}

# What is in a namespace goes with it, and does not keep the module.
test_dead_network_namespace() {
	unshare -n mboxctl create "$name" || return
	allowed
}

test_living_network_namespace() {
	unshare -n sh -c "mboxctl create $name && exec sleep 1000" &
	eventually comm_is $! sleep || return
	refused "a mailbox in a network namespace" || return
	kill $!
	wait $!
	allowed
}

test_nothing_survives_a_reload() {
	mboxctl create "$name" && mboxctl rm "$name" && allowed || return
	[ -z "$(mboxctl ls -n)" ] || tell "objects after a reload" || return
	[ "$(stat -c %a /dev/mbox)" = 666 ] || tell "mode of /dev/mbox"
}

test_loaded_once() {
	! load || tell "loaded twice"
}

test_parameters_when_loading() {
	unload || return
	load user_max_bytes=1001 user_max_mailboxes=1002 \
		user_max_regions=1003 user_max_region_bytes=1004 \
		ns_max_objects=1005 || return
	value user_max_bytes 1001 && value user_max_mailboxes 1002 &&
	value user_max_regions 1003 && value user_max_region_bytes 1004 &&
	value ns_max_objects 1005 && allowed
}

# They are limits of the machine: everybody may know them, root may set them.
test_parameters_at_run_time() {
	for parameter in user_max_bytes user_max_mailboxes user_max_regions \
			 user_max_region_bytes ns_max_objects; do
		[ "$(stat -c %a $parameters/$parameter)" = 644 ] ||
			tell "mode of $parameter" || return
		old=$(cat $parameters/$parameter)
		[ "$old" -gt 1000 ] || tell "$parameter is $old" || return
		for wrong in -1 x 1x "" 99999999999999999999; do
			# not in this shell: echo is special to some
			(echo "$wrong" >$parameters/$parameter) 2>/dev/null &&
				{ tell "$parameter takes '$wrong'"; return; }
			value $parameter "$old" || return
		done
		echo 77 >$parameters/$parameter && value $parameter 77 &&
		echo "$old" >$parameters/$parameter || return
	done
}

test_wrong_parameters() {
	unload || return
	for wrong in user_max_bytes=x user_max_mailboxes=-1 \
		     ns_max_objects=99999999999; do
		if load "$wrong"; then
			tell "loaded with $wrong"
			return
		fi
	done
	load
}

test_reload_many_times() {
	for _ in 1 2 3 4 5; do
		mboxctl create "$name" && mboxctl send "$name" x &&
		mboxctl rm "$name" && allowed || return
	done
}

# Those who open it meanwhile get it or get an error.
test_reload_under_use() {
	while :; do
		mboxctl ls >/dev/null 2>&1
		mboxctl create "$name" 2>/dev/null && mboxctl rm "$name"
	done 2>/dev/null &
	reloads=0
	for _ in $(seq 200); do
		[ $reloads -lt 4 ] || break
		unload || continue
		load || break
		reloads=$((reloads + 1))
	done
	kill $!
	wait $!
	is_loaded || tell "cannot be loaded again" || return
	[ $reloads -gt 0 ] || tell "never unloaded" || return
	# a create that was under way as its loop was killed may come only now
	eventually unload_without "$name" && load && allowed
}

# --- running them ------------------------------------------------------------

echo "TAP version 13"
skip=
[ "$(id -u)" -eq 0 ] && [ -c /dev/mbox ] || skip="root and the module are needed"
[ -f "$file" ] || skip="there is no $file"
saved=$(grep -s . $parameters/*)
if [ -z "$skip" ]; then
	unload && load || skip="the module is in use"
fi
if [ "$skip" ]; then
	echo "1..0 # SKIP $skip"
	exit 4
fi

tests=$(sed -n 's/^test_\([a-z_]*\)() {$/\1/p' "$0")
# shellcheck disable=SC2086 # names without blanks
set -- $tests
echo "1..$#"
pass=0 fail=0
for test; do
	if "test_$test"; then
		pass=$((pass + 1))
		echo "ok $((pass + fail)) $test"
		continue
	fi
	fail=$((fail + 1))
	echo "not ok $((pass + fail)) $test"
	# shellcheck disable=SC2046 # process ids
	kill $(jobs -p) 2>/dev/null
	wait
	is_loaded || load
	mboxctl ls -n -o id | while read -r id; do
		mboxctl rm "id:$id"
	done
done
echo "$saved" | while IFS=: read -r parameter value; do
	echo "$value" >"$parameter"
done
echo "# Totals: pass:$pass fail:$fail xfail:0 xpass:0 skip:0 error:0"
[ $fail -eq 0 ]
