package libvirtrbddisk

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// What a change without an answer has asked for is the disk's image once the definitions name it, and its former name stays while the
// guest has it open. Where the guest has an image that the disk never had under that name, somebody else has put the other one there.
func TestTakeAsked(t *testing.T) {
	for name, c := range map[string]struct {
		live     string
		former   []string
		source   string
		identity bool // stays
	}{
		"shut off":                     {"", nil, "vms/b", false},
		"the guest has it":             {"vms/b", nil, "vms/b", false},
		"renamed under the guest":      {"vms/a", []string{"vms/a"}, "vms/b", true},
		"somebody else, under a guest": {"vms/a", nil, "vms/a", true},
	} {
		record := diskRecord{Source: "vms/a", Asked: "vms/b", FormerSources: c.former, PoolID: 3}
		state := plain()
		state.ImageID = types.StringValue("1")
		var live *libvirt.Disk
		if c.live != "" {
			live = &libvirt.Disk{Pool: "vms", Image: c.live[len("vms/"):]}
		}
		record.takeAsked(live, &state)
		if kept := !state.ImageID.IsNull() && record.PoolID == 3; record.Source != c.source || record.Asked != "" || kept != c.identity {
			t.Errorf("%s: source %q, asked %q, identity kept: %v", name, record.Source, record.Asked, kept)
		}
	}
}
