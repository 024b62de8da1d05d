//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

const (
	warnsAtOnce = "Changed at once, in the running guest: "
	warnsLater  = "Changed in the saved definition, and in the guest when the domain is next started (a reboot inside the guest is" +
		" not enough): "
)

func isAtOnce(s setting) bool { return s.Name == "iotune" }
func isLater(s setting) bool  { return !isAtOnce(s) }

// atOnce gives the settings that a running guest takes at once one value, and the others another.
func atOnce(now, later func(setting) string) func(setting) string {
	return func(s setting) string {
		if isAtOnce(s) {
			return now(s)
		}
		return later(s)
	}
}

// expectWarnings tells which settings the operator has to be told of, for each disk.
func (b *bench) expectWarnings(when string, got outcome, changes func(setting) bool) {
	b.t.Helper()
	for _, d := range b.disks {
		now := names(d.settings, func(s setting) bool { return isAtOnce(s) && changes(s) })
		later := names(d.settings, func(s setting) bool { return isLater(s) && changes(s) })
		text := strings.Join(got.texts(d.label, "warning"), "\n")
		if told := listed(text, warnsAtOnce); !slices.Equal(told, now) {
			b.t.Errorf("%s: %s: told to be changed at once: %v, want %v", when, d.label, told, now)
		}
		if told := listed(text, warnsLater); !slices.Equal(told, later) {
			b.t.Errorf("%s: %s: told to be changed later: %v, want %v\n%s", when, d.label, told, later, text)
		}
	}
}

// Every setting of a running guest's disk: set when it is attached, imported, put back after somebody changed the saved
// definition, changed and removed. The guest keeps its disk and its image all the time, and has the new settings once it
// has been started again.
func TestAccLibvirtRBDDisk_settingsOfRunningGuest(t *testing.T) {
	prepare(t)
	t.Parallel()
	b := newBench(t, "s-running", false)
	imports := b.imports()

	b.write(first)
	expectChanges(t, "set", apply(t, b.w), len(b.disks), 0, 0, 0)
	b.expect("set", true, seenFirst)
	b.expect("set", false, seenFirst)
	b.expectState("set", "pending_restart", false)
	b.expectState("set", "monitors_stale", false)
	b.expectGuest("set", "first-1", "5000c50015ea71ac", "1")
	live, openers := b.live(), b.openers()

	b.w.Terraform(t, "state", "rm", diskType+".virtio", diskType+".scsi")
	b.write(first, imports)
	expectChanges(t, "imported", apply(t, b.w), 0, 0, len(b.disks), 0)

	for _, d := range b.disks {
		for _, s := range d.settings {
			b.byHand(d, s.hand)
		}
	}
	b.write(first)
	result := apply(t, b.w)
	expectChanges(t, "drifted", result, 0, len(b.disks), 0, 0)
	b.expectWarnings("drifted", result, func(setting) bool { return true })
	b.expect("drifted", true, seenFirst)
	b.expectState("drifted", "pending_restart", false)

	// Limits of the running guest alone come back too.
	acctest.Virsh(t, "kvm1", "blkdeviotune", b.name, "vdb", "--total-iops-sec", "5", "--total-iops-sec-max", "6", "--live")
	result = apply(t, b.w)
	expectChanges(t, "drifted while running", result, 0, 1, 0, 0)
	b.expectWarnings("drifted while running", result, func(s setting) bool { return s.Name == "iotune" })
	b.expect("drifted while running", false, seenFirst)

	b.write(second)
	result = apply(t, b.w)
	expectChanges(t, "changed", result, 0, len(b.disks), 0, 0)
	b.expectWarnings("changed", result, func(setting) bool { return true })
	b.expect("changed", true, seenSecond)
	b.expect("changed", false, atOnce(seenSecond, seenFirst))
	b.expectState("changed", "pending_restart", true)
	if stale := stateOf(t, b.w, "virtio")["monitors_stale"]; stale != true {
		t.Errorf("monitors_stale is %v", stale)
	}

	b.write(removed)
	result = apply(t, b.w)
	expectChanges(t, "cleared", result, 0, len(b.disks), 0, 0)
	// A flag that was false, what is required, and what always has a value stay as they are.
	b.expectWarnings("cleared", result, func(s setting) bool { return s.SeenSecond != seenRemoved(s) })
	b.expect("cleared", true, seenRemoved)
	b.expect("cleared", false, atOnce(seenRemoved, seenFirst))
	if now := b.live(); now != live {
		t.Errorf("the running guest's disks have changed:\n%s\nbefore:\n%s", now, live)
	}
	if now := b.openers(); now != openers {
		t.Errorf("the images are open by %s, and were by %s", now, openers)
	}

	powerCycle(t, b.g)
	result = apply(t, b.w)
	expectChanges(t, "started again", result, 0, 0, 0, 0)
	b.expect("started again", false, seenRemoved)
	b.expectState("started again", "pending_restart", false)
	b.expectState("started again", "monitors_stale", false)
	b.expectGuest("started again", "", "", "0")
	b.record(acctest.Running)
	if !t.Failed() {
		acctest.Record(t, diskType, "pending_restart", acctest.Set)
		acctest.Record(t, diskType, "monitors_stale", acctest.Set)
	}
}

// imports takes all disks over that are there.
func (b *bench) imports() string {
	var text strings.Builder
	for _, d := range b.disks {
		fmt.Fprintf(&text, "import {\n  provider = ceph\n  to = %s.%s\n  id = \"kvm1/%s/%s\"\n}\n", diskType, d.label, b.name, d.target)
	}
	return text.String()
}

// byHand changes a disk of the saved definition with `virsh update-device --config`.
func (b *bench) byHand(d benchDisk, change func(*acctest.Disk)) {
	b.t.Helper()
	disk := diskOf(b.t, "kvm1", b.name, d.target, true)
	change(disk)
	acctest.VirshIn(b.t, "kvm1", acctest.XML(b.t, disk), "update-device", b.name, "/dev/stdin", "--config")
}

// expectGuest compares what the guest can see of the settings: the serial of one disk, the World Wide Name of the other, and
// whether that one can't be written.
func (b *bench) expectGuest(when, serial, wwn, readOnly string) {
	b.t.Helper()
	if got := b.inGuest(b.disks[0].bytes, "serial"); got != serial {
		b.t.Errorf("%s: the guest sees the serial %q, want %q", when, got, serial)
	}
	if got := b.inGuest(b.disks[1].bytes, "device/wwid"); !strings.HasSuffix(got, wwn) || wwn == "" && strings.HasPrefix(got, "naa.") {
		b.t.Errorf("%s: the guest sees the wwid %q, want %q", when, got, wwn)
	}
	if got := b.inGuest(b.disks[1].bytes, "ro"); got != readOnly {
		b.t.Errorf("%s: the guest sees read-only %q, want %q", when, got, readOnly)
	}
}
