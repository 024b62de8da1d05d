//go:build cgo

package endtoend_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// expectRefused runs terraform, which must fail with these words and not change a byte of the state.
func expectRefused(t *testing.T, w *acctest.Workspace, words []string, args ...string) {
	t.Helper()
	state := w.State(t)
	out, err := w.Try(t, append(args, "-input=false")...)
	if err == nil {
		t.Fatalf("terraform %s went through:\n%s", strings.Join(args, " "), out)
	}
	for _, phrase := range words {
		if !acctest.Message(phrase).MatchString(out) {
			t.Errorf("terraform %s does not say %q:\n%s", strings.Join(args, " "), phrase, out)
		}
	}
	after := w.State(t)
	same := string(after) == string(state)
	if slices.Contains(args, "-refresh=false") {
		// A failed apply saves the state again, with the next serial number and perhaps in another order.
		same = slices.Equal(stateLines(after), stateLines(state))
	}
	if !same {
		t.Errorf("terraform %s changed the state", strings.Join(args, " "))
	}
}

// stateLines returns the sorted lines of a state file, without its serial number.
func stateLines(state []byte) []string {
	lines := slices.DeleteFunc(strings.Split(string(state), "\n"), func(line string) bool { return strings.Contains(line, `"serial":`) })
	slices.Sort(lines)
	return lines
}
