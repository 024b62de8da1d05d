//go:build cgo

package libvirtrbddisk_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

const refusesInPlace = "can't be changed in place: "

// stays tells whether a setting keeps its value when it is removed from the configuration.
func stays(s setting) bool { return s.Required || s.Stays }

// unset is the value in a configuration from which all is removed that can be.
func unset(s setting) string {
	if s.Required {
		return s.First
	}
	return ""
}

// expectRefused applies, which must be refused with the names of these settings for each disk, and change nothing.
func (f *settingsFixture) expectRefused(when string, wanted func(setting) bool) {
	f.t.Helper()
	before := f.live()
	got, err := try(f.t, f.w, "apply", "-auto-approve")
	if err == nil {
		f.t.Errorf("%s: not refused", when)
	}
	for _, d := range f.disks {
		text := strings.Join(got.texts(d.label, "error"), "\n")
		if refused, want := listed(text, refusesInPlace), names(d.settings, wanted); !slices.Equal(refused, want) {
			f.t.Errorf("%s: %s: refused for %v, want %v\n%s", when, d.label, refused, want, text)
		}
		if !strings.Contains(text, "The domain is transient.") || !strings.Contains(text, "terraform taint ADDRESS") {
			f.t.Errorf("%s: %s: the error says neither why nor what to do: %s", when, d.label, text)
		}
	}
	if now := f.live(); now != before {
		f.t.Errorf("%s: the running guest's disks have changed:\n%s\nbefore:\n%s", when, now, before)
	}
}

// Every setting of a transient domain's disk is set when it is attached, imported, and seen when somebody has changed it. A change that
// QEMU takes only when it opens the disk is refused, with its name and with what to do, which is then done. The limits are changed at
// once.
func TestAccLibvirtRBDDisk_settingsOfTransientDomain(t *testing.T) {
	prepare(t)
	t.Parallel()
	f := newSettingsFixture(t, "s-transient", true)

	f.write(first)
	expectChanges(t, "set", apply(t, f.w), len(f.disks), 0, 0, 0)
	f.expect("set", false, seenFirst)
	for attribute, want := range map[string]bool{"live": true, "persistent": false, "pending_restart": false, "monitors_stale": false} {
		f.expectState("set", attribute, want)
	}
	f.expectGuest("set", "first-1", "5000c50015ea71ac", "1")
	openers := f.openers()

	f.w.Terraform(t, "state", "rm", diskType+".virtio", diskType+".scsi")
	f.write(first, f.imports())
	expectChanges(t, "imported", apply(t, f.w), 0, 0, len(f.disks), 0)

	f.write(second)
	f.expectRefused("changed", isLater)
	f.write(unset)
	f.expectRefused("cleared", func(s setting) bool { return isLater(s) && !stays(s) })

	limits := func(when string, written, seen func(setting) string) {
		f.write(atOnce(written, first))
		result := apply(t, f.w)
		expectChanges(t, when, result, 0, 1, 0, 0)
		f.expectWarnings(when, result, isAtOnce)
		f.expect(when, false, atOnce(seen, seenFirst))
	}
	limits("changed at once", second, seenSecond)
	limits("cleared at once", removed, seenRemoved)
	if now := f.openers(); now != openers {
		t.Errorf("the images are open by %s, and were by %s", now, openers)
	}

	for _, d := range f.disks {
		reattach(t, f.name, d.target, func(disk *acctest.Disk) {
			for _, s := range d.settings {
				s.hand(disk)
			}
		})
	}
	f.write(first)
	f.expectRefused("drifted", isLater)

	f.write(second)
	for _, d := range f.disks {
		f.w.Terraform(t, "taint", diskType+"."+d.label)
	}
	expectChanges(t, "attached again", apply(t, f.w), len(f.disks), 0, 0, len(f.disks))
	f.expect("attached again", false, seenSecond)
	f.expectGuest("attached again", "second", "5000c50015ea71ad", "0")
	f.expectDevice("attached again", "8192", "1", "a, b & c", "sixteen letters!")
	f.record(acctest.Transient)
}
