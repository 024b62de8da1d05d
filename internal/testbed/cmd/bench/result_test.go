package main

import (
	"strings"
	"testing"
	"time"
)

// A plan's processes are summed, and of their memory the largest counts.
func TestParseUsage(t *testing.T) {
	got, err := parseUsage("1500000000 100000000\n250000000 300000000\n", 2*time.Second)
	if want := (sample{CPU: 1.75, Wall: 2, Memory: 300}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "1500000000\n", "many 1\n"} {
		if _, err := parseUsage(bad, time.Second); err == nil {
			t.Errorf("%q is taken for a measurement", bad)
		}
	}
}

func TestMedians(t *testing.T) {
	got := medians([]sample{{CPU: 3, Wall: 10, Memory: 5}, {CPU: 1, Wall: 30, Memory: 6}, {CPU: 2, Wall: 20, Memory: 7}})
	if want := (sample{CPU: 2, Wall: 20, Memory: 6}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The table says of each bar whether it is met.
func TestLine(t *testing.T) {
	for _, test := range []struct {
		ours, bar float64
		want      string
	}{
		{2.8, 1.4, "1.40   1.40  met"}, {3, 1.4, "1.50   1.40  MISSED"}, {3, 0, "1.50"},
	} {
		line := result{What: "wall time", Unit: "s", Ours: test.ours, Of: "floor", Other: 2, Bar: test.bar}.line("plan", 3)
		if !strings.HasSuffix(line, test.want) {
			t.Errorf("%v beside 2 with the bar %v: %q", test.ours, test.bar, line)
		}
	}
}

// What was measured is taken over only for the same binaries.
func TestKept(t *testing.T) {
	k := kept{folder: t.TempDir(), row: "plan", N: 3, Binaries: "a", Results: []result{{What: "wall time", Ours: 1}}}
	if err := k.save(); err != nil {
		t.Fatal(err)
	}
	same, other := kept{folder: k.folder, row: "plan", N: 3, Binaries: "a"}, kept{folder: k.folder, row: "plan", N: 3, Binaries: "b"}
	if !same.load() || same.Results[0] != k.Results[0] {
		t.Errorf("loaded %+v", same.Results)
	}
	if other.load() {
		t.Error("the results of another binary are taken over")
	}
}
