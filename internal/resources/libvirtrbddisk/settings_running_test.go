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
	f := newSettingsFixture(t, "s-running", false)
	imports := f.imports()

	f.write(first)
	expectChanges(t, "set", apply(t, f.w), len(f.disks), 0, 0, 0)
	f.expect("set", true, seenFirst)
	f.expect("set", false, seenFirst)
	f.expectState("set", "pending_restart", false)
	f.expectState("set", "monitors_stale", false)
	f.expectGuest("set", "first-1", "5000c50015ea71ac", "1")
	f.expectDevice("set", "4096", "0", "EXAMPLE", "RBD IMAGE")
	live, openers := f.live(), f.openers()

	f.w.Terraform(t, "state", "rm", diskType+".virtio", diskType+".scsi")
	f.write(first, imports)
	expectChanges(t, "imported", apply(t, f.w), 0, 0, len(f.disks), 0)

	for _, d := range f.disks {
		for _, s := range d.settings {
			f.byHand(d, s.hand)
		}
	}
	f.write(first)
	result := apply(t, f.w)
	expectChanges(t, "drifted", result, 0, len(f.disks), 0, 0)
	f.expectWarnings("drifted", result, func(setting) bool { return true })
	f.expect("drifted", true, seenFirst)
	f.expectState("drifted", "pending_restart", false)

	// Limits of the running guest alone come back too.
	acctest.Virsh(t, "kvm1", "blkdeviotune", f.name, "vdb", "--total-iops-sec", "5", "--total-iops-sec-max", "6", "--live")
	result = apply(t, f.w)
	expectChanges(t, "drifted while running", result, 0, 1, 0, 0)
	f.expectWarnings("drifted while running", result, func(s setting) bool { return s.Name == "iotune" })
	f.expect("drifted while running", false, seenFirst)

	// Also where a refresh has recorded them before.
	acctest.Virsh(t, "kvm1", "blkdeviotune", f.name, "vdb", "--total-iops-sec", "5", "--total-iops-sec-max", "6", "--live")
	f.w.Apply(t, "-refresh-only")
	if disk := diskOf(t, "kvm1", f.name, "vdb", false); disk.IOTune.TotalIopsSec != 5 {
		t.Errorf("a refresh has changed the limits of the running guest: %+v", disk.IOTune)
	}
	result = apply(t, f.w)
	expectChanges(t, "drift that was recorded", result, 0, 1, 0, 0)
	f.expectWarnings("drift that was recorded", result, func(s setting) bool { return s.Name == "iotune" })
	f.expect("drift that was recorded", false, seenFirst)

	f.write(second)
	result = apply(t, f.w)
	expectChanges(t, "changed", result, 0, len(f.disks), 0, 0)
	f.expectWarnings("changed", result, func(setting) bool { return true })
	f.expect("changed", true, seenSecond)
	f.expect("changed", false, atOnce(seenSecond, seenFirst))
	f.expectState("changed", "pending_restart", true)
	if stale := stateOf(t, f.w, "virtio")["monitors_stale"]; stale != true {
		t.Errorf("monitors_stale is %v", stale)
	}

	f.write(func(s setting) string { return s.BeforeRemoval() })
	result = apply(t, f.w)
	expectChanges(t, "changed back", result, 0, len(f.disks), 0, 0)
	f.expect("changed back", true, func(s setting) string { return s.SeenBeforeRemoval() })

	f.write(removed)
	result = apply(t, f.w)
	expectChanges(t, "cleared", result, 0, len(f.disks), 0, 0)
	f.expectWarnings("cleared", result, func(s setting) bool { return !stays(s) })
	f.expect("cleared", true, seenRemoved)
	f.expect("cleared", false, atOnce(seenRemoved, seenFirst))
	if now := f.live(); now != live {
		t.Errorf("the running guest's disks have changed:\n%s\nbefore:\n%s", now, live)
	}
	if now := f.openers(); now != openers {
		t.Errorf("the images are open by %s, and were by %s", now, openers)
	}

	powerCycle(t, f.g)
	result = apply(t, f.w)
	expectChanges(t, "started again", result, 0, 0, 0, 0)
	f.expect("started again", false, seenRemoved)
	f.expectState("started again", "pending_restart", false)
	f.expectState("started again", "monitors_stale", false)
	f.expectGuest("started again", "", "", "0")
	f.expectDevice("started again", "512", "1", "QEMU", "QEMU HARDDISK")
	f.record(acctest.Running)
	if !t.Failed() {
		acctest.Record(t, diskType, "pending_restart", acctest.Set)
		acctest.Record(t, diskType, "monitors_stale", acctest.Set)
	}
}
