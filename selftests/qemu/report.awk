# SPDX-License-Identifier: GPL-2.0
#
# Turns what a guest sends (see init) into a line per test program, shows the
# output of those that failed, and leaves the sums in the file RESULT:
#
#	PASSED FAILED SKIPPED done|NAME OF THE PROGRAM THAT WAS RUNNING
#
# With VERBOSE=1 all output is shown as it comes.

{ sub(/\r$/, "") }

$1 == "@start" {
	name = $2
	begin = $3
	output = ""
	ok = notok = totals = 0
	pass = fail = skip = 0
	if (VERBOSE) {
		print "--- " name
		fflush()
	}
	next
}

$1 == "@end" {
	if (totals) {
		# a failure after the sums, as on the way out
		if ($4 != 0 && !fail)
			fail = 1
	} else if ($4 == 4) {
		# KSFT_SKIP
		skip = 1
	} else {
		pass = ok
		fail = notok
		# A script may have no more to say than its status; a program
		# that ends before its sums has died.
		if ($4 != 0 || name !~ /\.sh$/)
			fail++
		else if (!pass)
			pass = 1
	}
	if ($4 == "timeout")
		how = ", stopped by the time limit"
	else if ($4 > 128)
		how = ", killed by signal " ($4 - 128)
	else if (!totals && $4 != 0 && $4 != 4)
		how = ", exit status " $4
	else
		how = ""
	result(name, sprintf("%d passed, %d failed, %d skipped, %.1f s%s",
			     pass, fail, skip, $3 - begin, how))
	name = ""
	next
}

$1 == "@post" {
	what = $0
	sub(/^@post /, "", what)
	good = what ~ / ok$/
	pass = good
	fail = !good
	skip = 0
	output = ""
	if (good)
		sub(/ ok$/, ": ok", what)
	else
		sub(/ fail /, ": FAILED: ", what)
	split(what, part, ": ")
	result(part[1], substr(what, length(part[1]) + 3))
	next
}

$1 == "@done" {
	name = "done"
	next
}

{
	output = output $0 "\n"
	if (VERBOSE) {
		print
		fflush()
	}
}

/^ok / { ok++ }
/^not ok / { notok++ }
/^# Totals: / {
	totals = 1
	split($0, field, /[: ]+/)
	# "#" "Totals" "pass" 1 "fail" 2 "xfail" 3 "xpass" 4 "skip" 5 "error" 6
	pass = field[4] + field[8]
	fail = field[6] + field[10] + field[14]
	skip = field[12]
}

# why tests were skipped, each reason once
function reasons(	lines, line, count, why, i) {
	lines = split(output, line, "\n")
	for (i = 1; i <= lines; i++)
		if (line[i] ~ /^(ok|1\.\.0).*# SKIP/) {
			sub(/.*# SKIP */, "", line[i])
			count[line[i]]++
		}
	for (why in count)
		printf "       skipped %d: %s\n", count[why], why
}

function result(what, text) {
	if (fail && !VERBOSE && output != "") {
		print "--- " what " says:"
		printf "%s", output
		print "---"
	}
	printf "%s %-32s %s\n", fail ? "FAIL" : "    ", what, text
	if (skip && !VERBOSE)
		reasons()
	fflush()
	passed += pass
	failed += fail
	skipped += skip
}

END {
	if (name != "" && name != "done" && !VERBOSE && output != "") {
		print "--- " name " had said:"
		printf "%s", output
		print "---"
	}
	print passed + 0, failed + 0, skipped + 0, name == "" ? "-" : name >RESULT
}
