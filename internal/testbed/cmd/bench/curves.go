package main

import (
	"fmt"
	"strings"
)

// Sizes of the picture in pixels.
const (
	curvesWidth  = 640
	curvesHeight = 320
	curvesMargin = 60
)

const curvesHead = `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img">
<title>CPU seconds of the provider in a plan without changes, by the number of objects</title>
<style>
text { font: 12px sans-serif; fill: #1f2328 }
line { stroke: #59636e }
polyline { fill: none; stroke: #0550ae; stroke-width: 2 }
.floor { stroke: #59636e; stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
line { stroke: #9198a1 }
polyline { stroke: #79c0ff }
.floor { stroke: #9198a1 }
}
</style>
<line x1="%[3]d" y1="%[5]d" x2="%[4]d" y2="%[5]d"/><line x1="%[3]d" y1="%[3]d" x2="%[3]d" y2="%[5]d"/>
`

// curves draws what was measured of growing numbers of objects, ours and the floor's dashed.
func curves(all []kept) string {
	objects, seconds := 0, 0.0
	for _, k := range all {
		for _, r := range k.Results {
			if r.At > 0 {
				objects, seconds = max(objects, r.At), max(seconds, r.Ours, r.Other)
			}
		}
	}
	right, bottom := curvesWidth-2*curvesMargin, curvesHeight-curvesMargin
	var svg strings.Builder
	fmt.Fprintf(&svg, curvesHead, curvesWidth, curvesHeight, curvesMargin, right, bottom)
	x := func(n int) float64 { return curvesMargin + float64(n)/float64(objects)*float64(right-curvesMargin) }
	y := func(s float64) float64 { return float64(bottom) - s/seconds*float64(bottom-curvesMargin) }
	text := func(x, y float64, anchor, what string) {
		fmt.Fprintf(&svg, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, what)
	}
	text(curvesMargin, curvesMargin-12, "middle", "CPU s")
	text(curvesMargin-6, y(seconds)+4, "end", fmt.Sprintf("%.1f", seconds))
	text(float64(right), float64(bottom)+34, "end", "objects")
	marked := map[int]bool{}
	for _, k := range all {
		var ours, floor []string
		var last result
		for _, r := range k.Results {
			if r.At == 0 {
				continue
			}
			ours = append(ours, fmt.Sprintf("%.1f,%.1f", x(r.At), y(r.Ours)))
			floor = append(floor, fmt.Sprintf("%.1f,%.1f", x(r.At), y(r.Other)))
			if !marked[r.At] {
				marked[r.At] = true
				text(x(r.At), float64(bottom)+16, "middle", fmt.Sprint(r.At))
			}
			last = r
		}
		if len(ours) == 0 {
			continue
		}
		fmt.Fprintf(&svg, `<polyline points="%s"/><polyline class="floor" points="%s"/>`+"\n", strings.Join(ours, " "), strings.Join(floor, " "))
		name := strings.TrimPrefix(k.row, "growth-")
		text(x(last.At)+6, y(last.Ours)+4, "start", name)
		text(x(last.At)+6, y(last.Other)+4, "start", name+", floor")
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}
