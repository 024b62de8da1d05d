package acctest

import (
	"strings"
	"testing"
)

// located is a diagnostic at line 4, as Terraform writes it without color.
func located(kind, argument, detail string) string {
	return "\n" + kind + `: Not possible

  with ceph_pool.test,
  on main.tf line 4, in resource "ceph_pool" "test":
   4:   ` + argument + ` = 3

` + detail + "\n"
}

// framed is the same as for a terminal.
func framed(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return "╷\n│ " + strings.Join(lines, "\n│ ") + "\n╵\n"
}

func TestMessageAt(t *testing.T) {
	other := located("Error", "min_size", "No more than\nsize.")
	for name, row := range map[string]struct {
		text string
		want bool
	}{
		"one":                       {located("Error", "size", "No more than\nsize."), true},
		"within a line":             {located("Error", "size", "E\nEr\n\nError\nWarnings: none; no more? No more than size."), true},
		"the first of two":          {located("Error", "size", "No more than size.") + other, true},
		"the second of two":         {other + located("Error", "size", "No more than size."), true},
		"framed":                    {framed(located("Error", "size", "No more than\nsize.")), true},
		"at another argument":       {other, false},
		"words of the next error":   {located("Error", "size", "Too small.") + other, false},
		"words of the next warning": {located("Error", "size", "Too small.") + located("Warning", "min_size", "No more than size."), false},
		"next to a short line":      {located("Error", "size", "E") + "Er\n" + strings.TrimSpace(other), false},
		"framed, of the next":       {framed(located("Error", "size", "Too small.")) + framed(other), false},
	} {
		if got := MessageAt("size", "No more than size.").MatchString(row.text); got != row.want {
			t.Errorf("%s: matches is %v in\n%s", name, got, row.text)
		}
	}
}
