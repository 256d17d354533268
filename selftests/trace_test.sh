#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoints of the module, as tracefs shows them: one of each is made to
# happen, and is found with the id of its mailbox, which no other has had or
# will have. To be run as root with the module loaded. All works in busybox's
# shell.

LC_ALL=C
export LC_ALL
ctl=mboxctl
q=trace-test-$$
tracing=/sys/kernel/tracing
events=$tracing/events/mbox
all="mbox_create mbox_send mbox_claim mbox_ack mbox_drop mbox_refuse mbox_block mbox_wake"
# files that bring a CPU back
cpus=

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

# field NAME COLUMN
field() {
	$ctl stat "$1" | while read -r column value; do
		[ "$column" != "$2" ] || echo "$value"
	done
}

has() {
	[ "$(field "$1" "$2")" = "$3" ]
}

# create [OPTION...]: a mailbox or a region, whose id is $id
create() {
	$ctl create "$q" "$@" && id=$(field "$q" ID) && [ "$id" ]
}

# lines EVENT FIELD=VALUE...: those that have all of this, and the id
lines() {
	lines=$(grep " $1: " $tracing/trace | grep -w "id=$id")
	shift
	for value; do
		lines=$(echo "$lines" | grep -w -- "$value")
	done
	[ -z "$lines" ] || echo "$lines"
}

# saw NUMBER EVENT FIELD=VALUE...: there are so many of them
saw() {
	expected=$1
	shift
	number=$(lines "$@" | wc -l)
	[ "$number" -eq "$expected" ] && return
	grep -w "id=$id" $tracing/trace | sed 's/^/#   /'
	tell "$number of $*, expected $expected"
}

# --- the tests ---------------------------------------------------------------

# What perf and others ask for: all of them have the id as a field.
test_formats() {
	for event in $all; do
		grep -q 'field:u64 id;' $events/"$event"/format ||
			tell "$event has no id" || return
	done
}

test_create() {
	create -n 7 && saw 1 mbox_create kind=1 lifetime=1 && $ctl rm "$q" &&
	create --region 4K && saw 1 mbox_create kind=2 lifetime=1
}

# A message is known by its number from its coming to its going.
test_send_claim_ack() {
	create && $ctl send "$q" -p 9 -t -7 hello &&
	saw 1 mbox_send seq=1 type=-7 priority=9 len=5 &&
	saw 0 mbox_claim && saw 0 mbox_ack || return
	[ "$($ctl recv "$q")" = hello ] &&
	saw 1 mbox_claim seq=1 type=-7 priority=9 len=5 && saw 1 mbox_ack seq=1 &&
	$ctl send "$q" a && saw 1 mbox_send seq=2 priority=0 len=1 &&
	saw 2 mbox_send && saw 1 mbox_claim && saw 0 mbox_drop && saw 0 mbox_refuse
}

# So it is with a broadcast, also where nobody is there to receive it.
test_send_broadcast() {
	create --policy broadcast && $ctl send "$q" hello &&
	saw 1 mbox_send seq=1 len=5 && saw 1 mbox_drop seq=1 || return
	$ctl recv "$q" >/dev/null &
	receiver=$!
	eventually has "$q" READERS 1 && $ctl send "$q" again &&
	wait $receiver && saw 1 mbox_send seq=2 && saw 1 mbox_claim seq=2 &&
	saw 1 mbox_ack seq=2 && saw 1 mbox_drop
}

test_drop() {
	create && $ctl send "$q" a b && [ "$($ctl purge "$q")" = 2 ] &&
	saw 1 mbox_drop seq=1 && saw 1 mbox_drop seq=2 && saw 0 mbox_ack
}

test_drop_to_make_room() {
	create -n 1 --when-full drop-oldest && $ctl send "$q" a b c &&
	saw 3 mbox_send && saw 2 mbox_drop && saw 1 mbox_drop seq=2 &&
	[ "$($ctl recv "$q")" = c ] && saw 1 mbox_claim && saw 1 mbox_claim seq=3
}

# What has come back too often, and what nobody can receive any more.
test_drop_undeliverable() {
	create -D 1 && $ctl send "$q" a && $ctl recv -L "$q" >/dev/full 2>/dev/null
	saw 1 mbox_claim seq=1 && saw 0 mbox_ack && saw 1 mbox_drop seq=1 &&
	$ctl send "$q" b && saw 1 mbox_drop && $ctl rm "$q" && saw 1 mbox_drop seq=2
}

test_refuse() {
	create -n 1 && $ctl send "$q" a && saw 0 mbox_refuse || return
	$ctl send -d "$q" b 2>/dev/null && { tell "not full"; return; }
	# MBOX_LIMIT_MSGS and EAGAIN
	saw 1 mbox_refuse limit=1 ret=-11 && saw 1 mbox_send && saw 0 mbox_block
}

test_block_and_wake_receiver() {
	create || return
	$ctl serve -c 1 "$q" -- true &
	server=$!
	eventually has "$q" WAITING_RECEIVERS 1 &&
	saw 1 mbox_block && saw 0 mbox_wake && $ctl send "$q" a && wait $server &&
	saw 1 mbox_wake result=0 && saw 1 mbox_block && saw 1 mbox_ack seq=1
}

test_block_and_wake_sender() {
	create -n 1 && $ctl send "$q" a || return
	$ctl send "$q" b &
	sender=$!
	eventually has "$q" WAITING_SENDERS 1 &&
	saw 1 mbox_block && saw 0 mbox_wake && saw 1 mbox_send &&
	[ "$($ctl recv "$q")" = a ] && wait $sender &&
	saw 1 mbox_wake result=0 && saw 1 mbox_send seq=2
}

# The id is what to ask for, to follow one mailbox among many.
test_filter() {
	create && echo "id == $id" >$events/filter || return
	$ctl send "$q" a && $ctl create "$q-2" && $ctl send "$q-2" b
	result=$?
	saw 1 mbox_send || result=1
	id=$(field "$q-2" ID)
	saw 0 mbox_create && saw 0 mbox_send || result=1
	echo 0 >$events/filter
	return $result
}

test_off() {
	create && echo 0 >$events/enable || return
	$ctl send "$q" a && [ "$($ctl recv "$q")" = a ]
	result=$?
	echo 1 >$events/enable || return
	[ $result -eq 0 ] && saw 0 mbox_send && saw 0 mbox_claim && saw 1 mbox_create
}

# --- running them ------------------------------------------------------------

# A tracepoint that is turned on or off rewrites kernel code, which qemu's TCG
# must not see while another CPU runs it: see qemu/init. So there is one only.
one_cpu() {
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
		[ -e "$cpu" ] || continue
		[ "$(cat "$cpu")" = 1 ] || continue
		echo 0 >"$cpu" || return
		cpus="$cpus $cpu"
	done
}

remove_all() {
	$ctl ls -n -o id,name | while read -r number name; do
		case $name in
		"$q"*) $ctl rm "id:$number" ;;
		esac
	done
}

put_back() {
	remove_all
	[ ! -e $events/enable ] || echo 0 >$events/enable
	for cpu in $cpus; do
		echo 1 >"$cpu"
	done
}

skip() {
	echo "1..0 # SKIP $*"
	exit 4
}

echo "TAP version 13"
if [ "$(id -u)" -ne 0 ] || [ ! -c /dev/mbox ]; then
	skip "root and the module are needed"
fi
[ -d $tracing/events ] || mount -t tracefs tracefs $tracing 2>/dev/null
[ -d $tracing/events ] || skip "this kernel has no trace events"
trap put_back EXIT
trap 'exit 1' INT TERM
one_cpu || skip "the other CPUs cannot be taken offline"
[ ! -e $events/enable ] || echo 1 >$events/enable

tests=$(sed -n 's/^test_\([a-z_]*\)() {$/\1/p' "$0")
# shellcheck disable=SC2086 # names without blanks
set -- $tests
echo "1..$#"
pass=0 fail=0
for test; do
	if "test_$test"; then
		pass=$((pass + 1))
		echo "ok $((pass + fail)) $test"
	else
		fail=$((fail + 1))
		echo "not ok $((pass + fail)) $test"
	fi
	remove_all
	# what a test that failed has left
	# shellcheck disable=SC2046 # process ids
	kill $(jobs -p) 2>/dev/null
	wait
done
echo "# Totals: pass:$pass fail:$fail xfail:0 xpass:0 skip:0 error:0"
[ $fail -eq 0 ]
