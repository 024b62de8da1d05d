package libvirt

import (
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// What QEMU and libvirt refuse of a device, or take without effect, is a conflict, at the argument to change first.
func TestDeviceConflicts(t *testing.T) {
	sizes := func(logical, physical uint) Disk { return Disk{BlockIO: BlockSizes{logical, physical}} }
	const all, unknown = "unknown virtio scsi sata ide usb", "unknown"
	for name, c := range map[string]struct {
		disk Disk
		on   string // the buses on which it is a conflict
		at   string
	}{
		"nothing":               {Disk{}, "", ""},
		"blocks of 4096":        {sizes(4096, 4096), "sata ide usb", "blockio"},
		"physical only":         {sizes(0, 4096), "usb", "blockio"},
		"logical of 512":        {sizes(512, 0), "usb", "blockio"},
		"logical only":          {sizes(4096, 0), all, "blockio"},
		"logical over physical": {sizes(4096, 1024), all, "blockio"},
		"blocks of a CD-ROM":    {Disk{Device: DeviceCDROM, BlockIO: BlockSizes{0, 4096}}, all, "blockio"},
		"queue size":            {Disk{QueueSize: 256}, "scsi sata ide usb", "queue_size"},
		"rotation":              {Disk{RotationRate: 1}, "virtio usb", "rotation_rate"},
		"rotation of a CD-ROM":  {Disk{Device: DeviceCDROM, RotationRate: 1}, all, "rotation_rate"},
		"vendor":                {Disk{Vendor: "V"}, "virtio sata ide usb", "vendor"},
		"product":               {Disk{Product: "P"}, "virtio sata ide usb", "product"},
	} {
		for _, bus := range strings.Fields(all) {
			c.disk.Bus = bus
			if bus == unknown {
				c.disk.Bus = ""
			}
			found := slices.ContainsFunc(c.disk.Conflicts(), func(conflict Conflict) bool { return conflict.Fields[0] == c.at })
			if found != slices.Contains(strings.Fields(c.on), bus) {
				t.Errorf("%s on bus %s: %v", name, bus, c.disk.Conflicts())
			}
		}
	}
}

// The granularity of discards stands in the element of the block sizes, and stays where they change or go.
func TestDiscardGranularityStays(t *testing.T) {
	disk := diskFrom(t, "<serial>", "<blockio logical_block_size='512' physical_block_size='4096' discard_granularity='8192'/><serial>")
	for sizes, want := range map[BlockSizes]string{
		{}:       `<blockio discard_granularity="8192"></blockio>`,
		{0, 512}: `<blockio physical_block_size="512" discard_granularity="8192"></blockio>`,
	} {
		changed := disk
		changed.BlockIO = sizes
		if text := expect.Value(changed.Element())(t); !strings.Contains(text, want) {
			t.Errorf("%+v: %s is missing in\n%s", sizes, want, text)
		}
	}
	none := diskFrom(t, "<serial>", "<blockio logical_block_size='512'/><serial>")
	none.BlockIO = BlockSizes{}
	if text := expect.Value(none.Element())(t); strings.Contains(text, "blockio") {
		t.Errorf("an empty element is left: %s", text)
	}
}

// Another size of the logical blocks makes what is on a disk unreadable; the physical one, or the default spelled out, doesn't.
func TestBlockSizeWarnings(t *testing.T) {
	for _, c := range []struct {
		was, now BlockSizes
		warns    bool
	}{
		{BlockSizes{}, BlockSizes{512, 4096}, false},
		{BlockSizes{512, 512}, BlockSizes{}, false},
		{BlockSizes{}, BlockSizes{4096, 4096}, true},
		{BlockSizes{4096, 4096}, BlockSizes{}, true},
		{BlockSizes{4096, 4096}, BlockSizes{4096, 8192}, false},
	} {
		if got := BlockSizeWarnings(Disk{BlockIO: c.was}, Disk{BlockIO: c.now}, "guest"); len(got) > 0 != c.warns {
			t.Errorf("%+v to %+v: %v", c.was, c.now, got)
		}
	}
}

// A libvirt that doesn't know a setting yet leaves it out without a word.
func TestSettingsThatAnOlderLibvirtLeavesOut(t *testing.T) {
	for version, refused := range map[uint32][]string{
		7000000: {"queue_size", "rotation_rate"}, 7003000: {"queue_size"}, 7008000: nil, 9000000: nil,
	} {
		d := newFakeDaemon(t)
		d.on(procLibVersion, func(int) ([]byte, uint32, bool) { return append(xdrWord(0), xdrWord(version)...), 0, true })
		h := host(t, Config{URI: d.uri()})
		for argument, disk := range map[string]Disk{"queue_size": {QueueSize: 256}, "rotation_rate": {RotationRate: 1}, "": {}} {
			err := h.RefuseUnfit(t.Context(), Domain{}, disk)
			if !slices.Contains(refused, argument) {
				expect.NoError(t, err)
				continue
			}
			expect.Problem(t, err, problem.Unsupported, argument)
			if problem.Argument(err) != argument {
				t.Errorf("%d: at %q", version, problem.Argument(err))
			}
		}
	}
}
