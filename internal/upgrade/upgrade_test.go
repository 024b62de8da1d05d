//go:build cgo

package upgrade_test

import (
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

// Erasure-coded pools with overwrites need three OSDs on BlueStore. An autoscaler would change pg_num during the test.
func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters: []testbed.ClusterOptions{{
			Name: cluster, OSDs: 3, Store: testbed.BlueStore, Config: map[string]string{"osd_pool_default_pg_autoscale_mode": "off"},
		}},
		Hypervisors: []string{hypervisor},
	})
}

// TestAccUpgrade gives this provider what each earlier one has made (its objects, made by hand here) and its state. A plan changes
// nothing. Drift is found and repaired. An object that is lost from the state, as after a killed create, is taken over. Destroy leaves
// nothing.
func TestAccUpgrade(t *testing.T) {
	acctest.Bed(t)
	if *keepState != "" {
		t.Skip("this run writes test data")
	}
	folders, err := filepath.Glob(filepath.Join(states, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no states in %s: %v", states, err)
	}
	for _, folder := range folders {
		// Objects that are left over from a failed test would make the next one fail too.
		if !t.Run(filepath.Base(folder), func(t *testing.T) { upgrade(t, folder) }) {
			return
		}
	}
}

func upgrade(t *testing.T, folder string) {
	t.Helper()
	nothing := made(t)
	runScript(t, folder, "before.txt")
	runScript(t, folder, "by-hand.txt")
	expectMade(t, madeBefore(t, folder), "made by hand differs from what the earlier provider has made")

	w := acctest.NewWorkspace(t, filepath.Join("internal", "upgrade", folder))
	setVariables(t, w)
	state := fromTestData(t, readFile(t, folder, "state.json"), objectTokens(t))
	if err := os.WriteFile(filepath.Join(w.Dir, "terraform.tfstate"), state, 0o600); err != nil {
		t.Fatal(err)
	}
	expectNothingToDo(t, w)
	w.Apply(t, "-refresh-only")
	expectNothingToDo(t, w)

	drift := runScript(t, folder, "drift.txt")
	w.Terraform(t, append([]string{"state", "rm"}, drift.forgotten...)...)
	want := slices.Sorted(slices.Values(append(drift.expected, drift.forgotten...)))
	if got := planned(t, w); !slices.Equal(got, want) {
		t.Fatalf("after drift.txt the plan changes %v, want %v", got, want)
	}
	w.Terraform(t, "apply", "-input=false", planFile)
	expectMade(t, madeBefore(t, folder), "after an apply")

	runScript(t, folder, "end.txt")
	w.Destroy(t)
	runScript(t, folder, "after.txt")
	expectMade(t, nothing, "after destroy")
}

// expectNothingToDo fails the test when a plan changes anything or warns.
func expectNothingToDo(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	out, err := w.Try(t, "plan", "-input=false", "-detailed-exitcode")
	if err != nil || !strings.Contains(out, "No changes.") || strings.Contains(out, "Warning:") {
		t.Fatalf("the plan is not empty, or warns: %v\n%s", err, out)
	}
}

// planFile is the file to which planned writes the plan.
const planFile = "changes"

// plannedChange matches the first line of a resource in the text of a plan.
var plannedChange = regexp.MustCompile(`(?m)^  # (\S+) (?:will|must) be `)

// planned returns the addresses that a plan changes, in order. A warning fails the test: the provider would warn if it took an image
// for another one because it had lost the former name.
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

func setVariables(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	c := acctest.Bed(t).Cluster(cluster)
	w.Set(t, "mon_host", c.MonHost)
	w.Set(t, "admin_key", c.AdminKey)
	w.Set(t, "hypervisor_uri", acctest.Bed(t).Hypervisor(hypervisor).URI)
	w.Set(t, "monitor", map[string]any{"host": c.Monitors[0].Host, "port": c.Monitors[0].V1Port})
}
