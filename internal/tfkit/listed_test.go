package tfkit

import (
	"testing"
)

func TestFirstSentence(t *testing.T) {
	for text, want := range map[string]string{
		"Size, such as `\"1.5 GiB. x\"`. Default: none.": "Size, such as `\"1.5 GiB. x\"`.",
		"`on` or `off`.":            "`on` or `off`.",
		"At most 3.5 times. More.":  "At most 3.5 times.",
		"No full stop":              "No full stop",
		"As `a.b` says. See `c. d`": "As `a.b` says.",
	} {
		if got := firstSentence(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
