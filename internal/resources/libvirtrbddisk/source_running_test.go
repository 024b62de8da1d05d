//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// sourceFixture is a running guest with one disk, whose image and place are changed.
type sourceFixture struct {
	t         *testing.T
	name      string
	mark      acctest.Mark
	transient bool

	g          *testbed.Guest
	definition string // without the disk
	w          *acctest.Workspace
}

// at compares where virsh shows disks in all domains of the fixture: hypervisor, domain, target.
func (f *sourceFixture) at(when, want string) {
	f.t.Helper()
	var places []string
	for _, d := range [][2]string{{"kvm1", f.name}, {"kvm1", f.name + "-2"}, {"kvm2", f.name}} {
		if !slices.Contains(strings.Fields(acctest.Virsh(f.t, d[0], "list", "--all", "--name")), d[1]) {
			continue
		}
		for _, disk := range definition(f.t, d[0], d[1], false).Devices.Disks {
			places = append(places, fmt.Sprintf("%s/%s/%s", d[0], d[1], disk.Target.Dev))
		}
	}
	if got := strings.Join(places, " "); got != want {
		f.t.Errorf("%s: the disk is at %s, want %s", when, got, want)
	}
}

// byHand changes the disk at a target in the definition that the attributes mirror: the saved one by defining the domain again, that of a
// transient domain by attaching the disk again.
func (f *sourceFixture) byHand(target string, change func(*acctest.Disk)) {
	f.t.Helper()
	if f.transient {
		reattach(f.t, f.name, target, change)
		return
	}
	redefined(change)(f.t, f.name)
}

// disk returns what virsh shows at a target, in the definition that the attributes mirror.
func (f *sourceFixture) disk(target string) *acctest.Disk {
	f.t.Helper()
	disk := diskOf(f.t, "kvm1", f.name, target, !f.transient)
	if disk == nil {
		f.t.Fatalf("no disk %s", target)
	}
	return disk
}

// write writes the configuration of the disk.
func (f *sourceFixture) write(assignments ...string) {
	f.t.Helper()
	f.w.Write(f.t, source+acctest.Provider(f.t)+block(f.name, f.name, assignments...))
}

// refused applies, which must fail with these words and change nothing in the guest.
func (f *sourceFixture) refused(words string, assignments ...string) {
	f.t.Helper()
	before := acctest.Virsh(f.t, "kvm1", "dumpxml", f.name)
	f.write(assignments...)
	got, err := try(f.t, f.w, "apply", "-auto-approve")
	text := strings.Join(got.texts("test", "error"), "\n")
	if err == nil || !strings.Contains(text, words) {
		f.t.Errorf("%v: not refused with %q: %v %s", assignments, words, err, text)
	}
	if after := acctest.Virsh(f.t, "kvm1", "dumpxml", f.name); after != before {
		f.t.Errorf("%v: the domain has changed:\n%s\nbefore:\n%s", assignments, after, before)
	}
	if f.transient && strings.Contains(strings.ToLower(text), "shut the domain off") {
		f.t.Errorf("%v: the advice would end the domain: %s", assignments, text)
	}
}

// updated applies a change in place, which must change nothing in the running domain.
func (f *sourceFixture) updated(what string, assignments ...string) {
	f.t.Helper()
	before := acctest.Virsh(f.t, "kvm1", "dumpxml", f.name)
	f.write(assignments...)
	expectChanges(f.t, what, apply(f.t, f.w), 0, 1, 0, 0)
	if after := acctest.Virsh(f.t, "kvm1", "dumpxml", f.name); after != before {
		f.t.Errorf("%s: the running domain has changed:\n%s\nbefore:\n%s", what, after, before)
	}
}

// replaced applies a change that replaces the disk. The operator must be warned of the detach, and why it happens.
func (f *sourceFixture) replaced(what string, assignments ...string) {
	f.t.Helper()
	f.write(assignments...)
	result := apply(f.t, f.w)
	expectChanges(f.t, what, result, 1, 0, 0, 1)
	text := strings.Join(result.texts("test", "warning"), "\n")
	if !strings.Contains(text, "because of a change of: "+what) {
		f.t.Errorf("%s: the operator is not told: %s", what, text)
	}
}

// sees waits until the guest sees the disk, of so many MiB.
func (f *sourceFixture) sees(mebibytes int64) {
	f.t.Helper()
	if err := sees(f.g, mebibytes<<20); err != nil {
		f.t.Fatal(err)
	}
}

// The image and the place of a running guest's disk are changed, with a saved definition and without one.
func TestAccLibvirtRBDDisk_sourceOfRunningGuest(t *testing.T) {
	prepare(t)
	for _, f := range []*sourceFixture{
		{name: "w-running", mark: acctest.Running},
		{name: "w-transient", mark: acctest.Transient, transient: true},
	} {
		t.Run(string(f.mark), func(t *testing.T) {
			t.Parallel()
			f.t = t
			f.start()
			f.outsideDefinition()
			f.source()
			f.moved()
			if !t.Failed() {
				for _, name := range []string{
					"id", "alias", "domain_uuid", "host_uuid", "fsid", "image_id", "running_on", "live", "persistent",
					"size", "attach_probe", "cluster", "pool", "image", "snapshot", "on_source_change", "target_dev", "bus", "device",
					"domain", "hypervisor",
				} {
					acctest.Record(t, diskType, name, f.mark)
				}
			}
		})
	}
}

// start starts the guest, and two paused ones to which the disk can be moved.
func (f *sourceFixture) start() {
	f.t.Helper()
	f.g, f.definition = runningWithSCSI(f.t, f.name, f.transient, func(*acctest.Domain) {})
	running(f.t, "kvm1", testbed.GuestOptions{Name: f.name + "-2", Transient: f.transient, Paused: true})
	running(f.t, "kvm2", testbed.GuestOptions{Name: f.name, Transient: f.transient, Paused: true})
	image(f.t, "east", f.name, "16M")
	image(f.t, "west", f.name, "16M")
	image(f.t, "east", f.name+"-big", "40M")
	acctest.RBD(f.t, "east", "create", "--size", "48M", "other-pool/"+f.name)
	f.w = acctest.NewWorkspaceOf(f.t, source+acctest.Provider(f.t))
}

// outsideDefinition checks attributes that stand in no definition.
func (f *sourceFixture) outsideDefinition() {
	f.t.Helper()
	f.write(`size = "16MiB"`, `attach_probe = true`, `device = "disk"`, `bus = "virtio"`)
	expectChanges(f.t, "attached", apply(f.t, f.w), 1, 0, 0, 0)
	f.sees(16)
	for attribute, view := range secondViews(f.t, f.name) {
		if got, want := fmt.Sprint(stateOf(f.t, f.w, "test")[attribute]), view(); got != want {
			f.t.Errorf("%s is %q, and the second view says %q", attribute, got, want)
		}
	}
	if tried := probes(f.t, f.name); tried != 1 {
		f.t.Errorf("the host has tried the image %d times", tried)
	}

	acctest.RBD(f.t, "east", "resize", "--no-progress", "--size", "24M", pool+"/"+f.name)
	f.write(`size = "24MiB"`)
	expectChanges(f.t, "size", apply(f.t, f.w), 0, 1, 0, 0)
	f.sees(24)
	// virsh blockresize makes the image itself smaller. Grown again, it is larger than what the guest knows.
	acctest.Virsh(f.t, "kvm1", "blockresize", f.name, "vdb", "16M")
	acctest.RBD(f.t, "east", "resize", "--no-progress", "--size", "24M", pool+"/"+f.name)
	f.sees(16)
	expectChanges(f.t, "size by hand", apply(f.t, f.w), 0, 1, 0, 0)
	f.sees(24)
	f.updated("size, attach_probe and cluster", `attach_probe = false`, `cluster = null`)
	f.sees(24)
	f.refused("can't be changed from", `cluster = "west"`, fmt.Sprintf("secret_uuid = %q", westSecret))
	f.refused(`A disk on bus "sata" can't be plugged into domain`, `bus = "sata"`, `target_dev = "sda"`)
}

// source changes what the disk reads: another name of the same image, and another image.
func (f *sourceFixture) source() {
	f.t.Helper()
	acctest.RBD(f.t, "east", "rename", pool+"/"+f.name, pool+"/"+f.name+"-renamed")
	renamed := fmt.Sprintf(`image = "%s-renamed"`, f.name)
	f.updated("image", renamed)
	expectChanges(f.t, "image, again", apply(f.t, f.w), 0, 0, 0, 0)
	if got, want := f.disk("vdb").Source.Network.Name, map[bool]string{true: pool + "/" + f.name, false: pool + "/" + f.name +
		"-renamed"}[f.transient]; got != want {
		f.t.Errorf("the definition names %s, want %s", got, want)
	}
	if pending := stateOf(f.t, f.w, "test")["pending_restart"]; pending != !f.transient {
		f.t.Errorf("pending_restart is %v", pending)
	}
	f.sees(24)

	big := fmt.Sprintf(`image = "%s-big"`, f.name)
	f.refused("can't be changed from", big)
	f.refused("can't be changed from", `pool = "other-pool"`)
	f.replaced("image", big, `on_source_change = "replace"`)
	f.sees(40)
	f.replaced("pool, image", `pool = "other-pool"`, `on_source_change = "replace"`)
	f.sees(48)
	if got := f.disk("vdb").Source.Network.Name; got != "other-pool/"+f.name {
		f.t.Errorf("the definition names %s", got)
	}

	f.byHand("vdb", func(d *acctest.Disk) { d.Source.Network.Name = pool + "/" + f.name + "-big" })
	if f.transient {
		// The guest has the other image open. Only a replacement brings the right one back.
		f.sees(40)
		f.refused("can't be changed from libvirt-pool/"+f.name+"-big to other-pool/"+f.name, `pool = "other-pool"`)
		f.replaced("pool, image", `pool = "other-pool"`, `on_source_change = "replace"`)
	} else {
		f.updated("image by hand", `pool = "other-pool"`)
		f.startedByHand()
	}
	f.sees(48)
	if got := f.disk("vdb").Source.Network.Name; got != "other-pool/"+f.name {
		f.t.Errorf("the definition names %s", got)
	}

	f.snapshot()
}

// startedByHand starts the guest with another image that somebody has put into the saved definition: its own one is another image then.
func (f *sourceFixture) startedByHand() {
	f.t.Helper()
	start := func(name string) {
		f.t.Helper()
		f.byHand("vdb", func(d *acctest.Disk) { d.Source.Network.Name = name })
		f.w.Terraform(f.t, "apply", "-refresh-only", "-auto-approve")
		if err := f.g.Destroy(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
		if err := f.g.Start(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
		if err := f.g.WaitReady(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
	}
	start(pool + "/" + f.name + "-big")
	f.sees(40)
	f.refused("can't be changed from libvirt-pool/"+f.name+"-big to other-pool/"+f.name, `pool = "other-pool"`)
	start("other-pool/" + f.name)
	f.write(`pool = "other-pool"`)
	expectChanges(f.t, "started again", apply(f.t, f.w), 0, 0, 0, 0)
}

// snapshot sets, imports, changes and removes the snapshot that is read instead of the image.
func (f *sourceFixture) snapshot() {
	f.t.Helper()
	names := func(want string) {
		f.t.Helper()
		name := ""
		if found := f.disk("vdb").Source.Network.Snapshot; found != nil {
			name = found.Name
		}
		if name != want {
			f.t.Errorf("the definition names the snapshot %q, want %q", name, want)
		}
		f.sees(48)
	}
	acctest.RBD(f.t, "east", "snap", "create", "other-pool/"+f.name+"@first")
	acctest.RBD(f.t, "east", "snap", "create", "other-pool/"+f.name+"@second")
	assignments := []string{`pool = "other-pool"`, `snapshot = "first"`, `read_only = true`}
	f.replaced("snapshot", assignments...)
	names("first")
	f.w.Terraform(f.t, "state", "rm", address)
	f.w.Write(f.t, source+acctest.Provider(f.t)+block(f.name, f.name, assignments...)+
		fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, f.name))
	expectChanges(f.t, "snapshot imported", apply(f.t, f.w), 0, 0, 1, 0)
	f.byHand("vdb", func(d *acctest.Disk) { d.Source.Network.Snapshot.Name = "second" })
	expectChanges(f.t, "snapshot by hand", apply(f.t, f.w), 1, 0, 0, 1)
	names("first")
	f.replaced("snapshot", `pool = "other-pool"`)
	names("")
}

// moved changes where the disk is: target, bus, domain and hypervisor.
func (f *sourceFixture) moved() {
	f.t.Helper()
	step := func(what, place string, assignments ...string) {
		f.t.Helper()
		f.replaced(what, append(assignments, `pool = "other-pool"`)...)
		f.at(what, place)
	}
	step("target_dev", "kvm1/"+f.name+"/vdd", `target_dev = "vdd"`)
	f.sees(48)
	f.byHand("vdd", func(d *acctest.Disk) { d.Target.Dev = "vde" })
	expectChanges(f.t, "target by hand", apply(f.t, f.w), 1, 0, 0, 1)
	f.at("target by hand", "kvm1/"+f.name+"/vdd")
	f.sees(48)
	step("target_dev, bus, device", "kvm1/"+f.name+"/sda", `target_dev = "sda"`, `bus = "scsi"`, `device = "cdrom"`)
	if disk := f.disk("sda"); disk.Target.Bus != "scsi" || disk.Device != "cdrom" {
		f.t.Errorf("the disk is a %s on bus %s", disk.Device, disk.Target.Bus)
	}
	// The other domains are paused: a disk that is plugged in there stays until they end.
	step("domain, target_dev, bus, device", "kvm1/"+f.name+"-2/vdb", fmt.Sprintf("domain = %q", f.name+"-2"), `bus = "virtio"`,
		`device = "disk"`)
	acctest.Virsh(f.t, "kvm1", "destroy", f.name+"-2")
	f.write(`pool = "other-pool"`)
	removed := 1
	if f.transient {
		removed = 0 // It has gone with its domain.
	}
	expectChanges(f.t, "domain", apply(f.t, f.w), 1, 0, 0, removed)
	f.sees(48)
	f.lost()
	step("hypervisor", "kvm2/"+f.name+"/vdb", `hypervisor = "kvm2"`)
	f.write(`pool = "other-pool"`, `hypervisor = null`)
	expectChanges(f.t, "no hypervisor", apply(f.t, f.w), 0, 0, 0, 0)
}

// lost detaches the disk by hand, and ends and starts a transient domain: the disk comes back.
func (f *sourceFixture) lost() {
	f.t.Helper()
	detachByHand(f.t, f.g, "--live")
	if !f.transient {
		expectChanges(f.t, "lost", apply(f.t, f.w), 0, 1, 0, 0)
		f.sees(48)
		return
	}
	expectChanges(f.t, "lost", apply(f.t, f.w), 1, 0, 0, 0)
	f.sees(48)

	if err := f.g.Destroy(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	if got, err := try(f.t, f.w, "apply", "-auto-approve"); err == nil ||
		!strings.Contains(fmt.Sprint(got), fmt.Sprintf("has no domain %q", f.name)) {
		f.t.Errorf("the domain has ended: %v %v", err, got)
	}
	acctest.VirshIn(f.t, "kvm1", f.definition, "create", "/dev/stdin")
	if err := f.g.WaitReady(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	expectChanges(f.t, "begun again", apply(f.t, f.w), 1, 0, 0, 0)
	f.sees(48)

	acctest.VirshIn(f.t, "kvm1", f.definition, "define", "/dev/stdin")
	expectChanges(f.t, "persistent now", apply(f.t, f.w), 0, 1, 0, 0)
	if diskOf(f.t, "kvm1", f.name, "vdb", true) == nil || stateOf(f.t, f.w, "test")["persistent"] != true {
		f.t.Error("the saved definition that the domain has now lacks the disk")
	}
	f.sees(48)
}
