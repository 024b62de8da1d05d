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
func (b *sourceFixture) at(when, want string) {
	b.t.Helper()
	var places []string
	for _, d := range [][2]string{{"kvm1", b.name}, {"kvm1", b.name + "-2"}, {"kvm2", b.name}} {
		if !slices.Contains(strings.Fields(acctest.Virsh(b.t, d[0], "list", "--all", "--name")), d[1]) {
			continue
		}
		for _, disk := range definition(b.t, d[0], d[1], false).Devices.Disks {
			places = append(places, fmt.Sprintf("%s/%s/%s", d[0], d[1], disk.Target.Dev))
		}
	}
	if got := strings.Join(places, " "); got != want {
		b.t.Errorf("%s: the disk is at %s, want %s", when, got, want)
	}
}

// byHand changes the disk at a target in the definition that the attributes mirror: the saved one by defining the domain again, that of a
// transient domain by attaching the disk again.
func (b *sourceFixture) byHand(target string, change func(*acctest.Disk)) {
	b.t.Helper()
	if b.transient {
		reattach(b.t, b.name, target, change)
		return
	}
	redefined(change)(b.t, b.name)
}

// disk returns what virsh shows at a target, in the definition that the attributes mirror.
func (b *sourceFixture) disk(target string) *acctest.Disk {
	b.t.Helper()
	disk := diskOf(b.t, "kvm1", b.name, target, !b.transient)
	if disk == nil {
		b.t.Fatalf("no disk %s", target)
	}
	return disk
}

// write writes the configuration of the disk.
func (b *sourceFixture) write(assignments ...string) {
	b.t.Helper()
	b.w.Write(b.t, source+acctest.Provider(b.t)+block(b.name, b.name, assignments...))
}

// refused applies, which must fail with these words and change nothing in the guest.
func (b *sourceFixture) refused(words string, assignments ...string) {
	b.t.Helper()
	before := acctest.Virsh(b.t, "kvm1", "dumpxml", b.name)
	b.write(assignments...)
	got, err := try(b.t, b.w, "apply", "-auto-approve")
	text := strings.Join(got.texts("test", "error"), "\n")
	if err == nil || !strings.Contains(text, words) {
		b.t.Errorf("%v: not refused with %q: %v %s", assignments, words, err, text)
	}
	if after := acctest.Virsh(b.t, "kvm1", "dumpxml", b.name); after != before {
		b.t.Errorf("%v: the domain has changed:\n%s\nbefore:\n%s", assignments, after, before)
	}
	if b.transient && strings.Contains(strings.ToLower(text), "shut the domain off") {
		b.t.Errorf("%v: the advice would end the domain: %s", assignments, text)
	}
}

// updated applies a change in place, which must change nothing in the running domain.
func (b *sourceFixture) updated(what string, assignments ...string) {
	b.t.Helper()
	before := acctest.Virsh(b.t, "kvm1", "dumpxml", b.name)
	b.write(assignments...)
	expectChanges(b.t, what, apply(b.t, b.w), 0, 1, 0, 0)
	if after := acctest.Virsh(b.t, "kvm1", "dumpxml", b.name); after != before {
		b.t.Errorf("%s: the running domain has changed:\n%s\nbefore:\n%s", what, after, before)
	}
}

// replaced applies a change that replaces the disk. The operator must be warned of the detach, and why it happens.
func (b *sourceFixture) replaced(what string, assignments ...string) {
	b.t.Helper()
	b.write(assignments...)
	result := apply(b.t, b.w)
	expectChanges(b.t, what, result, 1, 0, 0, 1)
	text := strings.Join(result.texts("test", "warning"), "\n")
	if !strings.Contains(text, "because of a change of: "+what) {
		b.t.Errorf("%s: the operator is not told: %s", what, text)
	}
}

// sees waits until the guest sees the disk, of so many MiB.
func (b *sourceFixture) sees(mebibytes int64) {
	b.t.Helper()
	if err := sees(b.g, mebibytes<<20); err != nil {
		b.t.Fatal(err)
	}
}

// The image and the place of a running guest's disk are changed, with a saved definition and without one.
func TestAccLibvirtRBDDisk_sourceOfRunningGuest(t *testing.T) {
	prepare(t)
	for _, b := range []*sourceFixture{
		{name: "w-running", mark: acctest.Running},
		{name: "w-transient", mark: acctest.Transient, transient: true},
	} {
		t.Run(string(b.mark), func(t *testing.T) {
			t.Parallel()
			b.t = t
			b.start()
			b.outsideDefinition()
			b.source()
			b.moved()
			if !t.Failed() {
				for _, name := range []string{
					"id", "alias", "domain_uuid", "host_uuid", "fsid", "image_id", "running_on", "live", "persistent",
					"size", "attach_probe", "cluster", "pool", "image", "snapshot", "on_source_change", "target_dev", "bus", "device",
					"domain", "hypervisor",
				} {
					acctest.Record(t, diskType, name, b.mark)
				}
			}
		})
	}
}

// start starts the guest, and two paused ones to which the disk can be moved.
func (b *sourceFixture) start() {
	b.t.Helper()
	b.g, b.definition = runningWithSCSI(b.t, b.name, b.transient, func(*acctest.Domain) {})
	running(b.t, "kvm1", testbed.GuestOptions{Name: b.name + "-2", Transient: b.transient, Paused: true})
	running(b.t, "kvm2", testbed.GuestOptions{Name: b.name, Transient: b.transient, Paused: true})
	image(b.t, "east", b.name, "16M")
	image(b.t, "west", b.name, "16M")
	image(b.t, "east", b.name+"-big", "40M")
	acctest.RBD(b.t, "east", "create", "--size", "48M", "other-pool/"+b.name)
	b.w = acctest.NewWorkspaceOf(b.t, source+acctest.Provider(b.t))
}

// outsideDefinition checks attributes that stand in no definition.
func (b *sourceFixture) outsideDefinition() {
	b.t.Helper()
	b.write(`size = "16MiB"`, `attach_probe = true`, `device = "disk"`, `bus = "virtio"`)
	expectChanges(b.t, "attached", apply(b.t, b.w), 1, 0, 0, 0)
	b.sees(16)
	for attribute, view := range secondViews(b.t, b.name) {
		if got, want := fmt.Sprint(stateOf(b.t, b.w, "test")[attribute]), view(); got != want {
			b.t.Errorf("%s is %q, and the second view says %q", attribute, got, want)
		}
	}
	if tried := probes(b.t, b.name); tried != 1 {
		b.t.Errorf("the host has tried the image %d times", tried)
	}

	acctest.RBD(b.t, "east", "resize", "--no-progress", "--size", "24M", pool+"/"+b.name)
	b.write(`size = "24MiB"`)
	expectChanges(b.t, "size", apply(b.t, b.w), 0, 1, 0, 0)
	b.sees(24)
	// virsh blockresize makes the image itself smaller. Grown again, it is larger than what the guest knows.
	acctest.Virsh(b.t, "kvm1", "blockresize", b.name, "vdb", "16M")
	acctest.RBD(b.t, "east", "resize", "--no-progress", "--size", "24M", pool+"/"+b.name)
	b.sees(16)
	expectChanges(b.t, "size by hand", apply(b.t, b.w), 0, 1, 0, 0)
	b.sees(24)
	b.updated("size, attach_probe and cluster", `attach_probe = false`, `cluster = null`)
	b.sees(24)
	b.refused("can't be changed from", `cluster = "west"`, fmt.Sprintf("secret_uuid = %q", westSecret))
	b.refused(`A disk on bus "sata" can't be plugged into domain`, `bus = "sata"`, `target_dev = "sda"`)
}

// source changes what the disk reads: another name of the same image, and another image.
func (b *sourceFixture) source() {
	b.t.Helper()
	acctest.RBD(b.t, "east", "rename", pool+"/"+b.name, pool+"/"+b.name+"-renamed")
	renamed := fmt.Sprintf(`image = "%s-renamed"`, b.name)
	b.updated("image", renamed)
	expectChanges(b.t, "image, again", apply(b.t, b.w), 0, 0, 0, 0)
	if got, want := b.disk("vdb").Source.Network.Name, map[bool]string{true: pool + "/" + b.name, false: pool + "/" + b.name +
		"-renamed"}[b.transient]; got != want {
		b.t.Errorf("the definition names %s, want %s", got, want)
	}
	if pending := stateOf(b.t, b.w, "test")["pending_restart"]; pending != !b.transient {
		b.t.Errorf("pending_restart is %v", pending)
	}
	b.sees(24)

	big := fmt.Sprintf(`image = "%s-big"`, b.name)
	b.refused("can't be changed from", big)
	b.refused("can't be changed from", `pool = "other-pool"`)
	b.replaced("image", big, `on_source_change = "replace"`)
	b.sees(40)
	b.replaced("pool, image", `pool = "other-pool"`, `on_source_change = "replace"`)
	b.sees(48)
	if got := b.disk("vdb").Source.Network.Name; got != "other-pool/"+b.name {
		b.t.Errorf("the definition names %s", got)
	}

	b.byHand("vdb", func(d *acctest.Disk) { d.Source.Network.Name = pool + "/" + b.name + "-big" })
	if b.transient {
		// The guest has the other image open. Only a replacement brings the right one back.
		b.sees(40)
		b.refused("can't be changed from libvirt-pool/"+b.name+"-big to other-pool/"+b.name, `pool = "other-pool"`)
		b.replaced("pool, image", `pool = "other-pool"`, `on_source_change = "replace"`)
	} else {
		b.updated("image by hand", `pool = "other-pool"`)
	}
	b.sees(48)
	if got := b.disk("vdb").Source.Network.Name; got != "other-pool/"+b.name {
		b.t.Errorf("the definition names %s", got)
	}

	b.snapshot()
}

// snapshot sets, imports, changes and removes the snapshot that is read instead of the image.
func (b *sourceFixture) snapshot() {
	b.t.Helper()
	names := func(want string) {
		b.t.Helper()
		name := ""
		if found := b.disk("vdb").Source.Network.Snapshot; found != nil {
			name = found.Name
		}
		if name != want {
			b.t.Errorf("the definition names the snapshot %q, want %q", name, want)
		}
		b.sees(48)
	}
	acctest.RBD(b.t, "east", "snap", "create", "other-pool/"+b.name+"@first")
	acctest.RBD(b.t, "east", "snap", "create", "other-pool/"+b.name+"@second")
	assignments := []string{`pool = "other-pool"`, `snapshot = "first"`, `read_only = true`}
	b.replaced("snapshot", assignments...)
	names("first")
	b.w.Terraform(b.t, "state", "rm", address)
	b.w.Write(b.t, source+acctest.Provider(b.t)+block(b.name, b.name, assignments...)+
		fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, b.name))
	expectChanges(b.t, "snapshot imported", apply(b.t, b.w), 0, 0, 1, 0)
	b.byHand("vdb", func(d *acctest.Disk) { d.Source.Network.Snapshot.Name = "second" })
	expectChanges(b.t, "snapshot by hand", apply(b.t, b.w), 1, 0, 0, 1)
	names("first")
	b.replaced("snapshot", `pool = "other-pool"`)
	names("")
}

// moved changes where the disk is: target, bus, domain and hypervisor.
func (b *sourceFixture) moved() {
	b.t.Helper()
	step := func(what, place string, assignments ...string) {
		b.t.Helper()
		b.replaced(what, append(assignments, `pool = "other-pool"`)...)
		b.at(what, place)
	}
	step("target_dev", "kvm1/"+b.name+"/vdd", `target_dev = "vdd"`)
	b.sees(48)
	b.byHand("vdd", func(d *acctest.Disk) { d.Target.Dev = "vde" })
	expectChanges(b.t, "target by hand", apply(b.t, b.w), 1, 0, 0, 1)
	b.at("target by hand", "kvm1/"+b.name+"/vdd")
	b.sees(48)
	step("target_dev, bus, device", "kvm1/"+b.name+"/sda", `target_dev = "sda"`, `bus = "scsi"`, `device = "cdrom"`)
	if disk := b.disk("sda"); disk.Target.Bus != "scsi" || disk.Device != "cdrom" {
		b.t.Errorf("the disk is a %s on bus %s", disk.Device, disk.Target.Bus)
	}
	// The other domains are paused: a disk that is plugged in there stays until they end.
	step("domain, target_dev, bus, device", "kvm1/"+b.name+"-2/vdb", fmt.Sprintf("domain = %q", b.name+"-2"), `bus = "virtio"`,
		`device = "disk"`)
	acctest.Virsh(b.t, "kvm1", "destroy", b.name+"-2")
	b.write(`pool = "other-pool"`)
	removed := 1
	if b.transient {
		removed = 0 // It has gone with its domain.
	}
	expectChanges(b.t, "domain", apply(b.t, b.w), 1, 0, 0, removed)
	b.sees(48)
	b.lost()
	step("hypervisor", "kvm2/"+b.name+"/vdb", `hypervisor = "kvm2"`)
	b.write(`pool = "other-pool"`, `hypervisor = null`)
	expectChanges(b.t, "no hypervisor", apply(b.t, b.w), 0, 0, 0, 0)
}

// lost detaches the disk by hand, and ends and starts a transient domain: the disk comes back.
func (b *sourceFixture) lost() {
	b.t.Helper()
	detachByHand(b.t, b.g, "--live")
	if !b.transient {
		expectChanges(b.t, "lost", apply(b.t, b.w), 0, 1, 0, 0)
		b.sees(48)
		return
	}
	expectChanges(b.t, "lost", apply(b.t, b.w), 1, 0, 0, 0)
	b.sees(48)

	if err := b.g.Destroy(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if got, err := try(b.t, b.w, "apply", "-auto-approve"); err == nil ||
		!strings.Contains(fmt.Sprint(got), fmt.Sprintf("has no domain %q", b.name)) {
		b.t.Errorf("the domain has ended: %v %v", err, got)
	}
	acctest.VirshIn(b.t, "kvm1", b.definition, "create", "/dev/stdin")
	if err := b.g.WaitReady(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	expectChanges(b.t, "begun again", apply(b.t, b.w), 1, 0, 0, 0)
	b.sees(48)

	acctest.VirshIn(b.t, "kvm1", b.definition, "define", "/dev/stdin")
	expectChanges(b.t, "persistent now", apply(b.t, b.w), 0, 1, 0, 0)
	if diskOf(b.t, "kvm1", b.name, "vdb", true) == nil || stateOf(b.t, b.w, "test")["persistent"] != true {
		b.t.Error("the saved definition that the domain has now lacks the disk")
	}
	b.sees(48)
}
