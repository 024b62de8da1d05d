//go:build cgo

package endtoend_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// TestAccLifecycle applies the files of the guides "Lifecycle" and "Rebuild a guest, keep its disks", and shows what they say of plans,
// refusals and what stays. The second guide's guest uses what the first one's has shared.
func TestAccLifecycle(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	definedGuestFor(ctx, t, "kvm1", "web1")
	bare := acctest.Virsh(t, "kvm1", "dumpxml", "--inactive", "web1")
	before := inventory(t)
	examples := onBed(t, acctest.NewWorkspace(t, "examples"))
	shared := examples.In(t, "lifecycle/one-state")
	testOneState(t, shared)
	shared.Write(t, mainOf(t, examples, "lifecycle/shared"))
	guest := examples.In(t, "lifecycle/guest")
	guest.Set(t, "generation", "2")
	testSplit(t, shared, guest)
	testHostAway(ctx, t, shared, guest)

	guest.Write(t, unprotected(t, examples, "lifecycle/guest"))
	if err := os.Remove(filepath.Join(guest.Dir, "import.tf")); err != nil {
		t.Fatal(err)
	}
	guest.Destroy(t)
	shared.ExpectEmptyPlan(t)
	if domain := acctest.Virsh(t, "kvm1", "dumpxml", "--inactive", "web1"); domain != bare {
		t.Errorf("the guest's state has not taken its disk away: %s", domain)
	}

	examples.Set(t, "user", "web-3")
	examples.Set(t, "disks", map[string]any{
		"data": map[string]string{"size": "8MiB", "target_dev": "vdb"}, "logs": map[string]string{"size": "16MiB", "target_dev": "vdc"},
	})
	rebuilt := examples.In(t, "rebuild-a-guest")
	testRebuild(ctx, t, rebuilt, bare)
	testProtectedData(t, rebuilt, unprotected(t, examples, "rebuild-a-guest"))
	acctest.Virsh(t, "kvm2", "undefine", "web1")
	acctest.VirshIn(t, "kvm1", bare, "define", "/dev/stdin")

	shared.Write(t, unprotected(t, examples, "lifecycle/shared"))
	shared.Destroy(t)
	expectInventory(t, before)
}

// onBed sets the variables that all these examples have.
func onBed(t *testing.T, w *acctest.Workspace) *acctest.Workspace {
	t.Helper()
	bed := acctest.Bed(t)
	w.Set(t, "mon_host", bed.Cluster("east").MonHost)
	w.Set(t, "admin_key", bed.Cluster("east").AdminKey)
	w.Set(t, "hypervisors", uris(bed.Hypervisors()))
	return w
}

// mainOf returns the main.tf of an example.
func mainOf(t *testing.T, examples *acctest.Workspace, folder string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(examples.Dir, folder, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// unprotected is mainOf as a destroy needs it.
func unprotected(t *testing.T, examples *acctest.Workspace, folder string) string {
	t.Helper()
	return strings.ReplaceAll(mainOf(t, examples, folder), "prevent_destroy = true", "prevent_destroy = false")
}

// expectOutput fails the test unless terraform has said all of this.
func expectOutput(t *testing.T, out string, words ...string) {
	t.Helper()
	for _, phrase := range words {
		if !acctest.Message(phrase).MatchString(out) {
			t.Errorf("terraform does not say %q:\n%s", phrase, out)
		}
	}
}

// expectFailure runs an apply or destroy, which must fail with these words. Unlike expectRefused it lets terraform save the state.
func expectFailure(t *testing.T, w *acctest.Workspace, words []string, args ...string) {
	t.Helper()
	out, err := w.Try(t, append(args, "-auto-approve", "-input=false")...)
	if err == nil {
		t.Fatalf("terraform %s went through:\n%s", strings.Join(args, " "), out)
	}
	expectOutput(t, out, words...)
}

// shown returns what ceph, rbd and virsh show of the guest's image, users, secrets and disk. It takes far less time than [inventory].
func shown(t *testing.T) string {
	t.Helper()
	return strings.Join([]string{
		acctest.Ceph(t, "east", "auth", "export"), imageInfo(t, "east", "web/web1-data"), acctest.Virsh(t, "kvm1", "secret-list"),
		acctest.Virsh(t, "kvm2", "secret-list"), acctest.Virsh(t, "kvm1", "dumpxml", "--inactive", "web1"),
	}, "\n")
}

// expectShown fails the test unless all of that is as it was.
func expectShown(t *testing.T, before string) {
	t.Helper()
	if now := shown(t); now != before {
		t.Errorf("not everything is as it was before\nbefore:\n%s\nnow:\n%s", before, now)
	}
}

// expectGeneration fails the test unless exactly these users of the example are there, the last of which the guest's disk has.
func expectGeneration(t *testing.T, generations ...string) {
	t.Helper()
	entities := acctest.Ceph(t, "east", "auth", "ls")
	var last string
	for _, generation := range generations {
		if last = "web-" + generation; !strings.Contains(entities, "client."+last+"\n") {
			t.Errorf("ceph auth ls has no client.%s", last)
		}
	}
	if n := strings.Count(entities, "client.web-"); n != len(generations) {
		t.Errorf("ceph auth ls has %d users of the guest", n)
	}
	if user := userOf(t, acctest.Bed(t).Hypervisor("kvm1"), "web1", true); user != last {
		t.Errorf("virsh dumpxml shows the user %s", user)
	}
	if secrets := acctest.Virsh(t, "kvm1", "secret-list"); !strings.Contains(secrets, "client."+last+"@") ||
		strings.Count(secrets, "client.web-") != len(generations) {
		t.Errorf("virsh secret-list says %s", secrets)
	}
}

// testOneState shows prevent_destroy, create_before_destroy and what -target takes along.
func testOneState(t *testing.T, w *acctest.Workspace) {
	w.Apply(t)
	made := shown(t)
	expectRefused(t, w, []string{"Instance cannot be destroyed", "Resource ceph_rbd_image.data has lifecycle.prevent_destroy set"},
		"destroy", "-auto-approve")
	// The user's block says nothing of create_before_destroy.
	expectFailure(t, w, []string{
		`+/- resource "ceph_user" "web" {`, "Unable to create user client.web-1", "A user of this name exists already",
	}, "apply", "-replace=ceph_user.web")
	expectShown(t, made)
	if out := w.Terraform(t, "plan", "-input=false", "-target=libvirt_rbd_disk.data"); !strings.Contains(out,
		`libvirt_ceph_secret.web["kvm2"]: Refreshing state`) {
		t.Errorf("-target has left out the secret of the other host:\n%s", out)
	}

	w.Set(t, "generation", "2")
	ordered := mainOf(t, w, "")
	w.Write(t, strings.ReplaceAll(ordered, "create_before_destroy = true", "create_before_destroy = false"))
	expectFailure(t, w, []string{`-/+ resource "ceph_user" "web" {`, "is in use by web1 (vdb)"}, "apply")
	expectGeneration(t, "1")
	if secrets := acctest.Virsh(t, "kvm2", "secret-list"); strings.Contains(secrets, "client.web-") {
		t.Errorf("the secret that no disk uses has stayed: %s", secrets)
	}
	w.Write(t, ordered)
	expectOutput(t, w.Apply(t), `+/- resource "ceph_user" "web" {`, "3 added, 1 changed, 2 destroyed")
	expectGeneration(t, "2")
}

// testSplit takes the image and the disk into a state of their own, and then replaces the user that both states have to do with.
func testSplit(t *testing.T, shared, guest *acctest.Workspace) {
	made := shown(t)
	expectOutput(t, shared.Apply(t), "libvirt_rbd_disk.data will no longer be managed by Terraform", "0 added, 0 changed, 0 destroyed")
	expectOutput(t, guest.Apply(t), "2 imported, 0 added, 1 changed, 0 destroyed")
	guest.ExpectEmptyPlan(t)
	expectShown(t, made)

	shared.Set(t, "generation", "3")
	expectFailure(t, shared, []string{"Unable to delete libvirt secret", "is in use by web1 (vdb)"}, "apply")
	guest.Set(t, "generation", "3")
	expectOutput(t, guest.Apply(t), "0 added, 1 changed, 0 destroyed")
	expectGeneration(t, "2", "3")
	expectOutput(t, shared.Apply(t), "0 added, 0 changed, 2 destroyed")
	expectGeneration(t, "3")
}

// testHostAway shows what can be done while a hypervisor is away, and how it is given up and taken back.
func testHostAway(ctx context.Context, t *testing.T, shared, guest *acctest.Workspace) {
	kvm2, made := acctest.Bed(t).Hypervisor("kvm2"), shown(t)
	if err := kvm2.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := kvm2.Virsh(context.Background(), "list"); err != nil {
			_ = kvm2.Start(context.Background())
		}
	})
	expectRefused(t, shared, []string{"Unable to read libvirt secret", `Could not connect to hypervisor "kvm2"`}, "plan")
	expectRefused(t, shared, []string{"Unable to plan libvirt secret", `Could not connect to hypervisor "kvm2"`}, "plan", "-refresh=false")
	expectOutput(t, shared.Apply(t, `-target=libvirt_ceph_secret.web["kvm1"]`), "Resource targeting is in effect")
	guest.ExpectEmptyPlan(t)

	shared.Terraform(t, "state", "rm", `libvirt_ceph_secret.web["kvm2"]`)
	shared.Set(t, "hypervisors", uris([]*testbed.Hypervisor{acctest.Bed(t).Hypervisor("kvm1")}))
	shared.ExpectEmptyPlan(t)

	if err := kvm2.Start(ctx); err != nil {
		t.Fatal(err)
	}
	shared.Set(t, "hypervisors", uris(acctest.Bed(t).Hypervisors()))
	expectOutput(t, shared.Apply(t), "1 added, 0 changed, 0 destroyed")
	expectShown(t, made)
}

// rebuiltImages are the images of examples/rebuild-a-guest by the disks' targets, with what is written to them.
var rebuiltImages = map[string]struct{ name, text string }{
	"vdb": {"data", "data from before"}, "vdc": {"logs", "logs from before"},
}

// imagesContent returns all bytes of the rebuilt guest's images.
func imagesContent(t *testing.T) string {
	t.Helper()
	return acctest.RBD(t, "east", "export", "web/web1-data", "-") + acctest.RBD(t, "east", "export", "web/web1-logs", "-")
}

// testRebuild undefines the domain and defines it again: with its disks, without them, with another UUID, and on another host.
func testRebuild(ctx context.Context, t *testing.T, w *acctest.Workspace, bare string) {
	w.Apply(t)
	for _, image := range rebuiltImages {
		writeBeginning(t, "east", "web/web1-"+image.name, image.text)
	}
	content, full := imagesContent(t), acctest.Virsh(t, "kvm1", "dumpxml", "--inactive", "web1")
	define := func(host, definition string) {
		acctest.VirshIn(t, host, definition, "define", "/dev/stdin")
	}
	undefine := func() { acctest.Virsh(t, "kvm1", "undefine", "web1") }
	disks := func() string {
		var all strings.Builder
		for target := range strings.SplitSeq("vdb vdc", " ") {
			disk := *acctest.DiskOf(t, "kvm1", "web1", target, true)
			disk.Address = nil // that of the first free port: the disks are attached side by side
			all.WriteString(acctest.XML(t, &disk))
		}
		return all.String()
	}
	attached := disks()
	undefine()
	expectOutput(t, w.Terraform(t, "plan", "-input=false"), "2 to add, 0 to change, 0 to destroy")
	define("kvm1", full)
	w.ExpectEmptyPlan(t)

	undefine()
	expectFailure(t, w, []string{`Hypervisor "kvm1" has no domain "web1"`, "Define the domain first"}, "apply")
	define("kvm1", full)
	expectOutput(t, w.Apply(t), "2 added, 0 changed, 0 destroyed")
	if now := acctest.Virsh(t, "kvm1", "dumpxml", "--inactive", "web1"); now != full {
		t.Errorf("the disks were not taken over as they are\nbefore: %s\nnow: %s", full, now)
	}

	undefine()
	define("kvm1", bare)
	expectOutput(t, w.Apply(t), "2 added, 0 changed, 0 destroyed")
	if now := disks(); now != attached {
		t.Errorf("the domain has not the disks that it had\nbefore: %s\nnow: %s", attached, now)
	}

	former := acctest.DomainOf(t, "kvm1", "web1", true).UUID
	another := strings.NewReplacer(former, uuid.NewString(), "/kvm1/", "/kvm2/")
	undefine()
	define("kvm1", another.Replace(full))
	expectFailure(t, w, []string{
		`Domain "web1" on hypervisor "kvm1" already has a disk vdb`, "terraform import ADDRESS kvm1/web1/vdb",
	}, "apply")
	undefine()
	define("kvm2", another.Replace(bare))
	w.Set(t, "hypervisor", "kvm2")
	expectOutput(t, w.Apply(t), "2 added, 0 changed, 0 destroyed")
	w.ExpectEmptyPlan(t)
	if now := imagesContent(t); now != content {
		t.Error("rbd export shows other data than before")
	}

	guest, err := acctest.Bed(t).Hypervisor("kvm2").Guest(ctx, "web1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = guest.Destroy(context.Background()) })
	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for target, image := range rebuiltImages {
		if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool {
			return d.Serial == image.name && strings.HasPrefix(d.Head, image.text)
		}); err != nil {
			t.Errorf("the guest does not see %s with its data: %v", image.name, err)
		}
		disk := acctest.DiskOf(t, "kvm2", "web1", target, true)
		if disk.Serial != image.name || !strings.HasPrefix(disk.Alias.Name, "ua-terraform-"+target) || strings.Contains(full, disk.Alias.Name) {
			t.Errorf("virsh dumpxml shows %s", acctest.XML(t, disk))
		}
	}
	if err := guest.Destroy(ctx); err != nil {
		t.Fatal(err)
	}
}

// testProtectedData shows what keeps images with data, and that disks go without them.
func testProtectedData(t *testing.T, w *acctest.Workspace, unprotected string) {
	expectRefused(t, w, []string{`Resource ceph_rbd_image.web1["data"] has lifecycle.prevent_destroy set`}, "destroy", "-auto-approve")
	east := acctest.Bed(t).Cluster("east")
	t.Cleanup(func() { _ = east.Resume() })
	if err := east.Pause(); err != nil {
		t.Fatal(err)
	}
	expectOutput(t, w.Terraform(t, "destroy", "-auto-approve", "-input=false", "-refresh=false", "-target=libvirt_rbd_disk.web1"),
		"2 destroyed")
	if err := east.Resume(); err != nil {
		t.Fatal(err)
	}
	w.Write(t, unprotected)
	expectFailure(t, w, []string{"Unable to delete RBD image", "What it holds: data"}, "destroy")
	for _, image := range rebuiltImages {
		acctest.RBD(t, "east", "rm", "web/web1-"+image.name)
	}
	w.Destroy(t)
}
