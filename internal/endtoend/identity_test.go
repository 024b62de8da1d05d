//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

var (
	both    = entries{map[string]string{"east": "east", "west": "west"}, map[string]string{"kvm1": "kvm1", "kvm2": "kvm2"}}
	renamed = entries{map[string]string{"orient": "east", "occident": "west"}, map[string]string{"host1": "kvm1", "host2": "kvm2"}}
	swapped = entries{map[string]string{"east": "west", "west": "east"}, map[string]string{"kvm1": "kvm2", "kvm2": "kvm1"}}
)

func TestAccLabelRenamed(t *testing.T) {
	w := acctest.NewWorkspaceOf(t, both.block(t)+resourcesFor("a", "east", "kvm1")+resourcesFor("b", "west", "kvm2"))
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	expectAudited(t, "identity", "east", "west")

	expectNoWrites(t, func() {
		w.Write(t, renamed.block(t)+resourcesFor("a", "orient", "host1")+resourcesFor("b", "occident", "host2"))
		if out := w.Apply(t); !strings.Contains(out, "0 added, 8 changed, 0 destroyed") {
			t.Errorf("not an update in place of all resources with a label:\n%s", out)
		}
		w.ExpectEmptyPlan(t)
	})
	if state := string(w.State(t)); !strings.Contains(state, `"id": "orient/identity"`) || strings.Contains(state, `"east`) {
		t.Error("the state does not show the new labels")
	}
	// The resources still have the former labels, which are gone from the block: the entries are found by their identity.
	expectNoWrites(t, func() {
		w.Write(t, both.block(t)+resourcesFor("a", "orient", "host1")+resourcesFor("b", "occident", "host2"))
		w.ExpectEmptyPlan(t)
		w.Apply(t, "-refresh-only")
	})
	// Destroy finds the entries by their identity too.
	w.Destroy(t)
	for _, cluster := range []string{"east", "west"} {
		if pools := acctest.Ceph(t, cluster, "osd", "pool", "ls"); strings.Contains(pools, "identity") {
			t.Errorf("cluster %s still has %s", cluster, pools)
		}
	}
}

// A label that was left out while there was one cluster can stay out when there are more.
func TestAccLabelLeftOut(t *testing.T) {
	one := entries{map[string]string{"west": "west"}, map[string]string{"kvm2": "kvm2"}}
	w := acctest.NewWorkspaceOf(t, one.block(t)+resourcesFor("a", "", ""))
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	expectNoWrites(t, func() {
		w.Write(t, both.block(t)+resourcesFor("a", "", ""))
		w.ExpectEmptyPlan(t)
		w.Write(t, renamed.block(t)+resourcesFor("a", "", ""))
		w.ExpectEmptyPlan(t)
	})
	w.Write(t, both.block(t)+resourcesFor("a", "", "")+resourcesFor("b", "", ""))
	expectRefused(t, w, []string{`the provider block has several: "east", "west"`}, "plan")
	w.Write(t, both.block(t)+resourcesFor("a", "", ""))
	w.Destroy(t)
}

func TestAccLabelLeadsElsewhere(t *testing.T) {
	bed := acctest.Bed(t)
	east, west := bed.Cluster("east"), bed.Cluster("west")
	kvm1, kvm2 := bed.Hypervisor("kvm1"), bed.Hypervisor("kvm2")
	w := acctest.NewWorkspaceOf(t, both.block(t)+resourcesFor("a", "east", "kvm1"))
	w.Apply(t)
	w.ExpectEmptyPlan(t)

	cluster := fmt.Sprintf("The label \"east\" now leads to another cluster: its fsid is %s, and the object is remembered on %s."+
		" Nothing was read or written there.", west.FSID, east.FSID)
	host := fmt.Sprintf("The label \"kvm1\" now leads to another hypervisor: its host_uuid is %s, and the object is remembered on %s.",
		kvm2.UUID, kvm1.UUID)
	const unrefreshed = "-refresh=false"
	for name, tc := range map[string]struct {
		entries  entries
		says     string
		commands [][]string
	}{
		"cluster": {
			entries{map[string]string{"east": "west"}, map[string]string{"kvm1": "kvm1"}},
			cluster,
			[][]string{{"plan"}, {"apply", "-auto-approve"}, {"apply", "-auto-approve", unrefreshed}, {"destroy", "-auto-approve"}},
		},
		"clusters exchanged": {
			entries{swapped.clusters, both.hypervisors},
			cluster,
			[][]string{{"plan"}, {"apply", "-auto-approve"}, {"apply", "-auto-approve", unrefreshed}, {"destroy", "-auto-approve"}},
		},
		"hosts exchanged": {
			entries{both.clusters, swapped.hypervisors},
			host,
			[][]string{
				{"plan", "-target=libvirt_ceph_secret.a"},
				{"apply", "-auto-approve", "-target=libvirt_ceph_secret.a"},
				{"destroy", "-auto-approve"},
			},
		},
		// Without a refresh, destroy begins with the secret, since it depends on the others.
		"all exchanged": {swapped, host, [][]string{{"destroy", "-auto-approve", unrefreshed, "-target=libvirt_ceph_secret.a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			expectNoWrites(t, func() {
				// The new size gives an apply something to write.
				w.Write(t, tc.entries.block(t)+strings.ReplaceAll(resourcesFor("a", "east", "kvm1"), "8MiB", "16MiB"))
				for _, command := range tc.commands {
					expectRefused(t, w, []string{tc.says}, command...)
				}
			})
		})
	}
	w.Write(t, both.block(t)+resourcesFor("a", "east", "kvm1"))
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}

// A host that was installed again has another host_uuid and no secrets. The provider takes it for the same host, and warns.
func TestAccHostReinstalled(t *testing.T) {
	bed := acctest.Bed(t)
	kvm2 := bed.Hypervisor("kvm2")
	w := acctest.NewWorkspaceOf(t, both.block(t)+resourcesFor("a", "east", "kvm2"))
	w.Apply(t)
	const installed = "11111111-2222-4333-8444-555555555555"
	reinstall(t, kvm2, installed)
	t.Cleanup(func() { reinstall(t, kvm2, kvm2.UUID) })
	out := w.Apply(t)
	if !acctest.Message("Hypervisor was reinstalled").MatchString(out) ||
		!acctest.Message(installed+" instead of "+kvm2.UUID).MatchString(out) {
		t.Errorf("no warning:\n%s", out)
	}
	if !strings.Contains(out, "1 added, 0 changed, 0 destroyed") || !strings.Contains(acctest.Virsh(t, "kvm2", "secret-list"),
		"client.identity@") {
		t.Errorf("the secret is not back:\n%s", out)
	}
	w.ExpectEmptyPlan(t)
	if out := w.Terraform(t, "plan", "-input=false"); strings.Contains(out, "reinstalled") {
		t.Errorf("the warning comes again:\n%s", out)
	}
	w.Destroy(t)
}

// reinstall gives a hypervisor another host_uuid and removes its secrets.
func reinstall(t *testing.T, h *testbed.Hypervisor, hostUUID string) {
	t.Helper()
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(acctest.Bed(t).Dir, h.Name, "config", "libvirt")
	file := filepath.Join(folder, "libvirtd.conf")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content = regexp.MustCompile(`host_uuid = "[^"]*"`).ReplaceAll(content, []byte(fmt.Sprintf("host_uuid = %q", hostUUID)))
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(folder, "secrets")); err != nil {
		t.Fatal(err)
	}
	if err := h.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
}
