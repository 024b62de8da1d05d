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
func stays(s setting) bool { return s.Required || s.Name == "monitors" || s.Name == "address" }

// unset is the value in a configuration from which all is removed that can be.
func unset(s setting) string {
	if s.Required {
		return s.First
	}
	return ""
}

// expectRefused applies, which must be refused with the names of these settings for each disk, and change nothing.
func (b *settingsFixture) expectRefused(when string, wanted func(setting) bool) {
	b.t.Helper()
	before := b.live()
	got, err := try(b.t, b.w, "apply", "-auto-approve")
	if err == nil {
		b.t.Errorf("%s: not refused", when)
	}
	for _, d := range b.disks {
		text := strings.Join(got.texts(d.label, "error"), "\n")
		if refused, want := listed(text, refusesInPlace), names(d.settings, wanted); !slices.Equal(refused, want) {
			b.t.Errorf("%s: %s: refused for %v, want %v\n%s", when, d.label, refused, want, text)
		}
		if !strings.Contains(text, "The domain is transient.") || !strings.Contains(text, "terraform taint ADDRESS") {
			b.t.Errorf("%s: %s: the error says neither why nor what to do: %s", when, d.label, text)
		}
	}
	if now := b.live(); now != before {
		b.t.Errorf("%s: the running guest's disks have changed:\n%s\nbefore:\n%s", when, now, before)
	}
}

// Every setting of a transient domain's disk is set when it is attached, imported, and seen when somebody has changed it. A change that
// QEMU takes only when it opens the disk is refused, with its name and with what to do, which is then done. The limits are changed at
// once.
func TestAccLibvirtRBDDisk_settingsOfTransientDomain(t *testing.T) {
	prepare(t)
	t.Parallel()
	b := newSettingsFixture(t, "s-transient", true)

	b.write(first)
	expectChanges(t, "set", apply(t, b.w), len(b.disks), 0, 0, 0)
	b.expect("set", false, seenFirst)
	for attribute, want := range map[string]bool{"live": true, "persistent": false, "pending_restart": false, "monitors_stale": false} {
		b.expectState("set", attribute, want)
	}
	b.expectGuest("set", "first-1", "5000c50015ea71ac", "1")
	openers := b.openers()

	b.w.Terraform(t, "state", "rm", diskType+".virtio", diskType+".scsi")
	b.write(first, b.imports())
	expectChanges(t, "imported", apply(t, b.w), 0, 0, len(b.disks), 0)

	b.write(second)
	b.expectRefused("changed", isLater)
	b.write(unset)
	b.expectRefused("cleared", func(s setting) bool { return isLater(s) && !stays(s) })

	limits := func(when string, written, seen func(setting) string) {
		b.write(atOnce(written, first))
		result := apply(t, b.w)
		expectChanges(t, when, result, 0, 1, 0, 0)
		b.expectWarnings(when, result, isAtOnce)
		b.expect(when, false, atOnce(seen, seenFirst))
	}
	limits("changed at once", second, seenSecond)
	limits("cleared at once", removed, seenRemoved)
	if now := b.openers(); now != openers {
		t.Errorf("the images are open by %s, and were by %s", now, openers)
	}

	for _, d := range b.disks {
		reattach(t, b.name, d.target, func(disk *acctest.Disk) {
			for _, s := range d.settings {
				s.hand(disk)
			}
		})
	}
	b.write(first)
	b.expectRefused("drifted", isLater)

	b.write(second)
	for _, d := range b.disks {
		b.w.Terraform(t, "taint", diskType+"."+d.label)
	}
	expectChanges(t, "attached again", apply(t, b.w), len(b.disks), 0, 0, len(b.disks))
	b.expect("attached again", false, seenSecond)
	b.expectGuest("attached again", "second", "5000c50015ea71ad", "0")
	b.record(acctest.Transient)
}
