package libvirtrbddisk

import (
	"slices"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// A disk that is in a state of an earlier release may have settings in its definition, made by hand, that only a later release has
// arguments for. Its configuration doesn't name them, and they were left alone so far: an upgrade must not take them away. They stay until
// the configuration names them.

// learnedFields are the fields of a disk that got arguments after the first commit of which states are kept, each step at the end.
var learnedFields = [][]string{
	{"blockio", "queue_size", "rotation_rate", "vendor", "product", "encryption"},
}

// learn notes which settings of a disk stay as they are, because the state was written by a release that had no argument for them.
func (r *diskRecord) learn(disk libvirt.Disk) {
	for _, fields := range learnedFields[min(r.Learned, len(learnedFields)):] {
		r.Unasked = append(r.Unasked, libvirt.DiffDisks(libvirt.Disk{}, disk, func(f libvirt.DiskField) bool {
			return slices.Contains(fields, f.Name)
		})...)
	}
	r.Learned = len(learnedFields)
}
