//go:build cgo

package libvirtrbddisk_test

import (
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// Every setting of a running guest's disk is set when it is attached, imported, put back after somebody changed the saved definition,
// changed and removed. The guest keeps its disk and its image open all the time, and has the new settings after its next start.
func TestAccLibvirtRBDDisk_settingsOfRunningGuest(t *testing.T) {
	prepare(t)
	t.Parallel()
	b := newSettingsFixture(t, "s-running", false)
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
