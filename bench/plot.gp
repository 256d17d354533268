# SPDX-License-Identifier: GPL-2.0
#
# gnuplot -e "dat='bench.dat'; svg='bench.svg'" plot.gp
#
# Six charts, of the blocks that report.awk makes for them.

set terminal svg size 1100,640 font "sans-serif,11" background "white"
set output svg
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set yrange [0:*]
set grid ytics linecolor "#dddddd"
set border 3
set tics nomirror
set xtics rotate by -40
set key above right horizontal
set multiplot layout 2,3 title "Instructions an operation, root cgroup"
blocks = "roundtrip-64 roundtrip-4096 roundtrip-65536 oneway-64 oneway-4096 oneway-65536"
titles = "'round trip 64 B' 'round trip 4 KiB' 'round trip 64 KiB' 'one way 64 B' 'one way 4 KiB' 'one way 64 KiB'"
colours = "#4c72b0 #dd8452 #55a868 #c44e52"
columns = int(system("awk '/^transport/ { print NF; exit }' " . dat))
do for [i = 1:6] {
	set title word(titles, i)
	plot for [k = 2:columns] dat index word(blocks, i) \
		using k:xtic(1) title columnheader(k) linecolor rgb word(colours, k - 1)
}
unset multiplot
