//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// owners counts the objects of the state that have the disk at a target of a domain, also deposed ones.
func owners(t *testing.T, w *acctest.Workspace, domain, target string) int {
	t.Helper()
	var state struct {
		Resources []struct {
			Type      string
			Instances []struct {
				Attributes struct {
					Domain string
					Target string `json:"target_dev"`
				}
			}
		}
	}
	if err := json.Unmarshal(w.State(t), &state); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range state.Resources {
		for _, i := range r.Instances {
			if r.Type == diskType && i.Attributes.Domain == domain && i.Attributes.Target == target {
				n++
			}
		}
	}
	return n
}

const createBeforeDestroy = "lifecycle {\n  create_before_destroy = true\n}"

// With create_before_destroy a replacement at the same target takes over the disk that is there, and the guest keeps it.
func TestAccLibvirtRBDDisk_createBeforeDestroy(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "before"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.RBD(t, "east", "snap", "create", pool+"/"+name+"@first")
	acctest.RBD(t, "east", "snap", "create", pool+"/"+name+"@second")
	provider := source + acctest.Provider(t)
	config := func(assignments ...string) string {
		return provider + block(name, name, append(assignments, createBeforeDestroy)...)
	}
	first := []string{`snapshot = "first"`, "read_only = true"}
	w := acctest.NewWorkspaceOf(t, config(first...))
	w.Apply(t)
	kept := func(when, snapshot string) {
		t.Helper()
		for _, saved := range []bool{true, false} {
			disk := diskOf(t, "kvm1", name, "vdb", saved)
			if disk == nil || disk.Source.Network.Snapshot == nil || disk.Source.Network.Snapshot.Name != snapshot {
				t.Fatalf("%s: saved=%v: the disk is not the snapshot %s: %+v", when, saved, snapshot, disk)
			}
		}
		if n := owners(t, w, name, "vdb"); n != 1 {
			t.Errorf("%s: %d objects of the state have the disk", when, n)
		}
	}
	for _, way := range []struct {
		what  string
		apply func()
	}{
		{"-replace", func() { w.Apply(t, "-replace="+address) }},
		{"a saved plan", func() {
			w.Terraform(t, "plan", "-input=false", "-replace="+address, "-out=saved")
			w.Terraform(t, "apply", "-input=false", "saved")
		}},
		{"a tainted object", func() {
			w.Terraform(t, "taint", address)
			w.Apply(t)
		}},
		{"without a refresh", func() { w.Apply(t, "-refresh=false", "-replace="+address) }},
		{"another address", func() {
			w.Write(t, strings.Replace(config(first...), `"test"`, `"other"`, 1))
			w.Apply(t)
		}},
		{"another address, moved", func() {
			w.Write(t, config(first...)+"moved {\n  from = "+diskType+".other\n  to   = "+address+"\n}\n")
			w.Apply(t)
		}},
	} {
		way.apply()
		kept(way.what, "first")
		w.ExpectEmptyPlan(t)
	}
	// Another snapshot is another disk. Its target is not free until the present disk is gone.
	w.Write(t, config(`snapshot = "second"`, "read_only = true"))
	result, err := try(t, w, "apply", "-auto-approve")
	text := strings.Join(result.texts("test", "error"), "\n")
	if err == nil || !acctest.Message("already has a disk vdb").MatchString(text) || !strings.Contains(text, "create_before_destroy") {
		t.Errorf("not refused with the advice: %s", text)
	}
	kept("another snapshot", "first")
	// Without create_before_destroy the same replacement works.
	w.Write(t, strings.Replace(config(`snapshot = "second"`, "read_only = true"), createBeforeDestroy, "", 1))
	w.Apply(t)
	kept("destroyed first", "second")
	w.Destroy(t)
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}

// A disk belongs to one resource. Another resource with the same target is refused in the plan, and its removal doesn't detach the disk.
func TestAccLibvirtRBDDisk_oneOwner(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "owner"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	image(t, "east", name+"-2", "16M")
	bed := acctest.Bed(t)
	east := bed.Cluster("east")
	provider := fmt.Sprintf(source+"provider \"ceph\" {\n  clusters    = { east = { mon_host = %q, key = %q } }\n  hypervisors = { kvm1"+
		" = { uri = %q }, host1 = { uri = %q } }\n}\n",
		east.MonHost, east.AdminKey, bed.Hypervisor("kvm1").URI, bed.Hypervisor("kvm1").URI)
	disk := provider + block(name, name)
	second := func(domain, imageName string, assignments ...string) string {
		return strings.Replace(block(domain, imageName, assignments...), `"test"`, `"second"`, 1)
	}
	w := acctest.NewWorkspaceOf(t, disk)
	w.Apply(t)
	before := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	for _, row := range []struct{ what, config, words string }{
		{"the same", second(name, name), "already has a disk vdb"},
		{"another image", second(name, name+"-2"), "already has a disk vdb"},
		{"the domain by its UUID", second(g.UUID, name), "already has a disk vdb"},
		{"another label of the host", second(name, name, `hypervisor = "host1"`), "already has a disk vdb"},
		{"two new ones", strings.Replace(second(name, name+"-2", `target_dev = "vdc"`), `"second"`, `"third"`, 1) +
			second(name, name+"-2", `target_dev = "vdc"`), "already has a disk vdc"},
		{
			"imported", "import {\n  provider = ceph\n  to = " + diskType + ".second\n  id = \"kvm1/" + name + "/vdb\"\n}\n" + second(name, name),
			"belongs to another resource",
		},
	} {
		w.Write(t, disk+row.config)
		result, err := try(t, w, "plan")
		text := strings.Join(slices.Concat(result.texts("second", "error"), result.texts("third", "error"), result.texts("test", "error")), "\n")
		if err == nil || !acctest.Message(row.words).MatchString(text) {
			t.Errorf("%s: not refused in the plan with %q: %v %s", row.what, row.words, err, text)
		}
		if result, err = try(t, w, "apply", "-auto-approve"); err == nil {
			t.Errorf("%s: applied: %+v", row.what, result)
		}
		if n := owners(t, w, name, "vdb"); n != 1 {
			t.Errorf("%s: %d objects of the state have the disk", row.what, n)
		}
	}
	// terraform import can make two owners. The plan warns of that, and refuses to destroy either of them.
	w.Write(t, disk+second(name, name))
	w.Terraform(t, "import", "-input=false", diskType+".second", "kvm1/"+name+"/vdb")
	result, err := try(t, w, "plan")
	warned := strings.Join(append(result.texts("second", "warning"), result.texts("test", "warning")...), "\n")
	if err != nil || !acctest.Message("belongs to two resources").MatchString(warned) {
		t.Errorf("two owners are not told: %v %s", err, warned)
	}
	w.Write(t, disk)
	if result, err := try(t, w, "apply", "-auto-approve"); err == nil {
		t.Errorf("the other's disk was to go: %+v", result)
	}
	if after := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive"); after != before {
		t.Errorf("the domain was changed:\n%s", after)
	}
	w.Terraform(t, "state", "rm", diskType+".second")
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
	if diskOf(t, "kvm1", name, "vdb", true) != nil {
		t.Error("the disk is still there")
	}
}
