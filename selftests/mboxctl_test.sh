#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mboxctl, as a user meets it: output, errors and exit statuses. To be run as
# root with the module loaded. Everything here works in busybox's shell.

LC_ALL=C
export LC_ALL
ctl=mboxctl
tmp=$(mktemp -d) || exit 1
# objects of this run, all of which go at the end
q=mboxctl-test-$$
module=mbox
parameters=/sys/module/$module/parameters

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

# A process sleeps, and has the mailbox open: then it waits for a message.
waits_in_recv() {
	has "$1" READERS 1 && grep -q '^State:.S' "/proc/$2/status"
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

# --- the tests ---------------------------------------------------------------

test_help() {
	good "Usage: mboxctl COMMAND*" $ctl --help &&
	good "mboxctl [0-9]*" $ctl --version &&
	good "Usage: mboxctl send [[]OPTION...] NAME*--priority N*--help*" $ctl send --help &&
	good "Usage: mboxctl unload [[]OPTION...] [[]MODULE]*" $ctl unload -h
}

test_wrong_command_lines() {
	usage="mboxctl:*"
	expect 2 "" "mboxctl: a command is missing*" $ctl &&
	expect 2 "" "mboxctl: unknown command 'x'*" $ctl x &&
	expect 2 "" "mboxctl: ls: *--x'" $ctl ls --x &&
	expect 2 "" "mboxctl: send: an operand is missing*" $ctl send &&
	expect 2 "" "$usage too many operands*" $ctl create a b &&
	expect 2 "" "$usage 'a/b' is not a name*" $ctl create a/b &&
	expect 2 "" "$usage '' is not a name*" $ctl stat "" &&
	expect 2 "" "$usage 'id:7' is an id*" $ctl create id:7 &&
	expect 2 "" "$usage 'id:x' is not an id*" $ctl stat id:x &&
	expect 2 "" "$usage --priority: '32768' is out of range" $ctl send -p 32768 a &&
	expect 2 "" "$usage --msg-size: '1X' is not a number*" $ctl create -s 1X a &&
	expect 2 "" "$usage --msg-size is at most*" $ctl create -s 65M a &&
	expect 2 "" "$usage --max-bytes is below*" $ctl create -b 1K a &&
	expect 2 "" "$usage --max-bytes: *out of range" $ctl create -b 17179869184G a &&
	expect 2 "" "$usage --mode: '0700' is not*" $ctl create -m 0700 a &&
	expect 2 "" "$usage *exclude each other" $ctl recv -d -w 1 a &&
	expect 2 "" "$usage a region has no capacity*" $ctl create -r 4K -n 1 a &&
	expect 2 "" "$usage --dead-letter needs*" $ctl create -d b a &&
	expect 2 "" "$usage an operand is missing*" $ctl serve a &&
	expect 102 "" "mboxctl: call: *" $ctl call &&
	expect 102 "" "$usage --reply-size is at most*" $ctl call -s 17M a &&
	expect 2 "" "$usage --owner: 'no:such' does*" $ctl set -o no:such a &&
	expect 2 "" "$usage nothing to set*" $ctl set a &&
	expect 2 "" "$usage --output: 'x' has an unknown*" $ctl ls -o x &&
	expect 2 "" "$usage --output: 'id,ID' has*twice" $ctl ls -o id,ID
}

test_create_list_stat_remove() {
	good "" $ctl create "$q" -n 10 -b 1M -s 1K -m 0640 &&
	good "" $ctl create "$q-r" --region 5000 &&
	id=$(field "$q" ID) && id_r=$(field "$q-r" ID) &&
	good "*ID KIND *NAME*
* mailbox 0640 root * 0 * 0 * 0 * 10 * 0 * - $q
* region * 0600 root * 0 * 0 * - * - * - * 8192 $q-r" $ctl ls &&
	good "mailbox *$q *$id
region *$q-r *$id_r" sh -c "$ctl ls -n -o kind,name,id | grep '$q'" &&
	good "*{
*\"id\": *$id,
*\"max_bytes\": *1048576,
*\"region_size\": *null,
*\"name\": *\"$q\"
*" $ctl ls --json -o id,max_bytes,region_size,name &&
	good "ID *$id
KIND *mailbox
LIFETIME *kernel
STATE *linked
MODE *0640
OWNER *root
GROUP *root
*SIZES *variable
*NAME *$q" $ctl stat "$q" &&
	good "*KIND *mailbox
*

ID *$id_r
KIND *region
*REGION_SIZE *8192
NAME *$q-r" $ctl stat "$q" "id:$id_r" &&
	good "*\"objects\": *\"name\":*\"$q\"*\"name\":*\"$q-r\"*" $ctl stat --json "$q" "$q-r" &&
	expect 3 "*$q" "mboxctl: stat $q-no: no such mailbox or region" $ctl stat "$q-no" "$q" &&
	good "" $ctl rm "$q" "id:$id_r" &&
	expect 3 "" "mboxctl: rm $q: no such*" $ctl rm "$q" &&
	expect 3 "" "mboxctl: stat id:$id: no such*" $ctl stat "id:$id"
}

test_create_existing() {
	good "" $ctl create "$q" && good "" $ctl create "$q" -n 7 &&
	equal MAX_MSGS "$(field "$q" MAX_MSGS)" 1024 &&
	expect 1 "" "mboxctl: create $q: exists already" $ctl create -x "$q" &&
	expect 1 "" "mboxctl: create $q: there is a mailbox of this name" $ctl create -r 4K "$q" &&
	good "" $ctl create --expect-owner root "$q" &&
	expect 4 "" "mboxctl: create $q: *" $ctl create --expect-owner nobody "$q"
}

test_send_and_receive() {
	$ctl create "$q" &&
	printf 'one\ntwo' >"$tmp/in" &&
	good "" sh -c "$ctl send $q <$tmp/in" &&
	good "" $ctl send "$q" a "" "b c" &&
	equal MSGS "$(field "$q" MSGS)" 4 &&
	good "one
two" $ctl recv "$q" &&
	good "a

b c" $ctl recv --lines --count 3 "$q" &&
	good "" sh -c "printf 'x\n\ny' | $ctl send --lines $q" &&
	good "[[]x]
[[]]
[[]y]" sh -c "for i in 1 2 3; do echo [\$($ctl recv $q)]; done" &&
	good "" sh -c "$ctl send --lines $q </dev/null" &&
	equal MSGS "$(field "$q" MSGS)" 0 &&
	good "" sh -c "$ctl send $q </dev/null" &&
	equal MSGS "$(field "$q" MSGS)" 1
}

test_order() {
	$ctl create "$q" && $ctl send "$q" low1 low2 &&
	$ctl send "$q" -p 32767 high && $ctl send "$q" -p 5 middle &&
	good "high
middle
low1
low2" $ctl recv -lc 4 "$q"
}

test_large_binary() {
	$ctl create "$q" -s 1M -b 2M &&
	dd if=/dev/urandom of="$tmp/in" bs=1000 count=1000 2>/dev/null &&
	good "" sh -c "$ctl send $q <$tmp/in" &&
	equal BYTES "$(field "$q" BYTES)" 1000000 &&
	$ctl recv "$q" >"$tmp/received" && cmp "$tmp/in" "$tmp/received"
}

test_info() {
	$ctl create "$q" && $ctl send "$q" -p 3 -t -9 hello &&
	good "seq=1 priority=3 type=-9 time=*[0-9].????????? pid=[1-9]* tid=[1-9]* uid=0 gid=0 user=root kind=message deliveries=0 missed=0 truncated=0 len=5
hello" $ctl recv --info "$q" &&
	$ctl send "$q" -- '-"\-' && printf 'a\303\244\001' | $ctl send "$q" &&
	printf '\377' | $ctl send "$q" && printf '\355\240\200\0' | $ctl send "$q" &&
	good '{"seq":2,"priority":0,"type":0,"time":*,"pid":*,"tid":*,"uid":0,"gid":0,"kind":"message","deliveries":0,"missed":0,"truncated":0,"len":4,"data":"-\\"\\\\-"}
{"seq":3,*,"len":4,"data":"a'"$(printf '\303\244')"'\\u0001"}
{"seq":4,*,"len":1,"base64":"/w=="}
{"seq":5,*,"len":4,"base64":"7aCAAA=="}' $ctl recv --json -c 4 "$q"
}

test_nothing_to_receive() {
	$ctl create "$q" &&
	expect 5 "" "mboxctl: recv $q: no message" $ctl recv -d "$q" &&
	expect 5 "" "mboxctl: recv $q: timed out: no message" $ctl recv -w 10ms "$q" &&
	good "" $ctl recv --follow -d "$q" && good "" $ctl recv --follow -w 0 "$q" &&
	$ctl send "$q" a b &&
	expect 5 "ab" "mboxctl: recv $q: no more messages" $ctl recv -d -c 3 "$q" &&
	$ctl send "$q" a b && good "ab" $ctl recv --follow -w 10ms "$q"
}

test_follow_until_gone() {
	$ctl create "$q" && $ctl send "$q" a || return
	$ctl recv -lf "$q" >"$tmp/followed" &
	follower=$!
	eventually waits_in_recv "$q" $follower && $ctl send "$q" b &&
	eventually grep -q b "$tmp/followed" && eventually waits_in_recv "$q" $follower &&
	$ctl rm "$q" && wait $follower &&
	equal output "$(cat "$tmp/followed")" "a
b"
}

test_gone_while_receiving() {
	$ctl create "$q" || return
	$ctl recv "$q" 2>"$tmp/gone" &
	receiver=$!
	eventually waits_in_recv "$q" $receiver && $ctl rm "$q" || return
	wait $receiver
	equal status $? 6 && matches "$(cat "$tmp/gone")" "mboxctl: recv $q: gone: *"
}

test_full() {
	as_nobody $ctl create "$q" -n 3 -m 0666 && $ctl send "$q" a &&
	as_nobody $ctl send "$q" b c &&
	expect 5 "" "mboxctl: send $q: full: 3 of 3 messages, most of them (2) from user nobody" \
		$ctl send -d "$q" x &&
	expect 5 "" "mboxctl: send $q: timed out: full: 3 of 3 messages, most of them (2) from user nobody" \
		$ctl send -w 10ms "$q" x &&
	$ctl recv "$q" >/dev/null &&
	expect 5 "" "mboxctl: send $q: message 2: full: 3 of 3 messages, *" as_nobody $ctl send -d "$q" x y &&
	good "bcx" $ctl recv -fd "$q"
}

test_full_of_bytes() {
	$ctl create "$q" -s 10 -b 20 && $ctl send "$q" 1234567890 12345678 &&
	expect 5 "" "mboxctl: send $q: full: 18 of 20 bytes, most of them (18) from user root" \
		$ctl send -d "$q" 123
}

test_wait_for_room() {
	$ctl create "$q" -n 1 && $ctl send "$q" a || return
	$ctl send "$q" b &
	sender=$!
	eventually has "$q" WAITING_SENDERS 1 &&
	expect 5 "" "mboxctl: send $q: full: 1 of 1 messages, most of them (1) from user root" $ctl send -d "$q" x &&
	good a $ctl recv "$q" && wait $sender && good b $ctl recv "$q"
}

test_gone_while_sending() {
	$ctl create "$q" -n 1 && $ctl send "$q" a || return
	$ctl send "$q" b 2>"$tmp/gone" &
	sender=$!
	eventually has "$q" WAITING_SENDERS 1 && $ctl rm "$q" || return
	wait $sender
	equal status $? 6 && matches "$(cat "$tmp/gone")" "mboxctl: send $q: gone: *"
}

test_message_sizes() {
	$ctl create "$q" -s 4 && $ctl create "$q-f" -s 4 --fixed &&
	expect 1 "" "mboxctl: send $q: too large: messages are of at most 4 bytes" $ctl send "$q" 12345 &&
	expect 1 "" "mboxctl: send $q: too large: *" sh -c "$ctl send $q </dev/zero" &&
	expect 1 "" "mboxctl: send $q: message 2: too large: *" sh -c "printf '12\n12345\n' | $ctl send -l $q" &&
	good "12" $ctl recv -fd "$q" &&
	expect 1 "" "mboxctl: send $q-f: too large: messages are of exactly 4 bytes" $ctl send "$q-f" 12345 &&
	expect 1 "" "mboxctl: send $q-f: too small: 3 bytes, messages are of exactly 4 bytes" $ctl send "$q-f" 123 &&
	good "" $ctl send "$q-f" 1234 && equal SIZES "$(field "$q-f" SIZES)" fixed
}

# What cannot be written must not be taken, as far as that can be known.
test_output_closed() {
	$ctl create "$q" && $ctl send "$q" a b || return
	expect 1 "" "mboxctl: recv $q: standard output: *; no message was taken" sh -c "$ctl recv $q >&-" &&
	expect 1 "" "mboxctl: recv $q: standard output: not open for writing; *" sh -c "$ctl recv $q 1</dev/null" &&
	equal MSGS "$(field "$q" MSGS)" 2 &&
	# a pipe that only we have open, and not for reading
	mkfifo "$tmp/fifo" &&
	expect 1 "" "mboxctl: recv $q: standard output: nobody reads it any more; no message was taken" \
		sh -c "exec 3<>$tmp/fifo 4>$tmp/fifo 3<&-; $ctl recv $q >&4" &&
	equal MSGS "$(field "$q" MSGS)" 2 &&
	expect 1 "" "mboxctl: recv $q: standard output: No space left on device; message 1 of 1 bytes is lost" \
		sh -c "$ctl recv $q >/dev/full" &&
	equal MSGS "$(field "$q" MSGS)" 1 &&
	expect 1 "" "mboxctl: ls: standard output: No space left on device" sh -c "$ctl ls >/dev/full"
}

test_output_closed_while_waiting() {
	$ctl create "$q" && mkfifo "$tmp/fifo" || return
	$ctl recv "$q" >"$tmp/fifo" 2>"$tmp/closed" &
	receiver=$!
	tail -f "$tmp/fifo" >/dev/null &
	reader=$!
	eventually waits_in_recv "$q" $receiver && kill $reader || return
	wait $reader
	wait $receiver
	equal status $? 1 && $ctl send "$q" a && equal MSGS "$(field "$q" MSGS)" 1
}

# A pipe that is full: messages stay where they are.
test_output_full() {
	$ctl create "$q" -s 64K -b 1M || return
	for _ in 1 2 3 4; do
		head -c 65536 /dev/zero | $ctl send "$q" || return
	done
	mkfifo "$tmp/pipe" || return
	sh -c "exec 3<>$tmp/pipe; : >$tmp/open; exec sleep 1000" &
	holder=$!
	eventually test -e "$tmp/open"
	$ctl recv -f "$q" >"$tmp/pipe" &
	receiver=$!
	eventually waits_in_recv "$q" $receiver
	equal MSGS "$(field "$q" MSGS)" 3
	result=$?
	kill $receiver $holder
	wait
	return $result
}

test_permissions() {
	$ctl create "$q" && chmod a+rx "$tmp" &&
	denied="permission denied: user root, group root, mode 0600" &&
	expect 4 "" "mboxctl: send $q: $denied" as_nobody $ctl send "$q" a &&
	expect 4 "" "mboxctl: recv $q: $denied" as_nobody $ctl recv -d "$q" &&
	expect 4 "" "mboxctl: purge $q: $denied" as_nobody $ctl purge "$q" &&
	expect 4 "" "mboxctl: rm $q: $denied" as_nobody $ctl rm "$q" &&
	expect 4 "" "mboxctl: set $q: $denied" as_nobody $ctl set -m 0666 "$q" &&
	good "*" as_nobody $ctl stat "$q" &&
	good "" $ctl set -m 0602 "$q" && good "" as_nobody $ctl send "$q" a &&
	expect 4 "" "*mode 0602" as_nobody $ctl recv -d "$q" &&
	good "" $ctl set -o nobody "$q" && good "a" as_nobody $ctl recv -d "$q" &&
	equal OWNER "$(field "$q" OWNER)" nobody &&
	good "" $ctl set -o :65534 "$q" && equal GID "$(field "$q" GID)" 65534 &&
	equal UID "$(field "$q" UID)" 65534 &&
	good "" $ctl set -o 0:0 "$q" && equal UID "$(field "$q" UID)" 0 &&
	expect 4 "" "mboxctl: send $q: permission denied: it belongs to user root" \
		$ctl send -e nobody "$q" a &&
	good "" $ctl send -e root "$q" a && good "a" $ctl recv -e 0 "$q"
}

test_set_capacity() {
	$ctl create "$q" -s 10 -n 1 -b 10 && good "" $ctl set "$q" -n 2 -b 1K &&
	equal MAX_MSGS "$(field "$q" MAX_MSGS)" 2 && equal MAX_BYTES "$(field "$q" MAX_BYTES)" 1024 &&
	expect 1 "" "mboxctl: set $q: --max-bytes is below the message size of 10" $ctl set "$q" -b 9 &&
	$ctl create "$q-r" -r 1 &&
	expect 1 "" "mboxctl: set $q-r: a region has no capacity" $ctl set "$q" "$q-r" -n 3 &&
	equal MAX_MSGS "$(field "$q" MAX_MSGS)" 3
}

test_purge() {
	$ctl create "$q" && $ctl send "$q" a b c && good 3 $ctl purge "$q" &&
	good 0 $ctl purge "$q" && equal PURGED "$(field "$q" PURGED)" 3
}

test_regions_take_no_messages() {
	$ctl create "$q" -r 4K &&
	expect 1 "" "mboxctl: send $q: is not a mailbox" $ctl send "$q" a &&
	expect 1 "" "mboxctl: recv $q: is not a mailbox" $ctl recv "$q" &&
	expect 1 "" "mboxctl: purge $q: is not a mailbox" $ctl purge "$q"
}

test_limits() {
	good "LIMIT *USED *MAX
user message bytes * [0-9]*
*namespace objects * [0-9]*" $ctl usage &&
	good "*\"limits\": *\"limit\":*\"user mailboxes\",*\"used\": *0,*\"max\": *[0-9]*" $ctl usage --json nobody &&
	expect 4 "" "mboxctl: usage root: permission denied" as_nobody $ctl usage root || return
	before=$(cat $parameters/user_max_mailboxes) || return
	echo 1 >$parameters/user_max_mailboxes
	as_nobody $ctl create "$q" &&
	expect 7 "" "mboxctl: create $q-2: limit reached: user mailboxes: 1 of 1 used by user nobody" \
		as_nobody $ctl create "$q-2"
	result=$?
	echo "$before" >$parameters/user_max_mailboxes
	return $result
}

test_lease() {
	$ctl create "$q" -s 100K && $ctl send "$q" a b && good "a" $ctl recv --lease "$q" &&
	equal RECEIVED "$(field "$q" RECEIVED)" 1 &&
	expect 1 "" "mboxctl: recv $q: standard output: No space left on device; message 2 of 1 bytes is given back" \
		sh -c "$ctl recv --lease $q >/dev/full" &&
	good "* kind=message deliveries=1 missed=0 truncated=0 len=1
b" $ctl recv -L --info "$q" && equal MSGS "$(field "$q" MSGS)" 0 &&
	head -c 100000 /dev/zero | $ctl send "$q" && mkfifo "$tmp/fifo" || return
	# killed in the middle of writing
	sh -c "exec 3<>$tmp/fifo; : >$tmp/open; exec sleep 1000" &
	holder=$!
	eventually test -e "$tmp/open"
	$ctl recv --lease "$q" >"$tmp/fifo" &
	receiver=$!
	eventually has "$q" HELD 1 && kill -9 $receiver
	eventually has "$q" MSGS 1
	result=$?
	kill $holder
	wait
	return $result
}

test_dead_letter() {
	$ctl create "$q-d" && good "" $ctl create "$q" --max-deliveries 2 --dead-letter "$q-d" &&
	expect 1 "" "mboxctl: create $q-x: the dead-letter mailbox has one itself" \
		$ctl create "$q-x" -D 1 -d "$q" &&
	expect 3 "" "mboxctl: create $q-no: no such mailbox*" $ctl create "$q-x" -D 1 -d "$q-no" &&
	$ctl send "$q" a && $ctl create "$q-2" -D 1 && $ctl send "$q-2" b || return
	for name in "$q" "$q" "$q-2"; do
		expect 1 "" "*is given back" sh -c "$ctl recv -L $name >/dev/full" || return
	done
	expect 5 "" "*no message" $ctl recv -d "$q" && good a $ctl recv -d "$q-d" &&
	equal DEAD "$(field "$q" DEAD)" 1 && equal DROPPED "$(field "$q" DROPPED)" 0 &&
	equal DEAD "$(field "$q-2" DEAD)" 1 && equal DROPPED "$(field "$q-2" DROPPED)" 1
}

# serve ARGUMENT...: in the background, as $server
serve() {
	$ctl serve "$@" 2>"$tmp/serve" &
	server=$!
}

# serve has ended well, and has had nothing to complain about but PATTERN
served() {
	wait "$server"
	equal "status of serve" $? 0 && matches "$(cat "$tmp/serve")" "$1"
}

test_call_and_serve() {
	$ctl create "$q" -m 0622 || return
	# shellcheck disable=SC2016 # a variable of the command
	serve -c 7 "$q" -- sh -c 'cat; exit $MBOX_TYPE'
	head -c 60000 /dev/urandom >"$tmp/in"
	good "hello" $ctl call "$q" hello && good "" $ctl call "$q" "" &&
	good "in" sh -c "printf in | $ctl call $q" &&
	$ctl call "$q" <"$tmp/in" >"$tmp/received" && cmp "$tmp/in" "$tmp/received" &&
	expect 7 "x" "" $ctl call --type 7 "$q" x && expect 255 "" "" $ctl call -t 255 "$q" "" &&
	expect 101 "" "mboxctl: call $q: the server says: Message too long" $ctl call -s 4 "$q" 12345 &&
	served "mboxctl: serve $q: the reply is larger than the 4 bytes that process * allows" || return
	# shellcheck disable=SC2016
	serve -c 1 "$q" -- sh -c 'echo $MBOX_UID $MBOX_GID $MBOX_PRIORITY $MBOX_CALL $MBOX_REPLY_MAX $MBOX_PID'
	good "65534 65534 9 1 1024 [1-9]*" as_nobody $ctl call -p 9 -s 1K "$q" x && served "" &&
	equal MSGS "$(field "$q" MSGS)" 0 && equal HELD "$(field "$q" HELD)" 0
}

test_serve_failing_commands() {
	$ctl create "$q" || return
	serve -c 1 "$q" -- "$tmp/none"
	expect 127 "" "" $ctl call "$q" x && served "mboxctl: serve $tmp/none: command not found" || return
	serve -c 1 "$q" -- "$tmp"
	expect 126 "" "" $ctl call "$q" x && served "mboxctl: serve $tmp: *" || return
	# shellcheck disable=SC2016
	serve -c 1 "$q" -- sh -c 'kill -9 $$'
	expect 137 "" "" $ctl call "$q" x && served "" || return
	# one that does not read what it is sent
	serve -c 1 "$q" -- true
	good "" sh -c "head -c 65536 /dev/zero | $ctl call -s 1 $q" && served ""
}

test_serve_jobs() {
	$ctl create "$q" || return
	# each waits for the other
	# shellcheck disable=SC2016
	serve -j 2 -c 2 "$q" -- sh -c "cat; : >$tmp/job"'$MBOX_TYPE'"; until test -e $tmp/job1 -a -e $tmp/job2; do sleep 0.1; done"
	$ctl call "$q" -t 1 one >"$tmp/one" &
	caller=$!
	good two $ctl call "$q" -t 2 two && wait $caller && equal reply "$(cat "$tmp/one")" one && served ""
}

test_serve_until_gone() {
	$ctl create "$q" || return
	serve -j 3 "$q" -- cat
	good a $ctl call "$q" a && $ctl rm "$q" && served ""
}

test_serve_messages() {
	$ctl create "$q" -D 2 && $ctl send "$q" job bad &&
	good "job" $ctl serve -c 1 "$q" -- cat && good "" $ctl serve -c 2 "$q" -- false &&
	equal DEAD "$(field "$q" DEAD)" 1 && equal RECEIVED "$(field "$q" RECEIVED)" 1
}

test_call_without_reply() {
	$ctl create "$q" -n 1 &&
	expect 103 "" "mboxctl: call $q-no: no such mailbox*" $ctl call "$q-no" x &&
	expect 101 "" "mboxctl: call $q: too large: messages are of at most 65536 bytes" \
		sh -c "head -c 70000 /dev/zero | $ctl call $q" &&
	expect 105 "" "mboxctl: call $q: timed out: no reply" $ctl call -w 50ms "$q" x &&
	equal MSGS "$(field "$q" MSGS)" 0 && $ctl send "$q" a &&
	expect 105 "" "mboxctl: call $q: timed out: full: 1 of 1 messages, *" $ctl call -w 50ms "$q" x &&
	good "a" $ctl recv "$q" || return
	$ctl call "$q" x 2>"$tmp/gone" &
	caller=$!
	eventually has "$q" MSGS 1 && $ctl rm "$q" || return
	wait $caller
	equal status $? 106 && matches "$(cat "$tmp/gone")" "mboxctl: call $q: gone: *"
}

test_server_killed() {
	$ctl create "$q" || return
	for option in "" --repeatable; do
		serve "$q" -- sleep 1000
		# shellcheck disable=SC2086
		$ctl call $option "$q" x >"$tmp/reply" 2>"$tmp/called" &
		caller=$!
		eventually has "$q" HELD 1 && kill -9 $server || return
		wait "$server"
		[ -z "$option" ] || serve -c 1 "$q" -- echo ready
		wait $caller
		result=$?
		if [ -z "$option" ]; then
			equal status $result 108 && matches "$(cat "$tmp/called")" \
				"mboxctl: call $q: the server ended without a reply: *" || return
		else
			equal status $result 0 && equal reply "$(cat "$tmp/reply")" ready && served "" || return
		fi
	done
}

# Its command is ended when nobody waits for it any more.
test_call_given_up() {
	$ctl create "$q" || return
	serve -c 1 "$q" -- sleep 1000
	eventually has "$q" READERS 1 &&
	expect 105 "" "mboxctl: call $q: timed out: no reply" $ctl call -w 500ms "$q" x && served "" &&
	equal HELD "$(field "$q" HELD)" 0
}

test_receive_calls() {
	$ctl create "$q" || return
	$ctl call "$q" ask >"$tmp/reply" &
	caller=$!
	good '{"seq":1,*"kind":"call",*"data":"ask"}' $ctl recv --json "$q" && wait $caller &&
	equal reply "$(cat "$tmp/reply")" ""
}

# Any byte but a slash is good in a name; what is printed must be harmless.
test_odd_names() {
	utf8=$q$(printf ' \303\244') && bytes=$q$(printf '\377\033[0m') &&
	quoted="$q \"\\" &&
	$ctl create "$utf8" && $ctl create "$bytes" && $ctl create "$quoted" &&
	good "*name*$utf8*name*${q}$(printf '\357\277\275')\\\\u001b[[]0m*name*$q \\\\\"\\\\\\\\*" \
		$ctl ls --json -o name &&
	good "*$q\\\\xff\\\\x1b[[]0m*" $ctl ls -n -o name &&
	$ctl rm "$utf8" "$bytes" "$quoted" &&
	expect 3 "" "mboxctl: rm $q\\\\xff\\\\x1b[[]0m: *" $ctl rm "$bytes" &&
	long=$(printf %0255d 1) && good "" $ctl create "$long" && good "" $ctl rm "$long"
}

test_namespace() {
	$ctl create "$q" && good "" unshare -n $ctl ls -n
}

# The module is only taken away where nobody else uses it.
test_unload_and_load() {
	$ctl create "$q" || return
	expect 1 "" "mboxctl: unload $module: in use ([0-9]*): mailboxes or regions exist, *" $ctl unload &&
	expect 1 "" "mboxctl: load $module: is loaded already" $ctl load &&
	$ctl rm "$q" || return
	sh -c "exec 3<>/dev/mbox; $ctl unload" 2>"$tmp/busy"
	equal status $? 1 && matches "$(cat "$tmp/busy")" "mboxctl: unload $module: in use ([0-9]*): *" || return
	if [ "$(cat /sys/module/$module/refcnt)" -ne 0 ]; then
		say "the module is in use by others, not unloaded"
		return 0
	fi
	file=$(modinfo -n $module) || return
	good "" $ctl unload || return
	test_without_module
	result=$?
	[ -e /sys/module/$module ] || $ctl load || return
	return $result
}

test_without_module() {
	expect 1 "" "mboxctl: ls: /dev/mbox: not there, is the module loaded?" $ctl ls &&
	expect 3 "" "mboxctl: unload $module: is not loaded" $ctl unload &&
	expect 3 "" "mboxctl: load $q: no such module*" $ctl load "$q" &&
	expect 3 "" "mboxctl: load ./$q.ko: No such file or directory" $ctl load "./$q.ko" &&
	echo nonsense >"$tmp/in" &&
	expect 1 "" "mboxctl: load $tmp/in: is no module for this kernel, see dmesg" $ctl load "$tmp/in" &&
	expect 2 "" "mboxctl: load: 'x' is not PARAM=VALUE" $ctl load "$file" x &&
	expect 4 "" "mboxctl: load $module: permission denied: *" as_nobody $ctl load &&
	good "" $ctl load user_max_mailboxes=7 user_max_regions=8 &&
	equal parameter "$(cat $parameters/user_max_mailboxes)" 7 &&
	equal parameter "$(cat $parameters/user_max_regions)" 8 &&
	good "" $ctl unload && good "" $ctl load "$file" &&
	equal parameter "$(cat $parameters/user_max_mailboxes)" 4096
}

# --- running them ------------------------------------------------------------

echo "TAP version 13"
if [ "$(id -u)" -ne 0 ] || [ ! -c /dev/mbox ]; then
	echo "1..0 # SKIP root and the module are needed"
	exit 4
fi
trap 'remove_all; rm -rf "$tmp"' EXIT

tests=$(sed -n 's/^test_\([a-z_]*\)() {$/\1/p' "$0" | grep -v '^without_module$')
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
	# what a test that failed has left
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	wait
	rm -rf "${tmp:?}"/*
done
echo "# Totals: pass:$pass fail:$fail xfail:0 xpass:0 skip:0 error:0"
[ $fail -eq 0 ]
