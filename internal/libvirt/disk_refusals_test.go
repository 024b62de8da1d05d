package libvirt

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Procedures of libvirt's remote protocol that change a disk, beside procDetachAlias.
const (
	procDetachFlags = 161
	procUpdateFlags = 174
	procBlockResize = 251
	procSetIOTune   = 252
)

// changedDisk is a disk with another cache than it was read with.
func changedDisk(t *testing.T) Disk {
	t.Helper()
	disk := diskFrom(t)
	disk.Cache = "writeback"
	return disk
}

// What may not be written, resized or detached is refused before anything is sent, named, and can be read and detached otherwise.
func TestRefusedChangesOfADisk(t *testing.T) {
	const alias = "ua-ceph-1"
	novelty := strings.Replace(diskXML, "<serial>", "<novelty><inner/></novelty><serial>", 1)
	encrypted := strings.Replace(diskXML, "</source>", "<encryption format='luks' engine='qemu'/></source>", 1)
	readOnly := strings.Replace(diskXML, "<serial>", "<readonly/><serial>", 1)
	other := strings.Replace(diskXML, "vms/one", "vms/two", 1)
	file := strings.Replace(strings.Replace(diskXML, "type='network'", "type='file'", 1), "protocol='rbd' name='vms/one'", "file='/v/o.img'",
		1)
	for name, c := range map[string]struct {
		there string
		do    func(*Host) error
		kind  problem.Kind
		words []string
	}{
		"unknown, rewritten": {
			novelty, func(h *Host) error {
				return h.UpdateSavedDisk(t.Context(), fakeHostUUID, changedDisk(t))
			},
			problem.Refused,
			[]string{"vdb", "would lose", ": novelty."},
		},
		"encrypted, resized": {
			encrypted, func(h *Host) error { return h.ResizeDisk(t.Context(), fakeHostUUID, diskFrom(t), 1<<40) },
			problem.Unsupported,
			[]string{"encrypted"},
		},
		"only read, resized": {
			readOnly, func(h *Host) error { return h.ResizeDisk(t.Context(), fakeHostUUID, diskFrom(t), 1<<40) },
			problem.Unsupported,
			[]string{"only reads"},
		},
		"other image, resized": {
			other, func(h *Host) error { return h.ResizeDisk(t.Context(), fakeHostUUID, diskFrom(t), 1<<40) },
			problem.Refused,
			[]string{"rbd source vms/one", "rbd source vms/two"},
		},
		"file, resized": {
			file, func(h *Host) error { return h.ResizeDisk(t.Context(), fakeHostUUID, diskFrom(t), 1<<40) },
			problem.Refused,
			[]string{"file /v/o.img"},
		},
		"file, rewritten": {
			file, func(h *Host) error {
				return h.UpdateSavedDisk(t.Context(), fakeHostUUID, changedDisk(t))
			},
			problem.Refused,
			[]string{"file /v/o.img"},
		},
		"file, limited": {
			file, func(h *Host) error { return h.SetIOTune(t.Context(), fakeHostUUID, diskFrom(t), Limits{}, Live) },
			problem.Refused,
			[]string{"file /v/o.img"},
		},
		"file, detached": {
			file, func(h *Host) error { return h.DetachDisk(t.Context(), fakeHostUUID, diskFrom(t), Live) },
			problem.Refused,
			[]string{"file /v/o.img"},
		},
		"file, detached from the saved definition": {
			file, func(h *Host) error { return h.DetachDisk(t.Context(), fakeHostUUID, diskFrom(t), Saved) },
			problem.Refused,
			[]string{"file /v/o.img"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newFakeDaemon(t)
			withDisk(t, d)
			d.on(procDomainPersistent, func(int) ([]byte, uint32, bool) { return xdrWord(1), 0, true })
			d.on(procDomainXML, func(int) ([]byte, uint32, bool) {
				return xdrString("<domain type='qemu' id='1'><name>guest</name><devices>" + c.there + "</devices></domain>"), 0, true
			})
			h := host(t, Config{URI: d.uri()})
			found, err := h.Domain(t.Context(), fakeHostUUID)
			if err != nil || found.Saved.diskByAlias(alias) == nil {
				t.Fatalf("the disk isn't read: %v", err)
			}
			expect.Problem(t, c.do(h), c.kind, c.words...)
			for _, procedure := range []uint32{procUpdateFlags, procBlockResize, procSetIOTune, procDetachFlags, procDetachAlias} {
				if n := d.called(procedure); n > 0 {
					t.Errorf("procedure %d was called", procedure)
				}
			}
		})
	}
}

// A disk with something that isn't known is detached as it was read.
func TestUnknownIsDetached(t *testing.T) {
	d := newFakeDaemon(t)
	withDisk(t, d)
	disk := strings.Replace(diskXML, "<serial>", "<novelty/><serial>", 1)
	d.on(procDomainPersistent, func(int) ([]byte, uint32, bool) { return xdrWord(1), 0, true })
	d.on(procDomainXML, func(int) ([]byte, uint32, bool) {
		return xdrString("<domain type='qemu'><name>guest</name><devices>" + disk + "</devices></domain>"), 0, true
	})
	expect.NoError(t, host(t, Config{URI: d.uri()}).DetachDisk(t.Context(), fakeHostUUID, diskFrom(t), Saved))
	if d.called(procDetachFlags) != 1 {
		t.Errorf("detached %d times", d.called(procDetachFlags))
	}
}
