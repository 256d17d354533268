#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mboxctl and the ways in which a mailbox can deliver: what it is created for,
# what is received of it, time to live, inboxes, shares; and how to watch it. To
# be run as root with the module loaded. All works in busybox's shell.

LC_ALL=C
export LC_ALL
ctl=mboxctl
tmp=$(mktemp -d) || exit 1
# objects of this run, all of which go at the end
q=mboxctl-delivery-test-$$

# --- what a test is made of --------------------------------------------------

say() {
	printf '# %s\n' "$@"
}

# matches TEXT PATTERN
matches() {
	# shellcheck disable=SC2254 # a pattern is what it is to be
	case $1 in
	$2) ;;
	*) return 1 ;;
	esac
}

# expect STATUS STDOUT STDERR COMMAND...
# Runs the command and compares what comes out of it; both outputs are patterns
# of the shell, without the last newline.
expect() {
	expect_status=$1 expect_out=$2 expect_err=$3
	shift 3
	out=$("$@" 2>"$tmp/err")
	status=$? err=
	[ ! -s "$tmp/err" ] || err=$(cat "$tmp/err")
	if [ $status -eq "$expect_status" ] && matches "$out" "$expect_out" &&
	   matches "$err" "$expect_err"; then
		return 0
	fi
	say "$*" "  status $status, expected $expect_status" \
	    "  stdout '$out', expected '$expect_out'" \
	    "  stderr '$err', expected '$expect_err'"
	return 1
}

# good OUTPUT COMMAND...: the command succeeds
good() {
	good_out=$1
	shift
	expect 0 "$good_out" "" "$@"
}

# wrong WHAT COMMAND [ARGUMENT...]: mboxctl refuses to do it, and says why
wrong() {
	what=$1
	shift
	expect 2 "" "mboxctl: $1: $what" $ctl "$@"
}

# equal WHAT IS EXPECTED
equal() {
	[ "$2" = "$3" ] || { say "$1 is '$2', expected '$3'"; return 1; }
}

# eventually COMMAND...: waits until the command succeeds, 20 s at most
eventually() {
	for _ in $(seq 200); do
		"$@" && return
		sleep 0.1
	done
	say "never came true: $*"
	return 1
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

# is NAME COLUMN VALUE: says so if it is not
is() {
	equal "$2" "$(field "$1" "$2")" "$3"
}

# state PID LETTER
state() {
	grep -q "^State:.$2" "/proc/$1/status"
}

# So many processes have the mailbox open for receiving, and this one sleeps:
# then it waits for a message.
waits_in_recv() {
	has "$1" READERS "$2" && state "$3" S
}

# stop PID: until it is told to go on
stop() {
	kill -STOP "$1" && eventually state "$1" T
}

# holds FILE TEXT...
holds() {
	held_by=$1
	shift
	[ "$(cat "$held_by")" = "$*" ]
}

as_nobody() {
	su -s /bin/sh nobody -c "$*"
}

remove_all() {
	$ctl ls -n -o id,name | while read -r id name; do
		case $name in
		"$q"*) $ctl rm "id:$id" ;;
		esac
	done
}

# --- what a mailbox is created for -------------------------------------------

test_wrong_command_lines() {
	wrong "--when-full: 'never' is none of block, *" create -F never a &&
	wrong "--policy: 'any,all' has an unknown word, *" create -P any,all a &&
	wrong "--policy: '' has an unknown word, *" create -P "" a &&
	wrong "--policy: 'link,any' has words that exclude each other" create -P link,any a &&
	wrong "--capacity: '0' is out of range" create -c 0 a &&
	wrong "--capacity: '1K' is not a number*" create -c 1K a &&
	wrong "--capacity: 'none' is neither a number, nor *" create -c none a &&
	wrong "--capacity rendezvous excludes --capacity unbounded" create -c rendezvous -c unbounded a &&
	wrong "--capacity rendezvous excludes --max-msgs and *" create -c rendezvous -n 1 a &&
	wrong "--capacity unbounded excludes --max-msgs and *" create -c unbounded -b 1M a &&
	wrong "--capacity rendezvous excludes --when-full drop-oldest" create -c rendezvous -F drop-oldest a &&
	wrong "--capacity unbounded excludes --when-full fail" create -c unbounded -F fail a &&
	wrong "--policy broadcast excludes --capacity rendezvous" create -P broadcast -c rendezvous a &&
	wrong "--policy broadcast excludes --when-full conflate" create -P broadcast -F conflate a &&
	wrong "--policy broadcast excludes --dead-letter" create -P broadcast -D 1 -d b a &&
	wrong "a region has no *policy" create -r 4K -P link a &&
	wrong "a region has no *policy" create -r 4K -c unbounded a &&
	wrong "--ttl: '0' is out of range" send -T 0 a b &&
	wrong "--ttl: '5000000h' is out of range" send -T 5000000h a b &&
	wrong "--type, --type-max and --not-type exclude each other" recv -t 1 -T 1 a &&
	wrong "--type, --type-max and --not-type exclude each other" recv -t 1 -n 2 a &&
	wrong "--type-max: 'x' is not a number" recv -T x a &&
	wrong "--not-type: '' is not a number" recv -n "" a &&
	wrong "--from: '0' is out of range" recv -F 0 a &&
	wrong "--from: '-1' is not a number" recv -F -1 a &&
	wrong "--from: '2147483648' is out of range" recv -F 2147483648 a &&
	wrong "--min-priority: '32768' is out of range" recv -p 32768 a &&
	wrong "--truncate: '0' is out of range" recv -s 0 a &&
	wrong "--peek excludes --count, --follow and --lease" recv -P -f a &&
	wrong "--peek excludes --count, --follow and --lease" recv -P -c 2 a &&
	wrong "--peek excludes --count, --follow and --lease" recv -P -L a &&
	wrong "--interval is at least 10ms" watch -i 9ms &&
	wrong "--count: '0' is out of range" watch -c 0 &&
	wrong "'pid:0' is not an inbox: *" stat pid:0 &&
	wrong "'pid:x' is not an inbox: *" watch pid:x &&
	wrong "'pid:1' is a process's inbox, not a name" create pid:1
}

test_attributes() {
	$ctl create "$q" && is "$q" CAPACITY bounded && is "$q" WHEN_FULL block &&
	is "$q" TURNS first-come && is "$q" RECEIVERS any && is "$q" INBOX no &&
	$ctl create "$q-2" -c 7 -P exclusive,round-robin -F drop-oldest &&
	is "$q-2" MAX_MSGS 7 && is "$q-2" WHEN_FULL drop-oldest &&
	is "$q-2" TURNS round-robin && is "$q-2" RECEIVERS exclusive &&
	$ctl create "$q-3" -P priority -P link && is "$q-3" TURNS priority &&
	is "$q-3" RECEIVERS link && $ctl create "$q-4" -P broadcast &&
	is "$q-4" RECEIVERS broadcast &&
	expect 2 "" "mboxctl: create: --policy broadcast excludes turns: *" $ctl create "$q-5" -P broadcast,priority
}

# What has no capacity has no number that tells it, and gets none.
test_no_capacity() {
	$ctl create "$q-r" -c rendezvous && $ctl create "$q-u" -c unbounded &&
	good "*rendezvous *- *- *$q-r
*unbounded *- *- *$q-u" $ctl ls -n -o capacity,max_msgs,max_bytes,name &&
	good "*\"max_msgs\": null,*\"max_bytes\": null,*\"capacity\": \"unbounded\",*" $ctl stat --json "$q-u" &&
	expect 1 "" "mboxctl: set $q-r: it has no capacity: it is rendezvous" $ctl set -n 1 "$q-r" &&
	expect 1 "" "mboxctl: set $q-u: it has no capacity: it is unbounded" $ctl set -b 1M "$q-u" &&
	seq 3000 | $ctl send --lines "$q-u" && is "$q-u" MSGS 3000
}

test_rendezvous() {
	$ctl create "$q" -c rendezvous &&
	expect 5 "" "mboxctl: send $q: no receiver waits" $ctl send -d "$q" a &&
	expect 5 "" "mboxctl: send $q: timed out: no receiver waits" $ctl send -w 10ms "$q" a || return
	$ctl send "$q" b &
	sender=$!
	eventually has "$q" WAITING_SENDERS 1 && good b $ctl recv "$q" && wait $sender || return
	$ctl serve -c 1 "$q" -- cat >"$tmp/served" &
	eventually has "$q" WAITING_RECEIVERS 1 && good "" $ctl send -d "$q" c && wait $! &&
	holds "$tmp/served" c
}

test_fail() {
	$ctl create "$q" -n 1 -F fail && $ctl send "$q" a &&
	expect 5 "" "mboxctl: send $q: full: 1 of 1 messages, *" $ctl send "$q" b &&
	$ctl create "$q-r" -c rendezvous -F fail &&
	expect 5 "" "mboxctl: send $q-r: no receiver waits" $ctl send "$q-r" a
}

test_conflate() {
	$ctl create "$q" -F conflate && $ctl send -t 1 "$q" a && $ctl send -t 2 "$q" b &&
	$ctl send -t 1 "$q" c && is "$q" REPLACED 1 && good "c
b" $ctl recv -fdl "$q"
}

# The oldest go, and who receives is told how many he has missed.
test_drop_oldest() {
	for policy in any broadcast; do
		$ctl create "$q-$policy" -n 2 -F drop-oldest -P $policy || return
		$ctl recv -f --json "$q-$policy" >"$tmp/$policy" &
		receiver=$!
		eventually waits_in_recv "$q-$policy" 1 $receiver && stop $receiver || return
		good "" $ctl send "$q-$policy" a b c d && kill -CONT $receiver || return
		eventually grep -q '"data":"d"' "$tmp/$policy" || return
		matches "$(cat "$tmp/$policy")" '*"missed":2,*"data":"c"}
*"missed":0,*"data":"d"}' || { cat "$tmp/$policy"; return 1; }
		good "" $ctl rm "$q-$policy" && wait $receiver || return
	done
	$ctl create "$q" -n 1 -F drop-oldest && $ctl send "$q" a b && is "$q" LOST 1 && good b $ctl recv "$q"
}

test_time_to_live() {
	$ctl create "$q" && $ctl send --ttl 10ms "$q" a b && $ctl send --ttl 1h "$q" c &&
	eventually sh -c "[ \$($ctl recv --peek $q) = c ]" && is "$q" EXPIRED 2 && good c $ctl recv "$q" &&
	# its room is for whoever waits
	$ctl create "$q-1" -n 1 && $ctl send -T 200ms "$q-1" a && good "" $ctl send "$q-1" b &&
	good b $ctl recv "$q-1" && is "$q-1" EXPIRED 1
}

# --- who receives ------------------------------------------------------------

test_exclusive() {
	$ctl create "$q" -P exclusive || return
	$ctl serve -c 1 "$q" -- cat >"$tmp/served" &
	eventually has "$q" WAITING_RECEIVERS 1 &&
	expect 5 "" "mboxctl: recv $q: busy: it is exclusive, and another receives" $ctl recv -d "$q" &&
	good "" $ctl send "$q" a b && wait $! && holds "$tmp/served" a && good b $ctl recv "$q"
}

test_link() {
	$ctl create "$q" -P link || return
	$ctl recv "$q" &
	one=$!
	$ctl recv "$q" >"$tmp/two" &
	two=$!
	eventually waits_in_recv "$q" 2 $two &&
	expect 5 "" "mboxctl: send $q: busy: it is a link, and has both its ends" $ctl send "$q" a &&
	good "*" $ctl stat "$q" && kill $one && eventually has "$q" READERS 1 || return
	wait $one
	good "" $ctl send "$q" a && wait $two && holds "$tmp/two" a
}

test_broadcast() {
	$ctl create "$q" -P broadcast && good "" $ctl send "$q" nobody && is "$q" LOST 1 &&
	expect 1 "" "mboxctl: send $q: it is a broadcast, which knows no priorities" $ctl send -p 1 "$q" a &&
	expect 101 "" "mboxctl: call $q: it is a broadcast, which takes no calls" $ctl call "$q" a || return
	$ctl recv -c 2 "$q" >"$tmp/one" &
	one=$!
	$ctl recv -c 2 "$q" >"$tmp/two" &
	two=$!
	eventually waits_in_recv "$q" 2 $one && eventually state $two S && good "" $ctl send "$q" a b &&
	wait $one && wait $two && holds "$tmp/one" ab && holds "$tmp/two" ab &&
	# nothing goes back to it: what fails is done with
	expect 5 "" "*no message" $ctl recv -d "$q" || return
	$ctl serve -c 2 "$q" -- sh -c 'cat; false' >"$tmp/served" &
	eventually has "$q" WAITING_RECEIVERS 1 && good "" $ctl send "$q" c d && wait $! &&
	holds "$tmp/served" cd || return
	$ctl recv --lease "$q" >/dev/full 2>"$tmp/lost" &
	eventually waits_in_recv "$q" 1 $! && good "" $ctl send "$q" e || return
	wait $!
	matches "$(cat "$tmp/lost")" "mboxctl: recv $q: standard output: *; message * of 1 bytes is lost"
}

# turn POLICY NICE EXPECTED...
# A waits, is served, and waits again; then B comes, as nice as that. Who gets
# the next message?
turn() {
	policy=$1 nice=$2
	shift 2
	$ctl create "$q-$policy" -P "$policy" || return
	$ctl serve "$q-$policy" -- echo A >"$tmp/turns" &
	a=$!
	eventually has "$q-$policy" WAITING_RECEIVERS 1 && $ctl send "$q-$policy" 1 &&
	eventually has "$q-$policy" RECEIVED 1 && eventually has "$q-$policy" WAITING_RECEIVERS 1 || return
	sh -c "renice -n $nice -p \$\$ >/dev/null; exec $ctl serve $q-$policy -- echo B" >>"$tmp/turns" &
	b=$!
	eventually has "$q-$policy" WAITING_RECEIVERS 2 && $ctl send "$q-$policy" 2 &&
	eventually has "$q-$policy" RECEIVED 2 && $ctl rm "$q-$policy" && wait $a && wait $b &&
	equal "who was served ($policy)" "$(tr '\n' ' ' <"$tmp/turns")" "$* "
}

test_turns() {
	turn first-come 0 A A && turn round-robin 0 A B && turn priority -10 A B
}

# --- what is received --------------------------------------------------------

test_types() {
	$ctl create "$q" && $ctl send -t 7 "$q" seven && $ctl send -t 3 "$q" three &&
	$ctl send -t -2 "$q" minus && $ctl send -t 7 -p 9 "$q" SEVEN &&
	good three $ctl recv --type 3 "$q" &&
	expect 5 "" "mboxctl: recv $q: no message" $ctl recv -d --type 4 "$q" &&
	expect 5 "" "mboxctl: recv $q: timed out: no message" $ctl recv -w 10ms --type-max -3 "$q" &&
	good minus $ctl recv --type-max 7 "$q" && good SEVEN $ctl recv --type-max 7 "$q" &&
	$ctl send "$q" zero && good zero $ctl recv --not-type 7 "$q" &&
	expect 5 "" "*no message" $ctl recv -d --not-type 7 "$q" && good seven $ctl recv "$q"
}

test_types_while_waiting() {
	$ctl create "$q" || return
	$ctl recv --type 7 "$q" >"$tmp/seven" &
	receiver=$!
	eventually waits_in_recv "$q" 1 $receiver && good "" $ctl send -t 8 "$q" other &&
	good "" $ctl send -t 7 "$q" mine && wait $receiver && holds "$tmp/seven" mine &&
	good other $ctl recv -fd "$q"
}

# send_as_another MESSAGE: prints the process that has sent it
send_as_another() {
	sh -c "echo \$\$; exec $ctl send $q $1"
}

test_from() {
	$ctl create "$q" && one=$(send_as_another one) && two=$(send_as_another two) &&
	good "* pid=$two *
two" $ctl recv --from "$two" --info "$q" &&
	expect 3 "" "mboxctl: recv $q: there is no process $two, nor a message from it" $ctl recv --from "$two" "$q" &&
	expect 5 "" "mboxctl: recv $q: no message" $ctl recv -d --from $$ "$q" &&
	expect 5 "" "mboxctl: recv $q: no message" $ctl recv -d --from "$one" --type 1 "$q" &&
	good one $ctl recv -f -d --from "$one" "$q"
}

test_min_priority() {
	$ctl create "$q" && $ctl send -p 1 "$q" low && $ctl send -p 5 "$q" high &&
	good high $ctl recv --min-priority 5 "$q" &&
	expect 5 "" "mboxctl: recv $q: no message" $ctl recv -d -p 2 "$q" && good low $ctl recv -p 1 "$q"
}

test_peek() {
	$ctl create "$q" && $ctl send -t 1 "$q" a && $ctl send -t 2 "$q" b &&
	good a $ctl recv --peek "$q" && good a $ctl recv --peek "$q" && good b $ctl recv -P -t 2 "$q" &&
	expect 1 "" "mboxctl: recv $q: standard output: *; message 1 of 1 bytes is left where it was" \
		sh -c "$ctl recv --peek $q >/dev/full" &&
	is "$q" MSGS 2 && good ab $ctl recv -fd "$q" &&
	expect 5 "" "mboxctl: recv $q: no message" $ctl recv -dP "$q" || return
	# a call is not answered
	$ctl call "$q" ask >"$tmp/reply" &
	caller=$!
	good '*"kind":"call",*"data":"ask"}' $ctl recv -P --json "$q" && is "$q" MSGS 1 &&
	good ask $ctl recv "$q" && wait $caller
}

test_truncate() {
	$ctl create "$q" && $ctl send "$q" 0123456789 0123456789 0123456789 &&
	good "* truncated=6 len=4
0123" $ctl recv --truncate 4 --info "$q" &&
	good '*"truncated":9,"len":1,"data":"0"}' $ctl recv -s 1 --json "$q" &&
	good "* truncated=0 len=10
0123456789" $ctl recv -s 10M -i "$q" && is "$q" MSGS 0
}

# --- inboxes and shares ------------------------------------------------------

test_no_inbox() {
	none="no such process, or it has no inbox"
	expect 3 "" "mboxctl: send pid:$$: $none" $ctl send pid:$$ a &&
	expect 3 "" "mboxctl: recv pid:$$: $none" $ctl recv pid:$$ &&
	expect 103 "" "mboxctl: call pid:$$: $none" $ctl call pid:$$ a &&
	expect 3 "" "mboxctl: stat pid:$$: $none" $ctl stat pid:$$ &&
	expect 3 "" "mboxctl: watch pid:$$: $none" $ctl watch pid:$$ &&
	expect 3 "" "mboxctl: rm pid:$$: $none" $ctl rm pid:$$
}

test_shares() {
	$ctl create "$q" -n 8 -m 0666 &&
	expect 5 "" "mboxctl: send $q: message 5: your share is full: 4 of 4 messages (4 in all)" \
		as_nobody $ctl send -d "$q" 1 2 3 4 5 &&
	good "" $ctl send -d "$q" a &&
	expect 5 "" "mboxctl: send $q: timed out: your share is full: * messages (5 in all)" \
		as_nobody $ctl send -w 10ms "$q" 5 &&
	$ctl create "$q-b" -s 10 -b 80 -m 0666 &&
	expect 5 "" "mboxctl: send $q-b: message 5: your share is full: 40 of 40 bytes (40 in all)" \
		as_nobody $ctl send -d "$q-b" 0123456789 0123456789 0123456789 0123456789 0
}

# --- watching ----------------------------------------------------------------

test_watch() {
	$ctl create "$q" -n 1 -F drop-oldest && $ctl create "$q-2" -c unbounded && $ctl create "$q-r" -r 4K &&
	$ctl send "$q" a b c && $ctl send "$q-2" a b && id=$(field "$q" ID) &&
	good "*ID *MSGS *MAX_MSGS *HELD *SEND_RATE *RECV_RATE *WAIT_SEND *WAIT_RECV *DROPS *NAME
*$id * 1 * 1 * 0 * - * - * 0 * 0 * 2 $q

*ID *
*$id * 1 * 1 * 0 * 0.0 * 0.0 * 0 * 0 * 2 $q" $ctl watch --count 2 --interval 10ms "$q" &&
	good "{\"mailboxes\": [[]{\"id\": $id,*\"send_rate\": null,*\"drops\": 2,\"name\": \"$q\"},{*\"max_msgs\": null,*\"name\": \"$q-2\"}[]]}
{*\"send_rate\": 0.0,*}" $ctl watch -c 2 -i 10ms --json "id:$id" "$q-2" "$q" &&
	good "*$q
*$q-2" $ctl watch -c 1 && good "*$q" as_nobody $ctl watch -c 1 "$q" &&
	expect 3 "*$q" "mboxctl: watch $q-no: no such mailbox or region" $ctl watch -c 1 "$q-no" "$q" &&
	expect 1 "" "mboxctl: watch $q-r: is not a mailbox" $ctl watch "$q-r" &&
	expect 1 "" "mboxctl: watch: standard output: No space left on device" sh -c "$ctl watch >/dev/full" &&
	# it ends when nobody reads it any more
	matches "$($ctl watch -i 10ms 2>"$tmp/err" | head -n 1)" "*ID *MSGS *NAME" &&
	matches "$(cat "$tmp/err")" "mboxctl: watch: standard output: Broken pipe"
}

# send_until PATTERN FILE
send_until() {
	$ctl send "$q" a && grep -q "$1" "$2"
}

shows_last() {
	tail -n 1 "$1" | grep -q "$2"
}

test_watch_changes() {
	$ctl create "$q" -c unbounded && $ctl create "$q-2" || return
	$ctl watch -J -i 10ms "$q" "$q-2" >"$tmp/watched" &
	watcher=$!
	eventually send_until '"send_rate": [1-9]' "$tmp/watched" || return
	$ctl serve "$q-2" -- cat &
	eventually shows_last "$tmp/watched" '"wait_recv": 1,.*"name": "'"$q-2" || return
	# what is gone is not shown any more, and the end comes with the last one
	$ctl rm "$q-2" && wait $! && eventually shows_last "$tmp/watched" '^[^}]*"name": "'"$q"'"}]}$' &&
	$ctl rm "$q" && wait $watcher
}

# How often the terminal was told to begin at its first line
drawn() {
	[ "$(tr '\033' '\n' <"$tmp/screen" | grep -c '^\[H')" -ge "$1" ]
}

# telnetd makes a terminal: its own input and output are what the user of that
# types and sees.
test_watch_on_a_terminal() {
	command -v telnetd >/dev/null || { say "there is no telnetd, not tried"; return 0; }
	for name in "$q" "$q-2" "$q-3" "$q-4"; do
		$ctl create "$name" || return
	done
	printf '#!/bin/sh\nexport TERM=linux\nstty rows 5\necho $$ >%s\nexec %s watch -i 10ms %s\n' \
		"$tmp/pid" $ctl "$q $q-2 $q-3 $q-4" >"$tmp/login"
	chmod +x "$tmp/login" && mkfifo "$tmp/keys" || return
	telnetd -i -l "$tmp/login" <"$tmp/keys" >"$tmp/screen" &
	terminal=$!
	sleep 1000 >"$tmp/keys" &
	user=$!
	# in its place, with what fits; then all is as it was
	eventually drawn 3 && grep -q "$q-2" "$tmp/screen" && ! grep -q "$q-3" "$tmp/screen" &&
	grep -q "and 2 more" "$tmp/screen" && grep -q '?25l' "$tmp/screen" && ! grep -q '?25h' "$tmp/screen" &&
	kill "$(cat "$tmp/pid")" && eventually grep -q '?25h' "$tmp/screen"
	result=$?
	kill $terminal $user 2>/dev/null
	wait
	return $result
}

# --- running them ------------------------------------------------------------

echo "TAP version 13"
if [ "$(id -u)" -ne 0 ] || [ ! -c /dev/mbox ]; then
	echo "1..0 # SKIP root and the module are needed"
	exit 4
fi
trap 'remove_all; rm -rf "$tmp"' EXIT

tests=$(sed -n 's/^test_\([a-z_]*\)() {$/\1/p' "$0")
# shellcheck disable=SC2086
set -- $tests
echo "1..$#"
pass=0 fail=0
for name; do
	if "test_$name"; then
		pass=$((pass + 1))
		echo "ok $((pass + fail)) $name"
	else
		fail=$((fail + 1))
		echo "not ok $((pass + fail)) $name"
	fi
	remove_all
	# what a test that failed has left, be it stopped
	# shellcheck disable=SC2046
	kill -KILL $(jobs -p) 2>/dev/null
	wait
	rm -rf "${tmp:?}"/*
done
echo "# Totals: pass:$pass fail:$fail xfail:0 xpass:0 skip:0 error:0"
[ $fail -eq 0 ]
