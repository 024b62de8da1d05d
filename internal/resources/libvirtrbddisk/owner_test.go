package libvirtrbddisk

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// The plans of two resources for one disk are compatible or refused, whichever comes first. The second one is told.
func TestClaimsOfOneDisk(t *testing.T) {
	const keeps, drops, makes, imports = tfkit.Keeps, tfkit.Drops, tfkit.Makes, tfkit.Imports
	const fine, warned, refused = "", "warned", "refused"
	for _, c := range []struct {
		what          string
		first, second []tfkit.Claim
		want          string
	}{
		{"kept by one", []tfkit.Claim{keeps}, nil, fine},
		{"imported and kept by one", []tfkit.Claim{imports, keeps}, nil, fine},
		{"kept by two", []tfkit.Claim{keeps}, []tfkit.Claim{keeps}, warned},
		{"kept, and imported by another", []tfkit.Claim{keeps}, []tfkit.Claim{imports, keeps}, refused},
		{"imported by two", []tfkit.Claim{imports, keeps}, []tfkit.Claim{imports, keeps}, refused},
		{"kept, and to be made by another", []tfkit.Claim{keeps}, []tfkit.Claim{makes}, refused},
		{"to be made by two", []tfkit.Claim{makes}, []tfkit.Claim{makes}, refused},
		{"kept, and dropped by another", []tfkit.Claim{keeps}, []tfkit.Claim{drops}, refused},
		{"dropped by one, made by another", []tfkit.Claim{drops}, []tfkit.Claim{makes}, fine},
		{"dropped by two", []tfkit.Claim{drops}, []tfkit.Claim{drops}, fine},
	} {
		for _, order := range [][2][]tfkit.Claim{{c.first, c.second}, {c.second, c.first}} {
			r := &diskResource{tfkit.Base{Connections: tfkit.NewConnections()}}
			state := plain()
			state.DomainUUID = types.StringValue(testDomain)
			got := fine
			for _, claims := range order {
				for _, claim := range claims {
					var diags diag.Diagnostics
					var err error
					switch claim {
					case makes:
						p := &planning{diskResource: r, plan: &state, diags: &diags}
						p.host.Target = &libvirt.Host{}
						err = p.claimNew(libvirt.Domain{UUID: testDomain, Name: "guest"})
					default:
						err = r.claim(&state, claim, &diags)
					}
					if err != nil {
						got = refused
					} else if diags.WarningsCount() > 0 {
						got = warned
					}
				}
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.what, got, c.want)
			}
		}
	}
}

// A disk that shares its image, or that the guest can't write, is none that has to have its image for itself.
func TestWritesAlone(t *testing.T) {
	yes, text := types.BoolValue(true), types.StringValue
	for name, c := range map[string]struct {
		change func(*model)
		alone  bool
	}{
		"plain":     {func(*model) {}, true},
		"shareable": {func(m *model) { m.Shareable = yes }, false},
		"read-only": {func(m *model) { m.ReadOnly = yes }, false},
		"snapshot":  {func(m *model) { m.ReadOnly, m.Snapshot = yes, text("s") }, false},
		"CD-ROM": {func(m *model) {
			m.Device, m.Bus, m.TargetDev = text(libvirt.DeviceCDROM), text("sata"), text("sda")
		}, false},
	} {
		m := plain()
		if c.change(&m); writesAlone(&m) != c.alone {
			t.Errorf("%s: writes alone: %v", name, !c.alone)
		}
	}
}
