package main

import "testing"

// What one more object costs is compared, without what a plan costs anyway.
func TestGrowth(t *testing.T) {
	results := growth([]point{{100, 1.5, 1}, {300, 2.5, 2}, {1000, 7.75, 4}})
	if got := results[0]; got.Ours != 7.5 || got.Other != 5 || got.ratio() <= got.Bar {
		t.Errorf("got %+v, want 7.5 ms beside 5 ms, above the bar", got)
	}
	if len(results) != 4 || results[3].At != 1000 || results[3].Other != 4 {
		t.Errorf("the points are %+v", results[1:])
	}
}
