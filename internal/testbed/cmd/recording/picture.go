package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Sizes in pixels. No common monospaced font of 13 pixels is wider than 8 a character.
const (
	charWidth  = 8
	lineHeight = 18
	margin     = 18
	titleBar   = 34
)

// window is the picture up to its text: a terminal's window, in the colours of the reader's mode. Fonts are those that the reader has.
const window = `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img">
<title>A run of make demo, as text in demo.txt</title>
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; fill: #1f2328 }
.window { fill: #f6f8fa; stroke: #d0d7de }
.button { fill: #d0d7de }
.command { fill: #0550ae; font-weight: bold }
.step { fill: #6639ba; font-weight: bold }
.result { fill: #116329 }
.cut { fill: #59636e; font-style: italic }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.window { fill: #0d1117; stroke: #3d444d }
.button { fill: #3d444d }
.command { fill: #79c0ff }
.step { fill: #d2a8ff }
.result { fill: #7ee787 }
.cut { fill: #9198a1 }
}
</style>
<rect class="window" x="0.5" y="0.5" width="%[3]d" height="%[4]d" rx="10"/>
<circle class="button" cx="20" cy="18" r="6"/><circle class="button" cx="40" cy="18" r="6"/><circle class="button" cx="60" cy="18" r="6"/>
`

// lineClasses say how lines are shown; the others are plain.
var lineClasses = []struct {
	name string
	of   *regexp.Regexp
}{
	{"command", regexp.MustCompile(`^\$ `)},
	{"step", regexp.MustCompile(`^==> `)},
	{"result", regexp.MustCompile(`^ *(Plan: |Apply complete!|/dev/)`)},
	{"cut", regexp.MustCompile(`^ *… `)},
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// picture returns the text as an SVG that looks like a terminal's window.
func picture(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	columns := 0
	for _, line := range lines {
		columns = max(columns, utf8.RuneCountInString(line))
	}
	width, height := 2*margin+columns*charWidth, titleBar+len(lines)*lineHeight+margin
	var svg strings.Builder
	fmt.Fprintf(&svg, window, width, height, width-1, height-1)
	for i, line := range lines {
		if line == "" {
			continue
		}
		class := ""
		for _, c := range lineClasses {
			if c.of.MatchString(line) {
				class = fmt.Sprintf(` class="%s"`, c.name)
			}
		}
		fmt.Fprintf(&svg, `<text xml:space="preserve" x="%d" y="%d"%s>%s</text>`+"\n",
			margin, titleBar+(i+1)*lineHeight-4, class, escape.Replace(line))
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}
