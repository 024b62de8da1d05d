package cepherasurecodeprofile

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// What a plugin has filled in by itself is not imported, and every spelling of a size is read that the monitors keep.
func TestImportedProfile(t *testing.T) {
	for technique, kept := range map[string]bool{"liberation": false, "blaum_roth": false, "reed_sol_van": true} {
		m := model{FSID: types.StringNull(), Parameters: types.MapNull(types.StringType)}
		m.fromAPI(ceph.ErasureCodeProfile{Name: "p", Plugin: "jerasure", Technique: technique, Parameters: map[string]string{"w": "7"}})
		if m.Parameters.IsNull() == kept {
			t.Errorf("%s: parameters %v", technique, m.Parameters)
		}
	}
	for stored, want := range map[string]string{
		"4096": "4KiB", "4K": "4KiB", "4Ki": "4KiB", "4KB": "4KiB", "4KiB": "4KiB", "1M": "1MiB", "": "",
	} {
		m := model{}
		m.fromAPI(ceph.ErasureCodeProfile{Name: "p", StripeUnit: stored})
		if got := m.StripeUnit.ValueString(); got != want {
			t.Errorf("%q is read as %q", stored, got)
		}
	}
}
