//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// pausedGuest starts a guest with a changed definition, paused before its first instruction.
func pausedGuest(t *testing.T, name, machine string, change func(*acctest.Domain)) {
	t.Helper()
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name, Machine: machine, Paused: true})
	doc := definition(t, "kvm1", name, true)
	change(doc)
	define(t, doc)
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What a host or a guest doesn't support is refused with its cause, and the advice fits that cause alone.
func TestAccLibvirtRBDDisk_unsupported(t *testing.T) {
	prepare(t)
	t.Parallel()
	withoutACPI := func(doc *acctest.Domain) { doc.Features.ACPI = nil }
	emulator := acctest.EmulatorWithoutRBD(t)
	pausedGuest(t, "unfit-rbd", "q35", func(doc *acctest.Domain) { doc.Devices.Emulator = emulator })
	pausedGuest(t, "unfit-pc", "pc", withoutACPI)
	pausedGuest(t, "unfit-q35", "q35", withoutACPI)
	pausedGuest(t, "unfit-full", "q35", func(doc *acctest.Domain) {
		doc.Devices.Controllers = doc.Devices.Controllers[:2] // without a port for a disk
	})
	pausedGuest(t, "unfit-room", "q35", func(*acctest.Domain) {})
	guest(t, "kvm1", testbed.GuestOptions{Name: "unfit-off"})
	users := map[string]string{"far": "network 192.0.2.0/24", "near": "network 127.0.0.0/8"}
	for user, network := range users {
		acctest.Ceph(t, "east", "auth", "get-or-create", "client."+user, "mon", "profile rbd network 0.0.0.0/0", "osd", "profile rbd "+network)
	}
	defineSecret(t, "kvm1", "13085c23-2177-242d-7661-c785df7f6230", "far", acctest.Ceph(t, "east", "auth", "get-key", "client.far"))
	defineSecret(t, "kvm1", "14085c23-2177-242d-7661-c785df7f6230", "near", acctest.Ceph(t, "east", "auth", "get-key", "client.near"))
	far := []string{`user = "far"`, `secret_uuid = "13085c23-2177-242d-7661-c785df7f6230"`}
	near := []string{`user = "near"`, `secret_uuid = "14085c23-2177-242d-7661-c785df7f6230"`}

	type unfit struct {
		label, domain string
		assignments   []string
		// refusal are words of the error, empty where it goes through; warning are those of a warning, empty where there is none.
		refusal, warning string
	}
	for _, c := range []struct {
		command []string
		disks   []unfit
	}{
		{[]string{"plan"}, []unfit{{"pc", "unfit-pc", nil, "has no <acpi/> in <features>, and QEMU has no hot-plug of PCI devices without it on" +
			" this machine type. Shut the domain off, apply, and start it.", ""}}},
		{[]string{"apply", "-auto-approve"}, []unfit{
			{"rbd", "unfit-rbd", nil, "the package is qemu-block-extra on Debian", ""},
			{"full", "unfit-full", nil, "Shut the domain off, apply, and start it: libvirt adds a port by itself then", ""},
			{"q35", "unfit-q35", nil, "", "may not notice disk vdb"},
			{
				"far", "unfit-room", append(far, `target_dev = "vdc"`), "The user's caps miss this pool or namespace",
				"Its caps count for clients in 192.0.2.0/24 only",
			},
			{"near", "unfit-room", append(near, `target_dev = "vdd"`), "", ""},
			{"off", "unfit-off", far, "", "where the domain is shut off, its start shows it"},
		}},
	} {
		config := source + acctest.Provider(t)
		for _, d := range c.disks {
			image(t, "east", "unfit-"+d.label, "16M")
			config += strings.Replace(block(d.domain, "unfit-"+d.label, d.assignments...), `"test"`, fmt.Sprintf("%q", d.label), 1)
		}
		w := acctest.NewWorkspaceOf(t, config)
		result, _ := try(t, w, c.command...)
		for _, d := range c.disks {
			for severity, words := range map[string]string{"error": d.refusal, "warning": d.warning} {
				text := strings.Join(result.texts(d.label, severity), "\n")
				if words == "" && text != "" || !acctest.Message(words).MatchString(text) {
					t.Errorf("%s: %s: want %q, and it says: %s", d.label, severity, words, text)
				}
				for _, other := range []string{"pcie-root-port", "qemu-block-extra", "decoded key"} {
					if advice, _, _ := strings.Cut(text, "Reply:"); strings.Contains(advice, other) &&
						d.label != map[string]string{"pcie-root-port": "full", "qemu-block-extra": "rbd"}[other] {
						t.Errorf("%s: advised for another cause: %s", d.label, text)
					}
				}
			}
			if there := diskOf(t, "kvm1", d.domain, target(d.assignments), true) != nil; there != (d.refusal == "") {
				t.Errorf("%s: virsh shows the disk: %v", d.label, there)
			}
		}
	}
}

// target returns the disk's target that the assignments set, vdb where they set none.
func target(assignments []string) string {
	for _, a := range assignments {
		if text, ok := strings.CutPrefix(a, "target_dev = "); ok {
			return strings.Trim(text, `"`)
		}
	}
	return "vdb"
}
