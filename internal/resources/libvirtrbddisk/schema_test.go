package libvirtrbddisk

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

func TestRefuseConflicts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*model)
		at     string
	}{
		"fits":             {func(*model) {}, ""},
		"target":           {func(m *model) { m.TargetDev = types.StringValue("sdb") }, "target_dev"},
		"wwn on virtio":    {func(m *model) { m.WWN = types.StringValue("5000c50015ea71ac") }, "wwn"},
		"long serial":      {func(m *model) { m.Serial = types.StringValue(strings.Repeat("x", 21)) }, "serial"},
		"serial that fits": {func(m *model) { m.Serial = types.StringValue(strings.Repeat("x", 20)) }, ""},
		"drive on virtio": {func(m *model) {
			m.Address = addressObject(&libvirt.Address{Type: "drive", Numbers: []uint{0, 0, 0, 1}})
		}, "address"},
		"cdrom on virtio": {func(m *model) { m.Device = types.StringValue("cdrom") }, "device"},
		"queues on scsi": {func(m *model) {
			m.Bus, m.TargetDev, m.Queues = types.StringValue("scsi"), types.StringValue("sda"), types.Int64Value(1)
		}, "queues"},
		"bus not known yet": {func(m *model) { m.Bus, m.TargetDev = types.StringUnknown(), types.StringValue("sdb") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := plain()
			c.change(&m)
			var diags diag.Diagnostics
			refuseConflicts(&m, &diags)
			var at []string
			for _, d := range diags {
				if located, ok := d.(diag.DiagnosticWithPath); ok {
					at = append(at, located.Path().String())
				}
			}
			if strings.Join(at, " ") != c.at {
				t.Errorf("%v", diags)
			}
		})
	}
}

// "default" is refused: libvirt doesn't keep it in the XML, so each plan would show a change.
func TestDefaultIsLeftOut(t *testing.T) {
	for value, refused := range map[string]bool{"none": false, "default": true, "": true} {
		var resp validator.StringResponse
		tfkit.Choice{Values: []string{"none", "unsafe"}, Default: "the hypervisor's"}.ValidateString(t.Context(),
			validator.StringRequest{Path: path.Root("cache"), ConfigValue: types.StringValue(value)}, &resp)
		if resp.Diagnostics.HasError() != refused {
			t.Errorf("%q: %v", value, resp.Diagnostics)
		}
		if refused && !strings.Contains(resp.Diagnostics[0].Detail(), "Leave the attribute out") {
			t.Error(resp.Diagnostics[0].Detail())
		}
	}
}
