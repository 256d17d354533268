# SPDX-License-Identifier: GPL-2.0
#
# usage: awk -f report.awk [-v MODE=...] rows.csv FIGURES.csv
#
# Puts what mbox-bench has measured into words. MODE is
#	table		for people, a table for each kernel and cgroup (default), and
#			one of mbox beside the floor
#	markdown	the same for the README, the root cgroup alone
#	ratios		kernel,cgroup,case,size,against,ratio: of what can be
#			compared with another run
#	plot		for plot.gp
#	unsteady	the figures that do not repeat within 2 %

BEGIN {
	FS = ","
	nr_transports = split("mbox pipe stream seqpacket dgram posix sysv futex", transports, " ")
	if (MODE == "")
		MODE = "table"
	two_cpus = "^(pairs|pingpong|interrupts)$"
	if (MODE == "ratios")
		print "kernel,cgroup,case,size,against,ratio"
}

/^# busy,/ { busy[$2] }
/^#/ || /^kernel,/ { next }

FNR == NR {
	row = $1 SUBSEP $2
	rows[++nr_rows] = row
	against[row] = $3
	goal_6_1[row] = $4
	goal_later[row] = $5
	label[row] = $6
	next
}

{
	where = $1 SUBSEP $2
	if (!(where in seen)) {
		seen[where]
		places[++nr_places] = where
	}
	figure[where, $3, $5, $4] = $6
	if ($4 == "mbox")
		spread[where, $3, $5] = $8
	if ($7 == "ns")
		in_time[$3, $5]
	if ($3 ~ two_cpus)
		on_two_cpus[$3, $5]
	if ($7 == "instructions" && $8 > 2)
		unsteady[++nr_unsteady] = $0
}

# The figure of a transport in a row, or "" if there is none.
function of(where, row, transport,	i) {
	i = where SUBSEP row SUBSEP transport
	return i in figure ? figure[i] : ""
}

# The same as it is shown: of times only how they compare means something.
function shown(where, row, transport,	value, unit) {
	value = of(where, row, transport)
	unit = of(where, row, "futex")
	if (value == "" || !(row in in_time) || !unit)
		return value
	return sprintf("%.2f", value / unit)
}

# Sets "peer" and "reference": what the figure of mbox is compared with.
function find_reference(where, row,	i, value, parts) {
	peer = against[row]
	reference = ""
	if (peer == "itself") {
		reference = 1
	} else if (peer ~ /^case:/) {
		split(row, parts, SUBSEP)
		peer = substr(peer, 6)
		reference = of(where, peer SUBSEP parts[2], "mbox")
	} else if (peer == "best") {
		for (i = 2; i < nr_transports; i++) {
			value = of(where, row, transports[i])
			if (value == "" || (reference != "" && value + 0 >= reference + 0))
				continue
			reference = value
			peer = transports[i]
		}
	} else {
		reference = of(where, row, peer)
	}
}

# Sets "ratio" as well, as it is shown, or to "".
function compare(where, row,	mine) {
	ratio = ""
	mine = of(where, row, "mbox")
	if (mine == "" || against[row] == "")
		return
	find_reference(where, row)
	if (reference == "")
		return
	# two figures of which both are next to nothing are alike
	if (reference < 0.05)
		ratio = mine < 0.05 ? 1 : mine / 0.05
	else
		ratio = mine / reference
	ratio = sprintf(ratio >= 100 ? "%.0f" : MODE == "ratios" ? "%.3f" : "%.2f", ratio)
}

# Sets "goal", as it is shown, and returns the verdict on "ratio".
function judge(where, row,	parts, limit) {
	split(where, parts, SUBSEP)
	goal = parts[1] ~ /^6\.1(-|$)/ ? goal_6_1[row] : goal_later[row]
	if (goal == "" || ratio == "")
		return ""
	if ((row in on_two_cpus) && (parts[1] in busy || spread[where, row] > 25))
		return "unsteady"
	limit = goal
	if (sub(/^>/, "", limit))
		return ratio + 0 >= limit + 0 ? "met" : "missed"
	return ratio + 0 <= limit + 0 ? "met" : "missed"
}

function is_there(where, row,	i) {
	for (i = 1; i <= nr_transports; i++)
		if (of(where, row, transports[i]) != "")
			return 1
	return 0
}

function versus() {
	return against_this == "itself" || ratio == "" ? ratio : ratio " " peer
}

function table(where,	parts, i, j, row, verdict) {
	split(where, parts, SUBSEP)
	printf "\nLinux %s, %s cgroup\n\n%-20s", parts[1], parts[2], ""
	for (i = 1; i <= nr_transports; i++)
		printf "%10s", transports[i]
	printf "  %-21s %s\n", "ratio", "goal"
	for (j = 1; j <= nr_rows; j++) {
		row = rows[j]
		if (!is_there(where, row))
			continue
		printf "%-20s", label[row]
		for (i = 1; i <= nr_transports; i++)
			printf "%10s", shown(where, row, transports[i])
		compare(where, row)
		against_this = against[row]
		verdict = judge(where, row)
		printf "  %-21s %s\n", versus(), verdict == "" ? "" : goal " " verdict
	}
}

function markdown(where,	parts, i, j, row, verdict, other) {
	split(where, parts, SUBSEP)
	if (parts[2] != "root")
		return
	printf "\nLinux %s\n\n| |", parts[1]
	for (i = 1; i <= nr_transports; i++)
		printf " %s |", transports[i]
	printf " ratio | in a memory cgroup | goal |\n|---|"
	for (i = 1; i <= nr_transports; i++)
		printf "--:|"
	print "---|---|---|"
	other = parts[1] SUBSEP "memory"
	for (j = 1; j <= nr_rows; j++) {
		row = rows[j]
		if (!is_there(where, row))
			continue
		printf "| %s |", label[row]
		for (i = 1; i <= nr_transports; i++)
			printf " %s |", shown(where, row, transports[i])
		against_this = against[row]
		compare(other, row)
		charged = versus()
		compare(where, row)
		verdict = judge(where, row)
		printf " %s | %s | %s |\n", versus(), charged,
			verdict == "" ? "" : goal " " verdict
	}
}

function print_ratios(where,	parts, names, j, row) {
	split(where, parts, SUBSEP)
	for (j = 1; j <= nr_rows; j++) {
		row = rows[j]
		split(row, names, SUBSEP)
		compare(where, row)
		# what two CPUs take depends on the host
		if (ratio != "" && names[1] !~ two_cpus)
			printf "%s,%s,%s,%s,%s,%s\n", parts[1], parts[2], names[1],
				names[2], against[row], ratio
	}
}

# Sets "floor", "above" (how many times that mbox takes) and "allowed" (what the
# goal lets it take), as shown. False where there is no floor.
function find_floor(where, row,	mine) {
	mine = of(where, row, "mbox")
	floor = of(where, row, "floor")
	if (mine == "" || !floor)
		return 0
	above = sprintf("%.2f", mine / floor)
	compare(where, row)
	judge(where, row)
	allowed = goal == "" || ratio == "" ? "" : sprintf("%.0f", goal * reference)
	return 1
}

function floor_table(where,	parts, j, row, header) {
	split(where, parts, SUBSEP)
	header = sprintf("\nLinux %s, %s cgroup\n\n%-20s%10s%10s%10s%12s\n", parts[1],
		parts[2], "", "mbox", "floor", "ratio", "goal allows")
	for (j = 1; j <= nr_rows; j++) {
		row = rows[j]
		if (!find_floor(where, row))
			continue
		printf "%s%-20s%10s%10s%10s%12s\n", header, label[row],
			of(where, row, "mbox"), floor, above, allowed
		header = ""
	}
}

function floor_markdown(where,	parts, other, charged, j, row, header) {
	split(where, parts, SUBSEP)
	if (parts[2] != "root")
		return
	other = parts[1] SUBSEP "memory"
	header = "\nLinux " parts[1] ", mbox beside the floor\n\n" \
		"| | mbox | floor | ratio | in a memory cgroup | goal allows |\n" \
		"|---|--:|--:|--:|--:|--:|\n"
	for (j = 1; j <= nr_rows; j++) {
		row = rows[j]
		charged = find_floor(other, row) ? above : ""
		if (!find_floor(where, row))
			continue
		printf "%s| %s | %s | %s | %s | %s | %s |\n", header, label[row],
			of(where, row, "mbox"), floor, above, charged, allowed
		header = ""
	}
}

# A block for each chart, a line for each transport, a column for each kernel.
function plot(	j, i, p, row, parts, line) {
	for (j = 1; j <= nr_rows; j++) {
		row = rows[j]
		split(row, parts, SUBSEP)
		if (parts[1] !~ /^(roundtrip|oneway)$/)
			continue
		printf "# %s-%s\n", parts[1], parts[2]
		line = "transport"
		for (p = 1; p <= nr_places; p++)
			if (split(places[p], parts, SUBSEP) && parts[2] == "root")
				line = line " " parts[1]
		print line
		for (i = 1; i <= nr_transports; i++) {
			line = transports[i]
			for (p = 1; p <= nr_places; p++)
				if (split(places[p], parts, SUBSEP) && parts[2] == "root")
					line = line " " of(places[p], row, transports[i])
			print line
		}
		printf "\n\n"
	}
}

END {
	if (MODE == "plot")
		plot()
	for (p = 1; p <= nr_places; p++) {
		if (MODE == "table")
			table(places[p])
		else if (MODE == "markdown")
			markdown(places[p])
		else if (MODE == "ratios")
			print_ratios(places[p])
	}
	for (p = 1; p <= nr_places; p++) {
		if (MODE == "table")
			floor_table(places[p])
		else if (MODE == "markdown")
			floor_markdown(places[p])
	}
	if (MODE == "unsteady")
		for (i = 1; i <= nr_unsteady; i++)
			print unsteady[i]
}
