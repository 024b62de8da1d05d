//go:build cgo

package faults_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	// shortLimit is connect_timeout and operation_timeout of each entry while the fault is there, longLimit before and after.
	shortLimit, longLimit = "3s", "60s"
	// hangs is how long no operation takes: far more than the limits of all that one asks, one after the other.
	hangs = 90 * time.Second
)

// run is one fault that meets one operation.
type run struct {
	*testing.T
	*estate
	fault fault
	row   row

	// cluster and host are the entries of the provider block without limits: what the fault may change before the operation.
	cluster, host string
	// gate is a folder in which the configuration's gate says that it is reached, and waits for leave; empty where there is no gate.
	gate string
	// timeouts is the assignment of the image's and the disk's own time limits, if they have any.
	timeouts string

	east, west *testbed.Cluster
	kvm1, kvm2 *testbed.Hypervisor

	command *exec.Cmd   // Terraform, in the operation
	inMidst func() bool // whether the operation has come to the row's call; nil where it has none

	undo   []func() error
	said   []diagnostic
	result result
}

type diagnostic struct{ Severity, Summary, Detail string }

// estate is a configuration with one resource of each type, which one row after the other uses.
type estate struct {
	name  string // of every object
	guest *testbed.Guest
	w     *acctest.Workspace
	there bool // the resources are there, as the configuration has them
	size  int  // of the image in MiB: it only grows
	other bool // the resources have the second of their two values, and a change gives them the first
}

// shared is made by the first row.
var shared *estate

// newRun prepares a run; what several use ends with the suite.
func newRun(suite, t *testing.T, f fault, row row) *run {
	t.Helper()
	bed := acctest.Bed(t)
	r := &run{
		T: t, fault: f, row: row, result: result{Fault: f.name, Operation: row.label()},
		east: bed.Cluster("east"), west: bed.Cluster("west"), kvm1: bed.Hypervisor("kvm1"), kvm2: bed.Hypervisor("kvm2"),
	}
	r.cluster = fmt.Sprintf("mon_host = %q, key = %q", r.east.MonHost, r.east.AdminKey)
	r.host = fmt.Sprintf("uri = %q", r.kvm1.URI)
	if row.timeout != "" {
		r.timeouts = fmt.Sprintf("timeouts = { create = %[1]q, update = %[1]q, delete = %[1]q }", row.timeout)
	}
	if shared == nil {
		const name = "shut-off"
		guest, err := r.kvm1.DefineGuest(t.Context(), testbed.GuestOptions{Name: name})
		r.must(err)
		r.estate = &estate{name: name, guest: guest, size: 8}
		r.w = acctest.NewWorkspaceOf(suite, r.configuration(longLimit, false))
		// A daemon's first look at its emulators takes longer than the short limit.
		_, err = r.kvm1.Virsh(t.Context(), "capabilities")
		r.must(err)
		shared = r.estate
	}
	r.estate = shared
	t.Cleanup(r.end)
	return r
}

// must ends the test with an error.
func (r *run) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// ends registers what ends the fault. What is registered last is called first.
func (r *run) ends(undo func() error) { r.undo = append(r.undo, undo) }

// end ends the fault.
func (r *run) end() {
	r.Helper()
	for len(r.undo) > 0 {
		last := len(r.undo) - 1
		undo := r.undo[last]
		r.undo = r.undo[:last]
		if err := undo(); err != nil {
			r.Errorf("the fault does not end: %v", err)
		}
	}
}

// meet runs the operation while the fault is there, then ends the fault, and lets the next apply go on.
func (r *run) meet() {
	r.Helper()
	r.prepare()
	cluster, host := r.cluster, r.host
	begins := func() bool { return true }
	if r.row.midst != (call{}) {
		log, end := r.w.Trace(r.T)
		r.ends(func() error { end(); return nil })
		r.inMidst = func() bool { return log.HasCall(r.row.midst.method, r.row.midst.resource) }
	}
	switch {
	case r.row.gate:
		begins = r.reached()
	case r.row.late():
		begins = r.inMidst
	default:
		r.fault.begin(r)
	}
	r.w.Write(r.T, r.configuration(cmp.Or(r.row.limit, shortLimit), r.row.operation.changed))
	if r.row.instead != nil {
		r.row.instead(r)
	} else {
		r.operate(begins)
	}
	r.expectWords()
	if r.row.while != nil {
		r.row.while(r)
	}
	r.end()
	r.cluster, r.host, r.gate, r.timeouts = cluster, host, "", ""
	r.w.Write(r.T, r.configuration(longLimit, r.row.operation.changed))
	r.result.Left = r.left()
	if got, want := strings.Join(r.result.Left, ", "), strings.Join(r.row.leaves, ", "); got != want && want != "any" &&
		(r.row.operation.name == creates.name || r.row.operation.name == attaches.name) {
		r.Errorf("left behind: %q, not %q", got, want)
	}
	r.goOn()
	r.result.Converged = !r.Failed()
}

// prepare applies or destroys the resources, as the operation needs it.
func (r *run) prepare() {
	r.Helper()
	r.w.Write(r.T, r.configuration(longLimit, false))
	if exists := r.row.operation.exists; exists && (!r.there || r.timeouts != "") {
		r.w.Apply(r.T)
	} else if !exists && len(r.objects()) > 0 {
		r.w.Destroy(r.T)
	}
	if r.row.operation.name == attaches.name {
		r.w.Terraform(r.T, "destroy", "-auto-approve", "-input=false", "-refresh=false", "-target=libvirt_rbd_disk.d")
	}
	r.there = false
}

// reached returns a function that tells whether the next run of terraform has come to the gate.
func (r *run) reached() func() bool {
	r.gate = r.TempDir()
	return func() bool {
		_, err := os.Stat(filepath.Join(r.gate, "reached"))
		return err == nil
	}
}

// operate runs terraform, begins the fault once begins returns true where it isn't there yet, and keeps how the operation ended.
func (r *run) operate(begins func() bool) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), hangs)
	defer cancel()
	var out strings.Builder
	args := slices.Clone(r.row.operation.args)
	r.command = r.w.Command(ctx, &out, append([]string{args[0], "-input=false", "-json"}, args[1:]...)...)
	start := time.Now()
	r.must(r.command.Start())
	ended := make(chan error, 1)
	go func() { ended <- r.command.Wait() }()
	var err error
	for waiting := r.row.late(); waiting; {
		select {
		case err = <-ended:
			r.Fatalf("the operation did not come to the call: %v\n%s", err, out.String())
		case <-time.After(20 * time.Millisecond):
			if waiting = !begins(); !waiting {
				r.fault.begin(r)
				start = time.Now()
				if r.row.gate {
					r.must(os.WriteFile(filepath.Join(r.gate, "leave"), nil, 0o600))
				}
			}
		}
	}
	err = <-ended
	r.result.Seconds = time.Since(start).Seconds()
	r.result.Exit = r.command.ProcessState.ExitCode()
	if ctx.Err() != nil {
		r.Errorf("the operation did not end within %s", hangs)
	}
	if failed := err != nil; failed != (len(r.row.says)+len(r.row.saysOne) > 0) {
		r.Errorf("the operation ended with %v:\n%s", err, out.String())
	}
	r.hear(out.String())
}

// hear keeps the diagnostics that terraform has written as JSON.
func (r *run) hear(out string) {
	for line := range strings.Lines(out) {
		var entry struct{ Diagnostic *diagnostic }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Diagnostic != nil {
			r.said = append(r.said, *entry.Diagnostic)
		}
	}
	r.result.Said = r.firstSaid()
}

// texts returns all diagnostics of a severity.
func (r *run) texts(severity string) string {
	var texts strings.Builder
	for _, d := range r.said {
		if d.Severity == severity {
			fmt.Fprintf(&texts, "%s\n%s\n", d.Summary, d.Detail)
		}
	}
	return texts.String()
}

func (r *run) expectWords() {
	r.Helper()
	for severity, words := range map[string][]string{"error": r.row.says, "warning": r.row.warns} {
		said := r.texts(severity)
		for _, phrase := range words {
			if !acctest.Message(phrase).MatchString(said) {
				r.Errorf("no %s says %q, only:\n%s", severity, phrase, said)
			}
		}
	}
	said := r.texts("error")
	says := func(phrase string) bool { return acctest.Message(phrase).MatchString(said) }
	if len(r.row.saysOne) > 0 && !slices.ContainsFunc(r.row.saysOne, says) {
		r.Errorf("no error says one of %q, only:\n%s", r.row.saysOne, said)
	}
}

// temporary matches the name of a folder that is another one in each run.
var temporary = regexp.MustCompile(`\b(gate|pki)-\d+`)

// firstSaid returns the summary of the first error, or else warning, and the first two paragraphs of its detail: what, and why.
func (r *run) firstSaid() string {
	for _, severity := range []string{"error", "warning"} {
		for _, d := range r.said {
			if d.Severity == severity {
				paragraphs := strings.SplitN(d.Detail, "\n\n", 3)
				why := strings.Join(paragraphs[:min(2, len(paragraphs))], " ")
				text := strings.Join(strings.Fields(d.Summary+": "+why), " ")
				return temporary.ReplaceAllString(strings.ReplaceAll(text, acctest.Bed(r.T).Dir, "/tmp/bed"), "$1")
			}
		}
	}
	return ""
}

// The kinds of objects that the configuration makes, in the order of its resources.
var kinds = []string{"ceph_pool", "ceph_user", "ceph_rbd_image", "libvirt_ceph_secret", "libvirt_rbd_disk"}

// objects are the kinds of objects that are there, as ceph, rbd and virsh see them.
func (r *run) objects() []string {
	r.Helper()
	ctx := r.Context()
	has := func(output []byte, err error) bool {
		r.must(err)
		return slices.Contains(strings.Fields(string(output)), r.name)
	}
	virsh := func(args ...string) ([]byte, error) {
		text, err := r.kvm1.Virsh(ctx, args...)
		return []byte(text), err
	}
	there := map[string]bool{}
	there["ceph_pool"] = has(r.east.Ceph(ctx, "osd", "pool", "ls"))
	users, err := r.east.Ceph(ctx, "auth", "ls")
	there["ceph_user"] = has([]byte(strings.ReplaceAll(string(users), "client.", "")), err)
	if there["ceph_pool"] {
		there["ceph_rbd_image"] = has(r.east.RBD(ctx, "ls", r.name))
	}
	there["libvirt_ceph_secret"] = has(virsh("secret-list"))
	disks, err := virsh("domblklist", r.guest.Name, "--inactive")
	r.must(err)
	there["libvirt_rbd_disk"] = strings.Contains(string(disks), r.name+"/"+r.name)
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !there[kind] })
}

// left are the kinds of objects that are there, and not in the state.
func (r *run) left() []string {
	r.Helper()
	recorded := r.stateKinds(r.w)
	return slices.DeleteFunc(r.objects(), func(kind string) bool { return slices.Contains(recorded, kind) })
}

// stateKinds are the types of the resources in a state.
func (r *run) stateKinds(w *acctest.Workspace) []string {
	r.Helper()
	list, _ := w.Try(r.T, "state", "list") // fails where there is no state
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !strings.Contains(list, kind+".") })
}

// goOn lets the next apply, or destroy, come to its end: all objects are there as the configuration has them, or nothing is.
func (r *run) goOn() {
	r.Helper()
	if r.row.operation.name == destroys.name {
		r.w.Destroy(r.T)
		r.expectObjects(nil)
		return
	}
	if r.row.operation.name != refreshes.name {
		r.w.Apply(r.T)
	}
	r.w.ExpectEmptyPlan(r.T)
	r.expectObjects(kinds)
	r.there = true
	if r.row.operation.changed {
		r.size++
		r.other = !r.other
	}
}

// expectObjects looks at what is there, and for records of creates, which a refresh or a delete has to have removed.
func (r *run) expectObjects(want []string) {
	r.Helper()
	if there := r.objects(); !slices.Equal(there, want) {
		r.Errorf("there are %v after the next apply", there)
	}
	records, err := r.east.Ceph(r.Context(), "config-key", "dump", "terraform-provider-ceph/")
	r.must(err)
	if strings.Contains(string(records), r.name) {
		r.Errorf("records are left: %s", records)
	}
}
