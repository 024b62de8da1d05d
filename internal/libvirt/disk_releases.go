package libvirt

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// refuseOlder refuses settings that the host's libvirt doesn't know yet: it would leave them out without a word.
func (h *Host) refuseOlder(ctx context.Context, disk Disk) error {
	for _, setting := range []struct {
		argument, xml string
		set           bool
		major, minor  int
	}{
		{"queue_size", "<driver queue_size>", disk.QueueSize > 0, 7, 8},
		{"rotation_rate", "<target rotation_rate>", disk.RotationRate > 0, 7, 3},
		{"encryption", "<encryption engine='librbd'>", disk.Encryption.byLibrbd(), 7, 9},
	} {
		if !setting.set {
			continue
		}
		version, err := h.LibVersion(ctx)
		if err != nil {
			return err
		}
		if !version.AtLeast(setting.major, setting.minor) {
			return problem.At(setting.argument, &problem.Problem{
				Kind: problem.Unsupported,
				What: fmt.Sprintf("Hypervisor %q runs libvirt %s, which doesn't know %s.", h.Label(), version, setting.xml),
				Why:  fmt.Sprintf("libvirt knows it since %d.%d.0. An older one leaves it out without an error.", setting.major, setting.minor),
				Do:   fmt.Sprintf("Update libvirt on the host, or remove %s.", setting.argument),
			})
		}
	}
	return nil
}
