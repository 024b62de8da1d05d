//go:build cgo

package endtoend_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// leaks looks for keys in all that Terraform and the provider leave behind: what they print, the files that they write
// (state, plans, logs), and the command lines of all processes.
type leaks struct {
	keys      map[string]string // well-formed, base64, by what they are
	malformed map[string]string
	canary    string // can be a label too

	// text is a canary as text, and canaries are the keys in it, by the form in which they are to be found.
	text     string
	canaries map[string]string

	mu   sync.Mutex
	said map[*acctest.Workspace]*bytes.Buffer
	argv map[string]bool
}

// newLeaks begins to watch the command lines of all processes.
func newLeaks(t *testing.T) *leaks {
	l := &leaks{
		keys: map[string]string{}, malformed: map[string]string{}, canary: labelKey(t), argv: map[string]bool{},
		said: map[*acctest.Workspace]*bytes.Buffer{},
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
		if line, err := os.ReadFile(process); err == nil && len(line) > 0 { // else it has ended meanwhile
			l.mu.Lock()
			l.argv[string(line)] = true
			l.mu.Unlock()
		}
	}
}

// workspace prepares a workspace for the hunt: everything is logged.
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

// run is try for a command that has to succeed.
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
	l.mu.Lock()
	defer l.mu.Unlock()
	var argv bytes.Buffer
	for line := range l.argv {
		argv.WriteString(line + "\n")
	}
	all["command lines"] = argv.Bytes()
	return all
}

// expectNone fails the test for each key that was found anywhere.
func (l *leaks) expectNone(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	for where, content := range l.searched(t, w) {
		for name, key := range l.keys {
			if form := acctest.FindKey(content, key); form != "" {
				t.Errorf("%s stands %s in %s", name, form, where)
			}
		}
		for name, text := range l.malformed {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("%s stands in %s", name, where)
			}
		}
	}
}

// plantable is a piece of configuration that takes the canary everywhere: as a value that is planned, recorded and printed, and
// through an error of the provider, which it logs.
const plantable = `
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

// plant adds the canary to a workspace, whose next commands take it along.
func (l *leaks) plant(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, "canary.tf"), []byte(plantable), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Set(t, "canary", l.text)
}

// expectCanaries lets the provider refuse the canary, given on the command line, and fails the test when the detector misses it,
// in base64 or decoded, in one of these places or in what was printed and logged.
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

// expectCanary fails the test when the detector misses the canary in one of these places: then it would miss a key too.
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

// freshKey is a cephx key of type aes that nobody else has.
func freshKey(t *testing.T) string {
	t.Helper()
	raw := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	if _, err := rand.Read(raw[12:]); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// labelKey is a key whose text can be the label of a cluster too.
func labelKey(t *testing.T) string {
	t.Helper()
	for {
		if key := freshKey(t); !strings.Contains(key, "/") {
			return key
		}
	}
}

// giveKey changes the key of client.libvirt by hand.
func giveKey(t *testing.T, cluster, key string) {
	t.Helper()
	text := fmt.Sprintf("[client.libvirt]\n\tkey = %s\n\tcaps mon = \"profile rbd\"\n\tcaps osd = \"profile rbd pool=libvirt-pool\"\n\tcaps"+
		" mgr = \"profile rbd pool=libvirt-pool\"\n", key)
	if _, err := acctest.Bed(t).Cluster(cluster).CephIn(t.Context(), text, "auth", "import", "-i", "-"); err != nil {
		t.Fatal(err)
	}
}
