//go:build cgo

package upgrade_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	cluster    = "east"
	hypervisor = "kvm1"
)

// Erasure-coded pools that take overwrites need three OSDs on BlueStore. An autoscaler would change numbers at its own time.
func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters: []testbed.ClusterOptions{{
			Name: cluster, OSDs: 3, Store: testbed.BlueStore, Config: map[string]string{"osd_pool_default_pg_autoscale_mode": "off"},
		}},
		Hypervisors: []string{hypervisor},
	})
}

// TestAccUpgrade gives this provider what each earlier one has left: its objects, made by hand, and its state. A plan changes
// nothing; what somebody else changes is noticed and put right; what the state lost is taken over, as what a killed create left;
// and destroy leaves nothing.
func TestAccUpgrade(t *testing.T) {
	acctest.Bed(t)
	if *keepState != "" {
		t.Skip("a state is written first")
	}
	folders, err := filepath.Glob(filepath.Join(states, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no states in %s: %v", states, err)
	}
	for _, folder := range folders {
		// What one leaves when it fails would be in the way of the next.
		if !t.Run(filepath.Base(folder), func(t *testing.T) { upgrade(t, folder) }) {
			return
		}
	}
}

func upgrade(t *testing.T, folder string) {
	t.Helper()
	nothing := made(t)
	run(t, folder, "before.txt")
	run(t, folder, "by-hand.txt")
	expectMade(t, keptFiles(t, folder), "by hand, other than the earlier provider has left it")

	w := acctest.NewWorkspace(t, filepath.Join("internal", "upgrade", folder))
	setVariables(t, w)
	state := written(t, readFile(t, folder, "state.json"), objectTokens(t))
	if err := os.WriteFile(filepath.Join(w.Dir, "terraform.tfstate"), state, 0o600); err != nil {
		t.Fatal(err)
	}
	expectNothingToDo(t, w)
	w.Apply(t, "-refresh-only")
	expectNothingToDo(t, w)

	drift := run(t, folder, "drift.txt")
	w.Terraform(t, append([]string{"state", "rm"}, drift.forgotten...)...)
	want := slices.Sorted(slices.Values(append(drift.expected, drift.forgotten...)))
	if got := planned(t, w); !slices.Equal(got, want) {
		t.Fatalf("after drift.txt the plan changes %v, want %v", got, want)
	}
	w.Terraform(t, "apply", "-input=false", planFile)
	expectMade(t, keptFiles(t, folder), "after an apply")

	run(t, folder, "end.txt")
	w.Destroy(t)
	run(t, folder, "after.txt")
	expectMade(t, nothing, "after destroy")
}

// expectNothingToDo fails the test when a plan changes anything, or has something to say.
func expectNothingToDo(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	out, err := w.Try(t, "plan", "-input=false", "-detailed-exitcode")
	if err != nil || !strings.Contains(out, "No changes.") || strings.Contains(out, "Warning:") {
		t.Fatalf("the plan is not empty, or warns: %v\n%s", err, out)
	}
}

// planFile is where planned leaves its plan.
const planFile = "changes"

// plannedChange is how a plan starts what it says of one resource.
var plannedChange = regexp.MustCompile(`(?m)^  # (\S+) (?:will|must) be `)

// planned are the addresses that a plan would do anything to, in order. It has nothing to warn of: an image that it took for another
// one, since it doesn't remember the former name, would be such a thing.
func planned(t *testing.T, w *acctest.Workspace) []string {
	t.Helper()
	out := w.Terraform(t, "plan", "-input=false", "-out="+planFile)
	if strings.Contains(out, "Warning:") {
		t.Fatalf("the plan warns:\n%s", out)
	}
	var addresses []string
	for _, match := range plannedChange.FindAllStringSubmatch(out, -1) {
		addresses = append(addresses, match[1])
	}
	return slices.Sorted(slices.Values(addresses))
}

// keptFiles are the files of the folder made.
func keptFiles(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(filepath.Join(folder, "made"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		files[entry.Name()] = string(readFile(t, folder, "made", entry.Name()))
	}
	return files
}

// expectMade fails the test when ceph, rbd and virsh show anything else than these files.
func expectMade(t *testing.T, want map[string]string, when string) {
	t.Helper()
	got := made(t)
	names := maps.Clone(want)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if got[name] != want[name] {
			t.Errorf("%s %s:\n%s\nwant:\n%s", name, when, got[name], want[name])
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

func setVariables(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	c := acctest.Bed(t).Cluster(cluster)
	w.Set(t, "mon_host", c.MonHost)
	w.Set(t, "admin_key", c.AdminKey)
	w.Set(t, "hypervisor_uri", acctest.Bed(t).Hypervisor(hypervisor).URI)
	w.Set(t, "monitor", map[string]any{"host": c.Monitors[0].Host, "port": c.Monitors[0].V1Port})
}
