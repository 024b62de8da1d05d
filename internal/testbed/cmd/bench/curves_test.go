package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// The picture has two curves for each row, within its axes, and is XML.
func TestCurves(t *testing.T) {
	svg := curves([]kept{
		{row: "growth-users", Results: []result{{Ours: 9}, {At: 100, Ours: 1, Other: 0.5}, {At: 1000, Ours: 4, Other: 2}}},
		{row: "growth-images", Results: []result{{At: 100, Ours: 2, Other: 1}, {At: 1000, Ours: 8, Other: 4}}},
	})
	for _, want := range []string{
		`<polyline points="106.0,235.0 520.0,160.0"/><polyline class="floor" points="106.0,247.5 520.0,210.0"/>`,
		`<polyline points="106.0,210.0 520.0,60.0"/><polyline class="floor" points="106.0,235.0 520.0,160.0"/>`,
		">users, floor</text>", ">images</text>", ">1000</text>",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is missing in\n%s", want, svg)
		}
	}
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
