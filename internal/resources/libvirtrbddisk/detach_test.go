package libvirtrbddisk

import (
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// A detach that the guest did not follow stays pending until the running domain has ended, or the disk is gone.
func TestPendingDetach(t *testing.T) {
	host, err := libvirt.NewHost(libvirt.Config{Label: "kvm1", URI: "qemu:///system"})
	if err != nil {
		t.Fatal(err)
	}
	there := &libvirt.Disk{Target: "vdb"}
	for name, c := range map[string]struct {
		asked   int
		running int
		live    *libvirt.Disk
		pending bool
	}{
		"never asked":      {0, 7, there, false},
		"same domain":      {7, 7, there, true},
		"started since":    {7, 8, there, false},
		"shut off":         {7, 0, nil, false},
		"the disk is gone": {7, 7, nil, false},
	} {
		domain := libvirt.Domain{Name: "guest"}
		if c.running != 0 {
			domain.Live = &libvirt.Definition{ID: c.running}
		}
		record, diags := diskRecord{DetachAsked: c.asked}, diag.Diagnostics{}
		record.warnPending(libvirt.Placement{Host: host, Domain: domain}, libvirt.Disks{Saved: there, Live: c.live}, &diags)
		if told := diags.WarningsCount() == 1; told != c.pending || (record.DetachAsked != 0) != c.pending {
			t.Errorf("%s: %v, and %d is kept", name, diags, record.DetachAsked)
		}
	}
	var earlier diskRecord
	if err := json.Unmarshal([]byte(`{"domain":"d","target":"vdb"}`), &earlier); err != nil || earlier.DetachAsked != 0 {
		t.Errorf("a note of an earlier release: %+v, %v", earlier, err)
	}
}
