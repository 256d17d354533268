# SPDX-License-Identifier: GPL-2.0
#
# usage: awk -v TURNS=n -f report.awk
#
# Reads, in the order of the addresses, where functions begin and what has run:
#
#	ADDRESS s NAME
#	ADDRESS t INSTRUCTIONS RUNS
#
# and writes, for each function: instructions a turn, calls a turn, name. The
# first line is that of all together. Addresses are compared as text: awk cannot
# calculate with numbers that large.

$2 == "s" {
	# of functions at the same place, one
	if ($1 != start) {
		start = $1
		name = $4 == "" ? $3 : $3 " " $4
	}
	next
}

{
	instructions[name] += $3 * $4
	total += $3 * $4
	if ($1 == start)
		calls[name] += $4
}

END {
	printf "%.1f - all\n", total / TURNS
	for (name in instructions)
		if (instructions[name] >= TURNS / 2)
			printf "%.1f %.2f %s\n", instructions[name] / TURNS,
				calls[name] / TURNS, name
}
