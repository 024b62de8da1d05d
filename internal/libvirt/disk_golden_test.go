package libvirt

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// golden is what is to be read of a disk in testdata/disks.
type golden struct {
	target, bus, source, monitors, user, secret string

	lost    []string // by being rewritten
	running []string // what only a running domain has of it
}

const libvirtSecret, cinderSecret = "6d1b4f5e-0c2a-4a57-9a54-3f1e0d6a7b10", "0f7d5c3a-62b1-4e8d-b1f9-55d10c2e8a44"

// goldens are the disks of testdata/disks: made up for these tests in the form in which their authors write them.
var goldens = map[string]golden{
	"libvirt-documentation": {
		"vdb", "virtio", "images/web-1@nightly", "mon1.example.net|6321 mon2.example.net|6322 mon3.example.net", "web",
		"usage client.web at west", nil, nil,
	},
	"virt-install": {"vda", "virtio", "libvirt-pool/mail.example.net", "192.0.2.11|6789", "libvirt", libvirtSecret, nil, nil},
	"virt-manager-running": {
		"vda", "virtio", "libvirt-pool/mail.example.net", "192.0.2.11|6789 192.0.2.12|6789", "libvirt", libvirtSecret,
		nil,
		[]string{"alias", "backingStore", "source/@index"},
	},
	"nova-root": {
		"vda", "virtio", "vms/3b8f3c0e-5d0c-4d2f-8f66-0a1f7b7a9c21_disk", "198.51.100.1|6789 198.51.100.2|6789 198.51.100.3|6789",
		"cinder", cinderSecret, nil, nil,
	},
	"nova-volume-scsi": {
		"sdb", "scsi", "volumes/volume-9a0c6e7d-2f0e-4f43-a2c7-6a1d5b7e3c90", "198.51.100.1|3300 198.51.100.2|3300 198.51.100.3|3300",
		"cinder", cinderSecret, nil, nil,
	},
	"nova-config-drive": {
		"sda", "sata", "vms/3b8f3c0e-5d0c-4d2f-8f66-0a1f7b7a9c21_disk.config", "198.51.100.1|6789 198.51.100.2|6789",
		"cinder", cinderSecret, nil, nil,
	},
	"nova-volume-luks": {
		"vdc", "virtio", "volumes/volume-51c0a9f8-8f4b-4d1b-9d6e-7f3a2b1c0d9e", "198.51.100.1|6789", "cinder", cinderSecret, nil, nil,
	},
	"cloudstack": {
		"vda", "virtio", "cloudstack/0c4d9d4e-6b8a-4f3c-bb0f-6a7d2f1e9c55", "ceph.example.net|6789",
		"cloudstack", "a2f4c6e8-1b3d-35f7-9a0c-2e4d6f8a0b1c", nil, nil,
	},
	"opennebula": {
		"vda", "", "one/one-17-203-0", "ceph-a.example.net|6789 ceph-b.example.net ceph-c.example.net|3300",
		"oneadmin", "7ebb2445-96fb-44e5-9d0c-8c2f8a6c1d3e", nil, nil,
	},
	"ovirt": {
		"vdb", "virtio", "ovirt/volume-2d6e8c1a-74b0-4f5e-9a3d-1c8b7f6e5d4c", "203.0.113.21|6789 203.0.113.22|6789",
		"ovirt", "4E2D7C10-95AB-4C3F-8D21-0B6A9F8E7D6C", nil, nil,
	},
	"proxmox-config": {"sda", "scsi", "rbd/vm-101-disk-0", "", "admin", "19e5b8d7-c3a2-4f61-8e0d-b7a6c5d4e3f2", nil, nil},
	"by-hand-ipv6": {
		"vdb", "virtio", "vms/db", "2001:db8::1|3300 2001:DB8:0:0::2 [2001:db8::3]|6789 2001:DB8:0:0::2", "db", "usage db's key", nil, nil,
	},
	"by-hand-smallest":       {"hdb", "", "vms/tiny", "", "", "", nil, nil},
	"by-hand-auth-in-source": {"vda", "virtio", "tenants/blue/root", "mon.example.net", "blue", "usage client.blue & co", nil, nil},
	"by-hand-numbers":        {"vdd", "virtio", "vms/numbers", "192.0.2.1|3300", "libvirt", "6D1B4F5E0C2A4A579A543F1E0D6A7B10", nil, nil},
	"by-hand-usb":            {"sdz", "usb", "vms/stick", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"by-hand-slice":          {"vde", "virtio", "vms/whole@before the move", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"luks2-librbd":           {"vdb", "virtio", "vms/clone", "192.0.2.1|6789", "libvirt", libvirtSecret, nil, nil},
	"luks-beside-source":     {"vdb", "virtio", "vms/locked", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"overlay-running": {
		"vda", "virtio", "", "", "", "",
		nil,
		[]string{"backingStore/@index", "backingStore/backingStore/@index", "source/@index"},
	},
	"qcow2-on-rbd": {"vdb", "virtio", "vms/top.qcow2", "192.0.2.1 192.0.2.2", "libvirt", libvirtSecret, nil, nil},
	"mirror-running": {
		"vdb", "virtio", "slow/web", "192.0.2.1|6789", "libvirt", libvirtSecret,
		nil,
		[]string{"alias", "backingStore", "iotune/group_name", "mirror", "source/@index"},
	},
	"throttled-group":  {"vdb", "virtio", "vms/shared", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"throttle-filters": {"vdc", "virtio", "vms/filtered", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"s390-zpci":        {"vda", "virtio", "vms/z1", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"s390-ccw":         {"vda", "virtio", "vms/z2", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"unmanaged":        {"vdb", "virtio", "vms/full", "192.0.2.1", "libvirt", libvirtSecret, nil, nil},
	"empty-cdrom":      {"sda", "sata", "", "", "", "", nil, nil},
	"lost-cipher": {
		"vdb", "virtio", "vms/cipher", "192.0.2.1", "libvirt", libvirtSecret,
		[]string{"source/encryption/cipher", "source/encryption/ivgen"},
		nil,
	},
	"lost-novelties": {
		"vdb", "virtio", "vms/future", "192.0.2.1 192.0.2.2", "libvirt", libvirtSecret,
		[]string{"address/sriov", "driver/@prefetch", "source/host/@weight", "source/keyring"},
		nil,
	},
}

// eachGolden runs a test on each disk of testdata/disks.
func eachGolden(t *testing.T, test func(t *testing.T, want golden, text string)) {
	t.Helper()
	files := expect.Value(filepath.Glob("testdata/disks/*.xml"))(t)
	if len(files) != len(goldens) {
		t.Errorf("%d files, %d expectations", len(files), len(goldens))
	}
	for _, name := range slices.Sorted(maps.Keys(goldens)) {
		t.Run(name, func(t *testing.T) {
			text := expect.Value(os.ReadFile(filepath.Join("testdata/disks", name+".xml")))(t)
			test(t, goldens[name], string(text))
		})
	}
}

// parsed is the disk in a text, and its element as the test's own reading of it.
func parsed(t *testing.T, text string) (Disk, element) {
	t.Helper()
	return definitionOf(t, text).Disks[0], expect.Value(parse(text))(t)
}

// written is the disk as it would be written.
func written(t *testing.T, disk Disk) (text string, e element) {
	t.Helper()
	text = expect.Value(disk.Element())(t)
	return text, expect.Value(parse(text))(t)
}

func TestGoldenDisksAreRead(t *testing.T) {
	eachGolden(t, func(t *testing.T, want golden, text string) {
		disk, _ := parsed(t, text)
		source, secret := disk.Source(), disk.SecretUUID
		if disk.Snapshot != "" {
			source += "@" + disk.Snapshot
		}
		if disk.SecretUsage != "" {
			secret += "usage " + disk.SecretUsage
		}
		var monitors []string
		for _, m := range disk.Monitors {
			monitors = append(monitors, strings.TrimSuffix(fmt.Sprintf("%s|%d", m.Host, m.Port), "|0"))
		}
		got := golden{disk.Target, disk.Bus, source, strings.Join(monitors, " "), disk.User, secret, disk.lostByRewrite(), nil}
		want.running = nil
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestGoldenDisksAreRewrittenAsTheyWere(t *testing.T) {
	eachGolden(t, func(t *testing.T, want golden, text string) {
		disk, was := parsed(t, text)
		if got := disk.Changed(); len(got) > 0 {
			t.Errorf("changed: %v", got)
		}
		_, now := written(t, disk)
		if got := lost("", &was, &now); !slices.Equal(got, want.lost) {
			t.Errorf("lost %v instead of %v", got, want.lost)
		}
		if got := lost("", &now, &was); len(got) > 0 {
			t.Errorf("gained %v", got)
		}
		err := (&Host{}).RefuseLoss("guest", disk)
		if len(want.lost) == 0 {
			expect.NoError(t, err)
		} else {
			expect.Problem(t, err, problem.Refused, want.lost...)
		}
	})
}

func TestGoldenDisksForTheSavedDefinition(t *testing.T) {
	eachGolden(t, func(t *testing.T, want golden, text string) {
		disk, was := parsed(t, text)
		saved := expect.Value(disk.ForSaved())(t)
		if got := saved.Changed(); len(got) > 0 {
			t.Errorf("changed: %v", got)
		}
		if got := DiffDisks(disk, saved, nil); len(got) > 0 {
			t.Errorf("differs in %v", got)
		}
		_, now := written(t, saved)
		without := slices.Sorted(slices.Values(append(want.running, want.lost...)))
		if got := lost("", &was, &now); !slices.Equal(got, without) {
			t.Errorf("lost %v instead of %v", got, without)
		}
		if got := lost("", &now, &was); len(got) > 0 {
			t.Errorf("gained %v", got)
		}
	})
}

// Another spelling of the same is no change, and the disk keeps its own.
func TestAnotherSpellingOfAGoldenDiskIsNoChange(t *testing.T) {
	eachGolden(t, func(t *testing.T, want golden, text string) {
		disk, was := parsed(t, text)
		slices.Reverse(disk.Monitors)
		disk.SecretUUID, disk.WWN = CanonicalUUID(disk.SecretUUID), strings.ToLower(disk.WWN)
		if got := disk.Changed(); len(got) > 0 {
			t.Errorf("changed: %v", got)
		}
		_, now := written(t, disk)
		if got := append(lost("", &was, &now), lost("", &now, &was)...); !slices.Equal(got, want.lost) {
			t.Errorf("differs in %v", got)
		}
	})
}

// A disk that would lose something is not rewritten, and is detached as any other.
func TestGoldenDisksThatWouldLoseAreDetached(t *testing.T) {
	eachGolden(t, func(t *testing.T, want golden, text string) {
		if len(want.lost) == 0 {
			return
		}
		d := newFakeDaemon(t)
		withDisk(t, d)
		d.on(procDomainPersistent, func(int) ([]byte, uint32, bool) { return xdrWord(1), 0, true })
		d.on(procDomainXML, func(int) ([]byte, uint32, bool) {
			return xdrString("<domain type='qemu'><name>guest</name><devices>" + text + "</devices></domain>"), 0, true
		})
		h := host(t, Config{URI: d.uri()})
		disk := *expect.Value(h.Domain(t.Context(), fakeHostUUID))(t).Saved.DiskByTarget(want.target)
		changed := disk
		changed.Cache = "unsafe"
		expect.Problem(t, h.UpdateSavedDisk(t.Context(), fakeHostUUID, changed), problem.Refused, want.lost...)
		if n := d.called(procUpdateFlags); n > 0 {
			t.Errorf("rewritten %d times", n)
		}
		expect.NoError(t, h.DetachDisk(t.Context(), fakeHostUUID, disk, Saved))
		if n := d.called(procDetachFlags); n != 1 {
			t.Errorf("detached %d times", n)
		}
	})
}
