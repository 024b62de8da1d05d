package libvirtrbddisk

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// What somebody gave a disk by hand, before there was an argument for it, stays after an upgrade until the configuration names it.
func TestWhatNobodyAskedForStays(t *testing.T) {
	const text = `<disk type="network" device="disk">
  <driver name="qemu" type="raw" queue_size="256"></driver>
  <source protocol="rbd" name="libvirt-pool/librbd"></source>
  <blockio physical_block_size="4096"></blockio>
  <target dev="vdb" bus="virtio"></target>
</disk>`
	disk := parsed(t, text)
	record := diskRecord{Source: "libvirt-pool/librbd"}
	record.learn(disk)
	record.learn(parsed(t, strings.Replace(text, "<target", "<vendor>V</vendor><target", 1))) // a later reading
	if want := []string{"queue_size", "blockio"}; !slices.Equal(record.Unasked, want) || record.Learned != len(learnedFields) {
		t.Fatalf("left alone: %v, want %v; learned %d", record.Unasked, want, record.Learned)
	}
	m := plain()
	m.read(disk, m.ours(record).ComparableFields(&disk))
	if !m.QueueSize.IsNull() || !m.BlockIO.IsNull() {
		t.Errorf("the state shows %s, %s", m.QueueSize, m.BlockIO)
	}
	m.Cache = types.StringValue("none")
	if got := m.onto(disk, m.ours(record).ComparableFields(&disk)); !slices.Equal(got.Changed(), []string{"cache"}) {
		t.Errorf("changed: %v", got.Changed())
	}
	m.QueueSize = types.Int64Value(512)
	if got := m.onto(disk, m.ours(record).ComparableFields(&disk)); !slices.Equal(got.Changed(), []string{"cache", "queue_size"}) {
		t.Errorf("asked for, changed: %v", got.Changed())
	}

	// A disk of this release, new or imported, has all its settings in the state.
	known := diskRecord{Learned: len(learnedFields)}
	known.learn(disk)
	if m := plain(); len(known.Unasked) > 0 || m.ours(known).ComparableFields(&disk) != nil {
		t.Errorf("left alone: %v", known.Unasked)
	}
	for _, fields := range learnedFields {
		for _, name := range fields {
			if !slices.ContainsFunc(libvirt.DiskFields, func(f libvirt.DiskField) bool { return f.Name == name }) {
				t.Errorf("%s is no field of a disk", name)
			}
		}
	}
}
