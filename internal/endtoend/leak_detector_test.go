//go:build cgo

package endtoend_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// leaks looks for keys in everything that Terraform and the provider print and write (state, plans, logs), and in the command lines
// of all processes.
type leaks struct {
	keys      map[string]string // well-formed, base64, by what they are
	malformed map[string]string
	canary    string // can be a label too

	// text is a canary as text, and canaries are the keys in it, by the form in which the detector must find them.
	text     string
	canaries map[string]string

	listed map[string][]byte // what lists have streamed, by what it is

	mu   sync.Mutex
	said map[*acctest.Workspace]*bytes.Buffer
	argv map[string]bool
}

// newLeaks starts to watch the command lines of all processes.
func newLeaks(t *testing.T) *leaks {
	l := &leaks{
		keys: map[string]string{}, malformed: map[string]string{}, canary: labelKey(t), argv: map[string]bool{},
		listed: map[string][]byte{}, said: map[*acctest.Workspace]*bytes.Buffer{},
	}
	l.text, l.canaries = acctest.Canary(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			l.look()
			time.Sleep(10 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return l
}

func (l *leaks) look() {
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, process := range processes {
		if line, err := os.ReadFile(process); err == nil && len(line) > 0 { // it is empty for a process that has ended
			l.mu.Lock()
			l.argv[string(line)] = true
			l.mu.Unlock()
		}
	}
}

// workspace lets Terraform log everything in a workspace.
func (l *leaks) workspace(w *acctest.Workspace) *acctest.Workspace {
	w.Setenv("TF_LOG", "TRACE")
	w.Setenv("TF_LOG_PATH", filepath.Join(w.Dir, "trace.log"))
	l.said[w] = &bytes.Buffer{}
	return w
}

// try runs terraform and keeps what it printed.
func (l *leaks) try(t *testing.T, w *acctest.Workspace, args ...string) (string, error) {
	t.Helper()
	out, err := w.Try(t, args...)
	l.said[w].WriteString(out)
	return out, err
}

// run is try for a command that must succeed.
func (l *leaks) run(t *testing.T, w *acctest.Workspace, args ...string) string {
	t.Helper()
	out, err := l.try(t, w, args...)
	if err != nil {
		t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// searched is everything that is searched for keys, by where it was found.
func (l *leaks) searched(t *testing.T, w *acctest.Workspace) map[string][]byte {
	t.Helper()
	all := w.Files(t)
	all["what terraform printed"] = l.said[w].Bytes()
	all["what the provider logged"] = acctest.ProviderLog(all["trace.log"])
	maps.Copy(all, l.listed)
	l.mu.Lock()
	defer l.mu.Unlock()
	var argv bytes.Buffer
	for line := range l.argv {
		argv.WriteString(line + "\n")
	}
	all["command lines"] = argv.Bytes()
	return all
}

// expectNone fails the test for each key that is found anywhere.
func (l *leaks) expectNone(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	for where, content := range l.searched(t, w) {
		for name, key := range l.keys {
			if form := acctest.FindKey(content, key); form != "" {
				t.Errorf("%s is there %s in %s", name, form, where)
			}
		}
		for name, text := range l.malformed {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("%s is in %s", name, where)
			}
		}
	}
}

// canaryConfiguration puts the canary everywhere: as a value that is planned, stored in the state and printed, and in an error of the
// provider, which is logged.
const canaryConfiguration = `
variable "canary" { type = string }
variable "canary_refused" {
  type    = bool
  default = false
}
resource "ceph_user" "canary" {
  for_each = toset(var.canary_refused ? split(" ", var.canary) : [])
  cluster  = each.key
  name     = "canary"
  caps     = { mon = "profile rbd" }
}
output "canary" { value = var.canary }
`

// addCanary adds the canary to the configuration of a workspace.
func (l *leaks) addCanary(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, "canary.tf"), []byte(canaryConfiguration), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Set(t, "canary", l.text)
}

// expectCanaries gives the canary to the provider on the command line, which refuses it, and fails the test when the detector misses
// it, in base64 or decoded, in one of these places, in the output or in the logs.
func (l *leaks) expectCanaries(t *testing.T, w *acctest.Workspace, places ...string) {
	t.Helper()
	if out, err := l.try(t, w, "plan", "-input=false", "-var=canary="+l.text, "-var=canary_refused=true"); err == nil {
		t.Errorf("the canary was planned:\n%s", out)
	}
	searched := l.searched(t, w)
	for _, place := range append(places, "what terraform printed", "trace.log", "what the provider logged", "command lines") {
		acctest.ExpectCanary(t, place, searched[place], l.canaries)
	}
}

// expectCanary fails the test when the detector misses the canary in one of these places, since it would then miss a key too.
func (l *leaks) expectCanary(t *testing.T, w *acctest.Workspace, places ...string) {
	t.Helper()
	searched := l.searched(t, w)
	for _, place := range places {
		if acctest.FindKey(searched[place], l.canary) == "" {
			names := make([]string, 0, len(searched))
			for name := range searched {
				names = append(names, name)
			}
			slices.Sort(names)
			t.Errorf("the canary was not found in %s; there is %s", place, strings.Join(names, ", "))
		}
	}
}
